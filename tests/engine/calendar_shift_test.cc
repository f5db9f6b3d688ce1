// Shifts past midnight, and the years far from now: what contract §2 says of them, by hand.
#include <gtest/gtest.h>

#include "engine/calendar/posix_rule.h"
#include "tests/engine/calendar_fixture.h"

namespace tocsin {
namespace {

Instant sh(std::string_view local) { return at(std::string(local) + "+08:00"); }

// Monday to Friday from 21:00 to 02:00 of the next day.
Calendar nights() {
  CalendarSpec spec = weekly("Asia/Shanghai", {"21:00-24:00"}, {0, 1, 2, 3, 4});
  for (const std::size_t day : {1u, 2u, 3u, 4u, 5u})
    spec.weekly[day].push_back(interval("00:00-02:00"));
  return build(spec);
}

// 2026-03-06 is a Friday.
TEST(CalendarShift, PastMidnightItBelongsToTheDayThatItBeganOn) {
  const Calendar c = nights();
  EXPECT_TRUE(c.working_day(date("2026-03-06")));
  EXPECT_FALSE(c.working_day(date("2026-03-07")));  // two hours of Friday's shift, no day
  EXPECT_EQ(c.elapsed(sh("2026-03-07T00:00:00"), sh("2026-03-08T00:00:00")), hours(2));
  // From Friday 22:00 one working day ends with Monday's shift.
  EXPECT_EQ(c.end_of_working_day(sh("2026-03-06T22:00:00"), 1), sh("2026-03-10T02:00:00"));
  EXPECT_EQ(c.before_working_days(sh("2026-03-10T22:00:00"), 1), sh("2026-03-09T21:00:00"));
}

TEST(CalendarShift, AnInstantInItHasTheDayBeforeAsItsDate) {
  const Calendar c = nights();
  // Tuesday 01:59:59.999 is Monday's shift: the next working day is Tuesday.
  EXPECT_EQ(c.working_date(sh("2026-03-10T01:59:59.999")), date("2026-03-09"));
  EXPECT_EQ(c.end_of_working_day(sh("2026-03-10T01:59:59.999"), 1), sh("2026-03-11T02:00:00"));
  // At its end, and 1 ms later, it is Tuesday: the next working day is Wednesday.
  EXPECT_EQ(c.working_date(sh("2026-03-10T02:00:00")), date("2026-03-10"));
  EXPECT_EQ(c.end_of_working_day(sh("2026-03-10T02:00:00"), 1), sh("2026-03-12T02:00:00"));
  EXPECT_EQ(c.end_of_working_day(sh("2026-03-10T02:00:00.001"), 1), sh("2026-03-12T02:00:00"));
  // `before` looks at the last millisecond: up to the end of Monday's shift it counts from Monday.
  EXPECT_EQ(c.before_working_days(sh("2026-03-10T02:00:00"), 1), sh("2026-03-06T21:00:00"));
  EXPECT_EQ(c.before_working_days(sh("2026-03-10T02:00:00.001"), 1), sh("2026-03-09T21:00:00"));
  EXPECT_EQ(c.local_date(sh("2026-03-10T01:00:00")), date("2026-03-10"));
}

TEST(CalendarShift, OnlyWhereTheDayBeforeIsOpenUntilMidnight) {
  CalendarSpec spec = weekly("Asia/Shanghai", {"09:00-23:59"}, {0});
  spec.weekly[1].push_back(interval("00:00-02:00"));
  const Calendar c = build(spec);
  EXPECT_TRUE(c.working_day(date("2026-03-10")));  // a Tuesday of its own
  // A day that is open all round is one of its own as well.
  const Calendar always = build(weekly("Asia/Shanghai", {"00:00-24:00"}, {0, 1}));
  EXPECT_TRUE(always.working_day(date("2026-03-10")));
  EXPECT_EQ(always.working_date(sh("2026-03-10T01:00:00")), date("2026-03-10"));
}

TEST(CalendarShift, AHolidayAfterItClosesItsEndToo) {
  CalendarSpec spec = weekly("Asia/Shanghai", {"21:00-24:00"}, {0, 1, 2, 3, 4});
  for (const std::size_t day : {1u, 2u, 3u, 4u, 5u})
    spec.weekly[day].push_back(interval("00:00-02:00"));
  spec.holidays = {date("2026-03-10")};
  const Calendar c = build(spec);
  EXPECT_EQ(c.end_of_working_day(sh("2026-03-06T22:00:00"), 1), sh("2026-03-10T00:00:00"));
}

TEST(CalendarYears, HoursCountFrom1970To2099) {
  const Calendar c =
      build(weekly("Asia/Shanghai", {"09:00-12:00", "13:00-18:00"}, {0, 1, 2, 3, 4}));
  EXPECT_EQ(c.add(sh("1985-03-04T11:00:00"), hours(2)), sh("1985-03-04T14:00:00"));
  EXPECT_EQ(c.add(sh("2098-03-03T11:00:00"), hours(2)), sh("2098-03-03T14:00:00"));
  // Summer time of 1988 in Shanghai: 09:00 on the wall is 00:00Z.
  EXPECT_EQ(c.before_working_days(at("1988-07-06T00:00:00Z"), 1), at("1988-07-05T00:00:00Z"));
}

// 2060 in New York, by its standing rule: forward on March 14 (the second Sunday), back on November
// 7 (the first), at 02:00 on the wall.
TEST(CalendarYears, SummerTimeGoesOnByTheStandingRule) {
  const Zone z = zone("America/New_York");
  EXPECT_EQ(z.offset(at("2060-03-14T06:59:59.999Z")), hours(-5));
  EXPECT_EQ(z.offset(at("2060-03-14T07:00:00Z")), hours(-4));
  EXPECT_EQ(z.offset(at("2060-11-07T05:59:59.999Z")), hours(-4));
  EXPECT_EQ(z.offset(at("2060-11-07T06:00:00Z")), hours(-5));
}

TEST(PosixRule, ReadsWhatZonesEndWith) {
  const auto gaza = PosixRule::parse("EET-2EEST,M3.4.4/50,M10.4.4/50");
  ASSERT_TRUE(gaza);
  EXPECT_EQ(gaza->standard(), hours(2));
  // 50 hours after the midnight of Thursday 2060-03-25: Saturday 02:00, UTC+2.
  const auto changes = gaza->changes(2060);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0], (Zone::Change{at("2060-03-27T00:00:00Z"), hours(3)}));
  EXPECT_EQ(changes[1], (Zone::Change{at("2060-10-29T23:00:00Z"), hours(2)}));
  // Dublin's winter time is the one that is put back.
  const auto dublin = PosixRule::parse("IST-1GMT0,M10.5.0,M3.5.0/1");
  ASSERT_TRUE(dublin);
  EXPECT_EQ(dublin->changes(2060)[0], (Zone::Change{at("2060-03-28T01:00:00Z"), hours(1)}));
  EXPECT_EQ(dublin->changes(2060)[1], (Zone::Change{at("2060-10-31T01:00:00Z"), {}}));
  // Day 60 is March 1 where leap days are left out, also in a leap year.
  const auto julian = PosixRule::parse("AAA0BBB,J60/0,J300/0");
  ASSERT_TRUE(julian);
  EXPECT_EQ(julian->changes(2060)[0].at, at("2060-03-01T00:00:00Z"));
  EXPECT_EQ(PosixRule::parse("AAA0BBB,59/0,300/0")->changes(2060)[0].at,
            at("2060-02-29T00:00:00Z"));
  ASSERT_TRUE(PosixRule::parse("<+0545>-5:45"));
  EXPECT_EQ(PosixRule::parse("<+0545>-5:45")->standard(), hours(5) + minutes(45));
  EXPECT_TRUE(PosixRule::parse("CST-8")->changes(2060).empty());
}

TEST(PosixRule, RefusesWhatIsNone) {
  for (const char* text :
       {"", "CST", "C-8", "CST-8x", "CST-25", "EST5EDT", "EST5EDT,M3.2.0",
        "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,M3.2.0,M11.1.0,", "EST5EDT,J0,J60", "EST5EDT,M3.2.0/168,M11.1.0", "<+0545-5:45",
        "EST5EDT,366,1", "EST5:60"}) {
    EXPECT_FALSE(PosixRule::parse(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin
