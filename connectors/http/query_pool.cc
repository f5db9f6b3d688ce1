#include "connectors/http/query_pool.h"

#include <utility>

#include "events/mutex.h"
#include "projections/rows/time_slice.h"

namespace tocsin {

QueryPool::QueryPool(int threads) {
  for (int i = 0; i < (threads < 1 ? 1 : threads); ++i) {
    threads_.emplace_back([this] {
      ask_for_time_slice(kShortSlice);
      run();
    });
  }
}

QueryPool::~QueryPool() { stop(); }

bool QueryPool::submit(std::function<void()> query) {
  const MutexLock lock(mutex_);
  if (stopping_ || waiting_.size() + parked_.size() >= kWaitingMax) return false;
  waiting_.push_back(std::move(query));
  work_.notify_one();
  return true;
}

bool QueryPool::submit_when(std::function<bool()> ready, std::chrono::milliseconds patience,
                            std::function<void(bool)> query) {
  const MutexLock lock(mutex_);
  if (stopping_ || waiting_.size() + parked_.size() >= kWaitingMax) return false;
  parked_.push_back(
      {std::move(ready), std::chrono::steady_clock::now() + patience, std::move(query)});
  work_.notify_all();
  return true;
}

void QueryPool::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

// Moves those whose moment has come, or whose patience has ended, to the queue.
void QueryPool::release_parked() {
  std::list<Parked> parked;
  parked.swap(parked_);
  const bool stopping = stopping_;
  std::vector<std::function<void()>> released;
  {
    const MutexReleased others_may(mutex_);
    const auto now = std::chrono::steady_clock::now();
    for (auto p = parked.begin(); p != parked.end();) {
      const bool ready = p->ready();
      if (ready || stopping || now >= p->until) {
        released.push_back([query = std::move(p->query), ready] { query(ready); });
        p = parked.erase(p);
      } else {
        ++p;
      }
    }
  }
  parked_.splice(parked_.begin(), parked);
  for (auto& query : released) {
    waiting_.push_back(std::move(query));
    work_.notify_one();
  }
}

void QueryPool::run() {
  MutexLock lock(mutex_);
  while (true) {
    if (!waiting_.empty()) {
      const auto query = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      query();
      lock.lock();
    } else if (!parked_.empty() && !polling_) {
      polling_ = true;
      if (!stopping_) work_.wait_for(lock, kPoll);
      release_parked();
      polling_ = false;
    } else if (stopping_ && !polling_) {
      return;
    } else {
      work_.wait(lock);
    }
  }
}

}  // namespace tocsin
