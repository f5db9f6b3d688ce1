// Records of the engine's own that this node sent to every partition and that somebody waits for: an
// ask is answered when each partition's log holds its record, or when its time is over, naming those
// that lack it (the records go on all the same).
//
// Threads: any. The answers are given by the thread that calls `settle` or `abandon`. Bounds: kMost asks
// at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "engine/input_port.h"
#include "events/mutex.h"
#include "events/time.h"

namespace tocsin {

class OwnAsks {
 public:
  static constexpr std::size_t kMost = 100;
  static constexpr Duration kPatience = seconds(10);

  // What a partition's log shows of the records handed to it.
  struct Seen {
    Offset next = 0;                     // all before it are in the log
    std::optional<std::string> refusal;  // of the one asked about
  };
  using Look = std::function<Seen(PartitionId, Offset)>;

  // The ask's number; nullopt: too many wait already.
  std::optional<std::uint64_t> begin(std::int32_t partitions, InputPort::OwnDone done, Instant now);
  // The record for `partition` stands at `offset` of what is handed to it.
  void placed(std::uint64_t ask, PartitionId partition, Offset offset);
  void failed(std::uint64_t ask, const std::string& why);
  // Answers whom it can.
  void settle(Instant now, const Look& look);
  // Answers all that they were not seen in the log.
  void abandon(const std::string& why);
  bool empty() const;

 private:
  struct Ask {
    InputPort::OwnDone done;
    Instant until;
    std::map<PartitionId, Offset> missing;  // −1: not placed yet
    std::string error, refusal;
  };
  static OwnResult result_of(const Ask& ask);

  mutable Mutex mutex_;
  std::uint64_t next_ GUARDED_BY(mutex_) = 1;
  std::map<std::uint64_t, Ask> asks_ GUARDED_BY(mutex_);
};

}  // namespace tocsin
