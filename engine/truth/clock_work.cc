#include "engine/truth/clock_work.h"

#include <algorithm>
#include <utility>

namespace tocsin {

namespace {

thread_local std::vector<std::vector<Happening>> spare_histories;

}  // namespace

bool ClockWork::allows(const ClockSpec& spec, PriorityCode priority, TierCode tier) {
  for (const ThresholdCode i : kThresholds) {
    if (spec.allowed(i, priority, tier).kind != Allowance::Kind::kNothing) return true;
  }
  return false;
}

CalendarCode ClockWork::calendar(const Policy& policy, const ClockSpec& spec, PriorityCode priority,
                                 TierCode tier) {
  const CalendarCode code = spec.calendar[priority];
  return code == kTierCalendar ? policy.tier_calendar[tier] : code;
}

std::int64_t ClockWork::budget(const Allowance& allowance, Instant a) const {
  return allowance.kind == Allowance::Kind::kWorkingDays
             ? policy.working(cycle.tier)
                   .budget_of_working_days(a, static_cast<int>(allowance.amount))
                   .ms
             : allowance.amount;
}

std::int64_t ClockWork::elapsed(Instant t) const {
  std::int64_t sum = 0;
  for (const auto& [from, to] : cycle.active) {
    const Instant end = std::min(to, t);
    if (end > from) sum += calendar().elapsed(from, end).ms;
  }
  return sum;
}

Instant ClockWork::from_start(std::int64_t budget, Instant c, const Calendar& on) const {
  for (const auto& [from, to] : cycle.active) {
    if (to == kNever) return on.add(from, {budget});
    const std::int64_t open = on.elapsed(from, to).ms;
    if (budget <= open) return on.add(from, {budget});
    budget -= open;
  }
  return on.add(c, {budget});
}

Happening& ClockWork::note(Happened what, Instant t, std::int32_t cause, ThresholdCode threshold) {
  Happening h;
  h.what = what;
  h.threshold = threshold;
  h.calendar = cycle.calendar;
  h.cause = cause;
  h.time = t;
  for (const ThresholdCode i : kThresholds) {
    const Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    h.exists |= bit(i);
    h.due[i] = th.due;
    h.verdict[i] = th.verdict;
  }
  if (cycle.history.capacity() == 0 && !spare_histories.empty()) {
    cycle.history = std::move(spare_histories.back());
    spare_histories.pop_back();
  }
  cycle.history.push_back(h);
  return cycle.history.back();
}

void forget_history(Cycle& cycle) {
  constexpr std::size_t kSpare = 16, kShort = 8;
  if (cycle.history.capacity() == 0) return;
  std::vector<Happening> history = std::exchange(cycle.history, {});
  history.clear();
  if (spare_histories.size() < kSpare && history.capacity() <= kShort)
    spare_histories.push_back(std::move(history));
}

// Source: contract §4.5. The instant at which the warning belongs, were the due `due` and did the
// clock run on from the last active stretch (or from `resumed` while it is paused).
Instant ClockWork::warn_instant(const Warning& w, Instant due, Instant resumed) const {
  if (w.kind == Warning::Kind::kWorkingDaysBefore) {
    return policy.working(cycle.tier).before_working_days(due, w.days);
  }
  std::int64_t before = 0;
  Instant from = resumed;
  for (const auto& [a, b] : cycle.active) {
    if (b == kNever) {
      from = a;
    } else {
      before += calendar().elapsed(a, b).ms;
    }
  }
  const std::int64_t total = before + (due > from ? calendar().elapsed(from, due).ms : 0);
  const std::int64_t counted = w.kind == Warning::Kind::kBefore
                                   ? total - w.before_ms
                                   : total / w.denominator * w.numerator +
                                         total % w.denominator * w.numerator / w.denominator;
  return counted < before ? kAlways : calendar().add(from, {counted - before});
}

void ClockWork::plan_warning(Threshold& th) {
  th.warn_at = kNever;
  if (!th.exists || cycle.unwarned || th.verdict != Verdict::kPending || th.due == kNever) return;
  for (std::size_t w = 0; w < spec.warnings.size(); ++w) {
    if ((th.warn_armed >> w & 1U) == 0) continue;
    const Instant at = warn_instant(spec.warnings[w], th.due, th.since);
    if (at == kNever) continue;
    const Instant when = std::max(at, th.since);
    if (when >= th.due || when >= th.warn_at) continue;
    th.warn_at = when;
    th.warn_next = static_cast<std::uint8_t>(w);
  }
}

void ClockWork::start(Instant t, PriorityCode priority, TierCode tier, Instant given, bool paused,
                      std::int32_t cause) {
  cycle.start = t;
  cycle.priority = priority;
  cycle.calendar = calendar(policy, spec, priority, tier);
  cycle.state = paused ? ClockState::kPaused : ClockState::kRunning;
  if (!paused) cycle.active.emplace_back(t, kNever);
  for (const ThresholdCode i : kThresholds) {
    const Allowance& allowance = spec.allowed(i, priority, tier);
    if (allowance.kind == Allowance::Kind::kNothing) continue;
    Threshold& th = cycle.thresholds[i];
    th.exists = true;
    th.since = t;
    Instant due = given;
    if (allowance.kind != Allowance::Kind::kGiven) {
      due = calendar().add(t, {budget(allowance, t)});
      if (spec.capped && given != kNever) due = std::min(due, given);
    }
    if (paused) {
      th.remaining_ms = calendar().elapsed(t, due).ms;
    } else {
      th.due = due;
    }
  }
  note(Happened::kStarted, t, cause);
  if (paused) {
    note(Happened::kPaused, t, cause);
  } else {
    for (Threshold& th : cycle.thresholds) plan_warning(th);
  }
}

void ClockWork::pause(Instant t, std::int32_t cause) {
  cycle.state = ClockState::kPaused;
  cycle.active.back().second = t;
  for (Threshold& th : cycle.thresholds) {
    if (!th.exists || th.verdict != Verdict::kPending) continue;
    th.remaining_ms = calendar().elapsed(t, th.due).ms;
    th.due = kNever;
    th.warn_at = kNever;
  }
  hold_kept(t);
  note(Happened::kPaused, t, cause);
}

// The clock stands still from `t` on: what was not missed by then waits with it.
void ClockWork::hold_kept(Instant t) {
  for (KeptDue& had : cycle.kept) {
    if (had.due < t) continue;
    had.remaining_ms = policy.calendar(had.calendar).elapsed(t, had.due).ms;
    had.due = kNever;
  }
}

void ClockWork::resume(Instant t, std::int32_t cause) {
  cycle.state = ClockState::kRunning;
  cycle.active.emplace_back(t, kNever);
  for (Threshold& th : cycle.thresholds) {
    if (!th.exists || th.verdict != Verdict::kPending) continue;
    th.due = calendar().add(t, {th.remaining_ms});
    th.since = t;
    plan_warning(th);
  }
  for (KeptDue& had : cycle.kept) {
    if (had.due == kNever) had.due = policy.calendar(had.calendar).add(t, {had.remaining_ms});
  }
  note(Happened::kResumed, t, cause);
}

void ClockWork::end(Instant t, std::int32_t cause) {
  const bool running = cycle.state == ClockState::kRunning;
  if (running) {
    cycle.active.back().second = t;
    hold_kept(t);
  }
  cycle.stopped = t;
  (cause < 0 ? cycle.last_end_by_due : cycle.last_end_by_fact) = t;
  for (Threshold& th : cycle.thresholds) {
    th.warn_at = kNever;
    if (!th.exists || th.verdict != Verdict::kPending || !running) continue;
    th.remaining_ms = th.due > t ? calendar().elapsed(t, th.due).ms : 0;
  }
}

void ClockWork::stop(Instant t, std::int32_t cause) {
  const bool paused = cycle.state == ClockState::kPaused;
  end(t, cause);
  for (Threshold& th : cycle.thresholds) {
    if (!th.exists || th.verdict != Verdict::kPending) continue;
    if (paused) th.due = calendar().add(t, {th.remaining_ms});
    th.verdict = t <= th.due ? Verdict::kMet : Verdict::kBreached;
  }
  cycle.state = ClockState::kStopped;
  cycle.elapsed_ms = elapsed(t);
  note(Happened::kStopped, t, cause).elapsed_ms = cycle.elapsed_ms;
}

void ClockWork::cancel(Instant t, std::int32_t cause) {
  end(t, cause);
  cycle.state = ClockState::kCancelled;
  note(Happened::kCancelled, t, cause);
}

void ClockWork::run_on(Instant t, std::int32_t cause) {
  cycle.stopped = kNever;
  for (Threshold& th : cycle.thresholds) {
    if (th.verdict == Verdict::kMet) th.verdict = Verdict::kPending;
  }
  resume(t, cause);
}

void ClockWork::retarget(Instant c, PriorityCode priority, TierCode tier, std::int32_t cause) {
  if (!allows(spec, priority, tier)) {
    cancel(c, cause);
    return;
  }
  if (cause == kByPolicy) {
    cycle.kept.clear();
  } else {
    keep();
  }
  const CalendarCode to = calendar(policy, spec, priority, tier);
  cycle.priority = priority;
  ByThreshold<Move> moves;
  for (const ThresholdCode i : kThresholds) {
    moves[i] = move(i, priority, c, policy.calendar(to));
  }
  cycle.calendar = to;
  bool changed = false;
  for (const ThresholdCode i : kThresholds) {
    changed = changed || moves[i].changed;
    plan_warning_again(cycle.thresholds[i], moves[i], c);
  }
  if (changed) note(Happened::kRetargeted, c, cause);
  for (const ThresholdCode i : kThresholds) {
    if (moves[i].withdrawn) note(Happened::kWithdrawn, c, cause, i);
  }
}

// Remembers what the thresholds have at the priority that is left.
void ClockWork::keep() {
  for (const ThresholdCode i : kThresholds) {
    const Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    auto had = std::find_if(cycle.kept.begin(), cycle.kept.end(), [&](const KeptDue& k) {
      return k.priority == cycle.priority && k.threshold == i;
    });
    if (had == cycle.kept.end()) had = cycle.kept.emplace(had);
    *had = {cycle.priority, i, cycle.calendar, th.due, th.remaining_ms};
  }
}

std::optional<Instant> ClockWork::kept(ThresholdCode threshold, PriorityCode priority,
                                       Instant c) const {
  for (const KeptDue& had : cycle.kept) {
    if (had.priority != priority || had.threshold != threshold) continue;
    return had.due != kNever ? had.due : policy.calendar(had.calendar).add(c, {had.remaining_ms});
  }
  return std::nullopt;
}

// Source: contract §4.6. `on`: the calendar from now on; the cycle still has the one until now.
ClockWork::Move ClockWork::move(ThresholdCode threshold, PriorityCode priority, Instant c,
                                const Calendar& on) {
  Threshold& th = cycle.thresholds[threshold];
  const Allowance& allowance = spec.allowed(threshold, priority, cycle.tier);
  const bool paused = cycle.state == ClockState::kPaused;
  const bool breached = th.verdict == Verdict::kBreached;
  if (allowance.kind == Allowance::Kind::kGiven) return {};
  if (allowance.kind == Allowance::Kind::kNothing) {
    if (!th.exists) return {};
    const std::uint16_t warned = th.warned;
    th = Threshold{};
    th.warned = warned;  // warnings are counted on should it appear again
    return {{}, {}, true, breached};
  }
  const auto had = kept(threshold, priority, c);
  const Instant fresh = on.add(c, {budget(allowance, c)});
  if (!th.exists) {
    const Instant due = had.value_or(fresh);
    th.exists = true;
    set(th, c, due, on);
    return {due, due, true, false};
  }
  const Instant old = breached || !paused ? th.due : calendar().add(c, {th.remaining_ms});
  Instant due = had.value_or(kNever);
  if (!had) {
    const Instant full = from_start(budget(allowance, cycle.start), c, on);
    due = full >= old ? full : std::min(old, fresh);
  }
  if (breached && due <= c) return {};
  const std::int64_t left = th.remaining_ms;
  const bool same = !breached && (paused ? on.elapsed(c, due).ms == left : due == th.due);
  set(th, c, due, on);
  return {old, due, !same, breached};
}

// From `c` on the threshold is pending with this due.
void ClockWork::set(Threshold& th, Instant c, Instant due, const Calendar& on) const {
  th.verdict = Verdict::kPending;
  th.breached_at = kNever;
  th.since = c;
  const bool paused = cycle.state == ClockState::kPaused;
  th.due = paused ? kNever : due;
  if (paused) th.remaining_ms = on.elapsed(c, due).ms;
}

// Source: contract §4.5. Once more when the due moved later and the new warning lies ahead.
void ClockWork::plan_warning_again(Threshold& th, const Move& moved, Instant c) {
  if (!th.exists || th.verdict != Verdict::kPending) return;
  for (std::size_t w = 0; w < spec.warnings.size() && moved.to > moved.from; ++w) {
    const auto armed = static_cast<std::uint8_t>(1U << w);
    if ((th.warn_armed & armed) != 0) continue;
    const Instant at = warn_instant(spec.warnings[w], moved.to, c);
    if (at != kNever && at > c) th.warn_armed = static_cast<std::uint8_t>(th.warn_armed | armed);
  }
  if (cycle.state != ClockState::kPaused) plan_warning(th);
}

void ClockWork::set_due(Instant c, Instant given, std::int32_t cause) {
  for (const ThresholdCode i : kThresholds) {
    Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    const Allowance& allowance = spec.allowed(i, cycle.priority, cycle.tier);
    Instant due = given;
    if (spec.capped) due = std::min(due, from_start(budget(allowance, cycle.start), c, calendar()));
    const bool paused = cycle.state == ClockState::kPaused;
    const bool breached = th.verdict == Verdict::kBreached;
    if (breached && due <= c) continue;
    const Instant old = breached || !paused ? th.due : calendar().add(c, {th.remaining_ms});
    set(th, c, due, calendar());
    plan_warning_again(th, {old, due, true, breached}, c);
    if (breached || due != old) note(Happened::kRetargeted, c, cause);
    if (breached) note(Happened::kWithdrawn, c, cause, i);
  }
}

void ClockWork::breach(ThresholdCode threshold, Instant t) {
  Threshold& th = cycle.thresholds[threshold];
  th.verdict = Verdict::kBreached;
  th.breached_at = t;
  th.warn_at = kNever;
  note(Happened::kBreached, t, -1, threshold);
}

void ClockWork::warn(ThresholdCode threshold, Instant t) {
  Threshold& th = cycle.thresholds[threshold];
  th.warn_last = th.warn_next;
  th.warn_armed = static_cast<std::uint8_t>(th.warn_armed & ~(1U << th.warn_last));
  ++th.warned;
  th.warned_at = t;
  plan_warning(th);
  note(Happened::kWarned, t, -1, threshold);
}

}  // namespace tocsin
