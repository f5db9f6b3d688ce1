// Calendar periods: ISO weeks, months, quarters and half-years in the calendar's zone.
#include <algorithm>
#include <chrono>

#include "engine/calendar/calendar.h"

namespace tocsin {
namespace {

namespace chr = std::chrono;

// Dates beyond these are cut off, so that every sum below stays far from overflow. Years 0001 to
// 9998.
constexpr LocalDate kEarliest{-719'162};
constexpr LocalDate kLatest{2'932'531};
constexpr Instant kEarliestInstant{kEarliest.day * kMsPerDay};
constexpr Instant kLatestInstant{kLatest.day * kMsPerDay};

int months_of(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::kMonth:
      return 1;
    case PeriodKind::kQuarter:
      return 3;
    case PeriodKind::kHalfYear:
      return 6;
    case PeriodKind::kWeek:
      break;
  }
  return 0;
}

LocalDate first_of_month(chr::year_month month) {
  const chr::sys_days day{month / 1};
  return {static_cast<std::int32_t>(day.time_since_epoch().count())};
}

chr::year_month month_of(LocalDate date) {
  const YearMonthDay ymd = civil(date);
  return chr::year{ymd.year} / ymd.month;
}

LocalDate first_of(LocalDate date, PeriodKind kind) {
  if (kind == PeriodKind::kWeek) return date - weekday(date);
  const YearMonthDay ymd = civil(date);
  const int months = months_of(kind);
  return first_of_month(chr::year{ymd.year} / ((ymd.month - 1) / months * months + 1));
}

LocalDate step(LocalDate first, PeriodKind kind, int count) {
  if (kind == PeriodKind::kWeek) return first + 7 * count;
  return first_of_month(month_of(first) + chr::months{months_of(kind) * count});
}

void append_number(std::string& out, int number, int width) {
  for (int unit = width == 4 ? 1000 : width == 2 ? 10 : 1; unit > 0; unit /= 10) {
    out += static_cast<char>('0' + number / unit % 10);
  }
}

// Source of the week's number: ISO 8601; a week belongs to the year that its Thursday lies in.
std::string name_of(LocalDate first, PeriodKind kind) {
  const YearMonthDay ymd = civil(kind == PeriodKind::kWeek ? first + 3 : first);
  std::string name;  // at most 8 characters, so it stays within the string itself
  append_number(name, ymd.year, 4);
  name += '-';
  switch (kind) {
    case PeriodKind::kWeek: {
      const LocalDate new_year = first_of_month(chr::year{ymd.year} / 1);
      name += 'W';
      append_number(name, (first.day + 3 - new_year.day) / 7 + 1, 2);
      break;
    }
    case PeriodKind::kMonth:
      append_number(name, ymd.month, 2);
      break;
    case PeriodKind::kQuarter:
      name += 'Q';
      append_number(name, (ymd.month - 1) / 3 + 1, 1);
      break;
    case PeriodKind::kHalfYear:
      name += 'H';
      append_number(name, (ymd.month - 1) / 6 + 1, 1);
      break;
  }
  return name;
}

Period make_period(const Zone& zone, LocalDate first, PeriodKind kind) {
  first = std::clamp(first, kEarliest, kLatest);
  return {kind, first, zone.start_of(first), zone.start_of(step(first, kind, 1)),
          name_of(first, kind)};
}

}  // namespace

Period Calendar::period_at(Instant t, PeriodKind kind) const {
  const Instant at = std::clamp(t, kEarliestInstant, kLatestInstant);
  Period period = make_period(zone(), first_of(local_date(at), kind), kind);
  // In a fold across midnight the wall may already show a date whose day has not begun for good.
  return at < period.begin ? previous(period) : period;
}

Period Calendar::next(const Period& period) const {
  return make_period(zone(), step(period.first, period.kind, 1), period.kind);
}

Period Calendar::previous(const Period& period) const {
  return make_period(zone(), step(period.first, period.kind, -1), period.kind);
}

std::optional<LocalDate> Calendar::first_working_day(const Period& period) const {
  const LocalDate next_first = step(period.first, period.kind, 1);
  for (LocalDate date = period.first; date < next_first; date = date + 1) {
    if (working_day(date)) return date;
  }
  return std::nullopt;
}

Instant Calendar::end_of_first_working_day(const Period& period) const {
  const auto date = first_working_day(period);
  return date ? end_of_date(*date) : period.end;
}

Instant Calendar::end_of_day(Instant t, int k) const {
  const Period month = period_at(t, PeriodKind::kMonth);
  const int length = step(month.first, PeriodKind::kMonth, 1).day - month.first.day;
  return end_of_date(month.first + (std::clamp(k, 1, length) - 1));
}

}  // namespace tocsin
