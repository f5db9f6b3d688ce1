// Derived events as CloudEvents (contract §7).
#include <algorithm>
#include <charconv>

#include "engine/said/derived.h"
#include "events/byte_scan.h"
#include "events/id.h"
#include "events/writer.h"

namespace tocsin {

namespace {

using enum DerivedType;

// A policy's names are written as they are, in JSON and in ids: they hold nothing that either escapes
// (PolicyReader::name).

void append_thresholds(TextBlock& out, const Policy& policy, const Derived& event, bool verdicts) {
  static constexpr std::string_view kVerdicts[] = {"pending", "met", "breached"};
  out.raw(",\"thresholds\":[");
  bool first = true;
  for (const ThresholdCode i : kThresholds) {
    if (!has(event.exists, i)) continue;
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

// How an account or an id is written: in JSON, and there as a part of an id. Found once an event.
class WrittenName {
 public:
  explicit WrittenName(std::string_view name) : json(name), part(name) {
    const bool plain = !any_byte(name, [](Bytes16 b) {
      return (b < 0x20) | (b == '"') | (b == '\\') | (b == '/') | (b == '%');
    });
    if (plain) [[likely]]
      return;
    std::string encoded;
    append_id_part(encoded, name);
    append_json_escaped(part_memory_, encoded);
    append_json_escaped(json_memory_, name);
    part = part_memory_;
    json = json_memory_;
  }
  WrittenName(const WrittenName&) = delete;
  WrittenName& operator=(const WrittenName&) = delete;

  std::string_view json, part;

 private:
  std::string json_memory_, part_memory_;
};

struct WrittenNames {
  explicit WrittenNames(const Entity& entity) : account(entity.account), id(entity.id) {}
  WrittenName account, id;
};

void append_path(TextBlock& out, const WrittenNames& names, const KindSpec& kind) {
  out.raw(names.account.part).raw("/").raw(kind.name).raw("/").raw(names.id.part);
}

// A text that is being gathered plain, as a TextBlock gathers JSON.
struct PlainText {
  std::string& out;
  PlainText& raw(std::string_view text) {
    out += text;
    return *this;
  }
  PlainText& escaped(std::string_view text) { return raw(text); }
  PlainText& number(std::int64_t value) {
    append_int(out, value);
    return *this;
  }
};

template <class Out>
void append_cycle(Out& out, const Policy& policy, const ClockSpec& clock, std::int64_t cycle) {
  if (clock.period) {
    out.raw(cycle_name(policy, clock, cycle));
  } else {
    out.number(cycle);
  }
}

template <class Out>
void append_group_path(Out& out, const KindSpec& kind, const Policy& policy, const GroupKey& key,
                       std::uint16_t instance) {
  switch (key.kind) {
    case GroupKey::Kind::kBreach:
    case GroupKey::Kind::kWarning: {
      const ClockSpec& clock = kind.clocks[key.clock];
      out.raw("/").raw(clock.name).raw("/");
      append_cycle(out, policy, clock, key.cycle);
      out.raw("/").raw(policy.thresholds[key.threshold]);
      if (key.kind == GroupKey::Kind::kWarning) out.raw("/warned");
      break;
    }
    case GroupKey::Kind::kRouting:
      out.raw("/routed/").raw(policy.priority_name(key.priority));
      break;
    case GroupKey::Kind::kStage:
      out.raw("/routed/stage:").raw(kind.stages[key.stage]);
      break;
    case GroupKey::Kind::kFault:
      out.raw("/fault/").escaped(key.name);
      break;
  }
  if (instance > 1) out.raw("~").number(instance);
}

void append_again(TextBlock& out, std::uint16_t n) {
  if (n > 1) out.raw(":").number(n);
}

// What follows the entity's path in an event's id.
void append_local_id(TextBlock& out, const KindSpec& kind, const Policy& policy,
                     const Derived& event) {
  switch (event.type) {
    case kEscalationRaised:
    case kEscalationAcknowledged:
    case kEscalationCleared:
    case kEscalationWithdrawn:
    case kEscalationReopened:
      append_group_path(out, kind, policy, event.group, event.instance);
      if (event.type == kEscalationRaised) {
        out.raw(":").number(event.step);
      } else {
        out.raw(event.type == kEscalationAcknowledged ? ":acknowledged"
                : event.type == kEscalationCleared    ? ":cleared"
                : event.type == kEscalationWithdrawn  ? ":withdrawn"
                                                      : ":reopened");
        append_again(out, event.n);
      }
      return;
    case kFaultRecurring:
      out.raw("/fault/").escaped(event.group.name);
      append_again(out, event.n);
      return;
    case kComplaintAdvanced:
      out.raw("/stage:").raw(kind.stages[event.to]);
      append_again(out, event.n);
      return;
    case kComplaintWithdrawn:
      out.raw("/stage:").raw(kind.stages[event.to]);
      out.raw(":withdrawn:").number(event.n);
      return;
    default:
      break;
  }
  const ClockSpec& clock = kind.clocks[event.clock];
  out.raw("/").raw(clock.name).raw("/");
  append_cycle(out, policy, clock, event.cycle);
  const auto threshold = [&]() -> const std::string& { return policy.thresholds[event.threshold]; };
  switch (event.type) {
    case kClockStarted:
      out.raw("/started");
      append_again(out, event.n);
      break;
    case kClockRetargeted:
      out.raw("/retargeted:").number(event.n);
      break;
    case kClockPaused:
      out.raw("/paused:").number(event.n);
      break;
    case kClockResumed:
      out.raw("/resumed:").number(event.n);
      break;
    case kClockWarned:
      out.raw("/warned:").raw(threshold());
      append_again(out, event.n);
      break;
    case kClockBreached:
      out.raw("/breached:").raw(threshold());
      append_again(out, event.n);
      break;
    case kClockStopped:
      out.raw("/stopped:").number(event.n);
      break;
    case kClockCancelled:
      out.raw("/cancelled");
      append_again(out, event.n);
      break;
    case kClockWithdrawn:
      out.raw("/withdrawn:").raw(threshold()).raw(":").number(event.n);
      break;
    case kClockCorrected:
      out.raw("/corrected:").number(event.n);
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

void append_cycle_members(TextBlock& out, const Policy& policy, const ClockSpec& clock,
                          std::int64_t cycle) {
  out.raw(",\"clock\":").plain(clock.name);
  out.raw(clock.period ? ",\"cycle\":\"" : ",\"cycle\":");
  append_cycle(out, policy, clock, cycle);
  if (clock.period) out.raw("\"");
}

// What a message needs; what is not known is left out.
void append_words(TextBlock& out, const KindSpec& kind, const Policy& policy,
                  const Derived& event) {
  const RaisedWords& words = event.words;
  const GroupKey& group = event.group;
  if (!words.title.empty()) out.raw(",\"title\":").string(words.title);
  if (words.priority != kNone) {
    out.raw(",\"priority\":").plain(policy.priority_name(words.priority));
  }
  if (words.tier != kNone) out.raw(",\"tier\":").plain(policy.tiers[words.tier]);
  if (!words.account_name.empty()) out.raw(",\"accountName\":").string(words.account_name);
  if (group.clock != kNone) {
    const ClockSpec& clock = kind.clocks[group.clock];
    append_cycle_members(out, policy, clock, group.cycle);
    out.raw(",\"threshold\":").plain(policy.thresholds[group.threshold]);
    if (words.due != kNever) out.raw(",\"due\":").time(words.due);
  }
  if (!words.link.empty()) out.raw(",\"link\":").string(words.link);
  if (words.next == 0) return;
  out.raw(",\"next\":{\"step\":").number(words.next);
  if (words.next_at != kNever) out.raw(",\"at\":").time(words.next_at);
  out.raw("}");
}

void append_escalation(TextBlock& out, const WrittenNames& names, const KindSpec& kind,
                       const Policy& policy, const Derived& event) {
  out.raw(",\"escalation\":\"");
  append_path(out, names, kind);
  append_group_path(out, kind, policy, event.group, event.instance);
  out.raw("\"");
  if (event.type == kEscalationRaised) {
    out.raw(",\"step\":").number(event.step).raw(",\"roles\":[");
    for (std::size_t i = 0; i < event.roles.size(); ++i) {
      if (i != 0) out.raw(",");
      out.plain(policy.roles[event.roles[i]]);
    }
    out.raw("],\"persons\":");
    append_strings(out, event.persons);
    out.raw(event.high ? ",\"urgency\":\"high\"" : ",\"urgency\":\"low\"");
    out.raw(",\"reason\":").string(event.reason);
    append_words(out, kind, policy, event);
  } else if (event.type == kEscalationAcknowledged) {
    out.raw(",\"by\":").string(event.by);
  } else if (event.type == kEscalationReopened) {
    out.raw(",\"reason\":").string(event.reason);
  }
}

void append_stage(TextBlock& out, const KindSpec& kind, const Derived& event) {
  const auto stage = [&](StageCode code) {
    if (code == kNone) {
      out.raw("null");
      return;
    }
    const std::string& name = kind.stages[code];
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
  append_cycle_members(out, policy, clock, event.cycle);
  const auto threshold = [&] {
    out.raw(",\"threshold\":").plain(policy.thresholds[event.threshold]);
  };
  switch (event.type) {
    case kClockStarted:
      out.raw(",\"start\":").time(event.start).raw(",\"calendar\":");
      out.plain(policy.calendars[event.calendar].name);
      append_thresholds(out, policy, event, false);
      break;
    case kClockRetargeted:
      out.raw(",\"cause\":").string(event.reason);
      append_thresholds(out, policy, event, false);
      out.raw(",\"start\":").time(event.start);
      break;
    case kClockResumed:
      append_thresholds(out, policy, event, false);
      break;
    case kClockWarned:
    case kClockBreached:
      threshold();
      out.raw(",\"due\":").time(event.due[event.threshold]);
      break;
    case kClockStopped:
    case kClockCorrected:
      out.raw(",\"elapsedMs\":").number(event.elapsed_ms);
      append_thresholds(out, policy, event, true);
      if (event.type == kClockCorrected)
        out.raw(",\"stopped\":").time(event.stopped).raw(",\"start\":").time(event.start);
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

// The fact that it came of (contract §7): of its words, `source NUL sequence NUL id`.
void append_causation(TextBlock& out, const Derived& event) {
  if (event.cause.empty()) return;
  const std::string_view order = event.cause;
  const std::size_t source = order.find('\0');
  out.raw(",\"causationsource\":").string(order.substr(0, source));
  out.raw(",\"causationid\":").string(order.substr(order.find('\0', source + 1) + 1));
}

// The place of each person's role in `roles`; of the last resort's their number.
void append_person_roles(TextBlock& out, const Derived& event) {
  out.raw(",\"tocsinpersonroles\":\"");
  for (std::size_t i = 0; i < event.person_roles.size(); ++i) {
    const auto role = std::find(event.roles.begin(), event.roles.end(), event.person_roles[i]);
    if (i != 0) out.raw(" ");
    out.number(role - event.roles.begin());
  }
  out.raw("\"");
}

// What a replay needs beyond the contract's data (docs/adr/0003).
void append_extensions(TextBlock& out, const KindSpec& kind, const Derived& event) {
  const auto number = [&](std::string_view name, std::int64_t value) {
    out.raw(",\"tocsin").raw(name).raw("\":\"").number(value).raw("\"");
  };
  const bool of_group = event.type >= kEscalationRaised && event.type <= kEscalationReopened;
  const ClockCode clock = of_group ? event.group.clock : event.clock;
  if (clock != kNone && kind.clocks[clock].period) {
    number("cycle", of_group ? event.group.cycle : event.cycle);
  }
  if (of_group && event.group.kind == GroupKey::Kind::kRouting) number("number", event.group.cycle);
  if (of_group && event.group.reopening != 0)
    number("reopening", static_cast<std::int64_t>(event.group.reopening));
  if (event.of != 0) {
    number("place", event.place);
    number("of", event.of);
  }
  switch (event.type) {
    case kClockResumed:
      number("start", event.start.ms);
      break;
    case kClockWarned:
      number("number", event.warning);
      break;
    case kClockBreached:
      if (event.tells_due) number("tellsdue", 1);
      break;
    case kClockCancelled:
      if (event.gone) number("gone", 1);
      break;
    case kEscalationRaised:
      number("begun", event.begun.ms);
      number("tier", event.tier.number());
      if (event.priority != kNone) number("priority", event.priority.number());
      if (event.rung != 0) number("rung", event.rung);
      if (event.anchor_step != 0) {
        number("anchorstep", event.anchor_step);
        number("anchor", event.anchor.ms);
      }
      if (!event.person_roles.empty()) append_person_roles(out, event);
      break;
    case kEscalationAcknowledged:
      if (event.timeout_ms != 0) number("timeout", event.timeout_ms);
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

std::string cycle_name(const Policy& policy, const ClockSpec& clock, std::int64_t cycle) {
  if (clock.period) return policy.working().period_at({cycle}, clock.cadence.kind).name;
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, cycle).ptr;
  return {text, end};
}

std::string event_type(const KindSpec& kind, DerivedType type) {
  if (type == kComplaintAdvanced) return "tocsin." + kind.name + ".advanced";
  if (type == kComplaintWithdrawn) return "tocsin." + kind.name + ".withdrawn";
  return std::string(name(type));
}

std::string group_id(const EntityName& entity, const KindSpec& kind, const Policy& policy,
                     const GroupKey& key, std::uint16_t instance) {
  std::string id;
  PlainText out{id};
  append_entity_path(id, entity.account, entity.kind, entity.id);
  append_group_path(out, kind, policy, key, instance);
  return id;
}

void encode(std::string& to, const Entity& entity, const Policy& policy, const Derived& event,
            Instant recorded, bool extended, std::string_view stamps) {
  const KindSpec& kind = policy.kinds[entity.kind];
  const WrittenNames names(entity);
  TextBlock out(to);
  out.raw("{\"specversion\":\"1.0\",\"id\":\"");
  append_path(out, names, kind);
  append_local_id(out, kind, policy, event);
  out.raw("\",\"source\":\"/tocsin/engine\",\"type\":\"");
  append_type(out, kind, event.type);
  out.raw("\",\"subject\":").plain(names.id.json);
  out.raw(",\"partitionkey\":").plain(names.account.json);
  out.raw(",\"time\":").time(event.time).raw(",\"recordedtime\":").time(recorded);
  append_causation(out, event);
  if (extended) append_extensions(out, kind, event);
  if (!stamps.empty()) out.raw(",").raw(stamps);
  out.raw(",\"data\":{\"entity\":\"").raw(kind.name).raw("/").raw(names.id.json).raw("\"");
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
    case kEscalationReopened:
      append_escalation(out, names, kind, policy, event);
      break;
    default:
      append_clock_data(out, policy, event, kind.clocks[event.clock]);
      break;
  }
  out.raw("}}").flush();
}

}  // namespace tocsin
