// The wall's clock with sources of our own: what is told when the system's clock jumps.
#include "app/clock.h"

#include <gtest/gtest.h>

#include <vector>

namespace tocsin {
namespace {

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute, kStart = 1'700'000'000'000;

struct Sources {
  std::int64_t system = kStart, monotonic = 5'000;
  std::vector<std::int64_t> told;
  WallClock clock{[this] { return system; }, [this] { return monotonic; },
                  [this](std::int64_t ms) { told.push_back(ms); }};
  void pass(std::int64_t ms) {
    system += ms;
    monotonic += ms;
  }
};

TEST(WallClock, FollowsTheSystemClock) {
  Sources s;
  EXPECT_EQ(s.clock.now().ms, kStart);
  s.pass(1);
  EXPECT_EQ(s.clock.now().ms, kStart + 1);
  s.pass(10 * kHour);  // a stopped process: both clocks went on
  EXPECT_EQ(s.clock.now().ms, kStart + 1 + 10 * kHour);
  EXPECT_EQ(s.clock.jumps(), 0);
}

TEST(WallClock, JumpsForwardWithTheSystemClockAndTellsIt) {
  Sources s;
  s.pass(40);
  s.system += 3 * kHour;
  EXPECT_EQ(s.clock.now().ms, kStart + 40 + 3 * kHour);
  EXPECT_EQ(s.clock.jumps(), 1);
  EXPECT_EQ(s.told, std::vector<std::int64_t>{3 * kHour});
  s.pass(1);
  s.clock.now();
  EXPECT_EQ(s.clock.jumps(), 1);  // once
}

// Back by 5 min: no instant comes twice, and what is due waits until the system's clock says so.
TEST(WallClock, StandsStillAfterAJumpBack) {
  Sources s;
  const std::int64_t before = s.clock.now().ms;
  s.system -= 5 * kMinute;
  EXPECT_EQ(s.clock.now().ms, before);
  EXPECT_EQ(s.told, std::vector<std::int64_t>{-5 * kMinute});
  for (int minute = 1; minute < 5; ++minute) {
    s.pass(kMinute);
    EXPECT_EQ(s.clock.now().ms, before);
    EXPECT_GT(s.clock.until({before + 1}).count(), 0);     // never early
    EXPECT_LE(s.clock.until({before + 1}).count(), 1000);  // and looked at again
  }
  s.pass(kMinute);
  EXPECT_EQ(s.clock.now().ms, before);
  EXPECT_EQ(s.clock.until({before + 1}).count(), 1);
  s.pass(1);
  EXPECT_EQ(s.clock.until({before + 1}).count(), 0);
  EXPECT_EQ(s.clock.jumps(), 1);
}

TEST(WallClock, AJumpForwardAndBackIsTwo) {
  Sources s;
  s.system += 2 * kHour;
  EXPECT_EQ(s.clock.now().ms, kStart + 2 * kHour);
  s.system -= 2 * kHour;
  EXPECT_EQ(s.clock.now().ms, kStart + 2 * kHour);
  EXPECT_EQ(s.clock.jumps(), 2);
}

// A jump is more than kJumpMs: slewing and rounding are none.
TEST(WallClock, ASecondIsNoJump) {
  Sources s;
  s.system += Clock::kJumpMs;
  s.clock.now();
  EXPECT_EQ(s.clock.jumps(), 0);
  s.system += Clock::kJumpMs + 1;
  s.clock.now();
  EXPECT_EQ(s.clock.jumps(), 1);
}

}  // namespace
}  // namespace tocsin
