#include "engine/pushed_record.h"

#include <charconv>

#include "events/writer.h"

namespace tocsin {

std::string pushed_data(const std::map<PartitionId, Offset>& next) {
  std::string positions = "{";
  for (const auto& [partition, offset] : next) {
    if (positions.size() > 1) positions += ',';
    positions += '"' + std::to_string(partition) + "\":" + std::to_string(offset);
  }
  std::string out;
  JsonObject(out).raw("next", positions + "}").close();
  return out;
}

// We wrote it: no space, no escape, numbers alone.
std::optional<Offset> pushed_offset(std::string_view data, PartitionId partition) {
  const std::string key = '"' + std::to_string(partition) + "\":";
  const std::size_t at = data.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = data.substr(at + key.size());
  Offset offset = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), offset).ec != std::errc())
    return std::nullopt;
  return offset;
}

}  // namespace tocsin
