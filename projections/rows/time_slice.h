// How long a thread runs before another one that waits may have its core.
//
// Where as many threads work as there are cores, one that is woken because somebody waits for it
// would stand behind those that run: 3 to 4 ms each time. Linux (since 6.12) lets a thread ask for
// another slice than the usual one, and one that asked for less than the one that runs goes first.
// It gets no larger share of the processor by that, so that nothing starves, as it would with
// priorities; it needs no privilege; and on an older kernel nothing happens.
//
// Threads inherit it from the one that starts them.
#pragma once

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tocsin {

// For threads that answer somebody, or that others wait for to answer.
inline constexpr std::chrono::nanoseconds kShortSlice = std::chrono::microseconds(200);
// For threads that work behind. The kernel takes up to 100 ms.
inline constexpr std::chrono::nanoseconds kLongSlice = std::chrono::milliseconds(20);

// Of the calling thread.
inline void ask_for_time_slice(std::chrono::nanoseconds slice) {
  struct {  // sched_attr as of its first version (linux/sched/types.h)
    std::uint32_t size = 48, policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
  } attributes;
  constexpr std::uint32_t kOrdinary = 0;  // SCHED_OTHER; who runs it by another policy knows why
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != kOrdinary) return;
  attributes.runtime_ns = static_cast<std::uint64_t>(slice.count());
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

// For work that can wait for hours: a tenth of the share of those that want the core, too.
inline constexpr int kFillingNice = 10;
// For work that others wait for in the end: a third of it.
inline constexpr int kMergingNice = 5;

// The calling thread, and those that it starts, get a smaller share of a core that others want, too.
// A user's own nice value stays where it is larger.
inline void give_way(int nice) {
  const auto self = static_cast<id_t>(::syscall(SYS_gettid));
  ::setpriority(PRIO_PROCESS, self, std::max(nice, ::getpriority(PRIO_PROCESS, self)));
}

}  // namespace tocsin
