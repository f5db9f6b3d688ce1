// Judging what a policy says about a calendar, and building it.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/calendar/calendar.h"
#include "engine/calendar/calendar_table.h"

namespace tocsin {
namespace {

constexpr std::array kDayNames = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                  "Friday", "Saturday", "Sunday"};
constexpr std::int32_t kFirstYear = 1970;
constexpr std::int32_t kLastYear = 2099;

void check_hours(const std::vector<LocalInterval>& hours, const std::string& where,
                 std::vector<std::string>& errors) {
  if (hours.size() > Calendar::kMaxIntervalsPerDay) {
    errors.push_back(where + ": more than " + std::to_string(Calendar::kMaxIntervalsPerDay) +
                     " opening intervals");
  }
  for (const LocalInterval& interval : hours) {
    if (interval.open < Duration{0} || interval.close > days(1)) {
      errors.push_back(where + ": hours lie between 00:00 and 24:00");
    } else if (interval.close <= interval.open) {
      errors.push_back(where +
                       ": an interval closes after it opens; split one that passes midnight");
    }
  }
}

void check_dates(const CalendarSpec& spec, std::vector<std::string>& errors) {
  if (spec.holidays.size() > Calendar::kMaxDates || spec.workdays.size() > Calendar::kMaxDates) {
    errors.push_back("more than " + std::to_string(Calendar::kMaxDates) + " holidays or workdays");
  }
  const std::set<LocalDate> holidays(spec.holidays.begin(), spec.holidays.end());
  std::set<LocalDate> workdays;
  for (const auto& [date, hours] : spec.workdays) {
    const std::string name = format_date(date);
    if (!workdays.insert(date).second) errors.push_back(name + ": twice among the workdays");
    if (holidays.contains(date)) errors.push_back(name + ": both a holiday and a workday");
    if (hours.empty() && spec.weekly[0].empty()) {
      errors.push_back(name + ": a workday needs its own hours, Monday has none to lend");
    }
    check_hours(hours, name, errors);
  }
}

}  // namespace

std::vector<std::string> check_calendar(const CalendarSpec& spec) {
  std::vector<std::string> errors;
  if (spec.always) return errors;
  if (spec.zone.empty()) errors.emplace_back("a calendar needs a zone");
  for (std::size_t day = 0; day < spec.weekly.size(); ++day) {
    check_hours(spec.weekly[day], kDayNames[day], errors);
  }
  check_dates(spec, errors);
  if (spec.confirmed) {
    for (const std::int32_t year : *spec.confirmed) {
      if (year >= kFirstYear && year <= kLastYear) continue;
      errors.push_back(std::to_string(year) + ": confirmed years lie between " +
                       std::to_string(kFirstYear) + " and " + std::to_string(kLastYear));
    }
  }
  return errors;
}

std::variant<Calendar, std::string> build_calendar(const CalendarSpec& spec, const Zone& zone) {
  if (spec.always) return Calendar{};
  std::string text;
  for (const std::string& error : check_calendar(spec)) text += (text.empty() ? "" : "; ") + error;
  if (text.empty() && zone.name() != spec.zone) {
    text = "the zone given is " + zone.name() + ", the calendar's is " + spec.zone;
  }
  if (!text.empty()) return "calendar " + spec.name + ": " + text;
  return Calendar{Calendar::Table::build(spec, zone)};
}

}  // namespace tocsin
