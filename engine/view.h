// What readers may see of an entity: the rows that queries, boards, figures and `simulate` show.
//
// A view is a value, made by the engine from an entity's state (`Partition::view`), never the other
// way round. Names are the contract's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/entity/states.h"
#include "events/time.h"

namespace tocsin {

struct ThresholdRow {
  std::string name;            // `target`, `limit`
  std::optional<Instant> due;  // empty only while pending and paused (or cancelled while paused)
  Verdict verdict = Verdict::kPending;
  bool warned = false;
  std::optional<Instant> excused = {};  // since when its breach has a good reason
  // Open time that remains; only while pending and paused.
  std::optional<std::int64_t> remaining_ms = {};
  std::string person = {};  // the assignee at the due, once it is met or breached
  friend bool operator==(const ThresholdRow&, const ThresholdRow&) = default;
};

struct ClockRow {
  std::string clock;  // `ticket.response`
  std::string cycle;  // `1`, or the name of a period: `2026-W10`
  bool period = false;
  ClockState state = ClockState::kRunning;
  Instant start;
  std::string calendar;                  // `24x7`, `business`
  std::vector<ThresholdRow> thresholds;  // target before limit
  std::optional<Instant> stopped;        // only when stopped
  std::optional<std::int64_t>
      elapsed_ms;  // open time at the stop without pauses; only when stopped
  // Open time without pauses up to `since`, from where it counts on while it runs; while paused,
  // all of it.
  std::int64_t counted_ms = 0;
  Instant since;
  friend bool operator==(const ClockRow&, const ClockRow&) = default;
};

// Somebody who was told of a step.
struct CallRow {
  std::string person, role;  // role: as it was then; empty: a stand-in or last resort
  int step = 0;
  Instant at;
  // How they were reached, or not; empty: nothing is known.
  std::string channel, outcome;  // `delivered`, `failed`
  std::optional<Instant> delivered_at;
  friend bool operator==(const CallRow&, const CallRow&) = default;
};

// The step that comes next; who plays its roles as of when the view was made.
struct NextRow {
  int step = 0;
  std::optional<Instant> at;  // empty: not known while its entity waits
  std::vector<std::string> roles, persons;
  friend bool operator==(const NextRow&, const NextRow&) = default;
};

struct GroupRow {
  std::string escalation;            // the group's id
  std::string clock;                 // empty for a routing
  std::string cycle, threshold;      // empty for a routing
  std::optional<Instant> due;        // of the threshold, as it is now
  int step = 0;                      // the last step that was raised
  std::vector<std::string> roles;    // of that step
  std::vector<std::string> persons;  // of that step
  std::string urgency;               // `high` or `low`
  std::string reason;
  GroupState state = GroupState::kOpen;
  Instant begun;   // time of step 1
  Instant raised;  // time of the last step raised
  std::string by;  // who acknowledged it; empty where it is not acknowledged
  std::optional<Instant> acknowledged_at;
  std::vector<CallRow> called;  // everybody who was ever told, in order of the steps
  std::optional<NextRow> next;  // of an open one
  friend bool operator==(const GroupRow&, const GroupRow&) = default;
};

// The last score that a fact of one type gave.
struct ScoreRow {
  std::string type;  // `ticket.closed`
  int score = 0;
  Instant at;
  std::string person;  // the assignee then
  friend bool operator==(const ScoreRow&, const ScoreRow&) = default;
};

// When something of a kind was last done for an account: an executive visit.
struct ContactRow {
  std::string kind;
  Instant at{kAlways};
  friend bool operator==(const ContactRow&, const ContactRow&) = default;
};

struct EntityView {
  std::string account, kind, id;
  bool created = false;      // false: its facts wait for a creation fact
  std::string tier;          // stamp: A, B, C, or empty
  bool provisional = false;  // the tier stamp is a guess until the account's first `tiered`
  std::int32_t policy = 0;   // stamp: version of the policy in force
  std::string state;  // `open`, `paused`, `resolved`, `closed`, `cancelled`, … the last state word
  std::string priority;  // empty where the kind has none
  std::string stage;     // the stage that a staged kind is in: `1`
  std::string assignee;  // the ticket's assignee or the milestone's owner
  std::string title;     // what people call it; empty: unknown
  std::string link;      // its page in the CRM; empty: none
  // Of the fact that created it; while none has, of its first; empty: no fact names it.
  std::string source;
  std::string account_name;  // what people call the account; empty: unknown
  bool over = false;         // it has ended, as its policy says
  std::uint8_t rank = 0;     // of its priority, 0 is the most urgent; what has none comes behind
  std::string module;        // what recurring faults are grouped by
  std::optional<Instant> opened;
  std::int64_t facts = 0;
  std::vector<ClockRow> clocks;      // sorted by (clock, start, cycle)
  std::vector<GroupRow> groups;      // in order of begin
  std::vector<ScoreRow> scores;      // by type
  std::vector<ContactRow> contacts;  // of an account, by kind
  friend bool operator==(const EntityView&, const EntityView&) = default;
};

}  // namespace tocsin
