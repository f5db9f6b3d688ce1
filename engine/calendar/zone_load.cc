#include "engine/calendar/zone_load.h"

#include <date/tz.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "engine/calendar/posix_rule.h"

namespace tocsin {
namespace {

constexpr const char* kDatabase = "/usr/share/zoneinfo/";
constexpr std::size_t kMaxVersion = 16;
constexpr std::size_t kMaxFile = 1 << 20;  // of a zone; they have some kilobytes
constexpr int kFirstYear = 1970, kLastYear = 2099;

std::int64_t in_ms(std::chrono::seconds s) { return s.count() * 1000; }

// The rule that the zone's file ends with, between the last two line ends (RFC 8536 §3.3).
std::optional<PosixRule> standing_rule(std::string_view zone) {
  std::ifstream file{kDatabase + std::string{zone}, std::ios::binary};
  std::string bytes(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  if (bytes.size() > kMaxFile || !bytes.starts_with("TZif") || bytes.back() != '\n')
    return std::nullopt;
  bytes.pop_back();
  const std::size_t line = bytes.rfind('\n');
  return line == std::string::npos ? std::nullopt : PosixRule::parse(bytes.substr(line + 1));
}

// Adds what the rule says after the last of `changes`.
void continue_by(const PosixRule& rule, Duration first, std::vector<Zone::Change>& changes) {
  const Instant listed = changes.empty() ? kAlways : changes.back().at;
  for (int year = kFirstYear; year <= kLastYear; ++year) {
    for (const Zone::Change& change : rule.changes(year)) {
      if (change.at <= listed || change.at < kZoneBegin || change.at >= kZoneEnd) continue;
      // Summer time that ends when the next one begins never ends.
      if (!changes.empty() && changes.back().at > listed && change.at <= changes.back().at)
        changes.pop_back();
      const Duration offset = changes.empty() ? first : changes.back().offset;
      if (change.offset != offset) changes.push_back(change);
    }
  }
}

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
    // Not every entry changes the offset: some only rename it. The last lasts for ever, by what the
    // library knows; by the standing rule it need not.
    while (info.end < end && info.end > at) {
      at = info.end;
      info = zone->get_info(at);
      if (in_ms(info.offset) == offset.ms) continue;
      offset = {in_ms(info.offset)};
      changes.push_back({Instant{in_ms(at.time_since_epoch())}, offset});
    }
    const auto rule = standing_rule(name);
    if (!rule) return "the file of time zone `" + std::string{name} + "` ends with no rule";
    continue_by(*rule, first, changes);
    return Zone::make(std::string{name}, tz_data_version(), first, std::move(changes));
  } catch (const std::exception& error) {
    return "no time zone `" + std::string{name} + "` in this machine's tz data: " + error.what();
  }
}

}  // namespace tocsin
