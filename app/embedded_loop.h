// The engine of a node on its embedded log: one partition, group commit.
//
// A round: take what has arrived, decide, write one batch, hand over, answer. The engine's thread
// decides; the commit stage writes and tells, while the engine decides on with what arrives
// meanwhile: it all shares the next write.
//
// A commit that is refused for want of room stops intake (503) until the disk has some; one that is
// too large is tried again in halves. A disk that failed a flush, and a data directory that is gone or
// another, make the node sick until it is started again: it answers questions and takes nothing.
// Whatever else goes wrong on the engine's thread ends the process: `sick` and the log say why.
//
// Arrival is the instant at which a request was queued. A round fires what fell due before the
// first arrival, takes the facts of each arrival instant together, and then fires what is due by
// now: the order of `tocsin simulate` on the same records.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "app/commit_stage.h"
#include "app/node_loop.h"
#include "connectors/embedded/embedded_log.h"

namespace tocsin {

inline constexpr const char* kDiskFull = "nothing can be written: the disk is full";

struct EmbeddedLoopOptions : LoopOptions {
  Duration settle{};
  std::size_t queue_events_max = 200'000;
  std::size_t queue_bytes_max = 256u << 20;
  // A round's length is what others wait for: some 50 ms at most.
  std::size_t round_events_max = 2'000;     // facts decided about in one batch
  std::size_t round_bytes_max = 16u << 20;  // of their requests' bodies; a larger one goes alone
  std::size_t round_fires_max = 500;        // entities fired in one batch
  CommitBy commits = CommitBy::kThread;
};

class EmbeddedLoop final : public NodeLoop {
 public:
  EmbeddedLoop(EmbeddedLoopOptions options, std::shared_ptr<EmbeddedLog> log, StorePort& store,
               const CommittedListener& listener);
  ~EmbeddedLoop() override;

  // Applies what the store has not seen of the log, and owns the partition. Throws in words for whoever
  // starts the node.
  void begin() override;
  void round() override;
  CommitStage& stage() { return *stage_; }

  // ---- any thread
  void open_door();  // requests are taken from here on
  void submit(std::unique_ptr<Submission> submission, InputPort::SubmitDone done);
  void submit_own(OwnRecord record, InputPort::OwnDone done);
  void submit_outcomes(std::vector<OutcomeRecord> records, InputPort::OwnDone done) override;
  Readiness ready() const override;
  std::int64_t queued() const;

 private:
  void run() override;
  void wake() override;
  Room& room() { return NodeLoop::room(0); }
  Instant moment() { return NodeLoop::moment(0); }
  void catch_up();
  void hold_dues();
  void let_the_store_write() const;
  bool wait_for_work();
  void extend();
  void take_requests();
  void take(Request& request, Instant arrival);
  bool enqueue(Request request, std::string& why_not);
  std::size_t may_fire() const;
  // Dues up to here may be told at `at`.
  Instant allowed(Instant at) const { return at < released_ ? kAlways : at; }
  bool has_open() { return room().has_batch() || !open_.requests.empty(); }
  bool is_full();
  void close_round();
  CommitResult commit(Round& round);  // by the commit stage, or while nothing is under way
  void mend();
  void try_again_smaller(std::vector<Request> requests, std::size_t events_of_failed);
  void stall(const char* event, const std::string& why);
  Round take_open();
  void die(const std::string& why);
  void answer(std::vector<Request>& requests, bool durable, const std::string& detail = {});
  void refuse_all(const std::string& why);
  void recover();
  void show_what_was_kept();
  void publish_status();
  std::chrono::milliseconds idle();
  bool may_keep_back();
  bool must_hand_over() { return room().can_hand_over() && !may_keep_back(); }
  void check_files();
  void give_up(const std::string& why);

  const EmbeddedLoopOptions options_;
  const std::shared_ptr<EmbeddedLog> log_;
  Instant released_{kAlways};       // dues are held until then after a start or a stall
  std::size_t parts_ = 1;           // a round is this much smaller than it may be
  Round open_;                      // its batch is the room's, until it is closed
  std::size_t open_bytes_ = 0;      // of its requests' bodies
  bool next_does_not_fit_ = false;  // into the open round
  bool drained_ = true;             // nothing waited behind what was taken last
  bool fresh_ = true;               // nothing was decided yet since the log was followed
  std::atomic<std::int64_t> commits_{0}, commit_failures_{0};

  mutable Mutex mutex_;
  Changed wake_;
  bool commit_ended_ GUARDED_BY(mutex_) = false;  // since the engine's thread last woke
  std::vector<Request> queue_ GUARDED_BY(mutex_);
  std::size_t queued_events_ GUARDED_BY(mutex_) = 0, queued_bytes_ GUARDED_BY(mutex_) = 0;
  bool open_door_ GUARDED_BY(mutex_) = false;
  // Log or store could not be written. Changed by the engine's thread alone, with the mutex held.
  bool stalled_ = false;

  std::unique_ptr<CommitStage> stage_;
};

}  // namespace tocsin
