// A civil date, as it stands on a wall calendar, in no particular zone.
//
// LocalDate counts days from 1970-01-01 in the proleptic Gregorian calendar, so dates compare and
// step as integers. Pure values; any thread. Cost: a few nanoseconds for the year, month and day.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

struct LocalDate {
  std::int32_t day = 0;  // days since 1970-01-01
  friend constexpr auto operator<=>(LocalDate, LocalDate) = default;
  friend constexpr LocalDate operator+(LocalDate a, std::int32_t n) { return {a.day + n}; }
  friend constexpr LocalDate operator-(LocalDate a, std::int32_t n) { return {a.day - n}; }
};

struct YearMonthDay {
  std::int32_t year = 1970;
  std::int32_t month = 1;  // 1–12
  std::int32_t day = 1;    // 1–31
};

// nullopt when there is no such day, or the year lies outside 0000–9999.
std::optional<LocalDate> make_date(int year, int month, int day);

// Reads `2026-03-02`, exactly ten characters; nullopt for anything else and for days that do not
// exist.
std::optional<LocalDate> parse_date(std::string_view text);

// `2026-03-02`.
std::string format_date(LocalDate date);

YearMonthDay civil(LocalDate date);

// 0 = Monday … 6 = Sunday.
int weekday(LocalDate date);

}  // namespace tocsin
