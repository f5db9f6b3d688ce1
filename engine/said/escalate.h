// Who is told: groups of escalation steps that begin, climb, and close (contract §7).
//
// A group begins with a breach, a warning, a routing or a recurring fault, and stays open until it
// is acknowledged, cleared or withdrawn. Its steps are timed from its beginning. Nothing that is
// over when it is learned begins a group.
#pragma once

#include "engine/said/announce.h"

namespace tocsin {

// Brings the groups up to the truth at `a.now`; `a.out[first…]` are this decision's events on
// clocks and stages. Events are appended.
void escalate(Announcement& a, std::size_t first);

// Begins the group of a recurring fault of an account.
void escalate_fault(Announcement& a, const std::string& name, Instant time, const Ladder& ladder);

// The instant of the next step of any open group; kNever when there is none.
Instant next_step(const Entity& entity, const Policy& policy);

}  // namespace tocsin
