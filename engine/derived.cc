#include "engine/derived.h"

#include <algorithm>
#include <charconv>

#include "events/id.h"
#include "events/writer.h"

namespace tocsin {

namespace {

using enum DerivedType;

SaidGroup* find_group(Entity& entity, const GroupKey& key, std::uint16_t instance) {
  for (auto it = entity.groups.rbegin(); it != entity.groups.rend(); ++it) {
    if (it->instance == instance && it->key == key) return &*it;
  }
  return nullptr;
}

SaidStage& stage_of(Entity& entity, std::int16_t stage) {
  for (SaidStage& s : entity.stages) {
    if (s.stage == stage) return s;
  }
  SaidStage& added = entity.stages.emplace_back();
  added.stage = stage;
  return added;
}

void take_dues(SaidCycle& said, const Derived& event) {
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    SaidThreshold& th = said.thresholds[i];
    th.exists = (event.exists >> i & 1U) != 0;
    if (th.exists) th.due = event.due[i];
  }
}

void apply_clock(Entity& entity, Derived& event) {
  SaidCycle* said = find_said(entity, event.clock, event.cycle);
  if (said == nullptr) {
    said = &entity.said.emplace_back();
    said->clock = event.clock;
    said->cycle = event.cycle;
  }
  SaidThreshold* th = event.threshold == kNone
                          ? nullptr
                          : &said->thresholds[static_cast<std::size_t>(event.threshold)];
  switch (event.type) {
    case kClockStarted: {
      event.n = ++said->started;
      for (SaidThreshold& t : said->thresholds) {
        t.breached = false;
        t.verdict = Verdict::kPending;
      }
      said->state = SaidState::kRunning;
      said->gone = false;
      said->start = event.start;
      take_dues(*said, event);
      break;
    }
    case kClockRetargeted:
      event.n = ++said->retargeted;
      if (said->state != SaidState::kPaused) said->state = SaidState::kRunning;
      said->start = event.start;
      take_dues(*said, event);
      break;
    case kClockPaused:
      event.n = ++said->paused;
      said->state = SaidState::kPaused;
      break;
    case kClockResumed:
      event.n = ++said->resumed;
      said->state = SaidState::kRunning;
      said->start = event.start;
      for (SaidThreshold& t : said->thresholds) t.verdict = Verdict::kPending;
      take_dues(*said, event);
      break;
    case kClockWarned:
      event.n = ++th->warned_ids;
      th->warned = event.warning;
      break;
    case kClockBreached:
      event.n = ++th->breached_ids;
      th->breached = true;
      break;
    case kClockWithdrawn:
      event.n = ++th->withdrawn_ids;
      th->breached = false;
      break;
    case kClockStopped:
    case kClockCorrected:
      event.n = event.type == kClockStopped ? ++said->ended : ++said->corrected;
      said->state = SaidState::kStopped;
      said->stopped = event.stopped;
      said->elapsed_ms = event.elapsed_ms;
      take_dues(*said, event);
      for (std::size_t i = 0; i < kMaxThresholds; ++i)
        said->thresholds[i].verdict = event.verdict[i];
      break;
    case kClockCancelled:
      event.n = ++said->cancelled;
      said->state = SaidState::kCancelled;
      said->gone = event.gone;
      break;
    default:
      break;
  }
}

void apply_group(Entity& entity, Derived& event, Instant recorded) {
  SaidGroup* group = find_group(entity, event.group, event.instance);
  if (event.type == kEscalationRaised) {
    if (group == nullptr) {
      group = &entity.groups.emplace_back();
      group->key = event.group;
      group->instance = event.instance;
      group->begun = event.begun;
      group->high = event.high;
      group->tier = event.tier;
      group->raised_at = recorded;
    }
    group->step = event.step;
    group->last_step = event.time;
    group->roles = event.roles;
    group->persons.assign(event.persons.begin(), event.persons.end());
    return;
  }
  if (group == nullptr) return;
  group->state = event.type == kEscalationAcknowledged ? GroupState::kAcknowledged
                 : event.type == kEscalationCleared    ? GroupState::kCleared
                                                       : GroupState::kWithdrawn;
  group->by = event.by;
}

void append_thresholds(TextBlock& out, const Policy& policy, const Derived& event, bool verdicts) {
  static constexpr std::string_view kVerdicts[] = {"pending", "met", "breached"};
  out.raw(",\"thresholds\":[");
  bool first = true;
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    if ((event.exists >> i & 1U) == 0) continue;
    if (!first) out.raw(",");
    first = false;
    out.raw("{\"name\":\"").raw(policy.thresholds[i]).raw("\",\"due\":");
    if (event.due[i] == kNever) {
      out.raw("null");
    } else {
      out.time(event.due[i]);
    }
    if (verdicts) {
      out.raw(",\"verdict\":\"")
          .raw(kVerdicts[static_cast<std::size_t>(event.verdict[i])])
          .raw("\"");
    }
    out.raw("}");
  }
  out.raw("]");
}

template <class Texts>
void append_strings(TextBlock& out, const Texts& texts) {
  out.raw("[");
  bool first = true;
  for (const std::string_view text : texts) {
    if (!first) out.raw(",");
    first = false;
    out.string(text);
  }
  out.raw("]");
}

void append_again(std::string& out, std::uint16_t n) {
  if (n < 2) return;
  out += ':';
  append_int(out, n);
}

void append_numbered(std::string& out, std::uint16_t n) {
  out += ':';
  append_int(out, n);
}

void append_group_path(std::string& out, const KindSpec& kind, const Policy& policy,
                       const GroupKey& key, std::uint16_t instance) {
  out += '/';
  switch (key.kind) {
    case GroupKey::Kind::kBreach:
    case GroupKey::Kind::kWarning: {
      const ClockSpec& clock = kind.clocks[static_cast<std::size_t>(key.clock)];
      out += clock.name;
      out += '/';
      out += cycle_name(policy, clock, key.cycle);
      out += '/';
      out += policy.thresholds[static_cast<std::size_t>(key.code)];
      if (key.kind == GroupKey::Kind::kWarning) out += "/warned";
      break;
    }
    case GroupKey::Kind::kRouting:
      out += "routed/";
      out += policy.priorities[static_cast<std::size_t>(key.code)];
      break;
    case GroupKey::Kind::kStage:
      out += "routed/stage:";
      out += kind.stages[static_cast<std::size_t>(key.code)];
      break;
    case GroupKey::Kind::kFault:
      out += "fault/";
      out += key.name;
      break;
  }
  if (instance > 1) {
    out += '~';
    append_int(out, instance);
  }
}

// What follows the entity's path, or the group's.
void append_local_id(std::string& out, const KindSpec& kind, const Policy& policy,
                     const Derived& event) {
  if (event.type >= kEscalationRaised && event.type <= kEscalationWithdrawn) {
    switch (event.type) {
      case kEscalationRaised:
        append_numbered(out, event.step);
        break;
      case kEscalationAcknowledged:
        out += ":acknowledged";
        break;
      case kEscalationCleared:
        out += ":cleared";
        break;
      default:
        out += ":withdrawn";
        break;
    }
    return;
  }
  if (event.type == kFaultRecurring) {
    out += "/fault/";
    out += event.group.name;
    append_again(out, event.n);
    return;
  }
  if (event.type == kComplaintAdvanced || event.type == kComplaintWithdrawn) {
    out += "/stage:";
    out += kind.stages[static_cast<std::size_t>(event.to)];
    if (event.type == kComplaintAdvanced) {
      append_again(out, event.n);
    } else {
      out += ":withdrawn";
      append_numbered(out, event.n);
    }
    return;
  }
  const ClockSpec& clock = kind.clocks[static_cast<std::size_t>(event.clock)];
  out += '/';
  out += clock.name;
  out += '/';
  out += cycle_name(policy, clock, event.cycle);
  const auto threshold = [&]() -> const std::string& {
    return policy.thresholds[static_cast<std::size_t>(event.threshold)];
  };
  switch (event.type) {
    case kClockStarted:
      out += "/started";
      append_again(out, event.n);
      break;
    case kClockRetargeted:
      out += "/retargeted";
      append_numbered(out, event.n);
      break;
    case kClockPaused:
      out += "/paused";
      append_numbered(out, event.n);
      break;
    case kClockResumed:
      out += "/resumed";
      append_numbered(out, event.n);
      break;
    case kClockWarned:
      out.append("/warned:").append(threshold());
      append_again(out, event.n);
      break;
    case kClockBreached:
      out.append("/breached:").append(threshold());
      append_again(out, event.n);
      break;
    case kClockStopped:
      out += "/stopped";
      append_numbered(out, event.n);
      break;
    case kClockCancelled:
      out += "/cancelled";
      append_again(out, event.n);
      break;
    case kClockWithdrawn:
      out.append("/withdrawn:").append(threshold());
      append_numbered(out, event.n);
      break;
    case kClockCorrected:
      out += "/corrected";
      append_numbered(out, event.n);
      break;
    default:
      break;
  }
}

void append_type(TextBlock& out, const KindSpec& kind, DerivedType type) {
  if (type == kComplaintAdvanced || type == kComplaintWithdrawn) {
    out.raw("tocsin.").raw(kind.name).raw(type == kComplaintAdvanced ? ".advanced" : ".withdrawn");
  } else {
    out.raw(name(type));
  }
}

void append_escalation(TextBlock& out, std::string_view group, const Policy& policy,
                       const Derived& event) {
  out.raw(",\"escalation\":").string(group);
  if (event.type == kEscalationRaised) {
    out.raw(",\"step\":").number(event.step).raw(",\"roles\":[");
    for (std::size_t i = 0; i < event.roles.size(); ++i) {
      if (i != 0) out.raw(",");
      out.string(policy.roles[static_cast<std::size_t>(event.roles[i])]);
    }
    out.raw("],\"persons\":");
    append_strings(out, event.persons);
    out.raw(event.high ? ",\"urgency\":\"high\"" : ",\"urgency\":\"low\"");
    out.raw(",\"reason\":").string(event.reason);
  } else if (event.type == kEscalationAcknowledged) {
    out.raw(",\"by\":").string(event.by);
  }
}

void append_stage(TextBlock& out, const KindSpec& kind, const Derived& event) {
  const auto stage = [&](std::int16_t code) {
    if (code == kNone) {
      out.raw("null");
      return;
    }
    const std::string& name = kind.stages[static_cast<std::size_t>(code)];
    if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
      out.raw(name);
    } else {
      out.string(name);
    }
  };
  out.raw(",\"from\":");
  stage(event.from);
  out.raw(",\"to\":");
  stage(event.to);
  out.raw(",\"reason\":").string(event.reason);
}

void append_clock_data(TextBlock& out, const Policy& policy, const Derived& event,
                       const ClockSpec& clock) {
  out.raw(",\"clock\":").string(clock.name).raw(",\"cycle\":");
  if (clock.period) {
    out.string(cycle_name(policy, clock, event.cycle));
  } else {
    out.number(event.cycle);
  }
  const auto threshold = [&] {
    out.raw(",\"threshold\":").string(policy.thresholds[static_cast<std::size_t>(event.threshold)]);
  };
  switch (event.type) {
    case kClockStarted:
      out.raw(",\"start\":").time(event.start).raw(",\"calendar\":");
      out.string(policy.calendars[static_cast<std::size_t>(event.calendar)].name);
      append_thresholds(out, policy, event, false);
      break;
    case kClockRetargeted:
      out.raw(",\"cause\":").string(event.reason);
      append_thresholds(out, policy, event, false);
      break;
    case kClockResumed:
      append_thresholds(out, policy, event, false);
      break;
    case kClockWarned:
    case kClockBreached:
      threshold();
      out.raw(",\"due\":").time(event.due[static_cast<std::size_t>(event.threshold)]);
      break;
    case kClockStopped:
    case kClockCorrected:
      out.raw(",\"elapsedMs\":").number(event.elapsed_ms);
      if (event.type == kClockCorrected) out.raw(",\"stopped\":").time(event.stopped);
      append_thresholds(out, policy, event, true);
      break;
    case kClockCancelled:
      out.raw(",\"reason\":").string(event.reason);
      break;
    case kClockWithdrawn:
      threshold();
      out.raw(",\"reason\":").string(event.reason);
      break;
    default:
      break;
  }
}

// What a replay needs beyond the contract's data (docs/adr/0003).
void append_extensions(TextBlock& out, const KindSpec& kind, const Derived& event) {
  const auto number = [&](std::string_view name, std::int64_t value) {
    out.raw(",\"tocsin").raw(name).raw("\":\"").number(value).raw("\"");
  };
  const bool of_group = event.type >= kEscalationRaised && event.type <= kEscalationWithdrawn;
  const std::int16_t clock = of_group ? event.group.clock : event.clock;
  if (clock != kNone && kind.clocks[static_cast<std::size_t>(clock)].period) {
    number("cycle", of_group ? event.group.cycle : event.cycle);
  }
  if (of_group && event.group.kind == GroupKey::Kind::kRouting) number("number", event.group.cycle);
  switch (event.type) {
    case kClockRetargeted:
    case kClockResumed:
      number("start", event.start.ms);
      break;
    case kClockWarned:
      number("number", event.warning);
      break;
    case kClockCancelled:
      if (event.gone) number("gone", 1);
      break;
    case kEscalationRaised:
      number("begun", event.begun.ms);
      number("tier", event.tier);
      break;
    case kComplaintAdvanced:
    case kComplaintWithdrawn: {  // a type of another kind would pass for a fact
      const char* verb = event.type == kComplaintAdvanced ? ".advanced" : ".withdrawn";
      if (!is_reserved_type("tocsin." + kind.name + verb)) number("derived", 1);
      break;
    }
    default:
      break;
  }
}

}  // namespace

const SaidCycle* find_said(const Entity& entity, std::int16_t clock, std::int64_t cycle) {
  for (auto it = entity.said.rbegin(); it != entity.said.rend(); ++it) {
    if (it->clock == clock && it->cycle == cycle) return &*it;
  }
  return nullptr;
}

SaidCycle* find_said(Entity& entity, std::int16_t clock, std::int64_t cycle) {
  return const_cast<SaidCycle*>(find_said(std::as_const(entity), clock, cycle));
}

std::string cycle_name(const Policy& policy, const ClockSpec& clock, std::int64_t cycle) {
  if (clock.period) return policy.working().period_at({cycle}, clock.cadence.kind).name;
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, cycle).ptr;
  return {text, end};
}

std::string group_id(const Entity& entity, const Policy& policy, const GroupKey& key,
                     std::uint16_t instance) {
  std::string out;
  const KindSpec& kind = policy.kinds[static_cast<std::size_t>(entity.kind)];
  append_entity_path(out, entity.account, kind.name, entity.id);
  append_group_path(out, kind, policy, key, instance);
  return out;
}

void apply(Entity& entity, Derived& event, Instant recorded) {
  switch (event.type) {
    case kComplaintAdvanced: {
      SaidStage& stage = stage_of(entity, event.to);
      stage.stands = true;
      stage.from = event.from;
      event.n = ++stage.advanced;
      break;
    }
    case kComplaintWithdrawn: {
      SaidStage& stage = stage_of(entity, event.to);
      stage.stands = false;
      event.n = ++stage.withdrawn;
      break;
    }
    case kFaultRecurring:
      event.n = 1;
      break;
    case kEscalationRaised:
    case kEscalationAcknowledged:
    case kEscalationCleared:
    case kEscalationWithdrawn:
      apply_group(entity, event, recorded);
      break;
    default:
      apply_clock(entity, event);
      break;
  }
}

void encode(std::string& to, const Entity& entity, const Policy& policy, const Derived& event,
            Instant recorded, bool extended) {
  const KindSpec& kind = policy.kinds[static_cast<std::size_t>(entity.kind)];
  const bool of_group = event.type >= kEscalationRaised && event.type <= kEscalationWithdrawn;
  thread_local std::string id;
  id.clear();
  append_entity_path(id, entity.account, kind.name, entity.id);
  if (of_group) append_group_path(id, kind, policy, event.group, event.instance);
  const std::size_t group_end = id.size();
  append_local_id(id, kind, policy, event);
  TextBlock out(to);
  out.raw("{\"specversion\":\"1.0\",\"id\":").string(id);
  out.raw(",\"source\":\"/tocsin/engine\",\"type\":\"");
  append_type(out, kind, event.type);
  out.raw("\",\"subject\":").string(entity.id);
  out.raw(",\"partitionkey\":").string(entity.account);
  out.raw(",\"time\":").time(event.time).raw(",\"recordedtime\":").time(recorded);
  if (extended) append_extensions(out, kind, event);
  out.raw(",\"data\":{\"entity\":\"").escaped(kind.name).raw("/").escaped(entity.id).raw("\"");
  switch (event.type) {
    case kComplaintAdvanced:
    case kComplaintWithdrawn:
      append_stage(out, kind, event);
      break;
    case kFaultRecurring:
      out.raw(",\"module\":").string(event.reason).raw(",\"weeks\":");
      append_strings(out, event.weeks);
      break;
    case kEscalationRaised:
    case kEscalationAcknowledged:
    case kEscalationCleared:
    case kEscalationWithdrawn:
      append_escalation(out, std::string_view(id).substr(0, group_end), policy, event);
      break;
    default:
      append_clock_data(out, policy, event, kind.clocks[static_cast<std::size_t>(event.clock)]);
      break;
  }
  out.raw("}}").flush();
}

}  // namespace tocsin
