#include "app/kafka_loop.h"

#include <algorithm>
#include <stdexcept>

#include "app/engine_record.h"
#include "app/follow.h"
#include "app/round.h"
#include "connectors/kafka/murmur2.h"
#include "events/check.h"
#include "events/log_record.h"

namespace tocsin {

namespace {

constexpr Duration kSettleWait = seconds(30);
constexpr Duration kIntakeWait = milliseconds(20);
constexpr Duration kFollowWait = milliseconds(2);
constexpr Duration kReleaseWait = milliseconds(3);  // of a round, for what is due to go with it
constexpr Duration kFirstReleaseWait = milliseconds(500);  // the same of the first after a takeover
constexpr Duration kHoldStep = seconds(5);                 // in which max_hold moves on, at most
constexpr Duration kRetryWait = milliseconds(500);
constexpr Duration kCatchUpWait = seconds(30);
constexpr auto kOutsideWait = std::chrono::milliseconds(20);

constexpr std::string_view kPartitionsType = "tocsin.engine.partitions";
constexpr std::string_view kIntakeType = "tocsin.engine.intake";

std::vector<HeaderView> views_of(const Headers& headers) {
  std::vector<HeaderView> views;
  views.reserve(headers.size());
  for (const auto& [name, value] : headers) views.push_back({name, value});
  return views;
}

}  // namespace

KafkaLoop::KafkaLoop(KafkaLoopOptions options, StorePort& store, OwnAsks& asks,
                     const CommittedListener& listener)
    : NodeLoop(options, store, listener),
      options_(std::move(options)),
      asks_(asks),
      state_(options_.data / "state") {
  reader_ = options_.kafka->log();
  follower_ = options_.kafka->follow_log();
  control_ = options_.kafka->follow_control();
  for (PartitionId p = 0; p < options_.partitions; ++p) found(p, reader_->range(p).end);
  writer_ = options_.kafka->writer();
}

KafkaLoop::~KafkaLoop() {
  stop();
  // Closing the consumer may call back about a rebalance that was under way: while all else is
  // there.
  intake_.reset();
}

void KafkaLoop::run() {
  try {
    begin();
    while (!stopping()) {
      round();
      // Outside the group nothing else waits.
      if (!intake_) std::this_thread::sleep_for(kOutsideWait);
    }
    asks_.abandon("the node is going down");
    abandon_outcomes();
    if (intake_) intake_->leave();
    writer_->close();
  } catch (const std::exception& e) {
    report("error", "engine_stopped", e.what());
    set_sick(e.what());
    asks_.abandon(e.what());
    abandon_outcomes();
    // A node that decides no more must not hold partitions: others take them over at once.
    intake_.reset();
  }
}

void KafkaLoop::begin() {
  began_ = clock().now();
  follow_the_log();
  while (!stopping() && !store_.blocked() && !follows_all()) {
  }
  if (followed_all_) join();
}

void KafkaLoop::join() {
  IntakeCallbacks callbacks;
  callbacks.on_assigned = [this](const std::vector<PartitionId>& partitions) {
    given_ = partitions;
    membership_ = intake_->membership();
    const MutexLock lock(mutex_);
    joined_ = joined_ || partitions.empty();
  };
  callbacks.on_revoked = [this](const std::vector<PartitionId>& partitions, bool lost) {
    if (lost) report("warn", "partitions_lost", std::to_string(partitions.size()));
    give_up(partitions);
  };
  intake_ = options_.kafka->join(std::move(callbacks));
}

// ---- following ---------------------------------------------------------------------------------

// By the follower, which sees the intake positions in the log.
void KafkaLoop::follow_the_log() {
  for (PartitionId p = 0; p < options_.partitions; ++p) {
    const Offset first = reader_->range(p).first;
    if (room(p).next() == 0 && first > 0) {
      throw LogLost("partition " + std::to_string(p) + " of the log begins at " +
                    std::to_string(first) + ": its beginning was deleted");
    }
  }
  follow_others();
}

// Reads what the log held when this process found it; until then the node is not ready.
bool KafkaLoop::follows_all() {
  if (followed_all_) return true;
  if (!catch_up_followed(log_found())) {
    if (!stopping()) report("warn", "log_unread", "the log's end is not reached; going on");
    return false;
  }
  const MutexLock lock(mutex_);
  return followed_all_ = true;
}

void KafkaLoop::follow_others() {
  std::map<PartitionId, Offset> from;
  for (PartitionId p = 0; p < options_.partitions; ++p) {
    if (owned_.count(p) == 0) from[p] = room(p).next();
  }
  follower_->follow(from);
}

// Hands over what others wrote. True when there was something.
bool KafkaLoop::follow(Duration wait) {
  std::set<PartitionId> touched;
  std::size_t n = 0;
  for (; n < kFollowMax; ++n) {
    const auto entry = follower_->poll(n == 0 ? wait : Duration{});
    if (!entry) break;
    room(entry->partition).follow(entry->offset, entry->value, false);
    if (entry->intake_next >= 0) room(entry->partition).note_intake(entry->intake_next);
    touched.insert(entry->partition);
  }
  for (const PartitionId p : touched)
    room(p).followed(std::max(room(p).next(), follower_->position(p)), false);
  return n > 0;
}

// False when that is not possible now: brokers are silent, the store takes nothing more, or the node
// stops.
bool KafkaLoop::catch_up_followed(const std::map<PartitionId, Offset>& ends) {
  const auto there = [&] {
    return std::all_of(ends.begin(), ends.end(),
                       [&](const auto& e) { return follower_->position(e.first) >= e.second; });
  };
  Instant progress = clock().now();
  while (!there()) {
    if (stopping() || store_.blocked()) return false;
    if (follow(milliseconds(50))) progress = clock().now();
    if (clock().now() - progress > kCatchUpWait) return false;
  }
  return true;
}

// ---- owning ------------------------------------------------------------------------------------

// Called from within librdkafka, so that nothing here may throw or wait: the rooms are reset later.
void KafkaLoop::give_up(const std::vector<PartitionId>& partitions) {
  for (const PartitionId p : partitions) {
    given_.erase(std::remove(given_.begin(), given_.end(), p), given_.end());
    if (owned_.erase(p) > 0) given_up_.insert(p);
  }
  waits_for_clock_.clear();
  arrivals_.clear();  // a room that is taken over anew in this round may have gone on since
  asking_ = false;
  reroutes_.clear();
}

// Only what is committed remains of partitions that are no longer ours, and they are followed.
void KafkaLoop::reset_given_up() {
  if (given_up_.empty()) return;
  for (const PartitionId p : given_up_) room(p).reset();
  store_.hold_back(false);
  follow_others();
  given_up_.clear();
  if (owned_.empty() && given_.empty()) writer_->close();
}

void KafkaLoop::take_over_or_wait() {
  if (given_up_.empty() && given_.empty()) return;
  if (!given_up_.empty()) publish_status();  // nobody is told for them from now on
  if (clock().now() < retry_at_) return;
  try {
    reset_given_up();
    if (!given_.empty()) take_over();
  } catch (const LogLost&) {
    throw;
  } catch (const PositionLost&) {
    throw;
  } catch (const std::runtime_error& e) {
    report("warn", "takeover_failed", e.what());
    retry_at_ = clock().now() + kRetryWait;
    if (!owned_.empty()) take_over_anew();
  }
}

// A process that stood still for longer than the group waits for a sign of life does not know whether what
// was its is another's by now: it asks.
void KafkaLoop::doubt_ownership() {
  if (options_.surely_ours.ms == 0) return;
  const std::int64_t now = since_boot_ms();
  if (!owned_.empty() && now - sure_ms_ > options_.surely_ours.ms) {
    std::map<PartitionId, Offset> positions;
    for (const PartitionId p : owned_) positions[p] = committed_[p];
    if (!proves_ownership(positions, membership_)) take_over_anew();
  }
  sure_ms_ = now;
}

void KafkaLoop::take_over_anew() {
  const std::vector<PartitionId> again(owned_.begin(), owned_.end());
  give_up(again);
  given_ = again;
}

// The order of these steps is ADR 0051's.
void KafkaLoop::take_over() {
  const Instant asked = clock().now();
  const std::vector<PartitionId> all = given_;
  const Membership membership = membership_;
  writer_->open(all);
  const auto committed = intake_->committed(all);
  const auto ranges = intake_->ranges(all);
  std::map<PartitionId, Offset> ends;
  for (const PartitionId p : all) ends[p] = reader_->settled_end(p, kSettleWait);
  if (!catch_up_followed(ends)) {
    if (stopping()) return;
    throw std::runtime_error("the log's end is not reached");
  }
  std::map<PartitionId, Offset> positions;
  for (const PartitionId p : all) {
    // Half a second where it must read: a node that followed the log need not.
    learn_latest(*reader_, room(p), p, reader_->range(p).first);
    const auto it = committed.find(p);
    const auto in_log =
        room(p).intake_next() < 0 ? std::nullopt : std::optional(room(p).intake_next());
    positions[p] = choose_start(options_.intake_topic, p,
                                it == committed.end() ? std::nullopt : std::optional(it->second),
                                in_log, ranges.at(p));
  }
  if (!proves_ownership(positions, membership)) return;
  owned_ = {all.begin(), all.end()};
  given_.clear();
  committed_ = positions;
  asking_ = false;
  moved_ends_.clear();
  released_ = kAlways;
  began_ = clock().now();
  follow_others();
  follow_control();
  for (const PartitionId p : all) {
    room(p).followed(room(p).next(), true);
    ensure_records(room(p), p);
    room(p).look_ahead(room(p).moment(clock().now()));
  }
  intake_->start(positions);
  report("info", "partitions_taken",
         std::to_string(all.size()) + " in " + std::to_string((clock().now() - asked).ms) + " ms");
  const MutexLock lock(mutex_);
  joined_ = true;
}

bool KafkaLoop::proves_ownership(const std::map<PartitionId, Offset>& positions,
                                 const Membership& membership) {
  const TransactionResult proof = writer_->commit(position_only(membership, positions));
  if (proof.status == CommitStatus::kDurable) return true;
  report("warn", "takeover_failed", proof.error);
  retry_at_ = clock().now() + kRetryWait;
  if (proof.status == CommitStatus::kFenced) intake_->rejoin();
  return false;
}

void KafkaLoop::ensure_records(Room& r, PartitionId partition) {
  const Instant now = r.moment(clock().now());
  r.ensure_policy(now);
  if (r.next() == 0) {
    r.append_mark(kPartitionsType, "{\"partitions\":" + std::to_string(options_.partitions) + "}",
                  "partitions/" + std::to_string(partition));
  }
}

void KafkaLoop::round() {
  if (store_.damaged()) throw std::runtime_error(kStoreDamaged);
  if (!store_takes()) return;
  notice_set_back();
  arrivals_.clear();
  read_ = 0;
  read_intake(idle(clock().now()));
  doubt_ownership();
  take_over_or_wait();
  if (!owned_.empty() && !stopping()) {
    take_release({});
    ask_for_release(clock().now());
    read_to_release();
    if (!given_up_.empty()) publish_status();
  }
  if (!owned_.empty() && !stopping()) {  // reading may have brought a rebalance
    read_control();
    take_outcomes();
    const Instant now = clock().now();
    for (const PartitionId p : owned_) {
      room(p).decide(room(p).moment(now), released_);
      room(p).look_ahead(now);
    }
    fire(now);
    answer_outcomes(commit());
  }
  follow(Duration{});
  if (!asks_.empty()) {
    asks_.settle(clock().now(), [this](PartitionId p, Offset control) {
      return OwnAsks::Seen{room(p).control_next(), room(p).refusal(control)};
    });
  }
  publish_status();
}

// Reads what is there, at most a round's worth; all of a round arrives at one instant.
void KafkaLoop::read_intake(Duration wait) {
  for (; read_ < round_max_; ++read_, wait = {}) {
    const auto record = intake_->poll(wait);
    if (!record) return;
    if (owned_.count(record->partition) == 0 || waits_for_clock_.count(record->partition) > 0)
      continue;
    auto [it, first] = arrivals_.try_emplace(record->partition, Instant{});
    if (first) {
      Room& r = room(record->partition);
      it->second = r.moment(clock().now());
      // What fell due before the arrival is told first, as far as nothing unread could change it.
      tell_before(r, it->second, released_, round_max_);
    }
    take(*record, it->second);
  }
}

void KafkaLoop::take(const IntakeRecord& record, Instant arrival) {
  Room& r = room(record.partition);
  if (record.tombstone()) {
    ++tally_.tombstones;
    return;
  }
  const auto headers = views_of(record.headers);
  const auto value =
      record.null_value ? std::nullopt : std::optional<std::string_view>(record.value);
  decoder_.kafka(headers, record.key, value, decoded_);
  if (decoded_.form_error.empty() && !decoded_.fact.account.empty()) {
    if (const auto target = reroute_target(record, decoded_.fact.account, options_.partitions)) {
      reroutes_.push_back({*target, decoded_.fact.account, record});
      return;
    }
  }
  if (waits_for_the_clock(record)) return;
  if (options_.sender_of && decoded_.form_error.empty())
    add_extension(decoded_.fact, "tocsinby", options_.sender_of(record));
  const Judged& judged = r.arrive(decoded_, arrival, arrival + clock().facts_ahead());
  if (judged.outcome == Outcome::kRejected)
    r.reject(reject(record, options_.intake_topic, judged.reason, arrival));
}

// Dues up to an instant may be told when everything that intake held at that instant was read: is
// that so by now?
void KafkaLoop::take_release(Duration wait) {
  if (!asking_) return;
  if (!asked_.answered) {
    const IntakeProbe answer = intake_->probed(asked_.number, wait);
    if (answer.number < asked_.number) return;
    asked_.answered = answer.error.empty();
    asked_.ends = answer.ends;
    asking_ = asked_.answered;
  }
  const auto all_read = [&] {
    return std::all_of(owned_.begin(), owned_.end(), [&](PartitionId p) {
      return asked_.ends.count(p) == 0 || intake_position(p) >= asked_.ends[p];
    });
  };
  if (!asking_ || !all_read()) return;
  // Some of what was read may have been moved to another of our partitions: that must be read too.
  if (!asked_.moves_known) {
    asked_.moves_pending = !reroutes_.empty();
    asked_.ends = moved_ends_;
    asked_.moves_known = true;
  }
  if (asked_.moves_pending || !all_read()) return;
  released_ = std::max(released_, asked_.at);
  asking_ = false;
}

void KafkaLoop::ask_for_release(Instant now) {
  Instant due = kNever;
  for (const PartitionId p : owned_) due = std::min(due, room(p).next_due());
  const bool held = std::any_of(owned_.begin(), owned_.end(),
                                [&](PartitionId p) { return room(p).partition().waiting() > 0; });
  // A new owner asks at once: what it must not tell yet would be lost with it.
  if ((due <= now || held || released_ == kAlways) && !asking_ && released_ < now) {
    asked_ = {};
    asked_.at = now;
    asked_.number = intake_->probe({owned_.begin(), owned_.end()});
    asking_ = true;
  }
  // No wait is for ever: after the start, and after the due.
  const Instant longest = now - options_.max_hold;
  if (began_ <= longest &&
      longest > released_ + std::min(kHoldStep, Duration{options_.max_hold.ms / 10})) {
    released_ = longest;
    ++tally_.held;
  }
}

// The answer and what is still to be read come from a broker that is near long before this round's
// transaction would be done; then what is due goes with it and not with the next one.
void KafkaLoop::read_to_release() {
  const Duration most = released_ == kAlways ? kFirstReleaseWait : kReleaseWait;
  const Instant until = clock().now() + most;
  take_release(most);
  while (asking_ && asked_.answered && !asked_.moves_pending && read_ < round_max_ &&
         clock().now() < until) {
    read_intake(milliseconds(1));
    take_release({});
  }
}

void KafkaLoop::fire(Instant now) {
  const std::size_t most = std::max<std::size_t>(1, round_max_ / owned_.size());
  for (const PartitionId p : owned_) {
    Room& r = room(p);
    tell_due(r, r.moment(now), released_, most);
  }
  store_.hold_back(std::any_of(owned_.begin(), owned_.end(), [&](PartitionId p) {
    return in_arrears(room(p), room(p).moment(now), released_);
  }));
}

// So that what was rejected is not rejected once more when the group's offsets have expired.
void KafkaLoop::note_position(PartitionId partition, Offset position) {
  // Where intake stands, when nothing else of a transaction goes to the log (ADR 0052).
  const std::string place = std::to_string(position);
  room(partition).append_mark(kIntakeType, "{\"intake\":" + place + "}",
                              "intake/" + std::to_string(partition) + "/" + place);
}

bool KafkaLoop::commit() {
  Transaction transaction;
  transaction.membership = membership_;
  std::vector<PartitionId> parts;
  std::vector<Decided> decided;
  for (const PartitionId p : owned_) {
    const Offset position = intake_position(p);
    const Batch& batch = room(p).batch();
    if (batch.log.empty() && batch.rejected.empty() && position == committed_[p]) continue;
    if (batch.log.empty() && !batch.rejected.empty()) note_position(p, position);
    parts.push_back(p);
    decided.push_back(room(p).take_decided(position));
    transaction.parts.push_back(std::move(decided.back().batch));
  }
  if (parts.empty() && reroutes_.empty()) return true;
  for (const Batch& part : transaction.parts)
    CHECK(part.intake_next >= 0);  // the position that fences is in every transaction
  transaction.reroutes = std::move(reroutes_);
  reroutes_.clear();
  const TransactionResult result = writer_->commit(transaction);
  ++tally_.commits;
  if (result.status == CommitStatus::kDurable) {
    round_max_ = std::min(kRoundMax, round_max_ * 2);
    for (const auto& [p, end] : result.moved) moved_ends_[p] = end;
    if (asked_.moves_pending) {
      asked_.moves_pending = false;
      asked_.ends = moved_ends_;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const PartitionId p = parts[i];
      committed_[p] = transaction.parts[i].intake_next;
      decided[i].batch = std::move(transaction.parts[i]);
      const bool written = result.parts[i].first >= 0;
      room(p).committed(std::move(decided[i]), written ? result.parts[i].first : room(p).next(),
                        written ? result.parts[i].next : room(p).next());
    }
    return true;
  }
  ++tally_.failures;
  report("warn", "commit_failed", result.error);
  round_max_ = std::max(kRoundMin, round_max_ / 2);
  if (result.status == CommitStatus::kFenced) {
    intake_->rejoin();
  } else {
    take_over_anew();
  }
  return false;
}

Duration KafkaLoop::idle(Instant now) {
  Instant due = kNever;
  for (const PartitionId p : owned_) {
    if (room(p).wants_to_look_ahead(now)) return {};
    due = std::min(due, room(p).next_due());
  }
  if (asking_) return milliseconds(1);
  const bool follows = owned_.size() < rooms();
  const Duration most = follows ? kFollowWait : kIntakeWait;
  if (due == kNever) return most;
  return {std::clamp<std::int64_t>((due - now).ms, 0, most.ms)};
}

}  // namespace tocsin
