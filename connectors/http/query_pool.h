// A few threads that answer queries, so that no io thread waits for the store; and a waiting room
// for queries that ask for a moment that is not there yet (min_offset).
//
// Bounds: kWaitingMax queries wait; `submit` of one more returns false and the caller answers 503.
// Threads: any. A query that threw is the query's own business: it must not throw.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <thread>
#include <vector>

#include "events/mutex.h"

namespace tocsin {

class QueryPool {
 public:
  static constexpr std::size_t kWaitingMax = 1000;
  // How often it is looked whether the awaited moment has come.
  static constexpr std::chrono::milliseconds kPoll{2};

  explicit QueryPool(int threads);
  ~QueryPool();

  bool submit(std::function<void()> query);
  // Runs `query(true)` once `ready()` holds, or `query(false)` after `patience`.
  bool submit_when(std::function<bool()> ready, std::chrono::milliseconds patience,
                   std::function<void(bool)> query);
  // Runs what waits (those that await a moment with false), then ends the threads.
  void stop();

 private:
  struct Parked {
    std::function<bool()> ready;
    std::chrono::steady_clock::time_point until;
    std::function<void(bool)> query;
  };
  void run();
  void release_parked() REQUIRES(mutex_);

  Mutex mutex_;
  Changed work_;
  std::deque<std::function<void()>> waiting_ GUARDED_BY(mutex_);
  std::list<Parked> parked_ GUARDED_BY(mutex_);
  bool polling_ GUARDED_BY(mutex_) = false;  // one of the threads looks after the parked
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin
