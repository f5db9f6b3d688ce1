// `clocks:` of a policy. Cadences have a file of their own.
#include <algorithm>
#include <array>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

constexpr std::size_t kClocksMax = 1000;
constexpr std::int64_t kDenominatorMax = 1000;
constexpr std::int64_t kRestMax = 1'000'000;

constexpr const char* kWarnings =
    "a fraction below 1, like 2/3, or like `30m before` or `2wd before`, or a list of such";

class ClockReader : OneOfKindReader {
 public:
  using OneOfKindReader::OneOfKindReader;

  void read() {
    clock_.name = name_;
    reader_.map(node_, name_,
                {"start",
                 "stop",
                 "cancel",
                 "runs_on",
                 "again",
                 "set_by",
                 "set_before_start",
                 "unless",
                 "unless_in_stage",
                 "not_while",
                 "pauses",
                 "never_later",
                 "stage",
                 "hours",
                 "allow",
                 "warn",
                 "urgency",
                 "repeat",
                 "breach",
                 "warning",
                 "grace"});
    read_triggers();
    read_conditions();
    read_hours(node_["hours"]);
    read_allow(reader_.required(node_, "allow", name_));
    read_given();
    check_dues();
    check_working_days();
    clock_.warnings = read_warnings(reader_, node_["warn"], name_);
    clock_.grace = read_grace(reader_, node_["grace"], name_);
    clock_.low = read_low(reader_, node_["urgency"], name_);
    read_repeat(node_["repeat"]);
    read_clock_ladders(reader_, node_, of_kind_, kind_, policy_, clock_);
    kind_.pauses_clocks = kind_.pauses_clocks || clock_.pauses;
    note_verbs();
    kind_.clocks.push_back(std::move(clock_));
  }

 private:
  VerbMask verbs(const char* key) { return read_verbs(reader_, node_[key], at(key), kind_); }
  void needs(const char* key, const char* kind_key) {
    if (!node_[key].absent() && of_kind_[kind_key].absent()) {
      reader_.error(node_[key],
                    name_ + ": `" + key + "`, but " + kind_.name + " has no `" + kind_key + "`");
    }
  }

  void read_triggers() {
    clock_.start =
        tocsin::read_triggers(reader_, node_["start"], at("start"), kind_, TriggerUse::kStart);
    clock_.stop =
        tocsin::read_triggers(reader_, node_["stop"], at("stop"), kind_, TriggerUse::kEnd);
    clock_.cancel = verbs("cancel");
    clock_.resume = verbs("runs_on");
    clock_.restart = verbs("again");
    clock_.sets = verbs("set_by");
    clock_.presets = verbs("set_before_start");
    clock_.unless = verbs("unless");
    clock_.unless_in_stage = verbs("unless_in_stage");
    if (node_["start"].absent() && node_["again"].absent())
      reader_.error(node_, name_ + ": nothing starts it: `start` is missing");
    needs("runs_on", "reopened");
    if ((clock_.resume & ~kind_.reopens) != 0 && kind_.reopens != 0) {
      reader_.error(node_["runs_on"],
                    name_ + ": runs_on names facts that " + kind_.name + " lists under `reopened`");
    }
    need_field(reader_, node_["set_by"].line, at("set_by"), kind_, clock_.sets, Form::kDue, "due");
    need_field(reader_, node_["set_before_start"].line, at("set_before_start"), kind_,
               clock_.presets, Form::kDue, "due");
  }

  void read_conditions() {
    const Yaml& not_while = node_["not_while"];
    clock_.unless_resolved = !not_while.absent();
    if (clock_.unless_resolved && (!not_while.is_text() || not_while.text != "resolved")) {
      reader_.wrong(not_while, at("not_while"), "`resolved`");
    }
    needs("not_while", "resolved");
    read_pauses(node_["pauses"]);
    clock_.capped = reader_.flag(node_["never_later"], at("never_later"));
    if (clock_.capped && clock_.sets == 0 && clock_.presets == 0 && node_["set_by"].absent()) {
      reader_.error(node_["never_later"],
                    name_ + ": never_later, but nothing sets its due: `set_by` is missing");
    }
    const std::string stage = reader_.text(node_["stage"], at("stage"));
    if (!stage.empty())
      clock_.stage = reader_.code(node_["stage"].line, at("stage"), "stage", stage, kind_.stages);
    if (!node_["unless_in_stage"].absent() && kind_.stages.empty()) {
      reader_.error(node_["unless_in_stage"],
                    name_ + ": `unless_in_stage`, but " + kind_.name + " has no `stages`");
    }
  }

  // `true`, or the words of the waits in which it stands still.
  void read_pauses(const Yaml& node) {
    if (!node.is_list()) {
      clock_.pauses = reader_.flag(node, at("pauses"));
    } else {
      clock_.waits = reader_.names(node, at("pauses"));
      clock_.pauses = !clock_.waits.empty();
      if (clock_.pauses && (kind_.worded & kind_.pauses) == 0 && !of_kind_["paused"].absent()) {
        reader_.error(node, name_ + ": pauses in some waits, but no fact under `paused` of " +
                                kind_.name + " has a field of the form `wait`");
      }
    }
    if (clock_.pauses) needs("pauses", "paused");
  }

  CalendarCode calendar_of(const Yaml& node) {
    const std::string where = node.key == "hours" ? at("hours") : at("hours") + " " + node.key;
    const std::string name = reader_.text(node, where);
    if (name.empty()) return policy_.always_calendar;
    if (name == "tier") return kTierCalendar;
    const CalendarCode code =
        reader_.code(node.line, where, "calendar", name, calendar_names(policy_));
    return code == kNone ? policy_.always_calendar : code;
  }

  void read_hours(const Yaml& node) {
    clock_.calendar.assign(policy_.priorities.size(), policy_.always_calendar);
    if (node.absent()) return;
    if (!node.is_map()) {
      clock_.calendar.assign(policy_.priorities.size(), calendar_of(node));
      return;
    }
    if (!kind_.prioritized) {
      reader_.wrong(node, at("hours"),
                    "a calendar or `tier` (" + kind_.name + " has no `priorities`)");
      return;
    }
    for (const Yaml& member : node.values) {
      const PriorityCode p =
          reader_.code(member.key_line, at("hours"), "priority", member.key, policy_.priorities);
      if (p != kNone) clock_.calendar[p] = calendar_of(member);
    }
  }

  // ---- allowances ------------------------------------------------------------------------------

  // By tier where the keys are tiers, by priority where they are priorities, else for all.
  void read_allow(const Yaml& allow) {
    if (!reader_.map(allow, at("allow"))) return;
    if (allow.values.empty()) reader_.error(allow, name_ + ": allow is empty");
    const auto& tiers = policy_.tiers;
    by_tier_ = std::any_of(allow.values.begin(), allow.values.end(), [&](const Yaml& v) {
      return v.is_map() && std::find(tiers.begin(), tiers.end(), v.key) != tiers.end();
    });
    if (!by_tier_) return read_priorities(allow, kNone);
    for (const Yaml& member : allow.values) {
      const TierCode t = reader_.code(member.key_line, at("allow"), "tier", member.key, tiers);
      if (t == kNone || !reader_.map(member, at("allow") + " " + member.key)) continue;
      read_priorities(member, t);
    }
  }

  // Of a tier; kNone: of all.
  void read_priorities(const Yaml& allow, TierCode tier) {
    const auto& limits = policy_.thresholds;
    const bool by_priority =
        std::any_of(allow.values.begin(), allow.values.end(), [&](const Yaml& v) {
          return v.is_map() && std::find(limits.begin(), limits.end(), v.key) == limits.end();
        });
    if (!by_priority) {
      const std::string where = allow.key == "allow" ? at("allow") : at("allow") + " " + allow.key;
      return read_thresholds(allow, where, tier, policy_.priorities.codes());
    }
    if (!kind_.prioritized) {
      reader_.error(allow,
                    name_ + ": allow by priority, but " + kind_.name + " has no `priorities`");
      return;
    }
    for (const Yaml& member : allow.values) {
      const PriorityCode p =
          reader_.code(member.key_line, at("allow"), "priority", member.key, policy_.priorities);
      if (p == kNone) continue;
      if (!reader_.map(member, at("allow") + " " + member.key)) continue;
      read_thresholds(member, at("allow") + " " + member.key, tier, std::array{p});
      if (node_["hours"].is_map() && node_["hours"][member.key].absent()) {
        reader_.error(node_["hours"], name_ + ": hours of `" + member.key + "` are missing");
      }
    }
  }

  // The same thresholds for these priorities.
  template <class Priorities>
  void read_thresholds(const Yaml& node, const std::string& where, TierCode tier,
                       const Priorities& priorities) {
    for (const Yaml& member : node.values) {
      const ThresholdCode t =
          reader_.code(member.key_line, where, "threshold", member.key, policy_.thresholds);
      const auto allowance = read_amount(member, where + " " + member.key);
      if (t == kNone || !allowance) continue;
      Allowances& row = clock_.allowance[t];
      row.resize(policy_.priorities.size(), policy_.tiers.size(), by_tier_);
      for (const PriorityCode p : priorities) row.put(p, tier, *allowance);
    }
    check_order(node, *priorities.begin(), tier);
  }

  std::optional<Allowance> read_amount(const Yaml& node, const std::string& where) {
    const std::string text = node.is_text() ? node.text : std::string();
    if (text == "given" || text.starts_with("given ")) {
      Allowance given;
      given.kind = Allowance::Kind::kGiven;
      const std::string field = text.size() > 6 ? text.substr(6) : std::string();
      if (given_line_ != 0 && field != given_)
        reader_.error(node, name_ + ": `given` names one field, `" + given_ + "`");
      given_ = field;
      given_line_ = node.line;
      return given;
    }
    const auto allowance = read_allowance(text);
    if (!allowance)
      reader_.wrong(
          node, where,
          std::string(kDurations) + ", or `given` (`given FIELD`) by the fact that starts it");
    return allowance;
  }

  void note_verbs() {
    clock_.starts = clock_.resume | clock_.restart | verbs_of(clock_.start);
    clock_.changes = clock_.cancel | clock_.restart | clock_.sets | clock_.presets | clock_.wakes |
                     verbs_of(clock_.stop) | verbs_of(clock_.run_ends);
  }

  // `given confirmBy`: of facts that carry two dues it takes the one called so.
  void read_given() {
    if (given_line_ == 0) return;
    const auto choose = [&](VerbCode verb) {
      const Field* first = nullptr;
      for (const Field& field : kind_.verbs[verb].fields) {
        if (field.form != Form::kDue) continue;
        if (first != nullptr && field.name == given_) clock_.second_due |= bit(verb);
        if (given_.empty() || field.name == given_) return;
        first = &field;
      }
      if (first != nullptr) {
        reader_.error(given_line_, name_ + ": `given " + given_ + "`, but `" +
                                       kind_.verbs[verb].name + "` has no due of that name");
      }
    };
    for (Trigger& trigger : clock_.start) {
      if (trigger.verb == kNone) continue;
      choose(trigger.verb);
      trigger.second_due = has(clock_.second_due, trigger.verb);
    }
    for (const VerbCode v : kind_.verbs.codes()) {
      if (has(clock_.sets | clock_.presets, v)) choose(v);
    }
  }

  // The due that this clock takes of the verb; null when it has none.
  const Field* due_field(VerbCode verb) const {
    const Field* found = nullptr;
    for (const Field& field : kind_.verbs[verb].fields) {
      if (field.form != Form::kDue) continue;
      found = &field;
      if (!has(clock_.second_due, verb)) break;
    }
    return found;
  }

  void check_order(const Yaml& node, PriorityCode priority, TierCode tier) {
    constexpr ThresholdCode first(0), second(1);
    const Allowance& a = clock_.allowed(first, priority, tier);
    const Allowance& b = clock_.allowed(second, priority, tier);
    if (a.kind == b.kind && a.kind != Allowance::Kind::kNothing &&
        a.kind != Allowance::Kind::kGiven && a.amount > b.amount) {
      reader_.error(node, name_ + ": `" + policy_.thresholds[first] + "` is longer than `" +
                              policy_.thresholds[second] + "`");
    }
  }

  bool any_allowance(Allowance::Kind kind) const {
    for (const auto& row : clock_.allowance) {
      if (std::any_of(row.begin(), row.end(), [&](const Allowance& a) { return a.kind == kind; }))
        return true;
    }
    return false;
  }

  // A due that the fact gives must be in the fact, whichever way the clock starts.
  void check_dues() {
    if (!any_allowance(Allowance::Kind::kGiven)) return;
    for (const auto& row : clock_.allowance) {
      const auto given = std::count_if(row.begin(), row.end(), [](const Allowance& a) {
        return a.kind == Allowance::Kind::kGiven;
      });
      if (given != 0 && given != row.end() - row.begin()) {
        reader_.error(node_["allow"], name_ + ": `given` holds for every priority or for none");
      }
    }
    if (clock_.capped)
      reader_.error(node_["never_later"], name_ + ": never_later needs a duration, not `given`");
    if (!node_["repeat"].absent() || clock_.restart != 0) {
      reader_.error(node_["allow"],
                    name_ + ": a clock that starts again by itself needs a duration, not `given`");
    }
    for (const Trigger& trigger : clock_.start) {
      const Field* due = trigger.verb == kNone ? nullptr : due_field(trigger.verb);
      if (due != nullptr && (due->required || trigger.has_due)) continue;
      const std::string what =
          trigger.verb == kNone ? "entering a stage" : "`" + kind_.verbs[trigger.verb].name + "`";
      reader_.error(node_["allow"], name_ + ": `given`, but " + what +
                                        (due != nullptr ? " may lack its due; start with `with-due`"
                                                        : " has no field of the form `due`"));
    }
  }

  // `wd` is turned into a budget on the clock's hours, which must be those that it is counted in.
  void check_working_days() {
    if (reader_.gave_up("calendar") || reader_.gave_up("working days")) return;
    for (const TierCode tier : policy_.tiers.codes()) {
      const CalendarCode working = policy_.tier_working[tier];
      for (const PriorityCode p : policy_.priorities.codes()) {
        const CalendarCode hours = clock_.calendar[p];
        if ((hours == kTierCalendar ? policy_.tier_calendar[tier] : hours) == working) continue;
        for (const ThresholdCode i : kThresholds) {
          if (clock_.allowed(i, p, tier).kind != Allowance::Kind::kWorkingDays) continue;
          return reader_.error(
              node_["allow"],
              name_ + ": working days (wd) need the policy's `working_days` as hours, `" +
                  policy_.calendars[working].name + "`");
        }
      }
    }
  }

  void read_repeat(const Yaml& node) {
    if (!reader_.map(node, at("repeat"), {"rest_after", "woken_by", "run_ends", "warn_again"}))
      return;
    clock_.restart_on_breach = true;
    clock_.group_by_run = true;
    const Yaml& rest = node["rest_after"];
    if (!rest.absent())
      clock_.rest_after =
          static_cast<int>(reader_.integer(rest, at("repeat rest_after"), 1, kRestMax));
    const Yaml& again = node["warn_again"];
    clock_.warn_again = again.absent() || reader_.flag(again, at("repeat warn_again"));
    if (!again.absent() && clock_.warnings.empty())
      reader_.error(again, name_ + ": warn_again does nothing without `warn`");
    clock_.wakes = read_verbs(reader_, node["woken_by"], at("repeat woken_by"), kind_);
    if (!rest.absent() && node["woken_by"].absent())
      reader_.error(rest, name_ + ": repeat: it would rest for ever: `woken_by` is missing");
    clock_.run_ends =
        tocsin::read_triggers(reader_, reader_.required(node, "run_ends", at("repeat")),
                              at("repeat run_ends"), kind_, TriggerUse::kEnd);
  }

  ClockSpec clock_;
  bool by_tier_ = false;  // what it allows
  std::string given_;     // the field named by `given FIELD`
  int given_line_ = 0;
};

}  // namespace

namespace {

std::optional<Warning> read_warning(const std::string& text) {
  Warning warning;
  const std::size_t slash = text.find('/');
  const std::size_t before = text.find(" before");
  if (slash != std::string::npos) {
    const auto part = whole_number(std::string_view(text).substr(0, slash), kDenominatorMax);
    const auto whole = whole_number(std::string_view(text).substr(slash + 1), kDenominatorMax);
    if (!part || !whole || *part == 0 || *part >= *whole) return std::nullopt;
    warning.kind = Warning::Kind::kFraction;
    warning.numerator = static_cast<std::int32_t>(*part);
    warning.denominator = static_cast<std::int32_t>(*whole);
    return warning;
  }
  if (before == std::string::npos || before + 7 != text.size()) return std::nullopt;
  const auto amount = read_allowance(text.substr(0, before));
  if (!amount) return std::nullopt;
  if (amount->kind == Allowance::Kind::kOpenTime) {
    warning.kind = Warning::Kind::kBefore;
    warning.before_ms = amount->amount;
    return warning;
  }
  if (amount->amount > kDenominatorMax) return std::nullopt;
  warning.kind = Warning::Kind::kWorkingDaysBefore;
  warning.days = static_cast<std::int32_t>(amount->amount);
  return warning;
}

}  // namespace

std::vector<Warning> read_warnings(PolicyReader& reader, const Yaml& node,
                                   const std::string& where) {
  std::vector<Warning> warnings;
  for (const Word& word : reader.list(node, where + " warn")) {
    const auto warning = read_warning(word.text);
    if (!warning)
      reader.error(word.line, where + " warn must be " + kWarnings + ", not `" + word.text + "`");
    if (!warning) continue;
    const bool twice = std::any_of(warnings.begin(), warnings.end(), [&](const Warning& other) {
      return other.kind == warning->kind && other.days == warning->days &&
             other.before_ms == warning->before_ms &&
             std::int64_t{other.numerator} * warning->denominator ==
                 std::int64_t{warning->numerator} * other.denominator;
    });
    if (twice) reader.error(word.line, where + " warn: `" + word.text + "` is there twice");
    warnings.push_back(*warning);
  }
  if (warnings.size() > kMaxWarnings) {
    reader.error(node, where + ": more than " + std::to_string(kMaxWarnings) + " warnings");
    warnings.resize(kMaxWarnings);
  }
  return warnings;
}

Duration read_grace(PolicyReader& reader, const Yaml& node, const std::string& where) {
  if (node.absent()) return {};
  const auto grace = node.is_text() ? read_allowance(node.text) : std::nullopt;
  if (grace && grace->kind == Allowance::Kind::kOpenTime) return {grace->amount};
  reader.wrong(node, where + " grace", "a time like 30s or 5m");
  return {};
}

bool read_low(PolicyReader& reader, const Yaml& node, const std::string& where) {
  if (node.absent()) return false;
  if (!node.is_text() || node.text != "low")
    reader.wrong(node, where + " urgency", "`low`, of a clock");
  return true;
}

void read_clock(PolicyReader& reader, const Yaml& node, const Yaml& of_kind, KindSpec& kind,
                const Policy& policy) {
  ClockReader(reader, node, of_kind, kind, policy).read();
}

void read_clocks(PolicyReader& reader, const Yaml& root, Policy& policy) {
  const Yaml& clocks = reader.required(root, "clocks", "the policy");
  if (!reader.map(clocks, "clocks")) return;
  if (clocks.values.size() > kClocksMax)
    return reader.error(clocks, "clocks: more than " + std::to_string(kClocksMax));
  for (const Yaml& member : clocks.values) {
    const std::size_t dot = member.key.find('.');
    const std::string kind_name = member.key.substr(0, dot);
    const auto kind = std::find_if(policy.kinds.begin(), policy.kinds.end(),
                                   [&](const KindSpec& k) { return k.name == kind_name; });
    reader.name(member.key_line, member.key, "clocks");
    if (dot == std::string::npos || dot + 1 == member.key.size()) {
      reader.error(
          member.key_line,
          "clocks: `" + member.key + "`: a clock is called like `ticket.response`, its kind first");
    } else if (kind == policy.kinds.end()) {
      if (!reader.gave_up("kind"))
        reader.error(member.key_line,
                     "clocks: `" + member.key + "`: there is no kind `" + kind_name + "`");
    } else if (!member.is_map()) {
      reader.map(member, member.key);
    } else if (member["every"].absent()) {
      read_clock(reader, member, root["kinds"][kind_name], *kind, policy);
    } else {
      read_cadence(reader, member, root["kinds"][kind_name], *kind, policy);
    }
  }
  for (KindSpec& kind : policy.kinds) {
    std::stable_sort(kind.clocks.begin(), kind.clocks.end(),
                     [](const ClockSpec& a, const ClockSpec& b) { return a.name < b.name; });
    // Rows that no clock uses are checked too.
    ClockSpec unused;
    Yaml none;
    read_clock_ladders(reader, none, root["kinds"][kind.name], kind, policy, unused);
  }
}

}  // namespace tocsin
