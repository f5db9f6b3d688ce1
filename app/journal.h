// The process's own log: one JSON line an event on standard error, and alarms for people on
// standard output. No secrets, no data of facts but ids. Neither waits for who reads it.
//
// Threads: any. A line of the journal is written at once, or dropped and counted when it is not taken;
// lines for people are written by a thread of their own (LineWriter).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/config.h"
#include "app/line_writer.h"
#include "engine/committed.h"
#include "events/mutex.h"

namespace tocsin {

class Journal {
 public:
  explicit Journal(LogLevel least, int fd = 2) : least_(least), fd_(fd) {}
  // {"time","level","event","detail"}; `detail` may be empty.
  void line(std::string_view level, std::string_view event, std::string_view detail = {});

 private:
  const LogLevel least_;
  const int fd_;
  Mutex mutex_;
  std::int64_t dropped_ GUARDED_BY(mutex_) = 0;  // since a line was taken last
};

// A committed record as a line for people, when it is one that they want to see: alarms, breaches,
// stages, withdrawals. Empty otherwise. `story`: facts and ends too.
std::string describe_record(const Committed& record, bool story);

// Prints committed records as lines for people, each once: what is replayed was printed before.
class RecordPrinter {
 public:
  RecordPrinter(int fd, bool story, std::size_t waiting_bytes_max = LineWriter::kWaitingBytesMax)
      : story_(story), lines_(fd, waiting_bytes_max) {}
  void print(const Committed& record);
  std::int64_t dropped() const { return lines_.dropped(); }

 private:
  const bool story_;
  LineWriter lines_;
};

}  // namespace tocsin
