// What must hold of an entity after every decision, each as a function that says what is wrong.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/said/announce.h"
#include "engine/said/derived.h"
#include "engine/said/escalate.h"
#include "engine/truth/truth.h"
#include "tests/engine/property_world.h"

namespace tocsin {

// The first difference between two values that should be equal.
class Comparison {
 public:
  explicit Comparison(std::string of) : of_(std::move(of)) {}
  template <typename T>
  Comparison& same(const char* what, const T& a, const T& b) {
    if (difference_.empty() && !(a == b))
      difference_ = of_ + ": " + what + " differs" + detail(a, b);
    return *this;
  }
  const std::string& difference() const { return difference_; }

 private:
  template <typename T>
  static std::string detail(const T& a, const T& b) {
    if constexpr (std::is_same_v<T, Instant>) {
      return " " + text(a) + " and " + text(b);
    } else if constexpr (std::is_integral_v<T>) {
      return " " + std::to_string(a) + " and " + std::to_string(b);
    } else if constexpr (std::is_enum_v<T>) {
      return " " + std::to_string(static_cast<int>(a)) + " and " +
             std::to_string(static_cast<int>(b));
    } else {
      return {};
    }
  }
  static std::string text(Instant t) {
    return t == kNever ? "never" : t == kAlways ? "always" : format_rfc3339(t);
  }
  std::string of_, difference_;
};

inline std::string name_of(const Entity& e, const Policy& policy) {
  return e.account + "/" + policy.kinds[e.kind].name + "/" + e.id;
}

// ---- a Truth read on, and one read anew
// ----------------------------------------------------------

inline std::string difference(const std::string& of, const Cycle& a, const Cycle& b) {
  Comparison c(of);
  c.same("clock", a.clock, b.clock)
      .same("number", a.number, b.number)
      .same("state", a.state, b.state);
  c.same("calendar", a.calendar, b.calendar).same("priority", a.priority, b.priority);
  c.same("tier", a.tier, b.tier).same("start", a.start, b.start).same("end", a.end, b.end);
  c.same("stopped", a.stopped, b.stopped).same("elapsed", a.elapsed_ms, b.elapsed_ms);
  c.same("ended by breach", a.ended_by_breach, b.ended_by_breach)
      .same("needed", a.needed, b.needed);
  c.same("active", a.active, b.active)
      .same("last end by a fact", a.last_end_by_fact, b.last_end_by_fact)
      .same("last end by a due", a.last_end_by_due, b.last_end_by_due);
  for (const ThresholdCode i : kThresholds) {
    const Threshold &x = a.thresholds[i], &y = b.thresholds[i];
    c.same("exists", x.exists, y.exists).same("verdict", x.verdict, y.verdict);
    c.same("due", x.due, y.due).same("remaining", x.remaining_ms, y.remaining_ms);
    c.same("breached at", x.breached_at, y.breached_at).same("since", x.since, y.since);
    c.same("warning armed", int{x.warn_armed}, int{y.warn_armed})
        .same("warned", x.warned, y.warned);
    c.same("warned at", x.warned_at, y.warned_at).same("to warn at", x.warn_at, y.warn_at);
  }
  return c.difference();
}

inline std::string difference(const Truth& a, const Truth& b) {
  Comparison c("truth");
  c.same("position", a.position, b.position).same("created", a.created, b.created);
  c.same("created at", a.created_at, b.created_at).same("creator", a.creator, b.creator);
  c.same("priority", a.priority, b.priority).same("tier", a.tier, b.tier);
  c.same("tier in force", a.tier_in_force, b.tier_in_force).same("stage", a.stage, b.stage);
  c.same("ended", a.ended, b.ended)
      .same("paused", a.paused, b.paused)
      .same("resolved", a.resolved, b.resolved);
  c.same("counted", a.counted, b.counted)
      .same("counted in stage", a.counted_in_stage, b.counted_in_stage);
  c.same("life", a.life_from, b.life_from).same("priorities", a.priorities, b.priorities);
  c.same("cycles", a.cycles.size(), b.cycles.size())
      .same("entries", a.entries.size(), b.entries.size());
  c.same("routings", a.routings.size(), b.routings.size())
      .same("runs", a.runs.size(), b.runs.size());
  c.same("next due", a.next_due(), b.next_due());
  if (!c.difference().empty()) return c.difference();
  for (std::size_t i = 0; i < a.cycles.size(); ++i) {
    const std::string of =
        a.kind->clocks[a.cycles[i].clock].name + " " + std::to_string(a.cycles[i].number);
    const std::string found = difference(of, a.cycles[i], b.cycles[i]);
    if (!found.empty()) return found;
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    const StageEntry &x = a.entries[i], &y = b.entries[i];
    c.same("entry to", x.to, y.to).same("from", x.from, y.from).same("time", x.time, y.time);
    c.same("reason", x.reason, y.reason).same("cause", x.cause, y.cause);
  }
  for (std::size_t i = 0; i < a.routings.size(); ++i) {
    const Routing &x = a.routings[i], &y = b.routings[i];
    c.same("routing", x.key, y.key)
        .same("its begin", x.begin, y.begin)
        .same("its end", x.over, y.over);
  }
  for (std::size_t i = 0; i < a.runs.size(); ++i) {
    const Run &x = a.runs[i], &y = b.runs[i];
    c.same("run", x.first, y.first)
        .same("its begin", x.begin, y.begin)
        .same("its end", x.over, y.over);
  }
  for (const ClockCode i : a.clocks.codes()) {
    const ClockTruth &x = a.clocks[i], &y = b.clocks[i];
    c.same("armed", x.armed, y.armed)
        .same("resting", x.resting, y.resting)
        .same("first done", x.first_done, y.first_done);
    c.same("in a row", x.in_a_row, y.in_a_row)
        .same("next period", x.next_period, y.next_period)
        .same("preset", x.preset, y.preset);
  }
  return c.difference();
}

inline std::string read_anew_is_the_same(World& world, Entity& e, Instant now) {
  if (!e.truth) return {};
  Truth anew(world.policy(), *e.truth->kind);
  anew.read(e.facts);
  anew.advance(e.facts, now);
  const std::string found = difference(*e.truth, anew);
  return found.empty() ? found
                       : name_of(e, world.policy()) + " read on and anew at " +
                             format_rfc3339(now) + ": " + found;
}

// ---- nothing is left to say
// ------------------------------------------------------------------------

class Nobody : public RoleBook {
 public:
  void persons(RoleCode, Instant, Persons&) const override {}
};

inline std::string said_again(const World& world, const Entity& e, Truth truth,
                              const Before* before, Instant now, const char* how) {
  if (!truth.created && e.groups.empty()) return {};
  Entity copy = e;
  truth.compared = false;
  std::vector<Derived> out;
  const Nobody nobody;
  Announcement a{copy, truth, before, world.policy(), nobody, now, out};
  announce(a);
  if (out.empty()) return {};
  std::string text = std::string("said again ") + how + ": ";
  encode(text, copy, world.policy(), out.front(), now, false);
  return text;
}

// Deciding again at the same instant says nothing: with the Truth at hand, and with one read anew
// as after a restart.
inline std::string nothing_is_left_to_say(World& world, Entity& e, Instant now) {
  const KindSpec& kind = world.policy().kinds[e.kind];
  if (e.truth) {
    const std::string again =
        said_again(world, e, *e.truth, nullptr, now, "with the truth at hand");
    if (!again.empty()) return again;
  }
  Truth anew(world.policy(), kind);
  anew.read(e.facts);
  anew.advance(e.facts, now);
  Before before(e);
  for (const EntityFact& fact : e.facts) {
    if (fact.read) before.facts.push_back(fact);
  }
  before.truth.read(before.facts);
  return said_again(world, e, anew, before.facts.empty() ? nullptr : &before, now,
                    "with the truth read anew");
}

// ---- what was said, replayed
// -----------------------------------------------------------------------

inline std::string difference(const Entity& a, const Entity& b) {
  Comparison c("said");
  c.same("cycles", a.said.size(), b.said.size()).same("stages", a.stages.size(), b.stages.size());
  c.same("groups", a.groups.size(), b.groups.size());
  if (!c.difference().empty()) return c.difference();
  for (std::size_t i = 0; i < a.said.size(); ++i) {
    const SaidCycle &x = a.said[i], &y = b.said[i];
    c.same("clock", x.clock, y.clock)
        .same("cycle", x.cycle, y.cycle)
        .same("state", x.state, y.state);
    c.same("gone", x.gone, y.gone)
        .same("start", x.start, y.start)
        .same("stopped", x.stopped, y.stopped);
    c.same("elapsed", x.elapsed_ms, y.elapsed_ms).same("started", x.started, y.started);
    c.same("retargeted", x.retargeted, y.retargeted).same("paused", x.paused, y.paused);
    c.same("resumed", x.resumed, y.resumed).same("ended", x.ended, y.ended);
    c.same("cancelled", x.cancelled, y.cancelled).same("corrected", x.corrected, y.corrected);
    for (const ThresholdCode t : kThresholds) {
      const SaidThreshold &p = x.thresholds[t], &q = y.thresholds[t];
      c.same("exists", p.exists, q.exists)
          .same("breached", p.breached, q.breached)
          .same("verdict", p.verdict, q.verdict);
      c.same("due", p.due, q.due)
          .same("warned", p.warned, q.warned)
          .same("warned ids", p.warned_ids, q.warned_ids);
      c.same("breached ids", p.breached_ids, q.breached_ids)
          .same("withdrawn ids", p.withdrawn_ids, q.withdrawn_ids);
    }
  }
  for (std::size_t i = 0; i < a.stages.size(); ++i) {
    const SaidStage &x = a.stages[i], &y = b.stages[i];
    c.same("stage", x.stage, y.stage)
        .same("stage from", x.from, y.from)
        .same("stands", x.stands, y.stands)
        .same("advanced", x.advanced, y.advanced);
    c.same("withdrawn", x.withdrawn, y.withdrawn);
  }
  for (std::size_t i = 0; i < a.groups.size(); ++i) {
    const SaidGroup &x = a.groups[i], &y = b.groups[i];
    c.same("group", x.key, y.key)
        .same("instance", x.instance, y.instance)
        .same("step", x.step, y.step);
    c.same("group's state", x.state, y.state)
        .same("urgency", x.high, y.high)
        .same("tier", x.tier, y.tier);
    c.same("begun", x.begun, y.begun)
        .same("raised at", x.raised_at, y.raised_at)
        .same("last step", x.last_step, y.last_step);
    c.same("told", x.told, y.told)
        .same("ladder's priority", x.priority, y.priority)
        .same("anchor", x.anchor, y.anchor)
        .same("anchor's step", x.anchor_step, y.anchor_step);
    c.same("acknowledged at", x.acknowledged_at, y.acknowledged_at)
        .same("time-out", x.timeout_ms, y.timeout_ms)
        .same("reopened at", x.reopened_at, y.reopened_at);
    c.same("acknowledged", x.acknowledged, y.acknowledged)
        .same("reopened", x.reopened, y.reopened)
        .same("rung", x.rung, y.rung);
    c.same("roles", x.roles, y.roles)
        .same("calls", x.calls == y.calls, true)
        .same("by", x.by, y.by);
  }
  return c.difference();
}

// Once, at the end of a run: what the log holds leads to what every entity holds.
inline std::string replay_gives_the_same(World& world) {
  std::map<std::string, Entity> replayed;
  DecisionReader decisions;
  for (const SaidEvent& said : world.said()) {
    LogEvent record;
    Derived event;
    if (!read_log_record(said.extended, record)) return "cannot be read back: " + said.extended;
    const KindSpec* kind = world.policy().kind_named(kind_in(record));
    if (kind == nullptr || !decode(record, world.policy(), *kind, event)) {
      return "cannot be read back: " + said.extended;
    }
    Entity e;
    e.account = record.account;
    e.id = record.subject;
    e.policy = &world.policy();
    e.kind = e.policy->code_of(*kind);
    Entity& target = replayed.try_emplace(name_of(e, world.policy()), e).first->second;
    decisions.take(target, event, record.recorded);
    if (event.type == DerivedType::kFaultRecurring) continue;  // its id is not read back
    if (event.of != 0) continue;       // it may wait for others of its decision
    event.calendar = CalendarCode(0);  // nor is the calendar
    std::string again;
    encode(again, target, world.policy(), event, record.recorded, true);
    LogEvent other;
    if (!read_log_record(again, other) || other.id != record.id) {
      return "read back with another id: " + again + "\n" + said.extended;
    }
  }
  std::string wrong;
  world.each_entity([&](Entity& e) {
    const std::string name = name_of(e, world.policy());
    const std::string found = difference(e, replayed[name]);
    if (wrong.empty() && !found.empty()) wrong = name + " replayed: " + found;
  });
  return wrong;
}

}  // namespace tocsin
