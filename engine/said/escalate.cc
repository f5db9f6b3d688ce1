#include "engine/said/escalate.h"

#include <algorithm>

#include "engine/entity/follow.h"
#include "engine/said/group_close.h"
#include "engine/said/group_steps.h"
#include "engine/said/persons.h"

namespace tocsin {

namespace {

using enum DerivedType;

template <class More>
void add_roles(RoleCodes& roles, const More& more) {
  for (const RoleCode role : more) {
    if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
  }
}

Derived of(const SaidGroup& group, DerivedType type, Instant time) {
  Derived event;
  event.type = type;
  event.time = time;
  event.group = group.key;
  event.instance = group.instance;
  event.tier = group.tier;
  event.priority = group.priority;
  event.begun = group.begun;
  event.high = group.high;
  return event;
}

// Steps of an open group that are raised together: only the last is told, to the roles of all.
struct Climb {
  std::size_t group = 0;
  std::uint16_t step = 0;  // the last one
  Instant at;              // its instant
  Anchor anchor;
  bool moved = false;      // the anchor is another than was told
  std::uint16_t rung = 0;  // the reopening that is answered; 0: none
  RoleCodes roles;
  std::string_view cause;  // the fact that called for it
  bool raises = false;
};

class Escalator {
 public:
  Escalator(Announcement& a, std::size_t first)
      : a_(a), kind_(a.entity.spec()), first_(first), last_(a.out.size()) {}

  void run() {
    if (!a_.entity.groups.empty()) {
      closings_ = closings_of(a_, first_, last_);
      obey_facts();
      for (const Closing& c : closings_) close(c);
      run_out();
    }
    begin_groups();
    climb_groups();
  }

  void fault(const std::string& name, Instant time) {
    begin({.kind = GroupKey::Kind::kFault, .name = name}, time, kNone);
  }

 private:
  // ---- what facts ask for ----------------------------------------------------------------------

  // Acknowledgements and calls for the next step, in the facts' order.
  void obey_facts() {
    if (kind_.acknowledge_verb == kNone && kind_.escalate_verb == kNone) return;
    for (std::size_t f = 0; f < a_.entity.facts.size(); ++f) {
      const EntityFact& fact = a_.entity.facts[f];
      if (fact.read || fact.verb == kNone) continue;
      const VerbCode verb = verb_now(a_.entity, fact);
      if (verb == kNone) continue;
      const bool acknowledges = verb == kind_.acknowledge_verb;
      if (!acknowledges && verb != kind_.escalate_verb) continue;
      const Instant t = a_.truth.created ? std::max(fact.time, a_.truth.created_at) : fact.time;
      for (std::size_t g = 0; g < a_.entity.groups.size(); ++g) {
        if (!reaches(fact, f, t, a_.entity.groups[g])) continue;
        if (runs_out(a_.entity, a_.truth, a_.entity.groups[g]) < t) reopen(g);
        if (a_.entity.groups[g].state != GroupState::kOpen) continue;
        if (acknowledges) {
          acknowledge(g, t, fact);
        } else {
          call_next(g, t, fact);
        }
      }
    }
  }

  // Whether a fact that counts at `t` is about a group: by its name, or as one of all that had
  // begun before it.
  bool reaches(const EntityFact& fact, std::size_t place, Instant t, const SaidGroup& group) const {
    if (group.state != GroupState::kOpen && group.state != GroupState::kAcknowledged) return false;
    if (group.raised_at == a_.now) return false;  // a later one: the clock was set back since
    if (!fact.words.more().empty())
      return group_id(a_.entity, a_.policy, group.key, group.instance) == fact.words.more();
    if (group.state == GroupState::kAcknowledged) return true;  // it may have run out before it
    const Instant opened = group.reopened > 0 ? group.reopened_at : group.begun;
    if (opened != t) return opened < t;
    const std::int32_t cause = group.reopened > 0 ? -1 : cause_of(group.key);
    return cause >= 0 && static_cast<std::size_t>(cause) < place;
  }

  // The fact that began a group; -1: it fell due.
  std::int32_t cause_of(const GroupKey& key) const {
    for (const Routing& routing : a_.truth.routings) {
      if (routing.key == key) return routing.cause;
    }
    if (key.reopening == 0) return -1;
    for (const Reopening& r : a_.truth.reopenings) {
      if (reopening_hash(a_.entity.facts[static_cast<std::size_t>(r.cause)]) == key.reopening)
        return r.cause;
    }
    return -1;
  }

  // Of an acknowledgement and a closing the earlier one counts, the acknowledgement at a tie.
  void acknowledge(std::size_t g, Instant t, const EntityFact& fact) {
    if (const Closing* closing = closing_of(g); closing != nullptr && closing->time < t) return;
    const SaidGroup& group = a_.entity.groups[g];
    Derived event = of(group, kEscalationAcknowledged, t);
    event.by = fact.words.text();
    event.cause = fact.words.order();
    event.timeout_ms = timeout(group, t);
    a_.say(std::move(event));
    std::erase_if(climbs_, [&](const Climb& c) { return c.group == g; });
  }

  std::int64_t timeout(const SaidGroup& group, Instant t) const {
    return timeout_of(way_of(a_.entity, group), a_.policy, a_.truth.priority_at(t));
  }

  const Closing* closing_of(std::size_t g) const {
    const auto it = std::find_if(closings_.begin(), closings_.end(),
                                 [&](const Closing& c) { return c.group == g; });
    return it == closings_.end() ? nullptr : &*it;
  }

  // The next step comes at `t`, and the further ones at their distances from it. What was to come
  // before comes too; at that very instant it is the one that is called for.
  void call_next(std::size_t g, Instant t, const EntityFact& fact) {
    if (closing_of(g) != nullptr) return;
    Climb& climb = climb_of(g);
    const SaidGroup& group = a_.entity.groups[g];
    const Way way = way_of(a_.entity, group);
    climb_until(climb, way, t);
    if (climb.step >= way.ladder->steps.size()) return;
    const Instant at = std::max(t, climb.at);
    take_step(climb, way, at);
    climb.rung = group.reopened;
    climb.cause = fact.words.order();
    climb.anchor = {climb.step, at};
    climb.moved = true;
  }

  // ---- what time asks for ----------------------------------------------------------------------

  void reopen(std::size_t g) {
    const SaidGroup& group = a_.entity.groups[g];
    Derived event = of(group, kEscalationReopened, runs_out(a_.entity, a_.truth, group));
    event.reason = "acknowledged, not done";
    a_.say(std::move(event));
  }

  // Acknowledgements after which nothing was done.
  void run_out() {
    for (std::size_t g = 0; g < a_.entity.groups.size(); ++g) {
      if (runs_out(a_.entity, a_.truth, a_.entity.groups[g]) <= a_.now) reopen(g);
    }
  }

  Climb& climb_of(std::size_t g) {
    for (Climb& climb : climbs_) {
      if (climb.group == g) return climb;
    }
    const SaidGroup& group = a_.entity.groups[g];
    Climb& climb = climbs_.emplace_back();
    climb.group = g;
    climb.step = group.step;
    climb.at = group.last_step;
    climb.anchor = {group.anchor_step, group.anchor};
    return climb;
  }

  void take_step(Climb& climb, const Way& way, Instant at) {
    ++climb.step;
    climb.at = at;
    climb.raises = true;
    add_roles(climb.roles, roles_of(way, a_.policy, climb.step));
  }

  // Takes the steps whose instant lies before `end`.
  void climb_until(Climb& climb, const Way& way, Instant end) {
    const SaidGroup& group = a_.entity.groups[climb.group];
    if (group.reopened > group.rung && climb.rung == 0 && group.reopened_at < end) {
      climb.rung = group.reopened;
      take_step(climb, way, group.reopened_at);
      climb.anchor = {climb.step, group.reopened_at};
      climb.moved = true;
    }
    while (climb.step < way.ladder->steps.size()) {
      const auto next = static_cast<std::uint16_t>(climb.step + 1);
      const Instant at = step_instant(way, a_.truth, climb.anchor, next);
      if (at >= end) break;
      take_step(climb, way, at);
    }
  }

  void climb_groups() {
    for (std::size_t g = 0; g < a_.entity.groups.size(); ++g) {
      const SaidGroup& group = a_.entity.groups[g];
      if (group.state != GroupState::kOpen) continue;
      const bool moved =
          std::any_of(climbs_.begin(), climbs_.end(), [&](const Climb& c) { return c.group == g; });
      if (!moved && upcoming(a_.entity, a_.truth, group).at > a_.now) continue;
      Climb& climb = climb_of(g);
      climb_until(climb, way_of(a_.entity, group), {a_.now.ms + 1});
      if (!climb.raises) continue;
      Derived event = of(group, kEscalationRaised, climb.at);
      event.step = climb.step;
      event.rung = climb.rung;
      if (climb.moved) {
        event.anchor_step = climb.anchor.step;
        event.anchor = climb.anchor.at;
      }
      event.roles = climb.roles;
      event.cause = climb.cause;
      raise(std::move(event));
    }
  }

  // ---- what closes and begins --------------------------------------------------------------------

  void close(const Closing& c) {
    const SaidGroup& group = a_.entity.groups[c.group];
    if (group.state != GroupState::kOpen) return;
    Derived event = of(group, c.type, c.time);
    event.cause = c.cause;
    a_.say(std::move(event));
  }

  void begin_groups() {
    const bool all = !a_.truth.compared;
    for (const Cycle& cycle : a_.truth.cycles) {
      if (!all && cycle.history.empty()) continue;
      if (!kind_.clocks[cycle.clock].group_by_run) begin_breaches(cycle);
    }
    for (std::size_t i = first_; i < last_; ++i) {
      if (a_.out[i].type != kClockWarned) continue;
      const GroupKey key{.kind = GroupKey::Kind::kWarning,
                         .clock = a_.out[i].clock,
                         .threshold = a_.out[i].threshold,
                         .cycle = a_.out[i].cycle};
      const Cycle* cycle = a_.truth.find(key.clock, key.cycle);
      const Instant time = a_.out[i].time;
      if (cycle != nullptr && runs(*cycle)) begin(key, time, cycle->tier);
    }
    for (const Run& run : a_.truth.runs) {
      const GroupKey key{.clock = run.clock, .threshold = run.threshold, .cycle = run.first};
      if (run.over != kNever || stands(key)) continue;
      if (a_.truth.excused_at(run) == kNever) begin(key, run.begin, a_.truth.tier);
    }
    for (const Routing& routing : a_.truth.routings) {
      if (routing.over == kNever && !stands(routing.key))
        begin(routing.key, routing.begin, a_.truth.tier, routing.cause);
    }
  }

  static bool runs(const Cycle& cycle) {
    return cycle.state == ClockState::kRunning || cycle.state == ClockState::kPaused;
  }

  // Whether its clock ended after a breach at `begin`, for other reasons than that. A fact of that
  // very instant came before it.
  static bool over(const Cycle& cycle, Instant begin) {
    if (cycle.last_end_by_fact > begin) return true;
    return !cycle.ended_by_breach && cycle.last_end_by_due >= begin;
  }

  // When a cycle ran on last; null: it never did.
  const Reopening* reopened(const Cycle& cycle) const {
    const auto& all = a_.truth.reopenings;
    const auto last = std::find_if(all.rbegin(), all.rend(), [&](const Reopening& r) {
      return r.clock == cycle.clock && r.cycle == cycle.number;
    });
    return last == all.rend() ? nullptr : &*last;
  }

  // Breaches that were told and stand, each once, and again for the last reopening.
  void begin_breaches(const Cycle& cycle) {
    for (const ThresholdCode i : kThresholds) {
      const Threshold& th = cycle.thresholds[i];
      if (!th.exists || th.verdict != Verdict::kBreached || cycle.made_up != kNever) continue;
      if (a_.truth.excused_at(cycle, i) != kNever) continue;
      const SaidCycle* said = find_said(a_.entity, cycle.clock, cycle.number);
      if (said == nullptr || !said->thresholds[i].breached) continue;
      GroupKey key{.clock = cycle.clock, .threshold = i, .cycle = cycle.number};
      Instant begin = th.breached_at;
      if (begin == kNever) continue;  // only its stop says so
      if (const Reopening* last = reopened(cycle); last != nullptr && last->at > begin) {
        begin = last->at;
        key.reopening = reopening_hash(a_.entity.facts[static_cast<std::size_t>(last->cause)]);
        if (!runs(cycle)) continue;
      }
      if (over(cycle, begin) || stands(key)) continue;
      this->begin(key, begin, cycle.tier);
    }
  }

  // Whether a group of that key was raised and not taken back; of a breach that is raised again,
  // whether one is open.
  bool stands(const GroupKey& key) const {
    const std::uint16_t told = times_told(a_.entity, key);
    for (const SaidGroup& group : a_.entity.groups) {
      if (group.state == GroupState::kOpen && same_name(group.key, key) &&
          (key.kind != GroupKey::Kind::kRouting || group.key == key))
        return true;
      if (group.key == key && group.told == told && group.state != GroupState::kWithdrawn)
        return true;
    }
    return false;
  }

  // Groups are counted by name.
  std::uint16_t next_instance(const GroupKey& key) const {
    return static_cast<std::uint16_t>(
        1 + std::count_if(a_.entity.groups.begin(), a_.entity.groups.end(),
                          [&](const SaidGroup& group) { return same_name(group.key, key); }));
  }

  bool urgent(const GroupKey& key, PriorityCode priority) const {
    if (key.clock != kNone && kind_.clocks[key.clock].low) return false;
    if (kind_.urgent_always) return true;
    return kind_.prioritized && a_.policy.urgent[priority];
  }

  // `cause`: the place of the fact that it came of; -1: none alone.
  void begin(const GroupKey& key, Instant begin, TierCode tier, std::int32_t cause = -1) {
    const PriorityCode priority = !kind_.prioritized ? PriorityCode()
                                  : key.kind == GroupKey::Kind::kRouting
                                      ? key.priority
                                      : a_.truth.priority_at(begin);
    const Way way = way_of(a_.policy, kind_, key, tier, priority);
    if (way.ladder->steps.empty() || begin < a_.policy.quiet_before) return;
    Derived event;
    event.type = kEscalationRaised;
    event.time = begin;
    event.group = key;
    if (cause >= 0) {
      const EntityFact& fact = a_.entity.facts[static_cast<std::size_t>(cause)];
      if (!fact.read) event.cause = fact.words.order();
    }
    event.instance = next_instance(key);
    event.begun = begin;
    event.tier = tier;
    event.priority = priority;
    event.high = urgent(key, priority);
    for (event.step = 1;; ++event.step) {
      add_roles(event.roles, roles_of(way, a_.policy, event.step));
      if (event.step == 1) add_conditional_roles(event.roles, way.row, priority, tier);
      if (event.step == way.ladder->steps.size()) break;
      const Instant next =
          step_instant(way, a_.truth, {1, begin}, static_cast<std::uint16_t>(event.step + 1));
      if (next > a_.now) break;
      event.time = next;
    }
    raise(std::move(event));
  }

  void add_conditional_roles(RoleCodes& roles, const LadderRow* row, PriorityCode priority,
                             TierCode tier) const {
    if (row == nullptr) return;
    if (priority != kNone && a_.policy.urgent[priority]) add_roles(roles, row->urgent_roles);
    if (row->tier_roles.has(tier)) add_roles(roles, row->tier_roles[tier]);
  }

  // ---- saying it ---------------------------------------------------------------------------------

  void raise(Derived&& event) {
    event.reason = reason_of(event.group.kind);
    Told told = persons_of(a_.entity, a_.truth, a_.roles, event.roles, event.time);
    event.persons = std::move(told.persons);
    event.person_roles = std::move(told.roles);
    put_words(event);
    a_.say(std::move(event));
  }

  void put_words(Derived& event) const {
    RaisedWords& words = event.words;
    const Truth& truth = a_.truth;
    words.account_name = a_.roles.account_name();
    if (truth.created) {
      const EntityFact& creation = a_.entity.facts[static_cast<std::size_t>(truth.creator)];
      words.title = creation.words.title();
      words.link = creation.words.link();
      if (kind_.prioritized) words.priority = truth.priority;
      words.tier = truth.tier_in_force != kNone ? truth.tier_in_force : truth.tier;
    }
    if (event.group.clock != kNone) {
      if (const Cycle* c = truth.find(event.group.clock, event.group.cycle))
        words.due = c->thresholds[event.group.threshold].due;
    }
    const auto raised =
        std::find_if(a_.entity.groups.begin(), a_.entity.groups.end(), [&](const SaidGroup& group) {
          return group.instance == event.instance && same_name(group.key, event.group);
        });
    const bool anew = raised == a_.entity.groups.end();
    const Way way = anew ? way_of(a_.policy, kind_, event.group, event.tier, event.priority)
                         : way_of(a_.entity, *raised);
    if (event.step >= way.ladder->steps.size()) return;
    const Anchor anchor = event.anchor_step != 0 ? Anchor{event.anchor_step, event.anchor}
                          : anew                 ? Anchor{1, event.begun}
                                                 : Anchor{raised->anchor_step, raised->anchor};
    words.next = static_cast<std::uint16_t>(event.step + 1);
    words.next_at = step_instant(way, truth, anchor, words.next);
  }

  Announcement& a_;
  const KindSpec& kind_;
  std::size_t first_, last_;
  std::vector<Closing> closings_;
  std::vector<Climb> climbs_;
};

}  // namespace

const char* reason_of(GroupKey::Kind kind) {
  switch (kind) {
    case GroupKey::Kind::kBreach:
      return "breach";
    case GroupKey::Kind::kWarning:
      return "warning";
    case GroupKey::Kind::kFault:
      return "recurring fault";
    default:
      return "routed";
  }
}

void escalate(Announcement& a, std::size_t first) { Escalator(a, first).run(); }

void escalate_fault(Announcement& a, const std::string& name, Instant time) {
  Escalator(a, a.out.size()).fault(name, time);
}

}  // namespace tocsin
