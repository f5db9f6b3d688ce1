// What is true about one entity: the state that its facts and the passing of time lead to.
//
// A Truth reads facts in the contract's order and fires what falls due between them, facts before
// dues at equal instants. It is a pure function of (policy, facts with their stamps, until):
// reading all facts from the start and reading them one by one as they come give the same, as long
// as they come in order. It knows nothing of what was announced; it records what happened to every
// clock, with the fact that caused it, so that the announcer can tell the difference.
//
// Invariants
//  1. Each clock has at most one cycle that runs or is paused, the last one.
//  2. A pending threshold of a running cycle has a due; of a paused one, what remains.
//  3. `fired` is not after any fact read later, or the Truth is stale (`can_read`).
//
// Worked example. P1 opened 10:00 (24x7): `ticket.response` target 10:15, `ticket.resolution`
// target 12:00 and limit 14:00. Responded 10:10: the response is met, `ticket.progress` 1 runs to
// 10:40.
//
// Cost: a fact O(clocks of the kind); a due O(running clocks). Not thread safe.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/entity/states.h"
#include "engine/policy/policy.h"

namespace tocsin {

inline constexpr std::int32_t kByPolicy = -2;  // the cause of what another policy brings

enum class Happened : std::uint8_t {
  kStarted,
  kRetargeted,
  kPaused,
  kResumed,
  kWarned,
  kBreached,
  kStopped,
  kCancelled,
  kWithdrawn
};

struct Happening {
  Happened what = Happened::kStarted;
  ThresholdMask exists = 0;  // which thresholds there are
  ByThreshold<Verdict> verdict{};
  ThresholdCode threshold;  // warned, breached, withdrawn
  CalendarCode calendar;    // on which it ran from then on
  std::int32_t cause = -1;  // place of the fact that caused it; -1: a due; kByPolicy
  Instant time;
  ByThreshold<Instant> due{};   // kNever = unknown
  std::int64_t elapsed_ms = 0;  // stopped
};

// Of this and of a Cycle, what is asked for at every fact stands first.
struct Threshold {
  bool exists = false;
  Verdict verdict = Verdict::kPending;
  std::uint8_t warn_armed = 0xff;  // the warnings that are still to be given
  std::uint8_t warn_next = 0;      // which one `warn_at` is
  std::uint8_t warn_last = 0;      // which one `warned_at` was
  std::uint16_t warned = 0;
  Instant due{kNever};        // unknown while pending and paused
  Instant since;              // the start, resume or re-target that set the due
  Instant warn_at{kNever};    // the next; kNever: none
  Instant warned_at{kNever};  // the last
  Instant breached_at{kNever};
  std::int64_t remaining_ms = 0;  // while paused, and from the end until a reopening
};

// What a threshold has at a priority under which its cycle ran before. Pauses move it as they move
// the due in force; one that was missed by then stays.
struct KeptDue {
  PriorityCode priority;
  ThresholdCode threshold;
  CalendarCode calendar{0};
  Instant due{kNever};            // unknown while the clock stands still
  std::int64_t remaining_ms = 0;  // then
};

struct Cycle {
  ClockCode clock;
  CalendarCode calendar{0};
  PriorityCode priority{0};  // under which it runs
  TierCode tier{0};          // of a period clock: in force at its first instant
  ClockState state = ClockState::kRunning;
  bool ended_by_breach = false;
  bool decided = false;   // a decision has been made with it
  bool unwarned = false;  // it is never warned
  int needed = 0;         // period: matching facts still missing
  ByThreshold<Threshold> thresholds;
  std::int64_t number = 0;  // 1, 2, …; of a period clock its first instant in ms
  Instant start;
  Instant end{kNever};      // of its period
  Instant stopped{kNever};  // stopped or cancelled
  std::int64_t elapsed_ms = 0;
  Instant last_end_by_fact{kAlways}, last_end_by_due{kAlways};  // stopped or cancelled
  Instant made_up{kNever};  // of a period that was missed: it is nobody's task any more
  // Where time counts; the last is open while running.
  boost::container::small_vector<std::pair<Instant, Instant>, 1> active;
  std::vector<KeptDue> kept;
  // Since the last decision on this Truth; all of it while there was none.
  std::vector<Happening> history;
};

struct StageEntry {
  StageCode to = kNone, from = kNone;
  Instant time;
  std::int32_t cause = -1;
  std::string_view reason;  // the policy's
};

// Something that people are told about until it is over, other than a warning.
struct Routing {
  GroupKey key;
  Instant begin;
  Instant over{kNever};
  PriorityCode priority;
  std::int32_t cause = -1;  // place of the fact that began it; -1: a due
};

struct Run {  // breaches in a row of a clock with `group_by_run`
  ClockCode clock;
  std::int64_t first = 0;  // cycle of the first breach
  ThresholdCode threshold{0};
  Instant begin;
  Instant over{kNever};
};

// Where an entity waited: begin and end, in order; the last is open (kNever) while it waits.
using Pauses = std::vector<std::pair<Instant, Instant>>;

// A cycle that had ended ran on.
struct Reopening {
  ClockCode clock;
  std::int64_t cycle = 0;
  Instant at;
  std::int32_t cause = -1;  // place of the fact
};

// A breach that had a good reason, as of the first excuse.
struct Excused {
  ClockCode clock;
  std::int64_t cycle = 0;
  ThresholdCode threshold;
  Instant at;
};

struct ClockTruth {
  std::int32_t last = -1;     // place of its last cycle in `cycles`
  std::int32_t count = 0;     // cycles so far
  std::int32_t run = -1;      // open run
  std::int32_t missed = -1;   // place of the missed cycle that nothing made up for yet
  std::int16_t in_a_row = 0;  // breaches
  bool armed = false;         // its start fact happened and its stop fact not
  bool resting = false;
  bool first_done = false;  // in this stage, or life
  bool waits = false;       // the entity waits for something that this clock pauses in
  Instant next_period{kNever};
  Instant preset{kNever};  // due set before the start, in this stage
  // What its running period matches, or the one that was missed, by the policy that it began under;
  // set by a move.
  Trigger match;
  bool own_match = false;
};

// From `at` on clocks run by another policy.
struct TruthMove {
  Instant at;
  const Policy* to = nullptr;
  bool read = false;  // the last decision took it into account
};

struct Truth {
  static constexpr std::size_t kFewCycles = 4;  // that most entities have

  Truth(const Policy& policy, const KindSpec& kind) : policy(&policy), kind(&kind) {
    clocks.resize(kind.clocks.size());
    cycles.reserve(kFewCycles);
  }

  // Of an entity with its moves, to begin with the policy of its creation.
  explicit Truth(const Entity& entity);

  // Reads the facts that come after those read so far, `most` of them at most. All of them must sort
  // after what was fired.
  void read(const std::vector<EntityFact>& facts, std::size_t most = SIZE_MAX);
  // Fires everything due up to and including `until`; returns the next due. Patient: a breach waits
  // for its clock's grace (its time stays true); a fact read meanwhile ends the waiting.
  Instant advance(const std::vector<EntityFact>& facts, Instant until, bool patient = true);
  // What is true at `now`, to be compared with what was announced: `advance`, and the codes are those
  // by which the entity lives.
  Instant come_to(const std::vector<EntityFact>& facts, Instant now) {
    const Instant due = advance(facts, now);
    foretell();
    return due;
  }
  // Whether a fact that joins at `place` with effective time `time` may be read on top of this.
  bool can_read(std::size_t place, Instant time) const {
    return place >= position && time > fired && !foretold();
  }
  // The next instant at which something falls due; kNever when nothing does.
  Instant next_due(bool patient = true) const;
  // When an entity with these facts was created: the effective time of all earlier facts.
  static Instant creation(const std::vector<EntityFact>& facts);

  const Policy* policy;
  const KindSpec* kind;
  std::size_t position = 0;  // facts read
  Instant fired{kAlways};    // the last due that fired
  bool created = false;
  Instant created_at{kNever};
  std::int32_t creator = -1;
  PriorityCode priority{0};
  TierCode tier{0};        // the stamp
  TierCode tier_in_force;  // of an account, by event time
  StageCode stage;
  VerbCode ended;  // the verb that ended it
  bool paused = false, resolved = false;
  boost::container::small_vector<std::int32_t, 1> waits;  // places of the facts that began them
  VerbMask counted = 0, counted_in_stage = 0;
  Instant life_from{kNever};  // period clocks start at or after this
  bool compared = false;      // a decision has compared all of it with what was announced
  Coded<ClockCode, ClockTruth> clocks;
  std::vector<Cycle> cycles;
  std::vector<StageEntry> entries;
  boost::container::small_vector<Routing, 1> routings;
  std::vector<Run> runs;
  Pauses pauses;
  std::vector<Reopening> reopenings;  // in order
  std::vector<std::int32_t> excuses;  // places of facts that excuse a breach
  std::vector<Excused> excused;       // what they excuse, as of what was fired last
  boost::container::small_vector<std::pair<Instant, PriorityCode>, 1> priorities;  // history

  std::vector<TruthMove> moves;       // in order of time
  std::vector<CadenceMove> cadences;  // the same
  std::size_t moved = 0;              // how many of them were made

  PriorityCode priority_at(Instant t) const;
  // A fact in the codes that hold now, without its words.
  EntityFact seen(const EntityFact& fact) const;
  // The same in the codes of a later policy, nothing else changed.
  void recode(const Policy& to);
  // The same in the codes by which the entity lives. They are others where the clock was set back
  // behind a move: that is still to come, and until then nothing of it is true but the codes. Nothing
  // is read on top of it then, and nothing fired.
  void foretell();
  // Moves are still to come, and its codes are those of the last of them already.
  bool foretold() const { return is_behind() && policy == moves.back().to; }
  bool is_behind() const { return moved < moves.size(); }
  const Cycle* find(ClockCode clock, std::int64_t number) const;  // null: there is none
  // When a breach was excused, or one in this run; kNever: none was.
  Instant excused_at(const Cycle& cycle, ThresholdCode threshold) const;
  Instant excused_at(const Run& run) const;

 private:
  friend class FactEffect;
  void apply(const std::vector<EntityFact>& facts, std::size_t i);
  void fire_one(const std::vector<EntityFact>& facts, Instant t, bool patient);
  void enter_stage(StageCode to, Instant t, std::int32_t cause, std::string_view reason);
  void begin_life(const std::vector<EntityFact>& facts, std::size_t i, Instant t);
  // What a period clock asks for in the period that begins at `t`, by the policy in force then.
  struct Asked {
    int count = 0;  // 0: nothing
    const PeriodSpec* spec = nullptr;
    const Calendar* calendar = nullptr;
    Trigger match;  // in the codes that hold now
    bool own = true;
  };
  Asked asked(ClockCode clock, Instant t) const;
  void start_period(const std::vector<EntityFact>& facts, ClockCode clock, Instant t);
  void breach(const std::vector<EntityFact>& facts, Cycle& cycle, ThresholdCode threshold,
              Instant t);
  void miss_period(const std::vector<EntityFact>& facts, ClockCode clock, Instant t);
  ThresholdCode limit_now(const EntityFact& excuse) const;
  void mark_excuses(const std::vector<EntityFact>& facts);
  void move(const std::vector<EntityFact>& facts, const Policy& to, Instant t);
  void move_clock(const std::vector<EntityFact>& facts, ClockCode clock, bool known, bool allowed,
                  Instant t);
  void move_period(ClockCode clock, bool known, bool to_open, Instant t);
  void leave_stage(Instant t);
  void move_waits(const std::vector<EntityFact>& facts, Instant t);
};

// Whether `to`, when it takes force, means something to entities of this kind that are open
// (contract §11): it was meant for them, or they have period clocks.
bool concerns(const KindSpec& kind, const Policy& to);
// Whether an entity that was not judged yet moves to `to`: it is open, and `to` was meant for open
// ones, or all its clocks are periods'. Of others that are concerned only the periods follow.
bool moves_to(const Entity& entity, const Policy& to);

}  // namespace tocsin
