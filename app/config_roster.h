// The roster file: who is away, who is on call, who comes last.
//
//   on_call: {service_director: Wang Fang, technical_expert: [Zhao Lei, Ana]}
//   fallback: {service_director: Duty desk}
//   away: [Li Wei]
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/policy/roster.h"
#include "events/time.h"

namespace tocsin {

inline constexpr std::string_view kRosterType = "tocsin.engine.roster";

// Throws std::runtime_error naming line and key.
std::shared_ptr<const Roster> parse_roster(const std::string& text);

// The record that puts a roster in force: the whole text.
std::string roster_record(const std::string& text, std::int32_t partition, Instant now);

// The text in `data` of such a record. Throws std::runtime_error.
std::string roster_text(std::string_view data);

}  // namespace tocsin
