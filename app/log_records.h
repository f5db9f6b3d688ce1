// Single records out of the log, for timelines whose store does not keep them.
#pragma once

#include <string>
#include <vector>

#include "engine/log_port.h"

namespace tocsin {

// The records of `partition` at `offsets`, in the order asked for, which is the log's or its
// reverse; empty where there is none. Offsets that lie near each other share one read. Throws as
// LogReader::read.
std::vector<std::string> records_at(LogReader& log, PartitionId partition,
                                    const std::vector<Offset>& offsets);

}  // namespace tocsin
