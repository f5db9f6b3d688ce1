// The values that view rows add up: key figures of promises kept and broken, and scores.
//
// Figures are kept by the business day of the due's last millisecond; longer periods are sums of days. All add and
// subtract exactly, so a change of an entity is "minus the old, plus the new"; a value of all zeros
// has no row.
//
// Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "events/time.h"
#include "projections/rows/projection.h"

namespace tocsin {

// Bucket i counts elapsed times up to kElapsedFirstMs · 2^i; the last one all that are longer.
// 15 s, 30 s, 1 min … 91 days.
inline constexpr std::int64_t kElapsedFirstMs = 15'000;
inline constexpr int kElapsedBuckets = 21;
int elapsed_bucket(std::int64_t elapsed_ms);
// The upper bound of bucket i in ms; the last one has none (kNever).
std::int64_t elapsed_bucket_ms_max(int bucket);

struct KpiValue {
  std::int64_t met = 0, breached = 0, withdrawn = 0;
  std::int64_t excused = 0;  // breaches with a good reason, in no other count
  std::int64_t elapsed_count = 0, elapsed_sum_ms = 0;  // of stopped clocks
  std::array<std::int64_t, kElapsedBuckets> elapsed{};

  bool operator==(const KpiValue&) const = default;
  bool empty() const { return *this == KpiValue{}; }
  void add(const KpiValue& other, int sign = 1);
  // The upper bound of the bucket in which the fraction `p` of the elapsed times ends; 0 when none.
  std::int64_t elapsed_percentile_ms(double p) const;
};
std::string encode(const KpiValue& value);
KpiValue decode_kpi(std::string_view bytes);

// Scores given, such as how satisfied customers are.
struct ScoreSum {
  std::int64_t sum = 0, count = 0;
  bool empty() const { return sum == 0 && count == 0; }
  void add(const ScoreSum& other, int sign = 1) {
    sum += sign * other.sum;
    count += sign * other.count;
  }
};
std::string encode(const ScoreSum& value);
ScoreSum decode_score(std::string_view bytes);

// Behind every day that a calendar knows: 2100-01-01.
inline constexpr Day kEndOfDays = 47'482;

enum class FigurePeriod : std::uint8_t { kDay, kWeek, kMonth, kQuarter, kYear, kAll };
// `2026-03-02`, `2026-W10` (ISO 8601), `2026-03`, `2026-Q1`, `2026`, `all`.
std::string period_name(FigurePeriod period, Day day);
// The first day of the period that holds `day`, and of the one after it.
Day period_begin(FigurePeriod period, Day day);
Day period_end(FigurePeriod period, Day day);

}  // namespace tocsin
