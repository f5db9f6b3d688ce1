// ThreadSanitizer and librdkafka. Debian's librdkafka makes its threads and locks with C11's
// <threads.h>, which g++ 12's ThreadSanitizer does not intercept: a thread that it has not seen
// begin crashes in its first allocation. So that the program can run under it at all, and see what
// librdkafka's locks order, these functions stand in front of glibc's there and go through
// pthreads, whose types glibc's are. In all other builds this file is empty.
#ifdef __SANITIZE_THREAD__

#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>

namespace {

pthread_mutex_t* lock_of(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* condition_of(cnd_t* condition) {
  return reinterpret_cast<pthread_cond_t*>(condition);
}
int result(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ETIMEDOUT:
      return thrd_timedout;
    default:
      return thrd_error;
  }
}

struct Start {
  thrd_start_t function;
  void* argument;
};
void* run(void* start) {
  const Start copy = *static_cast<Start*>(start);
  delete static_cast<Start*>(start);
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(copy.function(copy.argument)));
}

}  // namespace

extern "C" {
const char* __tsan_default_suppressions() { return "race:librdkafka.so\n"; }

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  return result(pthread_create(thread, nullptr, run, new Start{function, argument}));
}
int thrd_join(thrd_t thread, int* value) {
  void* returned = nullptr;
  const int error = pthread_join(thread, &returned);
  if (value != nullptr) *value = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return result(error);
}
int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) {
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  }
  const int error = pthread_mutex_init(lock_of(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return result(error);
}
int mtx_lock(mtx_t* mutex) { return result(pthread_mutex_lock(lock_of(mutex))); }
int mtx_trylock(mtx_t* mutex) { return result(pthread_mutex_trylock(lock_of(mutex))); }
int mtx_unlock(mtx_t* mutex) { return result(pthread_mutex_unlock(lock_of(mutex))); }
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy(lock_of(mutex)); }
int cnd_init(cnd_t* condition) {
  return result(pthread_cond_init(condition_of(condition), nullptr));
}
int cnd_signal(cnd_t* condition) { return result(pthread_cond_signal(condition_of(condition))); }
int cnd_broadcast(cnd_t* condition) {
  return result(pthread_cond_broadcast(condition_of(condition)));
}
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return result(pthread_cond_wait(condition_of(condition), lock_of(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  return result(pthread_cond_timedwait(condition_of(condition), lock_of(mutex), until));
}
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(condition_of(condition)); }
}

namespace tocsin::rdkafka {
void link_thread_interceptors() {}
}  // namespace tocsin::rdkafka

#endif
