// A wall clock that leaps on command, for crash tests: preloaded (LD_PRELOAD), it adds to CLOCK_REALTIME the
// milliseconds that stand, as a 64-bit number, in the file that TOCSIN_LEAP names. All other clocks are the machine's.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *leap;

__attribute__((constructor)) static void open_leap(void) {
  const char *name = getenv("TOCSIN_LEAP");
  const int file = name == NULL ? -1 : open(name, O_RDONLY);
  void *const found = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *leap, PROT_READ, MAP_SHARED, file, 0);
  if (found != MAP_FAILED) leap = found;
}

int clock_gettime(clockid_t clock, struct timespec *t) {
  const int status = (int)syscall(SYS_clock_gettime, clock, t);
  if (status == 0 && leap != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const int64_t ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + *leap * 1000000;
    t->tv_sec = ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
  }
  return status;
}
