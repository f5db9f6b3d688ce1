// The process's own log: one JSON line an event on standard error, and alarms for people on
// standard output. No secrets, no data of facts but ids.
//
// Threads: any. A line of the journal is written at once; records are made into lines and written
// on the printer's own thread, so that many alarms at one instant do not wait for their printing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

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

// Prints committed records as lines for people, in their order, within kEvery.
class RecordPrinter {
 public:
  RecordPrinter(std::FILE* out, bool story, std::size_t waiting_bytes_max = 64u << 20);
  // Prints what waits.
  ~RecordPrinter();
  // Waits when waiting_bytes_max wait to be printed.
  void print(std::string_view record);

 private:
  static constexpr auto kEvery = std::chrono::milliseconds(100);
  void run();

  std::FILE* const out_;
  const bool story_;
  const std::size_t waiting_bytes_max_;
  std::mutex mutex_;
  std::condition_variable woken_, room_;
  std::vector<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tocsin
