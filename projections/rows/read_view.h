// All views of a store as they were at one moment; what queries read.
//
// A value that is cheap to copy; any thread. It keeps old rows from being cleaned up, so it lives
// for one query, not for long.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log_port.h"
#include "projections/rows/keys.h"
#include "projections/rows/table.h"

namespace tocsin {

// By prefix of a queue-like range of rows (dues; clocks of a class and name): a key before which it
// holds no row. Rows at the front of such a range come and go, and walking over the traces of those
// that are gone costs more than everything else. Holds every prefix that was ever used.
using LowWater = std::map<std::string, std::string, std::less<>>;

// The prefix of the queue-like range that `key` belongs to; empty when to none.
std::string_view queue_prefix(std::string_view key);

class ReadView {
 public:
  ReadView(std::shared_ptr<const TableSnapshot> rows, std::shared_ptr<const LowWater> low_water,
           std::map<PartitionId, Offset> applied)
      : rows_(std::move(rows)), low_water_(std::move(low_water)), applied_(std::move(applied)) {}

  std::optional<std::string> get(std::string_view key) const { return rows_->get(key); }
  // Rows that begin with `prefix` and are not before `from` (empty: from the first).
  RowCursor rows(std::string_view prefix, std::string_view from = {}) const;
  const LowWater& low_water() const { return *low_water_; }
  // Offsets after the last applied records.
  const std::map<PartitionId, Offset>& applied() const { return applied_; }
  std::vector<PartitionId> partitions() const;

 private:
  std::shared_ptr<const TableSnapshot> rows_;
  std::shared_ptr<const LowWater> low_water_;
  std::map<PartitionId, Offset> applied_;
};

}  // namespace tocsin
