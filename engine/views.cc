#include "engine/views.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <tuple>

#include "engine/entity/follow.h"
#include "engine/said/derived.h"
#include "engine/said/escalate.h"
#include "engine/said/group_steps.h"
#include "engine/said/persons.h"
#include "engine/truth/truth.h"
#include "engine/view_more.h"
#include "events/writer.h"

namespace tocsin {

namespace {

constexpr std::string_view kDelivered = "delivered";

// The word of a notification's outcome.
const std::string& outcome_of(const VerbSpec& verb, WordCode choice) {
  static const std::string unknown;
  for (const Field& field : verb.fields) {
    if (field.form == Form::kChoice && choice != kNone) return field.words[choice];
  }
  return unknown;
}

// Rows are filled in place: what they held before only lends its memory.
void fill(ClockRow& row, const Cycle& cycle, const ClockSpec& spec, const Truth& truth) {
  const Policy& policy = *truth.policy;
  row.clock = spec.name;
  row.cycle = cycle_name(policy, spec, cycle.number);
  row.period = spec.period;
  row.state = cycle.state;
  row.start = cycle.start;
  row.calendar = policy.calendars[cycle.calendar].name;
  std::size_t n = 0;
  row.thresholds.resize(
      static_cast<std::size_t>(std::count_if(cycle.thresholds.begin(), cycle.thresholds.end(),
                                             [](const Threshold& th) { return th.exists; })));
  for (const ThresholdCode i : kThresholds) {
    const Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    ThresholdRow& t = row.thresholds[n++];
    t.name = policy.thresholds[i];
    t.due.reset();
    if (th.due != kNever) t.due = th.due;
    t.verdict = th.verdict;
    t.warned = th.warned > 0;
    t.excused.reset();
    if (const Instant at = truth.excused_at(cycle, i); at != kNever) t.excused = at;
  }
  row.stopped.reset();
  row.elapsed_ms.reset();
  if (cycle.state == ClockState::kStopped) {
    row.stopped = cycle.stopped;
    row.elapsed_ms = cycle.elapsed_ms;
  }
  fill_counted(row, cycle, policy);
}

void fill_clock(GroupRow& row, const SaidGroup& group, const Truth& truth, const KindSpec& kind) {
  for (std::string* text : {&row.clock, &row.cycle, &row.threshold}) text->clear();
  row.due.reset();
  if (group.key.clock == kNone) return;
  const Policy& policy = *truth.policy;
  const ClockSpec& clock = kind.clocks[group.key.clock];
  const ThresholdCode threshold = group.key.threshold;
  row.clock = clock.name;
  row.cycle = cycle_name(policy, clock, group.key.cycle);
  row.threshold = policy.thresholds[threshold];
  const Cycle* cycle = truth.find(group.key.clock, group.key.cycle);
  if (cycle != nullptr && cycle->thresholds[threshold].due != kNever)
    row.due = cycle->thresholds[threshold].due;
}

void fill_called(GroupRow& row, const SaidGroup& group, const Policy& policy) {
  row.persons.clear();
  row.called.resize(group.calls.size());
  for (std::size_t i = 0; i < group.calls.size(); ++i) {
    const SaidCall& call = group.calls[i];
    CallRow& called = row.called[i];
    called.person = call.person;
    called.role = call.role == kNone ? "" : policy.roles[call.role];
    called.step = call.step;
    called.at = call.at;
    called.channel.clear();
    called.outcome.clear();
    called.delivered_at.reset();
    if (call.step == group.step) row.persons.push_back(call.person);
  }
}

// What somebody else's notifier did; of several words about one call the last holds, but that one
// was reached.
void fill_deliveries(GroupRow& row, const Entity& entity, const KindSpec& kind,
                     const RoleBook& roles) {
  if (kind.notify_verb == kNone) return;
  for (const EntityFact& fact : entity.facts) {
    if (verb_now(entity, fact) != kind.notify_verb || fact.words.more() != row.escalation) continue;
    const std::string& outcome = outcome_of(kind.verbs[kind.notify_verb], choice_now(entity, fact));
    const std::string_view person = roles.person(fact.words.text());
    for (CallRow& call : row.called) {
      if (call.step != fact.number || roles.person(call.person) != person) continue;
      if (call.outcome == kDelivered && outcome != kDelivered) continue;
      call.channel = fact.words.title();
      call.outcome = outcome;
      call.delivered_at = fact.time;
    }
  }
}

void fill_next(GroupRow& row, const Entity& entity, const Truth& truth, const SaidGroup& group,
               const RoleBook& roles) {
  row.next.reset();
  if (group.state != GroupState::kOpen) return;
  const Upcoming next = upcoming(entity, truth, group);
  if (next.step == 0) return;
  const Policy& policy = *entity.policy;
  NextRow& out = row.next.emplace();
  out.step = next.step;
  if (next.at != kNever) out.at = next.at;
  const RoleCodes called = roles_of(way_of(entity, group), policy, next.step);
  for (const RoleCode role : called) out.roles.push_back(policy.roles[role]);
  const Instant at = next.at == kNever ? group.last_step : next.at;
  for (const std::string_view person : persons_of(entity, truth, roles, called, at).persons)
    out.persons.emplace_back(person);
}

void fill(GroupRow& row, const Entity& entity, const Truth& truth, const SaidGroup& group,
          const RoleBook& roles) {
  const Policy& policy = *entity.policy;
  const KindSpec& kind = entity.spec();
  row.escalation = group_id(entity, policy, group.key, group.instance);
  fill_clock(row, group, truth, kind);
  row.step = group.step;
  row.roles.resize(group.roles.size());
  for (std::size_t i = 0; i < group.roles.size(); ++i) row.roles[i] = policy.roles[group.roles[i]];
  row.urgency = group.high ? "high" : "low";
  row.reason = reason_of(group.key.kind);
  row.state = group.state;
  row.begun = group.begun;
  row.raised = group.last_step;
  row.by.clear();
  row.acknowledged_at.reset();
  if (group.state == GroupState::kAcknowledged) {
    row.by = group.by;
    row.acknowledged_at = group.acknowledged_at;
  }
  fill_called(row, group, policy);
  fill_deliveries(row, entity, kind, roles);
  fill_next(row, entity, truth, group, roles);
}

std::string_view source_of(const EntityFact& fact) {
  const std::string_view order = fact.words.order();
  return order.substr(0, order.find('\0'));
}

// What is seen of an entity that is not created yet, without groups and clocks.
void fill_uncreated(EntityView& view, const Entity& entity, const KindSpec& kind) {
  view.account = entity.account;
  view.kind = kind.name;
  view.id = entity.id;
  view.created = view.provisional = false;
  view.policy = 0;
  for (std::string* text : {&view.tier, &view.state, &view.priority, &view.stage, &view.assignee,
                            &view.title, &view.link}) {
    text->clear();
  }
  view.opened.reset();
  view.facts = static_cast<std::int64_t>(entity.facts.size());
  view.assignee = assignee_of(entity);
  view.source = entity.facts.empty() ? std::string_view() : source_of(entity.facts.front());
}

}  // namespace

void make_view(const Entity& entity, const Truth& truth, const RoleBook& roles, EntityView& view) {
  const Policy& policy = *entity.policy;
  const KindSpec& kind = policy.kinds[entity.kind];
  fill_uncreated(view, entity, kind);
  view.account_name = roles.account_name();
  view.groups.resize(entity.groups.size());
  for (std::size_t i = 0; i < entity.groups.size(); ++i)
    fill(view.groups[i], entity, truth, entity.groups[i], roles);
  if (!truth.created) {
    view.clocks.clear();
    return fill_more(view, entity, truth);
  }
  const EntityFact& creation = entity.facts[static_cast<std::size_t>(truth.creator)];
  view.created = true;
  view.opened = truth.created_at;
  const TierCode tier = truth.tier_in_force != kNone ? truth.tier_in_force : truth.tier;
  view.tier = policy.tiers[tier];
  view.provisional = creation.provisional;
  view.policy = entity.moves.empty() ? creation.policy : policy.version;
  if (kind.assign_verb == kNone) view.assignee = creation.words.text();
  view.title = creation.words.title();
  view.link = creation.words.link();
  view.source = source_of(creation);
  if (kind.prioritized) view.priority = policy.priorities[truth.priority];
  if (truth.stage != kNone) view.stage = kind.stages[truth.stage];
  view.state = truth.ended != kNone ? kind.verbs[truth.ended].name
               : truth.resolved     ? "resolved"
               : truth.paused       ? "paused"
                                    : "open";
  const auto spec = [&](const Cycle* cycle) -> const ClockSpec& {
    return kind.clocks[cycle->clock];
  };
  boost::container::small_vector<const Cycle*, 16> sorted;
  for (const Cycle& cycle : truth.cycles) sorted.push_back(&cycle);
  std::sort(sorted.begin(), sorted.end(), [&](const Cycle* a, const Cycle* b) {
    const int order = a->clock == b->clock ? 0 : spec(a).name.compare(spec(b).name);
    return order != 0 ? order < 0 : std::tie(a->start, a) < std::tie(b->start, b);
  });
  view.clocks.resize(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i)
    fill(view.clocks[i], *sorted[i], spec(sorted[i]), truth);
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
