#include "engine/calendar/posix_rule.h"

#include <algorithm>
#include <chrono>

namespace tocsin {

namespace {

namespace chr = std::chrono;

constexpr int kOffsetHoursMax = 24, kRuleHoursMax = 167;

bool leap(int year) { return chr::year{year}.is_leap(); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

// Reads from left to right; every reading function is false at what it cannot read.
class PosixRuleReader {
 public:
  explicit PosixRuleReader(std::string_view text) : rest_(text) {}

  bool read(PosixRule& rule) {
    Duration west;
    if (!name() || !time(west, kOffsetHoursMax)) return false;
    rule.standard_ = Duration{-west.ms};
    if (rest_.empty()) return true;
    if (!name()) return false;
    west = west - hours(1);
    if (!rest_.empty() && rest_.front() != ',' && !time(west, kOffsetHoursMax)) return false;
    rule.summer_ = Duration{-west.ms};
    rule.changes_ = true;
    return take(',') && day(rule.begins_) && take(',') && day(rule.ends_) && rest_.empty();
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // `EST`, or `<+03>`.
  bool name() {
    const bool quoted = take('<');
    std::size_t n = 0;
    const auto good = [&](char c) {
      return is_letter(c) || (quoted && (is_digit(c) || c == '+' || c == '-'));
    };
    while (n < rest_.size() && good(rest_[n])) ++n;
    rest_.remove_prefix(n);
    return n >= 3 && (!quoted || take('>'));
  }

  bool number(int& value, int low, int high) {
    std::size_t n = 0;
    value = 0;
    for (; n < rest_.size() && n < 3 && is_digit(rest_[n]); ++n)
      value = value * 10 + rest_[n] - '0';
    rest_.remove_prefix(n);
    return n > 0 && value >= low && value <= high;
  }

  // `[+-]hh[:mm[:ss]]`
  bool time(Duration& out, int hours_max) {
    const bool minus = take('-');
    if (!minus) take('+');
    int h = 0, m = 0, s = 0;
    if (!number(h, 0, hours_max)) return false;
    if (take(':') && (!number(m, 0, 59) || (take(':') && !number(s, 0, 59)))) return false;
    const Duration d = hours(h) + minutes(m) + seconds(s);
    out = minus ? Duration{-d.ms} : d;
    return true;
  }

  // `Mm.w.d`, `Jn` or `n`, each with `/time` if it is not 02:00.
  bool day(PosixRule::Day& out) {
    using Form = PosixRule::Day::Form;
    if (take('M')) {
      out.form = Form::kWeekday;
      if (!number(out.month, 1, 12) || !take('.') || !number(out.week, 1, 5) || !take('.') ||
          !number(out.weekday, 0, 6))
        return false;
    } else {
      out.form = take('J') ? Form::kWithoutLeapDay : Form::kWithLeapDay;
      if (!number(out.day, out.form == Form::kWithoutLeapDay ? 1 : 0, 365)) return false;
    }
    return !take('/') || time(out.at, kRuleHoursMax);
  }

  std::string_view rest_;
};

LocalTime PosixRule::Day::in(int year) const {
  const chr::year y{year};
  chr::sys_days date;
  switch (form) {
    case Form::kWeekday: {
      const auto m = y / chr::month{static_cast<unsigned>(month)};
      const chr::weekday wanted{static_cast<unsigned>(weekday)};
      date = week == 5 ? chr::sys_days{m / wanted[chr::last]}
                       : chr::sys_days{m / wanted[static_cast<unsigned>(week)]};
      break;
    }
    case Form::kWithoutLeapDay:  // day 60 is March 1 in every year
      date = chr::sys_days{y / 1 / 1} + chr::days{day - 1 + (leap(year) && day >= 60 ? 1 : 0)};
      break;
    case Form::kWithLeapDay:
      date = chr::sys_days{y / 1 / 1} + chr::days{day};
      break;
  }
  return local_time({static_cast<std::int32_t>(date.time_since_epoch().count())}, at);
}

std::optional<PosixRule> PosixRule::parse(std::string_view text) {
  PosixRule rule;
  if (!PosixRuleReader(text).read(rule)) return std::nullopt;
  return rule;
}

std::vector<Zone::Change> PosixRule::changes(int year) const {
  if (!changes_) return {};
  std::vector<Zone::Change> out{{{begins_.in(year).ms - standard_.ms}, summer_},
                                {{ends_.in(year).ms - summer_.ms}, standard_}};
  std::sort(out.begin(), out.end(),
            [](const Zone::Change& a, const Zone::Change& b) { return a.at < b.at; });
  return out;
}

}  // namespace tocsin
