// A running node: what is common to the embedded log and Kafka, as the HTTP API sees it.
//
// Threads: every function from any thread. Callbacks come from the node's own threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/room.h"
#include "engine/log_port.h"
#include "engine/partition.h"
#include "events/codec.h"
#include "projections/store.h"

namespace tocsin {

// One event at the door, decoded by whoever received it.
struct Arrival {
  Decoded decoded;
  std::string original;                                      // bytes as received
  std::vector<std::pair<std::string, std::string>> headers;  // as received
  std::string source;                                        // `http 127.0.0.1:5000`
};

struct ArrivalResult {
  Outcome outcome = Outcome::kAccepted;
  std::string reason;  // when rejected
};

enum class SubmitStatus : std::uint8_t {
  kDurable,   // all results hold, and are on disk
  kBusy,      // too much waits: nothing was kept, try again
  kStopping,  // the node is going down
  kRefused,   // the log cannot be written (disk full): nothing was kept
};

struct SubmitResult {
  SubmitStatus status = SubmitStatus::kDurable;
  bool duplicates_known = true;  // false on Kafka
  std::vector<ArrivalResult> results;
};

using SubmitDone = std::function<void(SubmitResult)>;

// Figures for /metrics and /readyz.
struct NodeStatus {
  bool ready = false;
  std::string why_not;
  Counters counters;
  std::size_t entities_in_memory = 0;
  std::int64_t queued = 0;       // arrivals that wait
  std::int64_t commits = 0, commit_failures = 0;
  std::int64_t clock_jumps = 0;
  std::int64_t held = 0;         // holds of dues so far
  Instant latest;                // last instant used
  double lateness_p50_ms = 0, lateness_p99_ms = 0, lateness_max_ms = 0;
  std::map<PartitionId, Offset> applied;
  std::map<PartitionId, std::int64_t> lag;  // unread intake records; Kafka
  std::vector<PartitionId> owned;
};

// Tells listeners of committed records, in the order of each partition. Must not block.
using StreamListener = std::function<void(PartitionId, Offset, std::string_view record)>;

class Node {
 public:
  virtual ~Node() = default;
  virtual void submit(std::vector<Arrival> arrivals, SubmitDone done) = 0;
  virtual NodeStatus status() = 0;
  virtual Store& store() = 0;
  virtual LogReader& log() = 0;
  virtual std::uint64_t listen(StreamListener listener) = 0;
  virtual void unlisten(std::uint64_t id) = 0;
  // Finishes what was begun; afterwards submit answers kStopping.
  virtual void stop() = 0;
  // The business zone's day of an instant, by the policy in force.
  virtual std::shared_ptr<const Policy> policy() = 0;
  virtual Instant now() = 0;
};

}  // namespace tocsin
