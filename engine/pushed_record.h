// How far a push came, as a record of the log (`tocsin.engine.pushed`): for each partition the offset from which
// it goes on. Its subject is the push's name.
//
// Pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/log_port.h"

namespace tocsin {

inline constexpr std::string_view kPushedType = "tocsin.engine.pushed";

// The data of such a record, and what it says of a partition; nullopt: nothing.
std::string pushed_data(const std::map<PartitionId, Offset>& next);
std::optional<Offset> pushed_offset(std::string_view data, PartitionId partition);

}  // namespace tocsin
