#include "app/roster_record.h"

#include <simdjson.h>

#include <map>
#include <stdexcept>

#include "app/engine_record.h"
#include "app/policy_load.h"
#include "engine/policy/compile/roster.h"
#include "events/hash.h"
#include "events/writer.h"

namespace tocsin {

namespace {

std::shared_ptr<const Roster> compiled(const std::string& file, const std::string& text,
                                       const ZoneSource& zones) {
  auto result = compile_roster(file, text, zones);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&result))
    throw std::runtime_error(describe(*errors));
  return std::get<std::shared_ptr<const Roster>>(result);
}

}  // namespace

std::shared_ptr<const Roster> parse_roster(const std::string& text, const std::string& file) {
  return compiled(file, text, load_zone_for_policy);
}

std::string roster_data(const std::string& text) {
  std::map<std::string, std::string> zones;
  compiled("roster", text, [&](std::string_view name) {
    auto zone = load_zone_for_policy(name);
    if (const auto* found = std::get_if<Zone>(&zone)) zones.emplace(name, found->text());
    return zone;
  });
  std::string data;
  JsonObject object(data);
  object.text("hash", hex(hash128(text))).text("text", text);
  object.name("zones");
  JsonObject list(data);
  for (const auto& [name, zone] : zones) list.text(name, zone);
  list.close();
  object.close();
  return data;
}

std::string override_data(const OverrideRecord& change) {
  const RosterOverride& one = change.override;
  std::string data;
  JsonObject object(data);
  object.text("id", one.id);
  if (change.removed) {
    object.boolean("removed", true);
  } else {
    object.text("role", one.role).text("person", one.person);
    object.time("from", one.from).time("until", one.until);
  }
  if (!one.by.empty()) object.text("by", one.by);
  object.close();
  return data;
}

OverrideRecord override_of_record(std::string_view data) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(data);
  OverrideRecord change;
  const auto text = [&](const char* name, std::string& to) {
    std::string_view value;
    if (root[name].get(value) != simdjson::SUCCESS)
      throw std::runtime_error(std::string("an override needs `") + name + "`");
    to = value;
  };
  if (parser.parse(padded).get(root) != simdjson::SUCCESS)
    throw std::runtime_error("an override is no JSON");
  text("id", change.override.id);
  std::string_view by;
  if (root["by"].get(by) == simdjson::SUCCESS) change.override.by = by;
  if (root["removed"].get(change.removed) == simdjson::SUCCESS && change.removed) return change;
  text("role", change.override.role);
  text("person", change.override.person);
  std::string from, until;
  text("from", from);
  text("until", until);
  const auto begin = parse_rfc3339(from), end = parse_rfc3339(until);
  if (!begin || !end || *end <= *begin)
    throw std::runtime_error("an override needs instants `from` and, later, `until`");
  change.override.from = *begin;
  change.override.until = *end;
  return change;
}

std::string roster_text(std::string_view data) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(data);
  std::string_view text;
  if (parser.parse(padded).get(root) != simdjson::SUCCESS ||
      root["text"].get(text) != simdjson::SUCCESS) {
    throw std::runtime_error("a roster record of the log cannot be read");
  }
  return std::string(text);
}

std::shared_ptr<const Roster> roster_of_record(std::string_view data) {
  const std::string text = roster_text(data);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(data);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS)
    throw std::runtime_error("a roster record of the log cannot be read");
  std::map<std::string, std::string, std::less<>> zones;
  simdjson::dom::object members;
  if (root["zones"].get(members) == simdjson::SUCCESS) {
    std::string_view zone;
    for (const auto member : members) {
      if (member.value.get(zone) == simdjson::SUCCESS) zones.emplace(member.key, zone);
    }
  }
  return compiled("the log's roster", text,
                  [&](std::string_view name) -> std::variant<Zone, std::string> {
                    const auto it = zones.find(name);
                    if (it == zones.end()) return "the record has no zone " + std::string(name);
                    return Zone::parse(it->second);
                  });
}

}  // namespace tocsin
