// The embedded log as another process reads it: `tocsin log` and `tocsin rejected`, while a server
// is writing it and when none is.
//
// Sees durable whole batches only: while a writer lives, those that its mark counts; else all whole
// frames, after making them durable itself. Writes nothing and takes no lock.
//
// Threads: one at a time. Cost: as EmbeddedLog's reads, plus a directory listing a call.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "connectors/embedded/disk.h"
#include "connectors/embedded/segment.h"
#include "engine/log_port.h"
#include "events/time.h"

namespace tocsin {

class LogDirectory final : public LogReader {
 public:
  // Throws std::runtime_error when there is no such directory.
  explicit LogDirectory(std::filesystem::path directory);

  // Both throw LogDamaged or std::runtime_error, as EmbeddedLog's.
  Offset read(PartitionId partition, Offset from, const LogSink& sink) override;
  Offset read_rejected(Offset from, const RejectedSink& sink);

  // Returns true once there may be more than the last read saw, false after `timeout`. Polls the
  // writer's mark (a word in memory) every kFollowPollMs.
  bool wait(Duration timeout);

 private:
  ReadEnd read_stream(Stream stream, Offset from, const LogSink* log, const RejectedSink* rejected);
  void refresh();
  std::uint64_t durable_batches();

  static constexpr int kFollowPollMs = 10;
  // A new segment may appear between the listing and the reading; more often than this a read does
  // not start over.
  static constexpr int kListingsMax = 100;

  const std::filesystem::path directory_;
  std::optional<DurableMark> mark_;
  Segments segments_;
  std::uint64_t seen_ = 0;
};

}  // namespace tocsin
