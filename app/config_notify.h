// The keys under `notify`: public_url, secret, dry_run, heartbeat, templates, allow_hosts, channels.
//
// A secret is `file:PATH` or `env:NAME` (any value of a channel may be); what is shown of a
// configuration holds none of them.
#pragma once

#include <vector>

#include "app/config_keys.h"

namespace tocsin {

std::vector<ConfigKey> notify_keys();

}  // namespace tocsin
