// The only way into the log on Kafka: one transaction a batch.
//
// A transaction holds, for one or several partitions that this node owns, the intake position after
// the batch, the log records, the rejected records and the re-routed ones. All of it becomes
// visible to committed readers at once, or none of it ever.
//
// Promises
//  1. The position is sent first and always, also when the batch came from timers alone. Sending it
//     under the membership that the partitions were assigned with is what fences a writer whose
//     partitions have passed on: without it a node of an old generation commits (docs/kafka.md,
//     T1).
//  2. kDurable: committed; the offsets are those of this batch's log records.
//     kRefused: certainly not committed, nor will be. Try again (open() first when !ready()).
//     kUnknown: the outcome is open. open() again, which settles it either way, then read the log
//               to its end, and only then decide on.
//     kFenced: another node has or had the partitions. Forget everything that was derived and not
//               committed; IntakeConsumer::rejoin().
//  3. After open() returned, no writer that used one of these partitions' transactional ids can commit
//     any more, whatever it believes, and what it had left open is settled.
//
// Taking over. A node writes under the id of the lowest partition that it owns, and open() claims
// the ids of all of them (`<group>-<prefix>-<partition>`; ADR 0051). So every earlier writer is
// shut out as soon as the partition that gave it its id has a new owner, with no waiting for a dead
// writer's transaction timeout. That owner may be another node than the one that took a second
// partition of the same writer; what makes the log's end final for each of them is the order
//     open(owned)                         shuts out, settles
//     IntakeConsumer::committed(owned)    waits for positions still held by an open transaction; each
//                                         transaction holds its partitions' positions first (promise 1)
//     KafkaLogReader::settled_end(p)      waits for the log's own markers of what was settled fold to there
//     commit(position_only(…))            proves the ownership before anything is decided
//
// The intake position stands in the log too, as a header of the last log record that a transaction
// writes to a partition: an idle group's committed offsets expire, the log does not.
//
// Threads: one at a time. Cost: 3–6 ms a transaction on one broker (bench/kafka_transactions), 5 µs
// a record. Bounds: settings.request_timeout for each call here.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/intake.h"
#include "connectors/kafka/record.h"
#include "connectors/kafka/settings.h"
#include "engine/log_port.h"

namespace tocsin {

// Header of a log record: the intake position after the transaction that wrote it, in decimal.
inline constexpr std::string_view kIntakeHeader = "tocsin-intake";

struct Transaction {
  Membership membership;     // IntakeConsumer::membership() of when the partitions were assigned
  std::vector<Batch> parts;  // each of another partition, each with its intake_next ≥ 0
  std::vector<Reroute> reroutes;
};

struct TransactionResult {
  CommitStatus status = CommitStatus::kDurable;
  std::vector<CommitResult> parts;  // when durable: as Transaction::parts; first = next = −1 where
                                    // a part had no log records
  std::map<PartitionId, Offset> moved;  // when durable: intake's offset behind the re-routed ones
  std::string error;                    // empty when durable
};

// What was done since the start; may be read from any thread.
struct TransactionCounters {
  std::atomic<std::uint64_t> committed{0}, refused{0}, unknown{0}, fenced{0}, opened{0};
  std::atomic<std::uint64_t> log_records{0}, rejected_records{0}, rejected_cut{0}, rerouted{0};
};

class TransactionalWriter final : public WriterPort {
 public:
  // `rejected_bytes_max`: TopicsChecked::rejected_bytes_max. Connects in open().
  TransactionalWriter(const KafkaSettings& settings, std::int64_t rejected_bytes_max);
  ~TransactionalWriter() override;

  // Becomes the writer of exactly these partitions (at least one); see promise 3. Keeps the
  // connection it has where that is healthy and of the right id. Throws std::runtime_error.
  // Takes 10–50 ms, 0.5 s where an earlier owner left a transaction open.
  void open(const std::vector<PartitionId>& owned) override;
  void close() override;
  bool ready() const;

  TransactionResult commit(const Transaction& transaction) override;

  const TransactionCounters& counters() const override;

  static std::string transactional_id(const KafkaSettings& settings, PartitionId partition);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A transaction that only says where we are: the first of a new owner (it proves the ownership, and
// a cold broker takes up to a second for its first), and a probe whether we are still the owner.
Transaction position_only(Membership membership, const std::map<PartitionId, Offset>& positions);

}  // namespace tocsin
