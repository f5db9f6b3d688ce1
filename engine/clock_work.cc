#include "engine/clock_work.h"

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
Instant ClockWork::warn_instant(const Threshold&, Instant due, Instant resumed) const {
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
  const Instant at = warn_instant(th, th.due, th.since);
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

void ClockWork::end(Instant t) {
  const bool running = cycle.state == ClockState::kRunning;
  if (running) cycle.active.back().second = t;
  cycle.stopped = t;
  for (Threshold& th : cycle.thresholds) {
    th.warn_at = kNever;
    if (!th.exists || th.verdict != Verdict::kPending || !running) continue;
    th.remaining_ms = th.due > t ? calendar().elapsed(t, th.due).ms : 0;
  }
}

void ClockWork::stop(Instant t, std::int32_t cause) {
  const bool paused = cycle.state == ClockState::kPaused;
  end(t);
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
  end(t);
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

// Source: contract §4.6.
void ClockWork::retarget(Instant c, std::int16_t priority, std::int16_t tier, std::int32_t cause) {
  if (!allows(spec, priority)) {
    cancel(c, cause);
    return;
  }
  const bool paused = cycle.state == ClockState::kPaused;
  const std::int16_t was = cycle.calendar;
  const Calendar& old_calendar = policy.calendar(was);
  const std::int16_t now = calendar(policy, spec, priority, tier);
  const Calendar& on = policy.calendar(now);
  cycle.priority = priority;
  bool changed = false;
  std::vector<std::int16_t> withdrawn;
  std::array<Instant, kMaxThresholds> old_due{}, new_due{};
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    if (spec.allowance[i].empty()) continue;
    Threshold& th = cycle.thresholds[i];
    const Allowance& allowance = spec.allowance[i][static_cast<std::size_t>(priority)];
    const bool wanted = allowance.kind != Allowance::Kind::kNothing;
    if (!wanted) {
      if (!th.exists) continue;
      if (th.verdict == Verdict::kBreached) withdrawn.push_back(static_cast<std::int16_t>(i));
      const std::uint16_t warned = th.warned;
      th = Threshold{};
      th.warned = warned;  // warnings are counted on should it appear again
      changed = true;
      continue;
    }
    if (allowance.kind == Allowance::Kind::kGiven) continue;
    const Instant fresh = on.add(c, {budget(allowance, c)});
    if (!th.exists) {
      th.exists = true;
      th.since = c;
      if (paused) {
        th.remaining_ms = on.elapsed(c, fresh).ms;
      } else {
        th.due = fresh;
      }
      old_due[i] = new_due[i] = fresh;
      changed = true;
      continue;
    }
    const bool breached = th.verdict == Verdict::kBreached;
    const Instant before = breached || !paused ? th.due : old_calendar.add(c, {th.remaining_ms});
    const Instant full = from_start(budget(allowance, cycle.start), c, on);
    const Instant due = full >= before ? full : std::min(before, fresh);
    if (breached) {
      if (due <= c) continue;
      withdrawn.push_back(static_cast<std::int16_t>(i));
      th.verdict = Verdict::kPending;
      th.breached_at = kNever;
      changed = true;
    }
    old_due[i] = before;
    new_due[i] = due;
    th.since = c;
    if (paused) {
      const std::int64_t left = on.elapsed(c, due).ms;
      changed = changed || left != th.remaining_ms;
      th.remaining_ms = left;
      th.due = kNever;
    } else {
      changed = changed || due != th.due;
      th.due = due;
    }
  }
  cycle.calendar = now;
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    Threshold& th = cycle.thresholds[i];
    if (!th.exists || th.verdict != Verdict::kPending) continue;
    if (!th.warn_armed && new_due[i] > old_due[i]) {
      const Instant at = warn_instant(th, new_due[i], c);
      if (at != kNever && at > c) th.warn_armed = true;
    }
    if (!paused) plan_warning(th);
  }
  if (changed) note(Happened::kRetargeted, c, cause);
  for (const std::int16_t i : withdrawn) note(Happened::kWithdrawn, c, cause, i);
}

void ClockWork::set_due(Instant c, Instant given, std::int32_t cause) {
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    const Allowance& allowance = spec.allowance[i][static_cast<std::size_t>(cycle.priority)];
    Instant due = given;
    if (spec.capped) due = std::min(due, from_start(budget(allowance, cycle.start), c, calendar()));
    const bool paused = cycle.state == ClockState::kPaused;
    const bool breached = th.verdict == Verdict::kBreached;
    if (breached && due <= c) continue;
    const Instant before = breached || !paused ? th.due : calendar().add(c, {th.remaining_ms});
    bool changed = breached || due != before;
    if (breached) {
      th.verdict = Verdict::kPending;
      th.breached_at = kNever;
    }
    th.since = c;
    if (paused) {
      th.remaining_ms = due > c ? calendar().elapsed(c, due).ms : 0;
      th.due = kNever;
    } else {
      th.due = due;
    }
    if (!th.warn_armed && due > before) {
      const Instant at = warn_instant(th, due, c);
      if (at != kNever && at > c) th.warn_armed = true;
    }
    if (!paused) plan_warning(th);
    if (changed) note(Happened::kRetargeted, c, cause);
    if (breached) note(Happened::kWithdrawn, c, cause, static_cast<std::int16_t>(i));
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
  note(Happened::kWarned, t, -1, threshold);
}

}  // namespace tocsin
