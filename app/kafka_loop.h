// The engine thread of a node on Kafka: follows every partition of the log, and decides about those
// whose intake partition the consumer group has given to it.
//
// A round: read what intake holds, decide, commit one transaction (positions, log, rejected,
// re-routed), apply. What falls due is fired once it is known that no intake record appended before
// it is unread (contract §4.9), or after max_hold.
//
// A store that takes nothing more (its disk is full or broken) is waited for without the group: others
// go on with the partitions, and a stop ends the node all the same.
//
// When a commit fails for any reason, the rooms are thrown away and the partitions taken over anew:
// nothing is guessed. A takeover that fails because brokers do not answer is tried again for as
// long as the group leaves the partitions here; only what can never mend (a hole in intake, a log
// that lost records) stops the thread, and then the node leaves the group, so that others go on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/directory_identity.h"
#include "app/node_loop.h"
#include "app/own_asks.h"
#include "connectors/kafka/intake.h"
#include "connectors/kafka/log_tail.h"
#include "connectors/kafka/topics.h"
#include "connectors/kafka/transactions.h"

namespace tocsin {

struct KafkaLoopOptions : LoopOptions {  // of `data`, `state` must stay there
  std::shared_ptr<KafkaBackend> kafka;
  std::string intake_topic = "tocsin.intake";  // its name, for people
  // Whose token a record of intake came with, where it is proved; may be empty.
  std::function<std::string(const IntakeRecord&)> sender_of{};
  // By the clock since boot: how long after a sign of the group what it gave is surely ours still; zero: for
  // ever.
  Duration surely_ours{};
};

class KafkaLoop final : public NodeLoop {
 public:
  // `asks`: is answered as the log shows what was handed to every partition.
  KafkaLoop(KafkaLoopOptions options, StorePort& store, OwnAsks& asks,
            const CommittedListener& listener);
  ~KafkaLoop() override;

  void begin() override;
  void round() override;
  const std::set<PartitionId>& owned() const { return owned_; }

  // ---- any thread
  Readiness ready() const override;
  // Answered when they are committed, or cannot be.
  void submit_outcomes(std::vector<OutcomeRecord> records, InputPort::OwnDone done) override;

 private:
  // Facts and fires of one transaction; halved when a commit fails, so that a slow broker gets
  // transactions that it can finish within transaction_timeout.
  static constexpr std::size_t kRoundMax = 5'000;
  static constexpr std::size_t kRoundMin = 100;
  static constexpr std::size_t kOutcomesMax = 10'000;  // lists of them that wait
  static constexpr std::size_t kFollowMax = 20'000;    // followed records between two hand-overs

  struct Tally {  // per process
    std::int64_t commits = 0, failures = 0, tombstones = 0, held = 0;
  };

  void run() override;
  void read_intake(Duration wait);
  void take(const IntakeRecord& record, Instant arrival);
  void follow_control();
  void join();
  bool store_takes();
  void notice_set_back();
  bool waits_for_the_clock(const IntakeRecord& record);
  void let_go_of_the_clock();
  Offset intake_position(PartitionId partition) const;
  void take_outcomes();
  void answer_outcomes(bool durable);
  void abandon_outcomes();
  void read_control();
  void fire(Instant now);
  void ask_for_release(Instant now);
  void take_release(Duration wait);
  void read_to_release();
  bool commit();
  void take_over();
  void take_over_or_wait();
  bool proves_ownership(const std::map<PartitionId, Offset>& positions,
                        const Membership& membership);
  void doubt_ownership();
  void take_over_anew();
  void give_up(const std::vector<PartitionId>& partitions);
  void reset_given_up();
  void note_position(PartitionId partition, Offset position);
  bool follow(Duration wait);
  void follow_the_log();
  bool follows_all();
  void follow_others();
  bool catch_up_followed(const std::map<PartitionId, Offset>& ends);
  void ensure_records(Room& room, PartitionId partition);
  Duration idle(Instant now);
  void publish_status();

  const KafkaLoopOptions options_;
  Decoder decoder_;
  Decoded decoded_;
  std::unique_ptr<IntakePort> intake_;
  std::unique_ptr<WriterPort> writer_;
  std::unique_ptr<SettledLogReader> reader_;
  std::unique_ptr<FollowerPort> follower_, control_;
  OwnAsks& asks_;

  std::set<PartitionId> owned_;
  std::vector<PartitionId> given_;  // by the group, not yet taken over
  std::set<PartitionId> given_up_;  // no longer owned, their rooms still to be reset
  Instant retry_at_{kAlways};       // of a takeover that failed
  std::int64_t sure_ms_ = 0;        // since boot: `owned_` was ours
  std::size_t round_max_ = kRoundMax;
  Membership membership_;
  std::map<PartitionId, Offset> committed_;  // intake positions that are committed
  std::map<PartitionId, Instant> arrivals_;  // of what this round read
  std::size_t read_ = 0;                     // records of this round
  std::vector<Reroute> reroutes_;
  std::vector<InputPort::OwnDone> outcomes_done_;  // of those in this round
  Instant began_;
  Instant released_{kAlways};  // dues up to here may be announced
  struct Asked {
    std::uint64_t number = 0;
    Instant at;
    std::map<PartitionId, Offset> ends;
    bool answered = false;
    bool moves_pending = false;  // records read for it go elsewhere with the next commit
    bool moves_known = false;    // `ends` are those of moved records by now
  } asked_;
  std::map<PartitionId, Offset> moved_ends_;  // in intake, behind the last record moved there
  bool asking_ = false;
  // Records that only a wall clock in doubt would allow are left unread: from where, by partition.
  std::map<PartitionId, Offset> waits_for_clock_;
  Instant seen_now_{kAlways};
  const DirectoryIdentity state_;
  Tally tally_;

  mutable Mutex mutex_;
  std::vector<std::pair<std::vector<OutcomeRecord>, InputPort::OwnDone>> outcomes_
      GUARDED_BY(mutex_);
  // What keeps the store from writing, for the moment.
  std::string problem_ GUARDED_BY(mutex_);
  bool joined_ GUARDED_BY(mutex_) = false;
  bool followed_all_ = false;  // changed by the engine's thread alone, with the mutex held
};

}  // namespace tocsin
