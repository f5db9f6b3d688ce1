// What changes from one policy to another, in words that a service manager reads.
//
// Compares what the policies mean, not their text: `15m` and `900s` are the same. Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/policy/policy.h"

namespace tocsin {

struct PolicyChange {
  std::string sentence;  // in English
  // The same for a page that has words of its own: `new`, `gone`, or what becomes another
  // (`allows`, `hours`, `breach` …); of what, by name ({clock, ticket.response}, {tier, A}); and its
  // values as JSON in the policy's own language, empty where there are none.
  std::string change;
  std::vector<std::pair<std::string, std::string>> of;
  std::string from, to;
};

// In the order of kinds and clocks; empty when nothing changes.
std::vector<PolicyChange> policy_diff(const Policy& old_policy, const Policy& new_policy);

// {text, change, …of what, from?, to?}
void append_change(std::string& out, const PolicyChange& change);

}  // namespace tocsin
