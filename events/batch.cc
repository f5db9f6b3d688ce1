#include <algorithm>

#include "events/codec.h"
#include "events/json_scan.h"

namespace tocsin {

SplitResult split_batch(std::string_view body, std::vector<std::string_view>& events,
                        std::size_t events_max) {
  using json_scan::skip_space;
  events.clear();
  const char* const end = body.data() + body.size();
  const char* p = skip_space(body.data(), end);
  if (p == end || *p != '[') return SplitResult::kMalformed;
  p = skip_space(p + 1, end);
  if (p != end && *p == ']') {
    return skip_space(p + 1, end) == end ? SplitResult::kSplit : SplitResult::kMalformed;
  }
  for (;;) {
    const char* const value_end = json_scan::skip_value(p, end);
    if (value_end == nullptr || value_end == p) return SplitResult::kMalformed;
    if (events.size() == events_max) return SplitResult::kTooMany;
    events.emplace_back(p, static_cast<std::size_t>(value_end - p));
    p = skip_space(value_end, end);
    if (p == end) return SplitResult::kMalformed;
    if (*p == ']')
      return skip_space(p + 1, end) == end ? SplitResult::kSplit : SplitResult::kMalformed;
    if (*p != ',') return SplitResult::kMalformed;
    p = skip_space(p + 1, end);
  }
}

SplitResult split_lines(std::string_view body, std::vector<std::string_view>& events,
                        std::size_t events_max) {
  events.clear();
  while (!body.empty()) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(body.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (events.size() == events_max) return SplitResult::kTooMany;
    events.push_back(line);
  }
  return SplitResult::kSplit;
}

}  // namespace tocsin
