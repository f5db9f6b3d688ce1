#include "app/event_line.h"

namespace tocsin {

EventLine::Kind EventLine::read(std::string_view line) {
  text_ = line;
  // Cheap, and false of nearly every plain event.
  if (line.find("\"position\"") == std::string_view::npos) return Kind::kEvent;
  event_.clear();
  bool other = false;
  std::string position;
  const bool whole = walker_.walk_object(line, [&](std::string_view name, JsonWalker::Value value) {
    if (name == "position") return walker_.read_string(value, position);
    if (name == "event") return walker_.copy(value, event_);
    other = true;
    return false;
  });
  if (!whole || other || position.empty() || event_.empty()) return Kind::kEvent;
  text_ = event_;
  return read_log_record(event_, record_) && !record_.is_fact() ? Kind::kNotAFact : Kind::kLogged;
}

}  // namespace tocsin
