#include "engine/timers/timer_wheel_sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

namespace tocsin {
namespace {

using Timers = std::span<DueTimer>;

constexpr unsigned kDigitBits = 11;  // at most

// Sorts stably by the low `bits` of `key`, digit by digit. `other`, as large, is room: the two
// change places at each digit.
template <class Key>
void radix(Timers& timers, Timers& other, unsigned bits, Key&& key) {
  const unsigned digits = (bits + kDigitBits - 1) / kDigitBits;
  for (unsigned i = 0; i < digits; ++i) {
    const unsigned shift = bits * i / digits, width = bits * (i + 1) / digits - shift;
    const std::size_t values = std::size_t{1} << width;
    const auto digit = [&](const DueTimer& timer) { return key(timer) >> shift & (values - 1); };
    std::array<std::uint32_t, std::size_t{1} << kDigitBits> at;
    std::fill_n(at.begin(), values, 0U);
    for (const DueTimer& timer : timers) ++at[digit(timer)];
    std::uint32_t sum = 0;
    for (std::size_t value = 0; value < values; ++value) {
      const std::uint32_t count = at[value];
      at[value] = sum;
      sum += count;
    }
    for (const DueTimer& timer : timers) other[at[digit(timer)]++] = timer;
    std::swap(timers, other);
  }
}

// For timers of one due; `room` is as large.
void sort_ids(Timers timers, Timers room) {
  if (timers.size() < kRadixFrom) {
    std::sort(timers.begin(), timers.end(),
              [](const DueTimer& a, const DueTimer& b) { return a.id < b.id; });
    return;
  }
  std::uint32_t ids = 0;
  for (const DueTimer& timer : timers) ids |= timer.id;
  Timers sorted = timers;
  radix(sorted, room, static_cast<unsigned>(std::bit_width(ids)),
        [](const DueTimer& timer) { return std::uint64_t{timer.id}; });
  if (sorted.data() != timers.data()) std::copy(sorted.begin(), sorted.end(), timers.begin());
}

}  // namespace

void sort_due(std::vector<DueTimer>& timers) {
  if (timers.size() < kRadixFrom) {
    std::sort(timers.begin(), timers.end(), [](const DueTimer& a, const DueTimer& b) {
      return a.due != b.due ? a.due < b.due : a.id < b.id;
    });
    return;
  }
  // Unsigned, the difference of two dues is right however far they lie apart.
  const auto unsign = [](std::int64_t due) { return static_cast<std::uint64_t>(due); };
  std::int64_t first = timers.front().due, last = first;
  for (const DueTimer& timer : timers) {
    first = std::min(first, timer.due);
    last = std::max(last, timer.due);
  }
  std::vector<DueTimer> other(timers.size());
  Timers sorted{timers}, room{other};
  radix(sorted, room, static_cast<unsigned>(std::bit_width(unsign(last) - unsign(first))),
        [&](const DueTimer& timer) { return unsign(timer.due) - unsign(first); });
  for (std::size_t begin = 0, end; begin < sorted.size(); begin = end) {
    end = begin + 1;
    while (end < sorted.size() && sorted[end].due == sorted[begin].due) ++end;
    const std::size_t count = end - begin;
    if (count > 1) sort_ids(sorted.subspan(begin, count), room.first(count));
  }
  if (sorted.data() == other.data()) timers.swap(other);
}

}  // namespace tocsin
