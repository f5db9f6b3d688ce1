#include "app/journal.h"

#include <simdjson.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "events/log_record.h"
#include "events/vocabulary.h"
#include "events/writer.h"
#include "projections/record_type.h"

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

std::string joined(const simdjson::dom::element& list) {
  std::string out;
  simdjson::dom::array items;
  if (list.get(items) != simdjson::SUCCESS) return out;
  for (const simdjson::dom::element item : items) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) continue;
    if (!out.empty()) out += ", ";
    out += text;
  }
  return out;
}

std::string text(const simdjson::dom::element& data, const char* name) {
  simdjson::dom::element value;
  if (data[name].get(value) != simdjson::SUCCESS) return {};
  std::string_view s;
  if (value.get(s) == simdjson::SUCCESS) return std::string(s);
  return simdjson::minify(value);
}

}  // namespace

void Journal::line(std::string_view level, std::string_view event, std::string_view detail) {
  if (level_of(level) < least_) return;
  std::string out;
  JsonObject object(out);
  object.time("time", system_now()).text("level", level).text("event", event);
  if (!detail.empty()) object.text("detail", detail);
  object.close();
  out += '\n';
  std::fwrite(out.data(), 1, out.size(), stderr);
}

bool is_for_people(std::string_view record) {
  const std::string_view type = type_of_record(record);
  return type == "tocsin.escalation.raised" || type == "tocsin.clock.breached" ||
         type == "tocsin.complaint.advanced" || type == "tocsin.fault.recurring" ||
         type.ends_with(".withdrawn");
}

std::string describe_record(std::string_view record, bool story) {
  LogEvent event;
  if (!read_log_record(record, event) || is_engine_type(event.type)) return {};
  std::string type(event.type.starts_with("tocsin.") ? event.type.substr(7) : event.type);
  const std::string at =
      format_rfc3339(event.time).substr(0, 19) + "Z  " + std::string(event.account) + "  ";
  if (event.is_fact()) {
    return story ? at + std::string(event.subject) + "  " + type : std::string();
  }
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element data;
  const simdjson::padded_string padded(event.data);
  if (parser.parse(padded).get(data) != simdjson::SUCCESS) return {};
  const std::string entity = text(data, "entity");
  if (type == "escalation.raised") {
    std::string who;
    simdjson::dom::element list;
    if (data["persons"].get(list) == simdjson::SUCCESS) who = joined(list);
    if (data["roles"].get(list) == simdjson::SUCCESS)
      who = joined(list) + (who.empty() ? "" : " (" + who + ")");
    return at + entity + "  ALARM " + text(data, "urgency") + " step " + text(data, "step") + ": " +
           text(data, "escalation") + " -> " + who;
  }
  if (type == "clock.breached")
    return at + entity + "  BREACHED " + text(data, "clock") + " " + text(data, "threshold") +
           ", due " + text(data, "due");
  if (type == "complaint.advanced")
    return at + entity + "  STAGE " + text(data, "to") + " (" + text(data, "reason") + ")";
  if (type == "clock.withdrawn" || type == "escalation.withdrawn")
    return at + entity + "  WITHDRAWN " +
           text(data, type == "clock.withdrawn" ? "clock" : "escalation");
  if (type == "fault.recurring") return at + entity + "  RECURRING FAULT " + text(data, "module");
  if (!story) return {};
  if (type == "clock.stopped" || type == "clock.warned")
    return at + entity + "  " + (type == "clock.warned" ? "warned " : "stopped ") +
           text(data, "clock");
  return {};
}

RecordPrinter::RecordPrinter(std::FILE* out, bool story, std::size_t waiting_bytes_max)
    : out_(out), story_(story), waiting_bytes_max_(waiting_bytes_max), thread_([this] { run(); }) {}

RecordPrinter::~RecordPrinter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

void RecordPrinter::print(std::string_view record) {
  if (!story_ && !is_for_people(record)) return;
  std::unique_lock lock(mutex_);
  if (waiting_bytes_ >= waiting_bytes_max_) {
    woken_.notify_one();
    room_.wait(lock, [&] { return waiting_bytes_ < waiting_bytes_max_; });
  }
  waiting_.emplace_back(record);
  waiting_bytes_ += record.size();
}

void RecordPrinter::run() {
  std::vector<std::string> taken;
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      woken_.wait_for(lock, kEvery,
                      [&] { return ending_ || waiting_bytes_ >= waiting_bytes_max_; });
      last = ending_;
      taken.swap(waiting_);
      waiting_bytes_ = 0;
    }
    room_.notify_one();
    for (const std::string& record : taken) {
      const std::string line = describe_record(record, story_);
      if (!line.empty()) std::fprintf(out_, "%s\n", line.c_str());
    }
    if (!taken.empty()) std::fflush(out_);
    taken.clear();
  }
}

}  // namespace tocsin
