#include "connectors/kafka/murmur2.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tocsin {
namespace {

using namespace std::string_view_literals;

// Printed by Apache Kafka 4.1.1's own Utils.murmur2 and BuiltInPartitioner.partitionForKey.
struct Golden {
  std::string_view key;
  std::int32_t hash;
  PartitionId of_12, of_7;
};
constexpr Golden kGolden[] = {
    {"", 275646681, 9, 2},
    {"a", -1563381124, 4, 5},
    {"ab", 316155434, 2, 0},
    {"abc", 479470107, 3, 4},
    {"abcd", -1323649548, 8, 5},
    {"21", -973932308, 0, 3},
    {"foobar", -790332482, 6, 0},
    {"ACME", -2089454767, 1, 1},
    {"A-1001", -650479023, 5, 4},
    {"acct-000000001", 633743886, 6, 6},
    {"客户-北京-0042", -1288702246, 10, 3},
    {"a-little-bit-long-string", -985981536, 8, 1},
    {"a-little-bit-longer-string", -1486304829, 11, 0},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971, 5, 3},
    {"\0\x7f"sv, 953039929, 1, 2},
    {"Ünïcödé/%2F", 1808984683, 7, 2},
};

TEST(Murmur2, GivesWhatJavasDefaultPartitionerGives) {
  for (const auto& golden : kGolden) {
    EXPECT_EQ(murmur2(golden.key), golden.hash) << golden.key;
    EXPECT_EQ(partition_of(golden.key, 12), golden.of_12) << golden.key;
    EXPECT_EQ(partition_of(golden.key, 7), golden.of_7) << golden.key;
  }
  // Bytes above 0x7f are negative in Java and must not spread their sign.
  EXPECT_EQ(murmur2("\xff\xfe\x80\x90\xab"), 434010996);
}

// sum = sum * 31 + murmur2("account-<i>") over 1,000 keys, in 64 bits with wrap-around.
TEST(Murmur2, AgreesWithJavaOverAThousandAccounts) {
  std::uint64_t sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto hash = murmur2("account-" + std::to_string(i));
    sum = sum * 31 + static_cast<std::uint64_t>(std::int64_t{hash});
  }
  EXPECT_EQ(static_cast<std::int64_t>(sum), -8645956540199307632);
}

}  // namespace
}  // namespace tocsin
