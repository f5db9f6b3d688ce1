#include "events/time.h"

#include <array>
#include <charconv>
#include <cstring>

namespace tocsin {
namespace {

constexpr std::int64_t kMsPerDay = 86'400'000;

// Days since 1970-01-01 of a proleptic Gregorian date, and back: Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms" (days_from_civil, civil_from_days), with years counted from 1 March.
constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<std::int64_t>(day_of_era) - 719'468;
}

struct Civil {
  std::int64_t year;
  unsigned month, day;
};

constexpr Civil civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2), month, day};
}

constexpr std::int64_t kFirstMs = days_from_civil(0, 1, 1) * kMsPerDay;
constexpr std::int64_t kEndMs = days_from_civil(10'000, 1, 1) * kMsPerDay;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads digits at fixed places and remembers whether one of them was none: the hot path has no
// branch for it.
class Digits {
 public:
  explicit Digits(const char* text) : text_(text) {}
  unsigned two(int at) { return one(at) * 10 + one(at + 1); }
  bool right() const { return right_; }

 private:
  unsigned one(int at) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text_[at])) - '0';
    right_ &= digit <= 9;
    return digit;
  }
  const char* text_;
  bool right_ = true;
};

constexpr unsigned days_in_month(unsigned year, unsigned month) {
  constexpr unsigned char kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

void put_two_digits(char* to, std::uint32_t value) {
  std::memcpy(to, kTwoDigits.data() + std::size_t{2} * value, 2);
}

// A day and how it is written, 2026-03-02: most instants are of the same day as the one before.
struct WrittenDay {
  static constexpr std::size_t kSize = 10;
  std::int64_t number = 0;
  char text[kSize + 1] = "1970-01-01";
};

// The day since 1970-01-01 that the ten characters name; nullopt: none.
std::optional<std::int64_t> day_of(const char* text) {
  thread_local WrittenDay last;
  if (std::memcmp(text, last.text, WrittenDay::kSize) == 0) return last.number;
  Digits digits(text);
  const unsigned year = digits.two(0) * 100 + digits.two(2);
  const unsigned month = digits.two(5), day = digits.two(8);
  if (!digits.right() || text[4] != '-' || text[7] != '-') return std::nullopt;
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return std::nullopt;
  last.number = days_from_civil(year, month, day);
  std::memcpy(last.text, text, WrittenDay::kSize);
  return last.number;
}

// Returns the end. A year beyond those of four digits takes more than ten characters.
char* write_day(char* to, std::int64_t number) {
  thread_local WrittenDay last;
  if (number == last.number) {
    std::memcpy(to, last.text, WrittenDay::kSize);
    return to + WrittenDay::kSize;
  }
  const Civil date = civil_from_days(number);
  char* const begin = to;
  if (date.year >= 0 && date.year <= 9999) {
    const auto year = static_cast<std::uint32_t>(date.year);
    put_two_digits(to, year / 100);
    put_two_digits(to + 2, year % 100);
    to += 4;
  } else {
    to = std::to_chars(to, to + kRfc3339Max, date.year).ptr;
  }
  to[0] = to[3] = '-';
  put_two_digits(to + 1, date.month);
  put_two_digits(to + 4, date.day);
  to += 6;
  if (to - begin == WrittenDay::kSize) {
    last.number = number;
    std::memcpy(last.text, begin, WrittenDay::kSize);
  }
  return to;
}

}  // namespace

std::optional<Instant> parse_rfc3339(std::string_view text) {
  constexpr std::size_t kShortest = 20;  // 2026-03-02T09:15:00Z
  if (text.size() < kShortest) return std::nullopt;
  const char* p = text.data();
  const char* const end = p + text.size();
  const std::optional<std::int64_t> day = day_of(p);
  Digits digits(p);
  const unsigned hour = digits.two(11), minute = digits.two(14), second = digits.two(17);
  if (!day || !digits.right() || (p[10] != 'T' && p[10] != 't') || p[13] != ':' || p[16] != ':') {
    return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  p += 19;

  unsigned fraction_ms = 0;
  if (*p == '.') {
    ++p;
    unsigned weight = 100;
    const char* const first = p;
    for (; p != end && is_digit(*p); ++p, weight /= 10) {
      fraction_ms += static_cast<unsigned>(*p - '0') * weight;
    }
    if (p == first) return std::nullopt;
  }

  std::int64_t offset_minutes = 0;
  if (p == end) return std::nullopt;
  if (*p == 'Z' || *p == 'z') {
    if (p + 1 != end) return std::nullopt;
  } else {
    if ((*p != '+' && *p != '-') || end - p != 6 || p[3] != ':') return std::nullopt;
    Digits offset(p);
    const unsigned offset_hour = offset.two(1), offset_minute = offset.two(4);
    if (!offset.right() || offset_hour > 23 || offset_minute > 59) return std::nullopt;
    offset_minutes = static_cast<std::int64_t>(offset_hour * 60 + offset_minute);
    if (*p == '-') offset_minutes = -offset_minutes;
  }

  const std::int64_t ms = *day * kMsPerDay +
                          static_cast<std::int64_t>(hour * 3600 + minute * 60 + second) * 1000 +
                          fraction_ms - offset_minutes * 60'000;
  // An offset can carry the first and the last day out of the years that can be written.
  if (ms < kFirstMs || ms >= kEndMs) return std::nullopt;
  return Instant{ms};
}

char* write_rfc3339(char* to, Instant t) {
  std::int64_t day_number = t.ms / kMsPerDay;
  std::int64_t ms_of_day = t.ms % kMsPerDay;
  if (ms_of_day < 0) {
    ms_of_day += kMsPerDay;
    --day_number;
  }
  to = write_day(to, day_number);
  constexpr std::string_view kRest = "T00:00:00.000Z";
  std::memcpy(to, kRest.data(), kRest.size());
  const auto ms = static_cast<std::uint32_t>(ms_of_day);
  const std::uint32_t second = ms / 1000, minute = second / 60;
  put_two_digits(to + 1, minute / 60);
  put_two_digits(to + 4, minute % 60);
  put_two_digits(to + 7, second % 60);
  to[10] = static_cast<char>('0' + ms % 1000 / 100);
  put_two_digits(to + 11, ms % 100);
  return to + kRest.size();
}

void append_rfc3339(std::string& out, Instant t) {
  char text[kRfc3339Max];
  out.append(text, write_rfc3339(text, t));
}

std::string format_rfc3339(Instant t) {
  std::string out;
  out.reserve(24);
  append_rfc3339(out, t);
  return out;
}

}  // namespace tocsin
