// Lines for whoever may read them, on a file descriptor that nobody may be reading: a terminal that was
// stopped, a pipe whose reader hangs, a full disk. Nobody waits for it.
//
// Promises
//  1. `write` never waits for a reader. What does not fit into `waiting_bytes_max` is dropped and
//     counted, and when lines are taken again one says how many are lacking.
//  2. Lines come whole and in their order, within kEvery.
//  3. Control and bidirectional characters are written as escapes (`\u202e`): what is in a fact cannot
//     act on a terminal.
//
// Threads: any. The end waits kLast for what is still waiting, no longer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "events/mutex.h"

namespace tocsin {

// With the characters of promise 3 as escapes.
std::string printable(std::string_view text);

// Writes `text` as long as `fd` takes it within `patience` each time. `rest` is what it did not take.
enum class Taken { kAll, kNotYet, kNever };  // never: nobody can read it any more
struct Written {
  Taken taken = Taken::kAll;
  std::string_view rest;
};
Written write_while_taken(int fd, std::string_view text, std::chrono::milliseconds patience);

class LineWriter {
 public:
  static constexpr std::size_t kWaitingBytesMax = 4u << 20;
  explicit LineWriter(int fd, std::size_t waiting_bytes_max = kWaitingBytesMax);
  ~LineWriter();

  // A line without its end.
  void write(std::string_view line);
  std::int64_t dropped() const;

 private:
  static constexpr auto kEvery = std::chrono::milliseconds(100);
  static constexpr auto kLast = std::chrono::milliseconds(1000);
  void run();
  bool put(std::string_view text);

  const int fd_;
  const std::size_t waiting_bytes_max_;
  mutable Mutex mutex_;  // guards what follows
  Changed woken_;
  std::vector<std::string> waiting_ GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  std::int64_t dropped_ GUARDED_BY(mutex_) = 0,
                        told_ GUARDED_BY(mutex_) =
                            0;  // told: of the dropped, how many a line has spoken of
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin
