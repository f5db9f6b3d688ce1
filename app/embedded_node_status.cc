// What others may ask of a node on its embedded log.
#include <utility>

#include "app/embedded_node.h"

namespace tocsin {

void EmbeddedNode::publish_status() {
  const std::lock_guard lock(mutex_);
  follows_configured_ = room_->follows_configured();
  policy_ = room_->partition().policy_in_force();
  roster_ = room_->partition().roster();
  if (log_) status_.applied[0] = log_->next_offset();
  status_.counters = room_->partition().counters();
  status_.entities_in_memory = room_->partition().entities_in_memory();
  status_.latest = room_->latest();
  status_.lateness = lateness_;
  status_.clock_jumps = options_.clock->jumps();
  status_.clock_doubt = options_.clock->doubt();
}

NodeStatus EmbeddedNode::status() {
  const std::lock_guard lock(mutex_);
  NodeStatus status = status_;
  status.queued = static_cast<std::int64_t>(queued_events_);
  status.owned = {0};
  return status;
}

void EmbeddedNode::Reader::set(std::shared_ptr<EmbeddedLog> log) {
  const std::lock_guard lock(mutex_);
  log_ = std::move(log);
}

Offset EmbeddedNode::Reader::read(PartitionId partition, Offset from, const LogSink& sink) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<EmbeddedLog> log = log_;
  lock.unlock();
  return log ? log->read(partition, from, sink) : from;
}

Readiness EmbeddedNode::ready() const {
  const std::lock_guard lock(mutex_);
  if (!ready_) return {false, "the log is being read"};
  if (stopping_) return {false, "the node is going down"};
  if (!sick_.empty()) return {false, sick_};
  if (stalled_) return {false, kDiskFull};
  std::string note = describe_doubt(options_.clock->doubt());
  if (!follows_configured_) note += (note.empty() ? "" : "; ") + std::string(kOtherPolicy);
  return {true, "", std::move(note)};
}

std::string EmbeddedNode::sick() const {
  const std::lock_guard lock(mutex_);
  return sick_;
}

std::shared_ptr<const Roster> EmbeddedNode::roster() {
  const std::lock_guard lock(mutex_);
  return roster_;
}

std::shared_ptr<const Policy> EmbeddedNode::policy() {
  const std::lock_guard lock(mutex_);
  return policy_;
}

}  // namespace tocsin
