// A node on the embedded log without threads: the same log, rooms, order of a round and clock as
// app/embedded_node.h, driven step by step, over a disk and a store that fail on command.
//
// What is decided is committed one step later, while the next round is open, as the commit stage does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/clock.h"
#include "app/follow.h"
#include "app/room.h"
#include "app/round.h"
#include "connectors/embedded/embedded_log.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_store.h"

namespace tocsin::sim {

struct SimTime {  // what the machine's clocks say, and what is true
  std::int64_t truth = 0, wall_error = 0, since_boot = 1'000'000;
  std::string boot = "boot-0";
};

struct SimRequest {
  std::vector<std::string> facts;  // structured events
  std::optional<OwnRecord> own;
};

struct SimNodeOptions {
  std::filesystem::path directory;
  PolicyText policy;
  std::size_t hot_entities = 20;
  std::size_t round_requests_max = 3;
};

class SimNode {
 public:
  // `answer(request, accepted)`: whether each fact of it is in the log for sure.
  using Answer = std::function<void(const SimRequest&, const std::vector<Outcome>&)>;

  SimNode(SimNodeOptions options, SimTime& time, SimDisk& disk, SimStore& store,
          std::optional<ClockMemory>& memory, Answer answer);

  void submit(SimRequest request) { queue_.push_back({std::move(request), clock_.now()}); }
  // One round: takes what waits, decides, and commits what the round before decided.
  void step();
  // Commits everything that is under way.
  void drain();

  // Nothing is taken any more before the node is started again.
  bool sick() const { return sick_; }
  bool stalled() const { return stalled_; }
  Room& room() { return *room_; }
  EmbeddedLog& log() { return *log_; }
  WallClock& clock() { return clock_; }
  std::size_t queued() const { return queue_.size(); }

 private:
  struct Waiting {
    SimRequest request;
    Instant arrived;
  };
  struct Round {
    Decided decided;
    std::vector<std::pair<SimRequest, std::vector<Outcome>>> requests;
  };
  WallClockOptions clock_options(SimTime& time, std::optional<ClockMemory>& memory);
  void catch_up();
  void commit_under_way();
  void take(SimRequest request, Instant arrival, Round& round);

  SimNodeOptions options_;
  SimStore& store_;
  Answer answer_;
  WallClock clock_;
  std::unique_ptr<EmbeddedLog> log_;
  std::unique_ptr<Room> room_;
  Decoder decoder_;
  std::vector<Waiting> queue_;
  std::optional<Round> under_way_;
  bool sick_ = false, stalled_ = false;
};

}  // namespace tocsin::sim
