// Instants and durations, the only two ways in which this product speaks of time.
//
// An Instant is a point on the UTC time line in whole milliseconds since 1970-01-01T00:00:00Z (leap
// seconds are not counted, as in POSIX). A Duration is a signed number of milliseconds. They are
// different types: adding two instants does not compile.
//
// Both are plain values; every function here is pure and may be called from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

struct Duration {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ms + b.ms}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ms - b.ms}; }
};

constexpr Duration milliseconds(std::int64_t n) { return {n}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1000}; }
constexpr Duration minutes(std::int64_t n) { return {n * 60'000}; }
constexpr Duration hours(std::int64_t n) { return {n * 3'600'000}; }
constexpr Duration days(std::int64_t n) { return {n * 86'400'000}; }

struct Instant {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant a, Duration d) { return {a.ms + d.ms}; }
  friend constexpr Instant operator-(Instant a, Duration d) { return {a.ms - d.ms}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ms - b.ms}; }
};

// Later and earlier than every instant that the product computes with.
inline constexpr Instant kNever{std::numeric_limits<std::int64_t>::max()};
inline constexpr Instant kAlways{std::numeric_limits<std::int64_t>::min()};

// What facts may speak of (contract §2): 1970-01-01T00:00:00.000Z to 2099-12-31T23:59:59.999Z.
inline constexpr Instant kFirstInstant{0}, kLastInstant{4'102'444'799'999};
constexpr bool in_calendar_range(Instant t) { return t >= kFirstInstant && t <= kLastInstant; }

// Reads RFC 3339 `date-time` with an offset: `2026-03-02T09:15:00.123+08:00`, `t` and `z` in lower
// case too. Digits finer than a millisecond are cut. nullopt for anything else: a missing offset, a
// space for the T, a second of 60, a day that the month has not, a year outside 0000–9999.
std::optional<Instant> parse_rfc3339(std::string_view text);

// `2026-03-02T01:15:00.000Z`, always 24 characters for years 0000–9999.
std::string format_rfc3339(Instant t);

// Appends the same to `out` without allocating when there is room.
void append_rfc3339(std::string& out, Instant t);

// Writes the same to `to`, which has room for kRfc3339Max characters; returns where it ends.
inline constexpr int kRfc3339Max = 32;
char* write_rfc3339(char* to, Instant t);

}  // namespace tocsin
