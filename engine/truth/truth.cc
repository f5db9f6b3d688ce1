#include "engine/truth/truth.h"

#include <algorithm>

#include "engine/policy/translate.h"
#include "engine/truth/truth_parts.h"

namespace tocsin {

namespace {

// When a pending threshold's breach fires.
Instant breaches_at(const ClockSpec& spec, const Threshold& th, bool patient) {
  const Instant at = std::max(th.due, th.since);
  return at == kNever || !patient ? at : at + spec.grace;
}

}  // namespace

PriorityCode Truth::priority_at(Instant t) const {
  PriorityCode found = priorities.empty() ? priority : priorities.front().second;
  for (const auto& [when, what] : priorities) {
    if (when > t) break;
    found = what;
  }
  return found;
}

Instant Truth::creation(const std::vector<EntityFact>& facts) {
  return !facts.empty() && facts.front().creates ? facts.front().time : kNever;
}

void Truth::read(const std::vector<EntityFact>& facts, std::size_t most) {
  if (!created) created_at = creation(facts);
  for (; position < facts.size() && most > 0; ++position, --most) {
    if (created_at == kNever) return;
    const Instant t = std::max(facts[position].time, created_at);
    advance(facts, {t.ms - 1}, false);
    apply(facts, position);
  }
}

Truth::Truth(const Entity& entity)
    : Truth(entity.moves.empty() ? *entity.policy : *entity.moves.front().from,
            entity.moves.empty() ? entity.spec()
                                 : *entity.moves.front().from->kind_named(entity.spec().name)) {
  for (std::size_t i = 0; i < entity.moves.size(); ++i) {
    const bool last = i + 1 == entity.moves.size();
    moves.push_back({entity.moves[i].at, last ? entity.policy : entity.moves[i + 1].from,
                     entity.moves[i].read});
  }
  cadences = entity.cadences;
}

// At one instant facts come first, then moves, then dues.
Instant Truth::advance(const std::vector<EntityFact>& facts, Instant until, bool patient) {
  Instant t = next_due(patient);
  for (; t <= until; t = next_due(patient)) {
    if (moved < moves.size() && moves[moved].at <= t) {
      const TruthMove& next = moves[moved++];
      move(facts, *next.to, next.at);
    } else {
      fire_one(facts, t, patient);
    }
  }
  if (!excuses.empty()) mark_excuses(facts);
  return t;
}

Instant Truth::next_due(bool patient) const {
  Instant next = moved < moves.size() ? moves[moved].at : kNever;
  for (const ClockCode c : clocks.codes()) {
    const ClockTruth& clock = clocks[c];
    next = std::min(next, clock.next_period);
    if (clock.last < 0) continue;
    const Cycle& cycle = cycles[static_cast<std::size_t>(clock.last)];
    if (cycle.state != ClockState::kRunning) continue;
    for (const Threshold& th : cycle.thresholds) {
      if (!th.exists || th.verdict != Verdict::kPending) continue;
      next = std::min({next, th.warn_at, breaches_at(kind->clocks[c], th, patient)});
    }
  }
  return next;
}

void Truth::fire_one(const std::vector<EntityFact>& facts, Instant t, bool patient) {
  fired = std::max(fired, t);
  for (const ClockCode c : clocks.codes()) {
    Cycle* cycle = live_cycle(*this, c);
    if (cycle == nullptr || cycle->state != ClockState::kRunning) continue;
    for (const ThresholdCode i : kThresholds) {
      Threshold& th = cycle->thresholds[i];
      if (!th.exists || th.verdict != Verdict::kPending) continue;
      if (th.warn_at == t) {
        work(*this, *cycle).warn(i, t);
        return;
      }
      if (breaches_at(kind->clocks[c], th, patient) == t) {
        breach(facts, *cycle, i, std::max(th.due, th.since));
        return;
      }
    }
  }
  for (const ClockCode c : clocks.codes()) {
    if (clocks[c].next_period == t) {
      start_period(facts, c, t);
      return;
    }
  }
}

// An earlier one of that name is nobody's task any more. Facts of this very instant were read before
// it, and make up for it.
void Truth::miss_period(const std::vector<EntityFact>& facts, ClockCode c, Instant t) {
  for (const ClockCode k : clocks.codes()) {
    if (kind->clocks[k].name == kind->clocks[c].name) make_up(*this, clocks[k], t);
  }
  clocks[c].missed = clocks[c].last;
  const Trigger& match = clocks[c].own_match ? clocks[c].match : kind->clocks[c].cadence.match;
  for (std::size_t i = position; i > 0 && std::max(facts[i - 1].time, created_at) == t; --i) {
    if (facts[i - 1].time == t && fires(match, seen(facts[i - 1]), {stage, resolved, false}))
      make_up(*this, clocks[c], t);
  }
}

void Truth::breach(const std::vector<EntityFact>& facts, Cycle& cycle, ThresholdCode threshold,
                   Instant t) {
  const ClockCode c = cycle.clock;
  const ClockSpec& spec = kind->clocks[c];
  ClockTruth& clock = clocks[c];
  work(*this, cycle).breach(threshold, t);
  if (spec.group_by_run && clock.run < 0) {
    clock.run = static_cast<std::int32_t>(runs.size());
    runs.push_back({cycle.clock, cycle.number, threshold, t, kNever});
  }
  if (!spec.period && !spec.restart_on_breach && spec.breach_enters == kNone) return;
  cycle.ended_by_breach = true;
  if (spec.period) miss_period(facts, c, t);
  work(*this, cycle).stop(t, -1);
  if (spec.restart_on_breach) {
    ++clock.in_a_row;
    if (spec.rest_after > 0 && clock.in_a_row >= spec.rest_after) {
      clock.resting = true;
    } else {
      start_cycle(*this, c, t, kNever, -1, !spec.warn_again);
    }
  }
  if (spec.breach_enters != kNone) enter_stage(spec.breach_enters, t, -1, "breach");
}

void Truth::enter_stage(StageCode to, Instant t, std::int32_t cause, std::string_view reason) {
  for (Routing& routing : routings) {
    if (routing.key.kind == GroupKey::Kind::kStage && routing.over == kNever) routing.over = t;
  }
  if (stage != kNone) {
    for (const ClockCode c : clocks.codes()) {
      if (kind->clocks[c].stage != stage) continue;
      if (Cycle* cycle = live_cycle(*this, c)) work(*this, *cycle).cancel(t, cause);
      clocks[c].armed = false;
    }
  }
  entries.push_back({to, stage, t, cause, reason});
  stage = to;
  resolved = false;
  counted_in_stage = 0;
  for (ClockTruth& clock : clocks) {
    clock.first_done = false;
    clock.preset = kNever;
  }
  const RoutingSpec& routing = kind->routing;
  if (routing.by_stage.has(to) && !routing.by_stage[to].ladder.steps.empty()) {
    routings.push_back({{.kind = GroupKey::Kind::kStage, .stage = to}, t, kNever, kNone, cause});
  }
  for (const ClockCode c : clocks.codes()) {
    const ClockSpec& spec = kind->clocks[c];
    for (const Trigger& trigger : spec.start) {
      if (trigger.enters != to) continue;
      clocks[c].armed = true;
      if (live_cycle(*this, c) == nullptr && startable(*this, spec, clocks[c])) {
        start_cycle(*this, c, t, kNever, cause);
      }
    }
  }
}

Truth::Asked Truth::asked(ClockCode c, Instant t) const {
  const ClockSpec& own = kind->clocks[c];
  const TierCode tier_then = tier_in_force == kNone ? tier : tier_in_force;
  const auto count = [](const PeriodSpec& spec, TierCode of_tier) {
    return spec.count.size() == 1 ? spec.count.front() : spec.count[of_tier];
  };
  const auto then = std::find_if(cadences.rbegin(), cadences.rend(),
                                 [&](const CadenceMove& move) { return move.at <= t; });
  if (then == cadences.rend() || (moved > 0 && moves[moved - 1].at >= then->at))
    return {count(own.cadence, tier_then), &own.cadence, &policy->working(), own.cadence.match};
  const Policy& by = *then->to;
  const KindSpec* there = by.kind_named(kind->name);
  const ClockCode code =
      there == nullptr ? kNone : clock_named(*there, own.name, true, own.cadence.kind);
  if (code == kNone) return {};  // that policy asks for it no more
  const PeriodSpec& spec = there->clocks[code].cadence;
  const Translation back(by, *there, *policy);
  const Trigger match = back.match(spec.match);
  if (match.verb == kNone) return {};  // nobody could do it
  const TierCode its_tier = place_of(policy->tiers[tier_then], by.tiers);
  return {count(spec, its_tier == kNone ? by.default_tier : its_tier), &spec, &by.working(), match,
          false};
}

void Truth::start_period(const std::vector<EntityFact>& facts, ClockCode c, Instant t) {
  const Period own = policy->working().period_at(t, kind->clocks[c].cadence.kind);
  clocks[c].next_period = own.end;
  if (ended != kNone || !created) {
    clocks[c].next_period = kNever;
    return;
  }
  const Asked ask = asked(c, t);
  if (ask.count == 0) return;
  const Calendar& calendar = *ask.calendar;
  const Period period = calendar.period_at(t, kind->clocks[c].cadence.kind);
  if (!calendar.first_working_day(period)) return;
  Instant due = period.end;
  if (ask.spec->due == PeriodSpec::Due::kDay) {
    due = calendar.end_of_day(t, ask.spec->day);
  } else if (ask.spec->due == PeriodSpec::Due::kFirstWorkingDay) {
    due = calendar.end_of_first_working_day(period);
  }
  Cycle& cycle = begin_cycle(*this, c, t.ms);
  ++clocks[c].count;
  clocks[c].own_match = !ask.own;
  clocks[c].match = ask.match;
  cycle.tier = tier_in_force == kNone ? tier : tier_in_force;
  cycle.end = period.end;
  cycle.needed = ask.count;
  work(*this, cycle).start(t, PriorityCode(0), tier, due, false, -1);
  // Facts of this very instant were read before it, and count.
  std::size_t first = position;
  while (first > 0 && std::max(facts[first - 1].time, created_at) == t) --first;
  for (std::size_t i = first; i < position; ++i) {
    if (facts[i].time == t && fires(ask.match, seen(facts[i]), {stage, resolved, false}) &&
        --cycle.needed == 0) {
      work(*this, cycle).stop(t, static_cast<std::int32_t>(i));
      return;
    }
  }
}

void Truth::begin_life(const std::vector<EntityFact>& facts, std::size_t i, Instant t) {
  life_from = kNever;
  for (std::size_t j = i; j < facts.size(); ++j) {
    const EntityFact& fact = facts[j];
    const VerbCode verb = moves.empty() ? fact.verb : seen(fact).verb;
    if (verb == kNone) continue;
    if (has(kind->life, verb)) life_from = std::min(life_from, std::max(fact.time, fact.recorded));
    if (has(kind->ends, verb)) break;
  }
  life_from = std::max({life_from, created_at, t});
  for (const ClockCode c : clocks.codes()) {
    if (!kind->clocks[c].period) continue;
    const Period period = policy->working().period_at(life_from, kind->clocks[c].cadence.kind);
    clocks[c].next_period = period.begin == life_from ? period.begin : period.end;
  }
}

}  // namespace tocsin
