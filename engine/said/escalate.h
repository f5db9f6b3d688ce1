// Who is told: groups of escalation steps that begin, climb, and close (contract §7, §14).
//
// A group begins with a breach, a warning, a routing or a recurring fault, and stays open until it
// is acknowledged, cleared or withdrawn; an acknowledgement may run out. Nothing that is over when
// it is learned begins a group; what is found to be not over later begins it then. A breach that
// stands when its clock runs on raises its group again.
//
// What calls for a group is in the Truth (breaches, reopenings, routings, runs); what was raised is
// in the Entity. `escalate` says the difference, then what facts ask for (acknowledge, escalate),
// then what time asks for.
#pragma once

#include "engine/said/announce.h"

namespace tocsin {

// Brings the groups up to the truth at `a.now`; `a.out[first…]` are this decision's events on
// clocks and stages. Events are appended.
void escalate(Announcement& a, std::size_t first);

// Begins the group of a recurring fault of an account.
void escalate_fault(Announcement& a, const std::string& name, Instant time);

// Why a group is raised, in the words of the log.
const char* reason_of(GroupKey::Kind kind);

}  // namespace tocsin
