// What changes from one policy to another, in words that a service manager reads.
//
// Compares what the policies mean, not their text: `15m` and `900s` are the same. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "engine/policy/policy.h"

namespace tocsin {

// A sentence each, in the order of kinds and clocks; empty when nothing changes.
std::vector<std::string> policy_diff(const Policy& old_policy, const Policy& new_policy);

}  // namespace tocsin
