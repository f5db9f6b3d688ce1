// The key `adapters` of the configuration, and what it has in common with `push`.
#pragma once

#include <string>

#include "app/config_keys.h"

namespace tocsin {

ConfigKey adapters_key();

// As it is configured; a file's path is relative to the config's directory.
SecretRef secret_ref(const std::string& text, const Config& config);

}  // namespace tocsin
