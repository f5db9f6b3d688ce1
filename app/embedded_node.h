// The node on its embedded log: one partition, one engine thread, one data directory.
//
// A round: take what has arrived, decide, write one batch, hand over, answer. The engine's thread
// decides; the commit stage writes and tells, while the engine decides on with what arrives
// meanwhile: it all shares the next write (group commit).
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

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/clock.h"
#include "app/commit_stage.h"
#include "app/lateness.h"
#include "app/node.h"
#include "connectors/embedded/embedded_log.h"

namespace tocsin {

// Of the store beside an embedded log: timelines hold positions, the records are read from the log.
StoreOptions embedded_store_options();

inline constexpr const char* kDiskFull = "nothing can be written: the disk is full";

struct EmbeddedNodeOptions {
  std::filesystem::path data;
  PolicyText policy;
  std::string roster;  // its text
  Duration settle{};
  Duration max_hold = minutes(2);
  std::size_t hot_entities = 1'000'000;
  std::size_t queue_events_max = 200'000;
  std::size_t queue_bytes_max = 256u << 20;
  // A round's length is what others wait for: some 50 ms at most.
  std::size_t round_events_max = 2'000;     // facts decided about in one batch
  std::size_t round_bytes_max = 16u << 20;  // of their requests' bodies; a larger one goes alone
  std::size_t round_fires_max = 500;        // entities fired in one batch
  std::shared_ptr<Clock> clock;
  EmbeddedLogOptions log;
  StoreOptions store = embedded_store_options();
  // Structured log lines: level, event, detail.
  std::function<void(std::string_view level, std::string_view event, std::string_view detail)>
      report;
};

class EmbeddedNode final : public Node {
 public:
  // Opens log and store. Throws std::runtime_error in words for whoever starts the node.
  explicit EmbeddedNode(EmbeddedNodeOptions options);
  ~EmbeddedNode() override;

  void submit(std::unique_ptr<Submission> submission, SubmitDone done) override;
  void submit_own(OwnRecord record, OwnDone done) override;
  void submit_outcomes(std::vector<OutcomeRecord> records, OwnDone done) override;
  bool knows_duplicates() const override { return true; }
  Readiness ready() const override;
  std::string sick() const override;
  std::string metrics() const override { return {}; }
  NodeStatus status() override;
  Store& store() override { return *store_; }
  LogReader& log() override { return reader_; }
  void listen(CommittedListener listener) override { listener_ = std::move(listener); }
  std::map<PartitionId, Offset> log_found() const override { return {{0, log_found_}}; }
  // Applies what the store has not seen of the log, and begins to decide.
  void start() override;
  void stop() override;
  std::shared_ptr<const Policy> policy() override;
  std::shared_ptr<const Roster> roster() override;
  Instant now() override { return options_.clock->now(); }
  Clock& clock() override { return *options_.clock; }

 private:
  // The log of the moment, for readers: it is opened anew after a failure of the disk.
  class Reader final : public LogReader {
   public:
    void set(std::shared_ptr<EmbeddedLog> log);
    Offset read(PartitionId partition, Offset from, const LogSink& sink) override;

   private:
    std::mutex mutex_;
    std::shared_ptr<EmbeddedLog> log_;
  };

  void run();
  void catch_up();
  void hold_dues();
  void let_the_store_write() const;
  void work();
  bool wait_for_work();
  void extend();
  void take_requests();
  void take(Request& request, Instant arrival);
  bool enqueue(Request request, std::string& why_not);
  std::size_t may_fire() const;
  // Dues up to here may be told at `at`.
  Instant allowed(Instant at) const { return at < released_ ? kAlways : at; }
  bool has_open() const { return room_->has_batch() || !open_.requests.empty(); }
  bool is_full() const;
  void close_round();
  CommitResult commit(Round& round);  // by the commit stage, or while nothing is under way
  void mend();
  void try_again_smaller(std::vector<Request> requests, std::size_t events_of_failed);
  void stall(const char* event, const std::string& why);
  Round take_open();
  void die(const std::string& why);
  void answer(std::vector<Request>& requests, bool durable, const std::string& detail = {});
  void recover();
  void publish_status();
  std::chrono::milliseconds idle();
  void check_files();
  void give_up(const std::string& why);
  Instant moment() { return room_->moment(options_.clock->now()); }
  void report(std::string_view level, std::string_view event, const std::string& detail);

  EmbeddedNodeOptions options_;
  std::shared_ptr<EmbeddedLog> log_;  // of the engine's thread; null while it cannot be opened
  Reader reader_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Room> room_;
  Lateness lateness_;
  Instant released_{kAlways};       // dues are held until then after a start or a stall
  std::size_t parts_ = 1;           // a round is this much smaller than it may be
  Round open_;                      // its batch is the room's, until it is closed
  std::size_t open_bytes_ = 0;      // of its requests' bodies
  std::size_t fired_ = 0;           // entities, in the open round
  bool next_does_not_fit_ = false;  // into the open round
  bool drained_ = true;             // nothing waited behind what was taken last
  bool fresh_ = true;               // nothing was decided yet since the log was followed
  std::chrono::steady_clock::time_point looked_{};  // at the files, whether they are still there

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool commit_ended_ = false;  // since the engine's thread last woke
  std::vector<Request> queue_;
  std::size_t queued_events_ = 0, queued_bytes_ = 0;
  bool stopping_ = false, ready_ = false;
  bool stalled_ = false;  // log or store could not be written; changed by the engine's thread alone
  std::string sick_;
  NodeStatus status_;
  std::shared_ptr<const Policy> policy_;
  bool follows_configured_ = true;
  std::shared_ptr<const Roster> roster_;

  Offset log_found_ = 0;
  CommittedListener listener_;
  std::unique_ptr<CommitStage> stage_;
  std::thread thread_;
};

}  // namespace tocsin
