// The table of `simulate --emit summary`: how promises were kept, for people.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/said/derived.h"
#include "engine/view.h"

namespace tocsin {

class Summary {
 public:
  void count(const Derived& event, const Entity& entity, const Policy& policy);  // withdrawals
  void count(const EntityView& view);                                            // verdicts
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
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t>
      withdrawn_;  // entity clock threshold
};

}  // namespace tocsin
