// The dues of a partition as they are with what waits to be written: those stand over the rows of the
// same entities.
//
// `add` what waits, the oldest first, while it may not change; then `walk` with the rows as of that
// moment. One thread. Cost: reads all that waits.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <string>

#include "projections/rows/read_view.h"
#include "projections/write/pending.h"

namespace tocsin {

class UnwrittenDues {
 public:
  // Of those with from ≤ due < to.
  UnwrittenDues(PartitionId partition, Instant from, Instant to)
      : partition_(partition), from_(from), to_(to) {}
  void add(const Pending& pending);
  // In order of due, until the sink returns false.
  void walk(const ReadView& view, const DueSink& sink) const;

 private:
  struct FlatHash : std::hash<Hash128> {
    using is_avalanching = void;
  };
  const PartitionId partition_;
  const Instant from_, to_;
  boost::unordered_flat_set<Hash128, FlatHash> changed_;
  std::map<std::string, Instant> due_;  // of those, by the entity's key, the ones asked for
};

}  // namespace tocsin
