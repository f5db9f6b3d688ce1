#include "app/follow.h"

#include <algorithm>

#include "events/log_record.h"

namespace tocsin {

namespace {

constexpr std::size_t kRecordsMin = 100'000;
constexpr std::size_t kRecordsPerEntity = 8;
constexpr std::size_t kStretchBytes = 64u << 20;  // of one at a start

}  // namespace

bool is_worth_handing_over(const Room& room, std::size_t bytes_max) {
  const Room::Gathered gathered = room.gathered();
  return gathered.bytes >= bytes_max ||
         gathered.records >= std::max(kRecordsMin, kRecordsPerEntity * gathered.entities);
}

void follow_to_end(LogReader& log, Room& room, PartitionId partition, bool own,
                   const std::function<void()>& after_stretch) {
  for (;;) {
    bool end = true;
    Offset last = room.next();
    const Offset next = log.read(partition, room.next(),
                                 [&](Offset offset, std::string_view, std::string_view value) {
                                   room.follow(offset, value, own);
                                   last = offset + 1;
                                   end = !is_worth_handing_over(room, kStretchBytes);
                                   return end;
                                 });
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
