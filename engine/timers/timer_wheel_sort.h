// Sorting timers that come due together: by due, then by slot.
//
// A month's end, or closing time, makes a million dues fall on one millisecond; std::sort then
// takes a pause of a hundred milliseconds. From kRadixFrom on it is a radix sort, first over the
// bits in which the dues differ, then over the slots of each due that several have: two passes for
// the timers of a minute, some 5 ns a timer, two or three for equal dues, some 10 ns.
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

inline constexpr std::size_t kRadixFrom = 64;

void sort_due(std::vector<DueTimer>& timers);

}  // namespace tocsin
