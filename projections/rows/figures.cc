#include "projections/rows/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "events/bytes.h"

namespace tocsin {
namespace {

namespace chr = std::chrono;

chr::sys_days date_of(Day day) { return chr::sys_days(chr::days(day)); }

Day monday_of(Day day) {
  const chr::weekday weekday(date_of(day));
  return day - static_cast<Day>(weekday.iso_encoding() - 1);
}

}  // namespace

int elapsed_bucket(std::int64_t elapsed_ms) {
  int bucket = 0;
  for (std::int64_t max = kElapsedFirstMs; elapsed_ms > max && bucket + 1 < kElapsedBuckets;
       max *= 2) {
    ++bucket;
  }
  return bucket;
}

std::int64_t elapsed_bucket_ms_max(int bucket) {
  return bucket + 1 == kElapsedBuckets ? kNever.ms : kElapsedFirstMs << bucket;
}

void KpiValue::add(const KpiValue& other, int sign) {
  met += sign * other.met;
  breached += sign * other.breached;
  withdrawn += sign * other.withdrawn;
  excused += sign * other.excused;
  elapsed_count += sign * other.elapsed_count;
  elapsed_sum_ms += sign * other.elapsed_sum_ms;
  for (std::size_t i = 0; i < elapsed.size(); ++i) elapsed[i] += sign * other.elapsed[i];
}

std::int64_t KpiValue::elapsed_percentile_ms(double p) const {
  const auto rank = static_cast<std::int64_t>(std::ceil(p * static_cast<double>(elapsed_count)));
  std::int64_t below = 0;
  for (int i = 0; i < kElapsedBuckets; ++i) {
    below += elapsed[static_cast<std::size_t>(i)];
    if (below >= rank && below > 0) return elapsed_bucket_ms_max(i);
  }
  return 0;
}

std::string encode(const KpiValue& value) {
  std::string out;
  put_signed(out, value.met);
  put_signed(out, value.breached);
  put_signed(out, value.withdrawn);
  put_signed(out, value.excused);
  put_signed(out, value.elapsed_count);
  put_signed(out, value.elapsed_sum_ms);
  std::size_t used = value.elapsed.size();
  while (used > 0 && value.elapsed[used - 1] == 0) --used;
  for (std::size_t i = 0; i < used; ++i) put_signed(out, value.elapsed[i]);
  return out;
}

KpiValue decode_kpi(std::string_view bytes) {
  ByteReader in(bytes);
  KpiValue value;
  value.met = in.signed_int();
  value.breached = in.signed_int();
  value.withdrawn = in.signed_int();
  value.excused = in.signed_int();
  value.elapsed_count = in.signed_int();
  value.elapsed_sum_ms = in.signed_int();
  for (std::size_t i = 0; i < value.elapsed.size() && !in.at_end(); ++i) {
    value.elapsed[i] = in.signed_int();
  }
  return value;
}

std::string encode(const ScoreSum& value) {
  std::string out;
  put_signed(out, value.sum);
  put_signed(out, value.count);
  return out;
}

ScoreSum decode_score(std::string_view bytes) {
  ByteReader in(bytes);
  ScoreSum value;
  value.sum = in.signed_int();
  value.count = in.signed_int();
  return value;
}

Day period_begin(FigurePeriod period, Day day) {
  const chr::year_month_day date(date_of(day));
  const auto first_of = [&](unsigned month) {
    return static_cast<Day>(
        chr::sys_days(date.year() / chr::month(month) / 1).time_since_epoch().count());
  };
  const auto month = static_cast<unsigned>(date.month());
  switch (period) {
    case FigurePeriod::kDay:
      return day;
    case FigurePeriod::kWeek:
      return monday_of(day);
    case FigurePeriod::kMonth:
      return first_of(month);
    case FigurePeriod::kQuarter:
      return first_of((month - 1) / 3 * 3 + 1);
    case FigurePeriod::kYear:
      return first_of(1);
    case FigurePeriod::kAll:
      return 0;
  }
  return day;
}

Day period_end(FigurePeriod period, Day day) {
  // So many days behind its first a day of the next one lies, however long it is.
  constexpr Day kMonth = 31, kQuarter = 92, kYear = 366;
  const Day begin = period_begin(period, day);
  switch (period) {
    case FigurePeriod::kDay:
      return begin + 1;
    case FigurePeriod::kWeek:
      return begin + 7;
    case FigurePeriod::kMonth:
      return period_begin(period, begin + kMonth);
    case FigurePeriod::kQuarter:
      return period_begin(period, begin + kQuarter);
    case FigurePeriod::kYear:
      return period_begin(period, begin + kYear);
    case FigurePeriod::kAll:
      return kEndOfDays;
  }
  return begin + 1;
}

std::string period_name(FigurePeriod period, Day day) {
  const chr::year_month_day date(date_of(day));
  const int year = static_cast<int>(date.year());
  const auto month = static_cast<unsigned>(date.month());
  switch (period) {
    case FigurePeriod::kDay:
      return fmt::format("{:04}-{:02}-{:02}", year, month, static_cast<unsigned>(date.day()));
    case FigurePeriod::kWeek: {
      // The week belongs to the year of its Thursday.
      const Day thursday = monday_of(day) + 3;
      const Day new_year = period_begin(FigurePeriod::kYear, thursday);
      const chr::year_month_day of(date_of(thursday));
      return fmt::format("{:04}-W{:02}", static_cast<int>(of.year()),
                         (thursday - new_year) / 7 + 1);
    }
    case FigurePeriod::kMonth:
      return fmt::format("{:04}-{:02}", year, month);
    case FigurePeriod::kQuarter:
      return fmt::format("{:04}-Q{}", year, (month - 1) / 3 + 1);
    case FigurePeriod::kYear:
      return fmt::format("{:04}", year);
    case FigurePeriod::kAll:
      return "all";
  }
  return {};
}

}  // namespace tocsin
