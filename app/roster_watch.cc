#include "app/roster_watch.h"

#include <utility>

#include "app/roster_record.h"
#include "events/mutex.h"

namespace tocsin {

RosterWatch::RosterWatch(std::function<std::string()> read, std::string known, InputPort& node,
                         Report report)
    : read_(std::move(read)),
      node_(node),
      report_(std::move(report)),
      shared_(std::make_shared<Shared>()) {
  shared_->known = std::move(known);
  thread_ = std::thread([this] { run(); });
}

RosterWatch::~RosterWatch() {
  {
    const MutexLock lock(shared_->mutex);
    shared_->ending = true;
  }
  shared_->woken.notify_all();
  thread_.join();
}

void RosterWatch::look_now() {
  const MutexLock lock(shared_->mutex);
  shared_->look = true;
  shared_->woken.notify_all();
}

void RosterWatch::run() {
  for (;;) {
    {
      MutexLock lock(shared_->mutex);
      shared_->woken.wait_for(lock, kEvery, [&]() REQUIRES(shared_->mutex) {
        return shared_->look || shared_->ending;
      });
      if (shared_->ending) return;
      shared_->look = false;
    }
    look();
  }
}

void RosterWatch::look() {
  std::string text, data, problem;
  try {
    text = read_();
    data = roster_data(text);
  } catch (const std::exception& e) {
    problem = e.what();
  }
  std::string before;
  {
    const MutexLock lock(shared_->mutex);
    const bool told = problem == shared_->problem;
    shared_->problem = problem;
    if (problem.empty() && text == shared_->known) return;
    if (problem.empty()) {
      before = std::exchange(shared_->known, text);
    } else if (told) {
      return;
    }
  }
  if (!problem.empty()) return report_("error", "roster_not_read", problem);
  node_.submit_own({std::string(kRosterType), "roster", std::move(data), -1},
                   [shared = shared_, report = report_, text, before](const OwnResult& result) {
                     if (result.status == OwnResult::Status::kDurable)
                       return report("info", "roster_in_force", "");
                     report("error", "roster_not_in_force", result.detail);
                     const MutexLock lock(shared->mutex);
                     if (shared->known == text) shared->known = before;
                   });
}

}  // namespace tocsin
