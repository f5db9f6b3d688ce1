#include "app/node_loop.h"

#include <algorithm>
#include <utility>

namespace tocsin {

namespace {

constexpr auto kLookEvery = std::chrono::seconds(1);
constexpr std::size_t kHotMin =
    1000;  // entities of a partition in memory, where that many may be in all

// Of each partition.
std::size_t share(std::size_t all, std::int32_t partitions, std::size_t least) {
  return std::max(std::min(least, all), all / static_cast<std::size_t>(partitions));
}

void add(Counters& to, const Counters& c) {
  to.plain += c.plain;
  to.loaded += c.loaded;
  to.evicted += c.evicted;
  to.accepted += c.accepted;
  to.duplicates += c.duplicates;
  to.conflicts += c.conflicts;
  to.rejected += c.rejected;
  to.late += c.late;
  for (std::size_t i = 0; i < c.ignored.size(); ++i) to.ignored[i] += c.ignored[i];
  to.provisional += c.provisional;
  to.decisions += c.decisions;
  to.derived += c.derived;
}

}  // namespace

NodeLoop::NodeLoop(LoopOptions options, StorePort& store, const CommittedListener& listener)
    : store_(store), options_(std::move(options)) {
  if (!options_.clock) options_.clock = std::make_shared<WallClock>();
  const RoomOptions common;  // with the memory that rooms share
  for (PartitionId p = 0; p < options_.partitions; ++p) {
    RoomOptions room = common;
    room.partition = p;
    room.policy = options_.policy;
    room.roster = options_.roster;
    room.hot_entities = share(options_.hot_entities, options_.partitions, kHotMin);
    room.look_ahead_rows = share(options_.look_ahead_rows, options_.partitions, 1);
    room.on_fired = [this](Instant due) {
      lateness_.add(clock().now() - due);
      ++fired_;
    };
    room.on_unconfirmed = [this](std::int32_t year) {
      report("warn", "holidays_unknown",
             "dues in " + std::to_string(year) + " count plain weekdays");
    };
    rooms_.push_back(std::make_unique<Room>(std::move(room), &store_, listener));
  }
  policy_ = rooms_.front()->partition().policy_in_force();
}

void NodeLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void NodeLoop::stop() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void NodeLoop::found(PartitionId partition, Offset end) {
  log_found_[partition] = end;
  room(partition).replayed_until(end);
}

NodeStatus NodeLoop::status_of_rooms() {
  NodeStatus status;
  for (PartitionId p = 0; p < options_.partitions; ++p) {
    Room& r = room(p);
    add(status.counters, r.partition().counters());
    status.entities_in_memory += r.partition().entities_in_memory();
    status.latest = std::max(status.latest, r.latest());
    status.applied[p] = r.next();
  }
  status.clock_jumps = clock().jumps();
  status.clock_doubt = clock().doubt();
  status.lateness = lateness_;
  return status;
}

void NodeLoop::publish(NodeStatus status) {
  const Room& any = *rooms_.front();
  const MutexLock lock(mutex_);
  policy_ = rooms_.front()->partition().policy_in_force();
  roster_ = rooms_.front()->partition().roster();
  follows_configured_ = any.follows_configured();
  status_ = std::move(status);
}

bool NodeLoop::set_sick(const std::string& why) {
  const MutexLock lock(mutex_);
  if (!sick_.empty()) return false;
  sick_ = why;
  return true;
}

std::string NodeLoop::note() const {
  std::string note = describe_doubt(clock().doubt());
  const MutexLock lock(mutex_);
  if (!follows_configured_) note += (note.empty() ? "" : "; ") + std::string(kOtherPolicy);
  return note;
}

bool NodeLoop::time_to_look() {
  const auto now = std::chrono::steady_clock::now();
  if (now < looked_ + kLookEvery) return false;
  looked_ = now;
  return true;
}

void NodeLoop::report(std::string_view level, std::string_view event,
                      const std::string& detail) const {
  if (options_.report) options_.report(level, event, detail);
}

NodeStatus NodeLoop::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

std::string NodeLoop::sick() const {
  const MutexLock lock(mutex_);
  return sick_;
}

std::shared_ptr<const Policy> NodeLoop::policy() const {
  const MutexLock lock(mutex_);
  return policy_;
}

std::shared_ptr<const Roster> NodeLoop::roster() const {
  const MutexLock lock(mutex_);
  return roster_;
}

}  // namespace tocsin
