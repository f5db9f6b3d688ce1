// The forms of values in the config: durations, sizes, words; and guessing what somebody meant.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"

namespace tocsin {

// `500ms`, `10s`, `2m`, `1h`, `1d`, `1m30s`, `0`.
std::optional<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

// Bytes: `8MiB`, `256 KiB`, `1 GiB`, `4096`.
std::optional<std::int64_t> parse_size(std::string_view text);
std::string format_size(std::int64_t bytes);

std::optional<std::int64_t> parse_whole_number(std::string_view text);
std::optional<double> parse_number(std::string_view text);

// The candidate that is a few typing errors away from `text`; empty when none is.
std::string nearest(std::string_view text, const std::vector<std::string>& candidates);

}  // namespace tocsin
