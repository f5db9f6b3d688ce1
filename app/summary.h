// The tables of `simulate --emit summary`: the policy's key figures, and how promises were kept, for
// people.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/said/derived.h"
#include "engine/view.h"
#include "projections/read/policy_figures.h"

namespace tocsin {

class Summary {
 public:
  void count(const Derived& event, const Entity& entity, const Policy& policy);  // withdrawals
  // Verdicts, as of `now`.
  void count(const EntityView& view, const std::vector<NamedFigure>& figures, Instant now);
  // The key figures, a line each by priority and tier: met, breached, excused, or scores.
  std::string figures(const std::vector<NamedFigure>& figures) const;
  // One line per clock, threshold, priority and tier: met, breached, open, withdrawn, and the
  // median and 90th percentile of elapsed open time of stopped clocks.
  std::string table() const;

 private:
  struct Row {
    std::int64_t met = 0, breached = 0, open = 0, withdrawn = 0;
    std::vector<std::int64_t> elapsed_ms;
  };
  using Key = std::tuple<std::string, std::string, std::string,
                         std::string>;  // clock threshold priority tier
  std::map<Key, Row> rows_;
  // By figure, priority and tier.
  std::map<std::tuple<std::string, std::string, std::string>, FigureRow> figures_;
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t>
      withdrawn_;  // entity clock threshold
};

}  // namespace tocsin
