// Durations as people write them, in configs, policies and adapters: `500ms`, `10s`, `2m`, `1h`,
// `1d`, `1m30s`, `0`. Units descend and each occurs once.
//
// Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/time.h"

namespace tocsin {

// nullopt: none, or more than an int64 of milliseconds.
std::optional<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

}  // namespace tocsin
