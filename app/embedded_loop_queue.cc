// What others ask of the engine on an embedded log, and what waits for it.
#include <utility>

#include "app/embedded_loop.h"

namespace tocsin {

void EmbeddedLoop::submit(std::unique_ptr<Submission> submission, InputPort::SubmitDone done) {
  SubmitResult refused;
  refused.status = SubmitResult::Status::kUnavailable;
  if (hangs_on_a_doubted_clock(*submission, clock())) {
    refused.detail = kClockInDoubt;
    refused.retry_after_seconds = kClockRetrySeconds;
    return done(std::move(refused));
  }
  if (!enqueue({std::move(submission), done, {}, {}, nullptr, {}, {}, {}}, refused.detail))
    done(std::move(refused));
}

void EmbeddedLoop::submit_own(OwnRecord record, InputPort::OwnDone done) {
  OwnResult refused{OwnResult::Status::kUnavailable, {0}, {}};
  auto own = std::make_unique<OwnRecord>(std::move(record));
  if (!enqueue({nullptr, {}, {}, {}, std::move(own), {}, done, {}}, refused.detail))
    done(std::move(refused));
}

void EmbeddedLoop::submit_outcomes(std::vector<OutcomeRecord> records, InputPort::OwnDone done) {
  OwnResult refused{OwnResult::Status::kUnavailable, {0}, {}};
  if (records.empty()) return done({});
  if (!enqueue({nullptr, {}, {}, {}, nullptr, std::move(records), done, {}}, refused.detail))
    done(std::move(refused));
}

bool EmbeddedLoop::enqueue(Request request, std::string& why_not) {
  const std::size_t events = request.events(), bytes = request.bytes();
  const MutexLock lock(mutex_);
  const bool full = queued_events_ + events > options_.queue_events_max ||
                    queued_bytes_ + bytes > options_.queue_bytes_max;
  if (open_door_ && !stopping() && !stalled_ && !full) {
    queued_events_ += events;
    queued_bytes_ += bytes;
    request.arrived = clock().now();
    queue_.push_back(std::move(request));
    if (queue_.size() == 1) wake_.notify_one();
    return true;
  }
  const std::string why_sick = sick();
  why_not = stopping()          ? "the node is going down"
            : !open_door_       ? "the node is starting"
            : !why_sick.empty() ? why_sick
            : stalled_          ? kDiskFull
                                : "too many events wait to be decided about";
  return false;
}

Readiness EmbeddedLoop::ready() const {
  if (const std::string why = sick(); !why.empty()) return {false, why};
  {
    const MutexLock lock(mutex_);
    if (!open_door_) return {false, "the log is being read"};
    if (stalled_) return {false, kDiskFull};
  }
  if (stopping()) return {false, "the node is going down"};
  return {true, "", note()};
}

void EmbeddedLoop::open_door() {
  const MutexLock lock(mutex_);
  open_door_ = true;
}

std::int64_t EmbeddedLoop::queued() const {
  const MutexLock lock(mutex_);
  return static_cast<std::int64_t>(queued_events_);
}

void EmbeddedLoop::publish_status() {
  NodeStatus status = status_of_rooms();
  status.commits = commits_;
  status.commit_failures = commit_failures_;
  status.owned = {0};
  publish(std::move(status));
}

}  // namespace tocsin
