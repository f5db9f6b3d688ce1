// The process's own log: one JSON line an event on standard error, and alarms for people on
// standard output. No secrets, no data of facts but ids.
//
// Threads: any; a line is written at once.
#pragma once

#include <string_view>

#include "app/config.h"

namespace tocsin {

class Journal {
 public:
  explicit Journal(LogLevel least) : least_(least) {}
  // {"time","level","event","detail"}; `detail` may be empty.
  void line(std::string_view level, std::string_view event, std::string_view detail = {});

 private:
  LogLevel least_;
};

// A committed record as a line for people, when it is one that they want to see: alarms, breaches,
// stages, ends. Empty otherwise. `story`: facts too.
// Whether it may be one, told cheaply, when no story is told.
bool is_for_people(std::string_view record);
std::string describe_record(std::string_view record, bool story);

}  // namespace tocsin
