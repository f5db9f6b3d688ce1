// A time zone as a value: which offset from UTC held when, from 1970 to the end of 2099.
//
// A Zone is the table of a zone's offset changes. It is made from the IANA database by `load_zone`
// (engine/calendar/zone_load.h), the one place that reads the machine's tz files, or from the text that
// `text` made: that text goes into the log, so that a decision can be taken again years later, on
// another machine, whatever tz data that machine has.
//
// Promises:
//  1. `Zone::parse(zone.text())` gives an equal zone.
//  2. to_local is right for instants in [kZoneBegin, kZoneEnd). Outside, the offset at that edge
//     goes on for ever: defined, but not the truth; callers refuse such instants
//     (Calendar::in_range). A text that version 3 wrote ends in 2037, and so does its truth.
//  3. A local time in a gap (clocks go forward) becomes the gap's end. One that occurs twice
//     (clocks go back) becomes its first occurrence for an opening, its last for a closing.
//
// Example, New York: on 2026-03-08 the clock goes from 02:00 EST to 03:00 EDT at 07:00Z, so 02:30
// is in a gap: to_utc gives 07:00Z. On 2026-11-01 01:30 occurs twice: an opening is 05:30Z, a
// closing 06:30Z.
//
// Immutable; any thread. Cost: a binary search over the changes, at most a few hundred: some 10 ns.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/calendar/calendar_date.h"
#include "events/time.h"

namespace tocsin {

inline constexpr Instant kZoneBegin = kFirstInstant;     // 1970-01-01T00:00Z
inline constexpr Instant kZoneEnd{kLastInstant.ms + 1};  // 2100-01-01T00:00Z, the first one refused

// What a clock on the wall shows, in milliseconds since 1970-01-01T00:00 local time.
struct LocalTime {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(LocalTime, LocalTime) = default;
};

constexpr std::int64_t kMsPerDay = 86'400'000;

// The local date of a local time, and the local time of `since_midnight` on a date.
constexpr LocalDate date_of(LocalTime t) {
  const std::int64_t day = t.ms / kMsPerDay - (t.ms % kMsPerDay < 0 ? 1 : 0);
  // Far beyond every instant that is computed with; a bound keeps the last date the last.
  constexpr std::int64_t kFarthest = 2'000'000'000;
  return {static_cast<std::int32_t>(std::clamp(day, -kFarthest, kFarthest))};
}
constexpr LocalTime local_time(LocalDate date, Duration since_midnight) {
  return {date.day * kMsPerDay + since_midnight.ms};
}

enum class Edge : std::uint8_t { kOpening, kClosing };

class Zone {
 public:
  struct Change {
    Instant at;       // from this instant on …
    Duration offset;  // … local time = UTC + offset
    friend constexpr bool operator==(const Change&, const Change&) = default;
  };

  // More changes than any zone has in these 130 years; a text with more is refused.
  static constexpr std::size_t kMaxChanges = 1024;
  static constexpr std::int64_t kMaxOffsetMs = 26 * 3'600'000;

  // UTC without any change.
  Zone() = default;

  // `first` holds from the beginning; `changes` are ascending in time, each with another offset
  // than the one before. An error text when they are not, or the name is empty or holds `;` or a
  // space.
  static std::variant<Zone, std::string> make(std::string name, std::string version, Duration first,
                                              std::vector<Change> changes);

  // `name;version;offset;at+offset;…`, seconds in decimal:
  // `Europe/Berlin;2026f;3600;638326800+7200;…`.
  std::string text() const;
  // Refuses, with a reason, what `text` does not write. Untrusted input is fine.
  static std::variant<Zone, std::string> parse(std::string_view text);

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }  // of the tz data: `2026f`
  const std::vector<Change>& changes() const { return changes_; }

  Duration offset(Instant t) const;
  LocalTime to_local(Instant t) const;
  LocalDate local_date(Instant t) const { return date_of(to_local(t)); }

  Instant to_utc(LocalTime t, Edge edge) const;

  // The first instant from which on the local date is `date` or later for good. With its successor
  // it bounds a local day, so that local days never overlap and leave nothing out.
  Instant start_of(LocalDate date) const;

  friend bool operator==(const Zone&, const Zone&) = default;

 private:
  std::string name_ = "UTC";
  std::string version_;
  Duration first_;
  std::vector<Change> changes_;
};

}  // namespace tocsin
