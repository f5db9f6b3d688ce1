#include "engine/timers/timer_wheel_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "tests/engine/calendar_fixture.h"

namespace tocsin {
namespace {

using Pairs = std::vector<std::pair<std::int64_t, std::uint32_t>>;

Pairs pairs(const std::vector<DueTimer>& timers) {
  Pairs pairs;
  for (const DueTimer& timer : timers) pairs.emplace_back(timer.due, timer.id);
  return pairs;
}

// From few to many, and from all dues equal to all different.
TEST(TimerWheelSort, SortsByDueThenSlot) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{2}, kRadixFrom - 1,
                                 kRadixFrom, std::size_t{1000}, std::size_t{50'000}}) {
    for (unsigned due_bits = 0; due_bits <= 64; due_bits += 4) {
      for (const unsigned id_bits : {1U, 11U, 12U, 24U, 32U}) {
        std::vector<DueTimer> timers(size);
        for (DueTimer& timer : timers) {
          // Shifted arithmetically: as many negative ones.
          const auto due = static_cast<std::int64_t>(random());
          timer = {due_bits == 0 ? 5 : due >> (64 - due_bits),
                   static_cast<std::uint32_t>(random() >> (64 - id_bits))};
        }
        Pairs expected = pairs(timers);
        std::sort(expected.begin(), expected.end());
        sort_due(timers);
        ASSERT_EQ(pairs(timers), expected) << size << ' ' << due_bits << ' ' << id_bits;
      }
    }
  }
}

TEST(TimerWheelSort, TheWidestSpanOfDues) {
  constexpr auto kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  std::vector<DueTimer> timers(2 * kRadixFrom);
  for (std::uint32_t i = 0; i < timers.size(); ++i) timers[i] = {i % 2 == 0 ? kLast : kFirst, i};
  sort_due(timers);
  for (std::uint32_t i = 0; i < kRadixFrom; ++i) {
    EXPECT_EQ(timers[i].due, kFirst);
    EXPECT_EQ(timers[i].id, 2 * i + 1);
    EXPECT_EQ(timers[kRadixFrom + i].due, kLast);
    EXPECT_EQ(timers[kRadixFrom + i].id, 2 * i);
  }
}

}  // namespace
}  // namespace tocsin
