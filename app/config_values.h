// The forms of values in the config: sizes, numbers (durations: events/duration.h).
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// Bytes: `8MiB`, `256 KiB`, `1 GiB`, `4096`.
std::optional<std::int64_t> parse_size(std::string_view text);
std::string format_size(std::int64_t bytes);

std::optional<std::int64_t> parse_whole_number(std::string_view text);
std::optional<double> parse_number(std::string_view text);

}  // namespace tocsin
