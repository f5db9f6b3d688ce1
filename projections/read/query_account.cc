// Timelines and accounts.
#include <algorithm>
#include <set>

#include "events/log_record.h"
#include "projections/read/list_filter.h"
#include "projections/read/merged_rows.h"
#include "projections/read/query.h"
#include "projections/read/sums_asked.h"
#include "projections/rows/timeline_rows.h"

namespace tocsin {
namespace {

// The offsets of an entity's timeline that the query wants, in its order.
class OffsetWalk {
 public:
  OffsetWalk(const ReadView& view, PartitionId partition, const EntityKey& entity,
             const TimelineQuery& query)
      : query_(query),
        left_(std::clamp<std::size_t>(query.limit, 1, kPageMax)),
        prefix_(Key(partition, Family::kTimeline).entity(entity).take()),
        blocks_(view.rows(prefix_)) {
    const auto row = view.get(Key(partition, Family::kEntity).entity(entity).take());
    if (!row) return;
    newest_ = take_offsets(split_entity_row(*row).offsets);
    query.newest_first ? backward() : forward();
  }

  std::vector<Offset> take() { return std::move(found_); }

 private:
  void forward() {
    // The block that `after` may lie in, and those behind it.
    const std::string from = Key(prefix_).offset(query_.after + 1).take();
    blocks_.seek_before(from);
    if (!in_blocks()) blocks_.seek(from);
    for (; in_blocks() && left_ > 0; blocks_.next()) add(take_offsets(blocks_.value()));
    add(newest_);
  }

  void backward() {
    add_reversed(newest_);
    blocks_.seek_before(query_.after < 0 ? after_prefix(prefix_)
                                         : Key(prefix_).offset(query_.after).take());
    for (; in_blocks() && left_ > 0; blocks_.previous())
      add_reversed(take_offsets(blocks_.value()));
  }

  bool in_blocks() const { return blocks_.valid() && blocks_.key().starts_with(prefix_); }

  void add(const std::vector<Offset>& offsets) {
    for (const Offset offset : offsets) {
      if (offset > query_.after && left_ > 0) take(offset);
    }
  }

  void add_reversed(const std::vector<Offset>& offsets) {
    for (auto offset = offsets.rbegin(); offset != offsets.rend(); ++offset) {
      if ((query_.after < 0 || *offset < query_.after) && left_ > 0) take(*offset);
    }
  }

  void take(Offset offset) {
    found_.push_back(offset);
    --left_;
  }

  const TimelineQuery& query_;
  std::size_t left_;
  const std::string prefix_;
  RowCursor blocks_;
  std::vector<Offset> newest_, found_;
};

// Walks the items of an account's history as the query wants them; `visit` says whether it took one.
template <typename Visit>
void walk_history(const ReadView& view, const std::string& prefix, const TimelineQuery& query,
                  Visit visit) {
  std::size_t left = std::clamp<std::size_t>(query.limit, 1, kPageMax), walked = 0;
  const auto take = [&](const TimelineItem& item) {  // false: that is enough
    if (left == 0 || ++walked > kRowsScannedMax) return false;
    if (visit(item)) --left;
    return true;
  };
  const auto items_at = [&](const RowCursor& row) {
    std::string number = prefix.substr(0, kKeyPrefixBytes);
    number += row.key().substr(prefix.size());
    KeyReader reader(number);
    return items_of(row.value(), reader.offset(), kHistoryRowOffsets);
  };
  const auto row_of = [&](Offset offset) {
    return Key(prefix).offset(row_number(offset, kHistoryRowOffsets)).take();
  };
  if (!query.newest_first) {
    for (RowCursor rows = view.rows(prefix, row_of(query.after + 1)); rows.valid(); rows.next()) {
      for (const TimelineItem& item : items_at(rows)) {
        if (item.offset <= query.after) continue;
        if (!take(item)) return;
      }
    }
    return;
  }
  RowCursor rows = view.rows(prefix);
  rows.seek_before(query.after < 0 ? after_prefix(prefix)
                                   : row_of(query.after + kHistoryRowOffsets));
  for (; rows.valid() && rows.key().starts_with(prefix); rows.previous()) {
    const std::vector<TimelineItem> items = items_at(rows);
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
      if (query.after >= 0 && item->offset >= query.after) continue;
      if (!take(*item)) return;
    }
  }
}

// The record at `offset` as the store keeps it; empty when it does not.
std::string kept_record(const ReadView& view, PartitionId partition, Offset offset) {
  const Offset number = row_number(offset, kRecordRowOffsets);
  const auto row = view.get(Key(partition, Family::kRecord).offset(number).take());
  if (!row) return {};
  for (const TimelineItem& item : items_of(*row, number, kRecordRowOffsets)) {
    if (item.offset == offset) return std::string(item.first);
  }
  return {};
}

// The records of a partition's entries, from `begin` on; what is not kept is fetched from the log.
void add_records(const ReadView& view, std::vector<TimelineEntry>& entries, std::size_t begin,
                 PartitionId partition, const RecordSource& source) {
  std::vector<Offset> offsets;
  for (std::size_t i = begin; i < entries.size(); ++i) {
    entries[i].record = kept_record(view, partition, entries[i].offset);
    if (entries[i].record.empty()) offsets.push_back(entries[i].offset);
  }
  if (offsets.empty() || !source) return;
  std::vector<std::string> records = source(partition, offsets);
  auto record = records.begin();
  for (std::size_t i = begin; i < entries.size() && record != records.end(); ++i) {
    if (entries[i].record.empty()) entries[i].record = std::move(*record++);
  }
}

using Entries = std::vector<TimelineEntry>;

// What a scope of sources lets see of timelines; each entity is asked for once. Of one that no view knows,
// its kind being in no policy, there are only facts, each of which says its source itself.
class SourceFilter {
 public:
  SourceFilter(const ReadView& view, const Scope* scope) : view_(view), scope_(scope) {}

  bool narrows() const { return scope_ != nullptr && !scope_->sources.empty(); }
  bool lets(const TimelineEntry& entry) {
    const auto [seen, fresh] = seen_.try_emplace(entry.entity);
    if (fresh) {
      if (const auto found = find_entity(view_, entry.entity))
        seen->second = scope_->has_source(found->source);
    }
    LogEvent event;
    return read_log_record(entry.record, event) && seen->second.value_or(event.is_fact()) &&
           (!event.is_fact() || scope_->has_source(event.source));
  }

 private:
  const ReadView& view_;
  const Scope* const scope_;
  std::map<EntityKey, std::optional<bool>> seen_;  // nullopt: no view knows it
};

// What `walk(query, partition, entries)` finds in each partition, with its records. Where a scope of
// sources leaves some out, the page is filled up by what is behind it, as far as kRowsScannedMax
// records.
template <typename Walk>
Entries timeline(const ReadView& view, TimelineQuery query, const RecordSource& source,
                 const Scope* scope, const Walk& walk) {
  SourceFilter sources(view, scope);
  const std::size_t wanted = std::clamp<std::size_t>(query.limit, 1, kPageMax);
  Entries kept;
  for (std::size_t read = 0; read < kRowsScannedMax && kept.size() < wanted;) {
    Entries page;
    for (const PartitionId partition : view.partitions()) {
      const std::size_t begin = page.size();
      walk(query, partition, page);
      add_records(view, page, begin, partition, source);
    }
    if (!sources.narrows()) return page;
    read += page.size();
    const bool last = page.size() < wanted;
    if (!last) query.after = page.back().offset;
    for (TimelineEntry& entry : page) {
      if (kept.size() < wanted && sources.lets(entry)) kept.push_back(std::move(entry));
    }
    if (last) break;
  }
  return kept;
}

std::map<std::string, ScoreSum> scores_of(const ReadView& view, const std::string& account,
                                          const std::shared_ptr<const Scope>& scope) {
  std::map<std::string, ScoreSum> sums;
  const SumsAsked asked(account, scope);
  const auto add = [&](PartitionId partition, const SumsAsked::Owner& of) {
    for (RowCursor rows = view.rows(of.prefix(partition, Family::kScore)); rows.valid();
         rows.next()) {
      KeyReader key(rows.key());
      key.text();
      key.text();
      key.day();
      const std::string type = key.text();
      key.text();
      key.text();
      if ((scope == nullptr || scope->has_kind(type.substr(0, type.find('.')))) &&
          asked.has_part(of, key)) {
        sums[type].add(decode_score(rows.value()));
      }
    }
  };
  for (const PartitionId partition : view.partitions()) {
    for (const SumsAsked::Owner& of : asked.owners()) add(partition, of);
  }
  return sums;
}

// The kinds whose one entity is the account itself; the first is the one that tells tiers and team.
std::vector<std::string> account_kinds(const Policy& policy) {
  std::vector<std::string> kinds;
  for (const KindSpec& kind : policy.kinds) {
    if (!kind.on_account) continue;
    const bool tells = kind.tiers != 0 || kind.role_verb != kNone;
    kinds.insert(tells ? kinds.begin() : kinds.end(), kind.name);
  }
  return kinds;
}

// Whether a scope of kinds leaves one of those.
bool sees_accounts(const Policy& policy, const Scope* scope) {
  if (scope == nullptr || scope->kinds.empty()) return true;
  const std::vector<std::string> kinds = account_kinds(policy);
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const std::string& kind) { return scope->has_kind(kind); });
}

// The account's own entity, and whether who asks may see the account by it: where it has none, by
// anything of it that may be seen.
struct OwnEntity {
  std::optional<EntityView> view{};
  bool seen = true;
};
OwnEntity account_entity(const ReadView& view, const Policy& policy, const std::string& account,
                         const std::shared_ptr<const Scope>& scope) {
  for (const std::string& kind : account_kinds(policy)) {
    if (scope != nullptr && !scope->has_kind(kind)) continue;
    auto found = find_entity(view, {account, kind, account});
    if (!found) continue;
    if (scope == nullptr || scope->has_source(found->source)) return {std::move(found), true};
    return {std::nullopt, false};
  }
  if (scope == nullptr || scope->sources.empty()) return {};
  ListFilter of;
  of.account = account;
  of.scope = scope;
  return {std::nullopt, !counts(view, of).empty()};
}

// Of many the most urgent are read.
void add_open_entities(const ReadView& view, const Policy& policy, const Scope* scope,
                       AccountView& out) {
  const std::vector<std::string> about_account = account_kinds(policy);
  std::vector<std::pair<std::uint8_t, EntityKey>> open;
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kOpen).text(out.account).take();
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      const OpenSummary row = decode_open_summary(rows.value());
      if (!row.open) continue;  // ended, or waiting for a creation fact
      EntityKey entity = KeyReader(rows.key()).entity();
      if (scope != nullptr && !scope->has_entity(out.account, entity.kind, row.source)) continue;
      if (std::find(about_account.begin(), about_account.end(), entity.kind) == about_account.end())
        open.emplace_back(row.rank, std::move(entity));
      if (open.size() == kRowsScannedMax) break;
    }
  }
  std::stable_sort(open.begin(), open.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  out.more_open = open.size() > kOpenEntitiesMax;
  if (out.more_open) open.resize(kOpenEntitiesMax);
  for (const auto& [rank, entity] : open) {
    if (auto found = find_entity(view, entity)) out.open.push_back(std::move(*found));
  }
  std::stable_sort(out.open.begin(), out.open.end(), [](const EntityView& a, const EntityView& b) {
    return std::pair(a.rank, next_pending(a)) < std::pair(b.rank, next_pending(b));
  });
}

bool stands_open(const ReadView& view, const EntityKey& entity) {
  for (const PartitionId partition : view.partitions()) {
    const auto row = view.get(Key(partition, Family::kOpen).entity(entity).take());
    if (row && decode_open_summary(*row).open) return true;
  }
  return false;
}

// Those that have ended, of which the account's last kEndedScannedMax records tell.
void add_ended_entities(const ReadView& view, const Policy& policy, const Scope* scope,
                        AccountView& out) {
  const std::vector<std::string> about_account = account_kinds(policy);
  TimelineQuery newest;
  newest.newest_first = true;
  newest.limit = kEndedScannedMax;
  std::set<EntityKey> seen;
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kHistory).text(out.account).take();
    walk_history(view, prefix, newest, [&](const TimelineItem& item) {
      const EntityKey entity{out.account, std::string(item.first), std::string(item.second)};
      if (out.ended.size() == kEndedEntitiesMax) return false;
      if (scope != nullptr && !scope->has_kind(entity.kind)) return false;
      if (!seen.insert(entity).second) return true;
      if (std::find(about_account.begin(), about_account.end(), entity.kind) != about_account.end())
        return true;
      if (stands_open(view, entity)) return true;
      auto found = find_entity(view, entity);
      if (found && scope != nullptr && !scope->has_source(found->source)) return false;
      if (found && found->over) out.ended.push_back(std::move(*found));
      return true;
    });
  }
}

// Clocks are sorted by (clock, start, cycle): the last of a name is its latest cycle.
std::vector<ClockRow> latest_periods(const EntityView& account) {
  std::vector<ClockRow> latest;
  for (const ClockRow& clock : account.clocks) {
    if (!clock.period) continue;
    if (!latest.empty() && latest.back().clock == clock.clock) latest.pop_back();
    latest.push_back(clock);
  }
  return latest;
}

// Whether the account has something open of the kind and priority that are wanted, or such a clock
// that runs or is paused.
bool has_open(const ReadView& view, const ListFilter& wanted, const std::string& account) {
  ListFilter of;
  of.account = account;
  of.kind = wanted.kind;
  of.clock = wanted.clock;
  of.priority = wanted.priority;
  of.scope = wanted.scope;
  for (const auto& [name, n] : counts(view, of)) {
    if (n == 0) continue;
    if (wanted.clock.empty() ? name.starts_with("open/") : name == "running" || name == "paused")
      return true;
  }
  return false;
}

}  // namespace

std::vector<TimelineEntry> entity_timeline(const ReadView& view, const EntityKey& entity,
                                           const TimelineQuery& query, const RecordSource& source,
                                           const Scope* scope) {
  const auto walk = [&](const TimelineQuery& page, PartitionId partition, Entries& entries) {
    for (const Offset offset : OffsetWalk(view, partition, entity, page).take())
      entries.push_back({partition, offset, entity, {}});
  };
  return timeline(view, query, source, scope, walk);
}

std::vector<TimelineEntry> account_timeline(const ReadView& view, const std::string& account,
                                            const TimelineQuery& query, const RecordSource& source,
                                            const Scope* scope) {
  const auto walk = [&](const TimelineQuery& page, PartitionId partition, Entries& entries) {
    const std::string prefix = Key(partition, Family::kHistory).text(account).take();
    walk_history(view, prefix, page, [&](const TimelineItem& item) {
      const EntityKey entity{account, std::string(item.first), std::string(item.second)};
      if (scope != nullptr && !scope->has_kind(entity.kind)) return false;
      entries.push_back({partition, item.offset, entity, {}});
      return true;
    });
  };
  return timeline(view, query, source, scope, walk);
}

bool is_of_sources(const ReadView& view, const EntityKey& key, const Scope& scope,
                   const RecordSource& source) {
  if (scope.sources.empty()) return true;
  if (const auto found = find_entity(view, key)) return scope.has_source(found->source);
  TimelineQuery first;
  first.limit = 1;
  return !entity_timeline(view, key, first, source, &scope).empty();
}

std::optional<AccountView> find_account(const ReadView& view, const Policy& policy,
                                        const std::string& account, const RecordSource& source,
                                        std::shared_ptr<const Scope> scope) {
  if (!sees_accounts(policy, scope.get())) return std::nullopt;
  const OwnEntity self = account_entity(view, policy, account, scope);
  if (!self.seen) return std::nullopt;
  AccountView out;
  out.account = account;
  bool known = false;
  for (const PartitionId partition : view.partitions()) {
    const auto row = view.get(Key(partition, Family::kSummary).text(account).take());
    if (!row) continue;
    out.summary = decode_account_summary(*row);
    known = true;
  }
  ListFilter of_account;
  of_account.account = account;
  of_account.scope = scope;
  out.counts = counts(view, of_account);
  TimelineQuery newest;
  newest.newest_first = true;
  newest.limit = kHistoryMax;
  out.history = account_timeline(view, account, newest, source, scope.get());
  if (!known && out.counts.empty() && out.history.empty()) return std::nullopt;
  add_open_entities(view, policy, scope.get(), out);
  add_ended_entities(view, policy, scope.get(), out);
  out.scores = scores_of(view, account, scope);
  if (self.view) {
    out.is_key_account = is_open(*self.view);
    out.contacts = self.view->contacts;
    out.cadence = latest_periods(*self.view);
    out.cadence_of = {self.view->account, self.view->kind, self.view->id};
  }
  return out;
}

bool is_account_of_sources(const ReadView& view, const Policy& policy, const std::string& account,
                           const std::shared_ptr<const Scope>& scope) {
  return scope == nullptr || scope->sources.empty() ||
         account_entity(view, policy, account, scope).seen;
}

AccountPage list_accounts(const ReadView& view, const Policy& policy, const AccountQuery& query) {
  const ListFilter& wanted = query.filter;
  std::vector<std::string> prefixes;
  for (const PartitionId partition : view.partitions()) {
    Key prefix(partition, Family::kSummary);
    prefixes.push_back(wanted.account.empty() ? prefix.take() : prefix.text(wanted.account).take());
  }
  const std::string words = lower_case(wanted.q);
  const bool narrows = !wanted.kind.empty() || !wanted.clock.empty() || !wanted.priority.empty();
  AccountPage page;
  if (!sees_accounts(policy, wanted.scope.get())) return page;
  std::string last;
  // Ordered by the whole of the name, over all partitions.
  MergedRows rows(view, prefixes, std::string::npos, from_cursor(query.cursor).value_or(""));
  for (std::size_t scanned = 0; rows.valid(); rows.next(), ++scanned) {
    if (page.accounts.size() == std::clamp<std::size_t>(query.limit, 1, kPageMax) ||
        scanned == kRowsScannedMax) {
      page.cursor = to_cursor(last);
      break;
    }
    last = rows.key();
    ListedAccount listed{KeyReader(last).text(), decode_account_summary(rows.value()), false, {}};
    if (wanted.scope != nullptr && !wanted.scope->has_account(listed.account)) continue;
    if (!wanted.tier.empty() && listed.summary.tier != wanted.tier) continue;
    if (lower_case(listed.account).find(words) == std::string::npos &&
        lower_case(listed.summary.name).find(words) == std::string::npos) {
      continue;
    }
    if (!fits_team(listed.summary, wanted.person, wanted.role)) continue;
    if (narrows && !has_open(view, wanted, listed.account)) continue;
    const OwnEntity self = account_entity(view, policy, listed.account, wanted.scope);
    if (!self.seen) continue;
    if (self.view) {
      listed.is_key_account = is_open(*self.view);
      listed.contacts = self.view->contacts;
    }
    page.accounts.push_back(std::move(listed));
  }
  return page;
}

}  // namespace tocsin
