#include "engine/said/group_steps.h"

#include <algorithm>

#include "engine/policy/translate.h"
#include "engine/said/derived.h"

namespace tocsin {

namespace {

const LadderRow* row_of(const KindSpec& kind, const GroupKey& key) {
  switch (key.kind) {
    case GroupKey::Kind::kBreach:
      return &kind.clocks[key.clock].on_breach[key.threshold];
    case GroupKey::Kind::kWarning:
      return &kind.clocks[key.clock].on_warning;
    case GroupKey::Kind::kRouting:
      return &kind.routing.by_priority[key.priority];
    case GroupKey::Kind::kStage:
      return &kind.routing.by_stage[key.stage];
    case GroupKey::Kind::kFault:
      break;
  }
  return nullptr;
}

const Calendar* hours_of(const Way& way, const Step& step, const Truth& truth) {
  if (step.hours == kNone) return nullptr;
  if (step.hours == kTierCalendar)
    return &truth.policy->calendar(truth.policy->tier_calendar[truth.tier]);
  return &way.under->calendar(step.hours);
}

const Step& step_of(const Way& way, std::uint16_t number) {
  const std::vector<Step>& steps = way.ladder->steps;
  return steps[std::min<std::size_t>(number, steps.size()) - 1];
}

// Where a clock stood still that pauses in certain waits only: between the times in which it ran.
Pauses stills_of(const Truth& truth, ClockCode clock) {
  Pauses stills;
  Instant since{kNever};
  for (const Cycle& cycle : truth.cycles) {
    if (cycle.clock != clock) continue;
    if (since == kNever) since = cycle.start;
    for (const auto& [begin, end] : cycle.active) {
      if (since < begin) stills.emplace_back(since, begin);
      since = end;
    }
    const bool paused = cycle.state == ClockState::kPaused;
    if (paused) stills.emplace_back(since, kNever);
    if (!paused && cycle.state != ClockState::kRunning) since = kNever;
  }
  return stills;
}

// Where `ms` of time end that does not count where the group's clock stands still.
Instant counted_of_clock(const Truth& truth, ClockCode clock, Instant from, std::int64_t ms,
                         const Calendar* calendar) {
  if (truth.kind->clocks[clock].waits.empty()) return counted(from, ms, calendar, &truth.pauses);
  const Pauses stills = stills_of(truth, clock);
  return counted(from, ms, calendar, &stills);
}

}  // namespace

Way way_of(const Policy& policy, const KindSpec& kind, const GroupKey& key, TierCode tier,
           PriorityCode priority) {
  const LadderRow* row = row_of(kind, key);
  if (row == nullptr) return {&kind.fault.ladder, nullptr, false, &policy, kNone};
  const bool pauses = key.clock != kNone && kind.clocks[key.clock].pauses;
  if (row->by_tier.has(tier)) return {&row->by_tier[tier], row, pauses, &policy, key.clock};
  if (row->by_priority.has(priority))
    return {&row->by_priority[priority], row, pauses, &policy, key.clock};
  return {&row->ladder, row, pauses, &policy, key.clock};
}

Way way_of(const Entity& entity, const SaidGroup& group) {
  const Policy& policy = *entity.policy;
  const Policy* under = policy.of_version(group.under);
  if (under == nullptr || under == &policy)
    return way_of(policy, entity.spec(), group.key, group.tier, group.priority);
  const Translation back(policy, entity.spec(), *under);
  GroupKey key = group.key;
  key.clock = back.clock(key.clock);
  key.threshold = back.threshold(key.threshold);
  key.priority = back.priority(key.priority);
  key.stage = back.stage(key.stage);
  Way way = way_of(*under, back.to_kind, key, group.tier, group.priority);
  way.clock = group.key.clock;
  way.pauses = way.pauses && way.clock != kNone;
  return way;
}

RoleCodes roles_of(const Way& way, const Policy& policy, std::uint16_t number) {
  const std::vector<RoleCode>& of = step_of(way, number).roles;
  RoleCodes roles(of.begin(), of.end());
  if (way.under == &policy) return roles;
  for (RoleCode& role : roles) role = place_of(way.under->roles[role], policy.roles);
  return roles;
}

std::int64_t timeout_of(const Way& way, const Policy& policy, PriorityCode priority) {
  if (way.row == nullptr || way.row->ack_timeout.empty()) return 0;
  const Coded<PriorityCode, Duration>& timeouts = way.row->ack_timeout;
  if (timeouts.size() == 1) return timeouts.front().ms;
  const PriorityCode code = way.under == &policy
                                ? priority
                                : place_of(policy.priority_name(priority), way.under->priorities);
  return code == kNone ? 0 : timeouts[code].ms;
}

Instant counted(Instant from, std::int64_t ms, const Calendar* calendar, const Pauses* pauses) {
  const auto end_of = [&](Instant at, std::int64_t left) {
    return calendar == nullptr ? Instant{at.ms + left} : calendar->add(at, {left});
  };
  Instant at = from;
  std::int64_t left = ms;
  if (pauses != nullptr) {
    for (const auto& [begin, end] : *pauses) {
      if (end <= at || begin == end) continue;
      if (begin > at) {
        if (end_of(at, left) < begin) break;
        left -= calendar == nullptr ? begin.ms - at.ms : calendar->elapsed(at, begin).ms;
      }
      if (end == kNever) return kNever;
      at = end;
    }
  }
  return end_of(at, left);
}

Instant step_instant(const Way& way, const Truth& truth, const Anchor& anchor,
                     std::uint16_t number) {
  if (number <= anchor.step) return anchor.at;
  const Step &from = step_of(way, anchor.step), &to = step_of(way, number);
  if (to.working_days > 0) {
    const int days = to.working_days - from.working_days;
    // Midnight belongs to the day before.
    const Instant day{anchor.at.ms - 1};
    return days > 0 ? truth.policy->working().end_of_working_day(day, days) : anchor.at;
  }
  const std::int64_t ms = std::max<std::int64_t>(to.after.ms - from.after.ms, 0);
  const Calendar* hours = hours_of(way, to, truth);
  return way.pauses ? counted_of_clock(truth, way.clock, anchor.at, ms, hours)
                    : counted(anchor.at, ms, hours, nullptr);
}

Upcoming upcoming(const Entity& entity, const Truth& truth, const SaidGroup& group) {
  const auto next = static_cast<std::uint16_t>(group.step + 1);
  if (group.reopened > group.rung) return {next, group.reopened_at};
  const Way way = way_of(entity, group);
  if (group.step >= way.ladder->steps.size()) return {};
  return {next, step_instant(way, truth, {group.anchor_step, group.anchor}, next)};
}

bool still_owed(const Entity& entity, const Truth& truth, const SaidGroup& group) {
  if (group.key.kind != GroupKey::Kind::kBreach) return false;
  if (group.told != times_told(entity, group.key)) return false;
  const Cycle* cycle = truth.find(group.key.clock, group.key.cycle);
  if (cycle == nullptr || cycle->state == ClockState::kStopped ||
      cycle->state == ClockState::kCancelled)
    return false;
  const Threshold& th = cycle->thresholds[group.key.threshold];
  return th.exists && th.verdict == Verdict::kBreached &&
         truth.excused_at(*cycle, group.key.threshold) == kNever &&
         std::max(cycle->last_end_by_fact, cycle->last_end_by_due) < group.acknowledged_at;
}

Instant runs_out(const Entity& entity, const Truth& truth, const SaidGroup& group) {
  if (group.state != GroupState::kAcknowledged || group.timeout_ms == 0) return kNever;
  if (!still_owed(entity, truth, group)) return kNever;
  const Instant from = group.acknowledged_at;
  return entity.spec().clocks[group.key.clock].pauses
             ? counted_of_clock(truth, group.key.clock, from, group.timeout_ms, nullptr)
             : counted(from, group.timeout_ms, nullptr, nullptr);
}

Instant next_step(const Entity& entity, const Truth& truth) {
  Instant next = kNever;
  for (const SaidGroup& group : entity.groups) {
    if (group.state == GroupState::kOpen) {
      next = std::min(next, upcoming(entity, truth, group).at);
    } else {
      next = std::min(next, runs_out(entity, truth, group));
    }
  }
  return next;
}

}  // namespace tocsin
