// `clocks:` of a policy. Cadences have a file of their own.
#include <algorithm>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

constexpr std::size_t kClocksMax = 1000;
constexpr std::int64_t kDenominatorMax = 1000;
constexpr std::int64_t kRestMax = 1'000'000;

constexpr const char* kWarnings = "warn is a fraction below 1, like 2/3, or like `2wd before`";

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
    check_dues();
    check_working_days();
    clock_.warning = read_warning(reader_, node_["warn"], name_);
    clock_.grace = read_grace(reader_, node_["grace"], name_);
    clock_.low = read_low(reader_, node_["urgency"], name_);
    read_repeat(node_["repeat"]);
    read_clock_ladders(reader_, node_, of_kind_, kind_, policy_, clock_);
    kind_.pauses_clocks = kind_.pauses_clocks || clock_.pauses;
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
      reader_.error(not_while, name_ + ": not_while can only be `resolved`");
    }
    needs("not_while", "resolved");
    clock_.pauses = reader_.flag(node_["pauses"], at("pauses"));
    if (clock_.pauses) needs("pauses", "paused");
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

  std::int16_t calendar_of(const Yaml& node) {
    const std::string name = reader_.text(node, at("hours"));
    if (name.empty()) return policy_.always_calendar;
    if (name == "tier") return kTierCalendar;
    std::vector<std::string> known;
    for (const NamedCalendar& calendar : policy_.calendars) known.push_back(calendar.name);
    const std::int16_t code = reader_.code(node.line, at("hours"), "calendar", name, known);
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
      reader_.error(node,
                    name_ + ": hours by priority, but " + kind_.name + " has no `priorities`");
      return;
    }
    for (const Yaml& member : node.values) {
      const std::int16_t p =
          reader_.code(member.key_line, at("hours"), "priority", member.key, policy_.priorities);
      if (p != kNone) clock_.calendar[static_cast<std::size_t>(p)] = calendar_of(member);
    }
  }

  // ---- allowances ------------------------------------------------------------------------------

  void read_allow(const Yaml& allow) {
    if (!reader_.map(allow, at("allow"))) return;
    if (allow.values.empty()) reader_.error(allow, name_ + ": allow is empty");
    const bool by_priority = std::any_of(allow.values.begin(), allow.values.end(),
                                         [](const Yaml& v) { return v.is_map(); });
    if (!by_priority) return read_thresholds(allow, 0, policy_.priorities.size());
    if (!kind_.prioritized) {
      reader_.error(allow,
                    name_ + ": allow by priority, but " + kind_.name + " has no `priorities`");
      return;
    }
    for (const Yaml& member : allow.values) {
      const std::int16_t p =
          reader_.code(member.key_line, at("allow"), "priority", member.key, policy_.priorities);
      if (p == kNone) continue;
      if (!reader_.map(member, at("allow") + " " + member.key)) continue;
      read_thresholds(member, static_cast<std::size_t>(p), static_cast<std::size_t>(p) + 1);
      if (node_["hours"].is_map() && node_["hours"][member.key].absent()) {
        reader_.error(node_["hours"], name_ + ": hours of `" + member.key + "` are missing");
      }
    }
  }

  // The same thresholds for the priorities in [from, to).
  void read_thresholds(const Yaml& node, std::size_t from, std::size_t to) {
    for (const Yaml& member : node.values) {
      const std::int16_t t =
          reader_.code(member.key_line, at("allow"), "threshold", member.key, policy_.thresholds);
      const auto allowance = read_amount(member);
      if (t == kNone || !allowance) continue;
      auto& row = clock_.allowance[static_cast<std::size_t>(t)];
      row.resize(policy_.priorities.size());
      std::fill(row.begin() + static_cast<std::ptrdiff_t>(from),
                row.begin() + static_cast<std::ptrdiff_t>(to), *allowance);
    }
    check_order(node, from);
  }

  std::optional<Allowance> read_amount(const Yaml& node) {
    const std::string text = reader_.text(node, at("allow"));
    if (text.empty()) return std::nullopt;
    if (text == "given") {
      Allowance given;
      given.kind = Allowance::Kind::kGiven;
      return given;
    }
    const auto allowance = read_allowance(text);
    if (!allowance)
      reader_.error(node, name_ + ": `" + text + "`: " + kDurations +
                              ", or `given` by the fact that starts it");
    return allowance;
  }

  void check_order(const Yaml& node, std::size_t priority) {
    const auto& first = clock_.allowance[0];
    const auto& second = clock_.allowance[1];
    if (first.empty() || second.empty()) return;
    const Allowance &a = first[priority], &b = second[priority];
    if (a.kind == b.kind && a.kind != Allowance::Kind::kNothing &&
        a.kind != Allowance::Kind::kGiven && a.amount > b.amount) {
      reader_.error(node, name_ + ": `" + policy_.thresholds[0] + "` is longer than `" +
                              policy_.thresholds[1] + "`");
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
      if (given != 0 && static_cast<std::size_t>(given) != row.size()) {
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
      const Field* due =
          trigger.verb == kNone ? nullptr : field_of(kind_, trigger.verb, Form::kDue);
      if (due != nullptr && (due->required || trigger.has_due)) continue;
      const std::string what =
          trigger.verb == kNone
              ? "entering a stage"
              : "`" + kind_.verbs[static_cast<std::size_t>(trigger.verb)].name + "`";
      reader_.error(node_["allow"], name_ + ": `given`, but " + what +
                                        (due != nullptr ? " may lack its due; start with `with-due`"
                                                        : " has no field of the form `due`"));
    }
  }

  void check_working_days() {
    for (std::size_t p = 0; p < policy_.priorities.size(); ++p) {
      for (const auto& row : clock_.allowance) {
        if (row.empty() || row[p].kind != Allowance::Kind::kWorkingDays ||
            clock_.calendar[p] == policy_.working_calendar)
          continue;
        if (!reader_.gave_up("calendar") && !reader_.gave_up("working days")) {
          reader_.error(
              node_["allow"],
              name_ + ": working days (wd) need the policy's `working_days` as hours, `" +
                  policy_.calendars[static_cast<std::size_t>(policy_.working_calendar)].name + "`");
        }
        return;
      }
    }
  }

  void read_repeat(const Yaml& node) {
    if (!reader_.map(node, at("repeat"), {"rest_after", "woken_by", "run_ends"})) return;
    clock_.restart_on_breach = true;
    clock_.group_by_run = true;
    const Yaml& rest = node["rest_after"];
    if (!rest.absent())
      clock_.rest_after =
          static_cast<int>(reader_.integer(rest, at("repeat rest_after"), 1, kRestMax));
    clock_.wakes = read_verbs(reader_, node["woken_by"], at("repeat woken_by"), kind_);
    if (!rest.absent() && node["woken_by"].absent())
      reader_.error(rest, name_ + ": repeat: it would rest for ever: `woken_by` is missing");
    clock_.run_ends =
        tocsin::read_triggers(reader_, reader_.required(node, "run_ends", at("repeat")),
                              at("repeat run_ends"), kind_, TriggerUse::kEnd);
  }

  ClockSpec clock_;
};

}  // namespace

Warning read_warning(PolicyReader& reader, const Yaml& node, const std::string& where) {
  Warning warning;
  if (node.absent()) return warning;
  const std::string text = reader.text(node, where + " warn");
  const std::size_t slash = text.find('/');
  const std::size_t before = text.find("wd before");
  if (slash != std::string::npos) {
    const auto part = whole_number(std::string_view(text).substr(0, slash), kDenominatorMax);
    const auto whole = whole_number(std::string_view(text).substr(slash + 1), kDenominatorMax);
    if (part && whole && *part > 0 && *part < *whole) {
      warning.kind = Warning::Kind::kFraction;
      warning.numerator = static_cast<std::int32_t>(*part);
      warning.denominator = static_cast<std::int32_t>(*whole);
      return warning;
    }
  } else if (before != std::string::npos && before + 9 == text.size()) {
    const auto days = whole_number(std::string_view(text).substr(0, before), kDenominatorMax);
    if (days && *days > 0) {
      warning.kind = Warning::Kind::kWorkingDaysBefore;
      warning.days = static_cast<std::int32_t>(*days);
      return warning;
    }
  }
  if (!text.empty()) reader.error(node, where + ": `" + text + "`: " + kWarnings);
  return warning;
}

Duration read_grace(PolicyReader& reader, const Yaml& node, const std::string& where) {
  if (node.absent()) return {};
  const std::string text = reader.text(node, where + " grace");
  const auto grace = read_allowance(text);
  if (grace && grace->kind == Allowance::Kind::kOpenTime) return {grace->amount};
  if (!text.empty()) reader.error(node, where + ": grace is a time like 30s or 5m");
  return {};
}

bool read_low(PolicyReader& reader, const Yaml& node, const std::string& where) {
  if (node.absent()) return false;
  if (!node.is_text() || node.text != "low")
    reader.error(node, where + ": urgency of a clock can only be `low`");
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
      reader.error(member.key_line, member.key + " must be a map of keys");
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
