// How one cycle of a clock runs: start, pause, resume, stop, cancel, re-target, warn (contract §4).
//
// All functions change a Cycle and append to its history; they know no facts beyond the one that
// caused the change. Pure; the caller owns the cycle.
#pragma once

#include <optional>

#include "engine/truth/truth.h"

namespace tocsin {

struct ClockWork {
  const Policy& policy;
  const ClockSpec& spec;
  Cycle& cycle;

  // Starts it at `t` under `priority` on `tier`'s hours. `given` is the due for thresholds that
  // take it from the fact. `paused`: its entity is paused, and it with it, with its full budget.
  void start(Instant t, PriorityCode priority, TierCode tier, Instant given, bool paused,
             std::int32_t cause);
  void pause(Instant t, std::int32_t cause);
  void resume(Instant t, std::int32_t cause);
  void stop(Instant t, std::int32_t cause);
  void cancel(Instant t, std::int32_t cause);
  // An ended cycle runs on at `t`; the time in between does not count.
  void run_on(Instant t, std::int32_t cause);
  // The priority changed at `c`. Cancels when there is no allowance any more. One under which it ran
  // before in this cycle gives it the dues that it had there.
  void retarget(Instant c, PriorityCode priority, TierCode tier, std::int32_t cause);
  // The due was set exactly at `c`.
  void set_due(Instant c, Instant due, std::int32_t cause);
  void breach(ThresholdCode threshold, Instant t);
  void warn(ThresholdCode threshold, Instant t);

  // Whether there is any allowance at this priority, for this tier.
  static bool allows(const ClockSpec& spec, PriorityCode priority, TierCode tier);
  // Code of the calendar at this priority and tier.
  static CalendarCode calendar(const Policy& policy, const ClockSpec& spec, PriorityCode priority,
                               TierCode tier);
  // Open time that counted up to `t`, on the cycle's calendar.
  std::int64_t elapsed(Instant t) const;

 private:
  const Calendar& calendar() const { return policy.calendar(cycle.calendar); }
  // Open time of an allowance for a clock that starts at `a`, in ms.
  std::int64_t budget(const Allowance& allowance, Instant a) const;
  // Where `budget` ms of counted time end, pauses left out, as if it ran on at `c` when paused.
  Instant from_start(std::int64_t budget, Instant c, const Calendar& calendar) const;
  struct Move {  // what a re-target did to a threshold
    Instant from, to;
    bool changed = false, withdrawn = false;
  };
  Move move(ThresholdCode threshold, PriorityCode priority, Instant c, const Calendar& on);
  // The due that this threshold last had at this priority in this cycle, as if it ran on at `c`.
  std::optional<Instant> kept(ThresholdCode threshold, PriorityCode priority, Instant c) const;
  void keep();
  void hold_kept(Instant t);
  void set(Threshold& threshold, Instant c, Instant due, const Calendar& on) const;
  Instant warn_instant(const Warning& warning, Instant due, Instant resumed) const;
  void plan_warning(Threshold& threshold);
  void plan_warning_again(Threshold& threshold, const Move& moved, Instant c);
  Happening& note(Happened what, Instant t, std::int32_t cause, ThresholdCode threshold = kNone);
  void end(Instant t, std::int32_t cause);
};

// What happened to it so far was told. The memory serves the next cycle of this thread to which
// something happens: most have one happening between two decisions.
void forget_history(Cycle& cycle);

}  // namespace tocsin
