// What batches changed and is not written yet, by the key of its row: later changes replace earlier
// ones. What waits is a few large blocks of bytes and not thousands of small ones made on one
// thread and freed on another.
//
// Filled by one thread; while it is written, read by many and changed by none. `clear` makes it fit
// for use again without asking for the memory anew.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "events/arena.h"
#include "projections/rows/applied_batch.h"

namespace tocsin {

class Pending {
 public:
  static constexpr std::uint32_t kNoEvent = UINT32_MAX;

  struct Entity {
    std::string_view state, view;  // view: encode_view; empty when only events came
    Instant next_due{kNever};
    const BusinessDay* business_day = nullptr;
    // Its part of `events()`, which its events lead through.
    std::uint32_t first_event = kNoEvent, last_event = kNoEvent;
    bool first_row = false;  // the store has none of it yet
    bool changed() const { return !view.empty(); }
  };
  struct Event {
    std::string_view entity;  // key of the entity's row
    Offset offset = 0;
    std::string_view record;  // empty when nobody reads it
    const BusinessDay* business_day = nullptr;
    std::uint32_t next = kNoEvent;  // of the same entity
  };
  struct KeyHash {
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  template <typename Value>
  using ByKey = boost::unordered_flat_map<std::string_view, Value, KeyHash>;

  // Keeps what the views of a large batch are of; of a small one it has copies.
  void add(AppliedBatch batch);
  void clear();

  bool empty() const { return applied_.empty(); }
  // A measure of the memory held.
  std::size_t bytes() const;

  const ByKey<Entity>& entities() const { return entities_; }
  const ByKey<std::string_view>& accounts() const { return accounts_; }
  const ByKey<std::string_view>& summaries() const { return summaries_; }
  const ByKey<std::uint64_t>& seen() const { return seen_; }
  const ByKey<std::string_view>& subjects() const { return subjects_; }
  const std::vector<Event>& events() const { return events_; }  // in order, partition by partition
  const std::map<PartitionId, Offset>& applied() const { return applied_; }

 private:
  Entity& entity(PartitionId partition, const EntityName& key, bool first_row);

  // Whether it is held on to, so that nothing of it need be copied.
  bool keep(const std::shared_ptr<const Arena>& bytes);

  Arena arena_;  // of keys, and copies
  std::vector<std::shared_ptr<const Arena>> kept_;
  std::size_t kept_bytes_ = 0;
  std::vector<std::shared_ptr<const BusinessDay>> days_;
  ByKey<Entity> entities_;
  ByKey<std::string_view> accounts_, summaries_;
  ByKey<std::uint64_t> seen_;
  ByKey<std::string_view> subjects_;
  std::vector<Event> events_;
  std::map<PartitionId, Offset> applied_;
  std::string_view last_key_;  // of the entity that `entity` gave last
};

}  // namespace tocsin
