#include "events/time.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

namespace tocsin {
namespace {

std::int64_t ms(std::string_view text) {
  const auto t = parse_rfc3339(text);
  EXPECT_TRUE(t) << text;
  return t ? t->ms : -1;
}

TEST(ParseTime, KnownInstants) {
  EXPECT_EQ(ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms("1969-12-31T23:59:59.999Z"), -1);
  // 20,514 days after the epoch: 56 years * 365 + 14 leap days = 20,454 (2026-01-01), + 31 + 28
  // + 1.
  EXPECT_EQ(ms("2026-03-02T01:15:00Z"), 20'514LL * 86'400'000 + 75 * 60'000);
  EXPECT_EQ(ms("2026-03-02T09:15:00.000+08:00"), ms("2026-03-02T01:15:00Z"));
  EXPECT_EQ(ms("2026-03-02T00:15:00-01:00"), ms("2026-03-02T01:15:00Z"));
  EXPECT_EQ(ms("2026-03-02T01:15:00-00:00"), ms("2026-03-02T01:15:00Z"));
  EXPECT_EQ(ms("2026-03-03T01:14:00+23:59"), ms("2026-03-02T01:15:00Z"));
  EXPECT_EQ(ms("2024-02-29T00:00:00Z") + 86'400'000, ms("2024-03-01T00:00:00Z"));
  EXPECT_EQ(ms("0000-01-01T00:00:00Z"), -62'167'219'200'000);
  EXPECT_EQ(ms("9999-12-31T23:59:59.999Z"), 253'402'300'799'999);
}

TEST(ParseTime, LowerCaseAndFractions) {
  EXPECT_EQ(ms("2026-03-02t01:15:00z"), ms("2026-03-02T01:15:00Z"));
  EXPECT_EQ(ms("2026-03-02T01:15:00.1Z"), ms("2026-03-02T01:15:00Z") + 100);
  EXPECT_EQ(ms("2026-03-02T01:15:00.12Z"), ms("2026-03-02T01:15:00Z") + 120);
  EXPECT_EQ(ms("2026-03-02T01:15:00.1239999999999999999Z"), ms("2026-03-02T01:15:00Z") + 123);
  EXPECT_EQ(ms("1969-12-31T23:59:59.9999Z"), -1);  // cut, not rounded, before the epoch too
}

TEST(ParseTime, Refused) {
  for (const char* text : {"",
                           "2026-03-02",
                           "2026-03-02T01:15:00",
                           "2026-03-02 01:15:00Z",
                           "2026-03-02T01:15Z",
                           "2026-03-02T01:15:60Z",
                           "2026-03-02T24:00:00Z",
                           "2026-03-02T01:60:00Z",
                           "2026-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-03-02T01:15:00.Z",
                           "2026-03-02T01:15:00,5Z",
                           "2026-03-02T01:15:00.5",
                           "2026-03-02T01:15:00+0800",
                           "2026-03-02T01:15:00+08",
                           "2026-03-02T01:15:00+24:00",
                           "2026-03-02T01:15:00+08:60",
                           "2026-03-02T01:15:00 08:00",
                           "2026-03-02T01:15:00ZZ",
                           " 2026-03-02T01:15:00Z",
                           "2026-03-02T01:15:00Z ",
                           "+2026-03-02T01:15:00Z",
                           "12026-03-02T01:15:00Z",
                           "2026-3-02T01:15:00Z0",
                           "2026-03-02T01:15:0xZ",
                           "2026-03-02T01:15:00+08:00x",
                           "0000-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "20a6-03-02T01:15:00Z",
                           "2026-03-02T-1:15:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(FormatTime, AsTheContractShows) {
  EXPECT_EQ(format_rfc3339(Instant{ms("2026-03-02T09:15:00.0009+08:00")}),
            "2026-03-02T01:15:00.000Z");
  EXPECT_EQ(format_rfc3339(Instant{-1}), "1969-12-31T23:59:59.999Z");
  std::string out = "x";
  append_rfc3339(out, Instant{0});
  EXPECT_EQ(out, "x1970-01-01T00:00:00.000Z");
}

TEST(Time, RoundTripAgreesWithTheCLibrary) {
  const std::uint64_t seed = 20260302;
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::int64_t> any(ms("0000-01-01T00:00:00Z"),
                                                  ms("9999-12-31T23:59:59.999Z"));
  for (int i = 0; i < 100'000; ++i) {
    const Instant t{any(random)};
    const std::string text = format_rfc3339(t);
    ASSERT_EQ(text.size(), 24u) << "seed " << seed;
    ASSERT_EQ(parse_rfc3339(text), t) << text << " seed " << seed;
    const std::int64_t millis = ((t.ms % 1000) + 1000) % 1000;
    const std::time_t seconds = (t.ms - millis) / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char expected[64];
    std::snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec, static_cast<int>(millis));
    ASSERT_EQ(text, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tocsin
