#include "engine/calendar/zone_load.h"

#include <date/tz.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <exception>
#include <fstream>
#include <utility>
#include <vector>

namespace tocsin {
namespace {

constexpr std::size_t kMaxVersion = 16;

std::int64_t in_ms(std::chrono::seconds s) { return s.count() * 1000; }

}  // namespace

// Debian's database tells its version only in the first line of this file: `# version 2026f`.
std::string tz_data_version() {
  std::ifstream file{"/usr/share/zoneinfo/tzdata.zi"};
  std::string hash, word, version;
  file >> hash >> word >> version;
  const auto odd = [](unsigned char c) { return std::isalnum(c) == 0; };
  const bool plain = !version.empty() && version.size() <= kMaxVersion &&
                     std::none_of(version.begin(), version.end(), odd);
  return hash == "#" && word == "version" && plain ? version : "unknown";
}

std::variant<Zone, std::string> load_zone(std::string_view name) {
  try {
    const date::time_zone* const zone = date::locate_zone(name);
    const date::sys_seconds end{std::chrono::seconds{kZoneEnd.ms / 1000}};
    date::sys_seconds at{std::chrono::seconds{kZoneBegin.ms / 1000}};
    date::sys_info info = zone->get_info(at);
    const Duration first{in_ms(info.offset)};
    Duration offset = first;
    std::vector<Zone::Change> changes;
    // Not every entry changes the offset: some only rename it.
    while (info.end < end && info.end > at) {
      at = info.end;
      info = zone->get_info(at);
      if (in_ms(info.offset) == offset.ms) continue;
      offset = {in_ms(info.offset)};
      changes.push_back({Instant{in_ms(at.time_since_epoch())}, offset});
    }
    return Zone::make(std::string{name}, tz_data_version(), first, std::move(changes));
  } catch (const std::exception& error) {
    return "no time zone `" + std::string{name} + "` in this machine's tz data: " + error.what();
  }
}

}  // namespace tocsin
