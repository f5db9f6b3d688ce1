// Who is on call as an iCalendar (RFC 5545), for calendars of phones. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/policy/roster.h"

namespace tocsin {

// A stretch in which the same persons play a role.
struct OnCallStretch {
  std::string role;
  std::vector<std::string> persons;
  Instant from, until;
};
inline constexpr std::size_t kStretchesMax = 5'000;

// Of the roles, from `from` to `until`; of `person` alone where one is named. Nobody: no stretch.
std::vector<OnCallStretch> on_call_stretches(const Roster& roster,
                                             const std::vector<std::string>& roles,
                                             const std::string& person, Instant from,
                                             Instant until);

std::string oncall_calendar(const std::vector<OnCallStretch>& stretches, const Roster& roster,
                            Instant now);

}  // namespace tocsin
