// Helpers of the policy parser: looking into YAML nodes while collecting errors with their lines.
// Private to engine/policy_*.cc.
#pragma once

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/policy_parse.h"

namespace tocsin {

class PolicyReader {
 public:
  explicit PolicyReader(std::string file) : file_(std::move(file)) {}

  void error(const YAML::Node& at, const std::string& reason) {
    const int line = at.IsDefined() || at.Mark().line >= 0 ? at.Mark().line + 1 : 0;
    errors_.push_back({file_, line, reason});
  }
  void error_in(const std::string& file, int line, const std::string& reason) {
    errors_.push_back({file, line, reason});
  }
  std::vector<PolicyError>& errors() { return errors_; }

  // Refuses keys that are not in `known`.
  void only(const YAML::Node& map, const std::string& where, const std::set<std::string>& known) {
    if (!map.IsDefined() || map.IsNull()) return;
    if (!map.IsMap()) {
      error(map, where + " must be a map");
      return;
    }
    for (const auto& member : map) {
      const auto key = member.first.as<std::string>();
      if (known.count(key) == 0) error(member.first, where + ": unknown key `" + key + "`");
    }
  }

  std::string text(const YAML::Node& node, const std::string& where) {
    if (node.IsDefined() && node.IsScalar()) return node.Scalar();
    error(node, where + " must be text");
    return {};
  }

  std::vector<std::string> list(const YAML::Node& node, const std::string& where) {
    std::vector<std::string> out;
    if (!node.IsDefined() || node.IsNull()) return out;
    if (node.IsScalar()) return {node.Scalar()};
    if (!node.IsSequence()) {
      error(node, where + " must be a list");
      return out;
    }
    for (const auto& item : node) out.push_back(text(item, where));
    return out;
  }

  bool flag(const YAML::Node& node, const std::string& where, bool otherwise = false) {
    if (!node.IsDefined()) return otherwise;
    bool value = otherwise;
    if (!YAML::convert<bool>::decode(node, value)) error(node, where + " must be true or false");
    return value;
  }

  std::optional<std::int64_t> integer(const YAML::Node& node, const std::string& where) {
    std::int64_t value = 0;
    if (node.IsDefined() && node.IsScalar() && YAML::convert<std::int64_t>::decode(node, value)) return value;
    error(node, where + " must be a whole number");
    return std::nullopt;
  }

  // Place of `word` in `words`; an error and kNone when it is not there.
  std::int16_t code(const YAML::Node& at, const std::string& what, const std::string& word,
                    const std::vector<std::string>& words) {
    const auto it = std::find(words.begin(), words.end(), word);
    if (it != words.end()) return static_cast<std::int16_t>(it - words.begin());
    std::string known;
    for (const std::string& w : words) known += (known.empty() ? "" : ", ") + w;
    error(at, "unknown " + what + " `" + word + "` (known: " + known + ")");
    return kNone;
  }

 private:
  std::string file_;
  std::vector<PolicyError> errors_;
};

// `15m`, `3wd`, `24h`, `90s`, `1d`, `500ms`; nullopt when it is none.
std::optional<Allowance> read_allowance(const std::string& text);

// The parser's parts, each filling its own piece of the policy.
void read_calendars(PolicyReader& reader, const YAML::Node& root, const PolicyText& text,
                    const ZoneSource& zones, Policy& policy);
void read_kinds(PolicyReader& reader, const YAML::Node& root, Policy& policy);
void read_clocks(PolicyReader& reader, const YAML::Node& root, Policy& policy);
// `{steps: […], tier_also: …, urgent_also: …, by_tier: …}`
LadderRow read_ladder(PolicyReader& reader, const YAML::Node& node, const std::string& where,
                      const Policy& policy);
// `first messaged from=staff in=2 with-due unless-resolved`, or `stage 2`.
std::optional<Trigger> read_trigger(PolicyReader& reader, const YAML::Node& at, const std::string& text,
                                    const KindSpec& kind);
std::vector<Trigger> read_triggers(PolicyReader& reader, const YAML::Node& node,
                                   const std::string& where, const KindSpec& kind);
VerbMask read_verbs(PolicyReader& reader, const YAML::Node& node, const std::string& where,
                    const KindSpec& kind);
std::int16_t verb_code(const KindSpec& kind, const std::string& name);

}  // namespace tocsin
