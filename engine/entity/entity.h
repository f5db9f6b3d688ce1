// An entity as the engine keeps it: the facts accepted so far, and what was announced about it.
//
// These two are all there is to keep. What is true (engine/truth/truth.h) is a function of the facts;
// what to say next is the difference between the truth and what was announced. Both parts grow only
// by `evolve`: a fact joins `facts`, a derived event changes `said`.
//
// Not thread safe; one partition's owner works on it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/entity/states.h"
#include "engine/policy/policy.h"
#include "events/time.h"

namespace tocsin {

// The words of a fact, in one piece of memory.
class FactWords {
 public:
  FactWords() = default;
  FactWords(std::string_view order, std::string_view text, std::string_view more,
            std::string_view title = {}, std::string_view link = {})
      : text_at_(static_cast<std::uint32_t>(order.size())),
        more_at_(text_at_ + static_cast<std::uint32_t>(text.size())),
        title_at_(more_at_ + static_cast<std::uint32_t>(more.size())),
        link_at_(title_at_ + static_cast<std::uint32_t>(title.size())) {
    all_.reserve(link_at_ + link.size());
    all_.append(order).append(text).append(more).append(title).append(link);
  }

  // source NUL sequence NUL id: breaks ties of time, by bytes
  std::string_view order() const { return std::string_view(all_).substr(0, text_at_); }
  // person, owner, by, wait; the cycle of an excuse
  std::string_view text() const { return part(text_at_, more_at_); }
  // escalation group, role, module; the clock of an excuse
  std::string_view more() const { return part(more_at_, title_at_); }
  // of a creation fact, and of an account's tier; the channel of a notification
  std::string_view title() const { return part(title_at_, link_at_); }
  std::string_view link() const { return std::string_view(all_).substr(link_at_); }

 private:
  std::string_view part(std::uint32_t from, std::uint32_t to) const {
    return std::string_view(all_).substr(from, to - from);
  }

  std::string all_;
  std::uint32_t text_at_ = 0, more_at_ = 0, title_at_ = 0, link_at_ = 0;
};

inline constexpr std::int32_t kNoScore = INT32_MIN;

// A fact reduced to what decisions and views read.
struct EntityFact {
  Instant time;                // event time, cut to the arrival
  Instant recorded;            // arrival
  Instant due{kNever};         // the instant in its data, if any
  Instant second_due{kNever};  // where its verb has two, the second
  FactWords words;
  VerbCode verb;  // kNone: on the timeline only
  // Codes are those of the policy by which the fact counts, or, where that one does not know its
  // verb, of the one that read it, whose code `other_verb` is.
  VerbCode other_verb;
  WordCode choice;  // of its words; the threshold of an excuse (as_threshold)
  PriorityCode priority;
  TierCode tier;                  // creation facts: the stamp; else the tier in its data
  std::int32_t number = 0;        // the step of a notification
  std::int32_t policy = 0;        // stamp of a creation fact: version in force
  std::int32_t version = 0;       // whose codes these are
  std::int32_t score = kNoScore;  // of a field with a range of numbers
  bool creates = false;
  bool provisional = false;  // the tier stamp is a guess until the account's first `tiered`
  bool read = false;         // a decision has taken it into account
  // Not kept: which of its entity's facts it was to arrive, from 1, since that was loaded; 0: before.
  std::int32_t arrival = 0;
};

enum class SaidState : std::uint8_t { kRunning, kPaused, kStopped, kCancelled };

// What was announced of one clock and cycle.
struct SaidThreshold {
  bool exists = false;
  bool breached = false;
  Verdict verdict = Verdict::kPending;  // when stopped
  Instant due{kNever};                  // as it was told last; kNever: as unknown
  Instant breached_at{kNever};          // of the breach told last
  std::uint16_t warned = 0;             // number of the last warning told
  std::uint16_t warned_ids = 0, breached_ids = 0, withdrawn_ids = 0;
};

struct SaidCycle {
  ClockCode clock;
  std::int64_t cycle = 0;  // number, or a period's first instant in ms
  SaidState state = SaidState::kRunning;
  bool gone = false;  // taken back: no such clock
  Instant start;
  Instant stopped;
  std::int64_t elapsed_ms = 0;
  ByThreshold<SaidThreshold> thresholds;
  std::uint16_t started = 0, retargeted = 0, paused = 0, resumed = 0, ended = 0, cancelled = 0,
                corrected = 0;
};

// Where each cycle stands among what was said, for those that have many. A cache: a copy is empty.
class SaidIndex {
 public:
  SaidIndex() = default;
  SaidIndex(const SaidIndex&) {}
  SaidIndex(SaidIndex&&) = default;
  SaidIndex& operator=(const SaidIndex&) {
    clear();
    return *this;
  }
  SaidIndex& operator=(SaidIndex&&) = default;

  void clear() {
    places_.clear();
    indexed_ = 0;
  }
  // The last of that clock and number; null when there is none. `said` has only grown since the
  // last call, or the index was cleared.
  const SaidCycle* find(const std::vector<SaidCycle>& said, ClockCode clock, std::int64_t cycle) {
    for (; indexed_ < said.size(); ++indexed_) {
      const SaidCycle& next = said[indexed_];
      places_.insert_or_assign({next.clock, next.cycle}, indexed_);
    }
    const auto it = places_.find({clock, cycle});
    return it == places_.end() ? nullptr : &said[it->second];
  }

 private:
  boost::unordered_flat_map<std::pair<ClockCode, std::int64_t>, std::size_t> places_;
  std::size_t indexed_ = 0;
};

struct SaidStage {
  StageCode stage;
  StageCode from;  // as it was told last
  bool stands = false;
  std::uint16_t advanced = 0, withdrawn = 0;
};

// What a group is about; two groups with the same key are the same one, raised again.
struct GroupKey {
  enum class Kind : std::uint8_t {
    kBreach,
    kWarning,
    kRouting,
    kStage,
    kFault
  } kind = Kind::kBreach;
  ClockCode clock = kNone;          // kBreach, kWarning
  ThresholdCode threshold = kNone;  // the same
  PriorityCode priority = kNone;    // kRouting
  StageCode stage = kNone;          // kStage
  std::int64_t cycle = 0;           // kBreach, kWarning: the cycle; kRouting: its number
  std::string name{};               // kFault: `module/week`, encoded
  // kBreach: which `reopened` fact raised it again, as a hash of its order; 0: the breach itself
  std::uint64_t reopening = 0;
  friend bool operator==(const GroupKey&, const GroupKey&) = default;
};

// Whether two keys give a group the same name: routings at one priority share theirs, and so do
// those of a breach that was raised again.
inline bool same_name(const GroupKey& a, const GroupKey& b) {
  return a.kind == b.kind && a.clock == b.clock && a.threshold == b.threshold &&
         a.priority == b.priority && a.stage == b.stage && a.name == b.name &&
         (a.cycle == b.cycle || a.kind == GroupKey::Kind::kRouting);
}

using RoleCodes = boost::container::small_vector<RoleCode, 4>;  // of a step

// Somebody was told of a step.
struct SaidCall {
  std::string person;
  RoleCode role;  // kNone: of the roster's last resort
  std::uint16_t step = 0;
  Instant at;
  friend bool operator==(const SaidCall&, const SaidCall&) = default;
};

struct SaidGroup {
  GroupKey key;
  std::int32_t under = 0;      // the policy version by whose steps and tiers it climbs
  std::uint16_t instance = 1;  // `~n`
  std::uint16_t told = 0;      // which telling of its breach or stage it is about
  std::uint16_t step = 0;      // the last raised
  GroupState state = GroupState::kOpen;
  bool high = false;
  TierCode tier;          // which row of its ladder; a code of `under`
  PriorityCode priority;  // the same
  Instant begun;          // time of its first step, whether that was raised or not
  Instant raised_at;      // arrival instant at which it was first raised
  Instant last_step;      // time of the last step raised
  // Later steps keep their distance from this one; it was moved by a call for the next step, or by
  // an acknowledgement that ran out.
  std::uint16_t anchor_step = 1;
  Instant anchor;
  Instant acknowledged_at{kNever};  // of the last acknowledgement
  std::int64_t timeout_ms = 0;      // after which that runs out; 0: never
  Instant reopened_at{kNever};      // when the last one ran out
  // How often it was acknowledged and ran out, and to how many of the latter a step was raised.
  std::uint16_t acknowledged = 0, reopened = 0, rung = 0;
  RoleCodes roles;              // of the last step
  std::vector<SaidCall> calls;  // of all steps
  std::string by;
};

struct Truth;
struct Account;

// From `at` on an entity lives by another policy; facts and dues up to then by `from`.
struct PolicyMove {
  Instant at;
  const Policy* from = nullptr;
  bool read = false;  // the last decision took it into account
};

// From `at` on period clocks of an entity that lives by its own policy begin by another one.
struct CadenceMove {
  Instant at;
  const Policy* to = nullptr;
};

struct Entity {
  std::string account, id;
  // That of its creation, or of its last move; what was announced is in its codes.
  const Policy* policy = nullptr;
  KindCode kind;
  std::vector<PolicyMove> moves;      // in order of time, which is that of versions
  std::vector<CadenceMove> cadences;  // in order of time
  // The last version that concerns its kind of which it was judged whether it moves there.
  std::int32_t moves_known = 0;
  std::vector<EntityFact> facts;  // in the order of the contract
  std::vector<SaidCycle> said;
  std::vector<SaidStage> stages;
  std::vector<SaidGroup> groups;
  Instant told_at{kAlways};  // of the decision that said something last: all up to then was said
  // The account's first tier ended the guess of its own, and no decision has taken that into account.
  bool retiered = false;

  // Not kept:
  std::shared_ptr<Truth> truth;  // a cache; never the only holder of anything
  mutable SaidIndex said_index;  // of `said`
  // Of an entity with many facts: the truth of the first of them, up to an instant before which
  // nothing joined since. A late fact after it is read on top of a copy.
  std::shared_ptr<const Truth> checkpoint;
  Account* owner = nullptr;
  Instant next_due{kNever};
  Instant said_at{kAlways};    // when it was last decided about, as far as is known
  std::int32_t looked_at = 0;  // the last version of which it was judged whether it moves there
  std::int32_t arrivals = 0;   // facts since it was loaded
  // In a replay: how many there were when the log said something about it last; −1: it did not.
  std::int32_t told = -1;
  std::uint64_t taken = 0;  // the hand-over that its changes were last taken with
  std::uint64_t owed = 0;  // the hand-over to which its state as it was then is still owed; 0: none
  std::uint32_t slot = 0;  // of its timer
  bool used = true;        // since the evicting hand came by last
  bool touched = false;    // something joined since the last decision
  bool changed = false;    // since its changes were last taken
  bool held = false;       // it is looked at by the next decision that releases more dues
  bool listed = false;     // its account's faults may hold its opening

  const KindSpec& spec() const { return policy->kinds[kind]; }
};

}  // namespace tocsin
