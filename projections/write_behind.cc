#include "projections/write_behind.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <thread>

#include "events/bytes.h"
#include "events/log_record.h"
#include "events/vocabulary.h"
#include "projections/account_summary.h"
#include "projections/record_type.h"
#include "projections/timeline_rows.h"
#include "projections/views.h"

namespace tocsin {
namespace {

// A write of many rows holds a core for some 20 ms: who answers somebody need not wait for it.
constexpr std::size_t kRowsBetweenYields = 64;
constexpr std::string_view kApplied = "applied";
constexpr std::string_view kLowWater = "low";

std::size_t bytes_of(const EntityChange& c) {
  // A guess of the view's memory: strings of a ticket with some clocks and groups.
  return 400 + c.state.size() + 200 * c.view.clocks.size() + 300 * c.view.groups.size();
}

// What one entity's events add to its projection.
struct Additions {
  std::vector<Satisfaction> satisfaction;
  std::vector<Withdrawn> withdrawn;
};

std::optional<int> score_in(std::string_view data) {
  thread_local simdjson::dom::parser parser;
  double score = 0;
  if (parser.parse(data.data(), data.size())["satisfaction"].get(score) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return static_cast<int>(score);
}

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

// Whether more than the timeline depends on a record of this type.
bool is_read(std::string_view type) {
  return type.ends_with(".closed") || type.starts_with("tocsin.account.") ||
         type == name(DerivedType::kClockWithdrawn) || type == name(DerivedType::kFaultRecurring);
}

// Rows by partition and family, each family sorted by itself: most come in order.
class RowBuckets {
 public:
  void put(Write row) {
    const KeyReader key(row.key);
    if (partition_ == nullptr || key.partition() != id_) {
      id_ = key.partition();
      partition_ = &partitions_[id_];
    }
    (*partition_)[static_cast<unsigned char>(key.family())].push_back(std::move(row));
    ++count_;
  }

  std::vector<Write> take_sorted() {
    const auto before = [](const Write& a, const Write& b) { return a.key < b.key; };
    std::vector<Write> rows;
    rows.reserve(count_);
    for (auto& [id, families] : partitions_) {
      for (std::vector<Write>& family : families) {
        if (!std::is_sorted(family.begin(), family.end(), before))
          std::sort(family.begin(), family.end(), before);
        std::move(family.begin(), family.end(), std::back_inserter(rows));
      }
    }
    return rows;
  }

 private:
  using Families = std::array<std::vector<Write>, 128>;
  std::map<PartitionId, Families> partitions_;
  PartitionId id_ = 0;
  Families* partition_ = nullptr;
  std::size_t count_ = 0;
};

class Preparer {
 public:
  Preparer(Pending& pending, const Table& table, const LowWater& low_water,
           const std::map<PartitionId, Offset>& written, bool keep_records)
      : pending_(pending), table_(table), written_(written), keep_records_(keep_records) {
    out_.low_water = low_water;
  }

  PreparedWrite run() {
    for (const Pending::Event& event : pending_.timeline) add_event(event);
    for (const auto& [key, state] : pending_.accounts) put(key, state);
    for (const auto& [key, content] : pending_.seen) {
      std::string value;
      put_unsigned(value, content);
      put(key, std::move(value));
    }
    for (auto& [key, items] : timelines_) {
      // A row that begins behind what is written is not there yet.
      put(key, items.begun ? table_.get(key).value_or("") + items.bytes : std::move(items.bytes));
    }
    add_entities();
    for (auto& [key, summary] : summaries_) put(key, encode(summary));
    add_sums();
    for (const auto& [partition, offset] : pending_.applied) {
      std::string value;
      put_signed(value, offset);
      put(applied_key(partition), std::move(value));
    }
    finish();
    return std::move(out_);
  }

 private:
  void put(std::string key, std::string value) {
    rows_.put({std::move(key), std::move(value)});
    if (++put_ % kRowsBetweenYields == 0) std::this_thread::yield();
  }

  struct Items {
    bool begun = false;  // the row may be there already
    std::string bytes;   // what is added to it
  };

  // The row of a timeline to which an item at `offset` is added.
  std::string& items_of(std::string key, PartitionId partition, Offset offset, Offset per_row) {
    const auto [entry, fresh] = timelines_.try_emplace(std::move(key));
    if (fresh) {
      const auto written = written_.find(partition);
      entry->second.begun =
          written != written_.end() && row_number(offset, per_row) * per_row < written->second;
    }
    return entry->second.bytes;
  }

  // The rows of the event's entity and account. What is decided about an entity comes in one piece:
  // most events have those of the one before.
  void find_rows(const Pending::Event& event) {
    const TimelineRow& row = event.row;
    const Offset timeline = row_number(row.offset, kTimelineRowOffsets);
    if (last_ != nullptr && last_->partition == event.partition &&
        row_number(last_->row.offset, kTimelineRowOffsets) == timeline &&
        last_->row.entity == row.entity)
      return;
    last_ = &event;
    entity_items_ = &items_of(
        Key(event.partition, Family::kTimeline).entity(row.entity).offset(timeline).take(),
        event.partition, row.offset, kTimelineRowOffsets);
    account_items_ = &items_of(Key(event.partition, Family::kHistory)
                                   .text(row.entity.account)
                                   .offset(row_number(row.offset, kHistoryRowOffsets))
                                   .take(),
                               event.partition, row.offset, kHistoryRowOffsets);
  }

  void add_event(const Pending::Event& event) {
    const TimelineRow& row = event.row;
    find_rows(event);
    append_item(*entity_items_, row.offset, kTimelineRowOffsets,
                keep_records_ ? std::string_view(row.record) : std::string_view(), {});
    append_item(*account_items_, row.offset, kHistoryRowOffsets, row.entity.kind, row.entity.id);

    if (!is_read(type_of_record(row.record)) || !read_log_record(row.record, event_)) return;
    if (!event_.is_fact()) {
      if (event_.type == name(DerivedType::kClockWithdrawn)) {
        Withdrawn w;
        w.clock = member_of(event_.data, "clock");
        w.threshold = member_of(event_.data, "threshold");
        w.day = (*event.business_day)(event_.time);
        w.count = 1;
        additions_[entity_key(event)].withdrawn.push_back(std::move(w));
      } else if (event_.type == name(DerivedType::kFaultRecurring)) {
        put(Key(event.partition, Family::kFault)
                .instant(event_.time)
                .text(row.entity.account)
                .text(event_.id)
                .take(),
            std::string(event_.data));
      }
      return;
    }
    const TypeParts type = split_type(event_.type);
    if (type.kind == "account") {
      summary(event.partition, row.entity.account).fold(type.verb, event_);
    } else if (type.verb == "closed") {
      if (const auto score = score_in(event_.data)) {
        const Stamp stamp = stamp_of(event_);
        additions_[entity_key(event)].satisfaction.push_back(
            {stamp.time, stamp.order, *score, (*event.business_day)(stamp.time)});
      }
    }
  }

  static std::string entity_key(const Pending::Event& event) {
    return Key(event.partition, Family::kEntity).entity(event.row.entity).take();
  }

  AccountSummary& summary(PartitionId partition, const std::string& account) {
    const std::string key = Key(partition, Family::kSummary).text(account).take();
    const auto [entry, fresh] = summaries_.try_emplace(key);
    if (fresh) {
      if (const auto row = table_.get(key)) entry->second = decode_account_summary(*row);
    }
    return entry->second;
  }

  void add_entities() {
    // In key order, which is the order of the rows that are read.
    std::vector<std::pair<std::string_view, Pending::Entity*>> touched;
    touched.reserve(pending_.entities.size());
    for (auto& [key, entity] : pending_.entities) touched.emplace_back(key, &entity);
    for (const auto& [key, additions] : additions_) {
      if (!pending_.entities.contains(key)) touched.emplace_back(key, nullptr);
    }
    std::sort(touched.begin(), touched.end());
    for (const auto& [key, entity] : touched) {
      if (entity != nullptr) put(std::string(key), entity->change.state);
      project(key, entity);
    }
  }

  // From the entity's projection as it is to what it becomes.
  void project(std::string_view key, Pending::Entity* entity) {
    std::string projection_key(key);
    projection_key[kKeyPrefixBytes - 1] = static_cast<char>(Family::kProjection);
    const std::optional<std::string> row = table_.get(projection_key);
    std::optional<Projection> before;
    if (row) before = decode_projection(*row);

    Projection after;
    if (entity == nullptr) {
      after = before.value_or(Projection{});
    } else {
      if (before) {
        after.satisfaction = before->satisfaction;
        after.withdrawn = before->withdrawn;
      }
      after.known = true;
      after.view = std::move(entity->change.view);
      after.next_due = entity->change.next_due;
      after.due_days.clear();
      for (const ClockRow& clock : after.view.clocks) {
        for (const ThresholdRow& t : clock.thresholds) {
          after.due_days.push_back(t.due ? (*entity->business_day)(*t.due) : 0);
        }
      }
    }
    if (const auto found = additions_.find(key); found != additions_.end()) {
      for (const Satisfaction& s : found->second.satisfaction) {
        if (!after.satisfaction || std::tie(after.satisfaction->time, after.satisfaction->order) <
                                       std::tie(s.time, s.order)) {
          after.satisfaction = s;
        }
      }
      for (const Withdrawn& w : found->second.withdrawn) add_withdrawn(after.withdrawn, w);
    }

    std::string encoded = encode_projection(after);
    if (!row || *row != encoded) {
      replace_projection(key, before ? &*before : nullptr, after);
      put(std::move(projection_key), std::move(encoded));
    }
    if (entity != nullptr) entity->change.view = std::move(after.view);
  }

  void replace_projection(std::string_view key, const Projection* before, const Projection& after) {
    KeyReader reader(key);
    const PartitionId partition = reader.partition();
    const EntityKey id = reader.entity();
    replace_rows(before != nullptr ? index_rows(partition, id, *before) : std::vector<ViewRow>{},
                 index_rows(partition, id, after));
    add_difference(partition, id, before, after, sums_);
  }

  // Both in key order.
  void replace_rows(std::vector<ViewRow> before, std::vector<ViewRow> after) {
    auto a = before.begin();
    auto b = after.begin();
    while (a != before.end() || b != after.end()) {
      if (b == after.end() || (a != before.end() && a->key < b->key)) {
        note_removal(a->key);
        rows_.put({std::move(a->key), std::nullopt});
        ++a;
      } else if (a == before.end() || b->key < a->key) {
        note_insertion(b->key);
        put(std::move(b->key), std::move(b->value));
        ++b;
      } else {
        if (a->value != b->value) put(std::move(b->key), std::move(b->value));
        ++a;
        ++b;
      }
    }
  }

  void note_insertion(std::string_view key) {
    const std::string_view prefix = queue_prefix(key);
    if (prefix.empty()) return;
    const auto found = out_.low_water.find(prefix);
    if (found == out_.low_water.end()) {
      out_.low_water.emplace(prefix, key);
    } else if (key < found->second) {
      found->second = key;
    }
  }

  void note_removal(std::string_view key) {
    const std::string_view prefix = queue_prefix(key);
    if (prefix.empty()) return;
    const auto found = out_.low_water.find(prefix);
    if (found != out_.low_water.end() && key <= found->second) out_.fronts.emplace_back(prefix);
  }

  void add_sums() {
    for (const auto& [key, change] : count_changes(sums_)) {
      if (change == 0) continue;
      std::int64_t n = change;
      if (const auto row = table_.get(key)) n += ByteReader(*row).signed_int();
      std::string value;
      put_signed(value, n);
      put_or_remove(key, n == 0, std::move(value));
    }
    for (const auto& [key, change] : sums_.figures) {
      if (change.empty()) continue;
      KpiValue sum = change;
      if (const auto row = table_.get(key)) sum.add(decode_kpi(*row));
      put_or_remove(key, sum.empty(), encode(sum));
    }
    for (const auto& [key, change] : sums_.satisfaction) {
      if (change.empty()) continue;
      SatisfactionSum sum = change;
      if (const auto row = table_.get(key)) sum.add(decode_satisfaction(*row));
      put_or_remove(key, sum.empty(), encode(sum));
    }
  }

  void put_or_remove(const std::string& key, bool remove, std::string value) {
    if (remove) {
      rows_.put({key, std::nullopt});
    } else {
      put(key, std::move(value));
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

  Pending& pending_;
  const Table& table_;
  const std::map<PartitionId, Offset>& written_;
  const bool keep_records_;
  PreparedWrite out_;
  LogEvent event_;
  RowBuckets rows_;
  std::size_t put_ = 0;
  const Pending::Event* last_ = nullptr;  // whose rows these are
  std::string* entity_items_ = nullptr;
  std::string* account_items_ = nullptr;
  std::unordered_map<std::string, Items> timelines_;  // by the key of their row
  std::map<std::string, Additions, std::less<>> additions_;
  std::map<std::string, AccountSummary> summaries_;
  Sums sums_;
};

}  // namespace

void Pending::add(AppliedBatch batch) {
  applied[batch.partition] = batch.next;
  for (EntityChange& c : batch.entities) {
    bytes += bytes_of(c);
    std::string key = Key(batch.partition, Family::kEntity).entity(c.key).take();
    entities.insert_or_assign(std::move(key),
                              Entity{batch.partition, std::move(c), batch.business_day});
  }
  for (AccountChange& a : batch.accounts) {
    bytes += 100 + a.state.size();
    accounts.insert_or_assign(Key(batch.partition, Family::kAccount).text(a.account).take(),
                              std::move(a.state));
  }
  for (const SeenRow& s : batch.seen) {
    bytes += 100;
    seen.insert_or_assign(
        Key(batch.partition, Family::kSeen).text(s.account).hash(s.identity).take(), s.content);
  }
  for (TimelineRow& row : batch.timeline) {
    bytes += 200 + row.record.size();
    timeline.push_back({batch.partition, std::move(row), batch.business_day});
  }
}

PreparedWrite prepare_write(Pending& pending, const Table& table, const LowWater& low_water,
                            const std::map<PartitionId, Offset>& written, bool keep_records) {
  return Preparer(pending, table, low_water, written, keep_records).run();
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
