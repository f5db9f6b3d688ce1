#include "connectors/kafka/log_tail.h"

#include <gtest/gtest.h>

#include "tests/connectors/kafka/broker.h"

namespace tocsin {
namespace {

using kafka_test::eventually;
using kafka_test::Member;
using kafka_test::RealBroker;
using Texts = std::vector<std::string>;

class Log : public RealBroker {
 protected:
  void SetUp() override {
    RealBroker::SetUp();
    if (IsSkipped()) return;
    create();
    member = std::make_unique<Member>(settings, rejected_bytes_max);
    ASSERT_TRUE(member->joined(4));
    member->take_over();
  }
  Offset append(PartitionId partition, const Texts& values) {
    const auto result = member->writer.commit(member->transaction(partition, ++position, values));
    EXPECT_EQ(result.status, CommitStatus::kDurable) << result.error;
    // Its marker, and so its visibility, may come a moment after the commit returned.
    KafkaLogReader(settings).settled_end(partition, kafka_test::kPatience);
    return result.parts.at(0).next;
  }

  std::unique_ptr<Member> member;
  Offset position = 0;
};

TEST_F(Log, ReaderStopsAtTheEndAndGoesOnFromThere) {
  KafkaLogReader reader(settings);
  EXPECT_EQ(reader.partitions(), 4);
  Texts seen;
  const auto sink = [&](Offset, std::string_view key, std::string_view value) {
    EXPECT_EQ(key, "ACME");
    seen.emplace_back(value);
    return true;
  };
  EXPECT_EQ(reader.read(0, 0, sink), 0) << "an empty log";
  append(0, {"a", "b"});
  append(0, {"c"});
  const Offset next = reader.read(0, 0, sink);
  EXPECT_EQ(seen, (Texts{"a", "b", "c"}));
  EXPECT_EQ(next, 5);  // a 0, b 1, marker 2, c 3, marker 4
  EXPECT_EQ(reader.read(0, next, sink), next);
  append(0, {"d"});
  EXPECT_EQ(reader.read(0, next, sink), 7);
  EXPECT_EQ(seen, (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(reader.range(0).end, 7);
}

TEST_F(Log, ReaderStopsWhenItsSinkSaysSo) {
  append(0, {"a", "b", "c"});
  KafkaLogReader reader(settings);
  Texts seen;
  const Offset next = reader.read(0, 0, [&](Offset, std::string_view, std::string_view value) {
    seen.emplace_back(value);
    return seen.size() < 2;
  });
  EXPECT_EQ(seen, (Texts{"a", "b"}));
  EXPECT_EQ(next, 2);
}

TEST_F(Log, AnotherLogThanTheOneReadBeforeIsRefused) {
  append(0, {"a"});
  KafkaLogReader reader(settings);
  const auto read = [&](Offset from) {
    reader.read(0, from, [](Offset, std::string_view, std::string_view) { return true; });
  };
  EXPECT_NO_THROW(read(2));
  EXPECT_THROW(read(3), std::runtime_error);
  LogFollower follower(settings);
  EXPECT_THROW(follower.follow({{0, 100}}), std::runtime_error);
}

TEST_F(Log, FollowerSeesEveryPartitionAndPassesControlRecords) {
  append(0, {"a"});
  append(3, {"x", "y"});
  LogFollower follower(settings);
  EXPECT_EQ(follower.position(0), -1);
  follower.follow({{0, 0}, {1, 0}, {2, 0}, {3, 1}});
  std::map<PartitionId, Texts> seen;
  const auto poll_until = [&](PartitionId partition, Offset end) {
    return eventually([&] {
      if (const auto entry = follower.poll(milliseconds(5))) {
        seen[entry->partition].emplace_back(entry->value);
      }
      return follower.position(partition) >= end;
    });
  };
  ASSERT_TRUE(poll_until(0, 2));
  ASSERT_TRUE(poll_until(3, 3));
  EXPECT_EQ(seen[0], Texts{"a"});
  EXPECT_EQ(seen[3], Texts{"y"}) << "from offset 1 on";
  append(1, {"later"});
  ASSERT_TRUE(poll_until(1, 2));
  EXPECT_EQ(seen[1], Texts{"later"});
}

}  // namespace
}  // namespace tocsin
