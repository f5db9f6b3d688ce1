#include "app/summary.h"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin {

namespace {

std::string duration(std::int64_t ms) {
  if (ms < 60'000) return fmt::format("{:.1f}s", static_cast<double>(ms) / 1000);
  if (ms < 3'600'000) return fmt::format("{}m{:02}s", ms / 60'000, ms / 1000 % 60);
  if (ms < 86'400'000) return fmt::format("{}h{:02}m", ms / 3'600'000, ms / 60'000 % 60);
  return fmt::format("{}d{:02}h", ms / 86'400'000, ms / 3'600'000 % 24);
}

std::string percentile(std::vector<std::int64_t> values, std::size_t percent) {
  if (values.empty()) return "-";
  const std::size_t place = (values.size() - 1) * percent / 100;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place),
                   values.end());
  return duration(values[place]);
}

// What runs past its due is broken, announced or not.
void count_outcome(FigureRow& row, const ClockRow& clock, const ThresholdRow& threshold,
                   Instant now) {
  if (clock.state == ClockState::kCancelled || !threshold.due) return;
  if (threshold.verdict == Verdict::kMet) ++row.met;
  if (threshold.verdict == Verdict::kBreached) ++(threshold.excused ? row.excused : row.breached);
  if (threshold.verdict == Verdict::kPending && clock.state == ClockState::kRunning &&
      *threshold.due < now)
    ++row.breached;
}

std::string path(const std::string& account, const std::string& kind, const std::string& id) {
  return account + '\0' + kind + '\0' + id;
}

}  // namespace

void Summary::count(const Derived& event, const Entity& entity, const Policy& policy) {
  if (event.type != DerivedType::kClockWithdrawn) return;
  const KindSpec& kind = policy.kinds[entity.kind];
  ++withdrawn_[{path(entity.account, kind.name, entity.id), kind.clocks[event.clock].name,
                policy.thresholds[event.threshold]}];
}

void Summary::count(const EntityView& view, const std::vector<NamedFigure>& figures, Instant now) {
  const auto row_of = [&](const NamedFigure& figure) -> FigureRow& {
    return figures_[{figure.name, view.priority, view.tier}];
  };
  for (const ScoreRow& score : view.scores) {
    for (const NamedFigure& figure : figures) {
      if (figure.score_type == score.type) row_of(figure).scores.add({score.score, 1});
    }
  }
  for (const ClockRow& clock : view.clocks) {
    for (const ThresholdRow& threshold : clock.thresholds) {
      for (const NamedFigure& figure : figures) {
        if (figure.has(clock.clock, threshold.name))
          count_outcome(row_of(figure), clock, threshold, now);
      }
      Row& row = rows_[{clock.clock, threshold.name, view.priority, view.tier}];
      if (threshold.verdict == Verdict::kMet) ++row.met;
      if (threshold.verdict == Verdict::kBreached) ++row.breached;
      if (threshold.verdict == Verdict::kPending && clock.state != ClockState::kCancelled)
        ++row.open;
      if (clock.elapsed_ms) row.elapsed_ms.push_back(*clock.elapsed_ms);
      const auto taken =
          withdrawn_.find({path(view.account, view.kind, view.id), clock.clock, threshold.name});
      if (taken == withdrawn_.end()) continue;
      row.withdrawn += taken->second;
      withdrawn_.erase(taken);
    }
  }
}

std::string Summary::figures(const std::vector<NamedFigure>& figures) const {
  std::string out =
      fmt::format("{:<26} {:<8} {:<4} {:>7} {:>8} {:>7} {:>8} {:>7}\n", "figure", "priority",
                  "tier", "met", "breached", "excused", "value", "target");
  const auto line = [&](const NamedFigure& figure, const std::string& priority,
                        const std::string& tier, const FigureRow& row) {
    const std::int64_t whole = figure.is_mean() ? row.scores.count : row.met + row.breached;
    const auto part = static_cast<double>(figure.is_mean() ? row.scores.sum : row.met) /
                      static_cast<double>(whole);
    const auto shown = [&](double value) {
      return figure.is_mean() ? fmt::format("{:.2f}", value) : fmt::format("{:.1f}%", 100 * value);
    };
    out += fmt::format("{:<26} {:<8} {:<4} {:>7} {:>8} {:>7} {:>8} {:>7}\n", figure.name, priority,
                       tier, figure.is_mean() ? row.scores.count : row.met, row.breached,
                       row.excused, whole == 0 ? "-" : shown(part), shown(figure.target));
  };
  for (const NamedFigure& figure : figures) {
    FigureRow all;
    for (const auto& [key, row] : figures_) {
      if (std::get<0>(key) != figure.name) continue;
      all.met += row.met;
      all.breached += row.breached;
      all.excused += row.excused;
      all.scores.add(row.scores);
    }
    line(figure, "all", "all", all);
    for (const auto& [key, row] : figures_) {
      const auto& [name, priority, tier] = key;
      if (name == figure.name)
        line(figure, priority.empty() ? "-" : priority, tier.empty() ? "-" : tier, row);
    }
  }
  return out;
}

std::string Summary::table() const {
  std::string out = fmt::format(
      "{:<26} {:<9} {:<8} {:<4} {:>7} {:>8} {:>7} {:>6} {:>9} {:>8} {:>8}\n", "clock", "threshold",
      "priority", "tier", "met", "breached", "in time", "open", "withdrawn", "p50", "p90");
  for (const auto& [key, row] : rows_) {
    const auto& [clock, threshold, priority, tier] = key;
    const std::int64_t judged = row.met + row.breached;
    const std::string ratio = judged == 0
                                  ? "-"
                                  : fmt::format("{:.1f}%", 100.0 * static_cast<double>(row.met) /
                                                               static_cast<double>(judged));
    out += fmt::format(
        "{:<26} {:<9} {:<8} {:<4} {:>7} {:>8} {:>7} {:>6} {:>9} {:>8} {:>8}\n", clock, threshold,
        priority.empty() ? "-" : priority, tier.empty() ? "-" : tier, row.met, row.breached, ratio,
        row.open, row.withdrawn, percentile(row.elapsed_ms, 50), percentile(row.elapsed_ms, 90));
  }
  return out;
}

}  // namespace tocsin
