// Derived events: what the engine decides, as values, and what each does to what was announced.
//
// A decision makes Derived values; `Said` rules live nowhere else than in `apply`, which holds no
// rule of the domain: replaying the same Derived values gives the same Entity. `encode` writes the
// CloudEvent of the contract's §7, `decode` reads it back from the log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/entity/entity_name.h"
#include "engine/policy/policy.h"
#include "engine/policy/roster.h"
#include "events/arena.h"
#include "events/log_record.h"
#include "events/vocabulary.h"

namespace tocsin {

// The cause of what follows from a late fact, and the reason of a breach that there never was.
inline constexpr std::string_view kLateCause = "late";

using Persons = Roster::Persons;

// What a message about a raised step needs, as known when it is raised; empty: unknown.
struct RaisedWords {
  std::string_view title, link, account_name;
  TierCode tier;
  PriorityCode priority;
  Instant due{kNever};      // of the threshold that it is about
  std::uint16_t next = 0;   // the step that comes next; 0: none
  Instant next_at{kNever};  // kNever: not known yet
};

// The views point into the entity, its account, the roster or the policy, or, when read from the
// log, into the record: a Derived lives no longer than the decision that makes it.
struct Derived {
  DerivedType type = DerivedType::kClockStarted;
  Instant time;
  // clocks
  ClockCode clock;
  std::int64_t cycle = 0;
  ThresholdCode threshold;
  CalendarCode calendar;
  Instant start{kAlways};  // as it is now; kAlways: not told
  Instant stopped;         // stopped, corrected
  std::int64_t elapsed_ms = 0;
  ThresholdMask exists = 0;    // which thresholds the event lists
  ByThreshold<Instant> due{};  // kNever: unknown
  ByThreshold<Verdict> verdict{};
  std::uint16_t warning = 0;  // warned: its number
  bool gone = false;          // cancelled: there is no such clock
  bool tells_due = false;     // breached: its due is the one that is told from now on
  std::string_view reason;    // or cause
  // stages
  StageCode from, to;
  // groups and faults
  GroupKey group;
  std::uint16_t instance = 1, step = 0;
  bool high = false;
  TierCode tier;          // which row of its ladder
  PriorityCode priority;  // the same
  Instant begun;
  std::uint16_t anchor_step = 0;  // raised: from now on steps keep their distance from this one
  Instant anchor;
  std::uint16_t rung = 0;       // raised: answers this reopening of the group
  std::int64_t timeout_ms = 0;  // acknowledged: after which it runs out
  RoleCodes roles;
  Persons persons;
  RoleCodes person_roles;  // of each of `persons`; kNone: the last resort
  RaisedWords words;
  std::string_view by;
  std::vector<std::string> weeks;  // fault; its module is `reason`
  std::uint16_t n = 0;             // which of its id; set by `apply`
  // Its place among the events of its decision, and how many there are, where the log has them in
  // another order than they were decided in; 0: it has not.
  std::uint16_t place = 0, of = 0;
  // The fact that it came of, as `source NUL sequence NUL id`; empty: of time alone.
  std::string_view cause;
};

// Calls `f` with every view of `event` into something else. A new view joins here.
template <typename Event, typename F>
void each_view(Event& event, const F& f) {
  f(event.reason);
  f(event.by);
  f(event.cause);
  f(event.words.title);
  f(event.words.link);
  f(event.words.account_name);
  for (auto& person : event.persons) f(person);
}

// A Derived that outlives the decision that made it: what it points to is copied into `words`.
Derived kept(const Derived& event, Arena& words);

// Changes what was announced. `recorded` is the decision's instant. Sets `event.n`.
void apply(Entity& entity, Derived& event, Instant recorded);

// Applies events as a log has them, in the order in which they were decided: those of one decision
// wait for each other where the log has them in another order. A decision stands whole in a log.
class DecisionReader {
 public:
  void take(Entity& entity, Derived& event, Instant recorded);

 private:
  void apply_waiting();
  Entity* entity_ = nullptr;
  Instant recorded_;
  std::vector<Derived> waiting_;
  Arena words_;  // of those
};

// The CloudEvents type: that of the contract's §7, where a stage's names the kind.
std::string event_type(const KindSpec& kind, DerivedType type);
inline bool is_of_stage(DerivedType type) {
  return type == DerivedType::kComplaintAdvanced || type == DerivedType::kComplaintWithdrawn;
}

// The group's id, as `…/ticket.response/1/target~2`.
std::string group_id(const EntityName& entity, const KindSpec& kind, const Policy& policy,
                     const GroupKey& key, std::uint16_t instance);
inline std::string group_id(const Entity& entity, const Policy& policy, const GroupKey& key,
                            std::uint16_t instance) {
  const KindSpec& kind = policy.kinds[entity.kind];
  return group_id({entity.account, kind.name, entity.id}, kind, policy, key, instance);
}

// Appends the CloudEvent to `to` as compact JSON. `extended` adds the attributes that a replay
// needs and that consumers may ignore (`saidstart`, `warning`, `gone`, `tellsdue`, `begun`, …).
// `stamps`: further members.
void encode(std::string& to, const Entity& entity, const Policy& policy, const Derived& event,
            Instant recorded, bool extended, std::string_view stamps = {});

// The kind of the entity that a derived event is about, as its record names it; empty when it is
// none.
std::string_view kind_in(const LogEvent& record);

// Reads back what `encode` wrote with `extended`, in the codes of the policy by which its entity
// lives. False when that policy cannot name what it is about. `calendar`, `weeks` and `cause` are not
// read, nor `reason` but of a withdrawal: nothing that was announced depends on them.
bool decode(const LogEvent& record, const Policy& policy, const KindSpec& kind, Derived& event);

// The name of a cycle: `2`, `2026-W10`.
std::string cycle_name(const Policy& policy, const ClockSpec& clock, std::int64_t cycle);

// How often the breach or stage that a group is about was told so far; 0 for other groups.
std::uint16_t times_told(const Entity& entity, const GroupKey& key);

SaidCycle* find_said(Entity& entity, ClockCode clock, std::int64_t cycle);
const SaidCycle* find_said(const Entity& entity, ClockCode clock, std::int64_t cycle);

}  // namespace tocsin
