// What ends escalation groups: the truth about what they are about (contract §7, §14).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/said/announce.h"

namespace tocsin {

struct Closing {
  std::size_t group;
  DerivedType type;
  Instant time;
  std::string_view cause = {};  // the fact that did it, where this decision is the first to read it
};

// What closes open groups at this decision, whoever acknowledges them: cleared, or withdrawn.
// `a.out[first, last)` are the decision's events on clocks and stages.
std::vector<Closing> closings_of(const Announcement& a, std::size_t first, std::size_t last);

// A hash of the fact that raised a group again.
std::uint64_t reopening_hash(const EntityFact& fact);

}  // namespace tocsin
