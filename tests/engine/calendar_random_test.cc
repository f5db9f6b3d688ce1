// Calendars against a reference that walks minute by minute and asks the date library for the wall
// clock, on random hours, holidays and zones, around clock changes and elsewhere.
#include <date/tz.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/calendar/calendar.h"
#include "tests/engine/calendar_fixture.h"

namespace tocsin {
namespace {

constexpr std::int64_t kMinute = 60'000;

// Three weeks of minutes, each open or not. All hours and clock changes lie on whole minutes here.
class Reference {
 public:
  static constexpr int kDays = 21;

  Reference(const CalendarSpec& spec, LocalDate middle)
      : spec_(spec), library_(date::locate_zone(spec.zone)) {
    first_ = Instant{(middle.day - kDays / 2) * kMsPerDay};
    for (std::int64_t m = 0; m < kDays * 1440; ++m) wall_.push_back(wall(first_.ms + m * kMinute));
    open_.assign(wall_.size(), false);
    for (int d = 2; d < kDays - 2; ++d) mark(middle - kDays / 2 + d);
  }

  // Where a question may lie: away from the ends, whose days are only partly here.
  Instant begin() const { return first_ + days(4); }
  Instant end() const { return first_ + days(kDays - 4); }

  Duration elapsed(Instant a, Instant b) const {
    std::int64_t sum = 0;
    for (std::size_t m = 0; m < open_.size(); ++m) {
      const std::int64_t from = first_.ms + static_cast<std::int64_t>(m) * kMinute;
      if (open_[m]) {
        sum += std::max<std::int64_t>(0, std::min(b.ms, from + kMinute) - std::max(a.ms, from));
      }
    }
    return {sum};
  }

  Instant add(Instant a, Duration d) const {
    if (d.ms == 0) return a;
    std::int64_t left = d.ms;
    for (std::size_t m = 0; m < open_.size(); ++m) {
      if (!open_[m]) continue;
      const std::int64_t from = std::max(a.ms, first_.ms + static_cast<std::int64_t>(m) * kMinute);
      const std::int64_t to = first_.ms + static_cast<std::int64_t>(m + 1) * kMinute;
      if (to <= from) continue;
      if (left <= to - from) return {from + left};
      left -= to - from;
    }
    return kNever;
  }

  // Opening and closing of each working day, by date.
  std::vector<std::pair<LocalDate, Segment>> working;

  LocalDate local_date(Instant t) const { return date_of({wall(t.ms)}); }

 private:
  std::int64_t wall(std::int64_t ms) const {
    const date::sys_time<std::chrono::milliseconds> t{std::chrono::milliseconds{ms}};
    return library_->to_local(t).time_since_epoch().count();
  }

  // The first (or last) minute at which the wall shows `local`; when none does, the first at which
  // it has jumped past it.
  std::size_t minute_of(std::int64_t local, bool last) const {
    std::size_t found = wall_.size(), gap = wall_.size();
    for (std::size_t m = 0; m < wall_.size(); ++m) {
      if (wall_[m] == local && (last || found == wall_.size())) found = m;
      if (m > 0 && wall_[m - 1] < local && wall_[m] > local) gap = std::min(gap, m);
    }
    return found < wall_.size() ? found : gap;
  }

  void mark(LocalDate date) {
    const auto listed = std::find_if(spec_.workdays.begin(), spec_.workdays.end(),
                                     [&](const auto& workday) { return workday.date == date; });
    auto hours = spec_.weekly[static_cast<std::size_t>((date.day % 7 + 3) % 7)];
    if (listed != spec_.workdays.end()) {
      hours = listed->hours.empty() ? spec_.weekly[0] : listed->hours;
    }
    if (std::count(spec_.holidays.begin(), spec_.holidays.end(), date) > 0) hours.clear();
    std::size_t opening = wall_.size(), closing = 0;
    for (const auto& [open, close] : hours) {
      const std::size_t from = minute_of(date.day * kMsPerDay + open.ms, false);
      const std::size_t to = minute_of(date.day * kMsPerDay + close.ms, true);
      for (std::size_t m = from; m < to; ++m) open_[m] = true;
      if (from >= to) continue;
      opening = std::min(opening, from);
      closing = std::max(closing, to);
    }
    if (opening >= closing) return;
    const auto instant = [&](std::size_t m) {
      return first_ + Duration{static_cast<std::int64_t>(m) * kMinute};
    };
    working.push_back({date, {instant(opening), instant(closing)}});
  }

  const CalendarSpec& spec_;
  const date::time_zone* library_;
  Instant first_;
  std::vector<std::int64_t> wall_;
  std::vector<bool> open_;
};

class CalendarRandom : public testing::Test {
 protected:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

  // None from midnight on: behind a day until midnight that is the end of a shift, which the minute walk does
  // not know (calendar_shift_test.cc).
  std::vector<LocalInterval> hours() {
    std::vector<LocalInterval> out;
    for (std::int64_t n = below(4); n > 0; --n) {
      const std::int64_t open = 1 + below(1439);
      const std::int64_t close = below(8) == 0 ? 1440 : open + 1 + below(1440 - open);
      out.push_back({minutes(open), minutes(close)});
    }
    return out;
  }

  CalendarSpec spec(const char* zone_name, LocalDate middle) {
    CalendarSpec out;
    out.name = "random";
    out.zone = zone_name;
    for (auto& day : out.weekly) {
      if (below(4) != 0) day = hours();
    }
    std::set<LocalDate> listed;
    for (std::int64_t n = below(5); n > 0; --n) {
      const LocalDate date = middle + static_cast<std::int32_t>(below(21) - 10);
      if (!listed.insert(date).second) continue;
      auto own = hours();
      if (below(2) == 0) {
        out.holidays.push_back(date);
      } else if (!own.empty() || !out.weekly[0].empty()) {
        out.workdays.push_back({date, std::move(own)});
      }
    }
    return out;
  }

  std::uint64_t seed_ = test_seed();
  std::mt19937_64 random_{seed_};
};

TEST_F(CalendarRandom, AgreesWithAMinuteWalk) {
  const std::pair<const char*, const char*> places[] = {
      {"Asia/Shanghai", "2026-02-20"},       {"America/New_York", "2026-03-08"},
      {"America/New_York", "2026-11-01"},    {"Europe/Berlin", "2026-03-29"},
      {"Europe/Berlin", "2026-10-25"},       {"Pacific/Apia", "2011-12-30"},
      {"Australia/Lord_Howe", "2026-04-05"}, {"Australia/Lord_Howe", "2026-10-04"},
      {"America/Sao_Paulo", "2018-11-04"},   {"America/Sao_Paulo", "2018-02-18"},
      {"America/Havana", "2026-11-01"},      {"America/St_Johns", "2008-11-02"},
  };
  for (int round = 0; round < 6; ++round) {
    for (const auto& [name, middle] : places) {
      const CalendarSpec spec = this->spec(name, date(middle));
      const Calendar c = build(spec);
      const Reference reference(spec, date(middle));
      const auto anywhere = [&] {
        const std::int64_t span = (reference.end() - reference.begin()).ms;
        const std::int64_t ms = below(span);
        return reference.begin() + Duration{below(2) == 0 ? ms : ms / kMinute * kMinute};
      };
      for (int i = 0; i < 60; ++i) {
        SCOPED_TRACE("seed " + std::to_string(seed_) + " round " + std::to_string(round) + ' ' +
                     name + ' ' + middle);
        Instant a = anywhere(), b = anywhere();
        if (b < a) std::swap(a, b);
        const Duration open = c.elapsed(a, b);
        ASSERT_EQ(open, reference.elapsed(a, b));
        ASSERT_EQ(c.add(a, open), reference.add(a, open));
        const Duration some{below(open.ms + 1)};
        ASSERT_EQ(c.add(a, some), reference.add(a, some));
        Duration sum{0};
        for (const Segment& segment : c.segments(a, b)) sum = sum + (segment.close - segment.open);
        ASSERT_EQ(sum, open);

        const int n = 1 + static_cast<int>(below(3));
        const auto after = [&](const auto& day) { return day.first > reference.local_date(a); };
        std::vector<Segment> later;
        for (const auto& day : reference.working) {
          if (after(day)) later.push_back(day.second);
        }
        if (later.size() >= static_cast<std::size_t>(n)) {
          const Instant end = later[static_cast<std::size_t>(n - 1)].close;
          ASSERT_EQ(c.end_of_working_day(a, n), end);
        }
        std::vector<Segment> earlier;
        const LocalDate on = reference.local_date(b - milliseconds(1));
        for (const auto& day : reference.working) {
          if (day.first < on) earlier.push_back(day.second);
        }
        if (earlier.size() >= static_cast<std::size_t>(n)) {
          ASSERT_EQ(c.before_working_days(b, n),
                    earlier[earlier.size() - static_cast<std::size_t>(n)].open);
        }
      }
    }
  }
}

TEST_F(CalendarRandom, LawsHoldAcrossTheWholeRange) {
  for (const char* name : {"Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"}) {
    CalendarSpec spec = this->spec(name, date("2026-02-20"));
    spec.weekly[2] = {interval("08:30-12:15"), interval("13:00-24:00")};
    const Calendar c = build(spec);
    for (int i = 0; i < 20'000; ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed_) + ' ' + name);
      std::array<Instant, 3> t;
      for (Instant& u : t) u = kZoneBegin + Duration{below((kZoneEnd - kZoneBegin).ms)};
      std::sort(t.begin(), t.end());
      const auto [a, b, d] = t;
      ASSERT_EQ(c.elapsed(a, b) + c.elapsed(b, d), c.elapsed(a, d));
      const Duration open{below(c.elapsed(a, kZoneEnd).ms + 1)};
      const Instant u = c.add(a, open);
      ASSERT_GE(u, a);
      ASSERT_EQ(c.elapsed(a, u), open);
      // The earliest such instant: one ms before there was less, unless nothing was asked.
      if (open.ms > 0) {
        ASSERT_LT(c.elapsed(a, u - milliseconds(1)), open);
      }
      ASSERT_EQ(c.add(c.add(a, {open.ms / 2}), {open.ms - open.ms / 2}), u);
      ASSERT_LE(u, c.add(a, open + milliseconds(1)));
      ASSERT_LE(c.add(a, open), c.add(b, open));
      ASSERT_EQ(c.open_at(a), c.elapsed(a, a + milliseconds(1)).ms == 1);
    }
  }
}

}  // namespace
}  // namespace tocsin
