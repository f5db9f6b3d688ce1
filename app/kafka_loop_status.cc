// What others may ask of a node on Kafka, and records that every partition needs.
#include "app/kafka_loop.h"
#include "events/log_record.h"

namespace tocsin {

// What is to stand in every partition's log is read from behind what stands there.
void KafkaLoop::follow_control() {
  std::map<PartitionId, Offset> from;
  for (const PartitionId p : owned_) {
    const PositionRange there = control_->range(p);
    const Offset next = room(p).control_next();
    from[p] = std::max(next > there.end ? 0 : next, there.first);  // the topic was made anew
    if (from[p] != next)
      report("warn", "control_lost",
             "partition " + std::to_string(p) + " goes on at " + std::to_string(from[p]) +
                 ", not at " + std::to_string(next));
  }
  control_->follow(from);
}

void KafkaLoop::read_control() {
  while (const auto entry = control_->poll({})) {
    if (owned_.count(entry->partition) == 0) continue;  // followed anew with its next owner
    Room& r = room(entry->partition);
    LogEvent event;
    OwnRecord record;
    record.control = entry->offset;
    if (read_log_record(entry->value, event)) {
      record.type = event.type;
      record.subject = event.subject;
      record.data = event.data;
    }
    const Instant now = r.moment(clock().now());
    r.decide(now, released_);  // facts before it are judged by what was in force
    if (const std::string why = r.take_own(record, now); !why.empty())
      report("error", "own_record_refused", why);
  }
}

// ---- what is in doubt --------------------------------------------------------------------------

// Waits for a store that takes nothing more, as a member of no group.
bool KafkaLoop::store_takes() {
  if (time_to_look() && !state_.still_there())
    throw std::runtime_error("the data directory is gone, or another stands in its place");
  const std::string why = store_.blocked() ? store_.problem() : std::string();
  if (why.empty() && intake_) return true;
  if (why.empty()) {
    if (!follows_all()) return false;
    report("info", "store_writable_again", "");
    join();
  } else if (intake_) {
    report("error", "store_not_written", why);
    const std::vector<PartitionId> all(owned_.begin(), owned_.end());
    give_up(all);
    intake_.reset();  // others take them over at once
    given_.clear();
  }
  const MutexLock lock(mutex_);
  problem_ = why;
  return why.empty();
}

// Instants that were noted by a clock that has been set back since are of no use.
void KafkaLoop::notice_set_back() {
  const Instant now = clock().now();
  if (now < seen_now_) {
    released_ = kAlways;
    began_ = now;
    retry_at_ = kAlways;
    asking_ = false;
  }
  seen_now_ = now;
  if (!waits_for_clock_.empty() && !clock().doubted()) let_go_of_the_clock();
}

// The record is left unread, and with it what comes behind it in its partition.
bool KafkaLoop::waits_for_the_clock(const IntakeRecord& record) {
  if (!decoded_.form_error.empty() || !hangs_on_a_doubted_clock(decoded_.fact.claimed, clock()))
    return false;
  waits_for_clock_.emplace(record.partition, record.offset);
  intake_->pause({record.partition});
  report("warn", "intake_waits_for_the_clock", "partition " + std::to_string(record.partition));
  return true;
}

void KafkaLoop::let_go_of_the_clock() {
  for (const auto& [partition, offset] : waits_for_clock_) {
    intake_->seek(partition, offset);
    intake_->resume({partition});
  }
  waits_for_clock_.clear();
}

Offset KafkaLoop::intake_position(PartitionId partition) const {
  const auto waits = waits_for_clock_.find(partition);
  return waits == waits_for_clock_.end() ? intake_->position(partition) : waits->second;
}

// ---- what others may ask -----------------------------------------------------------------------

void KafkaLoop::publish_status() {
  NodeStatus status = status_of_rooms();
  status.commits = tally_.commits;
  status.commit_failures = tally_.failures;
  status.held = tally_.held;
  status.tombstones = tally_.tombstones;
  status.rerouted = static_cast<std::int64_t>(writer_->counters().rerouted);
  status.rejected_cut = static_cast<std::int64_t>(writer_->counters().rejected_cut);
  if (options_.surely_ours.ms > 0) status.owned_until_ms = sure_ms_ + options_.surely_ours.ms;
  for (const PartitionId p : owned_) {
    status.owned.push_back(p);
    const Offset end = intake_->last_seen_end(p), position = intake_position(p);
    if (position >= 0) status.intake_position[p] = position;
    if (end < 0 || position < 0) continue;
    status.intake_end[p] = std::max(end, position);
    status.lag[p] = status.intake_end[p] - position;
  }
  publish(std::move(status));
}

Readiness KafkaLoop::ready() const {
  if (const std::string why = sick(); !why.empty()) return {false, why};
  const MutexLock lock(mutex_);
  if (!followed_all_) return {false, "the log is being read"};
  if (!problem_.empty()) return {false, problem_};
  if (!joined_) return {false, "waiting for the consumer group"};
  return {true, "", note()};
}

}  // namespace tocsin
