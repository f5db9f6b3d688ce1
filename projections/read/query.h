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
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/policy/policy.h"
#include "engine/view.h"
#include "events/scope.h"
#include "projections/rows/account_summary.h"
#include "projections/rows/figures.h"
#include "projections/rows/keys.h"
#include "projections/rows/read_view.h"
#include "projections/rows/views.h"

namespace tocsin {

inline constexpr std::size_t kPageMax = 1000;
inline constexpr std::size_t kPageDefault = 100;
inline constexpr std::size_t kRowsScannedMax = 20'000;

// What the node's own notifier came to with a person for a step of a group.
struct Reached {
  int step = 0;
  std::string person;
  std::string channel, outcome;  // in the contract's word
  bool got_through = false;
  Instant at;
};
// All that is known of a group, by step and person. From any thread.
using ReachedBy = std::function<std::vector<Reached>(const std::string& escalation)>;

// One person, by each word that means them (id, name, aliases), the one that was asked for first; empty:
// whoever.
using PersonWords = std::vector<std::string>;
// By which of those a person is shown, whatever word a fact has; empty: by that word. From any thread.
using PersonShown = std::function<std::string(const std::string& word)>;

// ---- one entity

std::optional<EntityView> find_entity(const ReadView& view, const EntityKey& entity);

// ---- what every question may be narrowed to

// The accounts that are asked about, of those that who asks may see. `all`: every account; else those
// that are given, perhaps none.
std::vector<std::string> accounts_asked(const std::string& account,
                                        const std::shared_ptr<const Scope>& scope, bool& all);

// What is open and has the words of a question in it. The page, the counts and the other lists of a
// board seek the same: the first of them reads it, of the one moment that all are of.
struct WordsFound {
  struct Entity {
    PartitionId partition;
    EntityKey key;
    Projection projection;
  };
  enum class State : std::uint8_t { kUnsought, kFound, kTooMany } state = State::kUnsought;
  std::vector<Entity> entities;
};

// ---- lists; empty: all
struct ListFilter {
  std::string account, kind, clock, priority, tier;
  // role alone: what has an open alarm raised to it. person alone: what the person is the assignee
  // of, was ever called for, or plays a role for the account of. Both: that of accounts for which
  // the person plays the role. (Inboxes: alarms for which the person, the role, was ever called.)
  std::string role;
  PersonWords person;
  std::string q;  // stands in the title, the id or the account's name, however written
  std::shared_ptr<WordsFound> found{};  // shared by what is asked with this filter; null: by nobody
  std::shared_ptr<const Scope> scope{};  // of who asks: what lies outside is left out; null: all

  bool lets(const EntityKey& entity, std::string_view source) const {
    return scope == nullptr || scope->has_entity(entity.account, entity.kind, source);
  }
  // The accounts that it is narrowed to; empty and `all`: every account.
  std::vector<std::string> accounts(bool& all) const { return accounts_asked(account, scope, all); }
};

// ---- clocks: GET /v1/clocks and the board

struct ClockQuery {
  std::vector<ClockClass> classes;  // empty: running, paused, stopped, cancelled
  ListFilter filter;
  std::size_t limit = kPageDefault;
  std::string cursor;
};

struct ListedClock {
  EntityKey entity;
  ClockRow clock;
  EntityView of;             // without its clocks and groups
  std::string account_name;  // as it is now
};

struct ClockPage {
  std::vector<ListedClock> clocks;  // by (next pending due, kind, clock, account, id, cycle)
  std::string cursor;
};

ClockPage list_clocks(const ReadView& view, const ClockQuery& query);

// Counts by name: running, paused, at_risk, overdue, each also with `/<tier>`; groups, groups/high;
// and, where the filter names no clock, person, role or words, entities/<kind>, open/<kind>,
// waiting, provisional. With a role, a person or words it counts what it walks over, of at most
// kRowsScannedMax rows.
enum class CountsOf : std::uint8_t { kAll, kClocks, kGroups };  // as far as it must walk
std::map<std::string, std::int64_t> counts(const ReadView& view, const ListFilter& filter,
                                           CountsOf of = CountsOf::kAll);

// ---- alarms: GET /v1/inbox

struct InboxQuery {
  bool open = true, acknowledged = false;
  bool nobody = false;  // those for which nobody at all was called, alone
  ListFilter filter;
  std::size_t limit = kPageDefault;
  std::string cursor;
};

struct InboxItem {
  EntityKey entity;
  GroupRow group;
  EntityView of;  // without its clocks and groups
  std::string account_name;
  Instant next_due{kNever};  // of its entity's running clocks
};

struct InboxPage {
  // Nobody called, then by rank, open before acknowledged, next pending due.
  std::vector<InboxItem> items;
  std::string cursor;
};

InboxPage list_inbox(const ReadView& view, const InboxQuery& query);

// ---- timelines

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
                                           const TimelineQuery& query, const RecordSource& source,
                                           const Scope* scope = nullptr);
// `scope`: what is about entities outside of it, and facts of sources outside, are left out, and a page
// may be short.
std::vector<TimelineEntry> account_timeline(const ReadView& view, const std::string& account,
                                            const TimelineQuery& query, const RecordSource& source,
                                            const Scope* scope = nullptr);

// Whether a scope's sources let see the entity; of one whose kind is in no policy, whether any fact of
// it is of them. Accounts and kinds are the caller's business.
bool is_of_sources(const ReadView& view, const EntityKey& entity, const Scope& scope,
                   const RecordSource& source);

// ---- accounts

struct AccountView {
  std::string account;
  AccountSummary summary;
  bool is_key_account = false;
  std::vector<ContactRow> contacts;  // when each kind was last done
  std::vector<EntityView> open;      // the most urgent first; at most kOpenEntitiesMax
  bool more_open = false;
  std::vector<EntityView> ended;  // that ended, who was heard of last first; kEndedEntitiesMax
  std::map<std::string, std::int64_t> counts;
  std::map<std::string, ScoreSum> scores;  // by type
  std::vector<ClockRow> cadence;           // of each period clock of the account the latest cycle
  EntityKey cadence_of;
  std::vector<TimelineEntry> history;  // the newest kHistoryMax, newest first
};
inline constexpr std::size_t kOpenEntitiesMax = 200;
inline constexpr std::size_t kEndedEntitiesMax = 30;
inline constexpr std::size_t kEndedScannedMax = 1000;  // records of the account, the newest
inline constexpr std::size_t kHistoryMax = 20;

// nullopt when nothing is known of the account, or who asks sees no kind that is about accounts, or not
// the entity that it is.
// `policy`: says which these are.
std::optional<AccountView> find_account(const ReadView& view, const Policy& policy,
                                        const std::string& account, const RecordSource& source,
                                        std::shared_ptr<const Scope> scope = nullptr);

// Whether a scope's sources let see the account: by the entity that it is; where it has none, by
// anything of it that they let see.
bool is_account_of_sources(const ReadView& view, const Policy& policy, const std::string& account,
                           const std::shared_ptr<const Scope>& scope);

struct ListedAccount {
  std::string account;
  AccountSummary summary;
  bool is_key_account = false;
  std::vector<ContactRow> contacts;
};
struct AccountPage {
  std::vector<ListedAccount> accounts;  // by name
  std::string cursor;
};
struct AccountQuery {
  // role and person: who plays it for the account. kind and priority: of which it has something
  // open, clock: which runs or is paused. q: stands in its name or id.
  ListFilter filter;
  std::size_t limit = kPageDefault;
  std::string cursor;
};
AccountPage list_accounts(const ReadView& view, const Policy& policy, const AccountQuery& query);

// ---- figures

struct KpiQuery {
  Day from = 0, to = 0;  // from ≤ day < to
  FigurePeriod period = FigurePeriod::kMonth;
  std::string clock, account, tier, priority;  // empty: all
  bool by_account = false, by_tier = false, by_priority = false;
  // Counts what is pending and past due at this instant as breached, as contract §6 has it, though
  // the breach is not announced yet.
  std::optional<Instant> now;
  std::shared_ptr<const Scope> scope{};  // of who asks
  // Where it has kinds: their clocks by the policy in force, which alone are counted.
  std::set<std::string> clocks_of_scope{};

  bool lets_clock(const std::string& name) const {
    return (clock.empty() || clock == name) &&
           (scope == nullptr || scope->kinds.empty() || clocks_of_scope.count(name) != 0);
  }
};

struct KpiRow {
  std::string period, clock, threshold, account, tier, priority;  // empty: all together
  KpiValue value;
};
std::vector<KpiRow> kpis(const ReadView& view, const KpiQuery& query);

// A threshold that is pending past its due: breached, though nobody has said so yet.
struct Unannounced {
  const EntityView& of;
  const std::string &clock, &threshold;
  Day day;
};
// Those with from ≤ day < to at `query.now`, of one clock and account where the query names them.
void each_unannounced(const ReadView& view, const KpiQuery& query,
                      const std::function<void(const Unannounced&)>& visit);

struct ScoreRowSum {
  std::string period, type, account, tier, priority;
  ScoreSum value;
};
// Uses from, to, period, account, tier, priority and what it is to be shown by.
std::vector<ScoreRowSum> scores(const ReadView& view, const KpiQuery& query);

struct FaultRow {
  Instant time;
  std::string account;
  std::string data;  // of the event, JSON: module, weeks
};
struct FaultPage {
  std::vector<FaultRow> faults;  // newest first
  std::string cursor;
};
struct FaultQuery {
  // role, person and tier: as of accounts. q: stands in the fault, or in the account's name or id.
  // kind: of the entity that it is told on. It is of no clock and has no priority.
  ListFilter filter;
  std::size_t limit = kPageDefault;
  std::string cursor;
};
FaultPage recurring_faults(const ReadView& view, const FaultQuery& query);

}  // namespace tocsin
