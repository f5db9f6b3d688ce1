// Persons whom a fact names (`person`, `by`, `owner`) and the roster does not know: they are kept as
// they are, and counted (contract §9).
//
// Pure; any thread. Cost: a search through the record; what names somebody is read once more.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/policy/roster.h"

namespace tocsin {

// `record`: a fact as the log holds it. 0 where the roster names no people: then nobody is unknown.
std::size_t unknown_persons(std::string_view record, const Roster& roster);

}  // namespace tocsin
