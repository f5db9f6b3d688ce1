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

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/entity.h"
#include "engine/policy.h"
#include "engine/view.h"

namespace tocsin {

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
  std::int16_t threshold = kNone;  // warned, breached, withdrawn
  std::int32_t cause = -1;         // place of the fact that caused it; -1: a due
  Instant time;
  std::array<Instant, kMaxThresholds> due{};  // kNever = unknown
  std::array<Verdict, kMaxThresholds> verdict{};
  std::uint8_t exists = 0;      // which thresholds there are
  std::int64_t elapsed_ms = 0;  // stopped
};

struct Threshold {
  bool exists = false;
  Verdict verdict = Verdict::kPending;
  Instant due{kNever};            // unknown while pending and paused
  std::int64_t remaining_ms = 0;  // while paused, and from the end until a reopening
  Instant breached_at{kNever};
  Instant since;  // the start, resume or re-target that set the due
  bool warn_armed = true;
  std::uint16_t warned = 0;
  Instant warned_at{kNever};  // the last
  Instant warn_at{kNever};    // the next; kNever: none
};

struct Cycle {
  std::int16_t clock = kNone;
  std::int64_t number = 0;  // 1, 2, …; of a period clock its first instant in ms
  ClockState state = ClockState::kRunning;
  std::int16_t calendar = 0;
  std::int16_t priority = 0;  // under which it runs
  std::int16_t tier = 0;      // of a period clock: in force at its first instant
  Instant start;
  Instant end{kNever};      // of its period
  Instant stopped{kNever};  // stopped or cancelled
  std::int64_t elapsed_ms = 0;
  bool ended_by_breach = false;
  int needed = 0;  // period: matching facts still missing
  std::array<Threshold, kMaxThresholds> thresholds;
  std::vector<std::pair<Instant, Instant>>
      active;  // where time counts; the last is open while running
  std::vector<Happening> history;
  std::size_t told = 0;  // of the history, when the last decision was made on this Truth
};

struct StageEntry {
  std::int16_t to = kNone, from = kNone;
  Instant time;
  std::int32_t cause = -1;
  std::string reason;
};

// Something that people are told about until it is over, other than a warning.
struct Routing {
  GroupKey key;
  Instant begin;
  Instant over{kNever};
  std::int16_t priority = kNone;
};

struct Run {  // breaches in a row of a clock with `group_by_run`
  std::int16_t clock = kNone;
  std::int64_t first = 0;  // cycle of the first breach
  std::int16_t threshold = 0;
  Instant begin;
  Instant over{kNever};
};

struct ClockTruth {
  std::int32_t last = -1;  // place of its last cycle in `cycles`
  std::int64_t count = 0;  // cycles so far
  bool armed = false;      // its start fact happened and its stop fact not
  bool resting = false;
  bool first_done = false;  // in this stage, or life
  int in_a_row = 0;         // breaches
  std::int32_t run = -1;    // open run
  Instant next_period{kNever};
  Instant preset{kNever};  // due set before the start, in this stage
};

struct Truth {
  Truth(const Policy& policy, const KindSpec& kind) : policy(&policy), kind(&kind) {
    clocks.resize(kind.clocks.size());
    routed.resize(policy.priorities.size(), 0);
  }

  // Reads the facts that come after those read so far. All of them must sort after what was fired.
  void read(const std::vector<EntityFact>& facts);
  // Fires everything due up to and including `until`. Patient: a breach waits for its clock's grace
  // (its time stays true); a fact read meanwhile ends the waiting.
  void advance(const std::vector<EntityFact>& facts, Instant until, bool patient = true);
  // Whether a fact that joins at `place` with effective time `time` may be read on top of this.
  bool can_read(std::size_t place, Instant time) const { return place >= position && time > fired; }
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
  std::int16_t priority = 0;
  std::int16_t tier = 0;               // the stamp
  std::int16_t tier_in_force = kNone;  // of an account, by event time
  std::int16_t stage = kNone;
  std::int16_t ended = kNone;  // the verb that ended it
  bool paused = false, resolved = false;
  VerbMask counted = 0, counted_in_stage = 0;
  Instant life_from{kNever};  // period clocks start at or after this
  std::vector<ClockTruth> clocks;
  std::vector<Cycle> cycles;
  std::vector<StageEntry> entries;
  std::vector<Routing> routings;
  std::vector<Run> runs;
  std::vector<int> routed;                                   // [priority]: routings so far
  std::vector<std::pair<Instant, std::int16_t>> priorities;  // history

  std::int16_t priority_at(Instant t) const;

 private:
  friend class FactEffect;
  void apply(const std::vector<EntityFact>& facts, std::size_t i);
  void fire_one(const std::vector<EntityFact>& facts, Instant t, bool patient);
  void enter_stage(std::int16_t to, Instant t, std::int32_t cause, const std::string& reason);
  void begin_life(const std::vector<EntityFact>& facts, std::size_t i, Instant t);
  void start_period(const std::vector<EntityFact>& facts, std::size_t clock, Instant t);
  void breach(Cycle& cycle, std::int16_t threshold, Instant t);
};

}  // namespace tocsin
