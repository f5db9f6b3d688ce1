#include "app/commit_stage.h"

#include <utility>

#include "projections/rows/time_slice.h"

namespace tocsin {

CommitStage::CommitStage(std::function<CommitResult(Round&)> commit, std::function<void()> ended)
    : commit_(std::move(commit)), ended_(std::move(ended)), thread_([this] { run(); }) {}

CommitStage::~CommitStage() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool CommitStage::free() const {
  const std::lock_guard lock(mutex_);
  return !under_way_ && !failed_;
}

bool CommitStage::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_.has_value();
}

void CommitStage::push(Round round) {
  {
    const std::lock_guard lock(mutex_);
    under_way_ = std::move(round);
  }
  changed_.notify_all();
}

void CommitStage::drain() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !under_way_; });
}

FailedRound CommitStage::take_failed() {
  const std::lock_guard lock(mutex_);
  FailedRound failed = std::move(*failed_);
  failed_.reset();
  return failed;
}

void CommitStage::run() {
  ask_for_time_slice(kShortSlice);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || under_way_; });
    if (!under_way_) return;
    lock.unlock();
    CommitResult result;
    std::exception_ptr error;
    try {
      result = commit_(*under_way_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error || result.status != CommitStatus::kDurable)
      failed_ = FailedRound{std::move(*under_way_), std::move(result), error};
    under_way_.reset();
    changed_.notify_all();
    lock.unlock();
    ended_();
    lock.lock();
  }
}

}  // namespace tocsin
