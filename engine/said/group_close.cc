#include "engine/said/group_close.h"

#include <algorithm>

#include "events/hash.h"

namespace tocsin {

namespace {

using enum DerivedType;

class Closer {
 public:
  Closer(const Announcement& a, std::size_t first, std::size_t last)
      : a_(a), kind_(a.entity.spec()), first_(first), last_(last) {}

  std::vector<Closing> find() {
    for (std::size_t g = 0; g < a_.entity.groups.size(); ++g) {
      const SaidGroup& group = a_.entity.groups[g];
      if (group.state != GroupState::kOpen) continue;
      switch (group.key.kind) {
        case GroupKey::Kind::kBreach:
          if (kind_.clocks[group.key.clock].group_by_run) {
            run_closing(g, group);
          } else {
            breach_closing(g, group);
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
    return std::move(closings_);
  }

 private:
  // The first reason that is found counts, but an excuse that came before it.
  void closing(std::size_t group, DerivedType type, Instant time, std::string_view cause = {}) {
    for (const Closing& c : closings_) {
      if (c.group == group) return;
    }
    closings_.push_back({group, type, time, cause});
  }

  // Of the facts that no decision has read yet, one that counts at that instant: the first whose verb
  // `suits`, else the first.
  template <class Suits>
  std::string_view fact_at(Instant time, const Suits& suits) const {
    const EntityFact* found = nullptr;
    for (const EntityFact& fact : a_.entity.facts) {
      if (fact.read || fact.verb == kNone || std::max(fact.time, a_.truth.created_at) != time)
        continue;
      if (suits(fact.verb)) return fact.words.order();
      if (found == nullptr) found = &fact;
    }
    return found == nullptr ? std::string_view() : found->words.order();
  }
  std::string_view fact_at(Instant time) const {
    return fact_at(time, [](VerbCode) { return true; });
  }

  void breach_closing(std::size_t g, const SaidGroup& group) {
    clock_closing(g, group);
    const Cycle* c = a_.truth.find(group.key.clock, group.key.cycle);
    if (c == nullptr) return;
    if (group.key.reopening != 0 && !counts(group.key)) closing(g, kEscalationWithdrawn, a_.now);
    if (c->made_up != kNever) closing(g, kEscalationCleared, c->made_up, fact_at(c->made_up));
    excused(g, a_.truth.excused_at(*c, group.key.threshold));
  }

  // Whether the reopening that raised it still lets the clock run on.
  bool counts(const GroupKey& key) const {
    const auto& all = a_.truth.reopenings;
    return std::any_of(all.begin(), all.end(), [&](const Reopening& r) {
      return r.clock == key.clock && r.cycle == key.cycle &&
             reopening_hash(a_.entity.facts[static_cast<std::size_t>(r.cause)]) == key.reopening;
    });
  }

  void excused(std::size_t g, Instant at) {
    if (at == kNever) return;
    const auto other = std::find_if(closings_.begin(), closings_.end(),
                                    [&](const Closing& c) { return c.group == g; });
    const auto cause = [&] {
      return fact_at(at, [&](VerbCode verb) { return verb == kind_.excuse_verb; });
    };
    if (other == closings_.end()) {
      closings_.push_back({g, kEscalationCleared, at, cause()});
    } else if (other->type == kEscalationCleared && at < other->time) {
      other->time = at;
      other->cause = cause();
    }
  }

  // By this decision's events on its clock and cycle, in their order.
  void clock_closing(std::size_t g, const SaidGroup& group) {
    const bool breach = group.key.kind == GroupKey::Kind::kBreach;
    const Cycle* c = a_.truth.find(group.key.clock, group.key.cycle);
    for (std::size_t i = first_; i < last_; ++i) {
      const Derived& event = a_.out[i];
      if (event.clock != group.key.clock || event.cycle != group.key.cycle) continue;
      if (breach && event.type == kClockWithdrawn && event.threshold == group.key.threshold) {
        closing(g, kEscalationWithdrawn, event.time, event.cause);
      }
      if (event.type != kClockStopped && event.type != kClockCancelled) continue;
      if (breach && c != nullptr && c->ended_by_breach) continue;
      const bool ends = c == nullptr || c->stopped == event.time;
      if (ends || came_of(*c, group) < event.time)
        closing(g, kEscalationCleared, event.time, event.cause);
    }
  }

  // When that came about of which a group tells, as is true now. A stop of that very instant came
  // first.
  static Instant came_of(const Cycle& cycle, const SaidGroup& group) {
    if (group.key.reopening != 0) return group.begun;
    const Threshold& th = cycle.thresholds[group.key.threshold];
    const Instant at = group.key.kind == GroupKey::Kind::kBreach ? th.breached_at : th.warned_at;
    return at == kNever ? group.begun : at;
  }

  void run_closing(std::size_t g, const SaidGroup& group) {
    for (const Run& run : a_.truth.runs) {
      if (run.clock != group.key.clock || run.first != group.key.cycle) continue;
      if (run.over != kNever) closing(g, kEscalationCleared, run.over, fact_at(run.over));
      if (!a_.truth.excuses.empty()) excused(g, a_.truth.excused_at(run));
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
      if (routing.over != kNever) {
        closing(g, kEscalationCleared, routing.over, fact_at(routing.over, [&](VerbCode verb) {
                  const auto& clear = kind_.routing.clear;
                  return std::any_of(clear.begin(), clear.end(),
                                     [&](const Trigger& t) { return t.verb == verb; });
                }));
      }
      return;
    }
    closing(g, kEscalationWithdrawn, a_.now);
  }

  const Announcement& a_;
  const KindSpec& kind_;
  std::size_t first_, last_;
  std::vector<Closing> closings_;
};

}  // namespace

std::vector<Closing> closings_of(const Announcement& a, std::size_t first, std::size_t last) {
  return Closer(a, first, last).find();
}

std::uint64_t reopening_hash(const EntityFact& fact) {
  return hash128(fact.words.order()).low | 1U;
}

}  // namespace tocsin
