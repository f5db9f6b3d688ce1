#include "engine/policy_reader.h"

namespace tocsin {

namespace {

std::optional<PeriodKind> period_kind(const std::string& word) {
  if (word == "week") return PeriodKind::kWeek;
  if (word == "month") return PeriodKind::kMonth;
  if (word == "quarter") return PeriodKind::kQuarter;
  if (word == "half-year") return PeriodKind::kHalfYear;
  return std::nullopt;
}

Warning read_warning(PolicyReader& reader, const YAML::Node& node, const std::string& where) {
  Warning warning;
  if (!node.IsDefined()) return warning;
  const std::string text = reader.text(node, where + " warn");
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    try {
      warning.numerator = std::stoi(text.substr(0, slash));
      warning.denominator = std::stoi(text.substr(slash + 1));
      warning.kind = Warning::Kind::kFraction;
    } catch (const std::exception&) {
    }
    if (warning.numerator <= 0 || warning.numerator >= warning.denominator) {
      reader.error(node, where + ": warn must be a fraction below 1, like 2/3, or `2wd before`");
      return {};
    }
    return warning;
  }
  const std::size_t before = text.find("wd before");
  if (before != std::string::npos && text.size() == before + 9) {
    const auto days = read_allowance(text.substr(0, before) + "wd");
    if (days) {
      warning.kind = Warning::Kind::kWorkingDaysBefore;
      warning.days = static_cast<std::int32_t>(days->amount);
      return warning;
    }
  }
  reader.error(node, where + ": warn must be a fraction below 1, like 2/3, or `2wd before`");
  return warning;
}

void read_allowances(PolicyReader& reader, const YAML::Node& node, const std::string& where,
                     const Policy& policy, std::size_t priority, ClockSpec& clock) {
  if (!node.IsMap()) {
    reader.error(node, where + ": allow must be a map of thresholds");
    return;
  }
  for (const auto& member : node) {
    const std::int16_t t = reader.code(member.first, "threshold", member.first.as<std::string>(), policy.thresholds);
    if (t == kNone) continue;
    const std::string text = reader.text(member.second, where);
    auto& row = clock.allowance[static_cast<std::size_t>(t)];
    row.resize(policy.priorities.size());
    if (text == "given") {
      row[priority].kind = Allowance::Kind::kGiven;
    } else if (const auto allowance = read_allowance(text)) {
      row[priority] = *allowance;
    } else {
      reader.error(member.second, where + ": `" + text + "` is no duration (15m, 2h, 3wd, given)");
    }
  }
}

std::int16_t calendar_code(PolicyReader& reader, const YAML::Node& node, const std::string& where, const Policy& policy) {
  const std::string name = reader.text(node, where + " hours");
  if (name == "tier") return kTierCalendar;
  for (std::size_t i = 0; i < policy.calendars.size(); ++i) {
    if (policy.calendars[i].name == name) return static_cast<std::int16_t>(i);
  }
  reader.error(node, where + ": no calendar `" + name + "`");
  return 0;
}

void read_hours(PolicyReader& reader, const YAML::Node& node, const std::string& where, const Policy& policy, ClockSpec& clock) {
  clock.calendar.assign(policy.priorities.size(), policy.always_calendar);
  if (!node.IsDefined()) return;
  if (node.IsScalar()) {
    clock.calendar.assign(policy.priorities.size(), calendar_code(reader, node, where, policy));
    return;
  }
  for (const auto& member : node) {
    const std::int16_t p = reader.code(member.first, "priority", member.first.as<std::string>(), policy.priorities);
    if (p != kNone) clock.calendar[static_cast<std::size_t>(p)] = calendar_code(reader, member.second, where, policy);
  }
}

void read_ladders(PolicyReader& reader, const YAML::Node& node, const YAML::Node& of_kind, const std::string& where,
                  const KindSpec& kind, const Policy& policy, ClockSpec& clock) {
  const YAML::Node breach = node["breach"].IsDefined() ? node["breach"] : of_kind["breach"];
  if (breach.IsDefined() && breach.IsMap()) {
    if (breach["enters"].IsDefined()) {
      clock.breach_enters = reader.code(breach["enters"], "stage", reader.text(breach["enters"], where), kind.stages);
    }
    const bool by_threshold = std::any_of(policy.thresholds.begin(), policy.thresholds.end(),
                                          [&](const std::string& t) { return breach[t].IsDefined(); });
    for (std::size_t t = 0; t < policy.thresholds.size(); ++t) {
      if (!by_threshold) {
        clock.on_breach[t] = read_ladder(reader, breach, where + " breach", policy);
      } else if (breach[policy.thresholds[t]].IsDefined()) {
        clock.on_breach[t] = read_ladder(reader, breach[policy.thresholds[t]], where + " breach", policy);
      }
    }
  }
  const YAML::Node warning = node["warning"].IsDefined() ? node["warning"] : of_kind["warning"];
  if (warning.IsDefined() && warning.IsMap() && warning["same_as_breach"].IsDefined()) {
    clock.on_warning = clock.on_breach[0];
  } else {
    clock.on_warning = read_ladder(reader, warning, where + " warning", policy);
  }
  if (clock.on_warning.ladder.steps.size() > 1) clock.on_warning.ladder.steps.resize(1);
}

void read_repeat(PolicyReader& reader, const YAML::Node& node, const std::string& where, const KindSpec& kind, ClockSpec& clock) {
  if (!node.IsDefined()) return;
  reader.only(node, where + " repeat", {"rest_after", "woken_by", "run_ends"});
  clock.restart_on_breach = true;
  clock.group_by_run = true;
  if (node["rest_after"].IsDefined()) {
    clock.rest_after = static_cast<int>(reader.integer(node["rest_after"], where + " rest_after").value_or(0));
    if (clock.rest_after < 1) reader.error(node["rest_after"], where + ": rest_after must be at least 1");
  }
  clock.wakes = read_verbs(reader, node["woken_by"], where + " woken_by", kind);
  clock.run_ends = read_triggers(reader, node["run_ends"], where + " run_ends", kind);
}

void read_clock(PolicyReader& reader, const YAML::Node& node, const YAML::Node& of_kind, const std::string& name,
                KindSpec& kind, const Policy& policy) {
  reader.only(node, name, {"start", "stop", "cancel", "runs_on", "again", "set_by", "set_before_start", "unless", "unless_in_stage",
                           "not_while", "pauses", "never_later", "stage", "hours", "allow", "warn", "urgency", "repeat",
                           "breach", "warning", "grace"});
  ClockSpec clock;
  clock.name = name;
  clock.start = read_triggers(reader, node["start"], name + " start", kind);
  clock.stop = read_triggers(reader, node["stop"], name + " stop", kind);
  clock.cancel = read_verbs(reader, node["cancel"], name + " cancel", kind);
  clock.resume = read_verbs(reader, node["runs_on"], name + " runs_on", kind);
  clock.restart = read_verbs(reader, node["again"], name + " again", kind);
  clock.sets = read_verbs(reader, node["set_by"], name + " set_by", kind);
  clock.presets = read_verbs(reader, node["set_before_start"], name + " set_before_start", kind);
  clock.unless = read_verbs(reader, node["unless"], name + " unless", kind);
  clock.unless_in_stage = read_verbs(reader, node["unless_in_stage"], name + " unless_in_stage", kind);
  clock.unless_resolved = node["not_while"].IsDefined();
  if (clock.unless_resolved && reader.text(node["not_while"], name) != "resolved") {
    reader.error(node["not_while"], name + ": not_while can only be `resolved`");
  }
  clock.pauses = reader.flag(node["pauses"], name + " pauses");
  clock.capped = reader.flag(node["never_later"], name + " never_later");
  if (node["stage"].IsDefined()) clock.stage = reader.code(node["stage"], "stage", reader.text(node["stage"], name), kind.stages);
  read_hours(reader, node["hours"], name, policy, clock);
  if (clock.start.empty() && clock.restart == 0) reader.error(node, name + ": nothing starts it");
  const YAML::Node allow = node["allow"];
  if (!allow.IsDefined() || !allow.IsMap()) {
    reader.error(node, name + ": allow is missing");
  } else if (kind.prioritized && allow.begin() != allow.end() && allow.begin()->second.IsMap()) {
    for (const auto& member : allow) {
      const std::int16_t p = reader.code(member.first, "priority", member.first.as<std::string>(), policy.priorities);
      if (p != kNone) read_allowances(reader, member.second, name, policy, static_cast<std::size_t>(p), clock);
    }
  } else {
    for (std::size_t p = 0; p < policy.priorities.size(); ++p) read_allowances(reader, allow, name, policy, p, clock);
  }
  for (std::size_t p = 0; p < policy.priorities.size(); ++p) {
    for (const auto& row : clock.allowance) {
      if (!row.empty() && row[p].kind == Allowance::Kind::kWorkingDays && clock.calendar[p] != policy.working_calendar) {
        reader.error(node, name + ": working days (wd) need the hours of `working_days`");
      }
    }
  }
  clock.warning = read_warning(reader, node["warn"], name);
  if (node["grace"].IsDefined()) {
    const auto grace = read_allowance(reader.text(node["grace"], name + " grace"));
    if (grace && grace->kind == Allowance::Kind::kOpenTime) {
      clock.grace = {grace->amount};
    } else {
      reader.error(node["grace"], name + ": grace must be a duration like 30s");
    }
  }
  clock.low = node["urgency"].IsDefined() && reader.text(node["urgency"], name) == "low";
  read_repeat(reader, node["repeat"], name, kind, clock);
  read_ladders(reader, node, of_kind, name, kind, policy, clock);
  kind.pauses_clocks = kind.pauses_clocks || clock.pauses;
  kind.clocks.push_back(std::move(clock));
}

// A cadence whose period depends on the tier becomes one clock a period, under one name.
void read_cadence(PolicyReader& reader, const YAML::Node& node, const YAML::Node& of_kind, const std::string& name,
                  KindSpec& kind, const Policy& policy) {
  reader.only(node, name, {"every", "count", "match", "due", "warn", "breach", "warning", "urgency", "grace"});
  const std::size_t tiers = policy.tiers.size();
  std::vector<std::optional<PeriodKind>> kinds(tiers);
  std::vector<int> counts(tiers, 0);
  const auto each_tier = [&](const YAML::Node& map, const char* what, const auto& set) {
    if (map.IsScalar()) {
      for (std::size_t t = 0; t < tiers; ++t) set(t, map);
    } else if (map.IsMap()) {
      for (const auto& member : map) {
        const std::int16_t t = reader.code(member.first, "tier", member.first.as<std::string>(), policy.tiers);
        if (t != kNone) set(static_cast<std::size_t>(t), member.second);
      }
    } else {
      reader.error(node, name + ": " + what + " is missing");
    }
  };
  each_tier(node["every"], "every", [&](std::size_t t, const YAML::Node& n) {
    kinds[t] = period_kind(reader.text(n, name + " every"));
    if (!kinds[t]) reader.error(n, name + ": every is week, month, quarter or half-year");
  });
  each_tier(node["count"], "count", [&](std::size_t t, const YAML::Node& n) {
    counts[t] = static_cast<int>(reader.integer(n, name + " count").value_or(0));
    if (counts[t] < 0 || counts[t] > 1000) reader.error(n, name + ": count must be 0 to 1000");
  });
  const auto match = read_trigger(reader, node["match"].IsDefined() ? node["match"] : node, node["match"].IsDefined() ? reader.text(node["match"], name + " match") : "", kind);
  ClockSpec clock;
  clock.name = name;
  clock.period = true;
  if (match) clock.cadence.match = *match;
  const std::string due = node["due"].IsDefined() ? reader.text(node["due"], name + " due") : "";
  if (due == "first working day") {
    clock.cadence.due = PeriodSpec::Due::kFirstWorkingDay;
  } else if (due.starts_with("day ")) {
    clock.cadence.due = PeriodSpec::Due::kDay;
    clock.cadence.day = std::atoi(due.c_str() + 4);
    if (clock.cadence.day < 1 || clock.cadence.day > 31) reader.error(node["due"], name + ": due must be day 1 to day 31");
  } else if (!due.empty()) {
    reader.error(node["due"], name + ": due is `day N` or `first working day`");
  }
  clock.calendar.assign(policy.priorities.size(), policy.always_calendar);
  Allowance given;
  given.kind = Allowance::Kind::kGiven;
  clock.allowance[0].assign(policy.priorities.size(), given);
  clock.warning = read_warning(reader, node["warn"], name);
  read_ladders(reader, node, of_kind, name, kind, policy, clock);
  kind.has_periods = true;
  for (const PeriodKind k : {PeriodKind::kWeek, PeriodKind::kMonth, PeriodKind::kQuarter, PeriodKind::kHalfYear}) {
    clock.cadence.kind = k;
    clock.cadence.count.assign(tiers, 0);
    bool any = false;
    for (std::size_t t = 0; t < tiers; ++t) {
      if (kinds[t] != k || counts[t] == 0) continue;
      clock.cadence.count[t] = counts[t];
      any = true;
    }
    if (any) kind.clocks.push_back(clock);
  }
}

}  // namespace

void read_clocks(PolicyReader& reader, const YAML::Node& root, Policy& policy) {
  const YAML::Node clocks = root["clocks"];
  if (!clocks.IsDefined() || !clocks.IsMap()) {
    reader.error(root, "clocks: a policy needs a map of clocks");
    return;
  }
  for (const auto& member : clocks) {
    const auto name = member.first.as<std::string>();
    const std::string kind_name = name.substr(0, name.find('.'));
    const auto kind = std::find_if(policy.kinds.begin(), policy.kinds.end(), [&](const KindSpec& k) { return k.name == kind_name; });
    if (name.find('.') == std::string::npos || kind == policy.kinds.end()) {
      reader.error(member.first, "clock `" + name + "`: its name must begin with a kind and a dot");
      continue;
    }
    if (!member.second.IsMap()) {
      reader.error(member.first, name + " must be a map");
      continue;
    }
    const YAML::Node of_kind = root["kinds"][kind_name];
    if (member.second["every"].IsDefined()) {
      read_cadence(reader, member.second, of_kind, name, *kind, policy);
    } else {
      read_clock(reader, member.second, of_kind, name, *kind, policy);
    }
  }
  for (KindSpec& kind : policy.kinds) {
    std::stable_sort(kind.clocks.begin(), kind.clocks.end(), [](const ClockSpec& a, const ClockSpec& b) { return a.name < b.name; });
  }
}

std::optional<Allowance> read_allowance(const std::string& text) {
  std::size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  if (end == 0 || end > 9) return std::nullopt;
  const std::int64_t n = std::stoll(text.substr(0, end));
  const std::string unit = text.substr(end);
  const auto open = [&](std::int64_t ms) { return Allowance{Allowance::Kind::kOpenTime, n * ms}; };
  if (unit == "ms") return open(1);
  if (unit == "s") return open(1000);
  if (unit == "m") return open(60'000);
  if (unit == "h") return open(3'600'000);
  if (unit == "d") return open(86'400'000);
  if (unit == "wd" && n >= 1 && n <= 1000) return Allowance{Allowance::Kind::kWorkingDays, n};
  return std::nullopt;
}

}  // namespace tocsin
