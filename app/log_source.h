// The log of a configuration as a reader that is no node sees it: embedded or on Kafka.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "app/config.h"
#include "engine/log_port.h"

namespace tocsin {

class LogSource {
 public:
  using Rejected = std::function<bool(Offset, const RejectedRecord&)>;
  virtual ~LogSource() = default;
  virtual std::vector<PartitionId> partitions() = 0;
  // As LogReader's: up to the end as it is now; the offset to go on from.
  virtual Offset read(PartitionId partition, Offset from, const LogSink& sink) = 0;
  virtual Offset read_rejected(PartitionId partition, Offset from, const Rejected& sink) = 0;
  // Waits until there may be more; true always.
  virtual bool wait() = 0;
};

// Throws std::runtime_error when there is no such log.
std::unique_ptr<LogSource> open_log_source(const Config& config);

}  // namespace tocsin
