// A roster as a record of the log: the whole text and the zones that it names, so that every node
// at every time reads the same roster from it. docs/roster.md describes the file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/policy/roster.h"
#include "events/time.h"

namespace tocsin {

inline constexpr std::string_view kRosterType = "tocsin.engine.roster";

// The roster of a file's text, zones from this machine's database. Throws std::runtime_error with
// every mistake, `file:line: …`.
std::shared_ptr<const Roster> parse_roster(const std::string& text,
                                           const std::string& file = "roster");

// Somebody stands in by hand, or no longer.
inline constexpr std::string_view kOverrideType = "tocsin.engine.override";
constexpr bool is_roster_type(std::string_view type) {
  return type == kRosterType || type == kOverrideType;
}
struct OverrideRecord {
  RosterOverride override;  // of a removed one only the id
  bool removed = false;
};
std::string override_data(const OverrideRecord& change);
OverrideRecord override_of_record(std::string_view data);  // throws std::runtime_error

// The data of a record that puts a roster in force. Throws as parse_roster does.
std::string roster_data(const std::string& text);

// The text in `data` of such a record, and the roster. Throw std::runtime_error.
std::string roster_text(std::string_view data);
std::shared_ptr<const Roster> roster_of_record(std::string_view data);

}  // namespace tocsin
