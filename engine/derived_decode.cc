#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "engine/derived.h"

namespace tocsin {

namespace {

using simdjson::dom::element;
using enum DerivedType;

std::int64_t number(std::string_view text, std::int64_t otherwise) {
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view text_at(const element& data, const char* name) {
  std::string_view text;
  if (data[name].get(text) != simdjson::SUCCESS) return {};
  return text;
}

Instant instant(std::string_view text) { return parse_rfc3339(text).value_or(kNever); }

std::int16_t place(std::string_view word, const std::vector<std::string>& words) {
  const auto it = std::find(words.begin(), words.end(), word);
  return it == words.end() ? kNone : static_cast<std::int16_t>(it - words.begin());
}

std::string_view cut(std::string_view& path, char at) {
  const std::size_t end = std::min(path.find(at), path.size());
  const std::string_view head = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return head;
}

// Clocks of one name differ by their period; the name of the cycle tells which: `2026-Q1`.
std::int16_t clock_code(const KindSpec& kind, std::string_view name, std::string_view cycle) {
  const auto period = [&] {
    if (cycle.find('W') != std::string_view::npos) return PeriodKind::kWeek;
    if (cycle.find('Q') != std::string_view::npos) return PeriodKind::kQuarter;
    return cycle.find('H') != std::string_view::npos ? PeriodKind::kHalfYear : PeriodKind::kMonth;
  };
  for (std::size_t i = 0; i < kind.clocks.size(); ++i) {
    const ClockSpec& clock = kind.clocks[i];
    if (clock.name == name && (!clock.period || clock.cadence.kind == period()))
      return static_cast<std::int16_t>(i);
  }
  return kNone;
}

std::int64_t cycle_number(const ClockSpec& clock, std::string_view cycle, const LogEvent& record) {
  return clock.period ? number(stamp(record, "tocsincycle"), 0) : number(cycle, 0);
}

bool read_thresholds(const element& data, const Policy& policy, Derived& event) {
  simdjson::dom::array list;
  if (data["thresholds"].get(list) != simdjson::SUCCESS) return false;
  for (const element item : list) {
    const std::int16_t code = place(text_at(item, "name"), policy.thresholds);
    if (code == kNone) return false;
    const auto i = static_cast<std::size_t>(code);
    event.exists = static_cast<std::uint8_t>(event.exists | (1U << i));
    event.due[i] = instant(text_at(item, "due"));
    const std::string_view verdict = text_at(item, "verdict");
    event.verdict[i] = verdict == "met"        ? Verdict::kMet
                       : verdict == "breached" ? Verdict::kBreached
                                               : Verdict::kPending;
  }
  return true;
}

// `ticket.response/1/target/warned~2`, `routed/P1`, `routed/stage:2`, `fault/pay/2026-W12`.
bool read_group(std::string_view path, const KindSpec& kind, const Policy& policy,
                const LogEvent& record, Derived& event) {
  GroupKey& key = event.group;
  const std::size_t tilde = path.rfind('~');
  const bool again = tilde != std::string_view::npos &&
                     path.find_first_not_of("0123456789", tilde + 1) == std::string_view::npos;
  if (again) {
    event.instance = static_cast<std::uint16_t>(number(path.substr(tilde + 1), 1));
    path = path.substr(0, tilde);
  }
  if (path.starts_with("fault/")) {
    key.kind = GroupKey::Kind::kFault;
    key.name = path.substr(6);
    return true;
  }
  if (path.starts_with("routed/stage:")) {
    key.kind = GroupKey::Kind::kStage;
    key.code = place(path.substr(13), kind.stages);
    return key.code != kNone;
  }
  if (path.starts_with("routed/")) {
    key.kind = GroupKey::Kind::kRouting;
    key.code = place(path.substr(7), policy.priorities);
    key.cycle = number(stamp(record, "tocsinnumber"), 1);
    return key.code != kNone;
  }
  const std::string_view name = cut(path, '/');
  const std::string_view cycle = cut(path, '/');
  const std::string_view threshold = cut(path, '/');
  key.kind = path == "warned" ? GroupKey::Kind::kWarning : GroupKey::Kind::kBreach;
  key.clock = clock_code(kind, name, cycle);
  key.code = place(threshold, policy.thresholds);
  if (key.clock == kNone || key.code == kNone) return false;
  key.cycle = cycle_number(kind.clocks[static_cast<std::size_t>(key.clock)], cycle, record);
  return true;
}

bool read_escalation(const element& data, const KindSpec& kind, const Policy& policy,
                     const LogEvent& record, Derived& event) {
  std::string_view path = text_at(data, "escalation");
  cut(path, '/');  // account
  cut(path, '/');  // kind
  cut(path, '/');  // id
  if (!read_group(path, kind, policy, record, event)) return false;
  event.by = text_at(data, "by");
  if (event.type != kEscalationRaised) return true;
  std::int64_t step = 0;
  if (data["step"].get(step) != simdjson::SUCCESS) return false;
  event.step = static_cast<std::uint16_t>(step);
  event.high = text_at(data, "urgency") == "high";
  event.begun = {number(stamp(record, "tocsinbegun"), event.time.ms)};
  event.tier = static_cast<std::int16_t>(number(stamp(record, "tocsintier"), kNone));
  simdjson::dom::array list;
  if (data["roles"].get(list) == simdjson::SUCCESS) {
    for (const element item : list) {
      std::string_view role;
      if (item.get(role) == simdjson::SUCCESS) event.roles.push_back(place(role, policy.roles));
    }
  }
  if (data["persons"].get(list) == simdjson::SUCCESS) {
    for (const element item : list) {
      std::string_view person;
      if (item.get(person) == simdjson::SUCCESS) event.persons.emplace_back(person);
    }
  }
  return true;
}

bool read_clock(const element& data, const KindSpec& kind, const Policy& policy,
                const LogEvent& record, Derived& event) {
  std::string_view cycle;
  std::int64_t plain = 0;
  char text[24];
  if (data["cycle"].get(plain) == simdjson::SUCCESS) {
    cycle = {text,
             static_cast<std::size_t>(std::to_chars(text, text + sizeof text, plain).ptr - text)};
  } else if (data["cycle"].get(cycle) != simdjson::SUCCESS) {
    return false;
  }
  event.clock = clock_code(kind, text_at(data, "clock"), cycle);
  if (event.clock == kNone) return false;
  event.cycle = cycle_number(kind.clocks[static_cast<std::size_t>(event.clock)], cycle, record);
  const std::string_view threshold = text_at(data, "threshold");
  if (!threshold.empty()) event.threshold = place(threshold, policy.thresholds);
  switch (event.type) {
    case kClockStarted:
      event.start = instant(text_at(data, "start"));
      return read_thresholds(data, policy, event);
    case kClockRetargeted:
    case kClockResumed:
      event.start = {number(stamp(record, "tocsinstart"), 0)};
      return read_thresholds(data, policy, event);
    case kClockStopped:
    case kClockCorrected:
      event.stopped = event.type == kClockStopped ? event.time : instant(text_at(data, "stopped"));
      if (data["elapsedMs"].get(event.elapsed_ms) != simdjson::SUCCESS) return false;
      return read_thresholds(data, policy, event);
    case kClockWarned:
      event.warning = static_cast<std::uint16_t>(number(stamp(record, "tocsinnumber"), 1));
      return event.threshold != kNone;
    case kClockBreached:
    case kClockWithdrawn:
      return event.threshold != kNone;
    case kClockCancelled:
      event.gone = !stamp(record, "tocsingone").empty();
      return true;
    default:
      return true;
  }
}

bool read_stage(const element& data, const KindSpec& kind, Derived& event) {
  std::int64_t to = 0;
  std::string_view name;
  if (data["to"].get(to) == simdjson::SUCCESS) {
    event.to = place(std::to_string(to), kind.stages);
  } else if (data["to"].get(name) == simdjson::SUCCESS) {
    event.to = place(name, kind.stages);
  }
  if (data["from"].get(to) == simdjson::SUCCESS) {
    event.from = place(std::to_string(to), kind.stages);
  } else if (data["from"].get(name) == simdjson::SUCCESS) {
    event.from = place(name, kind.stages);
  }
  return event.to != kNone;
}

}  // namespace

bool decode(const LogEvent& record, const Policy& policy, std::int16_t& entity_kind,
            Derived& event) {
  thread_local simdjson::dom::parser parser;
  thread_local std::string padded;
  padded.assign(record.data);
  padded.append(simdjson::SIMDJSON_PADDING, ' ');
  element data;
  if (parser.parse(padded.data(), record.data.size(), false).get(data) != simdjson::SUCCESS)
    return false;
  std::string_view path = text_at(data, "entity");
  const std::string_view name = cut(path, '/');
  entity_kind = kNone;
  for (std::size_t k = 0; k < policy.kinds.size(); ++k) {
    if (policy.kinds[k].name == name) entity_kind = static_cast<std::int16_t>(k);
  }
  if (entity_kind == kNone) return false;
  const KindSpec& kind = policy.kinds[static_cast<std::size_t>(entity_kind)];
  event = Derived{};
  event.time = record.time;
  if (const auto type = derived_type(record.type)) {
    event.type = *type;
  } else if (record.type.ends_with(".advanced")) {
    event.type = kComplaintAdvanced;
  } else if (record.type.ends_with(".withdrawn")) {
    event.type = kComplaintWithdrawn;
  } else {
    return false;
  }
  switch (event.type) {
    case kComplaintAdvanced:
    case kComplaintWithdrawn:
      return read_stage(data, kind, event);
    case kFaultRecurring:
      event.reason = text_at(data, "module");
      return true;
    case kEscalationRaised:
    case kEscalationAcknowledged:
    case kEscalationCleared:
    case kEscalationWithdrawn:
      return read_escalation(data, kind, policy, record, event);
    case kNotificationDelivered:
    case kNotificationFailed:
      return false;
    default:
      return read_clock(data, kind, policy, record, event);
  }
}

}  // namespace tocsin
