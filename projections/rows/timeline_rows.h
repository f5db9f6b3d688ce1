// How timelines lie in the store.
//
// An entity's row (projection.h) ends with the offsets of its newest records; whenever these are
// kTimelineBlock they move into a row of their own, T, under the first of them. So an entity of
// few records has no other row, and none grows beyond a block.
//
// An account's rows, H, name the entities of its records, those of kHistoryRowOffsets offsets of
// the log in a row; the records themselves, R, where the store keeps them, are kRecordRowOffsets in
// a row. Which records share a row follows from the log alone, so rows do not depend on how it was
// applied.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log_port.h"
#include "events/bytes.h"
#include "projections/rows/keys.h"

namespace tocsin {

inline constexpr std::size_t kTimelineBlock = 64;
inline constexpr Offset kHistoryRowOffsets = 1 << 12;
inline constexpr Offset kRecordRowOffsets = 1 << 4;

// The part of a key of H or R for the row of `offset`.
inline Offset row_number(Offset offset, Offset offsets_per_row) { return offset / offsets_per_row; }

// Ascending offsets: the first, then the distances.
inline void put_offsets(std::string& out, const std::vector<Offset>& offsets) {
  Offset before = 0;
  for (const Offset offset : offsets) {
    put_unsigned(out, static_cast<std::uint64_t>(offset - before));
    before = offset;
  }
}

inline std::vector<Offset> take_offsets(std::string_view bytes) {
  std::vector<Offset> offsets;
  Offset before = 0;
  for (ByteReader in(bytes); !in.at_end();) {
    before += static_cast<Offset>(in.unsigned_int());
    offsets.push_back(before);
  }
  return offsets;
}

struct TimelineItem {
  Offset offset = 0;
  std::string_view first, second;  // H: kind and id; R: the record and nothing
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
