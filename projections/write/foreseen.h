// What a store was told is to come (StorePort::foresee): up to where, since when, and the subjects in it.
//
// One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "projections/rows/applied_batch.h"

namespace tocsin {

class Foreseen {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A round of the partition, up to `next`: behind those that were added before.
  void add(PartitionId partition, Offset next, const std::vector<SubjectRow>& subjects) {
    to_come_[partition].emplace_back(next, std::chrono::steady_clock::now());
    for (const SubjectRow& row : subjects)
      subjects_.insert_or_assign({row.subject, partition}, Subject{row, next});
  }
  // Everything up to the end of the batch is there.
  void came(const AppliedBatch& batch) {
    for (const SubjectRow& row : batch.subjects) {
      const auto soon = subjects_.find({row.subject, batch.partition});
      if (soon != subjects_.end() && soon->second.next <= batch.next) subjects_.erase(soon);
    }
    const auto found = to_come_.find(batch.partition);
    if (found == to_come_.end()) return;
    auto& rounds = found->second;
    while (!rounds.empty() && rounds.front().first <= batch.next) rounds.pop_front();
    if (rounds.empty()) to_come_.erase(found);
  }

  bool any() const { return !to_come_.empty(); }
  // Of any: since when the first waits, and where the last ends in each partition.
  Time since() const {
    Time first = Time::max();
    for (const auto& [_, rounds] : to_come_) first = std::min(first, rounds.front().second);
    return first;
  }
  std::map<PartitionId, Offset> ends() const {
    std::map<PartitionId, Offset> ends;
    for (const auto& [partition, rounds] : to_come_) ends[partition] = rounds.back().first;
    return ends;
  }
  // The latest of it.
  std::optional<SubjectRow> subject(const Hash128& subject) const {
    std::optional<SubjectRow> latest;
    auto row = subjects_.lower_bound({subject, std::numeric_limits<PartitionId>::min()});
    for (; row != subjects_.end() && row->first.first == subject; ++row) {
      const SubjectRow& soon = row->second.row;
      if (!latest || soon.recorded > latest->recorded) latest = soon;
    }
    return latest;
  }

 private:
  std::map<PartitionId, std::deque<std::pair<Offset, Time>>> to_come_;  // by where they end
  struct Subject {
    SubjectRow row;
    Offset next = 0;  // of its round
  };
  std::map<std::pair<Hash128, PartitionId>, Subject> subjects_;
};

}  // namespace tocsin
