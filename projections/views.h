// The view rows of an entity, and what it adds to counts and figures: pure functions of its
// Projection. Whatever a query shows comes from here, live or rebuilt.
//
// Definitions (contract §6, §8; docs/adr/0032):
//  - at risk: a running clock with a threshold that is pending and warned. Overdue: a running clock
//    with a breached threshold.
//  - A clock is listed under its earliest pending due; with none pending, under its last due.
//  - open: created, and its state is none of closed, cancelled, accepted, completed.
//  - Figures count a threshold once it is met or breached, unless its clock was cancelled, on its
//    due's day, under the entity's present priority and tier.
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

#include "projections/arena.h"
#include "projections/figures.h"
#include "projections/keys.h"
#include "projections/projection.h"

namespace tocsin {

enum class ClockClass : char {
  kRunning = 'r',
  kPaused = 'p',
  kStopped = 's',
  kCancelled = 'c',
  kAtRisk = 'k',   // beside running
  kOverdue = 'o',  // beside running
};
ClockClass class_of(ClockState state);
bool is_at_risk(const ClockRow& clock);
bool is_overdue(const ClockRow& clock);
bool is_open(const EntityView& view);
// Under which a clock is listed; kNever when no due is known.
Instant listed_due(const ClockRow& clock);

// What a clock's row holds beside its key, so that filters need not read the entity.
struct ClockSummary {
  std::string tier, priority, assignee;
  std::vector<std::string> roles, persons;  // of the clock's open groups
};
ClockSummary summarize(const EntityView& view, const ClockRow& clock);
ClockSummary decode_clock_summary(std::string_view bytes);

// Where the clocks of one class, kind and name lie, in order of (listed due, account, id, cycle).
std::string clock_prefix(PartitionId partition, ClockClass of, std::string_view kind,
                         std::string_view clock);

std::string clock_key(PartitionId partition, ClockClass of, const EntityKey& entity,
                      const ClockRow& clock);

// What a group's key says beyond its entity: the group's id without the entity's, where it begins
// with that.
std::string_view group_name(const EntityKey& entity, std::string_view escalation);

struct ViewRow {
  std::string_view key, value;
  friend auto operator<=>(const ViewRow&, const ViewRow&) = default;
};

// Replaces `rows` by those of the families D, C, G and O, in key order; their bytes are in `arena`.
void index_rows(PartitionId partition, const EntityKey& entity, const Projection& projection,
                Arena& arena, std::vector<ViewRow>& rows);

// What entities add to the counts, under names that are made only when they are written.
struct EntityCounts {
  std::int64_t waiting = 0, entities = 0, open = 0, provisional = 0;
  std::int64_t paused = 0, running = 0, at_risk = 0, overdue = 0;  // clocks
  std::int64_t groups = 0, groups_high = 0;                        // open ones
};
using CountOwner = std::tuple<PartitionId, std::string, std::string, std::string>;
using CountOwnerView =
    std::tuple<PartitionId, std::string_view, std::string_view, std::string_view>;

// Changes of sums; figures and satisfaction by the key of their row.
struct Sums {
  Sums() = default;
  Sums(const Sums&) = delete;  // `last` points into its own

  // By partition, account, kind and tier.
  std::map<CountOwner, EntityCounts, std::less<>> entities;
  std::map<CountOwner, EntityCounts, std::less<>>::iterator last = entities.end();  // counted last
  std::map<std::string, KpiValue> figures;
  std::map<std::string, SatisfactionSum> satisfaction;
};

// Adds what changes when an entity's projection goes from `before` (null: none) to `after`.
void add_difference(PartitionId partition, const EntityKey& entity, const Projection* before,
                    const Projection& after, Sums& sums);

// The changes of counts by the key of their row.
std::map<std::string, std::int64_t> count_changes(const Sums& sums);

// Keys of the sums; an empty account stands for all of them together.
std::string count_key(PartitionId partition, std::string_view account, std::string_view name);
std::string figure_key(PartitionId partition, std::string_view account, Day day,
                       std::string_view clock, std::string_view threshold,
                       std::string_view priority, std::string_view tier);
std::string satisfaction_key(PartitionId partition, std::string_view account, Day day,
                             std::string_view tier);

}  // namespace tocsin
