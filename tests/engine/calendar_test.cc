// Hand-computed cases on the shipped business calendar: Shanghai (UTC+8), Mon–Fri 09:00–12:00 and
// 13:00–18:00, so 8 h a day, with the official dates of 2024–2026.
#include "engine/calendar/calendar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/engine/calendar_fixture.h"

namespace tocsin {
namespace {

// Shanghai's wall clock.
Instant sh(const std::string& text) { return at(text + "+08:00"); }

// Both directions at once: d from a ends at u, one ms less ends 1 ms earlier, elapsed agrees.
void expect_add(const Calendar& calendar, Instant a, Duration d, Instant u) {
  EXPECT_EQ(calendar.add(a, d), u);
  EXPECT_EQ(calendar.elapsed(a, u), d);
  if (d > Duration{0}) {
    EXPECT_EQ(calendar.add(a, d - milliseconds(1)), u - milliseconds(1));
  }
}

TEST(CalendarAdd, Lunch) {
  // Monday 11:30: 30 min to noon, the other 30 from 13:00.
  expect_add(business(), sh("2026-03-02T11:30:00"), hours(1), sh("2026-03-02T13:30:00"));
  // Exactly to noon: stays at noon, not 13:00.
  expect_add(business(), sh("2026-03-02T11:30:00"), minutes(30), sh("2026-03-02T12:00:00"));
  EXPECT_EQ(business().add(sh("2026-03-02T11:30:00"), minutes(30) + milliseconds(1)),
            sh("2026-03-02T13:00:00.001"));
  // Begun at lunch: the hour begins at 13:00.
  EXPECT_EQ(business().add(sh("2026-03-02T12:30:00"), hours(1)), sh("2026-03-02T14:00:00"));
}

TEST(CalendarAdd, ZeroAndLessStay) {
  EXPECT_EQ(business().add(sh("2026-03-02T12:30:00"), {0}), sh("2026-03-02T12:30:00"));
  EXPECT_EQ(business().add(sh("2026-03-01T03:00:00"), {0}), sh("2026-03-01T03:00:00"));
  EXPECT_EQ(business().add(sh("2026-03-02T12:30:00"), {-5}), sh("2026-03-02T12:30:00"));
}

TEST(CalendarAdd, ClosingTime) {
  // Monday 16:00 + 2 h = closing time; 1 ms more is Tuesday's first ms.
  expect_add(business(), sh("2026-03-02T16:00:00"), hours(2), sh("2026-03-02T18:00:00"));
  EXPECT_EQ(business().add(sh("2026-03-02T16:00:00"), hours(2) + milliseconds(1)),
            sh("2026-03-03T09:00:00.001"));
  // Before opening: 07:00 + 1 h of open time = 10:00.
  expect_add(business(), sh("2026-03-02T07:00:00"), hours(1), sh("2026-03-02T10:00:00"));
}

TEST(CalendarAdd, Weekend) {
  // Friday 17:00: 1 h on Friday, 1 h on Monday.
  expect_add(business(), sh("2026-03-06T17:00:00"), hours(2), sh("2026-03-09T10:00:00"));
  // Saturday noon: nothing until Monday.
  EXPECT_EQ(business().add(sh("2026-03-07T12:00:00"), minutes(15)), sh("2026-03-09T09:15:00"));
}

TEST(CalendarAdd, SpringFestivalAndItsMakeUpSaturdays) {
  // Off: Sun 2026-02-15 to Mon 02-23. Worked: Sat 02-14 and Sat 02-28.
  // Fri 02-13 17:00 + 9 h: 1 h on Friday, 8 h on the make-up Saturday.
  expect_add(business(), sh("2026-02-13T17:00:00"), hours(9), sh("2026-02-14T18:00:00"));
  EXPECT_EQ(business().add(sh("2026-02-13T17:00:00"), hours(9) + milliseconds(1)),
            sh("2026-02-24T09:00:00.001"));
  // The whole festival has no open time.
  EXPECT_EQ(business().elapsed(sh("2026-02-14T18:00:00"), sh("2026-02-24T09:00:00")), Duration{0});
  // Fri 02-27 17:00 + 10 h: 1 h Friday, 8 h Saturday 02-28, Sunday closed, 1 h Monday.
  expect_add(business(), sh("2026-02-27T17:00:00"), hours(10), sh("2026-03-02T10:00:00"));
}

TEST(CalendarAdd, AYear) {
  // 248 working days of 8 h in 2026.
  const Duration year = hours(248 * 8);
  EXPECT_EQ(business().elapsed(sh("2026-01-01T00:00:00"), sh("2027-01-01T00:00:00")), year);
  EXPECT_EQ(business().add(sh("2026-01-01T00:00:00"), year), sh("2026-12-31T18:00:00"));
}

TEST(CalendarElapsed, CountsOpenTimeOnly) {
  // Mon 11:00 to Tue 10:00: 1 h + 5 h + 1 h.
  EXPECT_EQ(business().elapsed(sh("2026-03-02T11:00:00"), sh("2026-03-03T10:00:00")), hours(7));
  EXPECT_EQ(business().elapsed(sh("2026-03-02T12:00:00"), sh("2026-03-02T13:00:00")), Duration{0});
  EXPECT_EQ(business().elapsed(sh("2026-03-02T12:00:00"), sh("2026-03-02T13:00:00.001")),
            milliseconds(1));
  EXPECT_EQ(business().elapsed(sh("2026-03-02T11:59:59.999"), sh("2026-03-02T13:00:00")),
            milliseconds(1));
  // Backwards is nothing.
  EXPECT_EQ(business().elapsed(sh("2026-03-03T10:00:00"), sh("2026-03-02T10:00:00")), Duration{0});
}

TEST(CalendarOpen, IsHalfOpen) {
  EXPECT_FALSE(business().open_at(sh("2026-03-02T08:59:59.999")));
  EXPECT_TRUE(business().open_at(sh("2026-03-02T09:00:00")));
  EXPECT_TRUE(business().open_at(sh("2026-03-02T11:59:59.999")));
  EXPECT_FALSE(business().open_at(sh("2026-03-02T12:00:00")));
}

TEST(CalendarSegments, ExplainADue) {
  // What adds up to 3 h from Friday 17:00.
  const auto found = business().segments(sh("2026-03-06T17:00:00"), sh("2026-03-09T11:00:00"));
  const std::vector<Segment> expected{{sh("2026-03-06T17:00:00"), sh("2026-03-06T18:00:00")},
                                      {sh("2026-03-09T09:00:00"), sh("2026-03-09T11:00:00")}};
  EXPECT_EQ(found, expected);
  EXPECT_EQ(business().segments(sh("2020-01-01T00:00:00"), sh("2030-01-01T00:00:00")).size(),
            Calendar::kMaxSegmentsExplained);
  EXPECT_TRUE(business().segments(sh("2026-03-07T00:00:00"), sh("2026-03-08T00:00:00")).empty());
}

TEST(CalendarDays, TotalsOfTheOfficialYears) {
  for (const auto& [year, expected] : {std::pair{2024, 251}, {2025, 248}, {2026, 248}}) {
    int count = 0;
    for (LocalDate d = *make_date(year, 1, 1); d < *make_date(year + 1, 1, 1); d = d + 1) {
      count += business().working_day(d) ? 1 : 0;
    }
    EXPECT_EQ(count, expected) << year;
  }
  EXPECT_TRUE(business().working_day(date("2026-02-14")));   // make-up Saturday
  EXPECT_FALSE(business().working_day(date("2026-02-16")));  // a Monday of the festival
  EXPECT_FALSE(business().working_day(date("2026-03-07")));  // a Saturday
}

TEST(CalendarDays, TheFileHoldsWhatTheNoticesSay) {
  const std::string source = TOCSIN_SOURCE_DIR "/../shared/data/holidays/";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "no holiday data to compare with";
  std::vector<LocalDate> off, on;
  for (const char* year : {"2024", "2025", "2026"}) {
    for (const auto& day : YAML::LoadFile(source + year + ".json")["days"]) {
      (day["isOffDay"].as<bool>() ? off : on).push_back(date(day["date"].as<std::string>()));
    }
  }
  const CalendarSpec spec = business_spec();
  EXPECT_EQ(spec.holidays, off);
  std::vector<LocalDate> workdays;
  for (const auto& workday : spec.workdays) workdays.push_back(workday.date);
  EXPECT_EQ(workdays, on);
}

TEST(CalendarWd, LastClosingOfTheNthDayAfter) {
  // From Wednesday 2026-02-11 10:00: Thu 12, Fri 13, make-up Sat 14.
  const Instant a = sh("2026-02-11T10:00:00");
  EXPECT_EQ(business().end_of_working_day(a, 1), sh("2026-02-12T18:00:00"));
  EXPECT_EQ(business().end_of_working_day(a, 3), sh("2026-02-14T18:00:00"));
  EXPECT_EQ(business().end_of_working_day(a, 4), sh("2026-02-24T18:00:00"));
  // The budget: 2 h + 5 h left of Wednesday, and 3 × 8 h = 31 h.
  EXPECT_EQ(business().budget_of_working_days(a, 3), hours(31));
  EXPECT_EQ(business().add(a, hours(31)), sh("2026-02-14T18:00:00"));
  // From the make-up Saturday 10:00, 1 wd: 2 + 5 h left of it, 8 h of Tuesday 24 = 15 h.
  EXPECT_EQ(business().budget_of_working_days(sh("2026-02-14T10:00:00"), 1), hours(15));
  // From Sunday 15: Tuesday 24 alone.
  EXPECT_EQ(business().budget_of_working_days(sh("2026-02-15T10:00:00"), 1), hours(8));
}

TEST(CalendarWd, TheLocalDateTurnsAtLocalMidnight) {
  // Monday's last ms: the next working day is Tuesday. Tuesday's first: Wednesday.
  EXPECT_EQ(business().end_of_working_day(sh("2026-03-02T23:59:59.999"), 1),
            sh("2026-03-03T18:00:00"));
  EXPECT_EQ(business().end_of_working_day(sh("2026-03-03T00:00:00"), 1), sh("2026-03-04T18:00:00"));
}

TEST(CalendarWd, Before) {
  // Before the end of Tuesday 2026-03-31 (its last preceding ms is still the 31st):
  // Mon 30, Fri 27, Thu 26, Wed 25, Tue 24.
  const Instant due = sh("2026-04-01T00:00:00");
  EXPECT_EQ(business().before_working_days(due, 1), sh("2026-03-30T09:00:00"));
  EXPECT_EQ(business().before_working_days(due, 5), sh("2026-03-24T09:00:00"));
  // One ms later the local date is 04-01: Tue 31, Mon 30, Fri 27, Thu 26, Wed 25.
  EXPECT_EQ(business().before_working_days(due + milliseconds(1), 5), sh("2026-03-25T09:00:00"));
  // Before Tuesday 24 February, noon, 2 wd: make-up Saturday 14, Friday 13.
  EXPECT_EQ(business().before_working_days(sh("2026-02-24T12:00:00"), 2),
            sh("2026-02-13T09:00:00"));
}

TEST(CalendarDates, ADateMeansItsEnd) {
  // The next local midnight: 2026-07-01 00:00 +08:00 = 2026-06-30T16:00Z.
  EXPECT_EQ(business().end_of_date(2026, 6, 30), at("2026-06-30T16:00:00Z"));
  EXPECT_EQ(business().end_of_date(2024, 2, 29), sh("2024-03-01T00:00:00"));
  EXPECT_EQ(business().end_of_date(2026, 2, 29), std::nullopt);
  EXPECT_EQ(business().end_of_date(2026, 13, 1), std::nullopt);
  // Outside the range the offset at its edge goes on: +08:00.
  EXPECT_EQ(business().end_of_date(1969, 12, 31), at("1969-12-31T16:00:00Z"));
  EXPECT_EQ(business().end_of_date(2099, 12, 31), at("2099-12-31T16:00:00Z"));
}

TEST(CalendarYears, WhatIsNotConfirmedIsTold) {
  EXPECT_TRUE(business().confirmed(sh("2026-12-31T23:59:59.999")));
  EXPECT_FALSE(business().confirmed(sh("2027-01-01T00:00:00")));
  EXPECT_FALSE(business().confirmed(sh("2023-12-31T23:59:59.999")));
  // [a, b) up to midnight touches 2026 only.
  EXPECT_EQ(business().unconfirmed_year(sh("2026-12-31T10:00:00"), sh("2027-01-01T00:00:00")),
            std::nullopt);
  EXPECT_EQ(business().unconfirmed_year(sh("2026-12-31T10:00:00"), sh("2027-01-01T00:00:00.001")),
            2027);
  EXPECT_EQ(business().unconfirmed_year(sh("2026-12-31T10:00:00"), kNever), 2027);
  EXPECT_EQ(business().unconfirmed_year(kAlways, kNever), 1970);
  EXPECT_EQ(Calendar{}.unconfirmed_year(kAlways, kNever), std::nullopt);
  // In an unconfirmed year it is plain Monday to Friday: New Year's Day 2027 is a Friday.
  EXPECT_TRUE(business().working_day(date("2027-01-01")));
}

TEST(CalendarAlways, IsPlainArithmetic) {
  const Calendar always;
  EXPECT_EQ(always.add(at("2026-03-07T23:00:00Z"), hours(2)), at("2026-03-08T01:00:00Z"));
  EXPECT_EQ(always.elapsed(at("2026-03-07T23:00:00Z"), at("2026-03-08T01:00:00Z")), hours(2));
  EXPECT_EQ(always.add({0}, {kNever.ms}), kNever);
  EXPECT_EQ(always.add({5}, {kNever.ms}), kNever);
  EXPECT_EQ(always.elapsed(kAlways, kNever), Duration{kNever.ms});
  EXPECT_TRUE(always.open_at(kNever));
  // Every UTC day is a working day.
  EXPECT_EQ(always.end_of_working_day(at("2026-03-07T23:00:00Z"), 1), at("2026-03-09T00:00:00Z"));
  EXPECT_EQ(always.before_working_days(at("2026-03-07T23:00:00Z"), 1), at("2026-03-06T00:00:00Z"));
  CalendarSpec spec;
  spec.always = true;
  EXPECT_TRUE(build(spec).always());
}

TEST(CalendarRange, OutsideItNothingHappens) {
  const Calendar& c = business();
  EXPECT_FALSE(Calendar::in_range(at("1969-12-31T23:59:59.999Z")));
  EXPECT_TRUE(Calendar::in_range(at("1970-01-01T00:00:00Z")));
  EXPECT_TRUE(Calendar::in_range(at("2099-12-31T23:59:59.999Z")));
  EXPECT_FALSE(Calendar::in_range(at("2100-01-01T00:00:00Z")));
  for (const Instant t : {kAlways, at("1969-12-31T23:59:59.999Z"), at("2100-01-01T00:00:00Z"),
                          at("9999-12-31T23:59:59.999Z"), kNever}) {
    EXPECT_EQ(c.add(t, {0}), t);
    EXPECT_EQ(c.add(t, hours(1)), kNever);
    EXPECT_EQ(c.end_of_working_day(t, 1), kNever);
    EXPECT_EQ(c.budget_of_working_days(t, 1), Duration{kNever.ms});
    EXPECT_FALSE(c.open_at(t));
  }
  EXPECT_EQ(c.elapsed(kAlways, at("1970-01-01T00:00:00Z")), Duration{0});
  EXPECT_EQ(c.elapsed(at("2100-01-01T00:00:00Z"), kNever), Duration{0});
  EXPECT_EQ(c.elapsed(kAlways, kNever), c.elapsed(kZoneBegin, kZoneEnd));
  EXPECT_EQ(c.before_working_days(kNever, 1), kNever);
  EXPECT_EQ(c.before_working_days(kAlways, 1), kAlways);
  EXPECT_EQ(c.before_working_days(kZoneBegin, 1), kAlways);
  // Thursday 2099-12-31 is the last working day; 17:00 + 1 h ends there, 1 ms more never does.
  EXPECT_EQ(c.add(sh("2099-12-31T17:00:00"), hours(1)), sh("2099-12-31T18:00:00"));
  EXPECT_EQ(c.add(sh("2099-12-31T17:00:00"), hours(1) + milliseconds(1)), kNever);
  EXPECT_EQ(c.add(sh("2026-03-02T17:00:00"), {kNever.ms}), kNever);
  EXPECT_EQ(c.end_of_working_day(sh("2099-12-30T17:00:00"), 1), sh("2099-12-31T18:00:00"));
  EXPECT_EQ(c.end_of_working_day(sh("2099-12-30T17:00:00"), 2), kNever);
  EXPECT_EQ(c.end_of_working_day(sh("2026-03-02T17:00:00"), 2'000'000'000), kNever);
  EXPECT_EQ(c.before_working_days(sh("2026-03-02T17:00:00"), 2'000'000'000), kAlways);
}

TEST(CalendarSpec, ACalendarThatNeverOpensAnswersNever) {
  const Calendar closed = build(weekly("Asia/Shanghai", {}, {}));
  const Instant t = sh("2026-03-02T10:00:00");
  EXPECT_EQ(closed.add(t, milliseconds(1)), kNever);
  EXPECT_EQ(closed.add(t, {0}), t);
  EXPECT_EQ(closed.elapsed(t, kNever), Duration{0});
  EXPECT_EQ(closed.end_of_working_day(t, 1), kNever);
  EXPECT_EQ(closed.before_working_days(t, 1), kAlways);
  EXPECT_TRUE(closed.segments(kAlways, kNever).empty());
  EXPECT_EQ(closed.first_working_day(closed.period_at(t, PeriodKind::kWeek)), std::nullopt);
}

TEST(CalendarSpec, OverlappingHoursCountOnce) {
  // 09–12 and 11–14 and 14–15, given out of order: 6 h.
  const Calendar c =
      build(weekly("Asia/Shanghai", {"14:00-15:00", "11:00-14:00", "09:00-12:00"}, kMonFri));
  EXPECT_EQ(c.elapsed(sh("2026-03-02T00:00:00"), sh("2026-03-03T00:00:00")), hours(6));
  expect_add(c, sh("2026-03-02T00:00:00"), hours(5), sh("2026-03-02T14:00:00"));
  EXPECT_EQ(c.before_working_days(sh("2026-03-03T10:00:00"), 1), sh("2026-03-02T09:00:00"));
  EXPECT_EQ(c.end_of_working_day(sh("2026-03-02T10:00:00"), 1), sh("2026-03-03T15:00:00"));
}

TEST(CalendarSpec, RoundTheClockInAZoneIsOneSegment) {
  const Calendar c = build(weekly("Asia/Shanghai", {"00:00-24:00"}, kEveryDay));
  EXPECT_EQ(c.segments(kZoneBegin, kZoneEnd).size(), 1U);
  EXPECT_EQ(c.add(sh("2026-03-07T23:00:00"), hours(30)), sh("2026-03-09T05:00:00"));
}

TEST(CalendarSpec, AMakeUpDayTakesMondaysHoursUnlessGiven) {
  CalendarSpec spec = weekly("Asia/Shanghai", {"09:00-17:00"}, {0});
  spec.weekly[1].push_back(interval("10:00-11:00"));
  spec.workdays.push_back({date("2026-03-07"), {}});
  spec.workdays.push_back({date("2026-03-08"), {interval("08:00-09:30")}});
  // A weekday among the workdays has the workday's hours, not its own.
  spec.workdays.push_back({date("2026-03-03"), {interval("12:00-13:00")}});
  const Calendar c = build(spec);
  const auto open = [&](const char* day) {
    return c.elapsed(sh(std::string(day) + "T00:00:00"), sh(std::string(day) + "T23:59:59.999"));
  };
  EXPECT_EQ(open("2026-03-07"), hours(8));
  EXPECT_EQ(open("2026-03-08"), minutes(90));
  EXPECT_EQ(open("2026-03-03"), hours(1));
  EXPECT_EQ(open("2026-03-10"), hours(1));
}

TEST(CalendarSpec, EveryMistakeIsTold) {
  CalendarSpec spec = weekly("", {"09:00-12:00"}, {1});
  spec.weekly[2].push_back({hours(18), hours(9)});
  spec.weekly[3].push_back({hours(9), hours(25)});
  spec.weekly[4].push_back({hours(9), hours(9)});
  spec.holidays = {date("2026-05-01")};
  spec.workdays = {{date("2026-05-01"), {interval("09:00-10:00")}},
                   {date("2026-05-02"), {}},
                   {date("2026-05-09"), {interval("09:00-10:00")}},
                   {date("2026-05-09"), {interval("09:00-10:00")}}};
  spec.confirmed = {{1969, 2026, 2100}};
  const auto errors = check_calendar(spec);
  EXPECT_EQ(errors.size(), 9U);
  const auto told = [&](std::string_view word) {
    return std::any_of(errors.begin(), errors.end(), [&](const std::string& error) {
      return error.find(word) != std::string::npos;
    });
  };
  EXPECT_TRUE(told("needs a zone"));
  EXPECT_TRUE(told("Wednesday"));
  EXPECT_TRUE(told("Thursday"));
  EXPECT_TRUE(told("Friday"));
  EXPECT_TRUE(told("2026-05-01: both a holiday and a workday"));
  EXPECT_TRUE(told("2026-05-02: a workday needs its own hours"));
  EXPECT_TRUE(told("2026-05-09: twice"));
  EXPECT_TRUE(told("1969"));
  EXPECT_TRUE(told("2100"));
  EXPECT_TRUE(std::holds_alternative<std::string>(build_calendar(spec, Zone{})));
  // A sound spec with another zone's table is refused too.
  const auto other = build_calendar(weekly("Asia/Shanghai", {"09:00-12:00"}, {0}), zone("UTC"));
  EXPECT_TRUE(std::holds_alternative<std::string>(other));
}

TEST(CalendarSpec, TheBusinessTableIsSmall) { EXPECT_LT(business().memory(), 5U << 20); }

}  // namespace
}  // namespace tocsin
