#include "app/commit_stage.h"

#include <utility>

#include "projections/rows/time_slice.h"

namespace tocsin {

CommitStage::CommitStage(CommitBy by, std::function<CommitResult(Round&)> commit,
                         std::function<void()> ended)
    : commit_(std::move(commit)), ended_(std::move(ended)) {
  if (by == CommitBy::kThread) thread_ = std::thread([this] { run(); });
}

CommitStage::~CommitStage() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool CommitStage::free() const {
  const MutexLock lock(mutex_);
  return !under_way_ && !failed_;
}

bool CommitStage::failed() const {
  const MutexLock lock(mutex_);
  return failed_.has_value();
}

void CommitStage::push(Round round) {
  {
    const MutexLock lock(mutex_);
    under_way_ = std::move(round);
  }
  changed_.notify_all();
}

void CommitStage::drain() {
  if (!thread_.joinable()) {
    if (under_way_) write();
    return;
  }
  MutexLock lock(mutex_);
  while (under_way_) changed_.wait(lock);
}

FailedRound CommitStage::take_failed() {
  const MutexLock lock(mutex_);
  FailedRound failed = std::move(*failed_);
  failed_.reset();
  return failed;
}

void CommitStage::run() {
  ask_for_time_slice(kShortSlice);
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && !under_way_) changed_.wait(lock);
      if (!under_way_) return;
    }
    write();
  }
}

void CommitStage::write() {
  CommitResult result;
  std::exception_ptr error;
  try {
    result = commit_(*under_way_);
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  {
    const MutexLock lock(mutex_);
    if (error || result.status != CommitStatus::kDurable)
      failed_ = FailedRound{std::move(*under_way_), std::move(result), error};
    under_way_.reset();
    changed_.notify_all();
  }
  ended_();
}

}  // namespace tocsin
