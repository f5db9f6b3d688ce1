#include "engine/pushed_record.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(PushedRecord, SaysOfEachPartitionHowFarItCame) {
  const std::string data = pushed_data({{1, 7}, {11, 42}});
  EXPECT_EQ(data, R"({"next":{"1":7,"11":42}})");
  EXPECT_EQ(pushed_offset(data, 1), 7);
  EXPECT_EQ(pushed_offset(data, 11), 42);
  EXPECT_EQ(pushed_offset(data, 0), std::nullopt);
  EXPECT_EQ(pushed_offset("{}", 0), std::nullopt);
}

}  // namespace
}  // namespace tocsin
