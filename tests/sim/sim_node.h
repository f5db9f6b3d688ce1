// A node on the embedded log without threads: the product's own engine, log and clock, driven round by round,
// over a disk and a store that fail on command. What a round decided is written when the world says so.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/embedded_loop.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_store.h"

namespace tocsin::sim {

struct SimTime {  // what the machine's clocks say, and what is true
  std::int64_t truth = 0, wall_error = 0, since_boot = 1'000'000;
  std::string boot = "boot-0";
  int readings = 0;

  // What a wall clock that is right shows. Time passes while a program looks at it.
  std::int64_t read() {
    if (++readings % 4 == 0) {
      ++truth;
      ++since_boot;
    }
    return truth;
  }
};

struct SimNodeOptions {
  std::filesystem::path data;
  ConfiguredPolicy policy;
  std::size_t hot_entities = 20;
  std::size_t round_events_max = 3;
  NodeReport report;
};

class SimNode {
 public:
  // A fact is in the log for sure.
  using Acknowledge = std::function<void(const std::string& fact)>;

  // Starts it. Throws what the node does, and Crash.
  SimNode(const SimNodeOptions& options, SimTime& time, SimDisk& disk, SimStore& store,
          std::optional<ClockMemory>& memory, Acknowledge acknowledge);

  void submit(std::vector<std::string> facts);
  void hand_in(OwnRecord record);
  void round() { loop_->round(); }
  void end_write() { loop_->stage().drain(); }

  // Nothing is taken any more before the node is started again.
  bool sick() const { return !loop_->sick().empty(); }
  Room& room() { return engine().room(0); }
  EmbeddedLog& log() { return *log_; }
  Clock& clock() { return *clock_; }
  // Everything that was asked of it is answered, and nothing keeps it from more.
  bool idle() const {
    return loop_->ready().ready && loop_->queued() == 0 && loop_->stage().free();
  }

 private:
  NodeLoop& engine() { return *loop_; }

  Acknowledge acknowledge_;
  std::shared_ptr<WallClock> clock_;
  std::shared_ptr<EmbeddedLog> log_;
  std::unique_ptr<EmbeddedLoop> loop_;
  Decoder decoder_;
};

}  // namespace tocsin::sim
