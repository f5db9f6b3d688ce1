// What the parts of Truth share: small questions and steps, each about one clock or one fact.
//
// Included by truth.cc and truth_apply.cc alone. Pure but for the Truth that is given.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/truth/clock_work.h"
#include "engine/truth/truth.h"

namespace tocsin {

inline ClockWork work(Truth& truth, Cycle& cycle) {
  return {*truth.policy, truth.kind->clocks[cycle.clock], cycle};
}

inline bool live(const Cycle& cycle) {
  return cycle.state == ClockState::kRunning || cycle.state == ClockState::kPaused;
}

// The cycle of a clock that runs or is paused; null when there is none.
inline Cycle* live_cycle(Truth& truth, ClockCode clock) {
  const std::int32_t last = truth.clocks[clock].last;
  if (last < 0) return nullptr;
  Cycle& cycle = truth.cycles[static_cast<std::size_t>(last)];
  return live(cycle) ? &cycle : nullptr;
}

struct Moment {  // the state just before a fact, as triggers see it
  StageCode stage;
  bool resolved, ended;
};

// The due that a clock takes of a fact; kNever: none.
inline Instant due_of(const ClockSpec& spec, const EntityFact& fact) {
  return has(spec.second_due, fact.verb) ? fact.second_due : fact.due;
}

// Whether a fact pulls this trigger.
inline bool fires(const Trigger& trigger, const EntityFact& fact, const Moment& at) {
  return trigger.verb == fact.verb && fact.verb != kNone &&
         (trigger.choice == kNone || trigger.choice == fact.choice) &&
         (trigger.stage == kNone || trigger.stage == at.stage) &&
         (!trigger.has_due || (trigger.second_due ? fact.second_due : fact.due) != kNever) &&
         !(trigger.unless_resolved && at.resolved) && !(trigger.unless_ended && at.ended);
}

inline bool any(const std::vector<Trigger>& triggers, const EntityFact& fact, const Moment& at) {
  for (const Trigger& trigger : triggers) {
    if (fires(trigger, fact, at)) return true;
  }
  return false;
}

// ---- waits: each has a word, or none; an entity is paused while any is open

// The word of the wait that the fact at `place` begins or ends; empty: without a word, or all of
// them.
inline std::string_view wait_word(const Truth& truth, const std::vector<EntityFact>& facts,
                                  std::size_t place) {
  const EntityFact& fact = facts[place];
  const VerbCode verb = truth.moves.empty() ? fact.verb : truth.seen(fact).verb;
  return verb != kNone && has(truth.kind->worded, verb) ? fact.words.text() : std::string_view();
}

inline bool waits_for(const Truth& truth, const std::vector<EntityFact>& facts,
                      std::string_view word) {
  return std::any_of(truth.waits.begin(), truth.waits.end(), [&](std::int32_t place) {
    return wait_word(truth, facts, static_cast<std::size_t>(place)) == word;
  });
}

// Whether the entity waits for something that a clock pauses in.
inline bool pauses_in_a_wait(const Truth& truth, const std::vector<EntityFact>& facts,
                             const ClockSpec& spec) {
  if (!spec.pauses || spec.waits.empty()) return spec.pauses && truth.paused;
  return std::any_of(spec.waits.begin(), spec.waits.end(),
                     [&](const std::string& word) { return waits_for(truth, facts, word); });
}

// Those that are open have changed, at `t`.
inline void note_waits(Truth& truth, const std::vector<EntityFact>& facts, Instant t) {
  const bool paused = !truth.waits.empty();
  if (paused && !truth.paused) truth.pauses.emplace_back(t, kNever);
  if (!paused && truth.paused) truth.pauses.back().second = t;
  truth.paused = paused;
  for (const ClockCode c : truth.clocks.codes())
    truth.clocks[c].waits = pauses_in_a_wait(truth, facts, truth.kind->clocks[c]);
}

// References to earlier cycles end here.
inline Cycle& begin_cycle(Truth& truth, ClockCode clock, std::int64_t number) {
  ClockTruth& ct = truth.clocks[clock];
  ct.last = static_cast<std::int32_t>(truth.cycles.size());
  Cycle& cycle = truth.cycles.emplace_back();
  cycle.clock = clock;
  cycle.number = number;
  cycle.tier = truth.tier;
  return cycle;
}

// `given`: the due of thresholds that take it from a fact. `unwarned`: this cycle is never warned.
inline void start_cycle(Truth& truth, ClockCode clock, Instant t, Instant given, std::int32_t cause,
                        bool unwarned = false) {
  Cycle& cycle = begin_cycle(truth, clock, ++truth.clocks[clock].count);
  cycle.unwarned = unwarned;
  work(truth, cycle).start(t, truth.priority, truth.tier, given, truth.clocks[clock].waits, cause);
}

// The breaches in a row are over.
inline void close_run(Truth& truth, ClockTruth& clock, Instant t) {
  if (clock.run < 0) return;
  truth.runs[static_cast<std::size_t>(clock.run)].over = t;
  clock.run = -1;
  clock.in_a_row = 0;
}

// The period that was missed last is nobody's task any more.
inline void make_up(Truth& truth, ClockTruth& clock, Instant t) {
  if (clock.missed < 0) return;
  truth.cycles[static_cast<std::size_t>(clock.missed)].made_up = t;
  clock.missed = -1;
}

// Whether nothing forbids a start, and the priority in force allows it.
inline bool startable(const Truth& truth, const ClockSpec& spec, const ClockTruth& clock) {
  return !(spec.unless_resolved && truth.resolved) && (spec.unless & truth.counted) == 0 &&
         (spec.unless_in_stage & truth.counted_in_stage) == 0 && !clock.resting &&
         ClockWork::allows(spec, truth.priority, truth.tier);
}

// Routings at this priority so far.
inline std::int64_t routed(const Truth& truth, PriorityCode priority) {
  return std::count_if(truth.routings.begin(), truth.routings.end(),
                       [&](const Routing& r) { return r.priority == priority; });
}

// The next routing at this priority begins.
inline void route(Truth& truth, PriorityCode priority, Instant t, std::int32_t cause) {
  const std::int64_t number = routed(truth, priority) + 1;
  truth.routings.push_back(
      {{.kind = GroupKey::Kind::kRouting, .priority = priority, .cycle = number},
       t,
       kNever,
       priority,
       cause});
}

// Whether anybody is told of a routing at this priority.
inline bool routes(const RoutingSpec& routing, PriorityCode priority) {
  if (!routing.by_priority.has(priority)) return false;
  const LadderRow& row = routing.by_priority[priority];
  return !row.ladder.steps.empty() || !row.by_tier.empty();
}

}  // namespace tocsin
