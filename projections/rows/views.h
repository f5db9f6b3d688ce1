// The view rows of an entity, and what it adds to counts and figures: pure functions of its
// Projection. Whatever a query shows comes from here, live or rebuilt.
//
// Definitions (contract §6, §8; docs/adr/0032):
//  - at risk: a running clock with a threshold that is pending and warned. Overdue: a running or
//    paused clock with a breached threshold.
//  - A clock is listed under its earliest pending due; those with none pending come behind all
//    others, by their last due.
//  - open: created and not over, as the entity's policy says.
//  - An alarm is in the inboxes while it is open, and when it was acknowledged, until its entity is
//    over and nothing of it runs.
//  - Figures count a threshold once it is met or breached, unless its clock was cancelled, on the
//    day of its due's last millisecond, under the entity's present priority and tier.
//
// Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "events/arena.h"
#include "events/bytes.h"
#include "projections/rows/figures.h"
#include "projections/rows/keys.h"
#include "projections/rows/projection.h"

namespace tocsin {

enum class ClockClass : char {
  kRunning = 'r',
  kPaused = 'p',
  kStopped = 's',
  kCancelled = 'c',
  kAtRisk = 'k',   // beside running
  kOverdue = 'o',  // beside running or paused
};
ClockClass class_of(ClockState state);
bool is_live(const ClockRow& clock);  // it runs or is paused
bool is_at_risk(const ClockRow& clock);
bool is_overdue(const ClockRow& clock);
bool is_open(const EntityView& view);
// The earliest pending due; kNever when there is none or none is known.
Instant next_pending(const ClockRow& clock);
Instant next_pending(const EntityView& view);  // of all its clocks that run
// Where a clock stands in its list: its next pending due, or an instant behind all of those.
Instant listed_at(const ClockRow& clock);

// What a clock's row holds beside its key, so that filters need not read the entity.
struct ClockSummary {
  std::string tier, priority, source, assignee;
  std::vector<std::string> roles, persons;  // of the clock's open groups
};
ClockSummary summarize(const EntityView& view, const ClockRow& clock);
ClockSummary decode_clock_summary(std::string_view bytes);

// Where the clocks of one class, kind and name lie, in order of (listed due, account, id, cycle).
std::string clock_prefix(PartitionId partition, ClockClass of, std::string_view kind,
                         std::string_view clock);

std::string clock_key(PartitionId partition, ClockClass of, const EntityKey& entity,
                      const ClockRow& clock);

// ---- inboxes

// Whose inbox a group is in.
enum class InboxOf : char { kEverybody = 'a', kAccount = 'c', kPerson = 'p', kRole = 'r' };
// Where the groups of one inbox in one state lie, in order of: nobody called first, rank, next
// pending due, account, kind, id. A row holds those that share all of this, in order of their names.
std::string inbox_prefix(PartitionId partition, InboxOf of, std::string_view name,
                         bool acknowledged);
// So many bytes behind the prefix give the order: called, rank, acknowledged, due.
inline constexpr std::size_t kInboxOrderBytes = 11;

// What a row holds of a group, so that filters need not read the entity. Points into what it is of.
struct GroupSummary {
  std::string_view tier, priority, source, clock, urgency;
};
GroupSummary summarize(const EntityView& view, const GroupRow& group);
// The groups in a row, one by one.
class GroupsInRow {
 public:
  GroupsInRow() = default;
  explicit GroupsInRow(std::string_view row);  // which must outlive it

  bool next();  // false: there is no further one
  std::string_view name() const { return name_; }
  const GroupSummary& summary() const { return summary_; }

 private:
  ByteReader left_{std::string_view()};
  std::string_view name_;
  GroupSummary summary_;
};
// Whether an alarm of this entity is in any inbox.
bool is_in_inboxes(const EntityView& view, const GroupRow& group);
// Where an alarm is listed in one inbox, that of everybody (no name), an account, a person or a role:
// the key of its row, and then its name. A cursor is this.
std::string inbox_key(PartitionId partition, InboxOf of, std::string_view name,
                      const EntityKey& entity, const EntityView& view, const GroupRow& group);
// Who was ever called for it, each once.
std::vector<std::string> called_persons(const GroupRow& group);

// What a group's key says beyond its entity: the group's id without the entity's, where it begins
// with that.
std::string_view group_name(const EntityKey& entity, std::string_view escalation);

// What the row of an entity in the family of open ones holds: of each that is open, waits for its
// creation, has clocks that run or are paused, or is in an inbox.
struct OpenSummary {
  bool open = false;
  std::uint8_t rank = 0;
  std::string_view source, title;
};
OpenSummary decode_open_summary(std::string_view bytes);  // points into `bytes`

struct ViewRow {
  std::string_view key, value;
  friend auto operator<=>(const ViewRow&, const ViewRow&) = default;
};

// ---- what stands behind a figure

// One threshold that was met or breached, or one score.
struct Behind {
  enum class What : char {
    kMet = 'm',
    kBreached = 'b',
    kExcused = 'e',
    kScore = 's'
  } what = What::kMet;
  int score = 0;
  Instant at;  // the due; of a score the time of its fact
  std::string priority, tier, person, module, source;
};
Behind decode_behind(std::string_view bytes);
// Under which a score lies, in place of a clock and its threshold: `ticket.closed`.
inline constexpr std::string_view kScoreThreshold = "score";
Key behind_prefix(PartitionId partition, std::string_view clock, std::string_view threshold);

// Replaces `rows` by those of the families D, C, G, O and B, in key order; their bytes are in `arena`.
void index_rows(PartitionId partition, const EntityKey& entity, const Projection& projection,
                Arena& arena, std::vector<ViewRow>& rows);

// What entities add to the counts.
struct EntityCounts {
  std::int64_t waiting = 0, entities = 0, open = 0, provisional = 0;
  std::int64_t paused = 0, running = 0, at_risk = 0, overdue = 0;  // clocks
  std::int64_t groups = 0, groups_high = 0;                        // open ones

  bool operator==(const EntityCounts&) const = default;
  bool empty() const { return *this == EntityCounts{}; }
  void add(const EntityCounts& other, int sign = 1);
};
std::string encode(const EntityCounts& counts);
EntityCounts decode_counts(std::string_view bytes);

// Of an account's entities of one source, kind, tier and priority: what is about one clock, or, with
// an empty clock, about the entities themselves.
using CountOwner = std::tuple<PartitionId, std::string, std::string, std::string, std::string,
                              std::string, std::string>;
using CountOwnerView = std::tuple<PartitionId, std::string_view, std::string_view, std::string_view,
                                  std::string_view, std::string_view, std::string_view>;
struct CountOwnerLess {
  using is_transparent = void;
  bool operator()(const CountOwnerView& a, const CountOwnerView& b) const { return a < b; }
};

// Changes of sums; figures and scores by the key of their row.
struct Sums {
  Sums() = default;
  Sums(const Sums&) = delete;  // `last` points into its own

  // By partition, account, source, kind, tier, priority and clock.
  std::map<CountOwner, EntityCounts, CountOwnerLess> counts;
  std::map<CountOwner, EntityCounts, CountOwnerLess>::iterator last = counts.end();  // counted last
  std::map<std::string, KpiValue> figures;
  std::map<std::string, ScoreSum> scores;
};

// Adds what changes when an entity's projection goes from `before` (null: none) to `after`.
void add_difference(PartitionId partition, const EntityKey& entity, const Projection* before,
                    const Projection& after, Sums& sums);

// The changes of counts by the key of their row.
std::map<std::string, EntityCounts> count_changes(const Sums& sums);

// Whose sums a row holds: those of everybody, of all entities of one source, or of an account and one
// source. Many sources make no row of the first more; an account's sums are those of all its sources.
struct SumOf {
  std::string_view source, account;  // at least one of them is empty
  std::string_view part = {};        // of an account's sums: the source
};
template <typename Visit>
void each_sum_of(std::string_view account, std::string_view source, const Visit& visit) {
  visit(SumOf{{}, {}});
  visit(SumOf{{}, account, source});
  if (!source.empty()) visit(SumOf{source, {}});
}

// Keys of the sums.
std::string count_key(PartitionId partition, const SumOf& of, std::string_view kind,
                      std::string_view tier, std::string_view priority, std::string_view clock);
std::string figure_key(PartitionId partition, const SumOf& of, Day day, std::string_view clock,
                       std::string_view threshold, std::string_view priority,
                       std::string_view tier);
std::string score_key(PartitionId partition, const SumOf& of, Day day, std::string_view type,
                      std::string_view priority, std::string_view tier);

}  // namespace tocsin
