// Which headers of a request may be kept with what was rejected of it.
#include <algorithm>

#include "connectors/http/ports.h"

namespace tocsin {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace

HttpFields kept_headers(const HttpFields& received) {
  HttpFields kept;
  for (const auto& field : received) {
    const std::string& name = field.first;
    if (starts_with_ignoring_case(name, "content-") || starts_with_ignoring_case(name, "ce-") ||
        equal_ignoring_case(name, "traceparent") || equal_ignoring_case(name, "user-agent"))
      kept.push_back(field);
  }
  return kept;
}

}  // namespace tocsin
