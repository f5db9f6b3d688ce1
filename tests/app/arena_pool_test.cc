#include "app/arena_pool.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "events/arena.h"

namespace tocsin {
namespace {

TEST(ArenaTest, WhatIsKeptStaysAsItWas) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  Arena arena;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> told;
    std::vector<std::string_view> kept;
    for (int i = 0; i < 500; ++i) {
      const std::size_t bytes = random() % 20 == 0 ? random() % 600'000 : random() % 3'000;
      told.emplace_back(bytes, static_cast<char>('a' + i % 26));
      kept.push_back(arena.keep(told.back()));
    }
    for (std::size_t i = 0; i < told.size(); ++i)
      ASSERT_EQ(kept[i], told[i]) << "seed " << seed << " round " << round << " text " << i;
    EXPECT_LE(arena.bytes(), arena.memory());
    arena.clear();
    EXPECT_EQ(arena.bytes(), 0u);
  }
}

TEST(ArenaTest, ShrinksToWhatTheLastRoundNeeded) {
  Arena arena;
  const auto round = [&](int texts) {
    for (int i = 0; i < texts; ++i) arena.keep(std::string(1000, 'x'));
    arena.clear();
    return arena.memory();
  };
  const std::size_t large = round(5000);
  EXPECT_GE(large, 5'000'000u);
  EXPECT_EQ(round(5000), large);
  EXPECT_LE(round(2), 300'000u);
}

TEST(ArenaTest, LittleTakesLittleMemory) {
  Arena arena;
  arena.keep("a fact");
  EXPECT_LE(arena.memory(), 4096u);
}

TEST(ArenaPoolTest, AnArenaComesBackEmptyWhenItsLastHolderLetsGo) {
  ArenaPool pool(8 << 20);
  auto arena = pool.take();
  arena->keep(std::string(1 << 20, 'x'));
  arena->keep(std::string(100, 'x'));
  arena->keep(std::string(1000, 'x'));
  const Arena* const first = arena.get();
  auto holder = arena;
  arena.reset();
  EXPECT_NE(pool.take().get(), first);  // somebody holds it
  std::thread([held = std::move(holder)]() mutable { held.reset(); }).join();
  const auto again = pool.take();
  EXPECT_EQ(again.get(), first);
  EXPECT_EQ(again->bytes(), 0u);
}

TEST(ArenaPoolTest, KeepsNoMoreThanItMay) {
  constexpr std::size_t kMost = 2 << 20;
  ArenaPool pool(kMost);
  std::vector<std::shared_ptr<Arena>> taken;
  for (int i = 0; i < 40; ++i) {
    taken.push_back(pool.take());
    for (int n = 0; n < 10; ++n) taken.back()->keep(std::string(100'000, 'x'));
  }
  taken.clear();
  std::size_t bytes = 0;
  for (int i = 0; i < 40; ++i) {
    taken.push_back(pool.take());
    bytes += taken.back()->memory();
  }
  EXPECT_GT(bytes, 0u);
  EXPECT_LE(bytes, kMost);
}

TEST(ArenaPoolTest, ItsArenasMayOutliveIt) {
  std::shared_ptr<Arena> arena;
  {
    ArenaPool pool(1 << 20);
    arena = pool.take();
  }
  EXPECT_EQ(arena->keep("kept"), "kept");
}

}  // namespace
}  // namespace tocsin
