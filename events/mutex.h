// Mutexes whose use clang checks (-Wthread-safety, `scripts/test clang`): what stands under GUARDED_BY is read
// and written only where its mutex is held, or it does not compile.
//
//   Mutex mutex_;
//   int n_ GUARDED_BY(mutex_) = 0;
//   …
//   const MutexLock lock(mutex_);
//   ++n_;
//
// A condition says itself that it wants the mutex:
//   changed_.wait(lock, [this]() REQUIRES(mutex_) { return n_ > 0; });
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
// Only for what clang cannot follow, with the reason beside it.
#define UNCHECKED_LOCKING TOCSIN_CLANG(no_thread_safety_analysis)

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

// Lets a mutex that is held go for the time of a block.
class TOCSIN_CLANG(scoped_lockable) MutexReleased {
 public:
  explicit MutexReleased(Mutex& mutex) RELEASES(mutex) : mutex_(mutex) { mutex_.unlock(); }
  ~MutexReleased() RELEASES() { mutex_.lock(); }

 private:
  Mutex& mutex_;
};

// What is waited for changed, perhaps.
class Changed {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  void wait(MutexLock& lock) { condition_.wait(lock.lock_); }
  template <class Duration>
  void wait_for(MutexLock& lock, Duration most) {
    condition_.wait_for(lock.lock_, most);
  }

  // Until the condition holds, with the mutex of `lock` held whenever it is asked; of those with an end, whether
  // it holds. Unchecked: clang does not know that this mutex is the condition's.
  template <class Condition>
  void wait(MutexLock& lock, Condition holds) UNCHECKED_LOCKING {
    condition_.wait(lock.lock_, holds);
  }
  template <class Duration, class Condition>
  bool wait_for(MutexLock& lock, Duration most, Condition holds) UNCHECKED_LOCKING {
    return condition_.wait_for(lock.lock_, most, holds);
  }
  template <class Instant, class Condition>
  bool wait_until(MutexLock& lock, Instant until, Condition holds) UNCHECKED_LOCKING {
    return condition_.wait_until(lock.lock_, until, holds);
  }

 private:
  std::condition_variable condition_;
};

}  // namespace tocsin
