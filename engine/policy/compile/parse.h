// Reading a policy file: from YAML text to the compiled Policy, or to every error in it.
//
// `compile_policy` reports all the mistakes it can find, each with file, line and reason, not only
// the first; a policy is given only when there is none. docs/policy.md describes the language.
// Pure: files that the text names are looked up in `files`, zones through `zones`.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/calendar/zone.h"
#include "engine/policy/policy.h"

namespace tocsin {

struct PolicyError {
  std::string file;
  int line = 0;  // from 1; 0: the whole file
  std::string reason;
};

struct PolicyText {
  std::string name;  // of the file, for messages
  std::string text;
  std::map<std::string, std::string> files;  // by the name used in `calendars:`
  // It took force already: what makes no sense in it is let pass, as it was then.
  bool in_force = false;
};

using ZoneSource = std::function<std::variant<Zone, std::string>(std::string_view)>;

std::variant<std::shared_ptr<const Policy>, std::vector<PolicyError>> compile_policy(
    const PolicyText& text, const ZoneSource& zones);

// What tells texts apart, hexadecimal: `Policy::hash`.
std::string policy_hash(const PolicyText& text);

// Files that the text names under `calendars:`; empty when it cannot be read.
std::vector<std::string> policy_includes(const std::string& text);

}  // namespace tocsin
