// The policies that a partition's log holds, as its store keeps them: who put which in force when.
//
// Any thread. Cost: `policy_history` reads the records, `policies_of` compiles each of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/log_port.h"
#include "engine/policy/compile/parse.h"
#include "engine/policy/policy.h"
#include "events/time.h"
#include "projections/store.h"

namespace tocsin {

struct PolicyVersion {
  std::int32_t version = 0;
  std::string name, hash, by;  // by: empty for one that a start put in force
  Instant since;
  bool to_open = false;
  PolicyText text;
  std::string data;  // of its record, JSON
};

// Oldest first; empty when nothing was put in force yet.
std::vector<PolicyVersion> policy_history(const Store& store, PartitionId partition);

// The same compiled, each remembering those before it. Throws std::runtime_error when this binary
// cannot read one.
std::vector<std::shared_ptr<const Policy>> policies_of(const std::vector<PolicyVersion>& history);

}  // namespace tocsin
