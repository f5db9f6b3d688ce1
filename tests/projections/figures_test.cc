#include "projections/rows/figures.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tocsin {
namespace {

Day day(int y, unsigned m, unsigned d) {
  using namespace std::chrono;
  return static_cast<Day>(
      sys_days(year(y) / static_cast<int>(m) / static_cast<int>(d)).time_since_epoch().count());
}

TEST(FiguresTest, PeriodsHaveTheContractsNames) {
  EXPECT_EQ(period_name(FigurePeriod::kDay, day(2026, 3, 2)), "2026-03-02");
  EXPECT_EQ(period_name(FigurePeriod::kMonth, day(2026, 3, 31)), "2026-03");
  // 2026-03-02 is a Monday and the 61st day: ISO week (61 − 1 + 10) / 7 = 10.
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2026, 3, 2)), "2026-W10");
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2026, 3, 1)), "2026-W09");
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2026, 3, 8)), "2026-W10");
}

TEST(FiguresTest, AWeekBelongsToTheYearOfItsThursday) {
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2026, 1, 1)), "2026-W01");    // a Thursday
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2025, 12, 29)), "2026-W01");  // its Monday
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2025, 12, 28)), "2025-W52");
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2027, 1, 1)), "2026-W53");  // a Friday
  EXPECT_EQ(period_name(FigurePeriod::kWeek, day(2027, 1, 4)), "2027-W01");
}

TEST(FiguresTest, APeriodBeginsWithItsFirstDay) {
  EXPECT_EQ(period_begin(FigurePeriod::kDay, day(2026, 3, 4)), day(2026, 3, 4));
  EXPECT_EQ(period_begin(FigurePeriod::kWeek, day(2026, 3, 4)), day(2026, 3, 2));
  EXPECT_EQ(period_begin(FigurePeriod::kWeek, day(2026, 3, 8)), day(2026, 3, 2));
  EXPECT_EQ(period_begin(FigurePeriod::kMonth, day(2026, 3, 4)), day(2026, 3, 1));
}

TEST(FiguresTest, BucketsEndAtTheirBoundIncluded) {
  EXPECT_EQ(elapsed_bucket(0), 0);
  EXPECT_EQ(elapsed_bucket(15'000), 0);
  EXPECT_EQ(elapsed_bucket(15'001), 1);
  EXPECT_EQ(elapsed_bucket(30'000), 1);
  EXPECT_EQ(elapsed_bucket(60'000), 2);  // 15 s · 2²
  EXPECT_EQ(elapsed_bucket(60'001), 3);
  EXPECT_EQ(elapsed_bucket(15'000ll << 19), 19);  // 91 days
  EXPECT_EQ(elapsed_bucket((15'000ll << 19) + 1), kElapsedBuckets - 1);
  EXPECT_EQ(elapsed_bucket(kNever.ms), kElapsedBuckets - 1);
  EXPECT_EQ(elapsed_bucket_ms_max(2), 60'000);
  EXPECT_EQ(elapsed_bucket_ms_max(kElapsedBuckets - 1), kNever.ms);
}

TEST(FiguresTest, PercentilesAreTheBucketTheyFallInto) {
  KpiValue value;
  value.elapsed_count = 10;
  value.elapsed[2] = 9;  // up to 1 min
  value.elapsed[4] = 1;  // up to 4 min
  EXPECT_EQ(value.elapsed_percentile_ms(0.5), 60'000);
  EXPECT_EQ(value.elapsed_percentile_ms(0.9), 60'000);
  EXPECT_EQ(value.elapsed_percentile_ms(0.91), 240'000);
  EXPECT_EQ(KpiValue{}.elapsed_percentile_ms(0.5), 0);
}

TEST(FiguresTest, SumsComeBackFromTheirBytesAndCancelOut) {
  KpiValue value;
  value.met = 5;
  value.breached = -3;
  value.elapsed_sum_ms = 1'000'000'000'000;
  value.elapsed[20] = 7;
  EXPECT_EQ(decode_kpi(encode(value)), value);
  KpiValue sum = value;
  sum.add(value, -1);
  EXPECT_TRUE(sum.empty());
  EXPECT_EQ(decode_kpi(encode(sum)), sum);
}

}  // namespace
}  // namespace tocsin
