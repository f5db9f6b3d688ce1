// One fact's effect: what it changes in the entity's state, and then in its clocks, stages,
// routings.
#include <algorithm>

#include "engine/truth/truth_parts.h"

namespace tocsin {

namespace {

void set_priority(Truth& truth, PriorityCode priority, Instant t, std::int32_t cause) {
  const PriorityCode was = truth.priority;
  if (priority == was) return;
  truth.priority = priority;
  truth.priorities.emplace_back(t, priority);
  for (const ClockCode c : truth.clocks.codes()) {
    const ClockSpec& spec = truth.kind->clocks[c];
    if (spec.period) continue;
    ClockTruth& clock = truth.clocks[c];
    if (Cycle* cycle = live_cycle(truth, c)) {
      work(truth, *cycle).retarget(t, priority, truth.tier, cause);
    } else if (clock.armed && !ClockWork::allows(spec, was, truth.tier) &&
               startable(truth, spec, clock)) {
      start_cycle(truth, c, t, kNever, cause);
    }
    if (!ClockWork::allows(spec, priority, truth.tier)) close_run(truth, clock, t);
  }
  for (Routing& routing : truth.routings) {
    if (routing.over == kNever && routing.priority != kNone) routing.over = t;
  }
  const RoutingSpec& routing = truth.kind->routing;
  if (priority < was && routes(routing, priority) && routing.on_raise[priority]) {
    route(truth, priority, t, cause);
  }
}

}  // namespace

// A fact that is being applied, with the state just before it.
class FactEffect {
 public:
  FactEffect(Truth& truth, const std::vector<EntityFact>& facts, std::size_t place)
      : truth_(truth),
        kind_(*truth.kind),
        facts_(facts),
        fact_(facts[place]),
        place_(place),
        cause_(static_cast<std::int32_t>(place)),
        t_(std::max(fact_.time, truth.created_at)),
        creating_(!truth.created),
        reviving_(truth.ended != kNone && is(truth.kind->revives)),
        before_{truth.stage, truth.resolved, truth.ended != kNone} {}

  void run() {
    if (creating_) create();
    if (fact_.verb == kind_.excuse_verb) truth_.excuses.push_back(cause_);
    if (!counts()) return;
    change_state();
    for (const ClockCode c : truth_.clocks.codes()) {
      if (kind_.clocks[c].period) {
        change_period(c);
      } else {
        change_clock(c);
      }
    }
    move_stage();
    for (const ClockCode c : truth_.clocks.codes()) {
      const ClockSpec& spec = kind_.clocks[c];
      if (!spec.period && is(spec.starts)) start_clock(c, spec);
    }
    change_routings();
    truth_.counted |= bit(fact_.verb);
    truth_.counted_in_stage |= bit(fact_.verb);
  }

 private:
  bool is(VerbMask mask) const { return has(mask, fact_.verb); }

  void create() {
    truth_.created = true;
    truth_.creator = cause_;
    truth_.priority = fact_.priority != kNone ? fact_.priority : kind_.default_priority;
    truth_.tier = fact_.tier != kNone ? fact_.tier : truth_.policy->default_tier;
    truth_.priorities.emplace_back(t_, truth_.priority);
  }

  // Whether it has any effect: not after the end, not a second creation, not a state again.
  bool counts() const {
    if (truth_.ended != kNone && !reviving_ && !is(kind_.after_end[truth_.ended])) return false;
    if (fact_.creates && !creating_ && !reviving_ && !is(kind_.tiers)) return false;
    if (is(kind_.resolves) && truth_.resolved) return false;
    if (is(kind_.pauses) && (truth_.resolved || waits_for(truth_, facts_, word()))) return false;
    if (is(kind_.resumes) && !(word().empty() ? truth_.paused : waits_for(truth_, facts_, word())))
      return false;
    return !is(kind_.reopens) || truth_.resolved || truth_.ended != kNone;
  }

  std::string_view word() const { return wait_word(truth_, facts_, place_); }

  void change_waits() {
    const bool all = is(kind_.resolves | kind_.ends | kind_.reopens);
    if (!all && !is(kind_.pauses | kind_.resumes)) return;
    if (is(kind_.pauses)) truth_.waits.push_back(cause_);
    if (all || (is(kind_.resumes) && word().empty())) {
      truth_.waits.clear();
    } else if (is(kind_.resumes)) {
      truth_.waits.erase(
          std::find_if(truth_.waits.begin(), truth_.waits.end(), [&](std::int32_t wait) {
            return wait_word(truth_, facts_, static_cast<std::size_t>(wait)) == word();
          }));
    }
    note_waits(truth_, facts_, t_);
  }

  void change_state() {
    if (is(kind_.tiers) && fact_.tier != kNone) truth_.tier_in_force = fact_.tier;
    if (is(kind_.life) && (reviving_ || truth_.life_from == kNever)) {
      if (reviving_) truth_.ended = kNone;
      truth_.begin_life(facts_, place_, t_);
    }
    if (fact_.verb == kind_.priority_verb && fact_.priority != kNone) {
      set_priority(truth_, fact_.priority, t_, cause_);
    }
    if (is(kind_.resolves)) truth_.resolved = true;
    if (is(kind_.reopens)) {
      truth_.resolved = false;
      truth_.ended = kNone;
    }
    if (is(kind_.ends) && truth_.ended == kNone) truth_.ended = fact_.verb;
    change_waits();
  }

  void change_period(ClockCode c) {
    if (truth_.ended != kNone) truth_.clocks[c].next_period = kNever;
    Cycle* cycle = live_cycle(truth_, c);
    if (is(kind_.ends)) make_up(truth_, truth_.clocks[c], t_);
    const ClockTruth& clock = truth_.clocks[c];
    const bool matches =
        fires(clock.own_match ? clock.match : kind_.clocks[c].cadence.match, fact_, before_);
    if (matches && clock.missed >= 0 &&
        fact_.time >=
            truth_.cycles[static_cast<std::size_t>(clock.missed)].thresholds[ThresholdCode(0)].due)
      make_up(truth_, truth_.clocks[c], t_);
    if (cycle == nullptr) return;
    if (is(kind_.ends)) {
      work(truth_, *cycle).cancel(t_, cause_);
    } else if (matches && fact_.time >= cycle->start && fact_.time < cycle->end &&
               --cycle->needed == 0) {
      work(truth_, *cycle).stop(t_, cause_);
    }
  }

  // Stops, cancels, pauses, resumes or sets the due of what runs.
  void change_clock(ClockCode c) {
    const ClockSpec& spec = kind_.clocks[c];
    ClockTruth& clock = truth_.clocks[c];
    if (!is(spec.changes | kind_.cancels)) {
      if (Cycle* cycle = live_cycle(truth_, c)) follow_waits(*cycle, clock);
      return;
    }
    if (any(spec.run_ends, fact_, before_)) close_run(truth_, clock, t_);
    const bool stops = any(spec.stop, fact_, before_);
    const bool cancels = is(kind_.cancels | spec.cancel);
    if (stops || cancels) clock.armed = false;
    if (Cycle* cycle = live_cycle(truth_, c)) {
      ClockWork running = work(truth_, *cycle);
      if (cancels) {
        running.cancel(t_, cause_);
      } else if (stops || is(spec.restart)) {
        running.stop(t_, cause_);
      } else if (!follow_waits(*cycle, clock) && is(spec.sets) && due_of(spec, fact_) != kNever) {
        running.set_due(t_, due_of(spec, fact_), cause_);
      }
    }
    if (is(spec.presets) && due_of(spec, fact_) != kNever) clock.preset = due_of(spec, fact_);
    if (is(spec.wakes)) {
      clock.resting = false;
      clock.in_a_row = 0;
    }
  }

  // A clock is paused while the entity waits for something that it pauses in.
  bool follow_waits(Cycle& cycle, const ClockTruth& clock) {
    if (clock.waits == (cycle.state == ClockState::kPaused)) return false;
    clock.waits ? work(truth_, cycle).pause(t_, cause_) : work(truth_, cycle).resume(t_, cause_);
    return true;
  }

  void move_stage() {
    for (const StageMove& move : kind_.moves) {
      if (move.verb != fact_.verb || (move.choice != kNone && move.choice != fact_.choice))
        continue;
      const bool from = move.from.empty() ? creating_
                                          : std::find(move.from.begin(), move.from.end(),
                                                      before_.stage) != move.from.end();
      if (!from) continue;
      truth_.enter_stage(move.to, t_, cause_, move.reason);
      return;
    }
  }

  void start_clock(ClockCode c, const ClockSpec& spec) {
    ClockTruth& clock = truth_.clocks[c];
    if (is(spec.resume) && clock.last >= 0) return run_on(c);
    bool start = is(spec.resume) || is(spec.restart);
    for (const Trigger& trigger : spec.start) {
      if (trigger.enters != kNone || !fires(trigger, fact_, before_)) continue;
      if (trigger.first && clock.first_done) continue;
      if (trigger.first) clock.first_done = true;
      start = true;
    }
    if (!start) return;
    clock.armed = true;
    if (live_cycle(truth_, c) == nullptr && startable(truth_, spec, clock)) {
      const Instant given = due_of(spec, fact_);
      start_cycle(truth_, c, t_, given != kNever ? given : clock.preset, cause_);
    }
  }

  // The last cycle runs on, under the priority that is in force.
  void run_on(ClockCode c) {
    truth_.clocks[c].armed = true;
    Cycle& cycle = truth_.cycles[static_cast<std::size_t>(truth_.clocks[c].last)];
    if (live(cycle)) return;
    work(truth_, cycle).run_on(t_, cause_);
    truth_.reopenings.push_back({cycle.clock, cycle.number, t_, cause_});
    if (cycle.priority != truth_.priority)
      work(truth_, cycle).retarget(t_, truth_.priority, truth_.tier, cause_);
  }

  void change_routings() {
    const RoutingSpec& routing = kind_.routing;
    for (Routing& r : truth_.routings) {  // what a fact raises it does not clear
      if (r.over == kNever && r.cause != cause_ && any(routing.clear, fact_, before_)) r.over = t_;
    }
    const PriorityCode priority = truth_.priority;
    if (!routes(routing, priority)) return;
    if (creating_) route(truth_, priority, t_, cause_);
    if (is(kind_.reopens) && routing.on_reopen[priority]) route(truth_, priority, t_, cause_);
  }

  Truth& truth_;
  const KindSpec& kind_;
  const std::vector<EntityFact>& facts_;
  const EntityFact& fact_;
  std::size_t place_;
  std::int32_t cause_;
  Instant t_;  // when it counts
  bool creating_, reviving_;
  Moment before_;
};

void Truth::apply(const std::vector<EntityFact>& facts, std::size_t place) {
  if (facts[place].verb != kNone) FactEffect(*this, facts, place).run();
}

}  // namespace tocsin
