#include "projections/write/write_behind.h"

#include <simdjson.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "events/bytes.h"
#include "events/log_record.h"
#include "events/vocabulary.h"
#include "projections/rows/record_type.h"
#include "projections/rows/timeline_rows.h"
#include "projections/rows/views.h"
#include "projections/write/item_rows.h"
#include "projections/write/row_runs.h"

namespace tocsin {
namespace {

// A write of many rows holds a core for some 20 ms: who answers somebody need not wait for it. Nor may it
// give way at every turn: where others compute, too, each yield costs a slice of theirs, some 3 ms, and
// the views came to stand still at 3 % of a core. Rows for some 4 ms:
constexpr std::size_t kRowsBetweenYields = 2048;
constexpr std::string_view kApplied = "applied";
constexpr std::string_view kLowWater = "low";

std::string member_of(std::string_view data, std::string_view member) {
  thread_local simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(data.data(), data.size())[member].get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

void add_withdrawn(std::vector<Withdrawn>& list, Withdrawn one) {
  for (Withdrawn& w : list) {
    if (w.clock == one.clock && w.threshold == one.threshold && w.day == one.day) {
      w.count += one.count;
      return;
    }
  }
  // Kept in order, so that the row does not depend on who came first.
  const auto before = [](const Withdrawn& a, const Withdrawn& b) {
    return std::tie(a.day, a.clock, a.threshold) < std::tie(b.day, b.clock, b.threshold);
  };
  list.insert(std::upper_bound(list.begin(), list.end(), one, before), std::move(one));
}

class Preparer {
 public:
  Preparer(const Pending& pending, const Table& table, const RecentRows& recent,
           const LowWater& low_water, const std::map<PartitionId, Offset>& written,
           bool keep_records, Arena& arena)
      : pending_(pending),
        table_(table),
        recent_(recent),
        written_(written),
        keep_records_(keep_records),
        arena_(arena) {
    out_.low_water = low_water;
  }

  PreparedWrite run() {
    for (const Pending::Event& event : pending_.events()) add_event(event);
    for (const auto* texts : {&pending_.accounts(), &pending_.summaries()}) {
      for (const auto& [key, text] : *texts)
        rows_.put({key, text.empty() ? std::nullopt : std::optional(text)});
    }
    std::string value;
    for (const auto& [key, content] : pending_.seen()) {
      value.clear();
      put_unsigned(value, content);
      rows_.put({key, arena_.keep(value)});
    }
    for (const auto& [key, row] : pending_.subjects()) rows_.put({key, row});
    for (auto& [at, items] : items_) {
      for (ItemRows* rows : {&items.history, &items.records})
        rows->close([this, partition = at](auto&... row) { put_items(partition, row...); });
    }
    add_entities();
    add_sums();
    for (const auto& [partition, offset] : pending_.applied()) {
      value.clear();
      put_signed(value, offset);
      put(applied_key(partition), value);
    }
    finish();
    return std::move(out_);
  }

 private:
  void put(std::string_view key, std::string_view value) { put(rows_.run(key), key, value); }

  void put(RowRun& run, std::string_view key, std::string_view value) {
    run.rows.push_back({arena_.keep(key), arena_.keep(value)});
    if (++put_ % kRowsBetweenYields == 0) std::this_thread::yield();
  }

  struct Items {
    ItemRows history{Family::kHistory, kHistoryRowOffsets};
    ItemRows records{Family::kRecord, kRecordRowOffsets};
  };

  // The row begins at the offset `first`; behind what is written it is not there yet.
  void put_items(PartitionId partition, const std::string& key, const std::string& items,
                 Offset first) {
    const auto written = written_.find(partition);
    const bool begun = written != written_.end() && first < written->second;
    put(key, begun ? table_.get(key).value_or("") + items : items);
  }

  // Who the event is about. What is decided about an entity comes in one piece: most events have
  // that of the one before.
  void find_entity(const Pending::Event& event) {
    if (last_ != nullptr && last_->entity == event.entity) return;
    last_ = &event;
    KeyReader key(event.entity);
    partition_ = key.partition();
    entity_.account = key.text();
    account_part_ = event.entity.substr(0, event.entity.size() - key.rest().size());
    entity_.kind = key.text();
    entity_.id = key.text();
  }

  void add_event(const Pending::Event& event) {
    find_entity(event);
    Items& items = items_[partition_];
    const auto done = [this](auto&... row) { put_items(partition_, row...); };
    append_item(items.history.at(account_part_, event.offset, done), event.offset,
                kHistoryRowOffsets, entity_.kind, entity_.id);
    if (keep_records_) {
      const std::string_view part = event.entity.substr(0, kKeyPrefixBytes);
      append_item(items.records.at(part, event.offset, done), event.offset, kRecordRowOffsets,
                  event.record, {});
    }

    if (event.record.empty() || !is_read_by_views(type_of_record(event.record)) ||
        !read_log_record(event.record, event_))
      return;
    if (event_.type == name(DerivedType::kClockWithdrawn)) {
      Withdrawn w;
      w.clock = member_of(event_.data, "clock");
      w.threshold = member_of(event_.data, "threshold");
      w.day = (*event.business_day)(event_.time);
      w.count = 1;
      withdrawn_[event.entity].push_back(std::move(w));
    } else if (event_.type == name(DerivedType::kFaultRecurring)) {
      put(Key(partition_, Family::kFault)
              .instant(event_.time)
              .text(entity_.account)
              .text(event_.id)
              .take(),
          event_.data);
    }
  }

  void add_entities() {
    // In key order, which is the order of the rows that are read.
    std::vector<std::pair<std::string_view, const Pending::Entity*>> touched;
    touched.reserve(pending_.entities().size());
    for (const auto& [key, entity] : pending_.entities()) touched.emplace_back(key, &entity);
    std::sort(touched.begin(), touched.end());
    for (const auto& [key, entity] : touched) replace_entity(key, *entity);
  }

  // A row of those that are remembered. What is returned may lie in `read`.
  std::optional<std::string_view> find(std::string_view key, std::optional<std::string>& read) {
    if (const auto recent = recent_.find(key)) return recent;
    read = table_.get(key);
    return read;
  }

  // From the entity's row as it is to what it becomes.
  void replace_entity(std::string_view key, const Pending::Entity& entity) {
    std::optional<std::string> read;
    const std::optional<std::string_view> row = entity.first_row ? std::nullopt : find(key, read);
    EntityRow parts;
    if (row) {
      parts = split_entity_row(*row);
      decode_projection(parts.projection, before_);
    } else {
      before_ = {};
    }
    project(key, entity, parts.projection);
    if (!row || parts.projection != projection_.view()) {
      KeyReader reader(key);
      const PartitionId partition = reader.partition();
      const EntityKey id = reader.entity();
      scratch_.clear();
      rows_before_.clear();
      if (row) index_rows(partition, id, before_, scratch_, rows_before_);
      index_rows(partition, id, after_, scratch_, rows_after_);
      replace_rows(rows_before_, rows_after_);
      add_difference(partition, id, row ? &before_ : nullptr, after_, sums_);
    }
    offsets_.assign(parts.offsets);
    if (entity.first_event != Pending::kNoEvent) add_offsets(key, entity);
    row_.clear();
    encode_entity_row(row_, {entity.changed() ? entity.state : parts.state, projection_, offsets_});
    if (!row || *row != row_.view()) rows_.put({key, arena_.keep(row_)});
  }

  // From `before_` to `after_`, encoded in `projection_`.
  void project(std::string_view key, const Pending::Entity& entity,
               std::string_view before_encoded) {
    std::string_view view = entity.view;
    if (entity.changed()) {
      after_.known = true;
      decode_view(view, after_.view);
      after_.next_due = entity.next_due;
      after_.due_days.clear();
      for (const ClockRow& clock : after_.view.clocks) {
        for (const ThresholdRow& t : clock.thresholds)
          after_.due_days.push_back(t.due ? (*entity.business_day)(*t.due - milliseconds(1)) : 0);
      }
      after_.score_days.clear();
      for (const ScoreRow& row : after_.view.scores)
        after_.score_days.push_back((*entity.business_day)(row.at));
      after_.withdrawn = before_.withdrawn;
    } else {
      after_ = before_;
      if (before_.known) view = ByteReader(before_encoded).view();
    }
    if (const auto found = withdrawn_.find(key); found != withdrawn_.end()) {
      for (const Withdrawn& w : found->second) add_withdrawn(after_.withdrawn, w);
    }
    projection_.clear();
    encode_projection(projection_, view, after_);
  }

  // The offsets of the entity's events behind those in `offsets_`; full blocks get their own rows.
  void add_offsets(std::string_view key, const Pending::Entity& entity) {
    std::vector<Offset> offsets = take_offsets(offsets_);
    for (auto e = entity.first_event; e != Pending::kNoEvent; e = pending_.events()[e].next) {
      offsets.push_back(pending_.events()[e].offset);
      if (offsets.size() < kTimelineBlock) continue;
      std::string block_key(key);
      block_key[kKeyPrefixBytes - 1] = static_cast<char>(Family::kTimeline);
      offsets_.clear();
      put_offsets(offsets_, offsets);
      put(Key(std::move(block_key)).offset(offsets.front()).bytes(), offsets_);
      offsets.clear();
    }
    offsets_.clear();
    put_offsets(offsets_, offsets);
  }

  // Both in key order.
  void replace_rows(const std::vector<ViewRow>& before, const std::vector<ViewRow>& after) {
    auto a = before.begin();
    auto b = after.begin();
    while (a != before.end() || b != after.end()) {
      if (b == after.end() || (a != before.end() && a->key < b->key)) {
        RowRun& run = rows_.run(a->key);
        run.rows.push_back({arena_.keep(a->key), std::nullopt});
        note_removal(run, a->key);
        ++a;
      } else if (a == before.end() || b->key < a->key) {
        RowRun& run = rows_.run(b->key);
        put(run, b->key, b->value);
        note_insertion(run, b->key);
        ++b;
      } else {
        if (a->value != b->value) put(b->key, b->value);
        ++a;
        ++b;
      }
    }
  }

  void note_insertion(RowRun& run, std::string_view key) {
    if (!run.queue) return;
    if (run.low == nullptr) run.low = &out_.low_water.try_emplace(run.prefix, key).first->second;
    if (key < *run.low) *run.low = key;
  }

  void note_removal(RowRun& run, std::string_view key) {
    if (!run.queue) return;
    if (run.low == nullptr) {
      const auto known = out_.low_water.find(run.prefix);
      if (known == out_.low_water.end()) return;
      run.low = &known->second;
    }
    if (key <= *run.low) out_.fronts.push_back(run.prefix);
  }

  void add_sums() {
    std::optional<std::string> read;
    for (const auto& [key, change] : count_changes(sums_)) {
      if (change.empty()) continue;
      EntityCounts sum = change;
      if (const auto row = find(key, read)) sum.add(decode_counts(*row));
      put_or_remove(key, sum.empty(), encode(sum));
    }
    for (const auto& [key, change] : sums_.figures) {
      if (change.empty()) continue;
      KpiValue sum = change;
      if (const auto row = find(key, read)) sum.add(decode_kpi(*row));
      put_or_remove(key, sum.empty(), encode(sum));
    }
    for (const auto& [key, change] : sums_.scores) {
      if (change.empty()) continue;
      ScoreSum sum = change;
      if (const auto row = find(key, read)) sum.add(decode_score(*row));
      put_or_remove(key, sum.empty(), encode(sum));
    }
  }

  void put_or_remove(std::string_view key, bool remove, std::string_view value) {
    if (remove) {
      rows_.put({arena_.keep(key), std::nullopt});
    } else {
      put(key, value);
    }
  }

  void finish() {
    for (const auto& [prefix, low] : out_.low_water) {
      const std::string key = low_water_key(prefix);
      if (table_low(key) != low) put(key, low);
    }
    out_.rows = rows_.take_sorted();
    std::sort(out_.fronts.begin(), out_.fronts.end());
    out_.fronts.erase(std::unique(out_.fronts.begin(), out_.fronts.end()), out_.fronts.end());
  }

  std::string table_low(const std::string& key) const { return table_.get(key).value_or(""); }

  const Pending& pending_;
  const Table& table_;
  const RecentRows& recent_;
  const std::map<PartitionId, Offset>& written_;
  const bool keep_records_;
  Arena& arena_;
  PreparedWrite out_;
  LogEvent event_;
  RowRuns rows_;
  std::size_t put_ = 0;
  // Of the last event: the entity, and the part of its key that names its account.
  const Pending::Event* last_ = nullptr;
  PartitionId partition_ = 0;
  EntityKey entity_;
  std::string_view account_part_;
  Projection before_, after_;                      // of the entity that is worked on
  std::vector<ViewRow> rows_before_, rows_after_;  // the same, in `scratch_`
  Arena scratch_;
  ByteBuffer row_, projection_;  // the same
  std::string offsets_;          // the same
  std::map<PartitionId, Items> items_;
  std::map<std::string_view, std::vector<Withdrawn>> withdrawn_;
  Sums sums_;
};

}  // namespace

PreparedWrite prepare_write(const Pending& pending, const Table& table, const RecentRows& recent,
                            const LowWater& low_water, const std::map<PartitionId, Offset>& written,
                            bool keep_records, Arena& arena) {
  arena.clear();
  return Preparer(pending, table, recent, low_water, written, keep_records, arena).run();
}

void remember_rows(const std::vector<Write>& rows, RecentRows& recent) noexcept {
  for (const Write& row : rows) {
    const FamilySpec* const family = family_of_key(row.key, kKeyPrefixBytes);
    if (family == nullptr || !family->remembered) continue;
    if (row.value) {
      recent.put(row.key, *row.value);
    } else {
      recent.forget(row.key);
    }
  }
}

void raise_low_water(const std::vector<std::string>& fronts, const TableSnapshot& rows,
                     LowWater& low_water) {
  for (const std::string& prefix : fronts) {
    std::string& low = low_water[prefix];
    const std::string end = after_prefix(prefix);
    const RowCursor first = rows.rows(low, end);
    low = first.valid() ? std::string(first.key()) : end;
  }
}

std::string applied_key(PartitionId partition) {
  return Key(partition, Family::kMeta).text(kApplied).take();
}

std::string low_water_key(std::string_view prefix) {
  return Key(KeyReader(prefix).partition(), Family::kMeta).text(kLowWater).text(prefix).take();
}

bool is_applied_key(std::string_view key) { return KeyReader(key).text() == kApplied; }

bool is_low_water_key(std::string_view key, std::string& prefix) {
  KeyReader reader(key);
  if (reader.text() != kLowWater) return false;
  prefix = reader.text();
  return true;
}

}  // namespace tocsin
