#include "app/policy_json.h"

#include "engine/policy/compile/written_out.h"
#include "engine/policy/compile/yaml.h"
#include "events/writer.h"

namespace tocsin {

namespace {

void version_members(JsonObject& object, const PolicyVersion& version) {
  object.number("version", version.version)
      .text("name", version.name)
      .text("hash", version.hash)
      .time("since", version.since);
  version.by.empty() ? object.null("by") : object.text("by", version.by);
  object.boolean("toOpen", version.to_open);
}

// Any text as a member's name.
void append_name(std::string& out, bool& first, std::string_view name) {
  if (!first) out += ',';
  first = false;
  append_json_string(out, name);
  out += ':';
}

void append_yaml(std::string& out, const Yaml& value) {
  bool first = true;
  switch (value.kind) {
    case Yaml::Kind::kAbsent:
    case Yaml::Kind::kNull:
      out += "null";
      return;
    case Yaml::Kind::kText:
      append_json_string(out, value.text);
      return;
    case Yaml::Kind::kList:
      out += '[';
      for (const Yaml& item : value.values) {
        if (!first) out += ',';
        first = false;
        append_yaml(out, item);
      }
      out += ']';
      return;
    case Yaml::Kind::kMap:
      out += '{';
      for (const Yaml& member : value.values) {
        append_name(out, first, member.key);
        append_yaml(out, member);
      }
      out += '}';
      return;
  }
}

// Lines of what has a name: `clocks.ticket.response`, `kinds.ticket.facts.opened`.
void append_lines(std::string& out, bool& first, const Yaml& node, const std::string& path,
                  int depth) {
  constexpr int kDepthMax = 4;
  if (!node.is_map() || depth == kDepthMax) return;
  for (const Yaml& member : node.values) {
    const std::string here = path.empty() ? member.key : path + "." + member.key;
    append_name(out, first, here);
    append_int(out, member.key_line);
    append_lines(out, first, member, here, depth + 1);
  }
}

bool is_label(const Yaml& node) {
  return node.is_map() && (node["zh"].is_text() || node["en"].is_text());
}

void append_label(std::string& out, bool& first, std::string_view name, const Yaml& label) {
  append_name(out, first, name);
  JsonObject object(out);
  for (const char* language : {"zh", "en"}) {
    if (label[language].is_text()) object.text(language, label[language].text);
  }
  object.close();
}

// `label: {zh:, en:}` of whatever has one, by its path; `labels:` by name.
void append_labels(std::string& out, bool& first, const Yaml& node, const std::string& path) {
  if (node.is_map()) {
    if (!path.empty() && is_label(node["label"])) append_label(out, first, path, node["label"]);
    for (const Yaml& member : node.values) {
      const std::string here = path.empty() ? member.key : path + "." + member.key;
      if (path == "labels" && is_label(member)) append_label(out, first, member.key, member);
      if (path == "labels" && !is_label(member)) {
        for (const Yaml& named : member.values) {
          if (is_label(named)) append_label(out, first, member.key + "." + named.key, named);
        }
      }
      append_labels(out, first, member, here);
    }
  }
}

// Of the calendar that working days, dates and periods go by.
std::string zone_of(const PolicyText& text) {
  std::vector<YamlFault> faults;
  const Yaml root = read_yaml(written_out(text).text, faults);
  const Yaml& days = root["working_days"];  // by tier, or one name for all
  return root["calendars"][days.is_map() ? days["default"].text : days.text]["zone"].text;
}

}  // namespace

void append_version(std::string& out, const PolicyVersion& version) {
  JsonObject object(out);
  version_members(object, version);
  object.close();
}

std::string policy_json(const PolicyVersion& version, Instant now) {
  std::vector<YamlFault> faults;
  const Yaml root = read_yaml(version.text.text, faults);
  std::string out;
  JsonObject object(out);
  object.time("now", now);
  version_members(object, version);
  object.text("text", version.text.text);
  const std::string zone = zone_of(version.text);
  zone.empty() ? object.null("zone") : object.text("zone", zone);
  object.name("document");
  append_yaml(out, root);
  const auto map = [&](const char* name, const auto& fill) {
    object.name(name);
    out += '{';
    bool first = true;
    fill(first);
    out += '}';
  };
  map("lines", [&](bool& first) { append_lines(out, first, root, "", 0); });
  map("labels", [&](bool& first) { append_labels(out, first, root, ""); });
  object.close();
  return out;
}

void append_errors(std::string& out, const std::vector<PolicyError>& errors) {
  out += '[';
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (i > 0) out += ',';
    JsonObject(out).number("line", errors[i].line).text("reason", errors[i].reason).close();
  }
  out += ']';
}

void append_preview(std::string& out, const Preview& preview) {
  JsonObject object(out);
  object.number("entities", preview.entities)
      .number("changed", preview.changed)
      .number("breaches", preview.breaches);
  object.name("dues");
  out += '[';
  for (std::size_t i = 0; i < preview.dues.size(); ++i) {
    if (i > 0) out += ',';
    const DueChange& due = preview.dues[i];
    JsonObject row(out);
    row.text("account", due.account)
        .text("entity", due.entity)
        .text("clock", due.clock)
        .text("cycle", due.cycle)
        .text("threshold", due.threshold)
        .text("change", name(due.what));
    due.from ? row.time("from", *due.from) : row.null("from");
    due.to ? row.time("to", *due.to) : row.null("to");
    row.close();
  }
  out += ']';
  object.close();
}

void append_trial(std::string& out, const Trial& trial) {
  JsonObject object(out);
  object.number("facts", trial.facts)
      .boolean("whole", trial.whole)
      .number("refused", trial.rejected);
  const auto side = [&](const char* name, const TrialSide& figures) {
    object.name(name);
    JsonObject part(out);
    part.number("breaches", figures.breaches)
        .number("calls", figures.calls)
        .number("warnings", figures.warnings);
    part.name("thresholds");
    out += '{';
    bool first = true;
    for (const auto& [threshold, counts] : figures.thresholds) {
      append_name(out, first, threshold);
      JsonObject(out).number("met", counts.first).number("breached", counts.second).close();
    }
    out += '}';
    part.close();
  };
  side("inForce", trial.now);
  side("tried", trial.then);
  object.number("changed", trial.changed);
  object.name("changes");
  out += '[';
  for (std::size_t i = 0; i < trial.changes.size(); ++i) {
    if (i > 0) out += ',';
    const Trial::Change& change = trial.changes[i];
    JsonObject(out)
        .text("change", change.comes ? "comes" : "goes")
        .text("what", change.type)
        .text("account", change.account)
        .text("entity", change.entity)
        .text("id", change.id)
        .time("time", change.time)
        .close();
  }
  out += ']';
  object.close();
}

}  // namespace tocsin
