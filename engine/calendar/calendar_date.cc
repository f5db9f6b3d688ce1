#include "engine/calendar/calendar_date.h"

#include <chrono>

namespace tocsin {
namespace {

std::chrono::sys_days sys(LocalDate date) {
  return std::chrono::sys_days{std::chrono::days{date.day}};
}

// `count` decimal digits from `at`; -1 when one of them is none.
int number(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

void append(std::string& out, unsigned value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

}  // namespace

std::optional<LocalDate> make_date(int year, int month, int day) {
  if (year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const auto since = std::chrono::sys_days{date}.time_since_epoch();
  return LocalDate{static_cast<std::int32_t>(since.count())};
}

std::optional<LocalDate> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = number(text, 0, 4);
  const int month = number(text, 5, 2);
  const int day = number(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  return make_date(year, month, day);
}

std::string format_date(LocalDate date) {
  const YearMonthDay ymd = civil(date);
  std::string out;
  if (ymd.year < 0) out += '-';
  append(out, static_cast<unsigned>(ymd.year < 0 ? -ymd.year : ymd.year), 4);
  out += '-';
  append(out, static_cast<unsigned>(ymd.month), 2);
  out += '-';
  append(out, static_cast<unsigned>(ymd.day), 2);
  return out;
}

YearMonthDay civil(LocalDate date) {
  const std::chrono::year_month_day ymd{sys(date)};
  return {static_cast<int>(ymd.year()),
          static_cast<std::int32_t>(static_cast<unsigned>(ymd.month())),
          static_cast<std::int32_t>(static_cast<unsigned>(ymd.day()))};
}

int weekday(LocalDate date) {
  return static_cast<int>(std::chrono::weekday{sys(date)}.iso_encoding()) - 1;
}

}  // namespace tocsin
