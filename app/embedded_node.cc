#include "app/embedded_node.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "app/follow.h"
#include "app/round.h"
#include "projections/rows/time_slice.h"

namespace tocsin {

namespace {

constexpr auto kIdleMax = std::chrono::milliseconds(1000);
constexpr auto kStalledRetry = std::chrono::milliseconds(250);
constexpr auto kCrowdedWait = std::chrono::milliseconds(2);
constexpr std::size_t kDuesWhenCrowded = 4;  // one on so many facts
constexpr std::size_t kPartsMax = 1 << 14;   // a round of one request is the smallest
// A burst of dues is told before its views are written. So much may wait for each entity in memory:
// twice what a due of it leaves behind.
constexpr std::size_t kUnwrittenBytes = 2 << 10;
constexpr std::size_t kUnwrittenInReplay = 128u << 20;
// Free on the log's disk before writing is tried again: a record may find a place where no batch
// does.
constexpr std::uint64_t kRoomToGoOn = 16u << 20;
constexpr Duration kViewsWritten = seconds(1);
constexpr Duration kLastWrite = seconds(10);  // that a stop waits for the store

// Written to see whether the log can be written again.
constexpr std::string_view kRecoveredType = "tocsin.engine.recovered";

EventVerdict verdict_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAccepted:
      return EventVerdict::kAccepted;
    case Outcome::kDuplicate:
      return EventVerdict::kDuplicate;
    case Outcome::kConflict:
      return EventVerdict::kConflict;
    case Outcome::kRejected:
      break;
  }
  return EventVerdict::kRejected;
}

std::unique_ptr<Store> open_store(const std::filesystem::path& directory, StoreOptions options,
                                  const EmbeddedLog& log, bool accept_loss) {
  options.remove_unusable = true;
  auto store = Store::open(directory, options);
  const Offset applied = store->applied(0), end = log.next_offset();
  if (applied <= end) return store;
  if (!accept_loss) {
    throw AcknowledgedLost(
        "the log ends at record " + std::to_string(end) + ", but " + std::to_string(applied) +
        " were acknowledged: records are missing; restore them from a copy, or start "
        "once with --accept-loss to go on without them");
  }
  store.reset();
  std::filesystem::remove_all(directory);
  return Store::open(directory, options);
}

}  // namespace

StoreOptions embedded_store_options() {
  StoreOptions options;
  options.keep_records = false;
  return options;
}

EmbeddedNode::EmbeddedNode(EmbeddedNodeOptions options) : options_(std::move(options)) {
  if (!options_.clock) options_.clock = std::make_shared<WallClock>();
  options_.store.pending_bytes_max =
      std::max(options_.store.pending_bytes_max, options_.hot_entities * kUnwrittenBytes);
  log_ = EmbeddedLog::open(options_.data / "log", options_.log);
  reader_.set(log_);
  store_ = open_store(options_.data / "state", options_.store, *log_, options_.log.accept_loss);
  if (const RecoveryReport& found = log_->recovery(); found.missing_batches > 0)
    report("error", "acknowledged_lost", std::to_string(found.missing_batches) + " batches");
  if (const RecoveryReport& found = log_->recovery(); found.cut_bytes > 0)
    report("warn", "torn_tail_cut",
           std::to_string(found.cut_bytes) + " bytes that nobody was told of");
  if (store_->applied(0) == 0 && log_->next_offset() > 0)
    report("info", "views_made_anew", std::to_string(log_->next_offset()) + " records");
  status_.applied[0] = log_->next_offset();
  RoomOptions room;
  room.policy = options_.policy;
  room.roster = options_.roster;
  room.hot_entities = options_.hot_entities;
  room.look_ahead_rows = 20'000;  // some 20 ms
  room.on_fired = [this](Instant due) {
    lateness_.add(options_.clock->now() - due);
    ++fired_;
  };
  room.on_unconfirmed = [this](std::int32_t year) {
    report("warn", "holidays_unknown", "dues in " + std::to_string(year) + " count plain weekdays");
  };
  room_ = std::make_unique<Room>(room, store_.get(), [this](const Committed& record) {
    if (listener_) listener_(record);
  });
  log_found_ = log_->next_offset();
  room_->replayed_until(log_found_);
  stage_ = std::make_unique<CommitStage>([this](Round& round) { return commit(round); },
                                         [this] {
                                           const std::lock_guard lock(mutex_);
                                           commit_ended_ = true;
                                           wake_.notify_one();
                                         });
}

void EmbeddedNode::start() {
  if (const Offset lacking = log_->next_offset() - room_->next(); lacking > 0)
    report("info", "log_read", std::to_string(lacking) + " records that the views lack");
  catch_up();
  hold_dues();
  const Offset there = room_->next();
  thread_ = std::thread([this] { run(); });  // what is overdue is told while the views are written
  while (!store_->wait_applied(0, there, kViewsWritten) && store_->problem().empty()) {
  }
  const std::lock_guard lock(mutex_);
  ready_ = true;
}

EmbeddedNode::~EmbeddedNode() { stop(); }

void EmbeddedNode::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  // A store that cannot be written is behind, and made good from the log at the next start.
  if (!store_->refresh(kLastWrite)) return;
  try {
    store_->flush();
  } catch (const std::exception& e) {
    report("warn", "store_not_flushed", e.what());
  }
}

void EmbeddedNode::report(std::string_view level, std::string_view event,
                          const std::string& detail) {
  if (options_.report) options_.report(level, event, detail);
}

// Clients whose requests were not taken, for nobody was there to take them, still have their facts.
void EmbeddedNode::hold_dues() {
  released_ = std::min(room_->latest(), moment()) + std::min(options_.settle, options_.max_hold);
}

// Applies what is in the log and not in the store, then owns the partition.
void EmbeddedNode::catch_up() {
  follow_to_end(*log_, *room_, 0, true, kStretch, [this] { let_the_store_write(); });
  learn_latest(*log_, *room_, 0, 0);
  const Instant now = moment();
  room_->ensure_policy(now);
  room_->look_ahead(now);
  if (room_->has_batch()) {
    Round own{room_->take_decided(), {}, 0};
    if (commit(own).status != CommitStatus::kDurable) throw std::runtime_error(kDiskFull);
  }
  fresh_ = true;
  const std::lock_guard lock(mutex_);
  follows_configured_ = room_->follows_configured();
  policy_ = room_->partition().policy_in_force();
  roster_ = room_->partition().roster();
}

// A store that cannot write is not waited for: it may be for ever.
void EmbeddedNode::let_the_store_write() const {
  while (!store_->wait_for_writing(kUnwrittenInReplay, kViewsWritten)) {
    if (const std::string why = store_->problem(); !why.empty())
      throw std::runtime_error("the store does not write: " + why);
  }
}

void EmbeddedNode::submit(std::unique_ptr<Submission> submission, SubmitDone done) {
  SubmitResult refused;
  refused.status = SubmitResult::Status::kUnavailable;
  if (hangs_on_a_doubted_clock(*submission, *options_.clock)) {
    refused.detail = kClockInDoubt;
    refused.retry_after_seconds = kClockRetrySeconds;
    return done(std::move(refused));
  }
  if (!enqueue({std::move(submission), done, {}, {}, nullptr, {}, {}, {}}, refused.detail))
    done(std::move(refused));
}

void EmbeddedNode::submit_own(OwnRecord record, OwnDone done) {
  OwnResult refused{OwnResult::Status::kUnavailable, {0}, {}};
  auto own = std::make_unique<OwnRecord>(std::move(record));
  if (!enqueue({nullptr, {}, {}, {}, std::move(own), {}, done, {}}, refused.detail))
    done(std::move(refused));
}

void EmbeddedNode::submit_outcomes(std::vector<OutcomeRecord> records, OwnDone done) {
  OwnResult refused{OwnResult::Status::kUnavailable, {0}, {}};
  if (records.empty()) return done({});
  if (!enqueue({nullptr, {}, {}, {}, nullptr, std::move(records), done, {}}, refused.detail))
    done(std::move(refused));
}

bool EmbeddedNode::enqueue(Request request, std::string& why_not) {
  const std::size_t events = request.events(), bytes = request.bytes();
  const std::lock_guard lock(mutex_);
  const bool full = queued_events_ + events > options_.queue_events_max ||
                    queued_bytes_ + bytes > options_.queue_bytes_max;
  if (ready_ && !stopping_ && !stalled_ && !full) {
    queued_events_ += events;
    queued_bytes_ += bytes;
    request.arrived = options_.clock->now();
    queue_.push_back(std::move(request));
    if (queue_.size() == 1) wake_.notify_one();
    return true;
  }
  why_not = stopping_        ? "the node is going down"
            : !ready_        ? "the node is starting"
            : !sick_.empty() ? sick_
            : stalled_       ? kDiskFull
                             : "too many events wait to be decided about";
  return false;
}

void EmbeddedNode::run() {
  ask_for_time_slice(kShortSlice);
  try {
    work();
  } catch (const std::exception& e) {
    die(e.what());
  }
}

void EmbeddedNode::work() {
  while (wait_for_work()) {
    if (store_->damaged()) throw std::runtime_error(kStoreDamaged);
    check_files();
    if (!sick_.empty()) stage_->drain();  // nothing is added to what is under way
    if (stage_->failed()) {
      mend();
    } else if (stalled_) {
      recover();
    } else if (store_->blocked()) {
      stage_->drain();
      stall("store_not_written", store_->problem());
    } else {
      if (!is_full()) extend();
      if (has_open() && stage_->free()) close_round();
    }
    publish_status();
  }
}

// False when everything is done and the node goes down.
bool EmbeddedNode::wait_for_work() {
  std::unique_lock lock(mutex_);
  if (stopping_) {
    // What is decided while nothing can be written comes to nothing, and nobody waits for it.
    const bool decided = !stalled_ && room_->has_batch();
    const bool all_done = queue_.empty() && open_.requests.empty() && !decided;
    lock.unlock();
    stage_->drain();
    return !all_done || stage_->failed();
  }
  const bool only_a_commit = is_full();  // goes on from here
  const bool may_close = has_open() && stage_->free();
  if (!commit_ended_ && !may_close && (only_a_commit || queue_.empty()))
    wake_.wait_for(lock, only_a_commit ? kIdleMax : idle());
  commit_ended_ = false;
  return true;
}

// What is in the log is safe; what waits is told that it was not kept. The process ends.
void EmbeddedNode::die(const std::string& why) {
  std::vector<Request> waiting;
  {
    const std::lock_guard lock(mutex_);
    sick_ = "the engine stopped: " + why;
    stalled_ = true;
    waiting.swap(queue_);
    queued_events_ = queued_bytes_ = 0;
  }
  report("error", "engine_stopped", why);
  answer(waiting, false, sick_);
  ::kill(::getpid(), SIGTERM);
  stage_->drain();
  if (stage_->failed()) waiting = stage_->take_failed().round.requests;
  answer(waiting, false, sick_);
  waiting = take_open().requests;
  answer(waiting, false, sick_);
}

std::chrono::milliseconds EmbeddedNode::idle() {
  if (stalled_) return kStalledRetry;
  if (fresh_ || room_->wants_to_look_ahead(moment())) return {};
  const Instant due =
      room_->partition().waiting() > 0 ? released_ : std::max(room_->next_due(), released_);
  const auto wait = std::min<std::chrono::milliseconds>(
      due == kNever ? kIdleMax : options_.clock->until(due), kIdleMax);
  return store_->crowded() ? std::max(wait, kCrowdedWait) : wait;
}

// The round as it is has to be written before anything joins it.
bool EmbeddedNode::is_full() const {
  if (!has_open()) return false;
  return next_does_not_fit_ || open_.events >= options_.round_events_max / parts_ ||
         open_bytes_ >= options_.round_bytes_max / parts_ ||
         fired_ >= options_.round_fires_max / parts_;
}

// The oldest requests that the open round may hold beside what it has; at least one in all.
void EmbeddedNode::take_requests() {
  const std::lock_guard lock(mutex_);
  std::size_t taken = 0;
  for (; taken < queue_.size(); ++taken) {
    const Request& next = queue_[taken];
    const std::size_t events = open_.events + next.events();
    const std::size_t bytes = open_bytes_ + next.bytes();
    const bool fits =
        events <= options_.round_events_max / parts_ && bytes <= options_.round_bytes_max / parts_;
    next_does_not_fit_ = !fits && !open_.requests.empty();
    if (next_does_not_fit_) break;
    open_.events = events;
    open_bytes_ = bytes;
    queued_events_ -= next.events();
    queued_bytes_ -= next.bytes();
    open_.requests.push_back(std::move(queue_[taken]));
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken));
  drained_ = queue_.empty();
}

// Takes into the open round what has arrived and what falls due.
void EmbeddedNode::extend() {
  const Instant began = moment();
  if (released_ > began + std::max(options_.settle, options_.max_hold))
    hold_dues();                            // it was set back
  if (room_->wants_to_look_ahead(began)) {  // where what is under way counts
    stage_->drain();
    if (stage_->failed()) return;
    room_->look_ahead(began);
  }
  if (!has_open()) fired_ = 0;  // nothing came of them
  std::size_t i = open_.requests.size();
  take_requests();
  fresh_ = false;
  std::vector<Request>& requests = open_.requests;
  while (i < requests.size()) {
    const Instant arrival = room_->moment(requests[i].arrived);
    tell_before(*room_, arrival, allowed({arrival.ms - 1}), may_fire());
    for (; i < requests.size() && requests[i].arrived <= arrival; ++i) take(requests[i], arrival);
    room_->decide(arrival, allowed(arrival));
  }
  if (!drained_) return;
  // Those that were held, and what a start left to be looked at.
  const Instant now = moment();
  room_->decide(now, allowed(now));
  tell_due(*room_, now, allowed(now), may_fire());
  store_->hold_back(in_arrears(*room_, now, allowed(now)));
}

// One at least, for nothing that is due may wait for ever. While much waits to be written, facts
// go before dues: a burst of dues may not fill what they need of the store.
std::size_t EmbeddedNode::may_fire() const {
  const std::size_t may =
      store_->crowded() ? open_.events / kDuesWhenCrowded : options_.round_fires_max / parts_;
  return may > fired_ ? may - fired_ : 1;
}

void EmbeddedNode::close_round() {
  Round round = take_open();
  if (room_->has_batch()) round.decided = room_->take_decided();
  stage_->push(std::move(round));
  if (parts_ == 1) return;
  stage_->drain();  // how long a round may be is known only now
  if (!stage_->failed()) parts_ = 1;
}

CommitResult EmbeddedNode::commit(Round& round) {
  CommitResult result;
  if (!round.decided.batch.empty()) {
    result = log_->commit(round.decided.batch);
    const bool durable = result.status == CommitStatus::kDurable;
    {
      const std::lock_guard lock(mutex_);
      ++status_.commits;
      if (!durable) ++status_.commit_failures;
    }
    if (!durable) return result;
    room_->committed(std::move(round.decided), result.first, result.next);
  }
  answer(round.requests, true);
  return result;
}

// After a commit that failed. What was decided since stands on what is not in the log.
void EmbeddedNode::mend() {
  FailedRound failed = stage_->take_failed();
  const std::size_t events = failed.round.events;
  std::vector<Request> requests = std::move(failed.round.requests);
  for (Request& r : take_open().requests) requests.push_back(std::move(r));
  if (failed.error) {
    open_.requests = std::move(requests);  // to be answered by `die`
    std::rethrow_exception(failed.error);
  }
  if (failed.result.too_large && parts_ < kPartsMax && sick_.empty()) {
    report("warn", "batch_too_large", failed.result.error);
    return try_again_smaller(std::move(requests), events);
  }
  if (failed.result.status == CommitStatus::kUnknown) {
    give_up(failed.result.error);
    return answer(requests, false, sick_);
  }
  stall("log_not_written", failed.result.error);
  answer(
      requests, false,
      failed.result.too_large ? "the request has too many consequences for one batch" : kDiskFull);
}

// What the disk keeps of what was written is not known any more: whoever starts the node again reads it.
void EmbeddedNode::give_up(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!sick_.empty()) return;
    sick_ = "nothing is taken before the node is started again: " + why;
    stalled_ = true;
  }
  report("error", "log_failed", why);
}

// Also when nothing is written; not oftener than once a second.
void EmbeddedNode::check_files() {
  const auto now = std::chrono::steady_clock::now();
  if (now < looked_ + kIdleMax) return;
  looked_ = now;
  if (stage_->free() && log_ && !log_->still_there())
    give_up("the data directory is gone, or another stands in its place");
}

Round EmbeddedNode::take_open() {
  open_bytes_ = fired_ = 0;
  next_does_not_fit_ = false;
  return std::exchange(open_, {});
}

// Forgets the batch and puts its requests back in front of the queue. The next round is half as
// long; after a round of a single request as short as can be.
void EmbeddedNode::try_again_smaller(std::vector<Request> requests, std::size_t events_of_failed) {
  const bool one = requests.size() == 1;
  {
    const std::lock_guard lock(mutex_);
    for (Request& r : requests) {
      r.result = {};
      r.own_result = {};
      queued_events_ += r.events();
      queued_bytes_ += r.bytes();
    }
    queue_.insert(queue_.begin(), std::make_move_iterator(requests.begin()),
                  std::make_move_iterator(requests.end()));
  }
  do {
    parts_ *= 2;
  } while (parts_ < kPartsMax && events_of_failed > 0 &&
           (one || options_.round_events_max / parts_ > events_of_failed / 2));
  room_->reset();
  catch_up();
}

void EmbeddedNode::take(Request& request, Instant arrival) {
  if (request.own) {  // facts before it are judged by what was in force
    room_->decide(arrival, allowed(arrival));
    request.own_result.detail = room_->take_own(*request.own, arrival);
    if (!request.own_result.detail.empty()) request.own_result.status = OwnResult::Status::kRefused;
    return;
  }
  for (const OutcomeRecord& outcome : request.outcomes) room_->take_outcome(outcome, arrival);
  if (!request.submission) return;
  Submission& submission = *request.submission;
  std::optional<HttpFields> cut;
  const Instant facts_now = options_.clock->facts_now();
  for (SubmittedEvent& event : submission.events) {
    Judged judged = room_->arrive(event.decoded, arrival, std::max(arrival, facts_now));
    if (judged.outcome == Outcome::kRejected) {
      if (!cut) cut = rejected_headers(submission.headers);
      room_->reject({arrival, judged.reason, *cut, submission.source, std::string(event.original)});
    }
    request.result.events.push_back({verdict_of(judged.outcome), std::move(judged.reason),
                                     std::move(judged.detail), judged.miss});
  }
}

// Takes nothing in until `recover` finds that it can be written again.
void EmbeddedNode::stall(const char* event, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    stalled_ = true;
  }
  report("error", event, why);
}

// After a failed write: forget what came of it, and try to go on from what is on disk.
void EmbeddedNode::recover() {
  std::vector<Request> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(queue_);
    queued_events_ = queued_bytes_ = 0;
  }
  const std::string why = sick_.empty() ? kDiskFull : sick_;
  answer(waiting, false, why);
  waiting = take_open().requests;
  answer(waiting, false, why);
  if (!sick_.empty()) return;
  if (store_->blocked() || free_bytes_of_disk(options_.data / "log") < kRoomToGoOn) return;
  try {
    room_->reset();
    catch_up();
    // An empty commit would say nothing: write the node's own mark.
    room_->append_mark(kRecoveredType, "recovered/" + std::to_string(room_->latest().ms), "{}");
    Round probe{room_->take_decided(), {}, 0};
    const CommitResult result = commit(probe);
    if (result.status == CommitStatus::kUnknown) return give_up(result.error);
    if (result.status != CommitStatus::kDurable) return;
    hold_dues();
  } catch (const std::exception& e) {
    report("error", "recovery_failed", e.what());
    return;
  }
  const std::lock_guard lock(mutex_);
  stalled_ = false;
  if (options_.report) options_.report("info", "log_writable_again", "");
}

void EmbeddedNode::answer(std::vector<Request>& requests, bool durable, const std::string& detail) {
  for (Request& r : requests) {
    if (!r.submission) {
      if (!durable) r.own_result = {OwnResult::Status::kUnavailable, {0}, detail};
      r.own_done(std::move(r.own_result));
      continue;
    }
    if (durable) {
      r.result.position = "0:" + std::to_string(room_->next() - 1);
    } else {
      r.result = {};
      r.result.status = SubmitResult::Status::kUnavailable;
      r.result.detail = detail;
    }
    r.done(std::move(r.result));
  }
}

}  // namespace tocsin
