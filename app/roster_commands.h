// `tocsin roster check` and `tocsin oncall`: what a roster file says, without a node.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "app/config.h"
#include "engine/policy/compile/roster.h"

namespace tocsin {

// The roster of a file with what was found in it. `errors` that are not empty: there is none.
struct CheckedRoster {
  std::shared_ptr<const Roster> roster;
  std::vector<PolicyError> errors;
  RosterFindings findings;
};
// Throws std::runtime_error when the file cannot be read.
CheckedRoster checked_roster(const std::string& path, const Policy& policy, Instant now,
                             const std::vector<std::string>* channels = nullptr);

// Prints what is wrong or open, a line each; whether it may be taken (no errors, no mistakes).
bool report_roster(const CheckedRoster& checked, std::ostream& out);

// The same for a configuration's roster and policy; true where it has no roster.
bool roster_is_good(const Config& config, std::ostream& out);

// 0; 1 with a mistake, or a role of the policy that can be empty; 2 when it cannot be read.
int command_roster_check(const std::string& file, const std::string& policy);

struct OncallFlags {
  std::string roster, at, role, account, policy;
};
// A line a role: the role, tab, its persons. With an account: who plays it there, by the log.
int command_oncall(const Config& config, const OncallFlags& flags);

}  // namespace tocsin
