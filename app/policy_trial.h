// The log's facts under another policy: what would have been missed, who would have been called
// (contract §11, `policy try`).
//
// The facts are decided about twice, in virtual time, by the policy in force and by the one that is
// tried, from the first on; what is true since `since` is compared. What the log says was decided
// is not looked at: it may have come of several policies.
//
// Threads: one at a time; not the engine's. Memory: the entities twice. Cost: two simulations. At
// most kFactsMax facts are read, kListedMax differences listed; the counts are whole.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/log_port.h"
#include "engine/policy/policy.h"
#include "events/time.h"

namespace tocsin {

struct TrialSide {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> thresholds;  // met, breached
  std::int64_t breaches = 0, calls = 0, warnings = 0;
};

struct Trial {
  static constexpr std::int64_t kFactsMax = 5'000'000;
  static constexpr std::size_t kListedMax = 10'000;
  std::int64_t facts = 0, rejected = 0;
  bool whole = true;  // all facts were read
  TrialSide now, then;
  // Events by `<type> <entity> <id>` that come or go.
  struct Change {
    bool comes = false;
    std::string type, account, entity, id;
    Instant time;
  };
  std::int64_t changed = 0;
  std::vector<Change> changes;
};

// `progress` is told how many facts were read and whether to go on.
Trial try_policy(LogReader& log, const std::vector<PartitionId>& partitions,
                 std::shared_ptr<const Policy> in_force, std::shared_ptr<const Policy> tried,
                 Instant since, Instant now, const std::function<bool(std::int64_t)>& progress);

}  // namespace tocsin
