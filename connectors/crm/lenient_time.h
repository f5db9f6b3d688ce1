// Times as CRMs write them (adapters.md, Times).
//
// Read are: RFC 3339; offsets also as `+0800`, `+08`, and behind a space; a space for the T;
// ` UTC` at the end; `2026/3/2 9:05`; seconds left out; a date alone, which is its start in the
// zone; epoch seconds, milliseconds (above 1e11), microseconds (above 1e14) and nanoseconds (above
// 1e17), with a fraction and an exponent if need be. Digits finer than a millisecond are cut.
// Without an offset the zone counts: of a local time that occurs twice the first, for one in a gap
// the gap's end.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/calendar/zone.h"
#include "events/time.h"

namespace tocsin {

struct LenientTime {
  enum class Outcome : std::uint8_t { kRead, kBad, kWithoutZone };
  Outcome outcome = Outcome::kBad;
  Instant time;
};

// `zone`: null where the adapter names none. `wall_clock`: a number counts local time since 1970.
LenientTime read_lenient_time(std::string_view text, const Zone* zone, bool wall_clock);

}  // namespace tocsin
