#include "engine/truth.h"

#include <algorithm>

#include "engine/clock_work.h"

namespace tocsin {

namespace {

constexpr VerbMask bit(std::int16_t verb) { return VerbMask{1} << verb; }
bool has(VerbMask mask, std::int16_t verb) { return (mask & bit(verb)) != 0; }

ClockWork work(Truth& truth, Cycle& cycle) {
  return {*truth.policy, truth.kind->clocks[static_cast<std::size_t>(cycle.clock)], cycle};
}

bool live(const Cycle& cycle) {
  return cycle.state == ClockState::kRunning || cycle.state == ClockState::kPaused;
}

Cycle* live_cycle(Truth& truth, std::size_t clock) {
  const std::int32_t last = truth.clocks[clock].last;
  if (last < 0) return nullptr;
  Cycle& cycle = truth.cycles[static_cast<std::size_t>(last)];
  return live(cycle) ? &cycle : nullptr;
}

// When a pending threshold's breach fires.
Instant breaches_at(const ClockSpec& spec, const Threshold& th, bool patient) {
  const Instant at = std::max(th.due, th.since);
  return at == kNever || !patient ? at : at + spec.grace;
}

struct Moment {  // the state just before a fact, as triggers see it
  std::int16_t stage;
  bool resolved, ended;
};

bool fires(const Trigger& trigger, const EntityFact& fact, const Moment& at) {
  return trigger.verb == fact.verb && fact.verb != kNone &&
         (trigger.choice == kNone || trigger.choice == fact.choice) &&
         (trigger.stage == kNone || trigger.stage == at.stage) &&
         (!trigger.has_due || fact.due != kNever) && !(trigger.unless_resolved && at.resolved) &&
         !(trigger.unless_ended && at.ended);
}

bool any(const std::vector<Trigger>& triggers, const EntityFact& fact, const Moment& at) {
  for (const Trigger& trigger : triggers) {
    if (fires(trigger, fact, at)) return true;
  }
  return false;
}

Cycle& begin_cycle(Truth& truth, std::size_t clock, std::int64_t number) {
  ClockTruth& ct = truth.clocks[clock];
  ct.last = static_cast<std::int32_t>(truth.cycles.size());
  Cycle& cycle = truth.cycles.emplace_back();
  cycle.clock = static_cast<std::int16_t>(clock);
  cycle.number = number;
  cycle.tier = truth.tier;
  return cycle;
}

void start_cycle(Truth& truth, std::size_t clock, Instant t, Instant given, std::int32_t cause) {
  const ClockSpec& spec = truth.kind->clocks[clock];
  Cycle& cycle = begin_cycle(truth, clock, ++truth.clocks[clock].count);
  work(truth, cycle).start(t, truth.priority, truth.tier, given, spec.pauses && truth.paused, cause);
}

void close_run(Truth& truth, ClockTruth& clock, Instant t) {
  if (clock.run < 0) return;
  truth.runs[static_cast<std::size_t>(clock.run)].over = t;
  clock.run = -1;
  clock.in_a_row = 0;
}

bool startable(const Truth& truth, const ClockSpec& spec, const ClockTruth& clock) {
  return !(spec.unless_resolved && truth.resolved) && (spec.unless & truth.counted) == 0 &&
         (spec.unless_in_stage & truth.counted_in_stage) == 0 && !clock.resting &&
         ClockWork::allows(spec, truth.priority);
}

void route(Truth& truth, std::int16_t priority, Instant t) {
  const std::int64_t number = ++truth.routed[static_cast<std::size_t>(priority)];
  truth.routings.push_back({{GroupKey::Kind::kRouting, kNone, number, priority, {}}, t, kNever, priority});
}

bool routes(const RoutingSpec& routing, std::int16_t priority) {
  const auto p = static_cast<std::size_t>(priority);
  return p < routing.by_priority.size() && (!routing.by_priority[p].ladder.steps.empty() ||
                                            !routing.by_priority[p].by_tier.empty());
}

void set_priority(Truth& truth, std::int16_t priority, Instant t, std::int32_t cause) {
  const std::int16_t was = truth.priority;
  if (priority == was) return;
  truth.priority = priority;
  truth.priorities.emplace_back(t, priority);
  for (std::size_t c = 0; c < truth.clocks.size(); ++c) {
    const ClockSpec& spec = truth.kind->clocks[c];
    if (spec.period) continue;
    ClockTruth& clock = truth.clocks[c];
    if (Cycle* cycle = live_cycle(truth, c)) {
      work(truth, *cycle).retarget(t, priority, truth.tier, cause);
    } else if (clock.armed && !ClockWork::allows(spec, was) && startable(truth, spec, clock)) {
      start_cycle(truth, c, t, kNever, cause);
    }
    if (!ClockWork::allows(spec, priority)) close_run(truth, clock, t);
  }
  const RoutingSpec& routing = truth.kind->routing;
  if (priority < was && routes(routing, priority) && routing.on_raise[static_cast<std::size_t>(priority)] &&
      truth.routed[static_cast<std::size_t>(priority)] == 0) {
    route(truth, priority, t);
  }
}

}  // namespace

std::int16_t Truth::priority_at(Instant t) const {
  std::int16_t found = priorities.empty() ? priority : priorities.front().second;
  for (const auto& [when, what] : priorities) {
    if (when > t) break;
    found = what;
  }
  return found;
}

Instant Truth::creation(const std::vector<EntityFact>& facts) {
  return !facts.empty() && facts.front().creates ? facts.front().time : kNever;
}

void Truth::read(const std::vector<EntityFact>& facts) {
  if (!created) created_at = creation(facts);
  for (; position < facts.size(); ++position) {
    if (created_at == kNever) return;
    const Instant t = std::max(facts[position].time, created_at);
    advance(facts, {t.ms - 1}, false);
    apply(facts, position);
  }
}

void Truth::advance(const std::vector<EntityFact>& facts, Instant until, bool patient) {
  for (Instant t = next_due(patient); t <= until; t = next_due(patient)) fire_one(facts, t, patient);
}

Instant Truth::next_due(bool patient) const {
  Instant next = kNever;
  for (std::size_t c = 0; c < clocks.size(); ++c) {
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
  for (std::size_t c = 0; c < clocks.size(); ++c) {
    Cycle* cycle = live_cycle(*this, c);
    if (cycle == nullptr || cycle->state != ClockState::kRunning) continue;
    for (std::int16_t i = 0; i < kMaxThresholds; ++i) {
      Threshold& th = cycle->thresholds[static_cast<std::size_t>(i)];
      if (!th.exists || th.verdict != Verdict::kPending) continue;
      if (th.warn_at == t) {
        work(*this, *cycle).warn(i, t);
        return;
      }
      if (breaches_at(kind->clocks[c], th, patient) == t) {
        breach(*cycle, i, std::max(th.due, th.since));
        return;
      }
    }
  }
  for (std::size_t c = 0; c < clocks.size(); ++c) {
    if (clocks[c].next_period == t) {
      start_period(facts, c, t);
      return;
    }
  }
}

void Truth::breach(Cycle& cycle, std::int16_t threshold, Instant t) {
  const auto c = static_cast<std::size_t>(cycle.clock);
  const ClockSpec& spec = kind->clocks[c];
  ClockTruth& clock = clocks[c];
  work(*this, cycle).breach(threshold, t);
  if (spec.group_by_run && clock.run < 0) {
    clock.run = static_cast<std::int32_t>(runs.size());
    runs.push_back({cycle.clock, cycle.number, threshold, t, kNever});
  }
  if (!spec.period && !spec.restart_on_breach && spec.breach_enters == kNone) return;
  cycle.ended_by_breach = true;
  work(*this, cycle).stop(t, -1);
  if (spec.restart_on_breach) {
    ++clock.in_a_row;
    if (spec.rest_after > 0 && clock.in_a_row >= spec.rest_after) {
      clock.resting = true;
    } else {
      start_cycle(*this, c, t, kNever, -1);
    }
  }
  if (spec.breach_enters != kNone) enter_stage(spec.breach_enters, t, -1, "breach");
}

void Truth::enter_stage(std::int16_t to, Instant t, std::int32_t cause, const std::string& reason) {
  if (stage != kNone) {
    for (std::size_t c = 0; c < clocks.size(); ++c) {
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
  if (static_cast<std::size_t>(to) < routing.by_stage.size() &&
      !routing.by_stage[static_cast<std::size_t>(to)].ladder.steps.empty()) {
    routings.push_back({{GroupKey::Kind::kStage, kNone, 0, to, {}}, t, kNever, kNone});
  }
  for (std::size_t c = 0; c < clocks.size(); ++c) {
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

void Truth::start_period(const std::vector<EntityFact>& facts, std::size_t c, Instant t) {
  const ClockSpec& spec = kind->clocks[c];
  const Calendar& calendar = policy->working();
  const Period period = calendar.period_at(t, spec.cadence.kind);
  clocks[c].next_period = period.end;
  if (ended != kNone || !created) {
    clocks[c].next_period = kNever;
    return;
  }
  const std::int16_t in_force = tier_in_force == kNone ? tier : tier_in_force;
  const auto& count = spec.cadence.count;
  const int needed = count[count.size() == 1 ? 0 : static_cast<std::size_t>(in_force)];
  if (needed == 0) return;
  Instant due = period.end;
  if (spec.cadence.due == PeriodSpec::Due::kDay) {
    due = calendar.end_of_day(t, spec.cadence.day);
  } else if (spec.cadence.due == PeriodSpec::Due::kFirstWorkingDay) {
    due = calendar.end_of_first_working_day(period);
  }
  Cycle& cycle = begin_cycle(*this, c, t.ms);
  ++clocks[c].count;
  cycle.tier = in_force;
  cycle.end = period.end;
  cycle.needed = needed;
  work(*this, cycle).start(t, 0, tier, due, false, -1);
  // Facts of this very instant were read before it, and count.
  std::size_t first = position;
  while (first > 0 && std::max(facts[first - 1].time, created_at) == t) --first;
  for (std::size_t i = first; i < position; ++i) {
    if (facts[i].time == t && fires(spec.cadence.match, facts[i], {stage, resolved, false}) &&
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
    if (fact.verb == kNone) continue;
    if (has(kind->life, fact.verb)) life_from = std::min(life_from, std::max(fact.time, fact.recorded));
    if (has(kind->ends, fact.verb)) break;
  }
  life_from = std::max({life_from, created_at, t});
  for (std::size_t c = 0; c < clocks.size(); ++c) {
    if (!kind->clocks[c].period) continue;
    const Period period = policy->working().period_at(life_from, kind->clocks[c].cadence.kind);
    clocks[c].next_period = period.begin == life_from ? period.begin : period.end;
  }
}

void Truth::apply(const std::vector<EntityFact>& facts, std::size_t i) {
  const EntityFact& fact = facts[i];
  const auto cause = static_cast<std::int32_t>(i);
  const Instant t = std::max(fact.time, created_at);
  const std::int16_t v = fact.verb;
  if (v == kNone) return;
  const KindSpec& k = *kind;
  const bool creating = !created;
  if (creating) {
    created = true;
    creator = cause;
    priority = fact.priority != kNone ? fact.priority : k.default_priority;
    tier = fact.tier != kNone ? fact.tier : policy->default_tier;
    priorities.emplace_back(t, priority);
  }
  const bool reviving = ended != kNone && has(k.revives, v);
  if (ended != kNone && !reviving && !has(k.after_end[static_cast<std::size_t>(ended)], v)) return;
  const bool again = fact.creates && !creating && !reviving;
  if (again && !has(k.tiers, v)) return;
  if (has(k.resolves, v) && resolved) return;
  if (has(k.pauses, v) && (paused || resolved)) return;
  if (has(k.resumes, v) && !paused) return;
  if (has(k.reopens, v) && !resolved && ended == kNone) return;

  const Moment before{stage, resolved, ended != kNone};
  const bool was_paused = paused;
  if (has(k.tiers, v) && fact.tier != kNone) tier_in_force = fact.tier;
  if (has(k.life, v) && (reviving || life_from == kNever)) {
    ended = reviving ? kNone : ended;
    begin_life(facts, i, t);
  }
  if (v == k.priority_verb && fact.priority != kNone) set_priority(*this, fact.priority, t, cause);
  if (has(k.resolves, v)) resolved = true;
  if (has(k.reopens, v)) {
    resolved = false;
    ended = kNone;
  }
  if (has(k.ends, v) && ended == kNone) ended = v;
  if (has(k.pauses, v)) paused = true;
  if (has(k.resumes | k.resolves | k.ends | k.reopens, v)) paused = false;

  for (std::size_t c = 0; c < clocks.size(); ++c) {
    const ClockSpec& spec = k.clocks[c];
    ClockTruth& clock = clocks[c];
    Cycle* cycle = live_cycle(*this, c);
    if (spec.period) {
      if (ended != kNone) clock.next_period = kNever;
      if (cycle == nullptr) continue;
      if (has(k.ends, v)) {
        work(*this, *cycle).cancel(t, cause);
      } else if (fires(spec.cadence.match, fact, before) && fact.time >= cycle->start &&
                 fact.time < cycle->end && --cycle->needed == 0) {
        work(*this, *cycle).stop(t, cause);
      }
      continue;
    }
    if (any(spec.run_ends, fact, before)) close_run(*this, clock, t);
    const bool stops = any(spec.stop, fact, before);
    const bool cancels = has(k.cancels | spec.cancel, v);
    const bool restarts = has(spec.restart, v);
    if (stops || cancels) clock.armed = false;
    if (cycle != nullptr) {
      if (cancels) {
        work(*this, *cycle).cancel(t, cause);
      } else if (stops || restarts) {
        work(*this, *cycle).stop(t, cause);
      } else if (spec.pauses && paused && !was_paused) {
        work(*this, *cycle).pause(t, cause);
      } else if (cycle->state == ClockState::kPaused && !paused && was_paused) {
        work(*this, *cycle).resume(t, cause);
      } else if (has(spec.sets, v) && fact.due != kNever) {
        work(*this, *cycle).set_due(t, fact.due, cause);
      }
    }
    if (has(spec.presets, v) && fact.due != kNever) clock.preset = fact.due;
    if (has(spec.wakes, v)) {
      clock.resting = false;
      clock.in_a_row = 0;
    }
  }

  for (const StageMove& move : k.moves) {
    if (move.verb != v || (move.choice != kNone && move.choice != fact.choice)) continue;
    const bool from = move.from.empty() ? creating
                                        : std::find(move.from.begin(), move.from.end(), before.stage) !=
                                              move.from.end();
    if (from) {
      enter_stage(move.to, t, cause, move.reason);
      break;
    }
  }

  for (std::size_t c = 0; c < clocks.size(); ++c) {
    const ClockSpec& spec = k.clocks[c];
    ClockTruth& clock = clocks[c];
    if (spec.period) continue;
    const bool runs_on = has(spec.resume, v);
    if (runs_on) {
      clock.armed = true;
      if (clock.last >= 0) {
        Cycle& cycle = cycles[static_cast<std::size_t>(clock.last)];
        if (!live(cycle)) {
          work(*this, cycle).run_on(t, cause);
          if (cycle.priority != priority) work(*this, cycle).retarget(t, priority, tier, cause);
        }
        continue;
      }
    }
    bool start = runs_on || has(spec.restart, v);
    for (const Trigger& trigger : spec.start) {
      if (trigger.enters != kNone || !fires(trigger, fact, before)) continue;
      if (trigger.first && clock.first_done) continue;
      if (trigger.first) clock.first_done = true;
      start = true;
    }
    if (!start) continue;
    clock.armed = true;
    if (live_cycle(*this, c) == nullptr && startable(*this, spec, clock)) {
      start_cycle(*this, c, t, fact.due != kNever ? fact.due : clock.preset, cause);
    }
  }

  for (Routing& routing : routings) {
    if (routing.over == kNever && any(k.routing.clear, fact, before)) routing.over = t;
  }
  if (creating && routes(k.routing, priority)) route(*this, priority, t);
  if (has(k.reopens, v) && routes(k.routing, priority) &&
      k.routing.on_reopen[static_cast<std::size_t>(priority)]) {
    route(*this, priority, t);
  }
  counted |= bit(v);
  counted_in_stage |= bit(v);
}

}  // namespace tocsin
