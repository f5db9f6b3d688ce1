// `figures:` of a policy: what its key figures are made of.
#include <algorithm>
#include <charconv>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

ThresholdCode read_threshold(PolicyReader& reader, const Yaml& node, const std::string& where,
                             const Policy& policy) {
  const std::string text = reader.text(node, where);
  return text.empty() ? ThresholdCode()
                      : reader.code(node.line, where, "threshold", text, policy.thresholds);
}

// `ticket.closed satisfaction`: the mean of a fact's score.
void read_mean(PolicyReader& reader, const Yaml& node, const std::string& where,
               const Policy& policy, FigureSpec& figure) {
  const std::string text = reader.text(node, where + " mean");
  if (text.empty()) return;
  const std::size_t space = std::min(text.find(' '), text.size());
  const std::string type = text.substr(0, space);
  const auto found = policy.types.find(type);
  figure.mean_type = type;
  figure.mean_field = space < text.size() ? text.substr(space + 1) : "";
  if (found == policy.types.end()) {
    if (!reader.gave_up("kind"))
      reader.error(node, where + ": there is no fact `" + type +
                             "`; mean is like `ticket.closed satisfaction`");
    return;
  }
  const auto& fields = policy.kinds[found->second.kind].verbs[found->second.verb].fields;
  const bool scored = std::any_of(fields.begin(), fields.end(), [&](const Field& f) {
    return f.form == Form::kScore && f.name == figure.mean_field;
  });
  if (!scored)
    reader.error(node, where + ": `" + type + "` has no field `" + figure.mean_field +
                           "` with a range of numbers");
}

// `90%`, or of a mean a number like 4.5.
void read_figure_target(PolicyReader& reader, const Yaml& node, const std::string& where,
                        FigureSpec& figure) {
  if (node.absent()) return;
  std::string text = reader.text(node, where + " target");
  if (text.empty()) return;
  const bool ratio = figure.mean_type.empty();
  const bool percent = text.ends_with('%');
  if (percent) text.pop_back();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && number > 0;
  if (!whole || percent != ratio || (ratio && number > 100))
    return reader.wrong(node, where + " target",
                        ratio ? "a percentage up to 100%, like 95%" : "a number, like 4.5");
  figure.target = ratio ? number / 100 : number;
}

}  // namespace

void read_figures(PolicyReader& reader, const Yaml& node, Policy& policy) {
  if (!reader.map(node, "figures")) return;
  std::vector<std::string> clocks;
  for (const KindSpec& kind : policy.kinds) {
    for (const ClockSpec& clock : kind.clocks) clocks.push_back(clock.name);
  }
  for (const Yaml& member : node.values) {
    const std::string where = "figures " + member.key;
    if (!reader.map(member, where, {"clock", "threshold", "beside", "mean", "target"})) continue;
    FigureSpec figure;
    figure.name = member.key;
    if (!member["mean"].absent()) {
      if (member.values.size() > (member["target"].absent() ? 1U : 2U))
        reader.error(member, where + ": `mean` stands with nothing but a target");
      read_mean(reader, member["mean"], where, policy, figure);
    } else {
      for (const Word& word :
           reader.list(reader.required(member, "clock", where), where + " clock")) {
        if (reader.place(word.line, where, "clock", word.text, clocks))
          figure.clocks.push_back(word.text);
      }
      figure.threshold = read_threshold(reader, member["threshold"], where + " threshold", policy);
      figure.beside = read_threshold(reader, member["beside"], where + " beside", policy);
    }
    read_figure_target(reader, member["target"], where, figure);
    policy.figures.push_back(std::move(figure));
  }
}

}  // namespace tocsin
