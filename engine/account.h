// An account as the engine keeps it: its tier and team, and what recurring faults are read from.
//
// Changes only by facts accepted and by events announced, like an entity. Not thread safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/time.h"

namespace tocsin {

// A person or list of persons that plays a role for an account, by the last fact that says so.
struct RoleHolder {
  Instant time;
  std::string order;
  std::vector<std::string> persons;
};

// Openings of one module in one week, by (instant in ms, entity id).
using Openings = std::set<std::pair<std::int64_t, std::string>>;

struct OpeningPlace {
  std::string module;
  std::int64_t week = 0, time = 0;
  friend bool operator==(const OpeningPlace&, const OpeningPlace&) = default;
};

struct Account {
  std::string name;
  Instant tier_time{kAlways};
  std::string tier_order;
  std::string tier;  // of the last `tiered` accepted so far; empty: none
  std::map<std::string, RoleHolder> roles;
  std::vector<std::string> provisional;  // entities with a provisional tier: `kind/id`
  std::map<std::string, std::map<std::int64_t, Openings>>
      faults;  // module → first instant of the week
  std::set<std::pair<std::string, std::int64_t>> faults_said;

  // Not kept:
  std::set<std::string> faults_changed;  // modules to look at again
  // Where in `faults` an entity's openings stand; made when it is first asked for.
  std::optional<std::unordered_multimap<std::string, OpeningPlace>> places;
  bool changed = false;  // since it was last stored
  // Since it was last stored, of `faults`; and how much of `provisional` is stored.
  std::set<std::pair<std::string, std::int64_t>> weeks_changed;
  std::size_t provisional_stored = 0;
};

}  // namespace tocsin
