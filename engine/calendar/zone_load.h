// Reads a zone from the machine's IANA tz database.
//
// This is the one function of the engine that touches the disk (through the date library's own
// load). It is called where a policy is about to take force, never where something is decided:
// decisions use the zone's text as it stands in the log.
//
// Any thread. Cost: the library's load on the first call (some ms), then some hundred µs a zone.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "engine/calendar/zone.h"

namespace tocsin {

// The zone named `name` (`Asia/Shanghai`), or why there is none, in words for whoever wrote the
// name.
std::variant<Zone, std::string> load_zone(std::string_view name);

// The version of the machine's tz data: `2026f`; `unknown` where the machine does not say.
std::string tz_data_version();

}  // namespace tocsin
