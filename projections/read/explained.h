// GET …/explain: the proof of an entity's dues, from the engine's state in the store.
//
// Any thread. Cost: the entity's facts are read from the start.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/explain.h"
#include "projections/read/render.h"

namespace tocsin {

// Of one clock (empty: all) and cycle (empty: all), as of `shown.now`. nullopt: there is no such
// entity.
std::optional<std::vector<ExplainedClock>> explain_entity(const Shown& shown,
                                                          const EntityKey& entity,
                                                          const std::string& clock,
                                                          const std::string& cycle);

// The members of one clock's proof beside the entity's.
std::string explained_json(const Shown& shown, const EntityKey& entity,
                           const ExplainedClock& clock);
// {"clocks":[…]}
std::string explained_json(const Shown& shown, const EntityKey& entity,
                           const std::vector<ExplainedClock>& clocks);

}  // namespace tocsin
