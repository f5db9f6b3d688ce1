// The second half of a node's round: what was decided is written to the log, and once it is durable
// told, on a thread of its own, while the next round is decided.
//
// One round is under way at a time: `push` requires `free`. Rounds end in the order in which they
// were pushed. A round that fails is kept for `take_failed`; until then the stage is not free.
//
// By hand it has no thread: what is under way is written by `drain`, on the caller's, so that who drives a
// node says when a write ends.
//
// Threads: all functions from one thread, the engine's.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "app/room.h"
#include "engine/input_port.h"
#include "engine/log_port.h"
#include "events/mutex.h"

namespace tocsin {

// A request that waits for its answer: facts, or a record of the engine's own.
struct Request {
  std::unique_ptr<Submission> submission;
  InputPort::SubmitDone done;
  Instant arrived;
  SubmitResult result;
  std::unique_ptr<OwnRecord> own;       // in place of a submission
  std::vector<OutcomeRecord> outcomes;  // or these
  InputPort::OwnDone own_done;
  OwnResult own_result;

  std::size_t events() const {
    return submission ? submission->events.size() : std::max<std::size_t>(1, outcomes.size());
  }
  std::size_t bytes() const {
    if (submission) return submission->body.size();
    return own ? own->data.size() : outcomes.size() * kOutcomeBytes;
  }
  static constexpr std::size_t kOutcomeBytes = 700;  // or so
};

// What one batch of the log holds, and who waits for it; an empty batch is not written.
struct Round {
  Decided decided;
  std::vector<Request> requests;
  std::size_t events = 0;  // of the requests
};

struct FailedRound {
  Round round;
  CommitResult result;
  std::exception_ptr error;  // set when it ended in an exception
};

enum class CommitBy : std::uint8_t { kThread, kHand };

class CommitStage {
 public:
  // `commit` writes and tells a round, which it leaves as it is when it is not durable; `ended` is
  // called after each, when the stage is free again or failed. Both on the stage's thread.
  CommitStage(CommitBy by, std::function<CommitResult(Round&)> commit, std::function<void()> ended);
  ~CommitStage();

  bool free() const;
  bool failed() const;
  void push(Round round);
  // Waits until nothing is under way.
  void drain();
  FailedRound take_failed();

 private:
  void run();
  void write();  // what is under way

  const std::function<CommitResult(Round&)> commit_;
  const std::function<void()> ended_;
  mutable Mutex mutex_;
  Changed changed_;
  // Written to the log without the mutex: nobody else takes it meanwhile.
  std::optional<Round> under_way_;
  std::optional<FailedRound> failed_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin
