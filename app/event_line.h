// A line of events as commands read them: an event, or {position, event} as `tocsin log` prints it.
//
// So `tocsin log | tocsin simulate --events -` works: what the engine decided and its own records
// are left out, facts were accepted before and count as they stand.
//
// Threads: one each.
#pragma once

#include <string>
#include <string_view>

#include "events/json_walk.h"
#include "events/log_record.h"

namespace tocsin {

class EventLine {
 public:
  enum class Kind {
    kEvent,     // text() is the line
    kLogged,    // text() is a fact of a log
    kNotAFact,  // a record of the engine's: nothing to read
  };
  // `line` must outlive text().
  Kind read(std::string_view line);
  std::string_view text() const { return text_; }

 private:
  JsonWalker walker_;
  LogEvent record_;
  std::string event_;
  std::string_view text_;
};

}  // namespace tocsin
