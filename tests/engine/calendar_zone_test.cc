// Calendars where the clock changes: gaps, folds, a skipped day, half an hour; and calendar
// periods.
#include <gtest/gtest.h>

#include "engine/calendar/calendar.h"
#include "tests/engine/calendar_fixture.h"

namespace tocsin {
namespace {

Duration whole_day(const Calendar& c, const char* day) {
  const LocalDate d = date(day);
  return c.elapsed(c.zone().start_of(d), c.zone().start_of(d + 1));
}

TEST(CalendarDst, ADayHas23Or25Hours) {
  const Calendar c = build(weekly("America/New_York", {"00:00-24:00"}, kEveryDay));
  EXPECT_EQ(whole_day(c, "2026-03-07"), hours(24));
  EXPECT_EQ(whole_day(c, "2026-03-08"), hours(23));
  EXPECT_EQ(whole_day(c, "2026-11-01"), hours(25));
  // Saturday 20:00 EST + 8 h of real time = Sunday 05:00 EDT.
  EXPECT_EQ(c.add(at("2026-03-07T20:00:00-05:00"), hours(8)), at("2026-03-08T05:00:00-04:00"));
}

TEST(CalendarDst, NewYorkGap) {
  // 2026-03-08: 02:00 → 03:00 at 07:00Z. 01:30–02:30: from 06:30Z to the gap's end, 30 min.
  const Calendar across = build(weekly("America/New_York", {"01:30-02:30"}, kEveryDay));
  EXPECT_EQ(whole_day(across, "2026-03-08"), minutes(30));
  EXPECT_EQ(across.add(at("2026-03-08T00:00:00-05:00"), minutes(30)), at("2026-03-08T07:00:00Z"));
  // 02:15–02:45 vanishes, and with it the working day.
  const Calendar inside = build(weekly("America/New_York", {"02:15-02:45"}, kEveryDay));
  EXPECT_EQ(whole_day(inside, "2026-03-08"), Duration{0});
  EXPECT_TRUE(inside.working_day(date("2026-03-07")));
  EXPECT_FALSE(inside.working_day(date("2026-03-08")));
  EXPECT_EQ(inside.end_of_working_day(at("2026-03-07T12:00:00-05:00"), 1),
            at("2026-03-09T02:45:00-04:00"));
  // 02:30–04:00 opens at the gap's end: 03:00–04:00 EDT, 1 h.
  const Calendar out = build(weekly("America/New_York", {"02:30-04:00"}, kEveryDay));
  EXPECT_EQ(whole_day(out, "2026-03-08"), hours(1));
  EXPECT_EQ(out.before_working_days(at("2026-03-09T12:00:00-04:00"), 1),
            at("2026-03-08T07:00:00Z"));
}

TEST(CalendarDst, NewYorkFold) {
  // 2026-11-01: 01:15 first occurs at 05:15Z, 01:45 last at 06:45Z: 90 min.
  const Calendar c = build(weekly("America/New_York", {"01:15-01:45"}, kEveryDay));
  EXPECT_EQ(whole_day(c, "2026-11-01"), minutes(90));
  EXPECT_EQ(c.end_of_working_day(at("2026-10-31T12:00:00-04:00"), 1), at("2026-11-01T06:45:00Z"));
}

TEST(CalendarDst, Berlin) {
  // 2026-03-29: 02:00 → 03:00 at 01:00Z. 02:30–03:30: gap's end to 03:30 CEST = 01:30Z, 30 min.
  EXPECT_EQ(whole_day(build(weekly("Europe/Berlin", {"02:30-03:30"}, kEveryDay)), "2026-03-29"),
            minutes(30));
  // 2026-10-25: 03:00 → 02:00 at 01:00Z. 02:00 first at 00:00Z, 03:00 CET at 02:00Z: 2 h.
  EXPECT_EQ(whole_day(build(weekly("Europe/Berlin", {"02:00-03:00"}, kEveryDay)), "2026-10-25"),
            hours(2));
  // Two intervals that overlap through the fold count once: 02:00–02:30 is 00:00Z–01:30Z,
  // 02:30–03:00 is 00:30Z–02:00Z; together 00:00Z–02:00Z.
  EXPECT_EQ(whole_day(build(weekly("Europe/Berlin", {"02:00-02:30", "02:30-03:00"}, kEveryDay)),
                      "2026-10-25"),
            hours(2));
}

TEST(CalendarDst, LordHoweMovesHalfAnHour) {
  // 2026-04-05: 02:00 (+11) → 01:30 (+10:30) at 15:00Z the day before. 01:30 first at 14:30Z, 02:00
  // once at 15:30Z: 1 h.
  const Calendar fold = build(weekly("Australia/Lord_Howe", {"01:30-02:00"}, kEveryDay));
  EXPECT_EQ(whole_day(fold, "2026-04-05"), hours(1));
  EXPECT_EQ(whole_day(fold, "2026-04-06"), minutes(30));
  // 2026-10-04: 02:00 (+10:30) → 02:30 (+11) at 15:30Z. 02:00–03:00: 15:30Z–16:00Z, 30 min.
  const Calendar gap = build(weekly("Australia/Lord_Howe", {"02:00-03:00"}, kEveryDay));
  EXPECT_EQ(whole_day(gap, "2026-10-04"), minutes(30));
}

TEST(CalendarDst, ApiasSkippedFriday) {
  // 2011-12-30, a Friday, did not happen: Thursday the 29th (−10) is followed by Saturday (+14).
  const Calendar c = build(weekly("Pacific/Apia", {"09:00-17:00"}, kMonFri));
  EXPECT_FALSE(c.working_day(date("2011-12-30")));
  const Instant thursday = at("2011-12-29T16:00:00-10:00");
  // 1 h of Thursday, then 1 h of Monday 2012-01-02.
  EXPECT_EQ(c.add(thursday, hours(2)), at("2012-01-02T10:00:00+14:00"));
  EXPECT_EQ(c.end_of_working_day(thursday, 1), at("2012-01-02T17:00:00+14:00"));
  EXPECT_EQ(c.before_working_days(at("2012-01-02T10:00:00+14:00"), 1),
            at("2011-12-29T09:00:00-10:00"));
  EXPECT_EQ(c.end_of_date(2011, 12, 29), at("2011-12-30T10:00:00Z"));
  EXPECT_EQ(c.end_of_date(2011, 12, 30), at("2011-12-30T10:00:00Z"));
  EXPECT_EQ(c.end_of_date(2011, 12, 31), at("2011-12-31T10:00:00Z"));
}

TEST(CalendarDst, AMidnightThatDoesNotExist) {
  // São Paulo 2018-11-04 began at 01:00 (03:00Z): that ends the 3rd, a date due and a day's hours.
  const Calendar c = build(weekly("America/Sao_Paulo", {"00:00-24:00"}, kEveryDay));
  EXPECT_EQ(c.end_of_date(2018, 11, 3), at("2018-11-04T03:00:00Z"));
  EXPECT_EQ(whole_day(c, "2018-11-04"), hours(23));
}

struct PeriodCase {
  PeriodKind kind;
  const char* inside;
  const char* name;
  const char* begin;
  const char* end;
};

TEST(CalendarPeriods, NamesAndBounds) {
  // Shanghai's midnight is 16:00Z of the day before.
  const PeriodCase cases[] = {
      {PeriodKind::kWeek, "2026-03-05", "2026-W10", "2026-03-02", "2026-03-09"},
      // The week of Thursday 2026-01-01 is W01 and begins in 2025.
      {PeriodKind::kWeek, "2025-12-29", "2026-W01", "2025-12-29", "2026-01-05"},
      {PeriodKind::kWeek, "2025-12-28", "2025-W52", "2025-12-22", "2025-12-29"},
      // 2026 has 53 weeks: its 31 December is a Thursday.
      {PeriodKind::kWeek, "2027-01-03", "2026-W53", "2026-12-28", "2027-01-04"},
      {PeriodKind::kWeek, "2024-12-30", "2025-W01", "2024-12-30", "2025-01-06"},
      {PeriodKind::kMonth, "2026-03-31", "2026-03", "2026-03-01", "2026-04-01"},
      {PeriodKind::kMonth, "2024-02-29", "2024-02", "2024-02-01", "2024-03-01"},
      {PeriodKind::kMonth, "2026-12-31", "2026-12", "2026-12-01", "2027-01-01"},
      {PeriodKind::kQuarter, "2026-03-31", "2026-Q1", "2026-01-01", "2026-04-01"},
      {PeriodKind::kQuarter, "2026-10-01", "2026-Q4", "2026-10-01", "2027-01-01"},
      {PeriodKind::kHalfYear, "2026-06-30", "2026-H1", "2026-01-01", "2026-07-01"},
      {PeriodKind::kHalfYear, "2026-07-01", "2026-H2", "2026-07-01", "2027-01-01"},
  };
  for (const auto& [kind, inside, name, begin, end] : cases) {
    const auto midnight = [](const char* day) { return at(std::string(day) + "T00:00:00+08:00"); };
    const Period period = business().period_at(midnight(inside), kind);
    EXPECT_EQ(period.name, name);
    EXPECT_EQ(period.begin, midnight(begin)) << name;
    EXPECT_EQ(period.end, midnight(end)) << name;
    EXPECT_EQ(period.first, date(begin)) << name;
    // Its last ms is inside; its neighbours touch it.
    EXPECT_EQ(business().period_at(period.end - milliseconds(1), kind).name, name);
    EXPECT_NE(business().period_at(period.end, kind).name, name);
    EXPECT_EQ(business().next(period).begin, period.end) << name;
    EXPECT_EQ(business().previous(period).end, period.begin) << name;
    EXPECT_EQ(business().next(business().previous(period)).name, name);
  }
}

TEST(CalendarPeriods, FirstWorkingDayOfAWeek) {
  const auto week = [](const char* day) {
    return business().period_at(at(std::string(day) + "T12:00:00+08:00"), PeriodKind::kWeek);
  };
  // Spring Festival 2026: the week of 16 February is all holidays; the next begins on Tuesday.
  EXPECT_EQ(business().first_working_day(week("2026-02-18")), std::nullopt);
  EXPECT_EQ(business().end_of_first_working_day(week("2026-02-18")),
            at("2026-02-23T00:00:00+08:00"));
  EXPECT_EQ(business().first_working_day(week("2026-02-28")), date("2026-02-24"));
  EXPECT_EQ(business().end_of_first_working_day(week("2026-02-28")),
            at("2026-02-25T00:00:00+08:00"));
  EXPECT_EQ(business().first_working_day(week("2026-03-05")), date("2026-03-02"));
}

TEST(CalendarPeriods, EndOfDayKOfTheMonth) {
  const Instant t = at("2026-02-10T12:00:00+08:00");
  EXPECT_EQ(business().end_of_day(t, 5), at("2026-02-06T00:00:00+08:00"));
  EXPECT_EQ(business().end_of_day(t, 10), at("2026-02-11T00:00:00+08:00"));
  EXPECT_EQ(business().end_of_day(t, 31), at("2026-03-01T00:00:00+08:00"));
  EXPECT_EQ(business().end_of_day(t, 0), at("2026-02-02T00:00:00+08:00"));
}

TEST(CalendarPeriods, FollowEachOtherInEveryZone) {
  for (const char* name : {"Asia/Shanghai", "America/Havana", "America/St_Johns",
                           "America/Sao_Paulo", "Pacific/Apia"}) {
    const Calendar c = build(weekly(name, {"09:00-17:00"}, kMonFri));
    for (const PeriodKind kind :
         {PeriodKind::kWeek, PeriodKind::kMonth, PeriodKind::kQuarter, PeriodKind::kHalfYear}) {
      Period period = c.period_at(kZoneBegin, kind);
      EXPECT_LE(period.begin, kZoneBegin);
      int count = 0;
      while (period.begin < kZoneEnd) {
        ASSERT_LT(period.begin, period.end) << name << ' ' << period.name;
        ASSERT_EQ(c.period_at(period.begin, kind).name, period.name) << name;
        ASSERT_EQ(c.period_at(period.end - milliseconds(1), kind).name, period.name) << name;
        const Period next = c.next(period);
        ASSERT_EQ(next.begin, period.end) << name << ' ' << period.name;
        ASSERT_EQ(c.previous(next).name, period.name) << name;
        period = next;
        ++count;
      }
      EXPECT_GT(count, 90) << name;
    }
  }
}

TEST(CalendarPeriods, AreDefinedForEveryInstant) {
  for (const Instant t :
       {kAlways, at("0000-01-01T00:00:00Z"), at("9999-12-31T23:59:59Z"), kNever}) {
    for (const PeriodKind kind : {PeriodKind::kWeek, PeriodKind::kHalfYear}) {
      const Period period = business().period_at(t, kind);
      EXPECT_LT(period.begin, period.end);
      EXPECT_LE(business().next(period).begin, business().next(period).end);
    }
  }
}

}  // namespace
}  // namespace tocsin
