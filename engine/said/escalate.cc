#include "engine/said/escalate.h"

#include <algorithm>
#include <optional>

#include "engine/entity/follow.h"
#include "engine/policy/translate.h"

namespace tocsin {

namespace {

using enum DerivedType;

const KindSpec& kind_of(const Entity& entity, const Policy& policy) {
  return at(policy.kinds, entity.kind);
}

// The row of the policy that a group climbs, with what depends on tier and priority settled.
struct Climb {
  const Ladder* ladder = nullptr;
  const LadderRow* row = nullptr;
  const Policy* under = nullptr;  // whose codes these are, where it is an earlier version
};

Climb climb(const KindSpec& kind, const GroupKey& key, std::int16_t tier) {
  const LadderRow* row = nullptr;
  switch (key.kind) {
    case GroupKey::Kind::kBreach:
      row = &at(kind.clocks, key.clock).on_breach[static_cast<std::size_t>(key.code)];
      break;
    case GroupKey::Kind::kWarning:
      row = &at(kind.clocks, key.clock).on_warning;
      break;
    case GroupKey::Kind::kRouting:
      row = &at(kind.routing.by_priority, key.code);
      break;
    case GroupKey::Kind::kStage:
      row = &at(kind.routing.by_stage, key.code);
      break;
    case GroupKey::Kind::kFault:
      break;
  }
  if (row == nullptr) return {&kind.fault.ladder, nullptr};  // its later steps: none
  const auto t = static_cast<std::size_t>(tier);
  if (tier != kNone && t < row->by_tier.size()) return {&row->by_tier[t], row};
  return {&row->ladder, row};
}

// The steps of a group that was raised: those of the version that it was raised under.
Climb climb(const Policy& policy, const KindSpec& kind, const SaidGroup& group) {
  const Policy* under = policy.of_version(group.under);
  if (under == nullptr || under == &policy) return climb(kind, group.key, group.tier);
  const Translation back(policy, kind, *under);
  GroupKey key = group.key;
  key.clock = back.clock(key.clock);
  key.code = key.kind == GroupKey::Kind::kRouting ? back.priority(key.code)
             : key.kind == GroupKey::Kind::kStage ? back.stage(key.code)
                                                  : back.threshold(key.code);
  Climb way = climb(back.to_kind, key, group.tier);
  way.under = under;
  return way;
}

// Roles of a step in the codes of the policy by which its entity lives.
std::vector<std::int16_t> roles_of(const Policy& policy, const Climb& way, const Step& step) {
  std::vector<std::int16_t> roles = step.roles;
  if (way.under == nullptr) return roles;
  for (std::int16_t& role : roles) role = place_of(at(way.under->roles, role), policy.roles);
  return roles;
}

Instant step_instant(const Policy& policy, const Step& step, Instant begun) {
  return step.working_days > 0 ? policy.working().end_of_working_day(begun, step.working_days)
                               : begun + step.after;
}

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

class Escalator {
 public:
  Escalator(Announcement& a, std::size_t first)
      : a_(a), kind_(kind_of(a.entity, a.policy)), first_(first), last_(a.out.size()) {}

  void run() {
    collect_closings();
    acknowledge();
    for (const Closing& c : closings_) close(c);
    begin_groups();
    climb_groups();
  }

  void fault(const std::string& name, Instant time, const Ladder& ladder) {
    begin({GroupKey::Kind::kFault, kNone, 0, kNone, name}, time, kNone, {&ladder, nullptr});
  }

 private:
  struct Closing {
    std::size_t group;
    DerivedType type;
    Instant time;
  };

  bool by_run(std::int16_t clock) const {
    return clock != kNone && at(kind_.clocks, clock).group_by_run;
  }
  const Cycle* cycle(std::int16_t clock, std::int64_t number) const {
    for (auto it = a_.truth.cycles.rbegin(); it != a_.truth.cycles.rend(); ++it) {
      if (it->clock == clock && it->number == number) return &*it;
    }
    return nullptr;
  }

  // ---- what closes -----------------------------------------------------------------------------

  void closing(std::size_t group, DerivedType type, Instant time) {
    for (const Closing& c : closings_) {
      if (c.group == group) return;
    }
    closings_.push_back({group, type, time});
  }

  void collect_closings() {
    for (std::size_t g = 0; g < a_.entity.groups.size(); ++g) {
      const SaidGroup& group = a_.entity.groups[g];
      if (group.state != GroupState::kOpen) continue;
      switch (group.key.kind) {
        case GroupKey::Kind::kBreach:
          if (by_run(group.key.clock)) {
            run_closing(g, group);
          } else {
            clock_closing(g, group);
          }
          break;
        case GroupKey::Kind::kWarning:
          clock_closing(g, group);
          break;
        case GroupKey::Kind::kRouting:
        case GroupKey::Kind::kStage:
          routing_closing(g, group);
          break;
        case GroupKey::Kind::kFault:
          break;
      }
    }
  }

  // By this decision's events on its clock and cycle, in their order.
  void clock_closing(std::size_t g, const SaidGroup& group) {
    const bool breach = group.key.kind == GroupKey::Kind::kBreach;
    const Cycle* c = cycle(group.key.clock, group.key.cycle);
    for (std::size_t i = first_; i < last_; ++i) {
      const Derived& event = a_.out[i];
      if (event.clock != group.key.clock || event.cycle != group.key.cycle) continue;
      if (breach && event.type == kClockWithdrawn && event.threshold == group.key.code) {
        closing(g, kEscalationWithdrawn, event.time);
      }
      if (event.type != kClockStopped && event.type != kClockCancelled) continue;
      if (breach && c != nullptr && c->ended_by_breach) continue;
      const bool ends = c == nullptr || c->stopped == event.time;
      if (ends || group.begun <= event.time) closing(g, kEscalationCleared, event.time);
    }
  }

  void run_closing(std::size_t g, const SaidGroup& group) {
    for (const Run& run : a_.truth.runs) {
      if (run.clock != group.key.clock || run.first != group.key.cycle) continue;
      if (run.over != kNever) closing(g, kEscalationCleared, run.over);
      return;
    }
    Instant time = a_.now;
    for (std::size_t i = first_; i < last_; ++i) {
      const Derived& event = a_.out[i];
      if (event.type == kClockWithdrawn && event.clock == group.key.clock &&
          event.cycle == group.key.cycle) {
        time = event.time;
      }
    }
    closing(g, kEscalationWithdrawn, time);
  }

  void routing_closing(std::size_t g, const SaidGroup& group) {
    for (const Routing& routing : a_.truth.routings) {
      if (!(routing.key == group.key)) continue;
      if (routing.over != kNever) closing(g, kEscalationCleared, routing.over);
      return;
    }
    closing(g, kEscalationWithdrawn, a_.now);
  }

  // Of an acknowledgement and a closing the earlier one counts, the acknowledgement at a tie.
  void acknowledge() {
    for (const EntityFact& fact : a_.entity.facts) {
      if (fact.read || fact.verb == kNone) continue;
      if (verb_now(a_.entity, fact) != kind_.acknowledge_verb) continue;
      for (std::size_t g = 0; g < a_.entity.groups.size(); ++g) {
        SaidGroup& group = a_.entity.groups[g];
        if (group.state != GroupState::kOpen || group.raised_at >= a_.now) continue;
        if (group_id(a_.entity, a_.policy, group.key, group.instance) != fact.words.more())
          continue;
        const auto closed = std::find_if(closings_.begin(), closings_.end(),
                                         [&](const Closing& c) { return c.group == g; });
        if (closed != closings_.end() && closed->time < fact.time) continue;
        Derived event = of(group, kEscalationAcknowledged, fact.time);
        event.by = fact.words.text();
        a_.say(std::move(event));
      }
    }
  }

  static Derived of(const SaidGroup& group, DerivedType type, Instant time) {
    Derived event;
    event.type = type;
    event.time = time;
    event.group = group.key;
    event.instance = group.instance;
    event.tier = group.tier;
    event.begun = group.begun;
    event.high = group.high;
    return event;
  }

  void close(const Closing& c) {
    const SaidGroup& group = a_.entity.groups[c.group];
    if (group.state == GroupState::kOpen) a_.say(of(group, c.type, c.time));
  }

  // ---- what begins -----------------------------------------------------------------------------

  // Whether its clock ended after `begin`, for other reasons than the breach itself. A fact of that
  // very instant came before it.
  bool over(std::int16_t clock, std::int64_t number, Instant begin, bool breach) const {
    const Cycle* c = cycle(clock, number);
    if (c == nullptr || c->last_end_by_fact > begin) return true;
    return !(breach && c->ended_by_breach) && c->last_end_by_due >= begin;
  }

  void begin_groups() {
    for (std::size_t i = first_; i < last_; ++i) {
      const DerivedType type = a_.out[i].type;
      if (type != kClockBreached && type != kClockWarned) continue;
      const bool breach = type == kClockBreached;
      const std::int16_t clock = a_.out[i].clock;
      const std::int64_t number = a_.out[i].cycle;
      const Instant time = a_.out[i].time;
      if (breach && by_run(clock)) continue;
      if (over(clock, number, time, breach)) continue;
      const Cycle* c = cycle(clock, number);
      const auto group = breach ? GroupKey::Kind::kBreach : GroupKey::Kind::kWarning;
      begin({group, clock, number, a_.out[i].threshold, {}}, time, c->tier);
    }
    for (const Run& run : a_.truth.runs) {
      const GroupKey key{GroupKey::Kind::kBreach, run.clock, run.first, run.threshold, {}};
      if (run.over == kNever && !stands(key)) begin(key, run.begin, a_.truth.tier);
    }
    for (const Routing& routing : a_.truth.routings) {
      if (routing.over == kNever && !stands(routing.key)) {
        begin(routing.key, routing.begin, a_.truth.tier);
      }
    }
  }

  // Whether a group of that key was raised and not taken back. One that was closed before its stage
  // or breach was taken back is another one when that is told anew.
  bool stands(const GroupKey& key) const {
    for (const SaidGroup& group : a_.entity.groups) {
      if (!(group.key == key)) continue;
      if (group.state == GroupState::kOpen) return true;
      if (group.state != GroupState::kWithdrawn && !told_anew(key)) return true;
    }
    return false;
  }

  // Whether this decision told of the stage or the breach that it is about.
  bool told_anew(const GroupKey& key) const {
    for (std::size_t i = first_; i < last_; ++i) {
      const Derived& event = a_.out[i];
      const bool stage = event.type == kComplaintAdvanced && key.kind == GroupKey::Kind::kStage;
      const bool breach = event.type == kClockBreached && key.kind == GroupKey::Kind::kBreach;
      if (stage && event.to == key.code) return true;
      if (breach && event.clock == key.clock && event.cycle == key.cycle &&
          event.threshold == key.code)
        return true;
    }
    return false;
  }

  // Groups are counted by name: routings at one priority share theirs.
  std::uint16_t next_instance(const GroupKey& key) const {
    std::uint16_t n = 1;
    for (const SaidGroup& group : a_.entity.groups) {
      const bool same = key.kind == GroupKey::Kind::kRouting
                            ? group.key.kind == key.kind && group.key.code == key.code
                            : group.key == key;
      if (same) ++n;
    }
    return n;
  }

  bool urgent(const GroupKey& key, Instant begin) const {
    if (key.clock != kNone && at(kind_.clocks, key.clock).low) return false;
    if (kind_.urgent_always) return true;
    if (!kind_.prioritized) return false;
    const std::int16_t priority =
        key.kind == GroupKey::Kind::kRouting ? key.code : a_.truth.priority_at(begin);
    return at(a_.policy.urgent, priority);
  }

  void begin(const GroupKey& key, Instant begin, std::int16_t tier) {
    this->begin(key, begin, tier, climb(kind_, key, tier));
  }

  void begin(const GroupKey& key, Instant begin, std::int16_t tier, const Climb& way) {
    if (way.ladder->steps.empty() || begin < a_.policy.quiet_before) return;
    std::vector<std::int16_t> roles;
    std::uint16_t step = 0;
    Instant time = begin;
    for (const Step& s : way.ladder->steps) {
      const Instant at = step_instant(a_.policy, s, begin);
      if (step > 0 && at > a_.now) break;
      ++step;
      time = at;
      add_roles(roles, s.roles);
      if (step == 1) add_conditional_roles(roles, way.row, key, begin, tier);
    }
    Derived event;
    event.type = kEscalationRaised;
    event.time = time;
    event.group = key;
    event.instance = next_instance(key);
    event.step = step;
    event.begun = begin;
    event.tier = tier;
    event.high = urgent(key, begin);
    event.reason = reason_of(key.kind);
    event.roles = std::move(roles);
    event.persons = persons(event.roles);
    a_.say(std::move(event));
  }

  static void add_roles(std::vector<std::int16_t>& roles, const std::vector<std::int16_t>& more) {
    for (const std::int16_t role : more) {
      if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
    }
  }

  void add_conditional_roles(std::vector<std::int16_t>& roles, const LadderRow* row,
                             const GroupKey&, Instant begin, std::int16_t tier) const {
    if (row == nullptr) return;
    if (kind_.prioritized && at(a_.policy.urgent, a_.truth.priority_at(begin))) {
      add_roles(roles, row->urgent_roles);
    }
    const auto t = static_cast<std::size_t>(tier);
    if (tier != kNone && t < row->tier_roles.size()) add_roles(roles, row->tier_roles[t]);
  }

  std::vector<std::string_view> persons(const std::vector<std::int16_t>& roles) const {
    std::vector<std::string_view> out;
    for (const std::int16_t role : roles) {
      if (role == a_.policy.assignee_role) {
        for (auto f = a_.entity.facts.rbegin(); f != a_.entity.facts.rend(); ++f) {
          if (f->verb == kNone || verb_now(a_.entity, *f) != kind_.assign_verb) continue;
          out.push_back(f->words.text());
          break;
        }
      } else if (role == a_.policy.owner_role) {
        if (a_.truth.creator >= 0) {
          const std::string_view owner =
              a_.entity.facts[static_cast<std::size_t>(a_.truth.creator)].words.text();
          if (!owner.empty()) out.push_back(owner);
        }
      } else {
        a_.roles.persons(role, a_.now, out);
      }
    }
    return out;
  }

  // ---- later steps -----------------------------------------------------------------------------

  void climb_groups() {
    for (std::size_t g = 0; g < a_.entity.groups.size(); ++g) {
      for (;;) {
        const SaidGroup& group = a_.entity.groups[g];
        if (group.state != GroupState::kOpen) break;
        const Climb way = climb(a_.policy, kind_, group);
        if (group.step >= way.ladder->steps.size()) break;
        const Step& s = way.ladder->steps[group.step];
        const Instant at = step_instant(a_.policy, s, group.begun);
        if (at > a_.now) break;
        Derived event = of(group, kEscalationRaised, at);
        event.step = static_cast<std::uint16_t>(group.step + 1);
        event.reason = reason_of(group.key.kind);
        event.roles = roles_of(a_.policy, way, s);
        event.persons = persons(event.roles);
        a_.say(std::move(event));
      }
    }
  }

  Announcement& a_;
  const KindSpec& kind_;
  std::size_t first_, last_;
  std::vector<Closing> closings_;
};

}  // namespace

void escalate(Announcement& a, std::size_t first) { Escalator(a, first).run(); }

void escalate_fault(Announcement& a, const std::string& name, Instant time, const Ladder& ladder) {
  Escalator(a, a.out.size()).fault(name, time, ladder);
}

Instant next_step(const Entity& entity, const Policy& policy) {
  Instant next = kNever;
  const KindSpec& kind = kind_of(entity, policy);
  for (const SaidGroup& group : entity.groups) {
    if (group.state != GroupState::kOpen) continue;
    const Climb way = climb(policy, kind, group);
    if (group.step >= way.ladder->steps.size()) continue;
    next = std::min(next, step_instant(policy, way.ladder->steps[group.step], group.begun));
  }
  return next;
}

}  // namespace tocsin
