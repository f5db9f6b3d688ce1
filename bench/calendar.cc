// Open time on business hours against a walk from day to day, in the same run: bench_calendar.
// Instants are random in 2024–2026, drawn beforehand, so that each look-up is a fresh one. Ratios
// against the walk are printed at the end; the goal is an add over a year below 200 ns.
#include "engine/calendar/calendar.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/calendar/zone_load.h"

namespace {

using namespace tocsin;

constexpr std::size_t kQuestions = 1 << 16;

CalendarSpec business(const char* zone) {
  CalendarSpec spec;
  spec.name = "business";
  spec.zone = zone;
  for (std::size_t day = 0; day < 5; ++day) {
    spec.weekly[day] = {{hours(9), hours(12)}, {hours(13), hours(18)}};
  }
  for (int year = 2024; year <= 2026; ++year) {
    for (int day = 1; day <= 7; ++day) spec.holidays.push_back(*make_date(year, 10, day));
  }
  return spec;
}

// What one would write first: from date to date, asking the zone for each opening and closing.
class Walk {
 public:
  Walk(const CalendarSpec& spec, const Zone& zone)
      : spec_(spec), zone_(zone), holidays_(spec.holidays.begin(), spec.holidays.end()) {}

  Instant add(Instant a, Duration d) const {
    for (LocalDate date = zone_.local_date(a); date < last_; date = date + 1) {
      if (holidays_.contains(date)) continue;
      for (const auto& [open, close] : spec_.weekly[static_cast<std::size_t>(weekday(date))]) {
        const Instant from = std::max(a, zone_.to_utc(local_time(date, open), Edge::kOpening));
        const Instant to = zone_.to_utc(local_time(date, close), Edge::kClosing);
        if (to <= from) continue;
        if (d <= to - from) return from + d;
        d = d - (to - from);
      }
    }
    return kNever;
  }

 private:
  const CalendarSpec& spec_;
  const Zone& zone_;
  std::set<LocalDate> holidays_;
  LocalDate last_ = *make_date(2099, 12, 31);
};

struct Question {
  Instant a, b;
  Duration open;
};

// Nanoseconds a call of `f` over all questions, the best of three rounds.
template <class F>
double measure(const std::vector<Question>& questions, std::size_t count, F&& f) {
  double best = 1e18;
  for (int round = 0; round < 3; ++round) {
    std::int64_t sum = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) sum += f(questions[i]);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    // Keeps the calls from being left out.
    if (sum == 1) std::puts("");
    best = std::min(best, took.count() / static_cast<double>(count));
  }
  return best;
}

int run(const char* zone_name) {
  const auto loaded = load_zone(zone_name);
  if (const auto* error = std::get_if<std::string>(&loaded)) {
    std::fprintf(stderr, "%s\n", error->c_str());
    return 1;
  }
  const Zone& zone = std::get<Zone>(loaded);
  const CalendarSpec spec = business(zone_name);
  const auto begin = std::chrono::steady_clock::now();
  const auto built = build_calendar(spec, zone);
  const std::chrono::duration<double, std::milli> build_time =
      std::chrono::steady_clock::now() - begin;
  const Calendar& calendar = std::get<Calendar>(built);
  const Walk walk(spec, zone);

  std::mt19937_64 random{42};
  const std::int64_t from = zone.start_of(*make_date(2024, 1, 1)).ms;
  std::vector<Question> questions(kQuestions);
  std::printf("%s, table %.2f MB, built in %.1f ms, %zu questions\n", zone_name,
              static_cast<double>(calendar.memory()) / 1e6, build_time.count(), kQuestions);
  std::printf("  %-28s %10s %12s %8s\n", "", "table ns", "day walk ns", "ratio");
  const std::pair<const char*, Duration> distances[] = {{"add 2 h", hours(2)},
                                                        {"add 24 h (3 days)", hours(24)},
                                                        {"add a year (2,000 h)", hours(2000)}};
  for (const auto& [name, distance] : distances) {
    for (Question& q : questions) {
      q.a = {from + static_cast<std::int64_t>(random() % (3ULL * 365 * 86'400'000))};
      q.open = distance;
      q.b = calendar.add(q.a, q.open);
      if (&q - questions.data() < 500 && walk.add(q.a, q.open) != q.b) {
        std::fprintf(stderr, "the walk disagrees\n");
        return 1;
      }
    }
    const double fast = measure(questions, kQuestions,
                                [&](const Question& q) { return calendar.add(q.a, q.open).ms; });
    const double slow =
        measure(questions, 2000, [&](const Question& q) { return walk.add(q.a, q.open).ms; });
    std::printf("  %-28s %10.1f %12.1f %8.0f\n", name, fast, slow, slow / fast);
  }
  const auto print = [&](const char* name, auto&& f) {
    std::printf("  %-28s %10.1f\n", name, measure(questions, kQuestions, f));
  };
  print("elapsed over a year", [&](const Question& q) { return calendar.elapsed(q.a, q.b).ms; });
  print("budget of 3 working days",
        [&](const Question& q) { return calendar.budget_of_working_days(q.a, 3).ms; });
  print("5 working days before",
        [&](const Question& q) { return calendar.before_working_days(q.b, 5).ms; });
  print("period_at, ISO week",
        [&](const Question& q) { return calendar.period_at(q.a, PeriodKind::kWeek).end.ms; });
  return 0;
}

}  // namespace

int main() { return run("Asia/Shanghai") + run("America/New_York"); }
