// A topic of somebody else's, read as a member of a consumer group: what a CRM's database or bus
// writes, for adapters.
//
// Promises
//  1. A record's offset is committed after its `done` said that it was kept: at least once. One that
//     was not kept is handed over again, and those behind it with it, in their order.
//  2. At most kBatchMax records are under way; those of a partition are handed over in their order.
//  3. A record without a value (a tombstone) is skipped and counted.
//
// Threads: one of its own, which calls the sink; `done` and figures from any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "connectors/kafka/record.h"
#include "connectors/kafka/settings.h"

namespace tocsin {

class ForeignTopic {
 public:
  static constexpr int kBatchMax = 500;
  using Done = std::function<void(bool kept)>;
  // Must call `done` once, from any thread.
  using Sink = std::function<void(const IntakeRecord& record, Done done)>;

  // Throws std::runtime_error when the client cannot be made. `group`: of the consumers.
  ForeignTopic(const KafkaSettings& settings, std::string topic, std::string group, Sink sink);
  ~ForeignTopic();

  void stop();
  std::int64_t records() const { return records_; }
  std::int64_t tombstones() const { return tombstones_; }

 private:
  struct Impl;
  void run();

  std::unique_ptr<Impl> impl_;
  Sink sink_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> records_{0}, tombstones_{0};
  std::thread thread_;
};

}  // namespace tocsin
