// Taking a request target apart: path, segments, query parameters, percent-encoding (RFC 3986).
//
// Promise: any bytes give a result or a refusal; what is decoded is valid UTF-8 without NUL.
// Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/message.h"

namespace tocsin {

inline constexpr std::size_t kQueryParametersMax = 64;

// One round of percent-decoding. nullopt: a `%` without two hex digits, bytes that are not UTF-8,
// or a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Fills path and query from request.target. False: it does not begin with `/` (absolute form
// `http://host/path` is read too), does not decode, or has too many parameters.
bool read_target(HttpRequest& request);

// `/v1/accounts/a%2Fb` → {v1, accounts, a/b}. nullopt when one does not decode or is empty.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

}  // namespace tocsin
