// `labels:` of a policy: what its names are called where people read them.
#include <set>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

constexpr std::size_t kLabelBytesMax = 200;

// Every name that a label can be for.
std::set<std::string, std::less<>> names_of(const Policy& policy) {
  std::set<std::string, std::less<>> names{policy.name};
  for (const auto* list : {&policy.priorities.list(), &policy.tiers.list(), &policy.roles.list(),
                           &policy.thresholds.list()})
    names.insert(list->begin(), list->end());
  for (const NamedCalendar& calendar : policy.calendars) names.insert(calendar.name);
  for (const auto& [type, _] : policy.types) names.insert(type);
  for (const FigureSpec& figure : policy.figures) names.insert(figure.name);
  for (const KindSpec& kind : policy.kinds) {
    names.insert(kind.name);
    for (const ClockSpec& clock : kind.clocks) names.insert(clock.name);
    for (const std::string& stage : kind.stages) names.insert(kind.name + "/" + stage);
    for (const VerbSpec& verb : kind.verbs) {
      for (const Field& field : verb.fields) names.insert(field.words.begin(), field.words.end());
      names.insert(verb.subjects.begin(), verb.subjects.end());
    }
  }
  return names;
}

std::string read_text(PolicyReader& reader, const Yaml& node, const std::string& where) {
  std::string text = reader.text(node, where);
  if (text.size() > kLabelBytesMax)
    reader.error(node, where + ": more than " + std::to_string(kLabelBytesMax) + " bytes");
  return text;
}

}  // namespace

void read_labels(PolicyReader& reader, const Yaml& root, Policy& policy) {
  const Yaml& labels = root["labels"];
  if (!reader.map(labels, "labels")) return;
  const auto names = names_of(policy);
  for (const Yaml& member : labels.values) {
    const std::string where = "labels " + member.key;
    if (names.count(member.key) == 0) {
      reader.error(member.key_line,
                   "labels: `" + member.key +
                       "`: nothing is called so (a kind, clock, fact like "
                       "`ticket.opened`, stage like `complaint/1`, threshold, "
                       "priority, tier, role, calendar, figure, or a field's word)");
      continue;
    }
    if (!reader.map(member, where, {"zh", "en"})) continue;
    policy.labels.emplace(member.key, Label{read_text(reader, member["zh"], where + " zh"),
                                            read_text(reader, member["en"], where + " en")});
  }
}

}  // namespace tocsin
