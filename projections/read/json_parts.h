// Members that answers share: instants that may be unknown, and lists.
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/writer.h"

namespace tocsin {

inline void add_time(JsonObject& object, std::string_view name, const std::optional<Instant>& t) {
  t ? object.time(name, *t) : object.null(name);
}

// `object.name(name)` followed by an array with `append(item)` for each.
template <typename Items, typename Append>
void add_array(std::string& out, JsonObject& object, std::string_view name, const Items& items,
               Append append) {
  object.name(name);
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append(item);
  }
  out += ']';
}

}  // namespace tocsin
