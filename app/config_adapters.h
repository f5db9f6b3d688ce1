// The key `adapters` of the configuration, and what it has in common with `push`.
#pragma once

#include <string>

#include "app/config_keys.h"

namespace tocsin {

ConfigKey adapters_key();

// The text that a member of a map is. What is wrong with it, or empty: `file must be a text, not a
// list (line 3)`.
std::string read_text(const Yaml& member, std::string& out);
// The same of a text that may be a secret's place.
std::string read_secret(const Yaml& member, const Config& config, SecretRef& out);

// As it is configured; a file's path is relative to the config's directory.
SecretRef secret_ref(const std::string& text, const Config& config);

}  // namespace tocsin
