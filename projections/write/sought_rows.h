// Which entities and identities a store may know of: the filter (sought_filter.h) with what was there
// when the store was opened, and with everything that was handed over since.
//
// What was there is read by a thread of its own, which gives way to others. Until it has read all of a
// family of rows, any of them may be there: a start waits for nothing, and nothing is kept on disk.
// Worked example: a node with 5 million tickets answers at once and asks its files for some seconds more.
//
// Invariant: a row that is in the store, or waits to be written, is in the filter, or its family is not
// filled yet. So "no" is never wrong.
//
// Threads: any.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "projections/rows/applied_batch.h"
#include "projections/rows/table.h"
#include "projections/write/sought_filter.h"

namespace tocsin {

struct SoughtOptions {
  std::size_t first_keys = SoughtFilter::kFirstKeys;
  std::size_t bytes_max = SoughtFilter::kBytesMax;
};

class SoughtRows {
 public:
  // `rows`: the store as it is before anything is handed over; it is let go once it was read.
  SoughtRows(std::shared_ptr<const TableSnapshot> rows, std::vector<PartitionId> partitions,
             const SoughtOptions& options);
  ~SoughtRows();

  bool may_hold(PartitionId partition, const EntityName& entity) const {
    return !entities_filled_ || filter_.may_hold(mark_of(partition, entity));
  }
  bool may_hold(const Hash128& identity) const {
    return !identities_filled_ || filter_.may_hold(mark_of(identity));
  }
  // Before anybody may ask for what is in the batch. Marks those of its entities whose first row it is.
  void add(AppliedBatch& batch);

  bool filled() const { return entities_filled_ && identities_filled_; }
  std::size_t bytes() const { return filter_.bytes(); }

 private:
  void fill(std::shared_ptr<const TableSnapshot> rows, const std::vector<PartitionId>& partitions);
  bool read(const TableSnapshot& rows, PartitionId partition, Family family);

  SoughtFilter filter_;
  std::atomic<bool> entities_filled_ = false, identities_filled_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace tocsin
