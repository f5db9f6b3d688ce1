// Timelines and accounts.
#include <algorithm>

#include "projections/merged_rows.h"
#include "projections/query.h"
#include "projections/timeline_rows.h"

namespace tocsin {
namespace {

// Walks the items of the rows under `prefix` as the query wants them.
template <typename Visit>
void walk_items(const ReadView& view, const std::string& prefix, Offset offsets_per_row,
                const TimelineQuery& query, Visit visit) {
  std::size_t left = std::clamp<std::size_t>(query.limit, 1, kPageMax);
  const auto items_at = [&](const RowCursor& row) {
    std::string number = prefix.substr(0, kKeyPrefixBytes);
    number += row.key().substr(prefix.size());
    KeyReader reader(number);
    return items_of(row.value(), reader.offset(), offsets_per_row);
  };
  const auto row_of = [&](Offset offset) {
    return Key(prefix).offset(row_number(offset, offsets_per_row)).take();
  };
  if (!query.newest_first) {
    for (RowCursor rows = view.rows(prefix, row_of(query.after + 1)); rows.valid(); rows.next()) {
      for (const TimelineItem& item : items_at(rows)) {
        if (item.offset <= query.after) continue;
        if (left-- == 0) return;
        visit(item);
      }
    }
    return;
  }
  RowCursor rows = view.rows(prefix);
  rows.seek_before(query.after < 0 ? after_prefix(prefix) : row_of(query.after + offsets_per_row));
  for (; rows.valid() && rows.key().starts_with(prefix); rows.previous()) {
    const std::vector<TimelineItem> items = items_at(rows);
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
      if (query.after >= 0 && item->offset >= query.after) continue;
      if (left-- == 0) return;
      visit(*item);
    }
  }
}

// The record at `offset` of an entity's timeline; empty when it is not kept.
std::string kept_record(const ReadView& view, PartitionId partition, const EntityKey& entity,
                        Offset offset) {
  const Offset number = row_number(offset, kTimelineRowOffsets);
  const auto row = view.get(Key(partition, Family::kTimeline).entity(entity).offset(number).take());
  if (!row) return {};
  for (const TimelineItem& item : items_of(*row, number, kTimelineRowOffsets)) {
    if (item.offset == offset) return std::string(item.first);
  }
  return {};
}

// Fetches from the log what is not kept of a partition's entries, from `begin` on.
void fetch_records(std::vector<TimelineEntry>& entries, std::size_t begin, PartitionId partition,
                   const RecordSource& source) {
  std::vector<Offset> offsets;
  for (std::size_t i = begin; i < entries.size(); ++i) {
    if (entries[i].record.empty()) offsets.push_back(entries[i].offset);
  }
  if (offsets.empty() || !source) return;
  std::vector<std::string> records = source(partition, offsets);
  auto record = records.begin();
  for (std::size_t i = begin; i < entries.size() && record != records.end(); ++i) {
    if (entries[i].record.empty()) entries[i].record = std::move(*record++);
  }
}

SatisfactionSum satisfaction_of(const ReadView& view, const std::string& account) {
  SatisfactionSum sum;
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kSatisfaction).text(account).take();
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      sum.add(decode_satisfaction(rows.value()));
    }
  }
  return sum;
}

void add_open_entities(const ReadView& view, AccountView& out) {
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kOpen).text(out.account).take();
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      if (rows.value() != "1") continue;  // ended, or waiting for a creation fact
      const EntityKey entity = KeyReader(rows.key()).entity();
      if (entity.kind == "account") continue;
      if (out.open.size() == kOpenEntitiesMax) {
        out.more_open = true;
        return;
      }
      if (auto found = find_entity(view, entity)) out.open.push_back(std::move(*found));
    }
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

}  // namespace

std::vector<TimelineEntry> entity_timeline(const ReadView& view, const EntityKey& entity,
                                           const TimelineQuery& query, const RecordSource& source) {
  std::vector<TimelineEntry> entries;
  for (const PartitionId partition : view.partitions()) {
    const std::size_t begin = entries.size();
    const std::string prefix = Key(partition, Family::kTimeline).entity(entity).take();
    walk_items(view, prefix, kTimelineRowOffsets, query, [&](const TimelineItem& item) {
      entries.push_back({partition, item.offset, entity, std::string(item.first)});
    });
    fetch_records(entries, begin, partition, source);
  }
  return entries;
}

std::vector<TimelineEntry> account_timeline(const ReadView& view, const std::string& account,
                                            const TimelineQuery& query,
                                            const RecordSource& source) {
  std::vector<TimelineEntry> entries;
  for (const PartitionId partition : view.partitions()) {
    const std::size_t begin = entries.size();
    const std::string prefix = Key(partition, Family::kHistory).text(account).take();
    walk_items(view, prefix, kHistoryRowOffsets, query, [&](const TimelineItem& item) {
      const EntityKey entity{account, std::string(item.first), std::string(item.second)};
      entries.push_back(
          {partition, item.offset, entity, kept_record(view, partition, entity, item.offset)});
    });
    fetch_records(entries, begin, partition, source);
  }
  return entries;
}

std::optional<AccountView> find_account(const ReadView& view, const std::string& account,
                                        const RecordSource& source) {
  AccountView out;
  out.account = account;
  bool known = false;
  for (const PartitionId partition : view.partitions()) {
    const auto row = view.get(Key(partition, Family::kSummary).text(account).take());
    if (!row) continue;
    out.summary = decode_account_summary(*row);
    known = true;
  }
  out.counts = counts(view, account);
  TimelineQuery newest;
  newest.newest_first = true;
  newest.limit = kHistoryMax;
  out.history = account_timeline(view, account, newest, source);
  if (!known && out.counts.empty() && out.history.empty()) return std::nullopt;
  add_open_entities(view, out);
  out.satisfaction = satisfaction_of(view, account);
  if (const auto self = find_entity(view, {account, "account", account})) {
    out.cadence = latest_periods(*self);
  }
  return out;
}

AccountPage list_accounts(const ReadView& view, std::size_t limit, const std::string& cursor) {
  std::vector<std::string> prefixes;
  for (const PartitionId partition : view.partitions()) {
    prefixes.push_back(Key(partition, Family::kSummary).take());
  }
  AccountPage page;
  std::string last;
  // Ordered by the whole of the name, over all partitions.
  MergedRows rows(view, prefixes, std::string::npos, from_cursor(cursor).value_or(""));
  for (; rows.valid(); rows.next()) {
    if (page.accounts.size() == std::clamp<std::size_t>(limit, 1, kPageMax)) {
      page.cursor = to_cursor(last);
      break;
    }
    last = rows.key();
    page.accounts.emplace_back(KeyReader(last).text(), decode_account_summary(rows.value()));
  }
  return page;
}

}  // namespace tocsin
