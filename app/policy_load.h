// Finding and compiling a policy: the built-in one, or a file of the user's.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/policy/compile/parse.h"

namespace tocsin {

using CompiledPolicy = std::variant<std::shared_ptr<const Policy>, std::vector<PolicyError>>;

// The text of a policy file with the files that it names, which are looked for beside it and then
// among the built-in ones. An empty path: the default policy.
std::variant<PolicyText, std::vector<PolicyError>> read_policy(const std::string& path);

// Reads zones from this machine's database.
std::variant<Zone, std::string> load_zone_for_policy(std::string_view name);

CompiledPolicy load_policy(const std::string& path);

// `key-account.yaml:12: unknown verb …`, one a line.
std::string describe(const std::vector<PolicyError>& errors);

}  // namespace tocsin
