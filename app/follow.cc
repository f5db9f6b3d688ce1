#include "app/follow.h"

#include <algorithm>

#include "events/log_record.h"

namespace tocsin {

void follow_to_end(LogReader& log, Room& room, PartitionId partition, bool own,
                   std::int64_t stretch, const std::function<void()>& after_stretch) {
  for (;;) {
    std::int64_t n = 0;
    Offset last = room.next();
    const Offset next = log.read(partition, room.next(),
                                 [&](Offset offset, std::string_view, std::string_view value) {
                                   room.follow(offset, value, own);
                                   last = offset + 1;
                                   return ++n < stretch;
                                 });
    const bool end = n < stretch;
    room.followed(end ? next : last, own && end);
    if (end) return;
    after_stretch();
  }
}

void learn_latest(LogReader& log, Room& room, PartitionId partition, Offset first) {
  const Offset end = room.next();
  if (room.knows_latest() || end <= first) return;
  bool found = false;
  LogEvent event;
  // Offsets may have gaps: further back until there is one.
  for (Offset back = 64; !found; back *= 64) {
    const Offset from = std::max(first, end - back);
    log.read(partition, from, [&](Offset offset, std::string_view, std::string_view value) {
      if (offset < end && read_log_record(value, event)) {
        room.learn(event);
        found = true;
      }
      return offset + 1 < end;
    });
    if (from == first) break;
  }
}

}  // namespace tocsin
