// Following the log into a room, the same over every backend.
#pragma once

#include <cstdint>
#include <functional>

#include "app/room.h"
#include "engine/log_port.h"

namespace tocsin {

// Whether what a room followed is worth a hand-over, at which each entity that changed is encoded,
// compared with what the store has, and written. So it waits until several records came to each, as
// they do where the records of an entity stand close together; or until it holds so many bytes.
bool is_worth_handing_over(const Room& room, std::size_t bytes_max);

// Follows the log from where the room stands to its end as it is then, a stretch at a time: each is
// handed over to the store, after which `after_stretch` may wait for it. As a follower until all is
// read; then, with `own`, this node decides.
void follow_to_end(LogReader& log, Room& room, PartitionId partition, bool own,
                   const std::function<void()>& after_stretch);

// Lets the room know the instants of the log's last record, where all of the log was in its store
// already: recordedtime never goes back in a partition, also where this machine's clock is behind the
// last writer's. `first` is the offset of the oldest record that is there.
void learn_latest(LogReader& log, Room& room, PartitionId partition, Offset first);

}  // namespace tocsin
