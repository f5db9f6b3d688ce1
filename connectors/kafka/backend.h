// What a node on Kafka needs of it, as ports: what each promises stands with the real one (intake.h,
// transactions.h, log_tail.h). A test puts brokers in their place that fail on command (tests/sim/).
//
// Threads: as the real ones.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/record.h"
#include "engine/log_port.h"

struct rd_kafka_consumer_group_metadata_s;

namespace tocsin {

struct Transaction;
struct TransactionResult;
struct TransactionCounters;

// The group's generation and our place in it; opaque, cheap to copy. Null when we are no member.
using Membership = std::shared_ptr<const rd_kafka_consumer_group_metadata_s>;

struct PositionRange {
  Offset first = 0;  // oldest record that is still there
  Offset end = 0;    // offset after the newest (committed) one
};

struct LogEntry {
  PartitionId partition = 0;
  Offset offset = 0;
  std::string_view key;    // account
  std::string_view value;  // structured CloudEvent
  Offset intake_next =
      -1;  // intake position after the transaction, on its last record of a partition
};

struct IntakeCallbacks {
  // These partitions are ours from now on, under membership(). Return soon: the group waits.
  std::function<void(const std::vector<PartitionId>&)> on_assigned;
  // These are no longer ours. `lost`: we were expelled, others may own them already, so that
  // nothing of them can be committed any more (a commit would be kFenced).
  std::function<void(const std::vector<PartitionId>&, bool lost)> on_revoked;
};

struct IntakeProbe {
  std::uint64_t number = 0;  // 0: none was answered yet
  std::map<PartitionId, Offset> ends;
  std::string error;  // not empty: it failed, ask again
};

class IntakePort {
 public:
  virtual ~IntakePort() = default;
  virtual std::optional<IntakeRecord> poll(Duration wait) = 0;
  virtual void start(const std::map<PartitionId, Offset>& positions) = 0;
  virtual void pause(const std::vector<PartitionId>& partitions) = 0;
  virtual void resume(const std::vector<PartitionId>& partitions) = 0;
  virtual void seek(PartitionId partition, Offset offset) = 0;
  virtual Offset position(PartitionId partition) const = 0;
  virtual Membership membership() const = 0;
  virtual void rejoin() = 0;
  virtual void leave() = 0;
  virtual std::map<PartitionId, Offset> committed(const std::vector<PartitionId>& partitions) = 0;
  virtual std::map<PartitionId, PositionRange> ranges(
      const std::vector<PartitionId>& partitions) = 0;
  virtual std::uint64_t probe(const std::vector<PartitionId>& partitions) = 0;
  virtual IntakeProbe probed(std::uint64_t number, Duration wait) const = 0;
  virtual Offset last_seen_end(PartitionId partition) const = 0;
};

class WriterPort {
 public:
  virtual ~WriterPort() = default;
  virtual void open(const std::vector<PartitionId>& owned) = 0;
  virtual void close() = 0;
  virtual TransactionResult commit(const Transaction& transaction) = 0;
  virtual const TransactionCounters& counters() const = 0;
};

class SettledLogReader : public LogReader {
 public:
  virtual PositionRange range(PartitionId partition) = 0;
  virtual Offset settled_end(PartitionId partition, Duration wait) = 0;
};

class FollowerPort {
 public:
  virtual ~FollowerPort() = default;
  virtual void follow(const std::map<PartitionId, Offset>& from) = 0;
  virtual std::optional<LogEntry> poll(Duration wait) = 0;
  virtual Offset position(PartitionId partition) const = 0;
  virtual PositionRange range(PartitionId partition) = 0;
};

class KafkaBackend {
 public:
  virtual ~KafkaBackend() = default;
  // Joins the group with the first poll().
  virtual std::unique_ptr<IntakePort> join(IntakeCallbacks callbacks) = 0;
  virtual std::unique_ptr<WriterPort> writer() = 0;
  virtual std::unique_ptr<SettledLogReader> log() = 0;
  virtual std::unique_ptr<FollowerPort> follow_log() = 0;
  virtual std::unique_ptr<FollowerPort> follow_control() = 0;
};

struct KafkaSettings;
// `rejected_bytes_max`: TopicsChecked::rejected_bytes_max.
std::unique_ptr<KafkaBackend> real_kafka(const KafkaSettings& settings,
                                         std::int64_t rejected_bytes_max);

}  // namespace tocsin
