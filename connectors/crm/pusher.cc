#include "connectors/crm/pusher.h"

#include <algorithm>
#include <chrono>

#include "connectors/crm/http_call.h"
#include "engine/pushed_record.h"
#include "events/log_record.h"
#include "events/mutex.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr std::size_t kChosenMax = 256;   // read ahead of what is sent
constexpr std::size_t kReadMax = 20'000;  // records looked at before the position is remembered
constexpr auto kIdle = std::chrono::seconds(1);
constexpr auto kRememberEvery = std::chrono::seconds(1);

bool refused_for_good(int status) {
  return status >= 300 && status < 500 && status != 401 && status != 408 && status != 425 &&
         status != 429;
}

}  // namespace

Pusher::Pusher(PusherOptions options) : options_(std::move(options)), thread_([this] { run(); }) {}

Pusher::~Pusher() { stop(); }

void Pusher::wake() {
  {
    const MutexLock lock(mutex_);
    more_ = true;
  }
  woken_.notify_all();
}

void Pusher::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Pusher::Figures Pusher::figures() const { return {sent_, failed_, tries_}; }

bool Pusher::pause(Duration how_long) {
  MutexLock lock(mutex_);
  woken_.wait_for(lock, std::chrono::milliseconds(how_long.ms),
                  [&]() REQUIRES(mutex_) { return stopping_; });
  return !stopping_;
}

void Pusher::run() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      woken_.wait_for(lock, kIdle, [&]() REQUIRES(mutex_) { return stopping_ || more_; });
      if (stopping_) return;
      more_ = false;
    }
    try {
      for (const PartitionId partition : options_.owned()) {
        while (work(partition)) {
          const MutexLock lock(mutex_);
          if (stopping_) return;
        }
      }
    } catch (const std::exception& e) {
      options_.report("warn", "push", name() + ": " + e.what());
      if (!pause(options_.retry_max)) return;
    }
  }
}

bool Pusher::work(PartitionId partition) {
  const auto [at, first] = next_.try_emplace(partition, -1);
  if (first) {
    const auto known = options_.position(partition);
    at->second = known ? *known : options_.end(partition);
    if (!known) remember(partition, at->second, true);  // what was before is nobody's business
  }
  std::vector<Chosen> chosen;
  std::size_t read = 0;
  Offset end = at->second;
  LogEvent event;
  options_.log->read(
      partition, at->second, [&](Offset offset, std::string_view, std::string_view record) {
        end = offset + 1;
        if (read_log_record(record, event) && options_.rule->wants(event.type, record))
          chosen.push_back({offset, std::string(record)});
        return ++read < kReadMax && chosen.size() < kChosenMax;
      });
  for (const Chosen& one : chosen) {
    if (!send(one.record)) return false;
    at->second = one.offset + 1;
    remember(partition, at->second, false);
  }
  at->second = std::max(at->second, end);
  if (!chosen.empty() || read >= kReadMax) remember(partition, at->second, !chosen.empty());
  return read >= kReadMax || chosen.size() >= kChosenMax;
}

bool Pusher::send(const std::string& record) {
  thread_local HttpCaller caller;
  const auto made = options_.rule->request(record);
  if (!made) {
    ++failed_;
    options_.report("warn", "push", name() + ": the templates make no request of an event");
    return true;
  }
  Duration wait = options_.retry_min;
  for (;;) {
    PushRequest request = *made;
    options_.rule->sign(request, std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
    ++tries_;
    const CallAnswer answer =
        caller.call(request.method, request.url, request.headers, request.body, options_.patience);
    if (answer.status >= 200 && answer.status < 300) {
      ++sent_;
      return true;
    }
    if (refused_for_good(answer.status)) {
      ++failed_;
      options_.report("warn", "push",
                      name() + ": refused with " + std::to_string(answer.status) + ": " + made->id);
      return true;
    }
    options_.report("info", "push",
                    name() + ": " +
                        (answer.status == 0 ? answer.error : std::to_string(answer.status)) +
                        ", tried again");
    const Duration asked = seconds(answer.retry_after_seconds);
    if (!pause(std::max(wait, std::min(asked, minutes(10))))) return false;
    wait = std::min(Duration{wait.ms * 2}, options_.retry_max);
  }
}

void Pusher::remember(PartitionId partition, Offset next, bool now) {
  const auto at = std::chrono::steady_clock::now();
  if (!now && at - remembered_at_ < kRememberEvery) return;
  const auto [known, first] = remembered_.try_emplace(partition, -1);
  if (!first && known->second == next) return;
  known->second = next;
  remembered_at_ = at;
  OwnRecord record;
  record.type = kPushedType;
  record.subject = name();
  record.data = pushed_data(remembered_);
  options_.node->submit_own(std::move(record), [](OwnResult) {});
}

}  // namespace tocsin
