// What runs the partitions of a node, the same over every backend: a room for each, an engine that goes round
// by round, and what others may ask of it meanwhile.
//
// A round takes what arrived, decides, has it written and hands over what is committed; round.h has the order
// of deciding, follow.h how the log is followed. How facts come and batches reach the log is the backend's:
// EmbeddedLoop, KafkaLoop. Without `start` nothing has a thread, and whoever calls `begin` and `round` drives
// the node: so do the simulated worlds (tests/sim/).
//
// Threads: `begin`, `round`, `room` and what is protected belong to the engine's thread, or to who drives;
// everything else from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/clock.h"
#include "app/node.h"
#include "events/mutex.h"

namespace tocsin {

struct LoopOptions {
  ConfiguredPolicy policy;
  std::string roster;  // its text
  std::filesystem::path data;
  Duration max_hold = minutes(2);
  std::int32_t partitions = 1;
  std::size_t hot_entities = 1'000'000;  // in memory, of all partitions
  std::size_t look_ahead_rows = 20'000;  // of a round, all partitions together: some 20 ms
  std::shared_ptr<Clock> clock;          // null: the machine's
  NodeReport report;
};

class NodeLoop {
 public:
  NodeLoop(LoopOptions options, StorePort& store, const CommittedListener& listener);
  NodeLoop(const NodeLoop&) = delete;
  virtual ~NodeLoop() = default;  // of one that was stopped

  virtual void begin() = 0;  // reads the log
  virtual void round() = 0;
  Room& room(PartitionId partition) { return *rooms_.at(static_cast<std::size_t>(partition)); }

  void start();  // the engine's thread
  void stop();   // ends it when what was begun is finished
  virtual void submit_outcomes(std::vector<OutcomeRecord> records, InputPort::OwnDone done) = 0;
  virtual Readiness ready() const = 0;
  NodeStatus status() const;
  std::string sick() const;
  std::shared_ptr<const Policy> policy() const;
  std::shared_ptr<const Roster> roster() const;
  const std::map<PartitionId, Offset>& log_found() const { return log_found_; }

 protected:
  virtual void run() = 0;  // on the thread, until stopping()
  virtual void wake() {}   // somebody stops it; any thread
  bool stopping() const { return stopping_; }
  std::size_t rooms() const { return rooms_.size(); }
  Clock& clock() const { return *options_.clock; }
  Instant moment(PartitionId partition) { return room(partition).moment(clock().now()); }
  // The end of each partition's log when this process found it.
  void found(PartitionId partition, Offset end);
  // Of all rooms; a backend adds what it alone knows.
  NodeStatus status_of_rooms();
  void publish(NodeStatus status);
  // The first reason stays: true when it is this one.
  bool set_sick(const std::string& why);
  // What a node that is ready should be known for; empty: nothing.
  std::string note() const;
  // True once a second: whether files are still there need not be looked at oftener.
  bool time_to_look();
  void report(std::string_view level, std::string_view event, const std::string& detail) const;

  StorePort& store_;
  std::size_t fired_ = 0;  // entities that fell due; a backend sets it back

 private:
  LoopOptions options_;
  Lateness lateness_;
  std::vector<std::unique_ptr<Room>> rooms_;
  std::map<PartitionId, Offset> log_found_;
  std::chrono::steady_clock::time_point looked_{};

  mutable Mutex mutex_;
  NodeStatus status_ GUARDED_BY(mutex_);
  std::shared_ptr<const Policy> policy_ GUARDED_BY(mutex_);
  std::shared_ptr<const Roster> roster_ GUARDED_BY(mutex_);
  bool follows_configured_ GUARDED_BY(mutex_) = true;
  std::string sick_ GUARDED_BY(mutex_);

  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tocsin
