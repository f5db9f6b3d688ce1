#include "projections/rows/keys.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "projections/read/merged_rows.h"
#include "projections/rows/read_view.h"
#include "projections/rows/views.h"

namespace tocsin {
namespace {

// Few letters, so that prefixes and zero bytes meet often.
std::string random_text(std::mt19937& random) {
  static constexpr char kLetters[] = {'\0', '\1', 'a', 'b', '\xff'};
  std::string text;
  for (auto n = random() % 4; n > 0; --n) text.push_back(kLetters[random() % 5]);
  return text;
}

TEST(KeysTest, OrderIsThatOfTheValuesAndReadingGivesThemBack) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  using Value = std::tuple<std::string, std::int64_t, std::string>;
  const auto random_value = [&] {
    return Value{random_text(random), static_cast<std::int64_t>(random() % 5) - 2,
                 random_text(random)};
  };
  const auto key_of = [](const Value& v) {
    const auto& [a, n, b] = v;
    return Key(3, Family::kDue).text(a).instant({n}).text(b).take();
  };
  for (int i = 0; i < 20'000; ++i) {
    const Value x = random_value(), y = random_value();
    // Bytes are compared unsigned, as std::string does.
    ASSERT_EQ(x < y, key_of(x) < key_of(y));
    const std::string key = key_of(x);
    KeyReader reader(key);
    ASSERT_EQ(reader.partition(), 3);
    ASSERT_EQ(reader.family(), Family::kDue);
    const std::string a = reader.text();
    const std::int64_t n = reader.instant().ms;
    ASSERT_EQ((Value{a, n, reader.text()}), x);
    ASSERT_TRUE(reader.rest().empty());
  }
}

TEST(KeysTest, ExtremeInstantsSortAtTheEnds) {
  const auto key = [](Instant t) { return Key(0, Family::kDue).instant(t).take(); };
  EXPECT_LT(key(kAlways), key(Instant{-1}));
  EXPECT_LT(key(Instant{-1}), key(Instant{0}));
  EXPECT_LT(key(Instant{0}), key(kNever));
}

TEST(KeysTest, AfterPrefixIsTheFirstKeyBehindAllOfIt) {
  EXPECT_EQ(after_prefix("ab"), "ac");
  EXPECT_EQ(after_prefix("a\xff"), "b");
  EXPECT_LT(std::string("ab\xff\xff"), after_prefix("ab"));
}

TEST(KeysTest, AQueuePrefixIsThatOfItsKeys) {
  ClockRow clock;
  clock.clock = std::string("ticket\0response", 15);
  clock.cycle = "1";
  const std::string prefix = clock_prefix(0, ClockClass::kRunning, "ticket", clock.clock);
  EXPECT_EQ(queue_prefix(prefix), prefix);
  EXPECT_EQ(queue_prefix(clock_key(0, ClockClass::kRunning, {"a", "ticket", "T"}, clock)), prefix);
  EXPECT_EQ(queue_prefix(Key(0, Family::kOpen).text("a").take()), "");
  EXPECT_EQ(queue_prefix(Key(1, Family::kDue).instant({5}).take()), Key(1, Family::kDue).bytes());
}

TEST(KeysTest, CursorsGiveTheirKeyBack) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const std::string key = random_text(random) + random_text(random);
    EXPECT_EQ(from_cursor(to_cursor(key)), key);
  }
  EXPECT_EQ(from_cursor("a b"), std::nullopt);
}

}  // namespace
}  // namespace tocsin
