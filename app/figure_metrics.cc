#include "app/figure_metrics.h"

#include <prometheus/gauge.h>

#include <algorithm>
#include <string>

#include "projections/read/policy_figures.h"

namespace tocsin {

namespace {

struct Shown {
  const char* name;
  FigurePeriod period;
  bool last;  // the one before the present one
};
constexpr Shown kShown[] = {
    {"all", FigurePeriod::kAll, false},
    {"day", FigurePeriod::kDay, false},
    {"last_day", FigurePeriod::kDay, true},
    {"week", FigurePeriod::kWeek, false},
    {"last_week", FigurePeriod::kWeek, true},
    {"month", FigurePeriod::kMonth, false},
    {"last_month", FigurePeriod::kMonth, true},
    {"quarter", FigurePeriod::kQuarter, false},
    {"last_quarter", FigurePeriod::kQuarter, true},
    {"year", FigurePeriod::kYear, false},
    {"last_year", FigurePeriod::kYear, true},
};

FigureQuery query_of(const Shown& shown, Day today, Instant now) {
  FigureQuery query;
  query.of.period = shown.period;
  query.of.by_tier = query.of.by_priority = true;
  query.of.now = now;
  const Day day = shown.last ? period_begin(shown.period, today) - 1 : today;
  query.of.from = period_begin(shown.period, day);
  query.of.to = period_end(shown.period, day);
  return query;
}

}  // namespace

void show_figures(prometheus::Registry& registry, const ReadView& view, const Policy& policy,
                  Instant now) {
  const auto family = [&](const char* name, const char* help) -> auto& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  };
  auto& thresholds =
      family("tocsin_figure_thresholds",
             "Promises by the policy's key figures, whose due lies in the period: met, breached "
             "(what is past its due and still runs among them), excused.");
  auto& scores = family("tocsin_figure_scores", "Scores given, by key figure.");
  auto& score_sum = family("tocsin_figure_score_points", "Sum of the scores given, by key figure.");
  auto& targets = family("tocsin_figure_target", "What the policy wants of a key figure.");
  for (const NamedFigure& figure : named_figures(policy))
    targets.Add({{"figure", figure.name}}).Set(figure.target);
  const Day today{policy.working().local_date(now).day};
  for (const Shown& shown : kShown) {
    for (const FigureRow& row : figures(view, policy, query_of(shown, today, now))) {
      prometheus::Labels labels = {{"figure", row.figure},
                                   {"tier", row.tier},
                                   {"priority", row.priority},
                                   {"period", shown.name}};
      if (row.is_mean) {
        scores.Add(labels).Set(static_cast<double>(row.scores.count));
        score_sum.Add(labels).Set(static_cast<double>(row.scores.sum));
        continue;
      }
      const std::pair<const char*, std::int64_t> outcomes[] = {
          {"met", row.met}, {"breached", row.breached}, {"excused", row.excused}};
      for (const auto& [outcome, n] : outcomes) {
        labels["outcome"] = outcome;
        thresholds.Add(labels).Set(static_cast<double>(n));
      }
    }
  }
}

}  // namespace tocsin
