#include "app/embedded_loop.h"

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
constexpr std::size_t kUnwrittenInReplay = 128u << 20;
// Free on the log's disk before writing is tried again: a record may find a place where no batch
// does.
constexpr std::uint64_t kRoomToGoOn = 16u << 20;
constexpr Duration kProblemShows = seconds(1);          // while the store is waited for
constexpr auto kKeptAtMost = std::chrono::seconds(10);  // from a store that is busy

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

}  // namespace

EmbeddedLoop::EmbeddedLoop(EmbeddedLoopOptions options, std::shared_ptr<EmbeddedLog> log,
                           StorePort& store, const CommittedListener& listener)
    : NodeLoop(options, store, listener), options_(std::move(options)), log_(std::move(log)) {
  found(0, log_->next_offset());
  stage_ = std::make_unique<CommitStage>(
      options_.commits, [this](Round& round) { return commit(round); },
      [this] {
        const MutexLock lock(mutex_);
        commit_ended_ = true;
        wake_.notify_one();
      });
}

EmbeddedLoop::~EmbeddedLoop() { stop(); }

void EmbeddedLoop::begin() {
  if (const Offset lacking = log_->next_offset() - room().next(); lacking > 0)
    report("info", "log_read", std::to_string(lacking) + " records that the views lack");
  catch_up();
  hold_dues();
  publish_status();
}

void EmbeddedLoop::wake() {
  const MutexLock lock(mutex_);  // or it would be missed by who looked just before
  wake_.notify_all();
}

// Clients whose requests were not taken, for nobody was there to take them, still have their facts.
void EmbeddedLoop::hold_dues() {
  released_ = std::min(room().latest(), moment()) + std::min(options_.settle, options_.max_hold);
}

// Applies what is in the log and not in the store, then owns the partition.
void EmbeddedLoop::catch_up() {
  follow_to_end(*log_, room(), 0, true, [this] { let_the_store_write(); });
  learn_latest(*log_, room(), 0, 0);
  const Instant now = moment();
  room().ensure_policy(now);
  room().look_ahead(now);
  if (room().has_batch()) {
    Round own{room().take_decided(), {}, 0};
    if (commit(own).status != CommitStatus::kDurable) throw std::runtime_error(kDiskFull);
  }
  fresh_ = true;
}

// A store that cannot write is not waited for: it may be for ever.
void EmbeddedLoop::let_the_store_write() const {
  while (!store_.wait_for_writing(kUnwrittenInReplay, kProblemShows)) {
    if (const std::string why = store_.problem(); !why.empty())
      throw std::runtime_error("the store does not write: " + why);
  }
}

void EmbeddedLoop::run() {
  ask_for_time_slice(kShortSlice);
  try {
    while (wait_for_work()) round();
  } catch (const std::exception& e) {
    die(e.what());
  }
}

void EmbeddedLoop::round() {
  if (store_.damaged()) throw std::runtime_error(kStoreDamaged);
  check_files();
  if (!sick().empty()) stage_->drain();  // nothing is added to what is under way
  if (stage_->failed()) {
    mend();
  } else if (stalled_) {
    recover();
  } else if (store_.blocked()) {
    stage_->drain();
    stall("store_not_written", store_.problem());
  } else {
    // As much is kept back as may be: some of it goes before more comes.
    if (!is_full() && !(room().keeps_back() && room().keeps_back_much())) extend();
    if (has_open() && stage_->free()) close_round();
  }
  if (must_hand_over() && !store_.blocked()) room().hand_over();
  publish_status();
}

// False when everything is done and the node goes down.
bool EmbeddedLoop::wait_for_work() {
  MutexLock lock(mutex_);
  if (stopping()) {
    // What is decided while nothing can be written comes to nothing, and nobody waits for it.
    const bool decided = !stalled_ && room().has_batch();
    const bool all_done = queue_.empty() && open_.requests.empty() && !decided;
    lock.unlock();
    stage_->drain();
    if (!all_done || stage_->failed()) return true;
    // The log has it all; a store that cannot write is not waited for.
    if (store_.problem().empty()) room().hand_over(true);
    return false;
  }
  const bool only_a_commit = is_full();  // goes on from here
  const bool may_close = has_open() && stage_->free();
  if (!commit_ended_ && !may_close && (only_a_commit || queue_.empty()))
    wake_.wait_for(lock, only_a_commit && !must_hand_over() ? kIdleMax : idle());
  commit_ended_ = false;
  return true;
}

// What is in the log is safe; what waits is told that it was not kept. The process ends.
void EmbeddedLoop::die(const std::string& why) {
  set_sick("the engine stopped: " + why);
  report("error", "engine_stopped", why);
  refuse_all(sick());
  ::kill(::getpid(), SIGTERM);
  stage_->drain();
  if (stage_->failed()) {
    std::vector<Request> failed = stage_->take_failed().round.requests;
    answer(failed, false, sick());
  }
}

// What waits, and what is in the open round; nothing joins them.
void EmbeddedLoop::refuse_all(const std::string& why) {
  std::vector<Request> waiting;
  {
    const MutexLock lock(mutex_);
    stalled_ = true;
    waiting.swap(queue_);
    queued_events_ = queued_bytes_ = 0;
  }
  answer(waiting, false, why);
  waiting = take_open().requests;
  answer(waiting, false, why);
}

std::chrono::milliseconds EmbeddedLoop::idle() {
  if (stalled_) return kStalledRetry;
  if (fresh_ || room().wants_to_look_ahead(moment()) || must_hand_over()) return {};
  const Instant due =
      room().partition().waiting() > 0 ? released_ : std::max(room().next_due(), released_);
  const auto wait =
      std::min<std::chrono::milliseconds>(due == kNever ? kIdleMax : clock().until(due), kIdleMax);
  if (room().keeps_back()) return std::min(wait, kCrowdedWait);  // until the store is ready
  return store_.crowded() ? std::max(wait, kCrowdedWait) : wait;
}

// The round as it is has to be written before anything joins it.
bool EmbeddedLoop::is_full() {
  if (!has_open()) return false;
  return next_does_not_fit_ || open_.events >= options_.round_events_max / parts_ ||
         open_bytes_ >= options_.round_bytes_max / parts_ ||
         fired_ >= options_.round_fires_max / parts_;
}

// The oldest requests that the open round may hold beside what it has; at least one in all.
void EmbeddedLoop::take_requests() {
  const MutexLock lock(mutex_);
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
void EmbeddedLoop::extend() {
  const Instant began = moment();
  if (released_ > began + std::max(options_.settle, options_.max_hold))
    hold_dues();                            // it was set back
  if (room().wants_to_look_ahead(began)) {  // where what is under way counts
    stage_->drain();
    if (stage_->failed()) return;
    room().look_ahead(began);
  }
  if (!has_open()) fired_ = 0;  // nothing came of them
  std::size_t i = open_.requests.size();
  take_requests();
  fresh_ = false;
  std::vector<Request>& requests = open_.requests;
  while (i < requests.size()) {
    const Instant arrival = room().moment(requests[i].arrived);
    tell_before(room(), arrival, allowed({arrival.ms - 1}), may_fire());
    for (; i < requests.size() && requests[i].arrived <= arrival; ++i) take(requests[i], arrival);
    room().decide(arrival, allowed(arrival));
  }
  if (!drained_) return;
  // Those that were held, and what a start left to be looked at.
  const Instant now = moment();
  room().decide(now, allowed(now));
  tell_due(room(), now, allowed(now), may_fire());
  store_.hold_back(in_arrears(room(), now, allowed(now)));
}

// What was decided is kept from a store that has enough to write. Not when that is as much as may be, or
// has waited for long.
bool EmbeddedLoop::may_keep_back() {
  if (!store_.busy() || room().keeps_back_much()) return false;
  return !room().keeps_back() ||
         room().kept_since() + kKeptAtMost > std::chrono::steady_clock::now();
}

// One at least, for nothing that is due may wait for ever. While much waits to be written, facts
// go before dues: a burst of dues may not fill what they need of the store.
std::size_t EmbeddedLoop::may_fire() const {
  const std::size_t may =
      store_.crowded() ? open_.events / kDuesWhenCrowded : options_.round_fires_max / parts_;
  return may > fired_ ? may - fired_ : 1;
}

void EmbeddedLoop::close_round() {
  Round round = take_open();
  if (room().has_batch()) round.decided = room().take_decided(-1, may_keep_back());
  stage_->push(std::move(round));
  if (parts_ == 1) return;
  stage_->drain();  // how long a round may be is known only now
  if (!stage_->failed()) parts_ = 1;
}

CommitResult EmbeddedLoop::commit(Round& round) {
  CommitResult result;
  if (!round.decided.batch.empty()) {
    result = log_->commit(round.decided.batch);
    ++commits_;
    if (result.status != CommitStatus::kDurable) {
      ++commit_failures_;
      return result;
    }
    room().committed(std::move(round.decided), result.first, result.next);
  }
  answer(round.requests, true);
  return result;
}

// After a commit that failed. What was decided since stands on what is not in the log.
void EmbeddedLoop::mend() {
  FailedRound failed = stage_->take_failed();
  const std::size_t events = failed.round.events;
  std::vector<Request> requests = std::move(failed.round.requests);
  for (Request& r : take_open().requests) requests.push_back(std::move(r));
  if (failed.error) {
    open_.requests = std::move(requests);  // to be answered by `die`
    std::rethrow_exception(failed.error);
  }
  if (failed.result.too_large && parts_ < kPartsMax && sick().empty()) {
    report("warn", "batch_too_large", failed.result.error);
    return try_again_smaller(std::move(requests), events);
  }
  if (failed.result.status == CommitStatus::kUnknown) {
    give_up(failed.result.error);
    return answer(requests, false, sick());
  }
  stall("log_not_written", failed.result.error);
  answer(
      requests, false,
      failed.result.too_large ? "the request has too many consequences for one batch" : kDiskFull);
}

// What the disk keeps of what was written is not known any more: whoever starts the node again reads it.
void EmbeddedLoop::give_up(const std::string& why) {
  if (!set_sick("nothing is taken before the node is started again: " + why)) return;
  stall("log_failed", why);
}

// Also when nothing is written; not oftener than once a second.
void EmbeddedLoop::check_files() {
  if (time_to_look() && stage_->free() && !log_->still_there())
    give_up("the data directory is gone, or another stands in its place");
}

Round EmbeddedLoop::take_open() {
  open_bytes_ = fired_ = 0;
  next_does_not_fit_ = false;
  return std::exchange(open_, {});
}

// Forgets the batch and puts its requests back in front of the queue. The next round is half as
// long; after a round of a single request as short as can be.
void EmbeddedLoop::try_again_smaller(std::vector<Request> requests, std::size_t events_of_failed) {
  const bool one = requests.size() == 1;
  {
    const MutexLock lock(mutex_);
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
  room().reset();
  catch_up();
}

void EmbeddedLoop::take(Request& request, Instant arrival) {
  if (request.own) {  // facts before it are judged by what was in force
    room().decide(arrival, allowed(arrival));
    request.own_result.detail = room().take_own(*request.own, arrival);
    if (!request.own_result.detail.empty()) request.own_result.status = OwnResult::Status::kRefused;
    return;
  }
  for (const OutcomeRecord& outcome : request.outcomes) room().take_outcome(outcome, arrival);
  if (!request.submission) return;
  Submission& submission = *request.submission;
  std::optional<HttpFields> cut;
  const Instant facts_now = arrival + clock().facts_ahead();
  for (SubmittedEvent& event : submission.events) {
    Judged& judged = room().arrive(event.decoded, arrival, facts_now);
    if (judged.outcome == Outcome::kRejected) {
      if (!cut) cut = rejected_headers(submission.headers);
      room().reject({arrival, judged.reason, *cut, submission.source, std::string(event.original)});
    }
    request.result.events.push_back({verdict_of(judged.outcome), std::move(judged.reason),
                                     std::move(judged.detail), judged.miss});
  }
}

// Takes nothing in until `recover` finds that it can be written again.
void EmbeddedLoop::stall(const char* event, const std::string& why) {
  {
    const MutexLock lock(mutex_);
    stalled_ = true;
  }
  report("error", event, why);
}

// What is in the log and was kept back is shown before the log can be written again.
void EmbeddedLoop::show_what_was_kept() {
  room().reset();
  follow_to_end(*log_, room(), 0, false, [this] { let_the_store_write(); });
}

// After a failed write: forget what came of it, and try to go on from what is on disk.
void EmbeddedLoop::recover() {
  const std::string why_sick = sick();
  refuse_all(why_sick.empty() ? kDiskFull : why_sick);
  if (!why_sick.empty()) return;
  if (store_.blocked()) return;
  try {
    if (room().keeps_back()) show_what_was_kept();
    if (free_bytes_of_disk(options_.data / "log") < kRoomToGoOn) return;
    room().reset();
    catch_up();
    // An empty commit would say nothing: write the node's own mark.
    room().append_mark(kRecoveredType, "{}");
    Round probe{room().take_decided(), {}, 0};
    const CommitResult result = commit(probe);
    if (result.status == CommitStatus::kUnknown) return give_up(result.error);
    if (result.status != CommitStatus::kDurable) return;
    hold_dues();
  } catch (const std::exception& e) {
    report("error", "recovery_failed", e.what());
    return;
  }
  report("info", "log_writable_again", {});
  const MutexLock lock(mutex_);
  stalled_ = false;
}

void EmbeddedLoop::answer(std::vector<Request>& requests, bool durable, const std::string& detail) {
  for (Request& r : requests) {
    if (!r.submission) {
      if (!durable) r.own_result = {OwnResult::Status::kUnavailable, {0}, detail};
      r.own_done(std::move(r.own_result));
      continue;
    }
    if (durable) {
      r.result.position = "0:" + std::to_string(room().next() - 1);
    } else {
      r.result = {};
      r.result.status = SubmitResult::Status::kUnavailable;
      r.result.detail = detail;
    }
    r.done(std::move(r.result));
  }
}

}  // namespace tocsin
