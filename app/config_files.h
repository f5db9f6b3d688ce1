// What a config names and `run` needs to start: the policy, the roster, the certificate. Read and
// checked, so that `config check` refuses what `run` would refuse.
//
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "app/configured_policy.h"

namespace tocsin {

// Both throw std::runtime_error in words.
ConfiguredPolicy configured_policy(const Config& config);
std::string configured_roster(const Config& config);  // its text; empty: none is configured

// What is wrong with the files that the config names; empty: nothing. Holds no secret.
std::vector<std::string> check_files(const Config& config);

}  // namespace tocsin
