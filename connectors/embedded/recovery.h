// What happens when a directory is opened for writing: find where the log ends, cut a torn tail,
// refuse everything else that is not as written.
//
// A torn tail is what a crash leaves of the one batch that was being written: at the end of the
// last segment, with no later batch behind it, and not counted as durable by the mark. Bytes that
// fail their checksum anywhere else are damage: somebody was told that they are safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "connectors/embedded/segment.h"

namespace tocsin {

// Batches that were acknowledged are not there any more.
class AcknowledgedLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct RecoveryReport {
  std::filesystem::path file;  // the last segment
  std::int64_t cut_at = 0;     // byte where the log ends now
  std::int64_t cut_bytes = 0;  // of a torn batch that were removed there; 0 after a clean end
  // Batches that the mark counts as durable and that the files end before: 0 unless the files were
  // truncated from outside or restored from an older copy.
  std::uint64_t missing_batches = 0;
  // Byte of the last segment from which on no batch is known to have been flushed; its end: all are.
  std::int64_t unproven_from = 0;
};

// Checks the chain of segment headers (same log, same partition, none missing at the front). Throws
// LogDamaged.
void check_chain(const Segments& segments, PartitionId partition);

// Verifies every frame of the newest segments that together hold at least `verify_bytes` (always
// the last one), and returns where the next batch goes. Throws LogDamaged. Writes nothing.
FramePosition verify_tail(const Segments& segments, std::int64_t verify_bytes,
                          std::uint64_t durable_batches, RecoveryReport& report);

}  // namespace tocsin
