// The alarms of some inboxes one by one, in the order in which they are listed: by the order of their
// rows, and those of one row by their names. What lists and counts of alarms walk over.
//
// A cursor is where an alarm is listed (inbox_key), so a page may end in the middle of a row, and a
// cursor stays good when rows and alarms come and go.
//
// One query's; not thread safe. Cost: that of MergedRows; the entity is read when it is asked for,
// once a row.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/read/merged_rows.h"
#include "projections/rows/projection.h"
#include "projections/rows/views.h"

namespace tocsin {

class AlarmRows {
 public:
  // What a row's alarms share.
  struct Place {
    PartitionId partition = 0;
    std::string inbox;  // the name of whose it is
    bool nobody = false;
    EntityKey entity;
  };

  // `prefixes`: of inboxes (inbox_prefix). `after`: a cursor; the walk begins behind it. Empty: from
  // the first.
  AlarmRows(const ReadView& view, std::vector<std::string> prefixes, std::string_view after);

  bool valid() const { return rows_.valid(); }
  void next();
  const Place& place() const { return place_; }
  std::string_view name() const { return groups_.name(); }
  const GroupSummary& summary() const { return groups_.summary(); }
  std::string cursor() const;
  // Null: there is no such entity.
  const Projection* entity();

 private:
  void read_row();

  const ReadView& view_;
  MergedRows rows_;
  Place place_;
  GroupsInRow groups_;
  std::optional<Projection> entity_;
  bool entity_is_read_ = false;
};

// Up to its order: the range that an alarm is listed in.
std::string_view inbox_range(std::string_view cursor);

}  // namespace tocsin
