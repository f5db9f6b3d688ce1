#include "connectors/crm/lenient_time.h"

#include <charconv>
#include <optional>

namespace tocsin {
namespace {

constexpr LenientTime kBadTime{};
// Years 0000–9999, which is what can be written.
constexpr std::int64_t kFirstMs = -62'167'219'200'000, kLastMs = 253'402'300'799'999;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What is left of a text that is read from its front.
class Rest {
 public:
  explicit Rest(std::string_view text) : text_(text) {}
  bool empty() const { return text_.empty(); }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) {
    if (front() != c || empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  // A number of `least` to `most` digits.
  std::optional<int> digits(std::size_t least, std::size_t most) {
    std::size_t n = 0;
    int value = 0;
    for (; n < text_.size() && n < most && is_digit(text_[n]); ++n)
      value = value * 10 + text_[n] - '0';
    if (n < least || (n < text_.size() && is_digit(text_[n]))) return std::nullopt;
    text_.remove_prefix(n);
    return value;
  }
  // The offset's `0800` is four digits, its `08:00` two and two.
  std::optional<int> exactly_two() {
    if (text_.size() < 2 || !is_digit(text_[0]) || !is_digit(text_[1])) return std::nullopt;
    const int value = (text_[0] - '0') * 10 + (text_[1] - '0');
    text_.remove_prefix(2);
    return value;
  }
  // Thousandths of a fraction's digits; finer ones are cut.
  std::optional<int> fraction_ms() {
    int value = 0, weight = 100;
    std::size_t n = 0;
    for (; n < text_.size() && is_digit(text_[n]); ++n, weight /= 10)
      value += (text_[n] - '0') * weight;
    if (n == 0) return std::nullopt;
    text_.remove_prefix(n);
    return value;
  }

 private:
  std::string_view text_;
};

// A decimal number of seconds, milliseconds, … since 1970, such as `1640244967.924`.
std::optional<std::int64_t> epoch_ms(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  char digits[64];
  std::size_t n = 0;
  std::int64_t point = -1;
  std::size_t i = 0;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.'); ++i) {
    if (text[i] == '.') {
      if (point >= 0 || n == 0) return std::nullopt;
      point = static_cast<std::int64_t>(n);
    } else if (n < sizeof digits) {
      digits[n++] = text[i];
    } else if (point < 0) {
      return std::nullopt;
    }
  }
  if (n == 0 || text[i - 1] == '.') return std::nullopt;
  if (point < 0) point = static_cast<std::int64_t>(n);
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    std::string_view exponent = text.substr(i + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    int value = 0;
    const auto [end, error] =
        std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    if (error != std::errc() || end != exponent.data() + exponent.size() || value < -40 ||
        value > 40)
      return std::nullopt;
    point += value;
  }
  // The number in units of 10^-scale, cut.
  const auto shifted = [&](std::int64_t scale) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    for (std::int64_t at = 0; at < point + scale; ++at) {
      if (value > INT64_MAX / 10 - 10) return std::nullopt;
      value = value * 10 + (at < static_cast<std::int64_t>(n) ? digits[at] - '0' : 0);
    }
    return value;
  };
  const auto whole = shifted(0);
  if (!whole) return std::nullopt;
  // 1e11 itself is seconds; with any fraction it is above.
  const auto above = [&](std::int64_t limit) {
    const auto fine = shifted(3);
    return *whole > limit || (*whole == limit && fine && *fine > limit * 1000);
  };
  const auto ms = *whole > 100'000'000'000'000'000 ? shifted(-6)
                  : above(100'000'000'000'000)     ? shifted(-3)
                  : above(100'000'000'000)         ? whole
                                                   : shifted(3);
  if (!ms) return std::nullopt;
  return negative ? -*ms : *ms;
}

LenientTime at_instant(std::int64_t ms) {
  if (ms < kFirstMs || ms > kLastMs) return kBadTime;
  return {LenientTime::Outcome::kRead, {ms}};
}

LenientTime at_local(LocalTime local, const Zone* zone) {
  if (zone == nullptr) return {LenientTime::Outcome::kWithoutZone, {}};
  return at_instant(zone->to_utc(local, Edge::kOpening).ms);
}

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// `2026-03-02` or `2026/3/2`: the local midnight that it begins with.
std::optional<LocalTime> read_date(Rest& rest) {
  const auto year = rest.digits(4, 4);
  if (!year) return std::nullopt;
  const char separator = rest.front();
  if (separator != '-' && separator != '/') return std::nullopt;
  const std::size_t least = separator == '-' ? 2 : 1;
  rest.take(separator);
  const auto month = rest.digits(least, 2);
  if (!month || !rest.take(separator)) return std::nullopt;
  const auto day = rest.digits(least, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > days_in_month(*year, *month))
    return std::nullopt;
  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
  const int y = *month <= 2 ? *year - 1 : *year;
  const int era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
  const int of_year = (153 * (*month > 2 ? *month - 3 : *month + 9) + 2) / 5 + *day - 1;
  const std::int64_t days =
      std::int64_t{era} * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
  return LocalTime{days * kMsPerDay};
}

// `9:05`, `09:05:00.123`.
std::optional<std::int64_t> read_time_of_day(Rest& rest) {
  const auto hour = rest.digits(1, 2);
  if (!hour || !rest.take(':')) return std::nullopt;
  const auto minute = rest.digits(2, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  std::int64_t ms = (*hour * 60 + *minute) * std::int64_t{60'000};
  if (!rest.take(':')) return ms;
  const auto second = rest.digits(2, 2);
  if (!second || *second > 59) return std::nullopt;
  ms += *second * 1000;
  if (rest.take('.')) {
    const auto fraction = rest.fraction_ms();
    if (!fraction) return std::nullopt;
    ms += *fraction;
  }
  return ms;
}

// `Z`, `+08:00`, `+0800`, `+08`, ` UTC`, or any behind a space: the offset in ms.
std::optional<std::int64_t> read_offset(Rest& rest) {
  if (rest.take(' ') && rest.take("UTC")) return 0;
  if (rest.take('Z') || rest.take('z')) return 0;
  const bool behind = rest.front() == '-';
  if (!rest.take('+') && !rest.take('-')) return std::nullopt;
  const auto hours = rest.exactly_two();
  if (!hours || *hours > 23) return std::nullopt;
  int minutes = 0;
  if (!rest.empty()) {
    rest.take(':');
    const auto read = rest.exactly_two();
    if (!read || *read > 59) return std::nullopt;
    minutes = *read;
  }
  const std::int64_t ms = (*hours * 60 + minutes) * std::int64_t{60'000};
  return behind ? -ms : ms;
}

}  // namespace

LenientTime read_lenient_time(std::string_view text, const Zone* zone, bool wall_clock) {
  if (const auto ms = epoch_ms(text)) {
    return wall_clock ? at_local({*ms}, zone) : at_instant(*ms);
  }
  Rest rest(text);
  const auto date = read_date(rest);
  if (!date) return kBadTime;
  if (rest.empty()) {
    if (zone == nullptr) return kBadTime;  // a day begins where somebody lives
    return at_instant(zone->start_of(date_of(*date)).ms);
  }
  if (!rest.take('T') && !rest.take('t') && !rest.take(' ')) return kBadTime;
  const auto of_day = read_time_of_day(rest);
  if (!of_day) return kBadTime;
  const LocalTime local{date->ms + *of_day};
  if (rest.empty()) return at_local(local, zone);
  const auto offset = read_offset(rest);
  if (!offset || !rest.empty()) return kBadTime;
  return at_instant(local.ms - *offset);
}

}  // namespace tocsin
