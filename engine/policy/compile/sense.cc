// What a policy may say and never means: rows that can do nothing, or that silence what they should
// tell.
#include <algorithm>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

class SenseOfKind {
 public:
  SenseOfKind(PolicyReader& reader, const Yaml& root, const Policy& policy, const KindSpec& kind)
      : reader_(reader),
        node_(root["kinds"][kind.name]),
        clocks_(root["clocks"]),
        policy_(policy),
        kind_(kind) {}

  void check() {
    check_what_clears();
    check_what_routes();
    for (const ClockSpec& clock : kind_.clocks) check_clock(clock);
  }

 private:
  const std::string& name(VerbCode verb) const { return kind_.verbs[verb].name; }
  bool any(const Coded<PriorityCode, bool>& flags) const {
    return std::find(flags.begin(), flags.end(), true) != flags.end();
  }

  // A fact that raises what it also clears rings nobody.
  void check_what_clears() {
    const RoutingSpec& routing = kind_.routing;
    const Yaml& row = node_["routing"]["cleared_by"];
    for (const Trigger& trigger : routing.clear) {
      if (trigger.verb == kNone) continue;
      const bool creates = kind_.verbs[trigger.verb].creates;
      const bool raises = trigger.verb == kind_.priority_verb && any(routing.on_raise);
      const bool reopens = has(kind_.reopens, trigger.verb) && any(routing.on_reopen);
      if (!creates && !raises && !reopens) continue;
      reader_.error(row,
                    kind_.name + " routing: cleared_by holds `" + name(trigger.verb) +
                        "`, which also raises: nobody would be called" +
                        (raises ? " (a priority that is lowered ends its routing by itself)" : ""));
    }
  }

  void check_what_routes() {
    const RoutingSpec& routing = kind_.routing;
    const Yaml& rows = node_["routing"];
    for (const PriorityCode p : policy_.priorities.codes()) {
      const Yaml& row = rows[policy_.priorities[p]];
      if (row.absent()) continue;
      const std::string where = kind_.name + " routing " + policy_.priorities[p];
      if (routing.on_raise.has(p) && routing.on_raise[p]) {
        if (kind_.priority_verb == kNone)
          reader_.error(row, where + ": `raised`, but no fact changes the priority");
        if (p.index() + 1 == policy_.priorities.size())
          reader_.error(row, where + ": `raised`, but no priority is lower");
      }
      if (routing.on_reopen.has(p) && routing.on_reopen[p] && kind_.reopens == 0)
        reader_.error(row, where + ": `reopened`, but no fact reopens");
    }
  }

  // Who is told of a warning that is never given.
  void check_clock(const ClockSpec& clock) {
    const Yaml& row = clocks_[clock.name];
    if (clock.warnings.empty() && !row["warning"].absent())
      reader_.error(row["warning"], clock.name + ": `warning` does nothing without `warn`");
  }

  PolicyReader& reader_;
  const Yaml& node_;
  const Yaml& clocks_;
  const Policy& policy_;
  const KindSpec& kind_;
};

// Whether any clock of a figure promises this threshold to anybody.
bool promised(const Policy& policy, const FigureSpec& figure, ThresholdCode threshold) {
  for (const KindSpec& kind : policy.kinds) {
    for (const ClockSpec& clock : kind.clocks) {
      if (std::find(figure.clocks.begin(), figure.clocks.end(), clock.name) == figure.clocks.end())
        continue;
      const auto& row = clock.allowance[threshold];
      if (std::any_of(row.begin(), row.end(), [](const Allowance& allowance) {
            return allowance.kind != Allowance::Kind::kNothing;
          }))
        return true;
    }
  }
  return false;
}

// A figure of a threshold that none of its clocks has counts nothing for ever.
void check_figures(PolicyReader& reader, const Yaml& root, const Policy& policy) {
  for (const FigureSpec& figure : policy.figures) {
    const Yaml& row = root["figures"][figure.name];
    for (const auto& [key, threshold] :
         {std::pair{"threshold", figure.threshold}, std::pair{"beside", figure.beside}}) {
      if (threshold == kNone || figure.clocks.empty() || promised(policy, figure, threshold))
        continue;
      reader.error(row[key], "figures " + figure.name + " " + key + ": none of its clocks has a `" +
                                 policy.thresholds[threshold] + "`");
    }
  }
}

}  // namespace

void check_sense(PolicyReader& reader, const Yaml& root, const Policy& policy) {
  if (reader.errors().empty()) check_figures(reader, root, policy);
  for (const KindSpec& kind : policy.kinds) SenseOfKind(reader, root, policy, kind).check();
}

}  // namespace tocsin
