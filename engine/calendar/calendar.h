// Open time: when a team works, how much working time lies between two instants, and when an
// allowance of working time is used up.
//
// A Calendar is either `24x7` or a zone with weekly local opening intervals, holidays (closed
// dates) and make-up workdays (open dates). It is made from a CalendarSpec (what a policy says) and
// a Zone.
//
// Example, business hours 09:00–12:00 and 13:00–18:00, Shanghai: 4 h from Friday 16:00 are 2 h on
// Friday and 2 h on Monday: add gives Monday 11:00. 2 h from Friday 16:00 end at Friday 18:00, and
// stay there: add gives the earliest instant.
//
// Promises:
//  1. elapsed(a, b) is the open time in [a, b), real time elapsed, never negative; it is additive:
//     elapsed(a, b) + elapsed(b, c) = elapsed(a, c) for a ≤ b ≤ c. Overlapping intervals count
//     once.
//  2. add(a, d) is the earliest u ≥ a with elapsed(a, u) = d; add(a, 0) = a.
//  3. A working day is a local date with an opening interval that is not empty. An interval that
//     begins at 00:00 and ends before 24:00 belongs to the day before where that was open until
//     24:00: the end of a shift past midnight, whose instants have that day as their date.
//  4. Local times in a DST gap or fold: as Zone says. Local days as Zone::start_of bounds them.
//
// Range: instants in [kZoneBegin, kZoneEnd), 1970 to 2099 (contract §2). Callers refuse
// others on the way in (`in_range`). Where an answer would lie outside, it is kNever (later) or
// kAlways (earlier): an instant that never comes. Open time outside the range counts as none, so
// elapsed is always defined. No argument crashes or loops; a calendar that never opens answers
// kNever. `24x7` needs no tz data: it computes with every instant, and answers kNever only on
// overflow.
//
// Immutable; copies share one table; any thread. Cost: a table of some 4.4 MB for business hours,
// built in some ms; queries search it by a day index and an open-time index: some 10–30 ns,
// whatever the distance (docs/timers.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/calendar/calendar_date.h"
#include "engine/calendar/zone.h"
#include "events/time.h"

namespace tocsin {

// Local opening hours on one day, since local midnight: 0 ≤ open < close ≤ 24 h.
struct LocalInterval {
  Duration open, close;
  friend constexpr bool operator==(const LocalInterval&, const LocalInterval&) = default;
};

// What a policy says about a calendar. Plain data; `check_calendar` judges it.
struct CalendarSpec {
  struct Workday {
    LocalDate date;
    std::vector<LocalInterval> hours;  // empty: Monday's
  };
  std::string name;                                  // `business`, for messages
  bool always = false;                               // 24x7; nothing below counts then
  std::string zone;                                  // IANA name
  std::array<std::vector<LocalInterval>, 7> weekly;  // Monday first
  std::vector<LocalDate> holidays;
  std::vector<Workday> workdays;
  std::map<LocalDate, std::string> names;  // of holidays and workdays that have one, for people
  // Years whose holidays are official. nullopt: the calendar claims nothing, no year is
  // unconfirmed.
  std::optional<std::vector<std::int32_t>> confirmed;
};

enum class PeriodKind : std::uint8_t { kWeek, kMonth, kQuarter, kHalfYear };

struct Period {
  PeriodKind kind = PeriodKind::kWeek;
  LocalDate first;   // its first local date
  Instant begin;     // its first instant
  Instant end;       // the next period's first instant
  std::string name;  // `2026-W10`, `2026-03`, `2026-Q1`, `2026-H1`
};

struct Segment {
  Instant open, close;  // open in [open, close)
  friend constexpr bool operator==(const Segment&, const Segment&) = default;
};

class Calendar {
 public:
  static constexpr std::size_t kMaxIntervalsPerDay = 48;
  static constexpr std::size_t kMaxDates = 20'000;  // holidays and workdays, each
  static constexpr std::size_t kMaxSegmentsExplained = 4096;
  static constexpr int kMaxWorkingDays = 20'000;  // N of `N wd`; more answers as out of range

  // 24x7, in UTC.
  Calendar() = default;

  // Instants that may be computed with.
  static constexpr bool in_range(Instant t) { return t >= kZoneBegin && t < kZoneEnd; }

  bool always() const { return table_ == nullptr; }
  const Zone& zone() const;

  // ---- open time
  Duration elapsed(Instant a, Instant b) const;  // 0 when b ≤ a
  Instant add(Instant a, Duration d) const;      // a when d ≤ 0
  bool open_at(Instant t) const;
  // Open segments that make up [a, b), clipped to it, in order; the first `max` of them.
  std::vector<Segment> segments(Instant a, Instant b,
                                std::size_t max = kMaxSegmentsExplained) const;

  // ---- working days; `24x7` takes every UTC day as one, open from midnight to midnight
  bool working_day(LocalDate date) const;
  // The date by which working days are counted from `t`: the local date, or that of the shift which
  // began the day before and lasts.
  LocalDate working_date(Instant t) const;
  // Last closing instant of the n-th working day strictly after a's working date; n ≥ 1, else a.
  Instant end_of_working_day(Instant a, int n) const;
  // The same as a budget: elapsed(a, end_of_working_day(a, n)); {kNever.ms} when there is no such
  // day.
  Duration budget_of_working_days(Instant a, int n) const;
  // First opening instant of the n-th working day strictly before the working date of (t − 1
  // ms); n ≥ 1, else t. kAlways when there is none; kNever for t = kNever.
  Instant before_working_days(Instant t, int n) const;

  // ---- dates
  LocalDate local_date(Instant t) const { return zone().local_date(t); }
  // A due given as a date: the end of that local day. nullopt for a day that does not exist.
  // Outside the range midnights have the offset that holds at its edge.
  std::optional<Instant> end_of_date(int year, int month, int day) const;
  Instant end_of_date(LocalDate date) const { return zone().start_of(date + 1); }
  // The end of day k of the month that t lies in; of its last day when the month is shorter.
  Instant end_of_day(Instant t, int k) const;

  // ---- periods: ISO weeks, months, quarters, half-years, which follow each other without a gap
  Period period_at(Instant t, PeriodKind kind) const;  // holds t
  Period next(const Period& period) const;
  Period previous(const Period& period) const;
  // The first working day of the period; nullopt when it has none.
  std::optional<LocalDate> first_working_day(const Period& period) const;
  // The end of that day; the period's end when there is none.
  Instant end_of_first_working_day(const Period& period) const;

  // ---- holidays not yet published
  // Whether the local year of t is confirmed.
  bool confirmed(Instant t) const;
  // The first local year with an instant in [a, b), or of a, that is not confirmed.
  std::optional<std::int32_t> unconfirmed_year(Instant a, Instant b) const;

  // What people call a holiday or make-up workday; empty: it has no name.
  std::string name_of(LocalDate date) const;

  // Bytes held by the table.
  std::size_t memory() const;

 private:
  struct Table;
  friend std::variant<Calendar, std::string> build_calendar(const CalendarSpec& spec,
                                                            const Zone& zone);
  explicit Calendar(std::shared_ptr<const Table> table) : table_(std::move(table)) {}

  std::shared_ptr<const Table> table_;  // null: 24x7
};

// Every mistake in the spec, in words for whoever wrote the policy; empty when it is sound.
std::vector<std::string> check_calendar(const CalendarSpec& spec);

// The calendar, or the mistakes of check_calendar joined by `; `, or that `zone` is not the spec's
// zone.
std::variant<Calendar, std::string> build_calendar(const CalendarSpec& spec, const Zone& zone);

}  // namespace tocsin
