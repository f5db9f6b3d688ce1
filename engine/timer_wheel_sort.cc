#include "engine/timer_wheel_sort.h"

#include <algorithm>
#include <array>
#include <bit>

namespace tocsin {
namespace {

constexpr unsigned kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

// One stable pass by the digit of `key` at `shift`.
template <class Key>
void pass(std::vector<DueTimer>& timers, std::vector<DueTimer>& other, unsigned shift, Key&& key) {
  std::array<std::uint32_t, kDigits> at{};
  const auto digit = [&](const DueTimer& timer) { return (key(timer) >> shift) % kDigits; };
  for (const DueTimer& timer : timers) ++at[digit(timer)];
  std::uint32_t sum = 0;
  for (std::uint32_t& count : at) {
    const std::uint32_t begin = sum;
    sum += count;
    count = begin;
  }
  for (const DueTimer& timer : timers) other[at[digit(timer)]++] = timer;
  timers.swap(other);
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
  std::uint32_t ids = 0;
  for (const DueTimer& timer : timers) {
    first = std::min(first, timer.due);
    last = std::max(last, timer.due);
    ids |= timer.id;
  }
  const auto id_bits = static_cast<unsigned>(std::bit_width(ids));
  const auto due_bits = static_cast<unsigned>(std::bit_width(unsign(last) - unsign(first)));
  std::vector<DueTimer> other(timers.size());
  for (unsigned shift = 0; shift < id_bits; shift += kDigitBits) {
    pass(timers, other, shift, [](const DueTimer& timer) { return std::uint64_t{timer.id}; });
  }
  for (unsigned shift = 0; shift < due_bits; shift += kDigitBits) {
    pass(timers, other, shift,
         [&](const DueTimer& timer) { return unsign(timer.due) - unsign(first); });
  }
}

}  // namespace tocsin
