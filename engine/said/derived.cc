#include "engine/said/derived.h"

#include <algorithm>
#include <utility>

namespace tocsin {

namespace {

using enum DerivedType;

constexpr std::size_t kFewSaid = 3;  // clocks' cycles that most entities have

SaidGroup* find_group(Entity& entity, const GroupKey& key, std::uint16_t instance) {
  for (auto it = entity.groups.rbegin(); it != entity.groups.rend(); ++it) {
    if (it->instance == instance && same_name(it->key, key)) return &*it;
  }
  return nullptr;
}

SaidStage& stage_of(Entity& entity, StageCode stage) {
  for (SaidStage& s : entity.stages) {
    if (s.stage == stage) return s;
  }
  SaidStage& added = entity.stages.emplace_back();
  added.stage = stage;
  return added;
}

void take_dues(SaidCycle& said, const Derived& event) {
  for (const ThresholdCode i : kThresholds) {
    SaidThreshold& th = said.thresholds[i];
    th.exists = has(event.exists, i);
    if (th.exists) th.due = event.due[i];
  }
}

void apply_clock(Entity& entity, Derived& event) {
  SaidCycle* said = find_said(entity, event.clock, event.cycle);
  if (said == nullptr) {
    if (entity.said.empty()) entity.said.reserve(kFewSaid);
    said = &entity.said.emplace_back();
    said->clock = event.clock;
    said->cycle = event.cycle;
  }
  SaidThreshold* th = event.threshold == kNone ? nullptr : &said->thresholds[event.threshold];
  switch (event.type) {
    case kClockStarted: {
      event.n = ++said->started;
      for (SaidThreshold& t : said->thresholds) {
        t.breached = false;
        t.verdict = Verdict::kPending;
        t.warned = 0;
      }
      said->state = SaidState::kRunning;
      said->gone = false;
      said->start = event.start;
      take_dues(*said, event);
      break;
    }
    case kClockRetargeted:
      event.n = ++said->retargeted;
      if (said->state != SaidState::kPaused) said->state = SaidState::kRunning;
      said->start = event.start;
      take_dues(*said, event);
      break;
    case kClockPaused:
      event.n = ++said->paused;
      said->state = SaidState::kPaused;
      break;
    case kClockResumed:
      event.n = ++said->resumed;
      said->state = SaidState::kRunning;
      said->start = event.start;
      for (SaidThreshold& t : said->thresholds) t.verdict = Verdict::kPending;
      take_dues(*said, event);
      break;
    case kClockWarned:
      event.n = ++th->warned_ids;
      th->warned = event.warning;
      break;
    case kClockBreached:
      event.n = ++th->breached_ids;
      th->breached = true;
      th->breached_at = event.time;
      if (event.tells_due) th->due = event.due[event.threshold];
      break;
    case kClockWithdrawn:
      event.n = ++th->withdrawn_ids;
      // A re-target that takes a breach back may bring another one at its own instant, which is told
      // before it.
      if (event.reason == kLateCause || th->breached_at < event.time) th->breached = false;
      break;
    case kClockStopped:
    case kClockCorrected:
      event.n = event.type == kClockStopped ? ++said->ended : ++said->corrected;
      said->state = SaidState::kStopped;
      said->stopped = event.stopped;
      said->elapsed_ms = event.elapsed_ms;
      if (event.type == kClockCorrected && event.start != kAlways) said->start = event.start;
      take_dues(*said, event);
      for (const ThresholdCode i : kThresholds) said->thresholds[i].verdict = event.verdict[i];
      break;
    case kClockCancelled:
      event.n = ++said->cancelled;
      said->state = SaidState::kCancelled;
      said->gone = event.gone;
      break;
    default:
      break;
  }
}

void apply_group(Entity& entity, Derived& event, Instant recorded) {
  SaidGroup* group = find_group(entity, event.group, event.instance);
  if (event.type == kEscalationRaised) {
    if (group == nullptr) {
      group = &entity.groups.emplace_back();
      group->key = event.group;
      group->instance = event.instance;
      group->under = entity.policy->version;
      group->begun = event.begun;
      group->high = event.high;
      group->tier = event.tier;
      group->priority = event.priority;
      group->raised_at = recorded;
      group->anchor = event.begun;
      group->told = times_told(entity, event.group);
    }
    group->step = event.step;
    group->last_step = event.time;
    group->roles = event.roles;
    group->rung = std::max(group->rung, event.rung);
    if (event.anchor_step != 0) {
      group->anchor_step = event.anchor_step;
      group->anchor = event.anchor;
    }
    for (std::size_t i = 0; i < event.persons.size(); ++i) {
      group->calls.push_back({std::string(event.persons[i]),
                              i < event.person_roles.size() ? event.person_roles[i] : RoleCode(),
                              event.step, event.time});
    }
    return;
  }
  if (group == nullptr) return;
  event.n = 1;
  switch (event.type) {
    case kEscalationAcknowledged:
      event.n = ++group->acknowledged;
      group->state = GroupState::kAcknowledged;
      group->acknowledged_at = event.time;
      group->timeout_ms = event.timeout_ms;
      group->by = event.by;
      break;
    case kEscalationReopened:
      event.n = ++group->reopened;
      group->state = GroupState::kOpen;
      group->reopened_at = event.time;
      group->timeout_ms = 0;
      break;
    case kEscalationCleared:
      group->state = GroupState::kCleared;
      break;
    default:
      group->state = GroupState::kWithdrawn;
      break;
  }
}

}  // namespace

const SaidCycle* find_said(const Entity& entity, ClockCode clock, std::int64_t cycle) {
  constexpr std::size_t kFew = 32;
  if (entity.said.size() > kFew) return entity.said_index.find(entity.said, clock, cycle);
  for (auto it = entity.said.rbegin(); it != entity.said.rend(); ++it) {
    if (it->clock == clock && it->cycle == cycle) return &*it;
  }
  return nullptr;
}

SaidCycle* find_said(Entity& entity, ClockCode clock, std::int64_t cycle) {
  return const_cast<SaidCycle*>(find_said(std::as_const(entity), clock, cycle));
}

Derived kept(const Derived& event, Arena& words) {
  Derived copy = event;
  each_view(copy, [&](std::string_view& view) { view = words.keep(view); });
  return copy;
}

std::uint16_t times_told(const Entity& entity, const GroupKey& key) {
  if (key.kind == GroupKey::Kind::kStage) {
    for (const SaidStage& stage : entity.stages) {
      if (stage.stage == key.stage) return stage.advanced;
    }
  }
  if (key.kind != GroupKey::Kind::kBreach) return 0;
  const SaidCycle* said = find_said(entity, key.clock, key.cycle);
  return said == nullptr ? std::uint16_t{0} : said->thresholds[key.threshold].breached_ids;
}

void apply(Entity& entity, Derived& event, Instant recorded) {
  switch (event.type) {
    case kComplaintAdvanced: {
      SaidStage& stage = stage_of(entity, event.to);
      stage.stands = true;
      stage.from = event.from;
      event.n = ++stage.advanced;
      break;
    }
    case kComplaintWithdrawn: {
      SaidStage& stage = stage_of(entity, event.to);
      stage.stands = false;
      event.n = ++stage.withdrawn;
      break;
    }
    case kFaultRecurring:
      event.n = 1;
      break;
    case kEscalationRaised:
    case kEscalationAcknowledged:
    case kEscalationCleared:
    case kEscalationWithdrawn:
    case kEscalationReopened:
      apply_group(entity, event, recorded);
      break;
    default:
      apply_clock(entity, event);
      break;
  }
}

void DecisionReader::take(Entity& entity, Derived& event, Instant recorded) {
  if (!waiting_.empty() && (entity_ != &entity || event.of == 0)) apply_waiting();
  if (event.of == 0) return apply(entity, event, recorded);
  entity_ = &entity;
  recorded_ = recorded;
  waiting_.push_back(kept(event, words_));
  if (waiting_.size() == event.of) apply_waiting();
}

void DecisionReader::apply_waiting() {
  std::sort(waiting_.begin(), waiting_.end(),
            [](const Derived& a, const Derived& b) { return a.place < b.place; });
  for (Derived& event : waiting_) apply(*entity_, event, recorded_);
  waiting_.clear();
  words_.clear();
}

}  // namespace tocsin
