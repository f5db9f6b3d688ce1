// The order of a round (contract §4.9), the same over every backend and as `tocsin simulate` has it:
//
//   tell_before(arrival)    what fell due before the facts of an arrival instant
//   room.arrive(…)…         the facts of that instant, together
//   room.decide(…)          about them
//   tell_due(now)           what is due by now
//
// `allowed`: dues after it may not be told yet, for facts that were there before them may be unread
// (kAlways: none may). `most`: entities that fall due, at most; what is left comes with the next round.
#pragma once

#include <algorithm>

#include "app/room.h"

namespace tocsin {

inline void tell_due(Room& room, Instant now, Instant allowed, std::size_t most) {
  const Instant until = std::min(now, allowed);
  if (room.next_due() <= until) room.fire(until, now, most);
}

// Dues wait so long that writing their views should wait for them (StorePort::hold_back).
inline constexpr Duration kArrears = milliseconds(100);
inline bool in_arrears(Room& room, Instant now, Instant allowed) {
  const Instant due = room.next_due();
  return due <= allowed && due + kArrears < now;
}

inline void tell_before(Room& room, Instant arrival, Instant allowed, std::size_t most) {
  const Instant until{std::min(arrival.ms - 1, allowed.ms)};
  if (until >= room.latest()) tell_due(room, until, until, most);
}

}  // namespace tocsin
