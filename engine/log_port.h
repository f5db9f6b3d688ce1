// The log as the engine sees it: partitions of immutable records, appended in atomic batches.
//
// A record is one CloudEvent in structured JSON (a fact as accepted, a derived event, or one of the
// engine's own `tocsin.engine.…` records), keyed by its account. Its position is
// `partition:offset`; offsets grow, and on some backends have gaps.
//
// Promises of every backend:
//  1. A batch is in the log whole or not at all, and `commit` returns success only when it is
//  durable.
//  2. A reader sees only whole committed batches, in the order of their commits.
//  3. After `commit` failed or its outcome is unknown, the caller forgets what it derived from the
//     batch and reads the partition again from what it last saw; it never guesses.
//
// Threads: one writer per partition at a time; readers from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/arena.h"
#include "events/time.h"

namespace tocsin {

using PartitionId = std::int32_t;
using Offset = std::int64_t;

struct LogRecord {
  std::string_view key;    // account
  std::string_view value;  // structured CloudEvent, compact JSON
};

struct RejectedRecord {
  Instant arrived;
  std::string reason;                                        // `bad_data:priority`
  std::vector<std::pair<std::string, std::string>> headers;  // as received
  std::string source;    // where it came from: `http 127.0.0.1:5000`, `kafka tocsin.intake:3:17`
  std::string original;  // bytes as received
};

struct Batch {
  PartitionId partition = 0;
  std::vector<LogRecord> log;  // of `bytes`; copies of a batch share them
  std::vector<RejectedRecord> rejected;
  Offset intake_next =
      -1;  // Kafka: intake position after this batch; -1 where there is no intake topic
  std::shared_ptr<Arena> bytes;  // null while nothing is of it

  void append(std::string_view key, std::string_view value) {
    log.push_back({keep(key), keep(value)});
  }
  std::string_view keep(std::string_view text) {
    if (bytes == nullptr) bytes = std::make_shared<Arena>();
    return bytes->keep(text);
  }
  bool empty() const { return log.empty() && rejected.empty() && intake_next < 0; }
};

enum class CommitStatus {
  kDurable,  // in the log for good
  kRefused,  // certainly not in the log (disk full): try again later
  kUnknown,  // may be in the log: read the end again
  kFenced,   // another owner has the partition: stop writing it
};

struct CommitResult {
  CommitStatus status = CommitStatus::kDurable;
  Offset first = -1;       // offset of the batch's first log record
  Offset next = -1;        // offset after its last one
  std::string error;       // empty when durable
  bool too_large = false;  // of kRefused: no room on the disk would help, only a smaller batch
};

// What a reader gets; the views live until the callback returns. Returning false ends the reading.
using LogSink = std::function<bool(Offset, std::string_view key, std::string_view value)>;

class LogReader {
 public:
  virtual ~LogReader() = default;
  // Calls `sink` for every committed record of `partition` with offset ≥ `from`, up to the end as
  // it is when the call begins. Returns the offset to go on from. Throws std::runtime_error when
  // the log is damaged or unreachable; the text says where.
  virtual Offset read(PartitionId partition, Offset from, const LogSink& sink) = 0;
};

}  // namespace tocsin
