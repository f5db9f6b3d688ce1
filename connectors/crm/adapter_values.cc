// Values, maps and data of an adapter's file.
#include <re2/re2.h>

#include <algorithm>

#include "connectors/crm/adapter_parts.h"
#include "events/json_walk.h"
#include "events/writer.h"

namespace tocsin {
namespace {

void append_json(std::string& out, const Yaml& node) {
  if (node.is_list() || node.is_map()) {
    out += node.is_list() ? '[' : '{';
    for (std::size_t i = 0; i < node.values.size(); ++i) {
      if (i > 0) out += ',';
      if (node.is_map()) {
        append_json_string(out, node.values[i].key);
        out += ':';
      }
      append_json(out, node.values[i]);
    }
    out += node.is_list() ? ']' : '}';
    return;
  }
  const Constant scalar = constant_of(node);
  if (scalar.kind == JsonNode::Kind::kText) {
    append_json_string(out, scalar.text);
  } else {
    out += scalar.kind == JsonNode::Kind::kNull ? "null" : scalar.text;
  }
}

}  // namespace

Constant constant_of(const Yaml& node) {
  using Kind = JsonNode::Kind;
  Constant out;
  if (node.is_list() || node.is_map()) {
    out.kind = node.is_list() ? Kind::kList : Kind::kObject;
    append_json(out.text, node);
    return out;
  }
  if (!node.is_text()) {
    out.kind = Kind::kNull;
    return out;
  }
  out.text = node.text;
  if (node.quoted) return out;
  if (node.text == "true" || node.text == "false") {
    out.kind = node.text == "true" ? Kind::kTrue : Kind::kFalse;
  } else if (is_json_number(node.text)) {
    out.kind = Kind::kNumber;
  }
  return out;
}

// Words are asked for by their text: a policy's priorities may be called 1, 2, 3.
void AdapterParts::check_word(const Yaml& node, const ValueUse& use) {
  if (use.words == nullptr || node.kind == Yaml::Kind::kNull) return;
  const std::string text = node.is_text() ? node.text : std::string();
  if (std::find(use.words->begin(), use.words->end(), text) != use.words->end()) return;
  if (!said_.emplace(node.line, text).second) return;
  if (node.is_text()) {
    reader_.place(node.line, use.where, use.what, text, *use.words);
  } else {
    std::string known;
    for (const std::string& word : *use.words) known += (known.empty() ? "one of " : ", ") + word;
    reader_.wrong(node, use.where, known);
  }
}

void AdapterParts::use_map(const Yaml& node, const ValueUse& use, ValueChoice& choice) {
  const std::string name = reader_.text(node, std::string(use.where) + " map");
  if (name.empty()) return;
  std::vector<std::string> names;
  for (const AdapterMap& map : adapter_.maps) names.push_back(map.name);
  const auto place = reader_.place(node.line, use.where, "map", name, names);
  if (!place) return;
  choice.map = static_cast<int>(*place);
  used_[*place] = true;
  for (const Yaml& entry : maps_[name].values) check_word(entry, use);
}

ValueChoice AdapterParts::choice(const Yaml& node, const ValueUse& use) {
  const std::string where = use.where;
  ValueChoice out;
  if (node.is_text()) {
    out.path = path(node, where);
    return out;
  }
  if (!reader_.map(node, where, {"path", "match", "map", "default", "const", "unmapped", "as"}))
    return out;
  const Yaml& constant = node["const"];
  if (!constant.absent()) {
    if (node.values.size() > 1) reader_.error(node, where + ": const stands alone");
    if ((use.time || use.arrival) && constant.is_text() && constant.text == "arrival") {
      out.arrival = true;
      return out;
    }
    check_word(constant, use);
    out.other = constant_of(constant);
    return out;
  }
  const Yaml& from = reader_.required(node, "path", where);
  out.path = path(from, where + " path");
  if (const Yaml& re = node["match"]; !re.absent())
    out.match = expression(re, where + " match", true);
  if (const Yaml& map = node["map"]; !map.absent()) use_map(map, use, out);
  if (const Yaml& other = node["default"]; !other.absent()) {
    check_word(other, use);
    out.other = constant_of(other);
  }
  if (const Yaml& unmapped = node["unmapped"]; !unmapped.absent()) {
    out.unmapped_is_not_ours = true;
    if (!use.ours || unmapped.text != "ignore" || node["map"].absent() || !node["default"].absent())
      reader_.error(unmapped, where +
                                  ": `unmapped: ignore` stands beside `map`, without `default`, "
                                  "in account and subject only");
  }
  if (const Yaml& as = node["as"]; !as.absent()) {
    out.wall_clock = true;
    if (!use.time || as.text != "local")
      reader_.error(as, where + ": only `as: local` is known, for times");
  }
  return out;
}

AdapterValue AdapterParts::value(const Yaml& node, const ValueUse& use) {
  AdapterValue out;
  if (node.absent()) return out;
  if (node.is_list()) {
    if (node.values.empty()) reader_.error(node, std::string(use.where) + ": the list is empty");
    for (const Yaml& item : node.values) out.choices.push_back(choice(item, use));
  } else if (node.is_text() || node.is_map()) {
    out.choices.push_back(choice(node, use));
  } else {
    reader_.wrong(node, use.where, "a path, a list of paths, or a map with path or const");
  }
  return out;
}

DataRule AdapterParts::data(const Yaml& node, const std::string& where, const Policy& policy,
                            const VerbSpec* verb) {
  DataRule out;
  if (node.absent() || !reader_.map(node, where)) return out;
  for (const Yaml& member : node.values) {
    const std::string at = where + " " + member.key;
    ValueUse use;
    use.where = at.c_str();
    if (verb != nullptr) {
      for (const Field& field : verb->fields) {
        if (field.name != member.key) continue;
        use.words = field.form == Form::kPriority ? &policy.priorities.list()
                    : field.form == Form::kTier   ? &policy.tiers.list()
                    : field.form == Form::kChoice ? &field.words.list()
                                                  : nullptr;
        use.what = field.form == Form::kPriority ? "priority"
                   : field.form == Form::kTier   ? "tier"
                                                 : "word";
      }
    }
    if (member.key.empty()) reader_.error(member, where + ": a member without a name");
    out.push_back({member.key, value(member, use)});
  }
  return out;
}

void AdapterParts::say_unused() {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) continue;
    const Yaml& map = maps_[adapter_.maps[i].name];
    reader_.error(map.key_line, "maps: `" + adapter_.maps[i].name + "` is not used");
  }
}

}  // namespace tocsin
