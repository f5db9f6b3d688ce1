// The timer wheel against the timer containers that Debian ships, in the same run:
//   bench_timer_wheel [TIMERS…] [--only NAME]      (default: 1000000 10000000, all)
//
// Workload (N timers; splitmix64): each due is a start within a day plus one of 15 m, 30 m, 2 h, 4
// h, 24 h, 3 d, 30 d.
//   load       N schedules at now = 0 (seed 42), memory taken beforehand
//   churn      cancel a timer drawn uniformly, schedule it anew (seed 777), a pair; clock fixed
//   batched    the same in groups of 32 with prefetch, where the container can
//   fenced     churn with lfence after each operation: nothing overlaps
//   tick       18 M ticks of 1 ms; `worst` is the longest, in ms
//   fire       jumps of 1 h to day 7, then of 1 week to day 35: per timer fired
//   lifecycle  N tickets arrive over a day, 95 % are cancelled at arrival + uniform(0, offset), the
//   clock
//              advances with each operation (seed 4242): per ticket; `ahead`: with prefetch for
//              what comes 16 and 32 operations later, as a caller can that works through a batch
// Drawing a due is part of load, two draws of churn; what one draw costs is printed.
// Times are CPU time of the one thread, so that other work on the machine disturbs less; the caches
// it takes still do. Every container's fires are counted and compared with what was due.
#include <immintrin.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "bench/timer_wheel_peers.h"

// ---- virtual time for the peers' event loops: these definitions stand before the C library's

namespace {

long raw_syscall(long number, long a, long b, long c, long d, long e, long f) {
  long result = number;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

// Far from 0, which some loops take for "unset".
constexpr std::int64_t kVirtualStartMs = 1'000'000'000;

void virtual_time(timespec* t) {
  const std::int64_t ms = kVirtualStartMs + tocsin::bench::virtual_ms;
  t->tv_sec = ms / 1000;
  t->tv_nsec = ms % 1000 * 1'000'000;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* t) noexcept {
  if (clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID) {
    return static_cast<int>(
        raw_syscall(SYS_clock_gettime, clock, reinterpret_cast<long>(t), 0, 0, 0, 0));
  }
  virtual_time(t);
  return 0;
}

int gettimeofday(timeval* t, void*) noexcept {
  timespec now;
  virtual_time(&now);
  t->tv_sec = now.tv_sec;
  t->tv_usec = now.tv_nsec / 1000;
  return 0;
}

int epoll_wait(int, epoll_event*, int, int) { return 0; }
int epoll_pwait(int, epoll_event*, int, int, const sigset_t*) { return 0; }

// libev asks for the time this way.
long syscall(long number, ...) noexcept {
  va_list arguments;
  va_start(arguments, number);
  long a[6];
  for (long& value : a) value = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_clock_gettime) {
    return clock_gettime(static_cast<clockid_t>(a[0]), reinterpret_cast<timespec*>(a[1]));
  }
  const long result = raw_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (result >= 0 || result < -4095) return result;
  errno = static_cast<int>(-result);
  return -1;
}

}  // extern "C"

namespace {

using namespace tocsin::bench;

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kTicks = 18'000'000;
constexpr std::array<std::int64_t, 7> kOffsets = {kHour / 4, kHour / 2, 2 * kHour, 4 * kHour,
                                                  kDay,      3 * kDay,  30 * kDay};

struct SplitMix {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::uint32_t below(std::size_t n) {
    return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32);
  }
};

std::int64_t start_of(std::uint64_t r) {
  return static_cast<std::int64_t>(((r & 0xffffffffU) * 86'400'000U) >> 32);
}
std::int64_t offset_of(std::uint64_t r) { return kOffsets[((r >> 32) * 7) >> 32]; }
std::int64_t due_of(std::uint64_t r) { return 1 + start_of(r) + offset_of(r); }

double cpu_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

double cost_of_a_draw() {
  SplitMix random{42};
  std::int64_t sum = 0;
  const double begin = cpu_ns();
  for (int i = 0; i < 10'000'000; ++i) sum += due_of(random.next());
  const double took = (cpu_ns() - begin) / 1e7;
  return sum == 0 ? 0 : took;
}

struct Operation {
  std::int64_t time;
  std::uint32_t slot;
  std::uint32_t cancel;
};

struct Trace {
  std::vector<Operation> operations;
  std::vector<std::int64_t> due;  // by slot: tickets are numbered in order of arrival
};

Trace lifecycle_trace(std::size_t n) {
  struct Ticket {
    std::int64_t arrival, offset, answer;  // answer < 0: never cancelled
  };
  std::vector<Ticket> tickets(n);
  SplitMix random{4242};
  for (Ticket& ticket : tickets) {
    const std::uint64_t r = random.next();
    ticket = {start_of(r), offset_of(r), -1};
    const std::uint64_t fate = random.next();
    if (fate % 100 >= 95) continue;
    const auto within = ((fate >> 32) * static_cast<std::uint64_t>(ticket.offset)) >> 32;
    ticket.answer = ticket.arrival + static_cast<std::int64_t>(within);
  }
  std::sort(tickets.begin(), tickets.end(),
            [](const Ticket& a, const Ticket& b) { return a.arrival < b.arrival; });
  Trace trace;
  trace.operations.reserve(2 * n);
  trace.due.reserve(n);
  for (std::uint32_t slot = 0; slot < n; ++slot) {
    const Ticket& ticket = tickets[slot];
    trace.due.push_back(1 + ticket.arrival + ticket.offset);
    trace.operations.push_back({ticket.arrival, slot, 0});
    if (ticket.answer >= 0) trace.operations.push_back({ticket.answer, slot, 1});
  }
  std::stable_sort(trace.operations.begin(), trace.operations.end(),
                   [](const Operation& a, const Operation& b) { return a.time < b.time; });
  return trace;
}

struct Result {
  std::string name;
  double load = 0, churn = 0, batched = 0, fenced = 0, tick = 0, worst_ms = 0, fire = 0;
  double lifecycle = 0, lifecycle_ahead = 0, bytes = 0;
  std::size_t early = 0, late = 0, disorder = 0, missing = 0;
};

// Counts fires and how they lie to the clock.
struct Watch {
  std::int64_t now = 0, before = 0, last = 0;
  std::size_t fires = 0, early = 0, late = 0, disorder = 0;
  void operator()(std::uint32_t, std::int64_t due) {
    ++fires;
    early += due > now ? 1 : 0;
    late += due <= before ? 1 : 0;
    disorder += due < last ? 1 : 0;
    last = due;
  }
};

template <class Container>
void go(Container& container, Watch& watch, std::int64_t now) {
  watch.before = watch.now;
  watch.now = virtual_ms = now;
  container.advance(now, watch);
}

template <class Container>
void load(Container& container, std::size_t n) {
  SplitMix random{42};
  for (std::uint32_t slot = 0; slot < n; ++slot) container.schedule(slot, due_of(random.next()));
}

template <class Container>
void churn(Container& container, std::size_t n, Result& result) {
  const std::size_t pairs = std::min<std::size_t>(n, 4'000'000);
  SplitMix random{777};
  double begin = cpu_ns();
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::uint32_t slot = random.below(n);
    container.cancel(slot);
    container.schedule(slot, due_of(random.next()));
  }
  result.churn = (cpu_ns() - begin) / static_cast<double>(pairs);
  if constexpr (requires { container.wheel; }) {
    begin = cpu_ns();
    for (std::size_t i = 0; i < pairs; i += 32) {
      std::array<std::uint32_t, 32> slots;
      for (auto& slot : slots) container.wheel.prefetch(slot = random.below(n));
      for (const auto slot : slots) container.wheel.prefetch_neighbours(slot);
      for (const auto slot : slots) {
        container.cancel(slot);
        container.schedule(slot, due_of(random.next()));
      }
    }
    result.batched = (cpu_ns() - begin) / static_cast<double>(pairs);
  }
  const std::size_t fenced = pairs / 4;
  begin = cpu_ns();
  for (std::size_t i = 0; i < fenced; ++i) {
    const std::uint32_t slot = random.below(n);
    container.cancel(slot);
    _mm_lfence();
    container.schedule(slot, due_of(random.next()));
    _mm_lfence();
  }
  result.fenced = (cpu_ns() - begin) / static_cast<double>(fenced);
}

template <class Container>
void advance(Container& container, std::size_t n, Result& result) {
  Watch watch;
  double begin = cpu_ns();
  for (std::int64_t now = 1; now <= kTicks; ++now) go(container, watch, now);
  result.tick = (cpu_ns() - begin) / static_cast<double>(kTicks);
  const std::size_t before = watch.fires;
  begin = cpu_ns();
  std::int64_t now = kTicks;
  while (now < 7 * kDay) go(container, watch, now += kHour);
  while (now < 35 * kDay) go(container, watch, now += 7 * kDay);
  result.fire =
      (cpu_ns() - begin) / static_cast<double>(std::max<std::size_t>(1, watch.fires - before));
  go(container, watch, now + 1);  // for those that fire after their due only
  result.early += watch.early;
  result.late += watch.late;
  result.disorder += watch.disorder;
  result.missing += n - watch.fires;
}

// The same ticks do the same work in every pass, so that the least of a tick's times is its own;
// the rest is what the machine did in between.
template <class Container>
void worst_tick(std::size_t n, Result& result) {
  std::vector<float> least(kTicks, 1e9F);
  for (int pass = 0; pass < 3; ++pass) {
    virtual_ms = 0;
    const auto container = std::make_unique<Container>(n);
    load(*container, n);
    Watch watch;
    double last = cpu_ns();
    for (std::size_t i = 0; i < least.size(); ++i) {
      go(*container, watch, static_cast<std::int64_t>(i) + 1);
      const double t = cpu_ns();
      least[i] = std::min(least[i], static_cast<float>(t - last));
      last = t;
    }
  }
  result.worst_ms = static_cast<double>(*std::max_element(least.begin(), least.end())) / 1e6;
}

// `ahead` > 0: as a caller does that has the next operations at hand and prefetches for them.
template <class Container>
double lifecycle(const Trace& trace, std::size_t ahead, Result& result) {
  virtual_ms = 0;
  const auto container = std::make_unique<Container>(trace.due.size());
  Watch watch;
  std::size_t cancels = 0;
  const auto& operations = trace.operations;
  const double begin = cpu_ns();
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if constexpr (requires(Container c) { c.wheel; }) {
      if (ahead > 0 && i + 2 * ahead < operations.size()) {
        container->wheel.prefetch(operations[i + 2 * ahead].slot);
        const Operation& soon = operations[i + ahead];
        if (soon.cancel != 0) container->wheel.prefetch_neighbours(soon.slot);
      }
    }
    const Operation& operation = operations[i];
    go(*container, watch, operation.time);
    if (operation.cancel == 0) {
      container->schedule(operation.slot, trace.due[operation.slot]);
    } else {
      container->cancel(operation.slot);
      ++cancels;
    }
  }
  go(*container, watch, 40 * kDay);
  const double took = (cpu_ns() - begin) / static_cast<double>(trace.due.size());
  go(*container, watch, 40 * kDay + 1);
  result.early += watch.early;
  result.missing += trace.due.size() - cancels - watch.fires;
  return took;
}

template <class Container>
Result measure(std::size_t n, const Trace& trace) {
  Result result;
  result.name = Container::kName;
  std::fprintf(stderr, "  %s …\n", Container::kName);
  {
    virtual_ms = 0;
    const auto container = std::make_unique<Container>(n);
    const double begin = cpu_ns();
    load(*container, n);
    result.load = (cpu_ns() - begin) / static_cast<double>(n);
    churn(*container, n, result);
    result.bytes = container->bytes(n);
    advance(*container, n, result);
  }
  if constexpr (requires(Container c) { c.wheel; }) {
    worst_tick<Container>(n, result);
    result.lifecycle_ahead = lifecycle<Container>(trace, 16, result);
  }
  result.lifecycle = lifecycle<Container>(trace, 0, result);
  return result;
}

void print(const std::vector<Result>& results, std::size_t n) {
  std::printf("\n%zu timers, ns of CPU time (in brackets: times the wheel's)\n", n);
  std::printf("%-26s %14s %14s %9s %14s %14s %9s %14s %14s %9s %7s\n", "", "load", "churn pair",
              "batched", "fenced pair", "tick", "worst ms", "fire", "lifecycle", "ahead", "bytes");
  const Result& wheel = results.front();
  for (const Result& r : results) {
    std::printf("%-26s", r.name.c_str());
    const auto cell = [](double value, double own) {
      char text[32];
      std::snprintf(text, sizeof text, "%.1f (%.1f)", value, own > 0 ? value / own : 0.0);
      std::printf(" %14s", text);
    };
    const auto plain = [](double value, const char* format) {
      char text[32] = "–";
      if (value > 0) std::snprintf(text, sizeof text, format, value);
      std::printf(" %*s", value > 0 ? 9 : 11, text);
    };
    cell(r.load, wheel.load);
    cell(r.churn, wheel.churn);
    plain(r.batched, "%.1f");
    cell(r.fenced, wheel.fenced);
    cell(r.tick, wheel.tick);
    plain(r.worst_ms, "%.3f");
    cell(r.fire, wheel.fire);
    cell(r.lifecycle, wheel.lifecycle);
    plain(r.lifecycle_ahead, "%.1f");
    std::printf(" %7.1f\n", r.bytes);
  }
  for (const Result& r : results) {
    if (r.early + r.late + r.disorder + r.missing == 0) continue;
    std::printf("%s: %zu early, %zu late, %zu out of order, %zu missing\n", r.name.c_str(), r.early,
                r.late, r.disorder, r.missing);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      only = argv[++i];
    } else {
      sizes.push_back(std::strtoull(argv[i], nullptr, 10));
    }
  }
  if (sizes.empty()) sizes = {1'000'000, 10'000'000};
#ifndef TOCSIN_HAVE_LIBEVENT
  std::fprintf(stderr, "NOT MEASURED: libevent (libevent-dev was not found)\n");
#endif
#ifndef TOCSIN_HAVE_LIBUV
  std::fprintf(stderr, "NOT MEASURED: libuv (libuv1-dev was not found)\n");
#endif
#ifndef TOCSIN_HAVE_LIBEV
  std::fprintf(stderr, "NOT MEASURED: libev (libev-dev was not found)\n");
#endif
  bool sound = true;
  for (const std::size_t n : sizes) {
    const Trace trace = lifecycle_trace(n);
    std::printf("\none draw: %.1f ns\n", cost_of_a_draw());
    std::vector<Result> results{measure<Wheel>(n, trace)};
    const auto peer = [&]<class Container>(std::type_identity<Container>) {
      if (only.empty() || std::strstr(Container::kName, only.c_str())) {
        results.push_back(measure<Container>(n, trace));
      }
    };
    peer(std::type_identity<RedBlackTree>{});
    peer(std::type_identity<LazyHeap>{});
    peer(std::type_identity<AsioQueue>{});
#ifdef TOCSIN_HAVE_LIBEVENT
    peer(std::type_identity<LibEvent>{});
#endif
#ifdef TOCSIN_HAVE_LIBUV
    peer(std::type_identity<LibUv>{});
#endif
#ifdef TOCSIN_HAVE_LIBEV
    peer(std::type_identity<LibEv>{});
#endif
    print(results, n);
    const Result& wheel = results.front();
    sound &= wheel.early + wheel.late + wheel.disorder + wheel.missing == 0;
  }
  return sound ? 0 : 1;
}
