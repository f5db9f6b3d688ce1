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
    for (const ClockSpec& clock : kind_.clocks) check_warning(clock);
  }

  // The same of what was read without a mistake: it looks at all that a clock or kind says together.
  void check_whole() {
    check_what_revives();
    for (const ClockSpec& clock : kind_.clocks) {
      check_clock(clock);
      check_breach(clock, clocks_[clock.name]["breach"]);
    }
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
  void check_warning(const ClockSpec& clock) {
    const Yaml& row = clocks_[clock.name];
    if (clock.warnings.empty() && !row["warning"].absent())
      reader_.error(row["warning"], clock.name + ": `warning` does nothing without `warn`");
  }

  void check_what_revives() {
    const Yaml& row = node_["revived"];
    if (kind_.revives != 0 && kind_.ends == 0)
      reader_.error(
          row, kind_.name + ": `revived` does nothing, for nothing ends it: `ended` is missing");
    for (const VerbCode v : kind_.verbs.codes()) {
      if (!has(kind_.revives, v) || kind_.verbs[v].creates) continue;
      reader_.error(row, kind_.name + " revived: `" + name(v) +
                             "` creates nothing, so it revives nothing; allowed is what creates: " +
                             listed(creating()));
    }
  }

  // The facts that create.
  VerbMask creating() const {
    VerbMask mask = 0;
    for (const VerbCode v : kind_.verbs.codes()) mask |= kind_.verbs[v].creates ? bit(v) : 0;
    return mask;
  }

  void check_clock(const ClockSpec& clock) {
    if (clock.period) return;
    check_given(clock);
    check_unless(clock);
    const VerbMask resolving = verbs_of(clock.start) & kind_.resolves & ~moving();
    if (!clock.unless_resolved || resolving == 0) return;
    reader_.error(clocks_[clock.name]["not_while"],
                  clock.name + " not_while does nothing at " + listed(resolving) +
                      ", which starts it, and resolves: it does not start then");
  }

  // `given` without a name, of a fact that carries two dues.
  void check_given(const ClockSpec& clock) {
    const Yaml* given = plain_given(clocks_[clock.name]["allow"]);
    if (given == nullptr) return;
    const VerbMask givers = clock.sets | clock.presets | verbs_of(clock.start);
    for (const VerbCode v : kind_.verbs.codes()) {
      std::string dues;
      int count = 0;
      for (const Field& field : kind_.verbs[v].fields) {
        if (field.form != Form::kDue) continue;
        dues += (count++ == 0 ? "`given " : " or `given ") + field.name + "`";
      }
      if (has(givers, v) && count > 1)
        reader_.error(*given, clock.name + ": `" + name(v) + "` carries two dues: write " + dues);
    }
  }

  static const Yaml* plain_given(const Yaml& node) {
    if (node.is_text()) return node.text == "given" ? &node : nullptr;
    for (const Yaml& value : node.values) {
      if (const Yaml* found = plain_given(value); found != nullptr) return found;
    }
    return nullptr;
  }

  // `unless` the fact that creates, which counts once in a life and before all others: it forbids every
  // start but its own.
  void check_unless(const ClockSpec& clock) {
    const VerbMask creator = creating();
    const VerbMask once = creator & ~(kind_.revives | kind_.tiers);
    if ((creator & (creator - 1)) != 0 || (clock.unless & once) == 0) return;
    const VerbMask others = (clock.restart | verbs_of(clock.start)) & ~creator;
    if (others != 0) {
      reader_.error(clocks_[clock.name]["unless"], clock.name + " unless: " + listed(creator) +
                                                       " always counted before " + listed(others) +
                                                       ", which never starts it then");
    }
  }

  // The facts by which an entity can enter a stage, where it is resolved no more.
  VerbMask moving() const {
    VerbMask mask = 0;
    for (const StageMove& move : kind_.moves) mask |= bit(move.verb);
    return mask;
  }
  // `a`, `b`
  std::string listed(VerbMask verbs) const {
    std::string out;
    for (const VerbCode v : kind_.verbs.codes()) {
      if (has(verbs, v)) out += (out.empty() ? "`" : ", `") + name(v) + "`";
    }
    return out;
  }

  // Whether it allows anything by this threshold.
  bool promises(const ClockSpec& clock, ThresholdCode threshold) const {
    for (const PriorityCode p : policy_.priorities.codes()) {
      for (const TierCode tier : policy_.tiers.codes()) {
        if (clock.allowed(threshold, p, tier).kind != Allowance::Kind::kNothing) return true;
      }
    }
    return false;
  }

  // Who is told of a breach of what is never promised.
  void check_breach(const ClockSpec& clock, const Yaml& breach) {
    std::string known;
    for (const ThresholdCode t : policy_.thresholds.codes()) {
      if (promises(clock, t)) known += (known.empty() ? "`" : ", `") + policy_.thresholds[t] + "`";
    }
    for (const ThresholdCode t : policy_.thresholds.codes()) {
      const Yaml& row = breach[policy_.thresholds[t]];
      if (row.absent() || promises(clock, t)) continue;
      reader_.error(row.key_line, clock.name + " breach " + policy_.thresholds[t] +
                                      ": nothing is allowed by this name; allowed is " + known);
    }
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
  const bool whole = reader.errors().empty();
  if (whole) check_figures(reader, root, policy);
  for (const KindSpec& kind : policy.kinds) {
    SenseOfKind sense(reader, root, policy, kind);
    sense.check();
    if (whole) sense.check_whole();
  }
}

}  // namespace tocsin
