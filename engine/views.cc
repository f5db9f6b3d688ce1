#include "engine/views.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <tuple>

#include "engine/derived.h"
#include "engine/truth.h"
#include "events/writer.h"

namespace tocsin {

namespace {

ClockRow clock_row(const Cycle& cycle, const ClockSpec& spec, const Policy& policy) {
  ClockRow row;
  row.clock = spec.name;
  row.cycle = cycle_name(policy, spec, cycle.number);
  row.period = spec.period;
  row.state = cycle.state;
  row.start = cycle.start;
  row.calendar = policy.calendars[static_cast<std::size_t>(cycle.calendar)].name;
  row.thresholds.reserve(kMaxThresholds);
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    const Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    ThresholdRow t;
    t.name = policy.thresholds[i];
    if (th.due != kNever) t.due = th.due;
    t.verdict = th.verdict;
    t.warned = th.warned > 0;
    row.thresholds.push_back(std::move(t));
  }
  if (cycle.state == ClockState::kStopped) {
    row.stopped = cycle.stopped;
    row.elapsed_ms = cycle.elapsed_ms;
  }
  return row;
}

GroupRow group_row(const Entity& entity, const SaidGroup& group, const Policy& policy) {
  GroupRow row;
  row.escalation = group_id(entity, policy, group.key, group.instance);
  if (group.key.clock != kNone) {
    row.clock = policy.kinds[static_cast<std::size_t>(entity.kind)]
                    .clocks[static_cast<std::size_t>(group.key.clock)]
                    .name;
  }
  row.step = group.step;
  for (const std::int16_t role : group.roles)
    row.roles.push_back(policy.roles[static_cast<std::size_t>(role)]);
  row.persons = group.persons;
  row.urgency = group.high ? "high" : "low";
  row.state = group.state;
  row.begun = group.begun;
  row.raised = group.last_step;
  row.by = group.by;
  return row;
}

}  // namespace

EntityView make_view(const Entity& entity, const Truth& truth) {
  const Policy& policy = *entity.policy;
  EntityView view;
  const KindSpec& kind = policy.kinds[static_cast<std::size_t>(entity.kind)];
  view.account = entity.account;
  view.kind = kind.name;
  view.id = entity.id;
  view.groups.reserve(entity.groups.size());
  view.facts = static_cast<std::int64_t>(entity.facts.size());
  for (const EntityFact& fact : entity.facts) {
    if (fact.verb != kNone && fact.verb == kind.assign_verb) view.assignee = fact.words.text();
  }
  for (const SaidGroup& group : entity.groups)
    view.groups.push_back(group_row(entity, group, policy));
  if (!truth.created) return view;
  const EntityFact& creation = entity.facts[static_cast<std::size_t>(truth.creator)];
  view.created = true;
  view.opened = truth.created_at;
  const std::int16_t tier = truth.tier_in_force != kNone ? truth.tier_in_force : truth.tier;
  view.tier = policy.tiers[static_cast<std::size_t>(tier)];
  view.provisional = creation.provisional;
  view.policy = creation.policy;
  if (kind.assign_verb == kNone) view.assignee = creation.words.text();
  if (kind.prioritized) view.priority = policy.priorities[static_cast<std::size_t>(truth.priority)];
  if (truth.stage != kNone) view.stage = kind.stages[static_cast<std::size_t>(truth.stage)];
  view.state = truth.ended != kNone ? kind.verbs[static_cast<std::size_t>(truth.ended)].name
               : truth.resolved     ? "resolved"
               : truth.paused       ? "paused"
                                    : "open";
  const auto spec = [&](const Cycle* cycle) -> const ClockSpec& {
    return kind.clocks[static_cast<std::size_t>(cycle->clock)];
  };
  boost::container::small_vector<const Cycle*, 16> sorted;
  for (const Cycle& cycle : truth.cycles) sorted.push_back(&cycle);
  std::sort(sorted.begin(), sorted.end(), [&](const Cycle* a, const Cycle* b) {
    const int order = a->clock == b->clock ? 0 : spec(a).name.compare(spec(b).name);
    return order != 0 ? order < 0 : std::tie(a->start, a) < std::tie(b->start, b);
  });
  view.clocks.reserve(sorted.size());
  for (const Cycle* cycle : sorted) view.clocks.push_back(clock_row(*cycle, spec(cycle), policy));
  return view;
}

void append_verdict(std::string& out, const EntityView& view, const ClockRow& row) {
  static constexpr std::string_view kStates[] = {"running", "paused", "stopped", "cancelled"};
  static constexpr std::string_view kVerdicts[] = {"pending", "met", "breached"};
  out += "{\"account\":";
  append_json_string(out, view.account);
  out += ",\"entity\":";
  append_json_string(out, view.kind + "/" + view.id);
  out += ",\"clock\":";
  append_json_string(out, row.clock);
  out += ",\"cycle\":";
  if (row.period) {
    append_json_string(out, row.cycle);
  } else {
    out += row.cycle;
  }
  out += ",\"state\":\"";
  out += kStates[static_cast<std::size_t>(row.state)];
  out += "\",\"start\":";
  append_json_time(out, row.start);
  out += ",\"thresholds\":[";
  for (std::size_t i = 0; i < row.thresholds.size(); ++i) {
    const ThresholdRow& t = row.thresholds[i];
    out += i == 0 ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, t.name);
    out += ",\"due\":";
    if (t.due) {
      append_json_time(out, *t.due);
    } else {
      out += "null";
    }
    out += ",\"verdict\":\"";
    out += kVerdicts[static_cast<std::size_t>(t.verdict)];
    out += "\"}";
  }
  out += "],\"stopped\":";
  if (row.stopped) {
    append_json_time(out, *row.stopped);
  } else {
    out += "null";
  }
  out += ",\"elapsedMs\":";
  if (row.elapsed_ms) {
    append_int(out, *row.elapsed_ms);
  } else {
    out += "null";
  }
  out += '}';
}

}  // namespace tocsin
