// The roster's file, read anew when it changes: looked at each kEvery, and at once on SIGHUP.
//
// A text that differs from the last one goes to every partition as a record of the log, and counts
// from there on (InputPort::submit_own). One that is wrong is told once, and the roster in force
// stays; so is one that did not reach the log, which is tried again.
//
// Threads: any; it looks on a thread of its own. `node` must outlive it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "engine/input_port.h"
#include "events/mutex.h"

namespace tocsin {

class RosterWatch {
 public:
  static constexpr auto kEvery = std::chrono::seconds(5);
  using Report =
      std::function<void(std::string_view level, std::string_view event, std::string_view detail)>;

  // `read`: the file's text, checked; throws what is wrong with it. `known`: the text that the node
  // was started with.
  RosterWatch(std::function<std::string()> read, std::string known, InputPort& node, Report report);
  ~RosterWatch();

  void look_now();

 private:
  // What an answer that comes late still needs.
  struct Shared {
    Mutex mutex;
    Changed woken;
    bool look GUARDED_BY(mutex) = false, ending GUARDED_BY(mutex) = false;
    std::string known GUARDED_BY(mutex);    // in the log, or on its way there
    std::string problem GUARDED_BY(mutex);  // told last
  };
  void run();
  void look();

  const std::function<std::string()> read_;
  InputPort& node_;
  const Report report_;
  const std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace tocsin
