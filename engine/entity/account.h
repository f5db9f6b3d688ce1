// An account as the engine keeps it: its tier and team, and what recurring faults are read from.
//
// Changes only by facts accepted and by events announced, like an entity. Not thread safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/hash.h"
#include "events/time.h"

namespace tocsin {

// A person or list of persons that plays a role for an account, by the last fact that says so.
struct RoleHolder {
  Instant time;
  std::string order;
  std::vector<std::string> persons;
};

// Openings of one module in one week, in parts of which each is stored by itself: however many
// there are, one more writes a few. An entity's are in the part that its id tells.
class Openings {
 public:
  static constexpr unsigned kParts = 64;
  using Part = std::set<std::pair<std::int64_t, std::string>>;  // by instant in ms, entity id
  static unsigned part_of(std::string_view id) { return hash128(id).low % kParts; }

  // False: it was there.
  bool add(std::int64_t time, const std::string& id) {
    return parts_[part_of(id)].emplace(time, id).second;
  }
  void remove(std::int64_t time, const std::string& id) {
    const auto part = parts_.find(part_of(id));
    if (part == parts_.end()) return;
    part->second.erase({time, id});
    if (part->second.empty()) parts_.erase(part);
  }
  const std::map<unsigned, Part>& parts() const { return parts_; }  // none of them empty
  bool empty() const { return parts_.empty(); }
  // Of one that is not empty.
  std::int64_t first() const {
    std::int64_t first = INT64_MAX;
    for (const auto& [_, part] : parts_) first = std::min(first, part.begin()->first);
    return first;
  }
  friend bool operator==(const Openings&, const Openings&) = default;

 private:
  std::map<unsigned, Part> parts_;
};

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
  // What people call it, by the last `tiered` that says so; empty: unknown.
  Instant name_time{kAlways};
  std::string name_order, title;
  std::map<std::string, RoleHolder> roles;
  std::vector<std::string> provisional;  // entities with a provisional tier: `kind/id`
  // The fact that ended these guesses, by its order, and its arrival; empty: there were none.
  std::string settled_by;
  Instant settled_at{kAlways};
  std::map<std::string, std::map<std::int64_t, Openings>>
      faults;  // module → first instant of the week
  std::set<std::pair<std::string, std::int64_t>> faults_said;

  // Not kept:
  // Modules to look at again, and the fact for which (EntityFact::words.order).
  std::map<std::string, std::string> faults_changed;
  // Where in `faults` an entity's openings stand; made when it is first asked for.
  std::optional<std::unordered_multimap<std::string, OpeningPlace>> places;
  bool changed = false;  // since it was last stored
  // Since it was last stored, of `faults`: parts, and modules of which some came or went; and how
  // much of `provisional` is stored.
  std::set<std::tuple<std::string, std::int64_t, unsigned>> parts_changed;
  std::set<std::string> modules_changed;
  std::size_t provisional_stored = 0;
};

}  // namespace tocsin
