// The wall's clock with sources of our own: what is believed when the machine's clock jumps.
#include "app/clock.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour,
                       kStart = 1'700'000'000'000;

struct World {
  std::int64_t wall = kStart, since_boot = 5'000;
  std::string boot = "boot-1";
  std::optional<ClockMemory> memory;
  std::vector<std::string> told;
  std::unique_ptr<WallClock> clock;

  World() { start(); }
  void start() {
    WallClockOptions options;
    options.wall = [this] { return wall; };
    options.since_boot = [this] { return since_boot; };
    options.boot = boot;
    options.memory = memory;
    options.keep = [this](const ClockMemory& kept) { memory = kept; };
    options.report = [this](std::string_view event, const std::string& detail) {
      told.push_back(std::string(event) + " " + detail);
    };
    clock = std::make_unique<WallClock>(std::move(options));
  }
  void reboot(std::int64_t down) {
    wall += down;
    since_boot = 1'000;
    boot += "'";
    start();
  }
  void pass(std::int64_t ms) {
    wall += ms;
    since_boot += ms;
  }
  std::int64_t now() { return clock->now().ms; }
};

TEST(WallClock, FollowsTheWallWhileItAgreesWithWhatPassed) {
  World w;
  EXPECT_EQ(w.now(), kStart);
  w.pass(10 * kHour);  // a machine that slept: the clock since boot went on
  EXPECT_EQ(w.now(), kStart + 10 * kHour);
  w.wall += 4 * kMinute;  // set right
  EXPECT_EQ(w.now(), kStart + 10 * kHour + 4 * kMinute);
  EXPECT_EQ(w.clock->doubt(), Duration{});
}

// No instant comes twice, and what is due waits until the wall says so.
TEST(WallClock, StandsStillAfterASmallStepBack) {
  World w;
  const std::int64_t before = w.now();
  w.wall -= 5 * kMinute;
  EXPECT_EQ(w.now(), before);
  w.pass(5 * kMinute);
  EXPECT_EQ(w.now(), before);
  EXPECT_EQ(w.clock->until({before + 1}).count(), 1);
  w.pass(1);
  EXPECT_EQ(w.now(), before + 1);
  EXPECT_EQ(w.clock->jumps(), 1);
}

TEST(WallClock, AGlitchAheadLeavesNoTrace) {
  World w;
  w.wall += kDay;
  w.pass(1500);
  EXPECT_EQ(w.now(), kStart + 1500);
  EXPECT_EQ((w.clock->now() + w.clock->facts_ahead()).ms, kStart + 1500);
  ASSERT_TRUE(w.clock->doubted().has_value());
  EXPECT_EQ(w.clock->doubted()->ms, kStart + kDay + 1500);
  EXPECT_EQ(describe_doubt(w.clock->doubt()),
            "the wall clock is 86400 s ahead of what is believed");
  w.wall -= kDay;
  w.pass(1);
  EXPECT_EQ(w.now(), kStart + 1501);
  EXPECT_FALSE(w.clock->doubted().has_value());
  EXPECT_EQ(w.told,
            (std::vector<std::string>{"clock_jumped 86400000 ms", "clock_jumped -86400000 ms"}));
}

TEST(WallClock, AheadItIsBelievedAfterItsPatienceToTheMillisecond) {
  World w;
  w.wall += kDay;
  w.now();
  w.pass(10 * kMinute - 1);
  EXPECT_EQ(w.now(), kStart + 10 * kMinute - 1);
  w.pass(1);
  EXPECT_EQ(w.now(), kStart + kDay + 10 * kMinute);
  EXPECT_EQ(w.clock->doubt(), Duration{});
}

TEST(WallClock, AnotherJumpBeginsThePatienceAnew) {
  World w;
  w.wall += kDay;
  w.now();
  w.pass(9 * kMinute);
  w.now();
  w.wall += kDay;
  w.now();
  w.pass(9 * kMinute);
  EXPECT_EQ(w.now(), kStart + 18 * kMinute);
  w.pass(kMinute);
  EXPECT_EQ(w.now(), kStart + 2 * kDay + 19 * kMinute);
}

TEST(WallClock, SomebodyMayAcceptIt) {
  World w;
  w.wall += kDay;
  w.now();
  w.clock->accept();
  EXPECT_EQ(w.now(), kStart + kDay);
  EXPECT_EQ(w.clock->doubt(), Duration{});
}

TEST(WallClock, BackDuesAreJudgedByItAtOnceAndFactsByTheLater) {
  World w;
  w.now();
  w.wall -= kDay;
  w.pass(1000);
  EXPECT_EQ(w.now(), kStart - kDay + 1000);
  EXPECT_EQ((w.clock->now() + w.clock->facts_ahead()).ms, kStart + 1000);
  EXPECT_FALSE(w.clock->doubted().has_value());
  w.wall += kDay;  // back within its patience: nothing has happened
  w.pass(1000);
  EXPECT_EQ(w.now(), kStart + 2000);
  w.wall -= kDay;
  w.now();
  w.pass(10 * kMinute);
  EXPECT_EQ(w.now(), kStart - kDay + 2000 + 10 * kMinute);
  EXPECT_EQ((w.clock->now() + w.clock->facts_ahead()).ms, w.now());
}

TEST(WallClock, ARestartWithinABootGoesByWhatPassed) {
  World w;
  w.wall += kDay;
  w.now();
  w.pass(3 * kHour);
  w.wall += kDay;
  w.memory->believed_ms = kStart;  // as it was before the patience was over
  w.memory->since_boot_ms = 5'000;
  w.start();
  EXPECT_EQ(w.now(), kStart + 3 * kHour);
  ASSERT_TRUE(w.clock->doubted().has_value());
}

TEST(WallClock, AnOutageOfAnHourIsNoJump) {
  World w;
  w.now();
  w.pass(kHour);
  w.start();
  EXPECT_EQ(w.now(), kStart + kHour);
  w.reboot(kHour);
  EXPECT_EQ(w.now(), kStart + 2 * kHour);
  EXPECT_EQ(w.clock->doubt(), Duration{});
}

TEST(WallClock, AfterAnotherBootAWallBeforeTheLastInstantIsInDoubt) {
  World w;
  w.now();
  w.reboot(-kDay);
  EXPECT_EQ(w.now(), kStart - kDay);
  EXPECT_EQ((w.clock->now() + w.clock->facts_ahead()).ms, kStart);
  EXPECT_LT(w.clock->doubt().ms, 0);
}

TEST(WallClock, ItsMemoryIsReadBack) {
  TempDirectory directory;
  const auto file = directory.path() / "clock";
  EXPECT_FALSE(read_clock_memory(file).has_value());
  write_clock_memory(file, {"a-b", 17, 42});
  const auto memory = read_clock_memory(file);
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->boot, "a-b");
  EXPECT_EQ(memory->since_boot_ms, 17);
  EXPECT_EQ(memory->believed_ms, 42);
}

// A jump is more than kJumpMs: slewing and rounding are none.
TEST(WallClock, ASecondIsNoJump) {
  World w;
  w.wall += WallClock::kJumpMs;
  w.now();
  EXPECT_EQ(w.clock->jumps(), 0);
  w.wall += WallClock::kJumpMs + 1;
  w.now();
  EXPECT_EQ(w.clock->jumps(), 1);
}

}  // namespace
}  // namespace tocsin
