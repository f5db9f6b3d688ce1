// Mutexes whose use clang checks (-Wthread-safety, `scripts/test clang`): what stands under GUARDED_BY is read
// and written only where its mutex is held, or it does not compile.
//
//   Mutex mutex_;
//   int n_ GUARDED_BY(mutex_) = 0;
//   …
//   const MutexLock lock(mutex_);
//   ++n_;
//
// A condition is waited for in a loop, not by a predicate, whose body clang could not see to hold the mutex:
//   while (n_ == 0) changed_.wait(lock);
//
// Threads: that is what it is for. Cost: as std::mutex.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define TOCSIN_CLANG(x) __attribute__((x))
#else
#define TOCSIN_CLANG(x)
#endif

#define GUARDED_BY(mutex) TOCSIN_CLANG(guarded_by(mutex))
#define REQUIRES(mutex) TOCSIN_CLANG(requires_capability(mutex))
#define ACQUIRES(...) TOCSIN_CLANG(acquire_capability(__VA_ARGS__))
#define RELEASES(...) TOCSIN_CLANG(release_capability(__VA_ARGS__))

namespace tocsin {

class TOCSIN_CLANG(capability("mutex")) Mutex {
 public:
  void lock() ACQUIRES() { mutex_.lock(); }
  void unlock() RELEASES() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

class TOCSIN_CLANG(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRES(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() RELEASES() {}
  void lock() ACQUIRES() { lock_.lock(); }
  void unlock() RELEASES() { lock_.unlock(); }

 private:
  friend class Changed;
  std::unique_lock<std::mutex> lock_;
};

// What is waited for changed, perhaps.
class Changed {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }
  void wait(MutexLock& lock) { condition_.wait(lock.lock_); }
  void wait_for(MutexLock& lock, std::chrono::milliseconds most) {
    condition_.wait_for(lock.lock_, most);
  }

 private:
  std::condition_variable condition_;
};

}  // namespace tocsin
