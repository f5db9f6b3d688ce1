// The questions that people and programs ask: plain functions on a ReadView. Nothing here changes
// anything; each answer is of one moment.
//
// Lists are paged: at most `limit` items (and never more than kPageMax), and a cursor for the rest,
// empty at the end. A filter that few rows pass ends a page early after kRowsScannedMax rows: then
// the page is short or empty, and its cursor goes on.
//
// A `cursor` that this store did not give begins at the start.
//
// Threads: any. Cost: a page of clocks is a seek for each kind and clock, one Get an item.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/view.h"
#include "projections/account_summary.h"
#include "projections/figures.h"
#include "projections/keys.h"
#include "projections/read_view.h"
#include "projections/views.h"

namespace tocsin {

inline constexpr std::size_t kPageMax = 1000;
inline constexpr std::size_t kPageDefault = 100;
inline constexpr std::size_t kRowsScannedMax = 20'000;

// ---- one entity
// -----------------------------------------------------------------------------------

std::optional<EntityView> find_entity(const ReadView& view, const EntityKey& entity);

// ---- clocks: GET /v1/clocks and the board
// ---------------------------------------------------------

struct ClockQuery {
  std::vector<ClockClass> classes;  // empty: running, paused, stopped, cancelled
  std::string kind, clock, account, tier;
  // role alone: clocks with an open group raised to it. person alone: clocks of whom the person is
  // the assignee, is told in an open group, or plays a role for the account. Both: clocks of
  // accounts for which the person plays the role.
  std::string role, person;
  std::size_t limit = kPageDefault;
  std::string cursor;
};

struct ListedClock {
  EntityKey entity;
  ClockRow clock;
  std::string tier, priority, assignee, state;  // of the entity
};

struct ClockPage {
  std::vector<ListedClock> clocks;  // by (listed due, kind, clock, account, id, cycle)
  std::string cursor;
};

ClockPage list_clocks(const ReadView& view, const ClockQuery& query);

// Counts by name: running, paused, at_risk, overdue, each also with `/<tier>`; groups, groups/high;
// entities/<kind>, open/<kind>; waiting; provisional. Empty account: of all.
std::map<std::string, std::int64_t> counts(const ReadView& view, const std::string& account);

// ---- escalations
// ----------------------------------------------------------------------------------

struct InboxItem {
  EntityKey entity;
  GroupRow group;
  std::string tier, priority, state;  // of the entity
};

struct InboxPage {
  std::vector<InboxItem> items;  // high urgency first, then by begin
  std::string cursor;
};

// Every open group once; one page, of what kRowsScannedMax rows hold.
InboxPage inbox_of_all(const ReadView& view, std::size_t limit);
// Open groups whose last step names the person (empty: nobody), or the role.
InboxPage inbox_of_person(const ReadView& view, const std::string& person, std::size_t limit,
                          const std::string& cursor);
InboxPage inbox_of_role(const ReadView& view, const std::string& role, std::size_t limit,
                        const std::string& cursor);

// ---- timelines
// ------------------------------------------------------------------------------------

// The records at these offsets of the log, in their order, for stores that do not keep records;
// empty where there is none.
using RecordSource =
    std::function<std::vector<std::string>(PartitionId, const std::vector<Offset>&)>;

struct TimelineEntry {
  PartitionId partition = 0;
  Offset offset = 0;
  EntityKey entity;
  std::string record;
};

struct TimelineQuery {
  Offset after =
      -1;  // entries with greater offsets; with newest_first those with smaller (-1: all)
  bool newest_first = false;
  std::size_t limit = kPageDefault;
};

std::vector<TimelineEntry> entity_timeline(const ReadView& view, const EntityKey& entity,
                                           const TimelineQuery& query, const RecordSource& source);
std::vector<TimelineEntry> account_timeline(const ReadView& view, const std::string& account,
                                            const TimelineQuery& query, const RecordSource& source);

// ---- accounts
// -------------------------------------------------------------------------------------

struct AccountView {
  std::string account;
  AccountSummary summary;
  std::vector<EntityView> open;  // at most kOpenEntitiesMax
  bool more_open = false;
  std::map<std::string, std::int64_t> counts;
  SatisfactionSum satisfaction;
  std::vector<ClockRow> cadence;       // of each period clock of the account the latest cycle
  std::vector<TimelineEntry> history;  // the newest kHistoryMax, newest first
};
inline constexpr std::size_t kOpenEntitiesMax = 200;
inline constexpr std::size_t kHistoryMax = 20;

// nullopt when nothing is known of the account.
std::optional<AccountView> find_account(const ReadView& view, const std::string& account,
                                        const RecordSource& source);

struct AccountPage {
  std::vector<std::pair<std::string, AccountSummary>> accounts;  // by name
  std::string cursor;
};
AccountPage list_accounts(const ReadView& view, std::size_t limit, const std::string& cursor);

// ---- figures
// --------------------------------------------------------------------------------------

struct KpiQuery {
  Day from = 0, to = 0;  // from ≤ day < to
  FigurePeriod period = FigurePeriod::kMonth;
  std::string clock, account, tier, priority;  // empty: all
  bool by_account = false, by_tier = false, by_priority = false;
  // Counts what is pending and past due at this instant as breached, as contract §6 has it, though
  // the breach is not announced yet.
  std::optional<Instant> now;
};

struct KpiRow {
  std::string period, clock, threshold, account, tier, priority;  // empty: all together
  KpiValue value;
};
std::vector<KpiRow> kpis(const ReadView& view, const KpiQuery& query);

struct SatisfactionRow {
  std::string period, account, tier;
  SatisfactionSum value;
};
// Uses from, to, period, account, tier, by_account and by_tier.
std::vector<SatisfactionRow> satisfaction(const ReadView& view, const KpiQuery& query);

struct FaultRow {
  Instant time;
  std::string account;
  std::string data;  // of the event, JSON: module, weeks
};
// Newest first. Empty account: of all.
std::vector<FaultRow> recurring_faults(const ReadView& view, const std::string& account,
                                       std::size_t limit);

}  // namespace tocsin
