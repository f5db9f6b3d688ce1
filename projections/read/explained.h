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

// Whether a scope of sources lets see it: a fact that creates it is of one of them; of what no fact
// created, any fact; and what has no facts. Cost: the entity's state is decoded where the scope has sources.
bool is_of_sources(const Shown& shown, const EntityKey& entity, const Scope& scope,
                   const RecordSource& records);

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
