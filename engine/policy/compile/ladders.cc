// Who is told: steps, the rows of a clock or kind, routing, recurring faults.
#include <algorithm>

#include "engine/policy/compile/reader.h"
#include "engine/policy/translate.h"

namespace tocsin {

namespace {

constexpr std::int64_t kTimesMax = 1000;
constexpr std::size_t kStepsMax = 1000;

// Where a row stands, which decides what it may say.
enum class Row : std::uint8_t { kBreach, kWarning, kPriority, kStage, kFault };

class LadderReader {
 public:
  LadderReader(PolicyReader& reader, const KindSpec& kind, const Policy& policy, std::string where,
               Row row)
      : reader_(reader), kind_(kind), policy_(policy), where_(std::move(where)), place_(row) {}

  // The members that every row has; `only` says which keys it may have besides.
  LadderRow row(const Yaml& node) {
    LadderRow row;
    hours_ = hours(node["hours"], where_ + " hours");
    const Yaml &by_tier = node["by_tier"], &by_priority = node["by_priority"];
    if (!by_tier.absent()) {
      if (!node["steps"].absent() || !by_priority.absent())
        reader_.error(by_tier, where_ + ": one of `steps`, `by_tier` and `by_priority`");
      row.by_tier.resize(policy_.tiers.size());
      each_tier(by_tier, "by_tier",
                [&](TierCode tier, const Yaml& list) { row.by_tier[tier].steps = steps(list); });
    } else if (!by_priority.absent()) {
      if (!node["steps"].absent())
        reader_.error(by_priority, where_ + ": one of `steps`, `by_tier` and `by_priority`");
      row.by_priority.resize(policy_.priorities.size());
      each_priority(by_priority, "by_priority", [&](PriorityCode priority, const Yaml& list) {
        row.by_priority[priority].steps = steps(list);
      });
    } else {
      row.ladder.steps = steps(reader_.required(node, "steps", where_));
    }
    row.ack_timeout = ack_timeout(node["ack_timeout"]);
    row.urgent_roles = roles(node["urgent_also"], where_ + " urgent_also");
    if (!node["urgent_also"].absent() && !kind_.prioritized) {
      reader_.error(node["urgent_also"],
                    where_ + ": urgent_also, but " + kind_.name + " has no `priorities`");
    }
    if (!node["tier_also"].absent()) {
      row.tier_roles.resize(policy_.tiers.size());
      each_tier(node["tier_also"], "tier_also", [&](TierCode tier, const Yaml& list) {
        row.tier_roles[tier] = roles(list, where_ + " tier_also " + list.key);
      });
    }
    return row;
  }

  std::vector<Step> steps(const Yaml& node) {
    std::vector<Step> out;
    at_ = where_ + " " + node.key;  // `steps`, or the tier or priority that they are for
    if (!node.absent() && !node.is_list()) {
      reader_.wrong(node, at_, "a list, like [{tell: [someone]}]");
      return out;
    }
    if (node.is_list() && node.values.empty()) reader_.error(node, where_ + ": there are no steps");
    for (const Yaml& item : node.values) step(item, out);
    if (out.size() > kStepsMax)
      reader_.error(node, where_ + ": more than " + std::to_string(kStepsMax) + " steps");
    if (place_ == Row::kWarning && out.size() > 1)
      reader_.error(node, where_ + ": a warning has one step");
    if (place_ == Row::kFault && out.size() > 1)
      reader_.error(node, where_ + ": a recurring fault has one step");
    return out;
  }

 private:
  template <typename F>
  void each_tier(const Yaml& map, const char* key, const F& take) {
    if (!reader_.map(map, where_ + " " + key)) return;
    for (const Yaml& member : map.values) {
      const TierCode tier =
          reader_.code(member.key_line, where_ + " " + key, "tier", member.key, policy_.tiers);
      if (tier != kNone) take(tier, member);
    }
  }

  template <typename F>
  void each_priority(const Yaml& map, const char* key, const F& take) {
    if (!reader_.map(map, where_ + " " + key)) return;
    if (!kind_.prioritized)
      reader_.error(map, where_ + " " + key + ": " + kind_.name + " has no `priorities`");
    for (const Yaml& member : map.values) {
      const PriorityCode priority = reader_.code(member.key_line, where_ + " " + key, "priority",
                                                 member.key, policy_.priorities);
      if (priority != kNone) take(priority, member);
    }
  }

  // `always`, `tier`, or the name of a calendar.
  CalendarCode hours(const Yaml& node, const std::string& where) {
    const std::string name = reader_.text(node, where);
    if (name.empty() || name == "always") return kNone;
    if (name == "tier") return kTierCalendar;
    const Names<CalendarCode> names = calendar_names(policy_);
    const CalendarCode code = place_of(name, names);
    if (code == kNone) {
      std::vector<std::string> known = {"always", "tier"};
      known.insert(known.end(), names.begin(), names.end());
      reader_.place(node.line, where, "hours", name, known);
    }
    return code;
  }

  // `30m`, or `{P1: 30m, P2: 30m}`.
  Coded<PriorityCode, Duration> ack_timeout(const Yaml& node) {
    Coded<PriorityCode, Duration> out;
    if (node.absent()) return out;
    const std::string where = where_ + " ack_timeout";
    const auto duration = [&](const Yaml& text, const std::string& where) -> Duration {
      const auto delay = text.is_text() ? read_allowance(text.text) : std::nullopt;
      if (delay && delay->kind == Allowance::Kind::kOpenTime) return {delay->amount};
      reader_.wrong(text, where, "a time like 30m");
      return {};
    };
    if (place_ != Row::kBreach)
      reader_.error(node, where + ": only the acknowledgement of a breach runs out");
    if (node.is_text()) {
      out.push_back(duration(node, where));
      return out;
    }
    out.resize(policy_.priorities.size());
    each_priority(node, "ack_timeout", [&](PriorityCode priority, const Yaml& text) {
      out[priority] = duration(text, where + " " + text.key);
    });
    return out;
  }

  std::vector<RoleCode> roles(const Yaml& node, const std::string& where) {
    std::vector<RoleCode> out;
    for (const Word& word : reader_.list(node, where)) {
      const RoleCode role = reader_.code(word.line, where, "role", word.text, policy_.roles);
      if (role == kNone) continue;
      if (std::find(out.begin(), out.end(), role) != out.end())
        reader_.error(word.line, where + ": `" + word.text + "` is there twice");
      if (role == policy_.assignee_role && kind_.assign_verb == kNone) {
        reader_.error(word.line, where + ": `assignee`, but " + kind_.name + " has no `assignee`");
      }
      if (role == policy_.owner_role && !has_owner()) {
        reader_.error(word.line, where + ": `owner`, but no creating fact of " + kind_.name +
                                     " has a field of the form `owner`");
      }
      out.push_back(role);
    }
    return out;
  }

  bool has_owner() const {
    for (const VerbSpec& verb : kind_.verbs) {
      for (const Field& field : verb.fields) {
        if (verb.creates && field.form == Form::kOwner) return true;
      }
    }
    return false;
  }

  void step(const Yaml& item, std::vector<Step>& steps) {
    if (!reader_.map(item, at_, {"tell", "after", "times", "hours"})) return;
    Step step;
    const std::size_t before = reader_.errors().size();
    step.roles = roles(reader_.required(item, "tell", at_), at_ + " tell");
    if (step.roles.empty() && reader_.errors().size() == before && !reader_.gave_up("role")) {
      reader_.error(item, where_ + ": a step tells nobody");
    }
    step.hours = item["hours"].absent() ? hours_ : hours(item["hours"], at_ + " hours");
    after(item, steps, step);
    const Yaml& often = item["times"];
    const std::int64_t times =
        often.absent() ? 1 : reader_.integer(often, at_ + " times", 1, kTimesMax);
    if (times > 1 && step.after.ms == 0)
      reader_.error(often, where_ + ": `times` needs an `after` of hours or minutes");
    const Duration each = step.after;
    for (std::int64_t i = 1; i <= times; ++i) {
      step.after = {each.ms * i};
      steps.push_back(step);
    }
  }

  void after(const Yaml& item, const std::vector<Step>& steps, Step& step) {
    const Yaml& after = item["after"];
    if (after.absent()) {
      if (!steps.empty()) reader_.error(item, where_ + ": only the first step has no `after`");
      return;
    }
    if (steps.empty()) {
      reader_.error(after, where_ + ": the first step is told at once and has no `after`");
      return;
    }
    const auto delay = after.is_text() ? read_allowance(after.text) : std::nullopt;
    if (!delay) {
      reader_.wrong(after, at_ + " after", kDurations);
      return;
    }
    if (delay->kind == Allowance::Kind::kWorkingDays) {
      step.working_days = static_cast<std::int16_t>(delay->amount);
    } else {
      step.after = {delay->amount};
    }
    const Step& last = steps.back();
    const bool both_days = last.working_days > 0 && step.working_days > 0;
    const bool both_times = last.working_days == 0 && step.working_days == 0;
    if ((both_days && step.working_days <= last.working_days) ||
        (both_times && step.after <= last.after)) {
      reader_.error(
          after, where_ + ": steps come one after the other, each `after` counted from the first");
    }
  }

  PolicyReader& reader_;
  const KindSpec& kind_;
  const Policy& policy_;
  std::string where_;
  std::string at_;  // of the steps
  Row place_;
  CalendarCode hours_;  // of the row
};

LadderRow read_row(PolicyReader& reader, const Yaml& node, const std::string& where, Row row,
                   const KindSpec& kind, const Policy& policy) {
  const bool good =
      row == Row::kPriority
          ? reader.map(node, where, {"on", "steps", "by_tier", "tier_also", "urgent_also", "hours"})
      : row == Row::kStage ? reader.map(node, where, {"steps", "tier_also", "urgent_also", "hours"})
                           : reader.map(node, where,
                                        {"steps", "by_tier", "by_priority", "tier_also",
                                         "urgent_also", "hours", "ack_timeout"});
  return good ? LadderReader(reader, kind, policy, where, row).row(node) : LadderRow{};
}

void read_priority_row(PolicyReader& reader, const Yaml& node, const std::string& where,
                       KindSpec& kind, const Policy& policy) {
  if (!kind.prioritized) {
    reader.error(node.key_line, kind.name + " routing: `" + node.key + "`: " + kind.name +
                                    " has no `priorities`; its routing has rows like `stage 1`");
    return;
  }
  const PriorityCode p = reader.code(node.key_line, where, "priority", node.key, policy.priorities);
  if (p == kNone) return;
  kind.routing.by_priority[p] = read_row(reader, node, where, Row::kPriority, kind, policy);
  for (const Word& on : reader.list(node["on"], where + " on")) {
    if (on.text == "raised") {
      kind.routing.on_raise[p] = true;
    } else if (on.text == "reopened") {
      kind.routing.on_reopen[p] = true;
    } else if (on.text != "opened") {
      reader.error(on.line,
                   where + " on must be of opened, raised and reopened, not `" + on.text + "`");
    }
  }
}

// A clock's row of this name, else its kind's, and how messages call it.
struct Found {
  const Yaml& node;
  std::string where;
};

Found row_of(const Yaml& clock, const Yaml& kind, const char* key) {
  if (!clock[key].absent()) return {clock[key], clock.key + " " + key};
  return {kind[key], kind.key + " " + key};
}

void read_breach(PolicyReader& reader, const Found& breach, const KindSpec& kind,
                 const Policy& policy, ClockSpec& clock) {
  const Yaml& node = breach.node;
  if (node.absent() || !reader.map(node, breach.where)) return;
  const auto threshold_row = [&](ThresholdCode t) -> const Yaml& {
    return node[policy.thresholds[t]];
  };
  bool by_threshold = false;
  for (const ThresholdCode t : policy.thresholds.codes())
    by_threshold = by_threshold || !threshold_row(t).absent();
  if (by_threshold) {
    for (const Yaml& member : node.values) {
      const ThresholdCode t =
          reader.code(member.key_line, breach.where, "threshold", member.key, policy.thresholds);
      if (t != kNone)
        clock.on_breach[t] =
            read_row(reader, member, breach.where + " " + member.key, Row::kBreach, kind, policy);
    }
    return;
  }
  const Yaml& enters = node["enters"];
  if (!enters.absent()) {
    const std::string stage = reader.text(enters, breach.where + " enters");
    if (!stage.empty())
      clock.breach_enters =
          reader.code(enters.line, breach.where + " enters", "stage", stage, kind.stages);
    if (clock.breach_enters != kNone &&
        (clock.stage == kNone || clock.stage >= clock.breach_enters)) {
      reader.error(enters, breach.where + ": enters a later stage than the clock's own `stage`");
    }
    if (node.values.size() == 1) return;
    reader.error(
        node,
        breach.where + ": what enters a stage is told of by the stage's routing; no other keys");
    return;
  }
  const LadderRow row = read_row(reader, node, breach.where, Row::kBreach, kind, policy);
  for (const ThresholdCode t : policy.thresholds.codes()) clock.on_breach[t] = row;
}

}  // namespace

void read_clock_ladders(PolicyReader& reader, const Yaml& node, const Yaml& of_kind,
                        const KindSpec& kind, const Policy& policy, ClockSpec& clock) {
  read_breach(reader, row_of(node, of_kind, "breach"), kind, policy, clock);
  const Found warning = row_of(node, of_kind, "warning");
  if (warning.node.absent()) return;
  if (!warning.node["same_as_breach"].absent()) {
    reader.map(warning.node, warning.where, {"same_as_breach"});
    if (!reader.flag(warning.node["same_as_breach"], warning.where + " same_as_breach")) return;
    clock.on_warning = clock.on_breach[ThresholdCode(0)];
    const auto cut = [](Ladder& ladder) {
      if (ladder.steps.size() > 1) ladder.steps.resize(1);
    };
    cut(clock.on_warning.ladder);
    for (Ladder& ladder : clock.on_warning.by_tier) cut(ladder);
    for (Ladder& ladder : clock.on_warning.by_priority) cut(ladder);
    clock.on_warning.ack_timeout.clear();
    return;
  }
  clock.on_warning = read_row(reader, warning.node, warning.where, Row::kWarning, kind, policy);
}

void read_routing(PolicyReader& reader, const Yaml& node, KindSpec& kind, const Policy& policy) {
  RoutingSpec& routing = kind.routing;
  routing.by_priority.resize(policy.priorities.size());
  routing.on_raise.resize(policy.priorities.size());
  routing.on_reopen.resize(policy.priorities.size());
  routing.by_stage.resize(kind.stages.size());
  const std::string where = kind.name + " routing";
  if (!reader.map(node, where)) return;
  for (const Yaml& member : node.values) {
    if (member.key == "cleared_by") continue;
    const std::string row = where + " " + member.key;
    if (member.key.starts_with("stage ")) {
      const StageCode stage =
          reader.code(member.key_line, where, "stage", member.key.substr(6), kind.stages);
      if (stage == kNone) continue;
      routing.by_stage[stage] = read_row(reader, member, row, Row::kStage, kind, policy);
    } else {
      read_priority_row(reader, member, row, kind, policy);
    }
  }
  routing.clear = read_triggers(reader, reader.required(node, "cleared_by", where),
                                where + " cleared_by", kind, TriggerUse::kEnd);
}

void read_recurring_fault(PolicyReader& reader, const Yaml& node, KindSpec& kind,
                          const Policy& policy) {
  const std::string where = kind.name + " recurring_fault";
  kind.fault.priorities.resize(policy.priorities.size());
  if (!reader.map(node, where, {"weeks", "priorities", "not", "steps"})) return;
  kind.fault.enabled = true;
  const Yaml& weeks = reader.required(node, "weeks", where);
  if (!weeks.absent())
    kind.fault.weeks = static_cast<int>(reader.integer(weeks, where + " weeks", 1, 52));
  if (!kind.prioritized) reader.error(node, where + ": " + kind.name + " has no `priorities`");
  for (const Word& word :
       reader.list(reader.required(node, "priorities", where), where + " priorities")) {
    const PriorityCode code =
        reader.code(word.line, where + " priorities", "priority", word.text, policy.priorities);
    if (code != kNone) kind.fault.priorities[code] = true;
  }
  VerbMask creating = 0;
  for (const VerbCode v : kind.verbs.codes()) {
    if (kind.verbs[v].creates) creating |= bit(v);
  }
  need_field(reader, node.line, where, kind, creating, Form::kModule, "module");
  kind.fault.not_when = read_verbs(reader, node["not"], where + " not", kind);
  kind.fault.ladder.steps = LadderReader(reader, kind, policy, where, Row::kFault)
                                .steps(reader.required(node, "steps", where));
}

}  // namespace tocsin
