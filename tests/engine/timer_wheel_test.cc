#include "engine/timers/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/engine/calendar_fixture.h"

namespace tocsin {
namespace {

using Fired = std::vector<std::pair<TimerWheel::Slot, std::int64_t>>;

Fired all(TimerWheel& wheel, std::int64_t now) {
  Fired fired;
  while (wheel.advance({now}, [&](TimerWheel::Slot slot, Instant due) {
    EXPECT_LE(due.ms, now);
    fired.emplace_back(slot, due.ms);
  })) {
  }
  return fired;
}

TEST(TimerWheel, FiresAtItsDueNotOneMillisecondBefore) {
  // Around every boundary of a digit, and in every level.
  for (const std::int64_t due :
       {1LL, 255LL, 256LL, 257LL, 511LL, 512LL, 65'535LL, 65'536LL, 65'537LL, 131'072LL,
        16'777'216LL, 4'294'967'296LL, 1'772'414'100'000LL}) {
    for (const std::int64_t start : {std::int64_t{0}, due / 2, due - 1}) {
      TimerWheel wheel(10, {start});
      wheel.schedule(3, {due});
      EXPECT_EQ(all(wheel, due - 1), Fired{}) << due << " from " << start;
      EXPECT_LE(wheel.next(), Instant{due});
      EXPECT_EQ(all(wheel, due), (Fired{{3, due}})) << due << " from " << start;
      EXPECT_EQ(all(wheel, due + 1'000'000), Fired{});
      EXPECT_EQ(wheel.next(), kNever);
    }
  }
}

TEST(TimerWheel, OneJumpFiresInOrderOfDueThenSlot) {
  TimerWheel wheel(10);
  wheel.schedule(9, {500'000});
  wheel.schedule(8, {20});
  wheel.schedule(1, {500'000});
  wheel.schedule(0, {70'000'000});
  wheel.schedule(5, {500'000});
  EXPECT_EQ(all(wheel, 80'000'000),
            (Fired{{8, 20}, {1, 500'000}, {5, 500'000}, {9, 500'000}, {0, 70'000'000}}));
}

TEST(TimerWheel, WhatIsOverdueFiresNextInOrder) {
  TimerWheel wheel(10, {1000});
  wheel.schedule(1, {1000});
  wheel.schedule(2, {-5});
  wheel.schedule(3, {1001});
  wheel.schedule(4, {999});
  EXPECT_EQ(wheel.next(), Instant{1000});
  // The clock going back fires nothing, for 1000 has not come again.
  EXPECT_EQ(all(wheel, 999), Fired{});
  EXPECT_EQ(all(wheel, 1000), (Fired{{2, -5}, {4, 999}, {1, 1000}}));
  EXPECT_EQ(all(wheel, 1001), (Fired{{3, 1001}}));
}

TEST(TimerWheel, NeverIsNoTimer) {
  TimerWheel wheel(10);
  wheel.schedule(1, kNever);
  wheel.schedule(2, {TimerWheel::kLatestDue});
  EXPECT_FALSE(wheel.scheduled(1));
  EXPECT_EQ(wheel.size(), 0U);
  wheel.schedule(3, {TimerWheel::kLatestDue - 1});
  EXPECT_EQ(all(wheel, TimerWheel::kLatestDue - 2), Fired{});
  EXPECT_EQ(all(wheel, kNever.ms), (Fired{{3, TimerWheel::kLatestDue - 1}}));
  // The end of time: what comes now is overdue at once.
  wheel.schedule(1, {5});
  EXPECT_EQ(all(wheel, kNever.ms), (Fired{{1, 5}}));
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, ACancelledTimerIsGone) {
  TimerWheel wheel(100);
  for (TimerWheel::Slot slot = 0; slot < 100; ++slot) wheel.schedule(slot, {1000});
  for (TimerWheel::Slot slot = 0; slot < 100; slot += 2) wheel.cancel(slot);
  wheel.cancel(0);
  EXPECT_EQ(wheel.size(), 50U);
  EXPECT_FALSE(wheel.scheduled(0));
  EXPECT_TRUE(wheel.scheduled(1));
  EXPECT_EQ(wheel.due(1), Instant{1000});
  const Fired fired = all(wheel, 1000);
  ASSERT_EQ(fired.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(fired[i].first, 2 * i + 1);
  EXPECT_EQ(wheel.size(), 0U);
}

// One wake for level 0 and one for those above: what each had reckoned with.
TEST(TimerWheel, CancelledTimersCostTwoWakesAtMost) {
  TimerWheel wheel(100);
  for (TimerWheel::Slot slot = 0; slot < 100; ++slot) wheel.schedule(slot, {100 + slot * 7});
  for (TimerWheel::Slot slot = 0; slot < 100; ++slot) wheel.cancel(slot);
  for (int wake = 0; wake < 2 && wheel.next() != kNever; ++wake) {
    EXPECT_EQ(all(wheel, wheel.next().ms), Fired{});
  }
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, TheLimitCutsAndTheRestFollows) {
  TimerWheel wheel(100);
  for (TimerWheel::Slot slot = 0; slot < 10; ++slot) wheel.schedule(slot, {slot < 5 ? 100 : 200});
  Fired fired;
  const auto sink = [&](TimerWheel::Slot slot, Instant due) { fired.emplace_back(slot, due.ms); };
  EXPECT_TRUE(wheel.advance({300}, sink, 3));
  EXPECT_EQ(fired.size(), 3U);
  EXPECT_LE(wheel.next(), Instant{300});
  // Taken out but not handed out: it may still be cancelled or moved.
  wheel.cancel(3);
  wheel.reschedule(4, {250});
  wheel.schedule(50, {150});
  EXPECT_FALSE(wheel.advance({300}, sink, 100));
  EXPECT_EQ(fired, (Fired{{0, 100},
                          {1, 100},
                          {2, 100},
                          {50, 150},
                          {5, 200},
                          {6, 200},
                          {7, 200},
                          {8, 200},
                          {9, 200},
                          {4, 250}}));
}

TEST(TimerWheel, TheSinkMayScheduleAndCancel) {
  TimerWheel wheel(100);
  wheel.schedule(1, {100});
  wheel.schedule(2, {100});
  wheel.schedule(3, {100});
  Fired fired;
  const auto sink = [&](TimerWheel::Slot slot, Instant due) {
    fired.emplace_back(slot, due.ms);
    if (slot == 1) {
      wheel.cancel(2);
      wheel.schedule(1, {100});  // at once again, after what was found before
      wheel.schedule(9, {50});   // long overdue
      wheel.schedule(8, {400});
    }
    if (slot == 8 && due.ms == 400) wheel.schedule(8, {450});
  };
  int rounds = 0;
  const auto once = [&](TimerWheel::Slot slot, Instant due) {
    if (++rounds == 2) wheel.cancel(1);
    sink(slot, due);
  };
  EXPECT_FALSE(wheel.advance({500}, once));
  EXPECT_EQ(fired, (Fired{{1, 100}, {3, 100}, {9, 50}, {8, 400}, {8, 450}}));
}

// A bound taken from the earliest due of a bucket is wrong once that timer is cancelled and a later
// one takes its place in the reckoning; it must be the bucket's start.
TEST(TimerWheel, CancellingTheEarliestOfABucketLosesNoOther) {
  TimerWheel wheel(10);
  wheel.schedule(0, {70'000});
  wheel.schedule(1, {70'500});
  wheel.schedule(2, {131'000});
  wheel.cancel(0);
  EXPECT_EQ(all(wheel, 70'499), Fired{});
  wheel.schedule(3, {70'600});
  EXPECT_EQ(all(wheel, 70'500), (Fired{{1, 70'500}}));
  EXPECT_EQ(all(wheel, 70'600), (Fired{{3, 70'600}}));
  EXPECT_EQ(all(wheel, 131'000), (Fired{{2, 131'000}}));
}

TEST(TimerWheel, SleepingUntilNextMissesNothing) {
  TimerWheel wheel(1000);
  std::mt19937_64 random{test_seed()};
  std::multimap<std::int64_t, TimerWheel::Slot> expected;
  for (TimerWheel::Slot slot = 0; slot < 1000; ++slot) {
    const auto due = static_cast<std::int64_t>(random() % (1ULL << (5 + random() % 30)));
    wheel.schedule(slot, {due});
    expected.emplace(due, slot);
  }
  int wakes = 0;
  std::int64_t now = 0;
  for (auto it = expected.begin(); it != expected.end();) {
    ASSERT_NE(wheel.next(), kNever);
    ASSERT_LE(wheel.next().ms, it->first);
    now = std::max(now, wheel.next().ms);
    for (const auto& [slot, due] : all(wheel, now)) {
      ASSERT_EQ(due, now);
      ASSERT_EQ(due, it->first);
      ++it;
    }
    ++wakes;
  }
  EXPECT_LT(wakes, 6000);
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, ManyAtOneInstantAndManyAtOneMove) {
  constexpr std::uint32_t kMany = 200'000;
  TimerWheel wheel(kMany);
  for (std::uint32_t slot = 0; slot < kMany; ++slot) {
    wheel.schedule(slot, {slot % 2 == 0 ? 100'000'000 : 99'999'000 + slot % 1000});
  }
  // A jump across all of them is cut in slices; each is short and none is lost.
  Fired fired;
  int calls = 1;
  while (wheel.advance(
      {200'000'000}, [&](TimerWheel::Slot slot, Instant due) { fired.emplace_back(slot, due.ms); },
      10'000)) {
    ++calls;
  }
  EXPECT_GE(calls, 20);
  ASSERT_EQ(fired.size(), kMany);
  EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second, a.first) < std::pair(b.second, b.first);
  }));
}

TEST(TimerWheel, ManyOverdueFireInOrder) {
  constexpr std::uint32_t kMany = 50'000;
  TimerWheel wheel(kMany, {1'772'414'100'000});
  std::mt19937_64 random{test_seed()};
  std::vector<std::pair<std::int64_t, TimerWheel::Slot>> expected;
  for (std::uint32_t slot = 0; slot < kMany; ++slot) {
    const auto age = static_cast<std::int64_t>(random() % (1ULL << (random() % 42)));
    wheel.schedule(slot, {1'772'414'100'000 - age});
    expected.emplace_back(1'772'414'100'000 - age, slot);
  }
  std::sort(expected.begin(), expected.end());
  const Fired fired = all(wheel, 1'772'414'100'000);
  ASSERT_EQ(fired.size(), kMany);
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_EQ(std::pair(fired[i].second, fired[i].first), expected[i]) << i;
  }
}

// Taking out is cut short before anything is handed out; what is rescheduled then is taken out a
// second time, and only that one counts.
TEST(TimerWheel, RescheduledWhileBeingTakenOut) {
  constexpr TimerWheel::Slot kMany = TimerWheel::kMaxMoves + 1000;
  TimerWheel wheel(kMany, {1000});
  for (TimerWheel::Slot slot = 0; slot < kMany; ++slot) wheel.schedule(slot, {50});
  Fired fired;
  const auto sink = [&](TimerWheel::Slot slot, Instant due) { fired.emplace_back(slot, due.ms); };
  ASSERT_TRUE(wheel.advance({1000}, sink));
  ASSERT_EQ(fired, Fired{});
  for (const TimerWheel::Slot slot : {0U, kMany - 1}) wheel.reschedule(slot, {100});
  EXPECT_FALSE(wheel.advance({1000}, sink));
  ASSERT_EQ(fired.size(), kMany);
  EXPECT_EQ(fired[kMany - 3], std::pair(kMany - 2, std::int64_t{50}));
  EXPECT_EQ(fired[kMany - 2], std::pair(0U, std::int64_t{100}));
  EXPECT_EQ(fired[kMany - 1], std::pair(kMany - 1, std::int64_t{100}));
}

// The first call takes them all out of their bucket, for it goes past it.
TEST(TimerWheel, AnEarlierNowAfterACutFiresNothingEarly) {
  TimerWheel wheel(10);
  for (TimerWheel::Slot slot = 0; slot < 3; ++slot) wheel.schedule(slot, {140'000 + slot * 1000});
  Fired fired;
  const auto sink = [&](TimerWheel::Slot slot, Instant due) { fired.emplace_back(slot, due.ms); };
  EXPECT_TRUE(wheel.advance({300'000}, sink, 1));
  EXPECT_EQ(all(wheel, 141'500), (Fired{{1, 141'000}}));
  EXPECT_EQ(wheel.next(), Instant{142'000});
  EXPECT_EQ(all(wheel, 141'999), Fired{});
  EXPECT_EQ(all(wheel, 142'000), (Fired{{2, 142'000}}));
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, MemoryIsTakenAsSlotsAreUsed) {
  TimerWheel wheel(100'000'000);
  EXPECT_LT(wheel.memory(), 1U << 20);
  wheel.schedule(0, {5});
  EXPECT_LT(wheel.memory(), 3U << 20);
  wheel.schedule(1'000'000, {5});
  EXPECT_LT(wheel.memory(), 20U << 20);  // 16 bytes a slot
  EXPECT_EQ(all(wheel, 5).size(), 2U);
}

// ---- against an ordered set, step by step

// What the wheel promises, in its plainest form.
class Model {
 public:
  using Timer = std::pair<std::int64_t, TimerWheel::Slot>;  // (due, slot)

  explicit Model(std::int64_t now) : now_(now) {}

  void schedule(TimerWheel::Slot slot, std::int64_t due) {
    waiting_.emplace(due, slot);
    due_of_[slot] = due;
  }
  void cancel(TimerWheel::Slot slot) {
    const auto it = due_of_.find(slot);
    if (it == due_of_.end()) return;
    waiting_.erase({it->second, slot});
    found_.erase({it->second, slot});
    due_of_.erase(it);
  }
  // Whether anything is due at `until`. The timers of the first such instant are found, and fire
  // before all that is scheduled from then on.
  bool find(std::int64_t until) {
    if (!found_.empty()) return true;
    const bool any = !waiting_.empty() && waiting_.begin()->first <= until;
    now_ = any ? std::max(now_, waiting_.begin()->first) : until;
    const auto end = waiting_.lower_bound({now_ + 1, 0});
    found_.insert(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    return any;
  }
  Timer fire() {
    const Timer timer = *found_.begin();
    cancel(timer.second);
    return timer;
  }
  const std::map<TimerWheel::Slot, std::int64_t>& due_of() const { return due_of_; }
  std::int64_t first_due() const {
    std::int64_t first = kNever.ms;
    if (!found_.empty()) first = found_.begin()->first;
    if (!waiting_.empty()) first = std::min(first, waiting_.begin()->first);
    return first;
  }

 private:
  std::int64_t now_;
  std::set<Timer> waiting_, found_;
  std::map<TimerWheel::Slot, std::int64_t> due_of_;
};

// A wheel and its model, which see the same calls.
struct Pair {
  TimerWheel wheel;
  Model model;
  std::size_t fires = 0;

  Pair(std::size_t slots, std::int64_t start) : wheel(slots, {start}), model(start) {}

  void reschedule(TimerWheel::Slot slot, std::int64_t due) {
    cancel(slot);
    wheel.schedule(slot, {due});
    model.schedule(slot, due);
  }
  void cancel(TimerWheel::Slot slot) {
    wheel.cancel(slot);
    model.cancel(slot);
  }
  // `then(slot, due)` is what the sink does besides.
  template <class Then>
  bool advance(std::int64_t now, std::size_t limit, Then&& then) {
    std::size_t left = limit;
    const bool more = wheel.advance(
        {now},
        [&](TimerWheel::Slot slot, Instant due) {
          ++fires;
          ASSERT_GT(left--, 0U);
          ASSERT_TRUE(model.find(now)) << slot << " fired at " << due.ms;
          ASSERT_EQ(model.fire(), std::pair(due.ms, slot));
          then(slot, due.ms);
        },
        limit);
    EXPECT_EQ(model.find(now), more);
    return more;
  }
  void check(std::int64_t now) const {
    ASSERT_EQ(wheel.size(), model.due_of().size());
    ASSERT_LE(wheel.next().ms, std::max(now, model.first_due()));
  }
};

struct Trace {
  const char* name;
  std::int64_t start;
  int bits;       // dues lie up to 2^bits ms ahead
  int jump_bits;  // and so far goes the clock in one step
};

class TimerWheelTrace : public testing::TestWithParam<Trace> {};

TEST_P(TimerWheelTrace, FiresAsTheModelDoes) {
  const Trace trace = GetParam();
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto span = [&](int bits) {
    return static_cast<std::int64_t>(below(1ULL << below(static_cast<std::uint64_t>(bits) + 1)));
  };
  constexpr TimerWheel::Slot kSlots = 500;
  const auto any_slot = [&] { return static_cast<TimerWheel::Slot>(below(kSlots)); };

  Pair pair(kSlots, trace.start);
  std::int64_t now = trace.start;
  const auto move = [&](TimerWheel::Slot slot, std::int64_t from) {
    const auto it = pair.model.due_of().find(slot);
    if (it != pair.model.due_of().end() && below(4) == 0) {
      pair.reschedule(slot, it->second);  // to where it was
      return;
    }
    // Many equal dues, some on a digit's edge, some overdue.
    std::int64_t due = from + span(trace.bits);
    if (below(4) == 0) due &= ~std::int64_t{255};
    if (below(10) == 0) due = from - span(10);
    pair.reschedule(slot, due);
  };
  // Up to the call's `now` time passes all at once: what the sink does then lies within it too.
  const auto sink = [&](TimerWheel::Slot slot, std::int64_t due) {
    switch (below(8)) {
      case 0:
        move(below(2) == 0 ? slot : any_slot(), due);
        break;
      case 1:
        pair.reschedule(any_slot(), due + static_cast<std::int64_t>(below(300)));
        break;
      case 2:
        pair.reschedule(any_slot(), due + (now - due) / (1 + span(8)));
        break;
      case 3:
        pair.cancel(any_slot());
        break;
      default:
        break;
    }
  };
  bool more = false;
  for (int i = 0; i < 60'000; ++i) {
    const TimerWheel::Slot slot = any_slot();
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        move(slot, now);
        break;
      case 3:
      case 4:
        pair.cancel(slot);
        break;
      case 5: {
        const auto it = pair.model.due_of().find(slot);
        ASSERT_EQ(pair.wheel.scheduled(slot), it != pair.model.due_of().end());
        if (it != pair.model.due_of().end()) {
          ASSERT_EQ(pair.wheel.due(slot).ms, it->second);
        }
        break;
      }
      default:
        if (!more || below(4) == 0) now += span(trace.jump_bits);
        more = pair.advance(now, below(3) == 0 ? 1 + below(5) : SIZE_MAX, sink);
        break;
    }
    pair.check(now);
    ASSERT_FALSE(testing::Test::HasFailure()) << "step " << i;
  }
  EXPECT_GT(pair.fires, 1000U);
}

// The same without cuts: then what fires is exactly the front of the ordered set, in its order.
TEST_P(TimerWheelTrace, FiresInTheOrderOfTheSet) {
  const Trace trace = GetParam();
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto below = [&](std::uint64_t n) { return random() % n; };
  constexpr TimerWheel::Slot kSlots = 3000;
  TimerWheel wheel(kSlots, {trace.start});
  std::set<std::pair<std::int64_t, TimerWheel::Slot>> model;
  std::map<TimerWheel::Slot, std::int64_t> due_of;
  std::int64_t now = trace.start;
  for (int round = 0; round < 1500; ++round) {
    for (int i = 0; i < 40; ++i) {
      const auto slot = static_cast<TimerWheel::Slot>(below(kSlots));
      if (const auto it = due_of.find(slot); it != due_of.end()) {
        model.erase({it->second, slot});
        due_of.erase(it);
        wheel.cancel(slot);
        if (below(3) == 0) continue;
      }
      const auto ahead = static_cast<std::int64_t>(
          below(1ULL << below(static_cast<std::uint64_t>(trace.bits) + 1)));
      const std::int64_t due = (now + ahead) & ~static_cast<std::int64_t>(below(2) * 63);
      wheel.schedule(slot, {due});
      model.emplace(due, slot);
      due_of[slot] = due;
    }
    now += static_cast<std::int64_t>(
        below(1ULL << below(static_cast<std::uint64_t>(trace.jump_bits) + 1)));
    const Fired fired = all(wheel, now);
    for (const auto& [slot, due] : fired) {
      ASSERT_FALSE(model.empty());
      ASSERT_EQ(*model.begin(), std::pair(due, slot)) << "round " << round;
      model.erase(model.begin());
      due_of.erase(slot);
    }
    ASSERT_TRUE(model.empty() || model.begin()->first > now) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Traces, TimerWheelTrace,
                         testing::Values(Trace{"near", 0, 10, 8},
                                         Trace{"seconds", 1'772'414'100'000, 12, 13},
                                         Trace{"minutes", 1'772'414'100'000, 18, 14},
                                         Trace{"days", 1'772'414'100'000, 30, 24},
                                         Trace{"weeks", 4'294'967'295 - 1'000'000, 33, 27},
                                         Trace{"carry", (1LL << 40) - 100'000, 24, 12},
                                         Trace{"far", 1'772'414'100'000, 42, 36},
                                         Trace{"ticks", 16'777'216 - 5000, 16, 3}),
                         [](const auto& trace) { return std::string(trace.param.name); });

// More timers in 65 s, and in 256 ms of them, than are taken out in one; the sink moves some and
// takes some away.
TEST(TimerWheel, ABucketTooFullToBeTakenOutInOne) {
  constexpr std::uint32_t kMany = 8 * TimerWheel::kPassed;
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
  Pair pair(kMany, 0);
  for (std::uint32_t slot = 0; slot < kMany; ++slot) {
    pair.reschedule(slot, slot % 2 == 0 ? 1'000'000 + below(65'536) : 1'040'000 + below(500));
  }
  const std::size_t bare = pair.wheel.memory();
  int calls = 1;
  while (pair.advance(2'000'000, SIZE_MAX, [&](TimerWheel::Slot slot, std::int64_t due) {
    if (slot % 16 == 0) pair.reschedule(slot + 1, due + below(1000));
    if (slot % 16 == 2) pair.cancel(static_cast<TimerWheel::Slot>(below(kMany)));
  })) {
    ++calls;
    pair.check(2'000'000);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
  EXPECT_GT(calls, 4);
  EXPECT_EQ(pair.wheel.size(), 0U);
  EXPECT_LT(pair.wheel.memory(), bare + (1U << 20));
}

// The life of tickets: they arrive over a day, most are cancelled before they come due, the clock
// moves with each operation. This is where a bound on the earliest due of a bucket lost fires.
TEST(TimerWheel, LifecycleLosesNothing) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random{seed};
  SCOPED_TRACE("seed " + std::to_string(seed));
  constexpr std::int64_t kDay = 86'400'000;
  constexpr std::int64_t kOffsets[] = {900'000,    1'800'000, 7'200'000, 14'400'000,
                                       86'400'000, 3 * kDay,  30 * kDay};
  constexpr TimerWheel::Slot kTickets = 50'000;
  std::multimap<std::int64_t, std::pair<TimerWheel::Slot, bool>>
      operations;  // time → (slot, cancel)
  std::vector<std::int64_t> due(kTickets);
  std::set<std::pair<std::int64_t, TimerWheel::Slot>> model;
  for (TimerWheel::Slot slot = 0; slot < kTickets; ++slot) {
    const auto arrival = static_cast<std::int64_t>(random() % kDay);
    const std::int64_t offset = kOffsets[random() % 7];
    due[slot] = arrival + offset;
    operations.emplace(arrival, std::pair{slot, false});
    if (random() % 100 < 95) {
      const auto after = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(offset));
      operations.emplace(arrival + after, std::pair{slot, true});
    }
  }
  TimerWheel wheel(kTickets);
  const auto advance = [&](std::int64_t now) {
    for (const auto& [slot, at] : all(wheel, now)) {
      ASSERT_EQ(*model.begin(), std::pair(at, slot));
      model.erase(model.begin());
    }
    ASSERT_TRUE(model.empty() || model.begin()->first > now);
  };
  for (const auto& [time, operation] : operations) {
    const auto [slot, cancel] = operation;
    advance(time);
    if (cancel) {
      ASSERT_EQ(wheel.scheduled(slot), model.erase({due[slot], slot}) == 1);
      wheel.cancel(slot);
    } else {
      wheel.schedule(slot, {due[slot]});
      model.emplace(due[slot], slot);
    }
  }
  advance(40 * kDay);
  EXPECT_EQ(wheel.size(), 0U);
}

}  // namespace
}  // namespace tocsin
