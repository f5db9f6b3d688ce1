// The policy, compiled: which facts start, stop and pause which clocks, and who is told.
//
// Everything that the default policy file says stands here as small tables of numbers; the decision
// code reads these tables and knows no kind, verb, clock or role by name. A Policy is immutable
// once built (engine/policy/compile/parse.h) and may be read from any thread.
//
// What it names is known by codes (engine/policy/code.h): places in the policy's own lists.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/calendar/calendar.h"
#include "engine/policy/code.h"
#include "events/check.h"
#include "events/time.h"

namespace tocsin {

template <class C>
using Names = Coded<C, std::string>;

inline constexpr std::size_t kMaxThresholds = 2;  // a clock may have: `target`, `limit`
inline constexpr Codes<ThresholdCode> kThresholds(kMaxThresholds);
template <class T>
using ByThreshold = CodedArray<ThresholdCode, T, kMaxThresholds>;

using VerbMask = std::uint64_t;  // a set of a kind's verbs; a kind has at most 64
inline constexpr int kMaxVerbs = 64;

constexpr VerbMask bit(VerbCode verb) { return VerbMask{1} << verb.index(); }
constexpr bool has(VerbMask mask, VerbCode verb) {
  return verb != kNone && (mask & bit(verb)) != 0;
}

// Where a fact names a threshold, the code of its word is that of the threshold.
constexpr ThresholdCode as_threshold(WordCode word) { return ThresholdCode(word.number()); }
constexpr WordCode as_word(ThresholdCode threshold) { return WordCode(threshold.number()); }

using ThresholdMask = std::uint8_t;  // a set of a clock's thresholds

constexpr ThresholdMask bit(ThresholdCode threshold) {
  return static_cast<ThresholdMask>(1U << threshold.index());
}
constexpr bool has(ThresholdMask mask, ThresholdCode threshold) {
  return (mask & bit(threshold)) != 0;
}

// ---- what a fact's data may hold -------------------------------------------------------------

enum class Form : std::uint8_t {
  kAny,       // not checked, not read
  kPriority,  // one of the policy's priorities
  kTier,      // one of the policy's tiers
  kChoice,    // one of the field's own words; at most one such field a verb
  kDue,       // an RFC 3339 instant, or a date: the end of that day in the policy's date zone
  kPerson,    // a name: text that is not empty
  kPersons,   // a name or a list of names
  kRole,      // a role's name: text that is not empty
  kText,      // text that is not empty
  kModule,    // text; what recurring faults are grouped by
  kGroup,     // id of an escalation group
  kOwner,     // a name, not checked: the owner
  kWait,      // text that is not empty: which wait begins or ends
  kScore,     // an integer between `low` and `high`
  kTitle,     // what people call it: text, not checked
  kLink,      // its page elsewhere: an http(s) URL; anything else is passed over
  kReason,    // text that is not empty, checked only
  kClock,     // the name of a clock of the kind
  kCycle,     // of a clock: a whole number from 1, its digits, or a period's name
  kLimit,     // one of the thresholds of the clock that the same fact names
  kNumber,    // a whole number from 1
  kChannel,   // text that is not empty: how somebody was told
};

struct Field {
  std::string name;
  Form form = Form::kAny;
  bool required = false;
  Names<WordCode> words;  // kChoice
  int low = 0, high = 0;  // kScore
};

struct VerbSpec {
  std::string name;
  std::vector<Field> fields;
  KindCode kind;
  bool creates = false;    // a creation fact
  bool uncreated = false;  // counts before the entity is created (`assigned`, `acknowledged`)
  bool subject_is_account = false;
  Names<WordCode> subjects;  // the subject is the choice: `screening` of `duty.completed`
};

// ---- what sets things in motion ---------------------------------------------------------------

// A fact of this verb that meets every condition named. kNone: no such condition.
struct Trigger {
  VerbCode verb;                 // kNone: not a fact but entering `enters`
  WordCode choice;               // the choice field has this word
  StageCode stage;               // the entity is in this stage
  StageCode enters;              // entering this stage
  bool first = false;            // the first such trigger in the stage (or life) only
  bool has_due = false;          // the fact carries a due
  bool second_due = false;       // that, and what starts: the second of its dues
  bool unless_resolved = false;  // the entity was not resolved before this fact
  bool unless_ended = false;     // not while the entity has ended
};

struct Allowance {
  enum class Kind : std::uint8_t {
    kNothing,
    kOpenTime,
    kWorkingDays,
    kGiven
  } kind = Kind::kNothing;
  std::int64_t amount =
      0;  // ms of open time, or working days; kGiven: unused, the due is in the fact
};

// What one threshold allows, by priority, or, where they differ, by tier and priority. Empty: nothing.
class Allowances {
 public:
  // kNothing where there is no promise.
  const Allowance& of(PriorityCode priority, TierCode tier) const {
    static constexpr Allowance kNoPromise;
    return list_.empty() ? kNoPromise : list_[place(priority, tier)];
  }
  bool empty() const { return list_.empty(); }
  // All of them.
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

  // Room for so many, where there was none.
  void resize(std::size_t priorities, std::size_t tiers, bool by_tier) {
    priorities_ = priorities;
    by_tier_ = by_tier;
    list_.resize(priorities * (by_tier ? tiers : 1));
  }
  void put(PriorityCode priority, TierCode tier, const Allowance& allowance) {
    list_[place(priority, tier)] = allowance;
  }

 private:
  std::size_t place(PriorityCode priority, TierCode tier) const {
    const std::size_t place = priority.index() + (by_tier_ ? tier.index() * priorities_ : 0);
    CHECK(priority.index() < priorities_ && place < list_.size());
    return place;
  }

  std::vector<Allowance> list_;
  std::size_t priorities_ = 0;
  bool by_tier_ = false;
};

inline constexpr std::size_t kMaxWarnings = 8;  // of a clock

struct Warning {
  enum class Kind : std::uint8_t { kFraction, kBefore, kWorkingDaysBefore } kind = Kind::kFraction;
  std::int32_t numerator = 0, denominator = 1;  // of the open time from start to due
  std::int32_t days = 0;
  std::int64_t before_ms = 0;  // open time to the due
};

inline constexpr CalendarCode kTierCalendar(-2);  // the calendar of the entity's tier

struct Step {
  Duration after;                 // real time after step 1
  std::int16_t working_days = 0;  // instead: the closing of the n-th next working day
  // `after` counts on these: kTierCalendar, or a calendar; kNone: always.
  CalendarCode hours;
  std::vector<RoleCode> roles;  // in the order of telling
};

struct Ladder {
  std::vector<Step> steps;  // the first is step 1; empty: nobody is told
};

// Roles that depend on the tier or on the priority at the group's time.
struct LadderRow {
  Ladder ladder;
  Coded<TierCode, Ladder> by_tier;          // instead, by tier; empty: the same for all
  Coded<PriorityCode, Ladder> by_priority;  // or by the priority at the group's time
  std::vector<RoleCode> urgent_roles;       // added to step 1 while the priority is urgent
  Coded<TierCode, std::vector<RoleCode>> tier_roles;  // added to step 1, by tier
  // How long an acknowledgement holds while the clock runs on, by the priority at its time, or one
  // for all; 0 ms, or nothing at all: for good.
  Coded<PriorityCode, Duration> ack_timeout;
};

// ---- clocks ------------------------------------------------------------------------------------

struct PeriodSpec {
  PeriodKind kind = PeriodKind::kWeek;
  Coded<TierCode, int> count;  // by tier; 0: none. One entry: the same for all
  enum class Due : std::uint8_t { kEnd, kDay, kFirstWorkingDay } due = Due::kEnd;
  int day = 0;  // kDay: end of this day of the month
  Trigger match;
};

struct ClockSpec {
  std::string name;      // `ticket.response`
  bool retired = false;  // an earlier version had it: nothing starts it
  bool period = false;
  PeriodSpec cadence;  // when `period`

  std::vector<Trigger> start, stop;
  VerbMask cancel = 0;           // cancels it when it runs
  VerbMask unless = 0;           // does not start once one of these counted
  VerbMask unless_in_stage = 0;  // nor once one of these counted in this stage
  VerbMask sets = 0;             // sets the due exactly while it runs
  VerbMask presets = 0;          // sets the due in this stage even before the start
  VerbMask resume = 0;           // the last cycle runs on (`reopened`)
  VerbMask restart = 0;          // stops the cycle and starts the next
  bool restart_on_breach = false;
  int rest_after = 0;      // breaches in a row after which it rests; 0: never
  VerbMask wakes = 0;      // ends the rest
  bool warn_again = true;  // also in the cycles that a breach started
  bool unless_resolved = false;
  bool pauses = false;
  std::vector<std::string> waits;  // the words of those in which it pauses; empty: in all
  VerbMask second_due = 0;         // facts of which it takes the second due
  bool capped = false;             // a set due is never later than what the allowance gives
  StageCode stage;                 // leaving this stage cancels it
  StageCode breach_enters;         // a breach moves the entity to this stage and ends the cycle

  ByThreshold<Allowances> allowance;
  Coded<PriorityCode, CalendarCode> calendar;  // or kTierCalendar
  std::vector<Warning> warnings;
  Duration grace;

  bool low = false;  // urgency is always low
  ByThreshold<LadderRow> on_breach;
  LadderRow on_warning;
  bool group_by_run = false;      // one group a run of breaches, named after the first
  std::vector<Trigger> run_ends;  // what ends a run and clears its group

  // What follows from all that: which facts can start a cycle or let the last one run on, and which
  // can change the clock otherwise (beside those that cancel or pause all clocks of the kind).
  VerbMask starts = 0, changes = 0;

  // What a threshold allows; kNothing where it has no promise.
  const Allowance& allowed(ThresholdCode threshold, PriorityCode priority, TierCode tier) const {
    return allowance[threshold].of(priority, tier);
  }
};

// ---- kinds -------------------------------------------------------------------------------------

struct StageMove {
  VerbCode verb;
  WordCode choice;
  std::vector<StageCode> from;  // empty: none yet (the creation)
  StageCode to;
  std::string reason;
};

struct RoutingSpec {
  Coded<PriorityCode, LadderRow> by_priority;  // no steps: not routed
  Coded<PriorityCode, bool> on_raise;          // also when raised from a lower one
  Coded<PriorityCode, bool> on_reopen;         // also each time it is reopened
  Coded<StageCode, LadderRow> by_stage;
  std::vector<Trigger> clear;
};

struct FaultSpec {
  bool enabled = false;
  int weeks = 3;                         // running
  Coded<PriorityCode, bool> priorities;  // which count, at the opening
  VerbMask not_when = 0;                 // an entity that ended by one of these does not count
  Ladder ladder;
};

struct KindSpec {
  std::string name;
  bool retired = false;     // an earlier version had it: no fact is about it any more
  bool on_account = false;  // its one entity is the account itself
  Coded<VerbCode, VerbSpec> verbs;

  VerbMask ends = 0, resolves = 0, reopens = 0, pauses = 0, resumes = 0;
  VerbMask worded = 0;   // of `pauses` and `resumes`: may name which wait
  VerbMask cancels = 0;  // of `ends`: cancels running clocks
  VerbMask revives = 0;  // of an ended entity: a creation fact that makes it alive again (`tiered`)
  Coded<VerbCode, VerbMask> after_end;  // by the verb that ended it: verbs that still count
  PriorityCode default_priority{0};
  bool prioritized = false;
  VerbCode priority_verb;  // `prioritized`
  VerbCode assign_verb;    // its person is the assignee
  VerbCode unassign_verb;  // nobody is the assignee any more
  VerbCode acknowledge_verb;
  VerbCode escalate_verb;      // the next step now
  VerbCode excuse_verb;        // a breach had a good reason
  VerbCode notify_verb;        // what somebody else's notifier did
  VerbCode role_verb;          // account.assigned
  VerbMask life = 0;           // period clocks: a life begins with these (`tiered`, `kickedoff`)
  VerbMask tiers = 0;          // facts that carry the entity's own tier in force
  bool urgent_always = false;  // urgency high at every priority (complaints)
  Names<StageCode> stages;
  std::size_t retired_stages = 0;  // the last of them: an earlier version had them
  std::vector<StageMove> moves;
  RoutingSpec routing;
  FaultSpec fault;
  Coded<ClockCode, ClockSpec> clocks;  // sorted by name; retired ones behind
  bool has_periods = false;            // or had, in an earlier version
  bool pauses_clocks = false;

  bool retired_stage(StageCode code) const {
    return code.index() >= stages.size() - retired_stages;
  }
  // Nothing that runs here runs for longer than a period.
  bool periods_only() const {
    bool any = false;
    for (const ClockSpec& clock : clocks) {
      if (!clock.period && !clock.retired) return false;
      any = any || clock.period;
    }
    return any;
  }
};

// A key figure: thresholds of clocks that were met, or the mean of a score.
struct FigureSpec {
  std::string name;
  std::vector<std::string> clocks;
  ThresholdCode threshold;            // kNone: all that the clocks have
  ThresholdCode beside;               // shown with it
  std::string mean_type, mean_field;  // instead: `ticket.closed`, `satisfaction`
  std::optional<double> target;       // of its own: a ratio, or the mean that is wanted
};

// Where facts of a type count: `tocsin.duty.completed` counts on the account's `org`.
struct TypeRef {
  KindCode kind;
  VerbCode verb;
  bool on_account = false;  // the entity's id is the account, whatever the subject
};

struct NamedCalendar {
  std::string name;
  std::shared_ptr<const Calendar> calendar;
};

// What a name is called where people read it.
struct Label {
  std::string zh, en;  // empty: as the name itself
};

struct Policy {
  std::string name;
  std::int32_t version = 0;  // given when it takes force: 1, 2, …
  std::string hash;          // of the text, hexadecimal
  std::string hash_alone;    // of the text with its calendars written out
  Instant in_force_from{kAlways};
  bool to_open = false;  // entities that were open then live by it from then on
  Names<PriorityCode> priorities;
  Names<TierCode> tiers;
  Names<RoleCode> roles;
  Names<ThresholdCode> thresholds;
  Coded<PriorityCode, bool> urgent;  // urgency high
  TierCode default_tier{0};
  Coded<TierCode, CalendarCode> tier_calendar;
  Coded<CalendarCode, NamedCalendar> calendars;
  CalendarCode working_calendar{0};            // `N wd`, dates and periods
  Coded<TierCode, CalendarCode> tier_working;  // `N wd`
  CalendarCode always_calendar{0};             // 24x7
  RoleCode assignee_role, owner_role;
  Instant quiet_before = kAlways;
  double target = 0.95;
  std::vector<FigureSpec> figures;
  std::map<std::string, Label, std::less<>> labels;  // by name: `ticket.response`, `P1`, `business`
  Coded<KindCode, KindSpec> kinds;
  struct TypeHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };
  // By `ticket.opened`.
  std::unordered_map<std::string, TypeRef, TypeHash, std::equal_to<>> types;

  // What earlier versions had and this one has not is remembered by its name, behind what this one
  // has (engine/policy/translate.h): kinds, clocks, stages, roles, thresholds and calendars stand
  // in their tables, priorities, which index rules, here.
  std::vector<std::string> retired_priorities;
  std::vector<std::shared_ptr<const Policy>> earlier;  // versions before it, the oldest first

  const std::string& priority_name(PriorityCode code) const {
    if (priorities.has(code)) return priorities[code];
    const std::size_t retired = code.index() - priorities.size();
    CHECK(code != kNone && retired < retired_priorities.size());
    return retired_priorities[retired];
  }
  // This policy or the earlier one of that version; null when there is none.
  const Policy* of_version(std::int32_t wanted) const {
    if (wanted == version) return this;
    for (const auto& policy : earlier) {
      if (policy->version == wanted) return policy.get();
    }
    return nullptr;
  }
  // Null when there is none of that name.
  const KindSpec* kind_named(std::string_view kind) const {
    for (const KindSpec& spec : kinds) {
      if (spec.name == kind) return &spec;
    }
    return nullptr;
  }
  // Of one of its own kinds.
  KindCode code_of(const KindSpec& kind) const { return KindCode(&kind - kinds.list().data()); }

  const Calendar& working() const { return *calendars[working_calendar].calendar; }
  const Zone& zone() const { return working().zone(); }
  // By which `N wd` counts for this tier.
  const Calendar& working(TierCode tier) const { return calendar(tier_working[tier]); }
  const Calendar& calendar(CalendarCode code) const { return *calendars[code].calendar; }
};

}  // namespace tocsin
