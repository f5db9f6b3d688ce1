// The intake topic as a member of the consumer group reads it: which partitions are ours, and their
// records one by one.
//
// Promises
//  1. A record of a partition is handed out only between on_assigned and on_revoked, only after
//     start(), in offset order, without a hole, beginning at the offset that start() was given.
//  2. on_assigned and on_revoked are called from poll() (and leave()), never from another thread.
//     Assignment is eager: on_revoked always names everything that on_assigned named.
//  3. membership() is that of the generation under which the current partitions were assigned, taken
//     when they were. What was decided from these partitions must be committed under it and no
//     newer one: that is what fences a node that was expelled without noticing (docs/kafka.md, T1).
//  4. Nothing here commits an offset: positions travel in transactions (transactions.h).
//  5. There is no automatic reset: a position that Kafka no longer has throws
//  (`auto.offset.reset=none`).
//
// A new owner's order of work, for the caller (takeover):
//   on_assigned(partitions)         the group has given them; nothing is read yet
//   TransactionalWriter::open()     shuts earlier owners out
//   committed(partitions)           waits for what they left undecided
//   KafkaLogReader::settled_end(p)  and fold the log to there
//   start({partition → position})   choose_start() of the committed position and the one in the log
//   poll() …                        decide
// Go on calling poll() meanwhile: it answers rebalances (it hands out no record before start()).
//
// Threads: one thread calls everything, except ends() and probe(), which any thread may call.
// Cost: poll() 0.5 µs a record; ends() and probe() one round trip (0.5 ms), on a connection of
// their own: a broker answers one connection's requests in order, and a long poll may stand before
// them for fetch.wait.max.ms.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/kafka/backend.h"
#include "connectors/kafka/record.h"
#include "connectors/kafka/settings.h"

namespace tocsin {

// choose_start's. Asking again does not help.
class PositionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where to begin reading a partition. Throws PositionLost when that would skip or repeat
// silently: records between the position and `range.first` were deleted before they were read, or
// the position lies beyond the topic's end (the topic was made anew).
//   committed   the group's stable committed offset; an idle group's expires after 7 days
//   in_log      the intake position that the log keeps (LogEntry::intake_next), whichever is later
// Neither: `range.first`, which is right for a new engine.
Offset choose_start(const std::string& topic, PartitionId partition,
                    std::optional<Offset> committed, std::optional<Offset> in_log,
                    PositionRange range);

class IntakeConsumer final : public IntakePort {
 public:
  using Callbacks = IntakeCallbacks;
  using Probe = IntakeProbe;

  // Joins the group with the first poll(). Throws std::runtime_error.
  IntakeConsumer(const KafkaSettings& settings, Callbacks callbacks);
  ~IntakeConsumer() override;  // leave(), with on_revoked alone

  // The next record, or nullopt after `wait`. Throws std::runtime_error when the client can never
  // go on (a position that is gone, authorization, fatal): the text says what and where. A broker
  // that does not answer is no error here; last_error() tells.
  std::optional<IntakeRecord> poll(Duration wait) override;

  // Begins to hand out records of these partitions, all of which must be ours; those left out stay
  // silent. Offsets must exist (choose_start). May be called again to move a position.
  void start(const std::map<PartitionId, Offset>& positions) override;

  // Stops and restarts handing out records of partitions (back pressure); positions stay. A pause
  // ends with the assignment. After start() or seek() a few records of a paused partition may still
  // come.
  void pause(const std::vector<PartitionId>& partitions) override;
  void resume(const std::vector<PartitionId>& partitions) override;

  // Hands out `offset` next. For a partition that was started.
  void seek(PartitionId partition, Offset offset) override;

  // Below it everything was handed out: the offset after the last record (start's before the
  // first), or behind the markers of transactions that follow it at the end, which are no records:
  // else a partition that records were moved to would seem unread for ever. −1 when not started.
  Offset position(PartitionId partition) const override;

  const std::vector<PartitionId>& assigned() const;
  Membership membership() const override;

  // Leaves the group (others take over at once) and joins it again with the next poll(). For a node
  // that was fenced. on_revoked is called from here.
  void rejoin() override;
  // The same without joining again.
  void leave() override;

  // The group's committed offsets; a partition without one is absent. Stable: waits until offsets
  // of a transaction that is still open are settled, which bounds it by the transaction timeout.
  // Throws std::runtime_error after settings.request_timeout.
  std::map<PartitionId, Offset> committed(const std::vector<PartitionId>& partitions) override;

  // First and end offsets as the broker has them now. Throws std::runtime_error.
  std::map<PartitionId, PositionRange> ranges(const std::vector<PartitionId>& partitions) override;
  // End offsets alone: one round trip.
  std::map<PartitionId, Offset> ends(const std::vector<PartitionId>& partitions);

  // Asks for end offsets without waiting: probe() begins an asking and returns its number; probed()
  // gives the newest answer, whose `number` tells which asking it answers. A due may be announced
  // when an answer to a probe begun at or after it says that position() has reached every end: then
  // no record appended before it is unread (contract §4.9). While one is on its way, further probes
  // are joined into one that begins when it has returned.
  std::uint64_t probe(const std::vector<PartitionId>& partitions) override;
  // The newest answer; waits up to `wait` for one to the asking `number`.
  Probe probed(std::uint64_t number = 0, Duration wait = {}) const override;

  // The newest end that fetches have shown, without asking: for the lag that is displayed. −1
  // unknown.
  Offset last_seen_end(PartitionId partition) const override;

  std::int32_t partitions() const;  // of the intake topic
  std::string last_error() const;   // of the connection, for display; empty when all is well

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
