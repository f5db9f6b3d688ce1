#include "engine/truth/clock_work.h"

#include <algorithm>

namespace tocsin {

bool ClockWork::allows(const ClockSpec& spec, std::int16_t priority) {
  for (const auto& row : spec.allowance) {
    if (!row.empty() && row[static_cast<std::size_t>(priority)].kind != Allowance::Kind::kNothing) {
      return true;
    }
  }
  return false;
}

std::int16_t ClockWork::calendar(const Policy& policy, const ClockSpec& spec, std::int16_t priority,
                                 std::int16_t tier) {
  const std::int16_t code = spec.calendar[static_cast<std::size_t>(priority)];
  return code == kTierCalendar ? policy.tier_calendar[static_cast<std::size_t>(tier)] : code;
}

std::int64_t ClockWork::budget(const Allowance& allowance, Instant a) const {
  return allowance.kind == Allowance::Kind::kWorkingDays
             ? policy.working().budget_of_working_days(a, static_cast<int>(allowance.amount)).ms
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

Happening& ClockWork::note(Happened what, Instant t, std::int32_t cause, std::int16_t threshold) {
  Happening h;
  h.what = what;
  h.threshold = threshold;
  h.cause = cause;
  h.time = t;
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    const Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    h.exists = static_cast<std::uint8_t>(h.exists | (1U << i));
    h.due[i] = th.due;
    h.verdict[i] = th.verdict;
  }
  cycle.history.push_back(h);
  return cycle.history.back();
}

// Source: contract §4.5. The instant at which the warning belongs, were the due `due` and did the
// clock run on from the last active stretch (or from `resumed` while it is paused).
Instant ClockWork::warn_instant(Instant due, Instant resumed) const {
  const Warning& w = spec.warning;
  if (w.kind == Warning::Kind::kNever) return kNever;
  if (w.kind == Warning::Kind::kWorkingDaysBefore) {
    return policy.working().before_working_days(due, w.days);
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
  const std::int64_t counted =
      total / w.denominator * w.numerator + total % w.denominator * w.numerator / w.denominator;
  return counted < before ? kAlways : calendar().add(from, {counted - before});
}

void ClockWork::plan_warning(Threshold& th) {
  th.warn_at = kNever;
  if (!th.exists || !th.warn_armed || th.verdict != Verdict::kPending || th.due == kNever) return;
  const Instant at = warn_instant(th.due, th.since);
  if (at == kNever) return;
  const Instant when = std::max(at, th.since);
  if (when < th.due) th.warn_at = when;
}

void ClockWork::start(Instant t, std::int16_t priority, std::int16_t tier, Instant given,
                      bool paused, std::int32_t cause) {
  cycle.start = t;
  cycle.priority = priority;
  cycle.calendar = calendar(policy, spec, priority, tier);
  cycle.state = paused ? ClockState::kPaused : ClockState::kRunning;
  if (!paused) cycle.active.emplace_back(t, kNever);
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    if (spec.allowance[i].empty()) continue;
    const Allowance& allowance = spec.allowance[i][static_cast<std::size_t>(priority)];
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
  note(Happened::kPaused, t, cause);
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
  note(Happened::kResumed, t, cause);
}

void ClockWork::end(Instant t, std::int32_t cause) {
  const bool running = cycle.state == ClockState::kRunning;
  if (running) cycle.active.back().second = t;
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

void ClockWork::retarget(Instant c, std::int16_t priority, std::int16_t tier, std::int32_t cause) {
  if (!allows(spec, priority)) {
    cancel(c, cause);
    return;
  }
  const std::int16_t to = calendar(policy, spec, priority, tier);
  cycle.priority = priority;
  std::array<Move, kMaxThresholds> moves;
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    if (spec.allowance[i].empty()) continue;
    const Allowance& allowance = spec.allowance[i][static_cast<std::size_t>(priority)];
    moves[i] = move(cycle.thresholds[i], allowance, c, policy.calendar(to));
  }
  cycle.calendar = to;
  bool changed = false;
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    changed = changed || moves[i].changed;
    plan_warning_again(cycle.thresholds[i], moves[i], c);
  }
  if (changed) note(Happened::kRetargeted, c, cause);
  for (std::int16_t i = 0; i < kMaxThresholds; ++i) {
    if (moves[static_cast<std::size_t>(i)].withdrawn) note(Happened::kWithdrawn, c, cause, i);
  }
}

// Source: contract §4.6. `on`: the calendar from now on; the cycle still has the one until now.
ClockWork::Move ClockWork::move(Threshold& th, const Allowance& allowance, Instant c,
                                const Calendar& on) const {
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
  const Instant fresh = on.add(c, {budget(allowance, c)});
  if (!th.exists) {
    th.exists = true;
    set(th, c, fresh, on);
    return {fresh, fresh, true, false};
  }
  const Instant old = breached || !paused ? th.due : calendar().add(c, {th.remaining_ms});
  const Instant full = from_start(budget(allowance, cycle.start), c, on);
  const Instant due = full >= old ? full : std::min(old, fresh);
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
  if (!th.warn_armed && moved.to > moved.from) {
    const Instant at = warn_instant(moved.to, c);
    if (at != kNever && at > c) th.warn_armed = true;
  }
  if (cycle.state != ClockState::kPaused) plan_warning(th);
}

void ClockWork::set_due(Instant c, Instant given, std::int32_t cause) {
  for (std::int16_t i = 0; i < kMaxThresholds; ++i) {
    Threshold& th = cycle.thresholds[static_cast<std::size_t>(i)];
    if (!th.exists) continue;
    const auto& row = spec.allowance[static_cast<std::size_t>(i)];
    const Allowance& allowance = row[static_cast<std::size_t>(cycle.priority)];
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

void ClockWork::breach(std::int16_t threshold, Instant t) {
  Threshold& th = cycle.thresholds[static_cast<std::size_t>(threshold)];
  th.verdict = Verdict::kBreached;
  th.breached_at = t;
  th.warn_at = kNever;
  note(Happened::kBreached, t, -1, threshold);
}

void ClockWork::warn(std::int16_t threshold, Instant t) {
  Threshold& th = cycle.thresholds[static_cast<std::size_t>(threshold)];
  th.warn_armed = false;
  th.warn_at = kNever;
  ++th.warned;
  th.warned_at = t;
  th.warned_due = th.due;
  note(Happened::kWarned, t, -1, threshold);
}

}  // namespace tocsin
