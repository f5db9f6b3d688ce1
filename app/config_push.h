// The key `push` of the configuration.
#pragma once

#include "app/config_keys.h"

namespace tocsin {

ConfigKey push_key();

}  // namespace tocsin
