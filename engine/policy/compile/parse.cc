#include "engine/policy/compile/parse.h"

#include <algorithm>
#include <tuple>

#include "engine/policy/compile/reader.h"
#include "engine/policy/compile/written_out.h"
#include "engine/policy/translate.h"
#include "events/hash.h"
#include "events/time.h"

namespace tocsin {

namespace {

void read_names(PolicyReader& reader, const Yaml& root, Policy& policy) {
  policy.name = reader.text(reader.required(root, "policy", "the policy"), "policy");
  const auto names = [&](const char* key, const char* what) {
    std::vector<std::string> words = reader.names(root[key], key);
    if (words.empty() && !root[key].absent()) reader.give_up(what);
    return words;
  };
  reader.required(root, "thresholds", "the policy");
  policy.thresholds = names("thresholds", "threshold");
  if (policy.thresholds.size() > kMaxThresholds) {
    reader.error(root["thresholds"], "thresholds: at most " + std::to_string(kMaxThresholds) +
                                         " names, the earlier due first");
    reader.give_up("threshold");
  }
  for (const std::string& threshold : policy.thresholds) {
    if (threshold == "warned" || threshold == "enters")
      reader.error(root["thresholds"], "thresholds: `" + threshold + "` means something else");
  }
  if (policy.thresholds.size() > kMaxThresholds) policy.thresholds.resize(kMaxThresholds);
  policy.priorities = names("priorities", "priority");
  if (policy.priorities.empty()) policy.priorities = {""};
  policy.urgent.resize(policy.priorities.size());
  for (const Word& word : reader.list(root["urgent"], "urgent")) {
    const PriorityCode code =
        reader.code(word.line, "urgent", "priority", word.text, policy.priorities);
    if (code != kNone) policy.urgent[code] = true;
  }
  policy.tiers = names("tiers", "tier");
  if (policy.tiers.empty()) policy.tiers = {"standard"};
  const std::string tier = reader.text(root["default_tier"], "default_tier");
  if (!tier.empty()) {
    const TierCode code =
        reader.code(root["default_tier"].line, "default_tier", "tier", tier, policy.tiers);
    if (code != kNone) policy.default_tier = code;
  }
  policy.roles = names("roles", "role");
  policy.assignee_role = place_of("assignee", policy.roles);
  policy.owner_role = place_of("owner", policy.roles);
}

// `95%`, `99.5%`.
void read_target(PolicyReader& reader, const Yaml& node, Policy& policy) {
  const std::string text = reader.text(node, "target");
  if (text.empty()) return;
  const std::size_t dot = std::min(text.find('.'), text.size() - 1);
  const auto whole = whole_number(std::string_view(text).substr(0, dot), 100);
  const std::string_view decimals =
      text[dot] == '.' ? std::string_view(text).substr(dot + 1, text.size() - dot - 2) : "0";
  const auto part = decimals.size() <= 3 ? whole_number(decimals, 999) : std::nullopt;
  double percent = 0;
  if (whole && part) {
    percent = static_cast<double>(*part);
    for (std::size_t i = 0; i < decimals.size(); ++i) percent /= 10;
    percent += static_cast<double>(*whole);
  }
  if (text.back() != '%' || percent <= 0 || percent > 100)
    return reader.wrong(node, "target", "a percentage up to 100%, like 95%");
  policy.target = percent / 100;
}

void read_quiet_before(PolicyReader& reader, const Yaml& node, Policy& policy) {
  const std::string text = reader.text(node, "quiet_before");
  if (text.empty()) return;
  const auto at = parse_rfc3339(text);
  if (!at)
    return reader.wrong(node, "quiet_before",
                        "an instant with an offset, like 2026-03-02T00:00:00+08:00");
  policy.quiet_before = *at;
}

CalendarCode calendar_named(PolicyReader& reader, const Yaml& node, const std::string& where,
                            const Policy& policy) {
  const std::string name = reader.text(node, where);
  const CalendarCode code =
      name.empty() ? CalendarCode()
                   : reader.code(node.line, where, "calendar", name, calendar_names(policy));
  return code == kNone ? policy.always_calendar : code;
}

// A calendar, or `{default: business, A: plant}`: `wd` counts by that of the tier, dates and periods
// by the default.
void read_working_days(PolicyReader& reader, const Yaml& node, Policy& policy) {
  const bool by_tier = node.is_map();
  const Yaml& common = by_tier ? reader.required(node, "default", "working_days") : node;
  policy.working_calendar = calendar_named(reader, common, "working_days", policy);
  policy.tier_working.assign(policy.tiers.size(), policy.working_calendar);
  if (!by_tier) return;
  for (const Yaml& member : node.values) {
    if (member.key == "default") continue;
    const TierCode tier =
        reader.code(member.key_line, "working_days", "tier", member.key, policy.tiers);
    if (tier != kNone) {
      policy.tier_working[tier] =
          calendar_named(reader, member, "working_days " + member.key, policy);
    }
  }
}

void read_calendar_uses(PolicyReader& reader, const Yaml& root, Policy& policy) {
  const std::size_t before = reader.errors().size();
  read_working_days(reader, root["working_days"], policy);
  if (reader.errors().size() != before) reader.give_up("working days");
  policy.tier_calendar.assign(policy.tiers.size(), policy.always_calendar);
  const Yaml& hours = root["hours"];
  if (!reader.map(hours, "hours")) return;
  for (const Yaml& member : hours.values) {
    const TierCode tier = reader.code(member.key_line, "hours", "tier", member.key, policy.tiers);
    if (tier != kNone)
      policy.tier_calendar[tier] = calendar_named(reader, member, "hours " + member.key, policy);
  }
  for (const std::string& tier : policy.tiers) {
    if (hours[tier].absent())
      reader.error(hours, "hours: those of tier `" + tier + "` are missing");
  }
}

}  // namespace

std::string policy_hash(const PolicyText& text) {
  Hash128 hash = hash128(text.text);
  for (const auto& [name, file] : text.files) hash = hash128(file, hash128(name, hash));
  return hex(hash);
}

std::variant<std::shared_ptr<const Policy>, std::vector<PolicyError>> compile_policy(
    const PolicyText& text, const ZoneSource& zones) {
  std::vector<PolicyError> errors;
  std::vector<YamlFault> faults;
  PolicyReader reader(text.name, errors);
  const Yaml root = read_yaml(text.text, faults);
  for (const YamlFault& fault : faults) reader.error(fault.line, fault.reason);
  auto policy = std::make_shared<Policy>();
  if (root.is_map()) {
    reader.map(root, "the policy",
               {"policy", "thresholds", "priorities", "urgent", "tiers", "default_tier", "roles",
                "hours", "working_days", "target", "calendars", "kinds", "clocks", "figures",
                "quiet_before", "labels"});
    read_names(reader, root, *policy);
    read_target(reader, root["target"], *policy);
    read_quiet_before(reader, root["quiet_before"], *policy);
    read_calendars(reader, root, text, zones, errors, *policy);
    read_calendar_uses(reader, root, *policy);
    read_kinds(reader, root, *policy);
    read_clocks(reader, root, *policy);
    read_figures(reader, root["figures"], *policy);
    read_labels(reader, root, *policy);
    if (!text.in_force) check_sense(reader, root, *policy);
  } else if (faults.empty()) {
    reader.error(1, "a policy is a map of keys, like `policy: my-organisation`");
  }
  if (!errors.empty()) {
    const auto less = [](const PolicyError& a, const PolicyError& b) {
      return std::tie(a.file, a.line, a.reason) < std::tie(b.file, b.line, b.reason);
    };
    const auto same = [](const PolicyError& a, const PolicyError& b) {
      return a.file == b.file && a.line == b.line && a.reason == b.reason;
    };
    std::sort(errors.begin(), errors.end(), less);
    errors.erase(std::unique(errors.begin(), errors.end(), same), errors.end());
    return errors;
  }
  policy->hash = policy_hash(text);
  policy->hash_alone = policy_hash(written_out(text));
  policy->version = 1;
  return std::shared_ptr<const Policy>(policy);
}

std::vector<std::string> policy_includes(const std::string& text) {
  std::vector<YamlFault> faults;
  const Yaml root = read_yaml(text, faults);
  std::vector<std::string> names;
  for (const Yaml& member : root["calendars"].values) {
    if (member.is_text() && member.text != "always") names.push_back(member.text);
  }
  return names;
}

}  // namespace tocsin
