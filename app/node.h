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

#include "app/clock.h"
#include "app/lateness.h"
#include "app/room.h"
#include "connectors/http/guard.h"
#include "connectors/http/ports.h"
#include "engine/log_port.h"
#include "engine/partition.h"
#include "projections/store.h"

namespace tocsin {

using NodeReport =
    std::function<void(std::string_view level, std::string_view event, std::string_view detail)>;

// Figures for /metrics and /readyz.
struct NodeStatus {
  Counters counters;
  std::size_t entities_in_memory = 0;
  std::int64_t queued = 0;  // arrivals that wait
  std::int64_t commits = 0, commit_failures = 0;
  std::int64_t clock_jumps = 0;
  Duration clock_doubt;   // of a wall clock that is not believed, from what is
  std::int64_t held = 0;  // holds of dues so far
  Instant latest;         // last instant used
  Lateness lateness;      // of this process's decisions
  std::map<PartitionId, Offset> applied;
  // On Kafka, of partitions that this node owns: unread intake records, the position behind what
  // was read, and intake's end as last seen.
  std::map<PartitionId, std::int64_t> lag;
  std::map<PartitionId, Offset> intake_position, intake_end;
  // On Kafka: records moved to their account's partition, records without value, rejected records
  // that had to be cut.
  std::int64_t rerouted = 0, tombstones = 0, rejected_cut = 0;
  std::vector<PartitionId> owned;
  // By the clock since boot: until when they are surely ours.
  std::int64_t owned_until_ms = INT64_MAX;
};

// Told by a node that is ready and lives by another policy than its file's.
inline constexpr const char* kOtherPolicy =
    "the policy in force is not the configured file: that one was in force before; `tocsin policy "
    "apply` puts it back";

// Why a node ends that finds its store damaged.
inline constexpr const char* kStoreDamaged =
    "the store is damaged; the next start makes it anew from the log";

inline constexpr const char* kClockInDoubt =
    "the wall clock is ahead of what is believed (POST /v1/clock/accept when it is right), and the "
    "time "
    "of this fact is one that only it would allow";
inline constexpr int kClockRetrySeconds = 60;
// Whether some fact's time can be judged only when the wall clock is believed again (contract §13).
bool hangs_on_a_doubted_clock(const Submission& submission, Clock& clock);
bool hangs_on_a_doubted_clock(Instant claimed, Clock& clock);

class Node : public NodePort {
 public:
  virtual NodeStatus status() = 0;
  virtual Store& store() = 0;
  virtual LogReader& log() = 0;
  // Before the node starts its own threads.
  virtual void listen(CommittedListener listener) = 0;
  // The end of each partition of the log when this process found it: what listeners are told of
  // before is replayed.
  virtual std::map<PartitionId, Offset> log_found() const = 0;
  virtual void start() = 0;
  // Finishes what was begun; afterwards submit answers that nothing was kept.
  virtual void stop() = 0;
  virtual std::shared_ptr<const Policy> policy() = 0;
  virtual std::shared_ptr<const Roster> roster() = 0;  // in force; null: none
  virtual Instant now() = 0;
  virtual Clock& clock() = 0;
  // The tokens that are configured now. On Kafka records say which of them they came with.
  virtual void know_senders(const std::vector<AccessToken>& tokens) { (void)tokens; }
};

}  // namespace tocsin
