// Sorting timers that come due together: by due, then by slot.
//
// A month's end, or closing time, makes a million dues fall on one millisecond; std::sort then
// takes a pause of a hundred milliseconds. From kRadixFrom on it is a radix sort over the bits that
// differ at all: for equal dues three passes over the slots, some 10 ns a timer.
//
// Any thread; needs memory for as many again while it sorts many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin {

struct DueTimer {
  std::int64_t due;
  std::uint32_t id;
};

inline constexpr std::size_t kRadixFrom = 2048;

void sort_due(std::vector<DueTimer>& timers);

}  // namespace tocsin
