#include <algorithm>
#include <array>
#include <charconv>

#include "engine/policy/translate.h"
#include "engine/said/derived.h"
#include "events/json_scan.h"

namespace tocsin {

namespace {

using enum DerivedType;

std::int64_t number(std::string_view text, std::int64_t otherwise) {
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_number(std::string_view value) {
  return !value.empty() && (value.front() == '-' || (value.front() >= '0' && value.front() <= '9'));
}

// Memory of texts that held escapes, until the next record is read.
thread_local std::string unescaped;

// The text of a string; empty for anything else.
std::string_view text_of(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return {};
  value = value.substr(1, value.size() - 2);
  if (value.find('\\') == std::string_view::npos) return value;
  const std::size_t begin = unescaped.size();
  if (!json_scan::unescape(value, unescaped)) return {};
  return std::string_view(unescaped).substr(begin);
}

// The members of an event's data, or of a threshold in it. Ours have at most kMembersMax.
class Members {
 public:
  explicit Members(std::string_view object) {
    whole_ = json_scan::each_member(object, [&](const json_scan::Member& member) {
      members_[count_++] = member;
      return count_ < kMembersMax;
    });
  }
  explicit operator bool() const { return whole_; }

  std::string_view operator[](std::string_view name) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (members_[i].name == name) return members_[i].value;
    }
    return {};
  }
  std::string_view text(std::string_view name) const { return text_of((*this)[name]); }

 private:
  static constexpr std::size_t kMembersMax = 24;
  std::array<json_scan::Member, kMembersMax> members_;
  std::size_t count_ = 0;
  bool whole_ = false;
};

Instant instant(std::string_view text) { return parse_rfc3339(text).value_or(kNever); }

std::string_view cut(std::string_view& path, char at) {
  const std::size_t end = std::min(path.find(at), path.size());
  const std::string_view head = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return head;
}

// Clocks of one name differ by their period; the name of the cycle tells which: `2026-Q1`.
ClockCode clock_code(const KindSpec& kind, std::string_view name, std::string_view cycle) {
  const bool period = cycle.find_first_not_of("0123456789") != std::string_view::npos;
  const auto has = [&](char letter) { return cycle.find(letter) != std::string_view::npos; };
  return clock_named(kind, name, period,
                     has('W')   ? PeriodKind::kWeek
                     : has('Q') ? PeriodKind::kQuarter
                     : has('H') ? PeriodKind::kHalfYear
                                : PeriodKind::kMonth);
}

std::int64_t cycle_number(const ClockSpec& clock, std::string_view cycle, const LogEvent& record) {
  return clock.period ? number(stamp(record, "tocsincycle"), 0) : number(cycle, 0);
}

bool read_thresholds(const Members& data, const Policy& policy, Derived& event) {
  bool known = true;
  const bool list = json_scan::each_element(data["thresholds"], [&](std::string_view element) {
    const Members item(element);
    const ThresholdCode i = place_of(item.text("name"), policy.thresholds);
    if (i == kNone) return known = false;
    event.exists |= bit(i);
    event.due[i] = instant(item.text("due"));
    const std::string_view verdict = item.text("verdict");
    event.verdict[i] = verdict == "met"        ? Verdict::kMet
                       : verdict == "breached" ? Verdict::kBreached
                                               : Verdict::kPending;
    return true;
  });
  return list && known;
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
    key.stage = place_of(path.substr(13), kind.stages);
    return key.stage != kNone;
  }
  if (path.starts_with("routed/")) {
    key.kind = GroupKey::Kind::kRouting;
    key.priority = priority_named(policy, path.substr(7));
    key.cycle = number(stamp(record, "tocsinnumber"), 1);
    return key.priority != kNone;
  }
  const std::string_view name = cut(path, '/');
  const std::string_view cycle = cut(path, '/');
  const std::string_view threshold = cut(path, '/');
  key.kind = path == "warned" ? GroupKey::Kind::kWarning : GroupKey::Kind::kBreach;
  key.clock = clock_code(kind, name, cycle);
  key.threshold = place_of(threshold, policy.thresholds);
  if (key.clock == kNone || key.threshold == kNone) return false;
  key.cycle = cycle_number(kind.clocks[key.clock], cycle, record);
  return true;
}

bool read_escalation(const Members& data, const KindSpec& kind, const Policy& policy,
                     const LogEvent& record, Derived& event) {
  std::string_view path = data.text("escalation");
  cut(path, '/');  // account
  cut(path, '/');  // kind
  cut(path, '/');  // id
  if (!read_group(path, kind, policy, record, event)) return false;
  event.by = data.text("by");
  event.group.reopening = static_cast<std::uint64_t>(number(stamp(record, "tocsinreopening"), 0));
  event.timeout_ms = number(stamp(record, "tocsintimeout"), 0);
  if (event.type != kEscalationRaised) return true;
  if (!is_number(data["step"])) return false;
  event.step = static_cast<std::uint16_t>(number(data["step"], 0));
  event.high = data.text("urgency") == "high";
  event.begun = {number(stamp(record, "tocsinbegun"), event.time.ms)};
  event.tier = TierCode(number(stamp(record, "tocsintier"), TierCode().number()));
  event.priority = PriorityCode(number(stamp(record, "tocsinpriority"), PriorityCode().number()));
  event.rung = static_cast<std::uint16_t>(number(stamp(record, "tocsinrung"), 0));
  event.anchor_step = static_cast<std::uint16_t>(number(stamp(record, "tocsinanchorstep"), 0));
  event.anchor = {number(stamp(record, "tocsinanchor"), 0)};
  json_scan::each_element(data["roles"], [&](std::string_view role) {
    event.roles.push_back(place_of(text_of(role), policy.roles));
    return true;
  });
  json_scan::each_element(data["persons"], [&](std::string_view person) {
    event.persons.push_back(text_of(person));
    return true;
  });
  std::string_view places = stamp(record, "tocsinpersonroles");
  for (std::size_t i = 0; i < event.persons.size() && !event.roles.empty(); ++i) {
    const auto role = static_cast<std::size_t>(number(cut(places, ' '), 0));
    event.person_roles.push_back(role < event.roles.size() ? event.roles[role] : RoleCode());
  }
  return true;
}

bool read_clock(const Members& data, const KindSpec& kind, const Policy& policy,
                const LogEvent& record, Derived& event) {
  const std::string_view cycle = is_number(data["cycle"]) ? data["cycle"] : data.text("cycle");
  if (cycle.empty()) return false;
  event.clock = clock_code(kind, data.text("clock"), cycle);
  if (event.clock == kNone) return false;
  event.cycle = cycle_number(kind.clocks[event.clock], cycle, record);
  const std::string_view threshold = data.text("threshold");
  if (!threshold.empty()) event.threshold = place_of(threshold, policy.thresholds);
  switch (event.type) {
    case kClockStarted:
      event.start = instant(data.text("start"));
      return read_thresholds(data, policy, event);
    case kClockRetargeted:  // version 3 told its start as an extension
      event.start = instant(data.text("start"));
      if (event.start != kNever) return read_thresholds(data, policy, event);
      [[fallthrough]];
    case kClockResumed:
      event.start = {number(stamp(record, "tocsinstart"), 0)};
      return read_thresholds(data, policy, event);
    case kClockStopped:
    case kClockCorrected:
      event.stopped = event.type == kClockStopped ? event.time : instant(data.text("stopped"));
      event.start = parse_rfc3339(data.text("start")).value_or(kAlways);
      if (!is_number(data["elapsedMs"])) return false;
      event.elapsed_ms = number(data["elapsedMs"], 0);
      return read_thresholds(data, policy, event);
    case kClockWarned:
      event.warning = static_cast<std::uint16_t>(number(stamp(record, "tocsinnumber"), 1));
      return event.threshold != kNone;
    case kClockWithdrawn:
      event.reason = data.text("reason");
      return event.threshold != kNone;
    case kClockBreached:
      if (event.threshold == kNone) return false;
      event.tells_due = !stamp(record, "tocsintellsdue").empty();
      if (event.tells_due) event.due[event.threshold] = instant(data.text("due"));
      return true;
    case kClockCancelled:
      event.gone = !stamp(record, "tocsingone").empty();
      return true;
    default:
      return true;
  }
}

bool read_stage(const Members& data, const KindSpec& kind, Derived& event) {
  const auto stage = [&](std::string_view value) {
    return place_of(is_number(value) ? value : text_of(value), kind.stages);
  };
  event.to = stage(data["to"]);
  event.from = stage(data["from"]);
  return event.to != kNone;
}

}  // namespace

std::string_view kind_in(const LogEvent& record) {
  constexpr std::string_view kBegin = "{\"entity\":\"";  // begins the data of all of them
  if (!record.data.starts_with(kBegin)) return {};
  const std::string_view rest = record.data.substr(kBegin.size());
  return rest.substr(0, rest.find('/'));
}

bool decode(const LogEvent& record, const Policy& policy, const KindSpec& kind, Derived& event) {
  unescaped.clear();
  unescaped.reserve(record.data.size());  // views into it stay good because it never has to grow
  const Members data(record.data);
  if (!data) return false;
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
  event.place = static_cast<std::uint16_t>(number(stamp(record, "tocsinplace"), 0));
  event.of = static_cast<std::uint16_t>(number(stamp(record, "tocsinof"), 0));
  switch (event.type) {
    case kComplaintAdvanced:
    case kComplaintWithdrawn:
      return read_stage(data, kind, event);
    case kFaultRecurring:
      event.reason = data.text("module");
      return true;
    case kEscalationRaised:
    case kEscalationAcknowledged:
    case kEscalationCleared:
    case kEscalationWithdrawn:
    case kEscalationReopened:
      return read_escalation(data, kind, policy, record, event);
    case kNotificationDelivered:
    case kNotificationFailed:
      return false;
    default:
      return read_clock(data, kind, policy, record, event);
  }
}

}  // namespace tocsin
