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
    group->persons = event.persons;
    return;
  }
  if (group == nullptr) return;
  group->state = event.type == kEscalationAcknowledged ? GroupState::kAcknowledged
                 : event.type == kEscalationCleared    ? GroupState::kCleared
                                                       : GroupState::kWithdrawn;
  group->by = event.by;
}

void append_number_or_text(std::string& out, const std::string& name) {
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
    out += name;
  } else {
    append_json_string(out, name);
  }
}

void append_thresholds(std::string& out, const Policy& policy, const Derived& event,
                       bool verdicts) {
  static constexpr std::string_view kVerdicts[] = {"pending", "met", "breached"};
  out += ",\"thresholds\":[";
  bool first = true;
  for (std::size_t i = 0; i < kMaxThresholds; ++i) {
    if ((event.exists >> i & 1U) == 0) continue;
    if (!first) out += ',';
    first = false;
    out += "{\"name\":\"";
    out += policy.thresholds[i];
    out += "\",\"due\":";
    if (event.due[i] == kNever) {
      out += "null";
    } else {
      append_json_time(out, event.due[i]);
    }
    if (verdicts) {
      out += ",\"verdict\":\"";
      out += kVerdicts[static_cast<std::size_t>(event.verdict[i])];
      out += '"';
    }
    out += '}';
  }
  out += ']';
}

void append_strings(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, texts[i]);
  }
  out += ']';
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

void append_local_id(std::string& out, const KindSpec& kind, const Policy& policy,
                     const Derived& event) {
  if (event.type >= kEscalationRaised && event.type <= kEscalationWithdrawn) {
    append_group_path(out, kind, policy, event.group, event.instance);
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
  const auto threshold = [&] {
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
      out += "/warned:" + threshold();
      append_again(out, event.n);
      break;
    case kClockBreached:
      out += "/breached:" + threshold();
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
      out += "/withdrawn:" + threshold();
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

void append_type(std::string& out, const KindSpec& kind, DerivedType type) {
  if (type == kComplaintAdvanced || type == kComplaintWithdrawn) {
    out += "tocsin.";
    out += kind.name;
    out += type == kComplaintAdvanced ? ".advanced" : ".withdrawn";
  } else {
    out += name(type);
  }
}

void append_escalation(std::string& out, const Entity& entity, const Policy& policy,
                       const Derived& event) {
  out += ",\"escalation\":";
  append_json_string(out, group_id(entity, policy, event.group, event.instance));
  if (event.type == kEscalationRaised) {
    out += ",\"step\":";
    append_int(out, event.step);
    out += ",\"roles\":[";
    for (std::size_t i = 0; i < event.roles.size(); ++i) {
      if (i != 0) out += ',';
      append_json_string(out, policy.roles[static_cast<std::size_t>(event.roles[i])]);
    }
    out += "],\"persons\":";
    append_strings(out, event.persons);
    out += event.high ? ",\"urgency\":\"high\"" : ",\"urgency\":\"low\"";
    out += ",\"reason\":";
    append_json_string(out, event.reason);
  } else if (event.type == kEscalationAcknowledged) {
    out += ",\"by\":";
    append_json_string(out, event.by);
  }
}

void append_stage(std::string& out, const KindSpec& kind, const Derived& event) {
  const auto stage = [&](std::int16_t code) {
    if (code == kNone) {
      out += "null";
    } else {
      append_number_or_text(out, kind.stages[static_cast<std::size_t>(code)]);
    }
  };
  out += ",\"from\":";
  stage(event.from);
  out += ",\"to\":";
  stage(event.to);
  out += ",\"reason\":";
  append_json_string(out, event.reason);
}

void append_clock_data(std::string& out, const Policy& policy, const Derived& event,
                       const ClockSpec& clock) {
  out += ",\"clock\":";
  append_json_string(out, clock.name);
  out += ",\"cycle\":";
  const std::string cycle = cycle_name(policy, clock, event.cycle);
  if (clock.period) {
    append_json_string(out, cycle);
  } else {
    out += cycle;
  }
  const auto text = [&](const char* name, const std::string& value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(out, value);
  };
  const auto threshold = [&] {
    text("threshold", policy.thresholds[static_cast<std::size_t>(event.threshold)]);
  };
  switch (event.type) {
    case kClockStarted:
      out += ",\"start\":";
      append_json_time(out, event.start);
      text("calendar", policy.calendars[static_cast<std::size_t>(event.calendar)].name);
      append_thresholds(out, policy, event, false);
      break;
    case kClockRetargeted:
      text("cause", event.reason);
      append_thresholds(out, policy, event, false);
      break;
    case kClockResumed:
      append_thresholds(out, policy, event, false);
      break;
    case kClockWarned:
    case kClockBreached:
      threshold();
      out += ",\"due\":";
      append_json_time(out, event.due[static_cast<std::size_t>(event.threshold)]);
      break;
    case kClockStopped:
    case kClockCorrected:
      out += ",\"elapsedMs\":";
      append_int(out, event.elapsed_ms);
      if (event.type == kClockCorrected) {
        out += ",\"stopped\":";
        append_json_time(out, event.stopped);
      }
      append_thresholds(out, policy, event, true);
      break;
    case kClockCancelled:
      text("reason", event.reason);
      break;
    case kClockWithdrawn:
      threshold();
      text("reason", event.reason);
      break;
    default:
      break;
  }
}

// What a replay needs beyond the contract's data (docs/adr/0003).
void append_extensions(std::string& out, const KindSpec& kind, const Derived& event) {
  const auto number = [&](const char* name, std::int64_t value) {
    out += ",\"tocsin";
    out += name;
    out += "\":\"";
    append_int(out, value);
    out += '"';
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
      std::string type;
      append_type(type, kind, event.type);
      if (!is_reserved_type(type)) number("derived", 1);
      break;
    }
    default:
      break;
  }
}

}  // namespace

SaidCycle* find_said(Entity& entity, std::int16_t clock, std::int64_t cycle) {
  for (auto it = entity.said.rbegin(); it != entity.said.rend(); ++it) {
    if (it->clock == clock && it->cycle == cycle) return &*it;
  }
  return nullptr;
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

void encode(std::string& out, const Entity& entity, const Policy& policy, const Derived& event,
            Instant recorded, bool extended) {
  const KindSpec& kind = policy.kinds[static_cast<std::size_t>(entity.kind)];
  thread_local std::string id;
  id.clear();
  append_entity_path(id, entity.account, kind.name, entity.id);
  append_local_id(id, kind, policy, event);
  out += "{\"specversion\":\"1.0\",\"id\":";
  append_json_string(out, id);
  out += ",\"source\":\"/tocsin/engine\",\"type\":\"";
  append_type(out, kind, event.type);
  out += "\",\"subject\":";
  append_json_string(out, entity.id);
  out += ",\"partitionkey\":";
  append_json_string(out, entity.account);
  out += ",\"time\":";
  append_json_time(out, event.time);
  out += ",\"recordedtime\":";
  append_json_time(out, recorded);
  if (extended) append_extensions(out, kind, event);
  out += ",\"data\":{\"entity\":";
  append_json_string(out, kind.name + "/" + entity.id);
  switch (event.type) {
    case kComplaintAdvanced:
    case kComplaintWithdrawn:
      append_stage(out, kind, event);
      break;
    case kFaultRecurring:
      out += ",\"module\":";
      append_json_string(out, event.reason);
      out += ",\"weeks\":";
      append_strings(out, event.weeks);
      break;
    case kEscalationRaised:
    case kEscalationAcknowledged:
    case kEscalationCleared:
    case kEscalationWithdrawn:
      append_escalation(out, entity, policy, event);
      break;
    default:
      append_clock_data(out, policy, event, kind.clocks[static_cast<std::size_t>(event.clock)]);
      break;
  }
  out += "}}";
}

}  // namespace tocsin
