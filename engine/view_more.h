// What lists and figures need of an entity beyond its rows: whether it is over, how urgent it is,
// whose it was at a due, scores, contacts, how far its clocks have come (engine/view.h).
#pragma once

#include "engine/entity/entity.h"
#include "engine/truth/truth.h"
#include "engine/view.h"

namespace tocsin {

// Fills them into a view that has its clocks. Cost: O(facts) for an entity that has met or breached
// thresholds, scores or contacts.
void fill_more(EntityView& view, const Entity& entity, const Truth& truth);

// The same for one clock, from its cycle.
void fill_counted(ClockRow& row, const Cycle& cycle, const Policy& policy);

}  // namespace tocsin
