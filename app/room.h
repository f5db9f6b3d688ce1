// The room in which one partition is decided about: its Partition, what it has to write, and what
// its readers are given once it is written.
//
// Used the same way over the embedded log and over Kafka. While this node owns the partition:
//   room.arrive(…)… → room.decide(…) or room.fire(…) → room.take_decided() → log.commit(its batch)
//   → room.committed(…)
// and while it follows: room.follow(offset, record)… → room.followed(next). What was decided may be
// committed while the next is decided, in order.
//
// Promises
//  1. Nothing reaches the store or a listener that is not committed.
//  2. After a failed commit the room is thrown away (`reset`) and the log followed again.
//  3. The policy in force is a record of the log before anything is decided by it.
//  4. recordedtime never goes back. Where the clock was set back (`moment`), records carry what was
//     believed beside it, and following them leads to the same decisions.
//
// Threads: one, and for `committed` one that may be another; `follow`, `followed`, `look_ahead` and
// `reset` require that all that was taken is committed, or its commit failed. What a reset throws
// away is freed by another thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/arena_pool.h"
#include "app/configured_policy.h"
#include "app/hand_over.h"
#include "app/roster_in_force.h"
#include "engine/committed.h"
#include "engine/input_port.h"
#include "engine/log_port.h"
#include "engine/partition.h"
#include "engine/said/unconfirmed_years.h"
#include "events/bytes.h"
#include "events/mutex.h"
#include "projections/store.h"

namespace tocsin {

struct RoomOptions {
  PartitionId partition = 0;
  ConfiguredPolicy policy;  // takes force when the log never held it
  std::string roster;       // the same of the roster's text; empty: none
  // Of all rooms whose options are copies of these.
  std::shared_ptr<ArenaPool> arenas = std::make_shared<ArenaPool>(std::size_t{64} << 20);
  std::size_t hot_entities = 1'000'000;
  Duration horizon = hours(1);                // dues within it are in memory
  std::size_t look_ahead_rows = SIZE_MAX;     // of those, read in one go
  std::function<void(Instant due)> on_fired;  // of every entity that falls due
  // A due was computed in a year whose holidays are not known yet; each year once.
  std::function<void(std::int32_t year)> on_unconfirmed;
};

// What a room decided since the last time, on its way to the log.
struct Decided {
  static constexpr std::size_t kNoEvent = SIZE_MAX;
  // What listeners and views are told of the batch's record at the same place.
  struct Place {
    EntityName entity;  // of `applied`
    RecordKind kind = RecordKind::kFact;
    std::string_view type;
    Instant time;
    std::size_t derived = kNoEvent;  // of kDerived: place in `events`
  };
  struct Event {
    Derived said;  // its views are of `batch`
    const Policy* policy;
    const KindSpec* spec;
  };
  Batch batch;
  std::vector<Place> places;
  std::vector<Event> events;
  AppliedBatch applied;         // but for positions, and the timeline's of what was decided
  std::uint64_t part = 0;       // of which it is when it was kept back (HandOver)
  std::uint64_t hand_over = 0;  // else: its number
};

class Room {
 public:
  Room(RoomOptions options, StorePort* store, CommittedListener listener);
  ~Room();

  // ---- following the log
  // Where to read from: behind what was committed or followed.
  Offset next() const { return next_; }
  // The intake position that the log's records so far carry; −1: none (Kafka).
  Offset intake_next() const { return intake_next_; }
  void note_intake(Offset next) { intake_next_ = next; }
  // Records before `end` were in the log when this process started: they are replayed, as is what listeners
  // were told of before a reset.
  void replayed_until(Offset end) { replay_end_ = end; }
  // `owned`: it is about a partition that this node owned or is about to own. A policy's record ends the
  // stretch before it: days of the business zone are those of the policy by which an entity changed.
  void follow(Offset offset, std::string_view record, bool owned);
  // Of the records that were handed to every partition (OwnRecord::control): below it all are in the
  // log, or in the batch. 0: none were.
  Offset control_next() const { return control_next_; }
  // Why the one at `control` was refused; nullopt: it was not, or that was long ago.
  std::optional<std::string> refusal(Offset control) const;
  // What was followed since the last hand-over: `bytes` is about what it holds of memory.
  struct Gathered {
    std::size_t records = 0, entities = 0, bytes = 0;
  };
  Gathered gathered() const;
  // Ends a stretch of following. `own`: this node decides from here on.
  void followed(Offset next, bool own);

  // ---- owning
  // A mark of the engine's own that has no effect on the partition. Its id is unique in the log;
  // without one it is made of the type's last word.
  void append_mark(std::string_view type, std::string_view data, std::string id = {});
  // Makes a record of the engine's own of what somebody handed in, and lets it take force. Returns
  // why that is refused, or nothing. What came by a topic leaves a record also when it is refused.
  std::string take_own(const OwnRecord& record, Instant now);
  // Puts the configured policy in force when it never was; one that was and is no more was left on
  // purpose.
  void ensure_policy(Instant now);
  // What became of a message to a person: a record about an entity, which it does not change.
  void take_outcome(const OutcomeRecord& outcome, Instant now);
  // False: what is in force is not what is configured.
  bool follows_configured() const;
  // `facts_now`: what the fact's time is judged by, not before `arrival`.
  // What it returns lasts until the next arrives.
  Judged& arrive(Decoded& decoded, Instant arrival, Instant facts_now);
  Judged& arrive(Decoded& decoded, Instant arrival) { return arrive(decoded, arrival, arrival); }
  void reject(RejectedRecord record) { batch_.rejected.push_back(std::move(record)); }
  void decide(Instant now, Instant release);
  // True when more is due.
  bool fire(Instant until, Instant now, std::size_t most);
  Instant next_due() { return partition_->next_due(); }
  // Reads dues that come within the horizon into memory, the earliest first, some at a time.
  void look_ahead(Instant now);
  // Not while much waits to be written, all of which it must read, and there is time.
  bool wants_to_look_ahead(Instant now) const;
  const Batch& batch() const { return batch_; }
  bool has_batch() const { return !batch_.empty(); }
  // Ends a round: the batch, and the state as it is with it.
  // On Kafka `intake_next` is the intake position behind what was read. `keep_back`: the store need not
  // have it now.
  Decided take_decided(Offset intake_next = -1, bool keep_back = false);
  // Whether something is kept back; since when; and whether it is as much as may be.
  bool keeps_back() const { return part_ != 0 || !owed_.empty(); }
  std::chrono::steady_clock::time_point kept_since() const;
  bool keeps_back_much() const;
  // Whether any of it can be given now: what is decided beyond it is to be taken first.
  bool can_hand_over() const { return !owed_.empty() || (part_ != 0 && batch_.empty()); }
  // Gives the store some of it, in order; `all`: everything.
  void hand_over(bool all = false);
  // It is in the log from `first` on: in the order in which they were taken.
  void committed(Decided decided, Offset first, Offset next);
  // The instant to use when the clock says `now`: none before the last one, unless the clock was set
  // back by more than a little.
  Instant moment(Instant now) const;
  // Of the log's last record.
  void learn(const LogEvent& last);
  // Forgets everything that was not handed over to the store; what was is followed no more, written
  // or not.
  void reset();

  // The last instant that was used.
  Instant latest() const { return latest_; }
  // Whether the log's last record before next() was followed or written here, so that latest() is
  // not before it. Not so when the store had it already.
  bool knows_latest() const { return knows_latest_; }
  Partition& partition() { return *partition_; }
  const Policy& policy() const { return partition_->policy(); }

 private:
  class Cold;
  // The place is to be filled.
  Decided::Place& append(std::string_view account, std::string_view value, RecordKind kind,
                         Instant time);
  void note_pushed(std::string_view record);
  void use(Instant now);
  void put_in_force(std::string_view type, const std::string& record);
  void append_record(std::string_view type, std::string_view record);
  std::string own_record(std::string_view type, std::string_view id, std::string_view data,
                         std::string_view subject, Offset control) const;
  void put_refusal(const OwnRecord& record, const std::string& why);
  void note_refusal(Offset control, std::string why);
  void follow_own();
  void tell(const Decided& decided, Offset first) const;
  bool stands_in_log(const ConfiguredPolicy& wanted) const;
  std::string own_id(std::string_view name);
  void adopt(std::string_view record);
  // Whether the store reads records of this type.
  bool is_read_by_store(std::string_view type) const;
  // An empty batch, in the room that a round before it left.
  void begin_round();
  // Leaves a round's lists for the next; whoever commits calls it when all is told.
  void give_back(Decided& decided);
  // Names of the entity that a record is about, which last as long as what is gathered.
  EntityName keep(const EntityName& name);
  AppliedBatch take_changes(std::uint64_t& hand_over);
  AppliedBatch take_gathered();
  AppliedBatch begin_changes();
  void add_entity(AppliedBatch& to, Entity& entity);
  void add_accounts(AppliedBatch& to, const std::vector<Account*>& accounts);
  std::size_t part_entities() const;
  bool part_is_full() const;
  void close_part();
  void encode_owed(std::size_t most);
  void before_change(Entity& entity);
  void show_as_it_was();
  void load_policies();
  void adopt_roster(std::string_view record);

  RoomOptions options_;
  StorePort* store_;
  CommittedListener listener_;
  std::unique_ptr<Cold> cold_;
  std::unique_ptr<Partition> partition_;
  DerivedSink sink_;
  UnconfirmedYears years_;
  Judged judged_;
  Batch batch_;
  std::vector<Decided::Place> places_;  // of the batch's records
  std::vector<Decided::Event> events_;
  std::map<std::string, Offset> pushed_;  // how far pushes came, since the last hand-over
  AppliedBatch gathered_;                 // what is handed over next, so far
  // Of a round that is over: room for the next.
  struct Spare {
    std::vector<LogRecord> log;
    std::vector<Decided::Place> places;
    std::vector<Decided::Event> events;
  };
  Mutex spare_mutex_;
  Spare spare_ GUARDED_BY(spare_mutex_);
  std::string policies_;  // all policy records so far, a line each
  std::size_t stored_policies_ = 0;
  RosterInForce roster_;
  std::string stored_roster_;
  std::shared_ptr<const BusinessDay> business_day_;
  Instant latest_{kAlways};    // believed
  Instant recorded_{kAlways};  // the last recordedtime, which never goes back
  bool knows_latest_ = false;
  Instant horizon_{kAlways};  // dues before it were read
  bool looking_ahead_ = false;
  std::atomic<Offset> next_ = 0;  // changed by the thread that commits, too
  // Listeners were told of records before it, also when they are followed again after a reset.
  std::atomic<Offset> told_ = 0;
  HandOver handed_over_;
  // Rounds that are kept back, of a part that is not closed: its number, 0: there is none; how many; and
  // what their entities became when that had to be encoded already.
  std::uint64_t part_ = 0, parts_ = 0;
  std::size_t part_rounds_ = 0, part_facts_ = 0, kept_facts_ = 0;
  std::chrono::steady_clock::time_point part_since_;
  std::vector<AppliedBatch> part_changes_;
  std::vector<Entity*> part_shown_;  // of whom
  // Parts that are closed and whose entities are not all encoded.
  struct Owed {
    std::uint64_t part = 0, hand_over = 0;
    std::vector<Entity*> entities;
    std::size_t at = 0;  // those before are encoded
    std::vector<AppliedBatch> changes;
    std::size_t facts = 0;
    std::chrono::steady_clock::time_point since;
  };
  std::deque<Owed> owed_;
  Offset intake_next_ = -1, stored_intake_ = -1;
  Offset replay_end_ = 0;
  Offset control_next_ = 0, stored_control_ = 0;
  std::int32_t stored_moved_ = 0;
  std::map<Offset, std::string> refusals_;
  std::uint64_t own_ids_ = 0;  // given by this room
  LogEvent event_;
  EntityView view_;                    // made last
  std::string scratch_;                // what is being encoded; kept for its room
  ByteBuffer encoded_, encoded_view_;  // the same
  std::jthread freeing_;               // what a reset threw away
};

// How far a push came in a partition, as its log says; nullopt: it never ran.
std::optional<Offset> pushed_position(const Store& store, PartitionId partition,
                                      const std::string& push);

}  // namespace tocsin
