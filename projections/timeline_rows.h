// How timelines lie in the store: several records a row, for a row costs more than what is in it.
//
// An entity's row holds its records of kTimelineRowOffsets offsets in a row of the log, an
// account's row names the entities of its records of kHistoryRowOffsets offsets. Which records
// share a row follows from their offsets alone, so rows do not depend on how the log was applied;
// and no row grows beyond so many records, however busy its owner is.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log_port.h"
#include "events/bytes.h"
#include "projections/keys.h"

namespace tocsin {

inline constexpr Offset kTimelineRowOffsets = 1 << 10;
inline constexpr Offset kHistoryRowOffsets = 1 << 12;

// The part of a key, behind entity or account, for the row of `offset`.
inline Offset row_number(Offset offset, Offset offsets_per_row) { return offset / offsets_per_row; }

struct TimelineItem {
  Offset offset = 0;
  std::string_view first, second;  // entity's row: the record, if kept; account's row: kind and id
};

inline void append_item(std::string& row, Offset offset, Offset offsets_per_row,
                        std::string_view first, std::string_view second) {
  put_unsigned(row, static_cast<std::uint64_t>(offset % offsets_per_row));
  put_text(row, first);
  put_text(row, second);
}

// In order of offset. The views point into `row`.
inline std::vector<TimelineItem> items_of(std::string_view row, Offset number,
                                          Offset offsets_per_row) {
  std::vector<TimelineItem> items;
  for (ByteReader in(row); !in.at_end();) {
    TimelineItem& item = items.emplace_back();
    item.offset = number * offsets_per_row + static_cast<Offset>(in.unsigned_int());
    item.first = in.view();
    item.second = in.view();
  }
  return items;
}

}  // namespace tocsin
