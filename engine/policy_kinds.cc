#include "engine/policy_reader.h"

namespace tocsin {

namespace {

const std::set<std::string> kLadderKeys = {"steps", "tier_also", "urgent_also", "by_tier", "on", "same_as_breach", "enters"};

std::vector<Step> read_steps(PolicyReader& reader, const YAML::Node& node, const std::string& where,
                             const Policy& policy) {
  std::vector<Step> steps;
  if (!node.IsDefined()) return steps;
  if (!node.IsSequence()) {
    reader.error(node, where + ": steps must be a list");
    return steps;
  }
  for (const auto& item : node) {
    reader.only(item, where + " step", {"tell", "after", "times"});
    if (!item.IsMap()) continue;
    Step step;
    for (const std::string& role : reader.list(item["tell"], where + " tell")) {
      const std::int16_t code = reader.code(item["tell"], "role", role, policy.roles);
      if (code != kNone) step.roles.push_back(code);
    }
    if (step.roles.empty()) reader.error(item, where + ": a step tells nobody");
    if (item["after"].IsDefined()) {
      const auto after = read_allowance(reader.text(item["after"], where + " after"));
      if (!after || after->amount <= 0) {
        reader.error(item["after"], where + ": after must be a duration like 15m or 1wd");
      } else if (after->kind == Allowance::Kind::kWorkingDays) {
        step.working_days = static_cast<std::int16_t>(after->amount);
      } else {
        step.after = {after->amount};
      }
    } else if (!steps.empty()) {
      reader.error(item, where + ": only the first step has no `after`");
    }
    const std::int64_t times = item["times"].IsDefined() ? reader.integer(item["times"], where + " times").value_or(1) : 1;
    if (times < 1 || times > 1000 || (times > 1 && step.working_days > 0)) {
      reader.error(item["times"], where + ": times must be 1 to 1000, and not with working days");
      continue;
    }
    const Duration each = step.after;
    for (std::int64_t i = 1; i <= times; ++i) {
      step.after = {each.ms * i};
      steps.push_back(step);
    }
  }
  return steps;
}

Form form_of(const std::string& word) {
  static const std::map<std::string, Form> forms = {
      {"any", Form::kAny},       {"priority", Form::kPriority}, {"tier", Form::kTier},
      {"due", Form::kDue},       {"person", Form::kPerson},     {"persons", Form::kPersons},
      {"role", Form::kRole},     {"text", Form::kText},         {"module", Form::kModule},
      {"group", Form::kGroup},   {"owner", Form::kOwner}};
  const auto it = forms.find(word);
  return it == forms.end() ? Form::kScore : it->second;
}

void read_fields(PolicyReader& reader, const YAML::Node& data, const std::string& where, VerbSpec& verb) {
  if (!data.IsDefined()) return;
  if (!data.IsMap()) {
    reader.error(data, where + ": data must be a map of fields");
    return;
  }
  bool has_choice = !verb.subjects.empty();
  for (const auto& member : data) {
    Field field;
    field.name = member.first.as<std::string>();
    if (!field.name.empty() && field.name.back() == '!') {
      field.required = true;
      field.name.pop_back();
    }
    if (member.second.IsSequence()) {
      field.form = Form::kChoice;
      field.words = reader.list(member.second, where + "." + field.name);
      if (has_choice) reader.error(member.second, where + ": only one field may have words of its own");
      has_choice = true;
    } else {
      const std::string form = reader.text(member.second, where + "." + field.name);
      field.form = form_of(form);
      const auto dots = form.find("..");
      if (field.form == Form::kScore) {
        try {
          if (dots == std::string::npos) throw std::invalid_argument(form);
          field.low = std::stoi(form.substr(0, dots));
          field.high = std::stoi(form.substr(dots + 2));
        } catch (const std::exception&) {
          reader.error(member.second, where + "." + field.name + ": unknown form `" + form + "`");
        }
      }
    }
    verb.fields.push_back(std::move(field));
  }
}

void read_facts(PolicyReader& reader, const YAML::Node& node, KindSpec& kind, bool on_account) {
  if (!node.IsMap()) {
    reader.error(node, kind.name + ": facts must be a map of verbs");
    return;
  }
  bool created = false;
  for (const auto& member : node) {
    VerbSpec verb;
    verb.name = member.first.as<std::string>();
    const std::string where = kind.name + "." + verb.name;
    const YAML::Node& spec = member.second;
    reader.only(spec, where, {"creates", "always", "acknowledges", "data", "subjects"});
    if (spec.IsMap()) {
      verb.creates = reader.flag(spec["creates"], where + " creates");
      const bool acknowledges = reader.flag(spec["acknowledges"], where + " acknowledges");
      verb.uncreated = reader.flag(spec["always"], where + " always") || acknowledges;
      verb.subjects = reader.list(spec["subjects"], where + " subjects");
      read_fields(reader, spec["data"], where, verb);
      if (acknowledges) kind.acknowledge_verb = static_cast<std::int16_t>(kind.verbs.size());
    }
    verb.subject_is_account = on_account && verb.name.find('.') == std::string::npos;
    created = created || verb.creates;
    kind.verbs.push_back(std::move(verb));
  }
  if (!created) reader.error(node, kind.name + ": no fact creates it");
  if (kind.verbs.size() > kMaxVerbs) reader.error(node, kind.name + ": more than 64 verbs");
}

void read_moves(PolicyReader& reader, const YAML::Node& node, KindSpec& kind) {
  if (!node.IsDefined()) return;
  for (const auto& item : node) {
    reader.only(item, kind.name + " move", {"on", "from", "to", "reason"});
    if (!item.IsMap()) continue;
    StageMove move;
    const auto on = read_trigger(reader, item["on"], reader.text(item["on"], kind.name + " move on"), kind);
    if (!on) continue;
    move.verb = on->verb;
    move.choice = on->choice;
    for (const std::string& stage : reader.list(item["from"], kind.name + " move from")) {
      move.from.push_back(reader.code(item["from"], "stage", stage, kind.stages));
    }
    move.to = reader.code(item["to"], "stage", reader.text(item["to"], kind.name + " move to"), kind.stages);
    move.reason = item["reason"].IsDefined() ? reader.text(item["reason"], "reason") : kind.verbs[static_cast<std::size_t>(move.verb)].name;
    kind.moves.push_back(std::move(move));
  }
}

void read_routing(PolicyReader& reader, const YAML::Node& node, KindSpec& kind, const Policy& policy) {
  RoutingSpec& routing = kind.routing;
  routing.by_priority.resize(policy.priorities.size());
  routing.on_raise.resize(policy.priorities.size());
  routing.on_reopen.resize(policy.priorities.size());
  routing.by_stage.resize(kind.stages.size());
  if (!node.IsDefined()) return;
  if (!node.IsMap()) {
    reader.error(node, kind.name + ": routing must be a map");
    return;
  }
  for (const auto& member : node) {
    const auto key = member.first.as<std::string>();
    const std::string where = kind.name + " routing " + key;
    if (key == "cleared_by") {
      routing.clear = read_triggers(reader, member.second, where, kind);
    } else if (key.starts_with("stage ")) {
      const std::int16_t stage = reader.code(member.first, "stage", key.substr(6), kind.stages);
      if (stage != kNone) routing.by_stage[static_cast<std::size_t>(stage)] = read_ladder(reader, member.second, where, policy);
    } else {
      const std::int16_t priority = reader.code(member.first, "priority", key, policy.priorities);
      if (priority == kNone) continue;
      const auto p = static_cast<std::size_t>(priority);
      routing.by_priority[p] = read_ladder(reader, member.second, where, policy);
      for (const std::string& on : reader.list(member.second["on"], where + " on")) {
        if (on == "raised") {
          routing.on_raise[p] = true;
        } else if (on == "reopened") {
          routing.on_reopen[p] = true;
        } else if (on != "opened") {
          reader.error(member.second["on"], where + ": on is opened, raised or reopened");
        }
      }
    }
  }
}

void read_fault(PolicyReader& reader, const YAML::Node& node, KindSpec& kind, const Policy& policy) {
  if (!node.IsDefined()) return;
  const std::string where = kind.name + " recurring_fault";
  reader.only(node, where, {"weeks", "priorities", "not", "steps"});
  kind.fault.enabled = true;
  kind.fault.weeks = static_cast<int>(reader.integer(node["weeks"], where + " weeks").value_or(3));
  if (kind.fault.weeks < 1 || kind.fault.weeks > 52) reader.error(node["weeks"], where + ": weeks must be 1 to 52");
  kind.fault.priorities.resize(policy.priorities.size());
  for (const std::string& p : reader.list(node["priorities"], where)) {
    const std::int16_t code = reader.code(node["priorities"], "priority", p, policy.priorities);
    if (code != kNone) kind.fault.priorities[static_cast<std::size_t>(code)] = true;
  }
  kind.fault.not_when = read_verbs(reader, node["not"], where + " not", kind);
  kind.fault.ladder.steps = read_steps(reader, node["steps"], where, policy);
}

std::int16_t one_verb(PolicyReader& reader, const YAML::Node& node, const std::string& where, const KindSpec& kind) {
  if (!node.IsDefined()) return kNone;
  const std::string name = reader.text(node, where);
  const std::int16_t code = verb_code(kind, name);
  if (code == kNone) reader.error(node, where + ": unknown verb `" + name + "`");
  return code;
}

void read_kind(PolicyReader& reader, const std::string& name, const YAML::Node& node, Policy& policy) {
  reader.only(node, name, {"about", "priorities", "urgency", "assignee", "team", "tier", "resolved", "reopened", "paused",
                           "resumed", "ended", "cancelled", "revived", "periods_begin", "stages", "moves", "facts",
                           "routing", "recurring_fault", "warning", "breach"});
  if (!node.IsMap()) return;
  KindSpec kind;
  kind.name = name;
  const bool on_account = node["about"].IsDefined();
  if (on_account && reader.text(node["about"], name + " about") != "account") {
    reader.error(node["about"], name + ": about can only be `account`");
  }
  kind.on_account = on_account;
  read_facts(reader, node["facts"], kind, on_account);
  if (node["priorities"].IsDefined()) {
    const YAML::Node p = node["priorities"];
    reader.only(p, name + " priorities", {"default", "changed_by"});
    kind.prioritized = true;
    kind.default_priority = reader.code(p["default"], "priority", reader.text(p["default"], "default"), policy.priorities);
    kind.priority_verb = one_verb(reader, p["changed_by"], name + " changed_by", kind);
  }
  kind.urgent_always = node["urgency"].IsDefined() && reader.text(node["urgency"], "urgency") == "high";
  kind.assign_verb = one_verb(reader, node["assignee"], name + " assignee", kind);
  kind.role_verb = one_verb(reader, node["team"], name + " team", kind);
  kind.resolves = read_verbs(reader, node["resolved"], name + " resolved", kind);
  kind.reopens = read_verbs(reader, node["reopened"], name + " reopened", kind);
  kind.pauses = read_verbs(reader, node["paused"], name + " paused", kind);
  kind.resumes = read_verbs(reader, node["resumed"], name + " resumed", kind);
  kind.cancels = read_verbs(reader, node["cancelled"], name + " cancelled", kind);
  kind.revives = read_verbs(reader, node["revived"], name + " revived", kind);
  kind.life = read_verbs(reader, node["periods_begin"], name + " periods_begin", kind);
  kind.tiers = read_verbs(reader, node["tier"], name + " tier", kind);
  kind.after_end.resize(kind.verbs.size(), 0);
  if (node["ended"].IsDefined()) {
    for (const auto& member : node["ended"]) {
      const auto verb = verb_code(kind, member.first.as<std::string>());
      if (verb == kNone) {
        reader.error(member.first, name + " ended: unknown verb `" + member.first.as<std::string>() + "`");
        continue;
      }
      kind.ends |= VerbMask{1} << verb;
      kind.after_end[static_cast<std::size_t>(verb)] = read_verbs(reader, member.second, name + " ended", kind);
    }
  }
  kind.stages = reader.list(node["stages"], name + " stages");
  read_moves(reader, node["moves"], kind);
  read_routing(reader, node["routing"], kind, policy);
  read_fault(reader, node["recurring_fault"], kind, policy);
  for (std::size_t v = 0; v < kind.verbs.size(); ++v) {
    const std::string& verb = kind.verbs[v].name;
    const std::string type = verb.find('.') == std::string::npos ? name + "." + verb : verb;
    const TypeRef ref{static_cast<std::int16_t>(policy.kinds.size()), static_cast<std::int16_t>(v), on_account};
    if (!policy.types.emplace(type, ref).second) reader.error(node["facts"], name + ": type `" + type + "` occurs twice");
  }
  policy.kinds.push_back(std::move(kind));
}

}  // namespace

std::int16_t verb_code(const KindSpec& kind, const std::string& name) {
  for (std::size_t i = 0; i < kind.verbs.size(); ++i) {
    if (kind.verbs[i].name == name) return static_cast<std::int16_t>(i);
  }
  return kNone;
}

VerbMask read_verbs(PolicyReader& reader, const YAML::Node& node, const std::string& where, const KindSpec& kind) {
  VerbMask mask = 0;
  for (const std::string& name : reader.list(node, where)) {
    const std::int16_t code = verb_code(kind, name);
    if (code == kNone) {
      reader.error(node, where + ": unknown verb `" + name + "`");
    } else {
      mask |= VerbMask{1} << code;
    }
  }
  return mask;
}

std::optional<Trigger> read_trigger(PolicyReader& reader, const YAML::Node& at, const std::string& text, const KindSpec& kind) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t space = std::min(text.find(' ', i), text.size());
    if (space > i) words.push_back(text.substr(i, space - i));
    i = space + 1;
  }
  Trigger trigger;
  std::size_t w = 0;
  if (words.size() == 2 && words[0] == "stage") {
    trigger.enters = reader.code(at, "stage", words[1], kind.stages);
    return trigger.enters == kNone ? std::nullopt : std::optional(trigger);
  }
  if (w < words.size() && words[w] == "first") {
    trigger.first = true;
    ++w;
  }
  if (w == words.size()) {
    reader.error(at, kind.name + ": a trigger names a verb");
    return std::nullopt;
  }
  trigger.verb = verb_code(kind, words[w]);
  if (trigger.verb == kNone) {
    reader.error(at, kind.name + ": unknown verb `" + words[w] + "`");
    return std::nullopt;
  }
  const VerbSpec& verb = kind.verbs[static_cast<std::size_t>(trigger.verb)];
  for (++w; w < words.size(); ++w) {
    const std::size_t equals = words[w].find('=');
    const std::string key = words[w].substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : words[w].substr(equals + 1);
    if (words[w] == "with-due") {
      trigger.has_due = true;
    } else if (words[w] == "unless-resolved") {
      trigger.unless_resolved = true;
    } else if (key == "in") {
      trigger.stage = reader.code(at, "stage", value, kind.stages);
    } else if (key == "subject") {
      trigger.choice = reader.code(at, "subject", value, verb.subjects);
    } else {
      const auto field = std::find_if(verb.fields.begin(), verb.fields.end(),
                                      [&](const Field& f) { return f.name == key && f.form == Form::kChoice; });
      if (field == verb.fields.end()) {
        reader.error(at, kind.name + "." + verb.name + ": no field `" + key + "` with words of its own");
        return std::nullopt;
      }
      trigger.choice = reader.code(at, key, value, field->words);
    }
  }
  return trigger;
}

std::vector<Trigger> read_triggers(PolicyReader& reader, const YAML::Node& node, const std::string& where, const KindSpec& kind) {
  std::vector<Trigger> out;
  for (const std::string& text : reader.list(node, where)) {
    if (auto trigger = read_trigger(reader, node, text, kind)) out.push_back(*trigger);
  }
  return out;
}

LadderRow read_ladder(PolicyReader& reader, const YAML::Node& node, const std::string& where, const Policy& policy) {
  LadderRow row;
  if (!node.IsDefined()) return row;
  reader.only(node, where, kLadderKeys);
  if (!node.IsMap()) return row;
  row.ladder.steps = read_steps(reader, node["steps"], where, policy);
  for (const std::string& role : reader.list(node["urgent_also"], where)) {
    row.urgent_roles.push_back(reader.code(node["urgent_also"], "role", role, policy.roles));
  }
  if (node["tier_also"].IsDefined()) {
    row.tier_roles.resize(policy.tiers.size());
    for (const auto& member : node["tier_also"]) {
      const std::int16_t tier = reader.code(member.first, "tier", member.first.as<std::string>(), policy.tiers);
      if (tier == kNone) continue;
      for (const std::string& role : reader.list(member.second, where)) {
        row.tier_roles[static_cast<std::size_t>(tier)].push_back(reader.code(member.second, "role", role, policy.roles));
      }
    }
  }
  if (node["by_tier"].IsDefined()) {
    row.by_tier.resize(policy.tiers.size());
    for (const auto& member : node["by_tier"]) {
      const std::int16_t tier = reader.code(member.first, "tier", member.first.as<std::string>(), policy.tiers);
      if (tier != kNone) row.by_tier[static_cast<std::size_t>(tier)].steps = read_steps(reader, member.second, where, policy);
    }
  }
  return row;
}

void read_kinds(PolicyReader& reader, const YAML::Node& root, Policy& policy) {
  const YAML::Node kinds = root["kinds"];
  if (!kinds.IsDefined() || !kinds.IsMap()) {
    reader.error(root, "kinds: a policy needs a map of kinds");
    return;
  }
  for (const auto& member : kinds) read_kind(reader, member.first.as<std::string>(), member.second, policy);
}

}  // namespace tocsin
