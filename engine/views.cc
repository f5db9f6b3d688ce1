#include "engine/views.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <tuple>

#include "engine/said/derived.h"
#include "engine/truth/truth.h"
#include "engine/view_more.h"
#include "events/writer.h"

namespace tocsin {

namespace {

// Rows are filled in place: what they held before only lends its memory.
void fill(ClockRow& row, const Cycle& cycle, const ClockSpec& spec, const Policy& policy) {
  row.clock = spec.name;
  row.cycle = cycle_name(policy, spec, cycle.number);
  row.period = spec.period;
  row.state = cycle.state;
  row.start = cycle.start;
  row.calendar = policy.calendars[static_cast<std::size_t>(cycle.calendar)].name;
  std::size_t n = 0;
  row.thresholds.resize(kMaxThresholds);
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    const Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    ThresholdRow& t = row.thresholds[n++];
    t.name = policy.thresholds[i];
    t.due.reset();
    if (th.due != kNever) t.due = th.due;
    t.verdict = th.verdict;
    t.warned = th.warned > 0;
  }
  row.thresholds.resize(n);
  row.stopped.reset();
  row.elapsed_ms.reset();
  if (cycle.state == ClockState::kStopped) {
    row.stopped = cycle.stopped;
    row.elapsed_ms = cycle.elapsed_ms;
  }
  fill_counted(row, cycle, policy);
}

void fill(GroupRow& row, const Entity& entity, const SaidGroup& group, const Policy& policy) {
  row.escalation = group_id(entity, policy, group.key, group.instance);
  row.clock.clear();
  if (group.key.clock != kNone) {
    row.clock = policy.kinds[static_cast<std::size_t>(entity.kind)]
                    .clocks[static_cast<std::size_t>(group.key.clock)]
                    .name;
  }
  row.step = group.step;
  row.roles.resize(group.roles.size());
  for (std::size_t i = 0; i < group.roles.size(); ++i)
    row.roles[i] = policy.roles[static_cast<std::size_t>(group.roles[i])];
  row.persons = group.persons;
  row.urgency = group.high ? "high" : "low";
  row.reason.clear();
  row.state = group.state;
  row.begun = group.begun;
  row.raised = group.last_step;
  row.by = group.by;
}

// What is seen of an entity that is not created yet, without groups and clocks.
void fill_uncreated(EntityView& view, const Entity& entity, const KindSpec& kind) {
  view.account = entity.account;
  view.kind = kind.name;
  view.id = entity.id;
  view.created = view.provisional = false;
  view.policy = 0;
  for (std::string* text : {&view.tier, &view.state, &view.priority, &view.stage, &view.assignee})
    text->clear();
  view.opened.reset();
  view.facts = static_cast<std::int64_t>(entity.facts.size());
  for (const EntityFact& fact : entity.facts) {
    if (fact.verb != kNone && fact.verb == kind.assign_verb) view.assignee = fact.words.text();
  }
}

}  // namespace

void make_view(const Entity& entity, const Truth& truth, EntityView& view) {
  const Policy& policy = *entity.policy;
  const KindSpec& kind = policy.kinds[static_cast<std::size_t>(entity.kind)];
  fill_uncreated(view, entity, kind);
  view.groups.resize(entity.groups.size());
  for (std::size_t i = 0; i < entity.groups.size(); ++i)
    fill(view.groups[i], entity, entity.groups[i], policy);
  if (!truth.created) {
    view.clocks.clear();
    return fill_more(view, entity, truth);
  }
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
  view.clocks.resize(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i)
    fill(view.clocks[i], *sorted[i], spec(sorted[i]), policy);
  fill_more(view, entity, truth);
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
