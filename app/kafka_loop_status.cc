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
    const Instant now = r.moment(clock_->now());
    r.decide(now, released_);  // facts before it are judged by what was in force
    if (const std::string why = r.take_own(record, now); !why.empty())
      report("error", "own_record_refused", why);
  }
}

// ---- what is in doubt --------------------------------------------------------------------------

// Waits for a store that takes nothing more, as a member of no group.
bool KafkaLoop::store_takes() {
  const auto at = std::chrono::steady_clock::now();
  if (at > looked_ + std::chrono::seconds(1)) {
    looked_ = at;
    if (!state_.still_there())
      throw std::runtime_error("the data directory is gone, or another stands in its place");
  }
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
  } else {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const std::lock_guard lock(mutex_);
  problem_ = why;
  return why.empty();
}

// Instants that were noted by a clock that has been set back since are of no use.
void KafkaLoop::notice_set_back() {
  const Instant now = clock_->now();
  if (now < seen_now_) {
    released_ = kAlways;
    began_ = now;
    retry_at_ = kAlways;
    asking_ = false;
  }
  seen_now_ = now;
  if (!waits_for_clock_.empty() && !clock_->doubted()) let_go_of_the_clock();
}

// The record is left unread, and with it what comes behind it in its partition.
bool KafkaLoop::waits_for_the_clock(const IntakeRecord& record) {
  if (!decoded_.form_error.empty() || !hangs_on_a_doubted_clock(decoded_.fact.claimed, *clock_))
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
  NodeStatus status;
  for (const auto& r : rooms_) {
    const Counters& c = r->partition().counters();
    status.counters.accepted += c.accepted;
    status.counters.duplicates += c.duplicates;
    status.counters.conflicts += c.conflicts;
    status.counters.rejected += c.rejected;
    status.counters.late += c.late;
    for (std::size_t i = 0; i < c.ignored.size(); ++i) status.counters.ignored[i] += c.ignored[i];
    status.counters.provisional += c.provisional;
    status.counters.decisions += c.decisions;
    status.counters.derived += c.derived;
    status.entities_in_memory += r->partition().entities_in_memory();
    status.latest = std::max(status.latest, r->latest());
  }
  status.commits = tally_.commits;
  status.commit_failures = tally_.failures;
  status.held = tally_.held;
  status.tombstones = tally_.tombstones;
  status.rerouted = static_cast<std::int64_t>(writer_->counters().rerouted);
  status.rejected_cut = static_cast<std::int64_t>(writer_->counters().rejected_cut);
  status.clock_jumps = clock_->jumps();
  status.clock_doubt = clock_->doubt();
  status.lateness = lateness_;
  for (PartitionId p = 0; p < options_.partitions; ++p) status.applied[p] = room(p).next();
  for (const PartitionId p : owned_) {
    status.owned.push_back(p);
    const Offset end = intake_->last_seen_end(p), position = intake_position(p);
    if (position >= 0) status.intake_position[p] = position;
    if (end < 0 || position < 0) continue;
    status.intake_end[p] = std::max(end, position);
    status.lag[p] = status.intake_end[p] - position;
  }
  const std::lock_guard lock(mutex_);
  policy_ = rooms_.front()->partition().policy_in_force();
  follows_configured_ = rooms_.front()->follows_configured();
  roster_ = rooms_.front()->partition().roster();
  status_ = std::move(status);
}

NodeStatus KafkaLoop::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

Readiness KafkaLoop::ready() const {
  const std::lock_guard lock(mutex_);
  if (!sick_.empty()) return {false, sick_};
  if (!followed_all_) return {false, "the log is being read"};
  if (!problem_.empty()) return {false, problem_};
  if (!joined_) return {false, "waiting for the consumer group"};
  std::string note = describe_doubt(clock_->doubt());
  if (!follows_configured_) note += (note.empty() ? "" : "; ") + std::string(kOtherPolicy);
  return {true, "", std::move(note)};
}

std::string KafkaLoop::sick() const {
  const std::lock_guard lock(mutex_);
  return sick_;
}

std::shared_ptr<const Roster> KafkaLoop::roster() const {
  const std::lock_guard lock(mutex_);
  return roster_;
}

std::shared_ptr<const Policy> KafkaLoop::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

}  // namespace tocsin
