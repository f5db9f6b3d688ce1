#include "engine/policy_parse.h"

#include "engine/policy_reader.h"
#include "events/hash.h"
#include "events/time.h"

namespace tocsin {

namespace {

const std::set<std::string> kTopKeys = {"policy", "thresholds", "priorities", "urgent", "tiers", "default_tier", "roles", "hours",
                                        "working_days", "target", "calendars", "kinds", "clocks", "figures", "quiet_before"};

void read_words(PolicyReader& reader, const YAML::Node& root, Policy& policy) {
  policy.name = reader.text(root["policy"], "policy");
  policy.thresholds = reader.list(root["thresholds"], "thresholds");
  if (policy.thresholds.empty() || policy.thresholds.size() > kMaxThresholds) {
    reader.error(root["thresholds"], "thresholds: one or two names");
    policy.thresholds.resize(kMaxThresholds, "?");
  }
  policy.priorities = reader.list(root["priorities"], "priorities");
  if (policy.priorities.empty()) policy.priorities = {""};
  policy.urgent.resize(policy.priorities.size());
  for (const std::string& p : reader.list(root["urgent"], "urgent")) {
    const std::int16_t code = reader.code(root["urgent"], "priority", p, policy.priorities);
    if (code != kNone) policy.urgent[static_cast<std::size_t>(code)] = true;
  }
  policy.tiers = reader.list(root["tiers"], "tiers");
  if (policy.tiers.empty()) policy.tiers = {"standard"};
  if (root["default_tier"].IsDefined()) {
    const std::int16_t code = reader.code(root["default_tier"], "tier", reader.text(root["default_tier"], "default_tier"), policy.tiers);
    if (code != kNone) policy.default_tier = code;
  }
  policy.roles = reader.list(root["roles"], "roles");
  for (std::size_t i = 0; i < policy.roles.size(); ++i) {
    if (policy.roles[i] == "assignee") policy.assignee_role = static_cast<std::int16_t>(i);
    if (policy.roles[i] == "owner") policy.owner_role = static_cast<std::int16_t>(i);
  }
  if (root["target"].IsDefined()) {
    std::string text = reader.text(root["target"], "target");
    double value = 0;
    if (!text.empty() && text.back() == '%') text.pop_back();
    if (!YAML::convert<double>::decode(YAML::Node(text), value) || value <= 0 || value > 100) {
      reader.error(root["target"], "target must be a percentage, like 95%");
    }
    policy.target = value / 100;
  }
  if (root["quiet_before"].IsDefined()) {
    const auto at = parse_rfc3339(reader.text(root["quiet_before"], "quiet_before"));
    if (at) {
      policy.quiet_before = *at;
    } else {
      reader.error(root["quiet_before"], "quiet_before must be an instant, like 2026-03-02T00:00:00+08:00");
    }
  }
}

std::int16_t calendar_named(PolicyReader& reader, const YAML::Node& at, const std::string& name, const Policy& policy) {
  for (std::size_t i = 0; i < policy.calendars.size(); ++i) {
    if (policy.calendars[i].name == name) return static_cast<std::int16_t>(i);
  }
  reader.error(at, "no calendar `" + name + "`");
  return 0;
}

void read_calendar_uses(PolicyReader& reader, const YAML::Node& root, Policy& policy) {
  policy.working_calendar = root["working_days"].IsDefined()
                                ? calendar_named(reader, root["working_days"], reader.text(root["working_days"], "working_days"), policy)
                                : policy.always_calendar;
  policy.tier_calendar.assign(policy.tiers.size(), policy.always_calendar);
  const YAML::Node hours = root["hours"];
  if (!hours.IsDefined()) return;
  if (!hours.IsMap()) {
    reader.error(hours, "hours must be a map of tiers");
    return;
  }
  for (const auto& member : hours) {
    const std::int16_t tier = reader.code(member.first, "tier", member.first.as<std::string>(), policy.tiers);
    if (tier != kNone) {
      policy.tier_calendar[static_cast<std::size_t>(tier)] = calendar_named(reader, member.second, reader.text(member.second, "hours"), policy);
    }
  }
}

}  // namespace

std::variant<std::shared_ptr<const Policy>, std::vector<PolicyError>> compile_policy(const PolicyText& text, const ZoneSource& zones) {
  PolicyReader reader(text.name);
  auto policy = std::make_shared<Policy>();
  YAML::Node root;
  try {
    root = YAML::Load(text.text);
  } catch (const YAML::Exception& e) {
    return std::vector<PolicyError>{{text.name, e.mark.line + 1, e.msg}};
  }
  if (!root.IsMap()) return std::vector<PolicyError>{{text.name, 1, "a policy is a map"}};
  try {
    reader.only(root, "policy", kTopKeys);
    read_words(reader, root, *policy);
    read_calendars(reader, root, text, zones, *policy);
    read_calendar_uses(reader, root, *policy);
    read_kinds(reader, root, *policy);
    read_clocks(reader, root, *policy);
  } catch (const YAML::Exception& e) {
    reader.error_in(text.name, e.mark.line + 1, e.msg);
  }
  if (!reader.errors().empty()) {
    std::stable_sort(reader.errors().begin(), reader.errors().end(), [](const PolicyError& a, const PolicyError& b) { return a.line < b.line; });
    return std::move(reader.errors());
  }
  Hash128 hash = hash128(text.text);
  for (const auto& [name, file] : text.files) hash = hash128(file, hash128(name, hash));
  char hex[33];
  std::snprintf(hex, sizeof hex, "%016llx%016llx", static_cast<unsigned long long>(hash.high), static_cast<unsigned long long>(hash.low));
  policy->hash = hex;
  policy->version = 1;
  return std::shared_ptr<const Policy>(policy);
}

std::vector<std::string> policy_includes(const std::string& text) {
  std::vector<std::string> names;
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap() || !root["calendars"].IsMap()) return names;
    for (const auto& member : root["calendars"]) {
      if (member.second.IsScalar() && member.second.Scalar() != "always") names.push_back(member.second.Scalar());
    }
  } catch (const YAML::Exception&) {
  }
  return names;
}

}  // namespace tocsin
