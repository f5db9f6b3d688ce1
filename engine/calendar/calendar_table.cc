#include "engine/calendar/calendar_table.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <utility>

namespace tocsin {
namespace {

constexpr std::int64_t kDaysInRange = (kZoneEnd.ms - kZoneBegin.ms) / kMsPerDay;

// The hours of every date: what the spec says, looked up by date.
class Hours {
 public:
  explicit Hours(const CalendarSpec& spec)
      : spec_(spec), holidays_(spec.holidays.begin(), spec.holidays.end()) {
    for (const auto& workday : spec.workdays) workdays_.emplace(workday.date, &workday);
  }

  const std::vector<LocalInterval>& on(LocalDate date) const {
    if (holidays_.contains(date)) return closed_;
    if (const auto it = workdays_.find(date); it != workdays_.end()) {
      return it->second->hours.empty() ? spec_.weekly[0] : it->second->hours;
    }
    return spec_.weekly[static_cast<std::size_t>(weekday(date))];
  }

 private:
  const CalendarSpec& spec_;
  std::set<LocalDate> holidays_;
  std::map<LocalDate, const CalendarSpec::Workday*> workdays_;
  std::vector<LocalInterval> closed_;
};

// Sorts, and joins segments or intervals that overlap or touch.
template <class Span>
std::vector<Span> joined(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.open < b.open; });
  std::vector<Span> out;
  for (const Span& span : spans) {
    if (!out.empty() && span.open <= out.back().close) {
      out.back().close = std::max(out.back().close, span.close);
    } else {
      out.push_back(span);
    }
  }
  return out;
}

// Where the day before was open until 24:00.
bool ends_a_shift(const LocalInterval& interval) {
  return interval.open == Duration{0} && interval.close < days(1);
}

}  // namespace

std::shared_ptr<const Calendar::Table> Calendar::Table::build(const CalendarSpec& spec,
                                                              const Zone& zone) {
  auto table = std::make_shared<Table>();
  table->zone = zone;
  table->confirmed = spec.confirmed;
  table->names = spec.names;
  if (table->confirmed) std::sort(table->confirmed->begin(), table->confirmed->end());

  const Hours hours{spec};
  std::vector<Segment> open;
  // A day more on each side: a date's hours may reach into the range from outside.
  table->first_date = zone.local_date(kZoneBegin) - 1;
  const LocalDate last_date = zone.local_date(kZoneEnd) + 1;
  std::vector<LocalInterval> intervals;
  std::vector<LocalInterval> tomorrow = joined(hours.on(table->first_date));
  bool past_midnight = false;  // the day before is open until 24:00
  bool any_shift = false;
  for (LocalDate date = table->first_date; date <= last_date; date = date + 1) {
    intervals.swap(tomorrow);
    tomorrow = joined(hours.on(date + 1));
    table->working_before.push_back(static_cast<std::uint32_t>(table->working_days.size()));
    WorkingDay day{date, kNever, kAlways};
    Instant shift_end = kAlways;
    for (const LocalInterval& interval : intervals) {
      const Instant from = zone.to_utc(local_time(date, interval.open), Edge::kOpening);
      const Instant to = zone.to_utc(local_time(date, interval.close), Edge::kClosing);
      if (to <= from) continue;  // swallowed by a gap
      if (past_midnight && ends_a_shift(interval)) {
        shift_end = to;
      } else {
        day.open = std::min(day.open, from);
        day.close = std::max(day.close, to);
      }
      const Segment clipped{std::max(from, kZoneBegin), std::min(to, kZoneEnd)};
      if (clipped.open < clipped.close) open.push_back(clipped);
    }
    past_midnight = !intervals.empty() && intervals.back().close == days(1);
    if (past_midnight && !tomorrow.empty() && ends_a_shift(tomorrow.front())) {
      day.close = zone.to_utc(local_time(date + 1, tomorrow.front().close), Edge::kClosing);
    }
    if (day.open >= kZoneBegin && day.open < day.close && day.close < kZoneEnd) {
      table->working_days.push_back(day);
    }
    table->shift_ends.push_back(shift_end);
    any_shift = any_shift || shift_end != kAlways;
  }
  if (!any_shift) table->shift_ends = {};
  table->working_before.push_back(static_cast<std::uint32_t>(table->working_days.size()));

  for (const Segment& segment : joined(std::move(open))) {
    table->segments.push_back({segment.open.ms, segment.close.ms, table->total});
    table->total += segment.close.ms - segment.open.ms;
  }
  table->index();
  table->segments.shrink_to_fit();
  table->working_days.shrink_to_fit();
  table->working_before.shrink_to_fit();
  return table;
}

void Calendar::Table::index() {
  const std::size_t count = segments.size();
  by_day.reserve(static_cast<std::size_t>(kDaysInRange) + 2);
  std::size_t next = 0;
  for (std::int64_t day = 0; day <= kDaysInRange + 1; ++day) {
    const std::int64_t start = kZoneBegin.ms + day * kMsPerDay;
    while (next < count && segments[next].close <= start) ++next;
    by_day.push_back(static_cast<std::uint32_t>(next));
  }
  // An entry or two a segment: a search then has few candidates, unless lengths differ wildly.
  const std::uint64_t width = static_cast<std::uint64_t>(total) / (count + 1) + 1;
  open_shift = static_cast<int>(std::bit_width(width)) - 1;
  const std::int64_t entries = (total >> open_shift) + 2;
  by_open.reserve(static_cast<std::size_t>(entries));
  next = 0;
  for (std::int64_t k = 0; k < entries; ++k) {
    while (next < count && segments[next].until_close() <= k << open_shift) ++next;
    by_open.push_back(static_cast<std::uint32_t>(next));
  }
}

std::size_t Calendar::Table::segment_after(Instant t) const {
  const auto day = static_cast<std::size_t>((t.ms - kZoneBegin.ms) / kMsPerDay);
  std::size_t low = by_day[day];
  std::size_t high = by_day[day + 1];
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (segments[middle].close <= t.ms) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::int64_t Calendar::Table::open_before(Instant t) const {
  if (t <= kZoneBegin) return 0;
  if (t >= kZoneEnd) return total;
  const std::size_t i = segment_after(t);
  if (i == segments.size()) return total;
  return segments[i].before + std::max<std::int64_t>(0, t.ms - segments[i].open);
}

Instant Calendar::Table::instant_of(std::int64_t open) const {
  const auto bucket = static_cast<std::size_t>((open - 1) >> open_shift);
  std::size_t low = by_open[bucket];
  std::size_t high = by_open[bucket + 1];
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (segments[middle].until_close() < open) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {segments[low].open + (open - segments[low].before)};
}

std::size_t Calendar::Table::count_before(LocalDate date) const {
  if (date <= first_date) return 0;
  const auto i = static_cast<std::size_t>(date.day - first_date.day);
  return working_before[std::min(i, working_before.size() - 1)];
}

}  // namespace tocsin
