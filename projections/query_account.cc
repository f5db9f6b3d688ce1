// Timelines and accounts.
#include <algorithm>

#include "events/bytes.h"
#include "projections/merged_rows.h"
#include "projections/query.h"

namespace tocsin {
namespace {

// Walks the rows under `prefix`, whose keys end with an offset, as the query wants them.
template <typename Visit>
void walk_offsets(const ReadView& view, const std::string& prefix, const TimelineQuery& query,
                  Visit visit) {
  std::size_t left = std::clamp<std::size_t>(query.limit, 1, kPageMax);
  if (!query.newest_first) {
    RowCursor rows = view.rows(prefix, Key(prefix).offset(query.after + 1).take());
    for (; rows.valid() && left > 0; rows.next(), --left) visit(rows);
    return;
  }
  RowCursor rows = view.rows(prefix);
  rows.seek_before(query.after < 0 ? after_prefix(prefix) : Key(prefix).offset(query.after).take());
  for (; left > 0 && rows.valid() && rows.key().starts_with(prefix); rows.previous(), --left) {
    visit(rows);
  }
}

Offset offset_at_end(std::string_view key, const std::string& prefix) {
  std::string short_key = prefix.substr(0, kKeyPrefixBytes);
  short_key += key.substr(prefix.size());
  KeyReader reader(short_key);
  return reader.offset();
}

std::string record_or_fetched(std::string_view kept, PartitionId partition, Offset offset,
                              const RecordSource& source) {
  if (!kept.empty() || !source) return std::string(kept);
  return source(partition, offset);
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
    const std::string prefix = Key(partition, Family::kTimeline).entity(entity).take();
    walk_offsets(view, prefix, query, [&](const RowCursor& row) {
      const Offset offset = offset_at_end(row.key(), prefix);
      entries.push_back(
          {partition, offset, entity, record_or_fetched(row.value(), partition, offset, source)});
    });
  }
  return entries;
}

std::vector<TimelineEntry> account_timeline(const ReadView& view, const std::string& account,
                                            const TimelineQuery& query,
                                            const RecordSource& source) {
  std::vector<TimelineEntry> entries;
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kHistory).text(account).take();
    walk_offsets(view, prefix, query, [&](const RowCursor& row) {
      TimelineEntry entry;
      entry.partition = partition;
      entry.offset = offset_at_end(row.key(), prefix);
      ByteReader which(row.value());
      entry.entity = {account, which.text(), which.text()};
      const auto kept = view.get(
          Key(partition, Family::kTimeline).entity(entry.entity).offset(entry.offset).take());
      entry.record = record_or_fetched(kept.value_or(""), partition, entry.offset, source);
      entries.push_back(std::move(entry));
    });
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
