// Turns what many batches changed into one sorted write: the engine's rows as they are, the view
// rows as the difference to what is there, the sums, the applied offsets and the low-water keys.
//
// Used by Store alone, from its writing thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "events/arena.h"
#include "projections/rows/read_view.h"
#include "projections/rows/table.h"
#include "projections/write/pending.h"
#include "projections/write/recent_rows.h"

namespace tocsin {

struct PreparedWrite {
  std::vector<Write> rows;          // sorted; they point into the arena
  LowWater low_water;               // as it must be for readers of these rows
  std::vector<std::string> fronts;  // ranges whose first row was removed: `raise` may advance them
};

// Reads what is there from `recent` and `table` and changes nothing there; `written` are the
// offsets up to which it is applied. The rows are made in `arena`, which is cleared before.
PreparedWrite prepare_write(const Pending& pending, const Table& table, const RecentRows& recent,
                            const LowWater& low_water, const std::map<PartitionId, Offset>& written,
                            bool keep_records, Arena& arena);

// After the write: the rows that are likely to be read again. It ends the process rather than fail:
// the rows are there, and a write that is tried again would count twice.
void remember_rows(const std::vector<Write>& rows, RecentRows& recent) noexcept;

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
