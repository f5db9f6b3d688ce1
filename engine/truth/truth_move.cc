// From one version of the policy to another while clocks run (contract §11).
#include <algorithm>
#include <bit>

#include "engine/entity/follow.h"
#include "engine/policy/translate.h"
#include "engine/truth/truth_parts.h"

namespace tocsin {

namespace {

// A clock whose start fact happened and whose stop fact did not, as this clock's policy sees facts
// that were read by earlier ones.
struct Armed {
  bool armed = false;
  Instant given{kNever};
};

Armed armed_by(const std::vector<EntityFact>& facts, std::size_t read, const Truth& truth,
               const ClockSpec& spec) {
  Armed clock;
  for (const Trigger& trigger : spec.start) {
    if (trigger.enters != kNone && trigger.enters == truth.stage) clock.armed = true;
  }
  const Moment at{truth.stage, false, false};
  for (std::size_t i = 0; i < read; ++i) {
    const EntityFact fact = truth.seen(facts[i]);
    if (fact.verb == kNone) continue;
    if (any(spec.stop, fact, at) || has(truth.kind->cancels | spec.cancel, fact.verb)) clock = {};
    for (const Trigger& trigger : spec.start) {
      if (trigger.enters == kNone && fires(trigger, fact, at)) clock = {true, due_of(spec, fact)};
    }
  }
  return clock;
}

template <class T>
void put_in_order(ByThreshold<T>& values, const ByThreshold<ThresholdCode>& places) {
  const auto before = values;
  values = {};
  for (const ThresholdCode i : kThresholds) {
    if (places[i] != kNone) values[places[i]] = before[i];
  }
}

ThresholdMask put_in_order(ThresholdMask exists, const ByThreshold<ThresholdCode>& places) {
  ThresholdMask there = 0;
  for (const ThresholdCode i : kThresholds) {
    if (has(exists, i) && places[i] != kNone) there |= bit(places[i]);
  }
  return there;
}

template <class C>
C or_else(C code, C otherwise) {
  return code == kNone ? otherwise : code;
}

void recode_cycle(Cycle& cycle, const Translation& words) {
  const auto places = words.thresholds();
  cycle.clock = words.clock(cycle.clock);
  cycle.calendar = or_else(words.calendar(cycle.calendar), words.to.always_calendar);
  cycle.priority = or_else(words.priority_in_force(cycle.priority), words.to_kind.default_priority);
  cycle.tier = or_else(words.tier(cycle.tier), words.to.default_tier);
  put_in_order(cycle.thresholds, places);
  for (KeptDue& kept : cycle.kept) {
    kept.priority = words.priority_in_force(kept.priority);
    kept.threshold = places[kept.threshold];
    kept.calendar = or_else(words.calendar(kept.calendar), words.to.always_calendar);
  }
  std::erase_if(cycle.kept, [](const KeptDue& kept) {
    return kept.priority == kNone || kept.threshold == kNone;
  });
  for (Happening& h : cycle.history) {
    h.exists = put_in_order(h.exists, places);
    put_in_order(h.due, places);
    put_in_order(h.verdict, places);
    h.calendar = or_else(words.calendar(h.calendar), words.to.always_calendar);
    if (h.threshold != kNone) h.threshold = places[h.threshold];
  }
}

}  // namespace

EntityFact Truth::seen(const EntityFact& fact) const {
  return seen_by(*policy, *kind, fact, moves.empty() ? *policy : *moves.back().to);
}

void Truth::recode(const Policy& to) {
  const Translation words(*policy, *kind, to);
  Coded<ClockCode, ClockTruth> now(words.to_kind.clocks.size());
  for (const ClockCode c : clocks.codes()) {
    const ClockCode there = words.clock(c);
    ClockTruth& clock = now[there];
    clock = clocks[c];
    clock.match = words.match(clock.own_match ? clock.match : kind->clocks[c].cadence.match);
    const bool gone = words.to_kind.clocks[there].retired;
    clock.own_match =
        kind->clocks[c].period && (live_cycle(*this, c) != nullptr || (clock.missed >= 0 && gone));
  }
  clocks = std::move(now);
  for (Cycle& cycle : cycles) recode_cycle(cycle, words);
  for (StageEntry& entry : entries) {
    entry.to = words.stage(entry.to);
    entry.from = words.stage(entry.from);
  }
  for (Routing& r : routings) {
    r.key.stage = words.stage(r.key.stage);
    r.key.priority = words.priority(r.key.priority);
    r.priority = words.priority(r.priority);
  }
  for (Reopening& reopening : reopenings) reopening.clock = words.clock(reopening.clock);
  for (Run& run : runs) {
    run.clock = words.clock(run.clock);
    run.threshold = words.threshold(run.threshold);
  }
  for (Excused& excuse : excused) {
    excuse.clock = words.clock(excuse.clock);
    excuse.threshold = words.threshold(excuse.threshold);
  }
  const PriorityCode usual = words.to_kind.default_priority;
  priority = or_else(words.priority_in_force(priority), usual);
  for (auto& [_, was] : priorities) was = or_else(words.priority_in_force(was), usual);
  tier = or_else(words.tier(tier), to.default_tier);
  tier_in_force = words.tier(tier_in_force);
  stage = words.stage(stage);
  if (ended != kNone) {
    ended = words.verb(ended);
    if (ended == kNone && words.to_kind.ends != 0)
      ended = VerbCode(std::countr_zero(words.to_kind.ends));
  }
  counted = words.verbs(counted);
  counted_in_stage = words.verbs(counted_in_stage);
  policy = &to;
  kind = &words.to_kind;
}

void Truth::foretell() {
  if (is_behind()) recode(*moves.back().to);
}

void Truth::move(const std::vector<EntityFact>& facts, const Policy& to, Instant t) {
  const Policy& was = *policy;
  const KindSpec& was_kind = *kind;
  const PriorityCode was_priority = priority;
  const TierCode was_tier = tier;
  recode(to);
  fired = std::max(fired, t);
  if (!created || ended != kNone) return;
  if (stage != kNone && kind->retired_stage(stage)) leave_stage(t);
  move_waits(facts, t);
  const Translation back(*policy, *kind, was);
  for (const ClockCode c : clocks.codes()) {
    const ClockCode before = back.clock(c);
    if (kind->clocks[c].period) {
      move_period(c, before != kNone && !was_kind.clocks[before].retired, to.to_open, t);
    } else {
      const bool allowed =
          before != kNone && ClockWork::allows(was_kind.clocks[before], was_priority, was_tier);
      move_clock(facts, c, before != kNone, allowed, t);
    }
  }
}

// A wait that this policy knows no more is over: nothing could end it.
void Truth::move_waits(const std::vector<EntityFact>& facts, Instant t) {
  const auto unknown = [&](std::int32_t place) {
    const VerbCode verb = seen(facts[static_cast<std::size_t>(place)]).verb;
    return verb == kNone || !has(kind->pauses, verb);
  };
  waits.erase(std::remove_if(waits.begin(), waits.end(), unknown), waits.end());
  note_waits(*this, facts, t);
}

void Truth::leave_stage(Instant t) {
  for (Routing& r : routings) {
    if (r.key.kind == GroupKey::Kind::kStage && r.key.stage == stage && r.over == kNever)
      r.over = t;
  }
  stage = kNone;
}

void Truth::move_clock(const std::vector<EntityFact>& facts, ClockCode c, bool known, bool allowed,
                       Instant t) {
  const ClockSpec& spec = kind->clocks[c];
  ClockTruth& clock = clocks[c];
  const bool allows = !spec.retired && ClockWork::allows(spec, priority, tier);
  if (Cycle* cycle = live_cycle(*this, c)) {
    ClockWork running = work(*this, *cycle);
    if (cycle->state == ClockState::kRunning && clock.waits) running.pause(t, kByPolicy);
    if (cycle->state == ClockState::kPaused && !clock.waits) running.resume(t, kByPolicy);
    running.retarget(t, priority, tier, kByPolicy);
  } else if (!allowed && allows) {
    Armed armed{clock.armed, kNever};
    if (!known || clock.armed) armed = armed_by(facts, position, *this, spec);
    clock.armed = armed.armed;
    if (armed.armed && startable(*this, spec, clock))
      start_cycle(*this, c, t, armed.given, kByPolicy);
  }
  if (!allows) close_run(*this, clock, t);
}

// What runs goes on to its period's end; a clock that is no more ends only where open entities are
// asked for. New ones begin with the next period.
void Truth::move_period(ClockCode c, bool known, bool to_open, Instant t) {
  const ClockSpec& spec = kind->clocks[c];
  ClockTruth& clock = clocks[c];
  Cycle* cycle = live_cycle(*this, c);
  const bool unreadable = clock.own_match && clock.match.verb == kNone;
  if (cycle != nullptr && ((spec.retired && to_open) || unreadable))
    work(*this, *cycle).cancel(t, kByPolicy);
  if (spec.retired && to_open) make_up(*this, clock, t);
  if (spec.retired) {
    clock.next_period = kNever;
  } else if (!known && life_from != kNever) {
    const Instant from = std::max(t, life_from);
    const Period period = policy->working().period_at(from, spec.cadence.kind);
    clock.next_period = period.begin == from ? period.begin : period.end;
  }
}

bool concerns(const KindSpec& kind, const Policy& to) {
  const KindSpec* there = to.kind_named(kind.name);
  return there != nullptr && (to.to_open || kind.has_periods);
}

bool moves_to(const Entity& e, const Policy& to) {
  const bool created = !e.facts.empty() && e.facts.front().creates;
  const KindSpec* there = to.kind_named(e.spec().name);
  if (!created || there == nullptr || to.version <= e.policy->version) return false;
  if (!to.to_open && !(e.spec().periods_only() && there->periods_only())) return false;
  if (e.truth && e.truth->position == e.facts.size())
    return e.truth->created && e.truth->ended == kNone;
  Truth known(e);
  known.read(e.facts);
  return known.created && known.ended == kNone;
}

}  // namespace tocsin
