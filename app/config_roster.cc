#include "app/config_roster.h"

#include <simdjson.h>
#include <yaml-cpp/yaml.h>

#include <stdexcept>

#include "app/engine_record.h"
#include "events/writer.h"

namespace tocsin {

namespace {

[[noreturn]] void refuse(const YAML::Node& at, const std::string& why) {
  throw std::runtime_error("roster, line " + std::to_string(at.Mark().line + 1) + ": " + why);
}

std::vector<std::string> names(const YAML::Node& node) {
  if (node.IsScalar() && !node.Scalar().empty()) return {node.Scalar()};
  std::vector<std::string> out;
  if (!node.IsSequence()) refuse(node, "a name or a list of names is wanted");
  for (const auto& item : node) {
    if (!item.IsScalar() || item.Scalar().empty()) refuse(item, "a name is wanted");
    out.push_back(item.Scalar());
  }
  return out;
}

}  // namespace

std::shared_ptr<const Roster> parse_roster(const std::string& text) {
  auto roster = std::make_shared<Roster>();
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return roster;
    if (!root.IsMap()) refuse(root, "a roster is a map of on_call, fallback and away");
    for (const auto& member : root) {
      const auto key = member.first.as<std::string>();
      if (key == "away") {
        for (const std::string& name : names(member.second)) roster->away.insert(name);
      } else if (key == "on_call" || key == "fallback") {
        if (!member.second.IsMap()) refuse(member.second, key + " is a map of roles");
        auto& roles = key == "on_call" ? roster->on_call : roster->fallback;
        for (const auto& role : member.second)
          roles[role.first.as<std::string>()] = names(role.second);
      } else {
        refuse(member.first, "unknown key `" + key + "` (known: on_call, fallback, away)");
      }
    }
  } catch (const YAML::Exception& e) {
    throw std::runtime_error("roster, line " + std::to_string(e.mark.line + 1) + ": " + e.msg);
  }
  return roster;
}

std::string roster_record(const std::string& text, std::int32_t partition, Instant now) {
  std::string data;
  JsonObject(data).text("text", text).close();
  const std::string id = "roster/" + std::to_string(partition) + "/" + std::to_string(now.ms);
  return engine_record(kRosterType, id, data, now);
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

}  // namespace tocsin
