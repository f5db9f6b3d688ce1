// Who waits until every partition's log holds a record.
#include "app/own_asks.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

constexpr Instant kNow{1'772'414'100'000};

struct OwnAsksTest : ::testing::Test {
  std::uint64_t ask() {
    return *asks.begin(
        3, [this](OwnResult r) { answer = std::move(r); }, kNow);
  }
  void settle(Instant now) {
    asks.settle(now, [this](PartitionId p, Offset) {
      return OwnAsks::Seen{next[p],
                           p == refused_by ? std::optional<std::string>("no") : std::nullopt};
    });
  }
  OwnAsks asks;
  std::optional<OwnResult> answer;
  std::map<PartitionId, Offset> next;
  PartitionId refused_by = -1;
};

TEST_F(OwnAsksTest, AnswersWhenEveryPartitionHasIt) {
  const auto number = ask();
  for (PartitionId p = 0; p < 3; ++p) asks.placed(number, p, 10 + p);
  next = {{0, 11}, {1, 12}, {2, 12}};
  settle(kNow + seconds(1));
  EXPECT_FALSE(answer.has_value());
  next[2] = 13;
  settle(kNow + seconds(2));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, OwnResult::Status::kDurable);
  EXPECT_TRUE(asks.empty());
}

TEST_F(OwnAsksTest, NamesWhatIsMissingAfterTenSeconds) {
  const auto number = ask();
  asks.placed(number, 0, 0);
  asks.placed(number, 1, 0);
  next = {{0, 1}};
  settle(kNow + seconds(10) - milliseconds(1));
  EXPECT_FALSE(answer.has_value());
  settle(kNow + seconds(10));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, OwnResult::Status::kUnavailable);
  EXPECT_EQ(answer->missing, (std::vector<PartitionId>{1, 2}));
  EXPECT_EQ(answer->detail, "not in the log yet of partition 1, 2");
}

TEST_F(OwnAsksTest, SaysThatAPartitionRefused) {
  const auto number = ask();
  for (PartitionId p = 0; p < 3; ++p) asks.placed(number, p, 0);
  next = {{0, 1}, {1, 1}, {2, 1}};
  refused_by = 1;
  settle(kNow);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, OwnResult::Status::kRefused);
  EXPECT_EQ(answer->detail, "no");
}

TEST_F(OwnAsksTest, AWriteThatFailedIsAnsweredAtOnce) {
  asks.failed(ask(), "kafka: no answer");
  settle(kNow);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->detail, "kafka: no answer");
}

TEST_F(OwnAsksTest, ManyAreRefused) {
  for (std::size_t i = 0; i < OwnAsks::kMost; ++i) ask();
  EXPECT_FALSE(asks.begin(3, {}, kNow).has_value());
  asks.abandon("the node is going down");
  EXPECT_TRUE(asks.empty());
  EXPECT_EQ(answer->status, OwnResult::Status::kUnavailable);
}

}  // namespace
}  // namespace tocsin
