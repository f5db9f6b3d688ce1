// Reading `<prefix>.log`: as far as it is committed, any partition, from any offset.
//
// Two ways, one client each, none of them a member of a group:
//   KafkaLogReader  reads a stretch and returns (LogReader: `tocsin log`, verify, rebuild)
//   LogFollower     follows partitions by poll(), for a loop that has a thread already
//
// Promises
//  1. Only committed records, each partition in offset order, none left out: offsets have gaps where
//     a transaction was aborted or a control record stands.
//  2. position(p) is the offset below which everything was handed out. It passes control records, so
//     that it reaches the partition's end.
//  3. A log that does not hold what was asked for (its beginning was deleted, or it ends before the
//     offset to go on from) throws std::runtime_error naming partition and offsets; nothing is
//     skipped.
//
// A new owner must fold to settled_end(), not merely to the end: the committed offset of a
// transaction can be visible a moment before its log records are (the broker writes the two markers
// one after the other). settled_end() waits until nothing in the partition is undecided. Example:
// records 0–9 and their commit marker 10, then records 11–13 of a transaction whose commit is
// promised but whose marker is not written. Committed readers see the end at 11; the end of all
// records is 14; settled_end() waits for the marker at 14 and returns 15.
//
// A commit that returned durable shows to readers a moment later for the same reason (1–2 ms): to
// read what one has written, poll until the offset that the commit returned.
//
// Cost: some 1 M records/s of 300 B; a committed record is seen 4 ms after it was produced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/intake.h"
#include "connectors/kafka/settings.h"
#include "engine/log_port.h"

namespace tocsin {

// Promise 3. Asking again does not help.
class LogLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Threads: any, one call at a time (they wait for each other).
class KafkaLogReader final : public SettledLogReader {
 public:
  explicit KafkaLogReader(const KafkaSettings& settings);
  ~KafkaLogReader() override;

  Offset read(PartitionId partition, Offset from, const LogSink& sink) override;

  std::int32_t partitions();
  // First offset and committed end as they are now.
  PositionRange range(PartitionId partition) override;
  // See above. For a partition whose earlier writers are fenced: TransactionalWriter::open() and
  // IntakeConsumer::committed() came before. Throws std::runtime_error after `wait`.
  Offset settled_end(PartitionId partition, Duration wait) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads `.rejected` the same way, for `tocsin rejected`: positions are `partition:offset`.
class KafkaRejectedReader {
 public:
  using Sink = std::function<bool(Offset, const RejectedRecord&)>;
  explicit KafkaRejectedReader(const KafkaSettings& settings);
  ~KafkaRejectedReader();
  Offset read(PartitionId partition, Offset from, const Sink& sink);
  std::int32_t partitions();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Threads: one calls everything except position(). `topic`: another one that is read in this way.
class LogFollower final : public FollowerPort {
 public:
  explicit LogFollower(const KafkaSettings& settings);
  LogFollower(const KafkaSettings& settings, std::string topic);
  ~LogFollower() override;

  // Follows exactly these partitions from these offsets; others are no longer handed out.
  // Partitions that are followed already at that very position go on without a break in order.
  void follow(const std::map<PartitionId, Offset>& from) override;

  // The next record, or nullopt after `wait`. The views live until the next call.
  std::optional<LogEntry> poll(Duration wait) override;

  // −1 for a partition that is not followed. Any thread.
  Offset position(PartitionId partition) const override;

  // First offset and committed end as they are now.
  PositionRange range(PartitionId partition) override;
  std::int32_t partitions();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
