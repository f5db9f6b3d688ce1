#include "engine/calendar/calendar.h"

#include <algorithm>
#include <limits>

#include "engine/calendar/calendar_table.h"

namespace tocsin {
namespace {

const Zone kUtc;

// Saturates at kNever and kAlways.
std::int64_t plus(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

std::int64_t minus(std::int64_t a, std::int64_t b) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

Instant utc_midnight(LocalDate date) { return {date.day * kMsPerDay}; }

// An answer that would lie outside the range.
Instant within(Instant t) {
  if (t >= kZoneEnd) return kNever;
  return t < kZoneBegin ? kAlways : t;
}

}  // namespace

const Zone& Calendar::zone() const { return table_ ? table_->zone : kUtc; }

Duration Calendar::elapsed(Instant a, Instant b) const {
  if (b <= a) return {0};
  if (!table_) return {minus(b.ms, a.ms)};
  return {table_->open_before(b) - table_->open_before(a)};
}

Instant Calendar::add(Instant a, Duration d) const {
  if (d <= Duration{0}) return a;
  if (!table_) return {plus(a.ms, d.ms)};
  if (!in_range(a)) return kNever;
  const std::int64_t before = table_->open_before(a);
  if (d.ms > table_->total - before) return kNever;
  return table_->instant_of(before + d.ms);
}

bool Calendar::open_at(Instant t) const {
  if (!table_) return true;
  if (!in_range(t)) return false;
  const std::size_t i = table_->segment_after(t);
  return i < table_->segments.size() && table_->segments[i].open <= t.ms;
}

std::vector<Segment> Calendar::segments(Instant a, Instant b, std::size_t max) const {
  std::vector<Segment> out;
  if (b <= a || max == 0) return out;
  if (!table_) return {{a, b}};
  if (a >= kZoneEnd) return out;
  for (std::size_t i = table_->segment_after(std::max(a, kZoneBegin));
       i < table_->segments.size() && table_->segments[i].open < b.ms && out.size() < max; ++i) {
    const auto& segment = table_->segments[i];
    out.push_back({{std::max(segment.open, a.ms)}, {std::min(segment.close, b.ms)}});
  }
  return out;
}

bool Calendar::working_day(LocalDate date) const {
  return !table_ || table_->count_before(date + 1) > table_->count_before(date);
}

LocalDate Calendar::working_date(Instant t) const {
  const LocalDate date = local_date(t);
  if (!table_ || table_->shift_ends.empty()) return date;
  const auto i = static_cast<std::size_t>(date.day - table_->first_date.day);
  return i < table_->shift_ends.size() && t < table_->shift_ends[i] ? date - 1 : date;
}

Instant Calendar::end_of_working_day(Instant a, int n) const {
  if (n < 1) return a;
  if (n > kMaxWorkingDays || !in_range(a)) return kNever;
  const LocalDate date = working_date(a);
  if (!table_) return within(utc_midnight(date + 1 + n));
  const std::size_t i = table_->count_before(date + 1) + static_cast<std::size_t>(n) - 1;
  return i < table_->working_days.size() ? table_->working_days[i].close : kNever;
}

Duration Calendar::budget_of_working_days(Instant a, int n) const {
  const Instant end = end_of_working_day(a, n);
  return end == kNever ? Duration{kNever.ms} : elapsed(a, end);
}

Instant Calendar::before_working_days(Instant t, int n) const {
  if (n < 1) return t;
  if (t > kZoneEnd) return kNever;
  if (n > kMaxWorkingDays || t <= kZoneBegin) return kAlways;
  const LocalDate date = working_date(t - milliseconds(1));
  if (!table_) return within(utc_midnight(date - n));
  const std::size_t i = table_->count_before(date);
  const auto back = static_cast<std::size_t>(n);
  return i >= back ? table_->working_days[i - back].open : kAlways;
}

std::optional<Instant> Calendar::end_of_date(int year, int month, int day) const {
  const auto date = make_date(year, month, day);
  if (!date) return std::nullopt;
  return end_of_date(*date);
}

std::string Calendar::name_of(LocalDate date) const {
  if (!table_) return {};
  const auto found = table_->names.find(date);
  return found == table_->names.end() ? std::string() : found->second;
}

bool Calendar::confirmed(Instant t) const { return !unconfirmed_year(t, t); }

std::optional<std::int32_t> Calendar::unconfirmed_year(Instant a, Instant b) const {
  if (!table_ || !table_->confirmed) return std::nullopt;
  const Instant last_in_range{kZoneEnd.ms - 1};
  const Instant first = std::clamp(a, kZoneBegin, last_in_range);
  const Instant last = b > first ? std::min(b - milliseconds(1), last_in_range) : first;
  const auto& years = *table_->confirmed;
  const std::int32_t last_year = civil(local_date(last)).year;
  for (std::int32_t year = civil(local_date(first)).year; year <= last_year; ++year) {
    if (!std::binary_search(years.begin(), years.end(), year)) return year;
  }
  return std::nullopt;
}

std::size_t Calendar::memory() const {
  if (!table_) return 0;
  const auto bytes = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return sizeof(Table) + bytes(table_->segments) + bytes(table_->by_day) + bytes(table_->by_open) +
         bytes(table_->working_days) + bytes(table_->working_before) + bytes(table_->shift_ends);
}

}  // namespace tocsin
