#include "app/journal.h"

#include <chrono>
#include <utility>
#include <vector>

#include "events/mutex.h"
#include "events/vocabulary.h"
#include "events/writer.h"

namespace tocsin {

namespace {

LogLevel level_of(std::string_view level) {
  return level == "debug"   ? LogLevel::kDebug
         : level == "warn"  ? LogLevel::kWarn
         : level == "error" ? LogLevel::kError
                            : LogLevel::kInfo;
}

Instant system_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

std::string line_of(std::string_view level, std::string_view event, std::string_view detail) {
  std::string out;
  JsonObject object(out);
  object.time("time", system_now()).text("level", level).text("event", event);
  if (!detail.empty()) object.text("detail", detail);
  object.close();
  return printable(out) + "\n";
}

template <typename List>
void append_joined(std::string& out, const List& list) {
  bool first = true;
  for (const auto& item : list) {
    if (!std::exchange(first, false)) out += ", ";
    out += item;
  }
}

std::string roles_and_persons(const Derived& event, const Policy& policy) {
  std::vector<std::string_view> roles;
  for (const auto role : event.roles) roles.emplace_back(policy.roles[role]);
  std::string who, persons;
  append_joined(who, roles);
  append_joined(persons, event.persons);
  return persons.empty() ? who : who + " (" + persons + ")";
}

std::string describe_event(const Committed& record, bool story) {
  const Derived& event = *record.derived;
  const auto clock = [&] { return record.spec->clocks[event.clock].name; };
  const auto group = [&] {
    return group_id({record.account, record.entity_kind, record.entity_id}, *record.spec,
                    *record.policy, event.group, event.instance);
  };
  switch (event.type) {
    case DerivedType::kEscalationRaised:
      return std::string("ALARM ") + (event.high ? "high" : "low") + " step " +
             std::to_string(event.step) + ": " + group() + " -> " +
             roles_and_persons(event, *record.policy);
    case DerivedType::kClockBreached: {
      const ThresholdCode threshold = event.threshold;
      return "BREACHED " + clock() + " " + record.policy->thresholds[threshold] + ", due " +
             format_rfc3339(event.due[threshold]);
    }
    case DerivedType::kComplaintAdvanced:
      return "STAGE " + record.spec->stages[event.to] + " (" + std::string(event.reason) + ")";
    case DerivedType::kClockWithdrawn:
      return "WITHDRAWN " + clock();
    case DerivedType::kEscalationWithdrawn:
      return "WITHDRAWN " + group();
    case DerivedType::kFaultRecurring:
      return "RECURRING FAULT " + std::string(event.reason);
    case DerivedType::kClockStopped:
      return story ? "stopped " + clock() : std::string();
    case DerivedType::kClockWarned:
      return story ? "warned " + clock() : std::string();
    default:
      return {};
  }
}

}  // namespace

void Journal::line(std::string_view level, std::string_view event, std::string_view detail) {
  if (level_of(level) < least_) return;
  constexpr auto kAtOnce = std::chrono::milliseconds(0);
  const MutexLock lock(mutex_);
  std::string text = line_of(level, event, detail);
  if (dropped_ > 0) text = line_of("warn", "lines_dropped", std::to_string(dropped_)) + text;
  if (write_while_taken(fd_, text, kAtOnce).taken == Taken::kAll) {
    dropped_ = 0;
  } else {
    ++dropped_;
  }
}

std::string describe_record(const Committed& record, bool story) {
  const bool fact = record.kind == RecordKind::kFact;
  if (fact ? !story : record.derived == nullptr || record.spec == nullptr) return {};
  std::string what;
  if (fact) {
    what = record.type.starts_with("tocsin.") ? record.type.substr(7) : record.type;
  } else {
    what = describe_event(record, story);
  }
  if (what.empty()) return {};
  std::string line = format_rfc3339(record.time).substr(0, 19) + "Z  ";
  line.append(record.account).append("  ");
  if (!fact) line.append(record.entity_kind).append("/");
  return line.append(record.entity_id).append("  ").append(what);
}

void RecordPrinter::print(const Committed& record) {
  if (record.replayed) return;
  if (const std::string line = describe_record(record, story_); !line.empty()) lines_.write(line);
}

}  // namespace tocsin
