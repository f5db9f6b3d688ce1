// Turns what many batches changed into one sorted write: the engine's rows as they are, the view
// rows as the difference to what is there, the sums, the applied offsets and the low-water keys.
//
// Used by Store alone, from its writing thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "projections/read_view.h"
#include "projections/store.h"
#include "projections/table.h"

namespace tocsin {

// Changes that are not written yet, by the key of their row: later ones replace earlier ones.
struct Pending {
  struct Entity {
    PartitionId partition = 0;
    EntityChange change;
    std::shared_ptr<const BusinessDay> business_day;
  };
  struct Event {
    PartitionId partition = 0;
    TimelineRow row;
    std::shared_ptr<const BusinessDay> business_day;
  };
  std::unordered_map<std::string, Entity> entities;
  std::unordered_map<std::string, std::string> accounts;
  std::unordered_map<std::string, std::uint64_t> seen;
  std::vector<Event> timeline;
  std::map<PartitionId, Offset> applied;
  std::size_t bytes = 0;

  bool empty() const { return applied.empty(); }
  void add(AppliedBatch batch);
};

struct PreparedWrite {
  std::vector<Write> rows;          // sorted
  LowWater low_water;               // as it must be for readers of these rows
  std::vector<std::string> fronts;  // ranges whose first row was removed: `raise` may advance them
};

// Reads what is there from `table` and changes nothing there; `written` are the offsets up to which
// it is applied. Works in the views of `pending`, which are afterwards what they were; other
// threads may meanwhile read everything else of it.
PreparedWrite prepare_write(Pending& pending, const Table& table, const LowWater& low_water,
                            const std::map<PartitionId, Offset>& written, bool keep_records);

// After the write: advances the low-water keys of the given ranges to their first rows.
void raise_low_water(const std::vector<std::string>& fronts, const TableSnapshot& rows,
                     LowWater& low_water);

// Rows of the family kMeta.
std::string applied_key(PartitionId partition);
std::string low_water_key(std::string_view prefix);
// What a key of the family kMeta is.
bool is_applied_key(std::string_view key);
bool is_low_water_key(std::string_view key, std::string& prefix);

}  // namespace tocsin
