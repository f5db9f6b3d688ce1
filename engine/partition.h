// One partition of the log: its accounts and entities, what it accepts, and what it decides.
//
// The one sentence of the product runs through here: a fact is judged and accepted once, joins its
// entity, a decision turns the difference between what is true and what was said into derived
// events, and the next due instant goes to the timers.
//
// Promises
//  1. The same records in the same order, with the same instants, give the same decisions.
//  2. `check` changes nothing. `decide` and `fire` say everything that there is to say at their
//     instant, each event once; saying nothing is left to say is the rule, not the exception.
//  3. Facts of one arrival instant are read together: take all, then decide.
//  4. `evolve` over the records that came of this leads to the same state, without deciding.
//
// The caller gives instants that never go back but after `set_back`, and writes what it is given to the log before it
// tells anybody. After a failed write it throws the Partition away and reads the log again.
//
// Memory: everything, or with a ColdPort the entities that something happened to lately and those
// that fall due before the horizon. Not thread safe. Cost: an in-order fact O(clocks of its kind);
// a late fact reads its entity anew.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/cold_port.h"
#include "engine/entity/account.h"
#include "engine/entity/data_read.h"
#include "engine/entity/entity.h"
#include "engine/entity/entity_set.h"
#include "engine/policy/known_types.h"
#include "engine/policy/policy.h"
#include "engine/policy/roster.h"
#include "engine/said/announce.h"
#include "engine/timers/timer_wheel.h"
#include "engine/truth/truth.h"
#include "engine/view.h"
#include "events/codec.h"
#include "events/hash.h"
#include "events/log_record.h"

namespace tocsin {

enum class Outcome : std::uint8_t { kAccepted, kDuplicate, kConflict, kRejected };

// By which policy a fact is read, and whose it is.
struct Reading {
  const Policy* policy = nullptr;  // null: none that is known mentions its type
  TypeRef type;                    // in `policy`
  Entity* entity = nullptr;        // null: there was none when it was judged
  bool counts = false;             // `policy` is the one by which the entity lives
  std::uint64_t made = 0;          // entities that had been made by then
};

// What was judged of a fact: all that `take` needs. The caller keeps it for its memory.
struct Judged {
  Outcome outcome = Outcome::kAccepted;
  std::string reason;        // when rejected
  std::string detail;        // of `bad_data`, for people
  Miss miss = Miss::kNone;   // when accepted: why it has no effect, where no policy mentions it
  Entity* entity = nullptr;  // when taken and its entity's policy knows its type
  std::string stamps;        // when taken: members for the log record
  Hash128 identity;          // of (source, id)
  std::uint64_t content = 0;
  // For `take`:
  Hash128 seen_key;
  Reading reading;
  ReadData data;
  std::string order;  // source NUL sequence NUL id
};

struct Counters {
  std::int64_t accepted = 0, duplicates = 0, conflicts = 0, rejected = 0, plain = 0,
               provisional = 0, late = 0, decisions = 0, derived = 0, loaded = 0, evicted = 0;
  std::array<std::int64_t, 4> ignored{};  // accepted without effect, by Miss
};

struct EntityHome {
  std::string account, kind, id;
};

using DerivedSink = std::function<void(const Entity&, const Derived&, Instant recorded)>;

class Partition {
 public:
  explicit Partition(std::shared_ptr<const Policy> policy, ColdPort* cold = nullptr);
  ~Partition();

  // ---- facts and decisions
  // Judges a decoded fact that arrived at `arrival`; an accepted one is stamped with it.
  // `with_content`: tells conflicts from duplicates (half a microsecond a fact).
  void check(Decoded& decoded, Instant arrival, bool with_content, Judged& out);
  // Takes in a fact that was accepted, before another is checked, another policy adopted, or any
  // entity forgotten. Decisions may lie in between.
  void take(const Decoded& decoded, Judged& out);
  // Remembers its identity only.
  void remember(const Judged& judged);
  // Decides about every entity that accepted something since. Dues after `release` are not
  // announced: entities that have some wait, with all that they have to say (contract §4.9).
  void decide(Instant now, Instant release, const DerivedSink& sink);
  // Fires at most `most` of the entities that are due up to `until`, as known at `now`. True when
  // there are more.
  bool fire(Instant until, Instant now, const DerivedSink& sink, std::size_t most = SIZE_MAX);
  // Entities that wait with what they have to say.
  std::size_t waiting() const { return held_.size(); }
  // When to call `fire` again at the latest: not after the next due in memory, perhaps before it;
  // kNever when nothing is due.
  Instant next_due();

  // The clock was set back: instants from `now` on come again. What fell due is not taken back before
  // something happens to its entity.
  void set_back(Instant now);

  // Told the due of every entity that is fired, before it is decided about.
  void on_fired(std::function<void(Instant due)> tell) { on_fired_ = std::move(tell); }

  // ---- policies
  // From now on new entities follow `policy`; its version is its place in the log's sequence. Those
  // that move to it (contract §11) do so before anything else happens to them; `fire` looks for the
  // ones to which nothing happens.
  void adopt(std::shared_ptr<const Policy> policy);
  // The last version to which all entities that move were moved by `fire`, and which the caller
  // remembers over a restart: it says so by `moved_until` before anything is fired.
  std::int32_t moved_until() const { return sweep_.empty() ? swept_ : before_sweep_; }
  void moved_until(std::int32_t version) { swept_ = version; }
  const Policy& policy() const { return *policy_; }
  std::shared_ptr<const Policy> policy_in_force() const { return policy_; }
  const Policy* policy(std::int32_t version) const;

  // From now on persons are looked up with `roster`; null: as the accounts' facts say.
  void adopt(std::shared_ptr<const Roster> roster) { roster_ = std::move(roster); }
  const std::shared_ptr<const Roster>& roster() const { return roster_; }

  // ---- replay
  // Applies a record of the log: a fact or a derived event. Engine records are the caller's.
  void evolve(const LogEvent& record);
  // The fact that was applied last by it.
  struct Replayed {
    const Fact& fact;
    Hash128 identity;
    std::uint64_t content;
  };
  Replayed replayed() const { return {fact_, replayed_.identity, replayed_.content}; }
  // The derived event that was applied last by it, and whose it is; nulls when the record was none
  // that its entity's policy can name.
  struct ReplayedEvent {
    const Derived* event;
    const Entity* entity;
  };
  ReplayedEvent replayed_event() const {
    if (replayed_entity_ == nullptr) return {nullptr, nullptr};
    return {&replayed_event_, replayed_entity_};
  }
  // Entities that changed by it since `settle`.
  std::size_t evolved() const { return touched_.size(); }
  // After a stretch of `evolve`: what is true as of the last record, and the timers. With `decide`,
  // entities of that stretch are decided about at the next occasion (a new owner makes sure that
  // nothing is left unsaid).
  void settle(Instant as_of, bool decide);
  // What an owner does without a word, for who compares: moves at most `most` entities to the
  // policies in force, as of the last record; true when there are more.
  bool settle_moves(std::size_t most);
  // The same of an entity that fell due: passes what had no effect.
  void settle_due(const EntityName& name);

  // ---- memory
  // Entities changed since the last call, each once; accounts too. Returns this hand-over's
  // number: 1, 2, …
  std::uint64_t take_changes(std::vector<Entity*>& entities, std::vector<Account*>& accounts);
  std::size_t changes() const { return changed_.size(); }
  // Whether something came in about which nothing was decided yet.
  bool has_undecided() const { return !touched_.empty(); }
  // The same, of which the caller looks at the entities later: whoever is to change first is shown to
  // `before_change`, until the caller takes it by `take_owed`. None of them is forgotten meanwhile.
  std::uint64_t owe_changes(std::vector<Entity*>& entities, std::vector<Account*>& accounts);
  // Gets an entity that is owed and is about to change.
  void before_change(std::function<void(Entity&)> tell) { before_change_ = std::move(tell); }
  // False: nothing of it is owed to that hand-over any more.
  static bool take_owed(Entity& entity, std::uint64_t hand_over) {
    if (entity.owed != hand_over) return false;
    entity.owed = 0;
    return true;
  }
  // Puts an entity that falls due before the horizon on the timers; loads it when it is due.
  void expect(Instant due, const std::string& account, const std::string& kind,
              const std::string& id);
  // Dues at or after `horizon` are the due index's business; kNever: all are kept here. Those of
  // entities whose changes were not taken yet, or are among `also`, are in no index and need not be
  // told by `expect`.
  void set_horizon(Instant horizon, const std::vector<Entity*>& also = {});
  // Forgets entities that nothing happened to lately, until at most `most` are in memory; those
  // that fall due before the horizon only when there are a quarter more. Some at a call: a
  // hand-over that brings n entities is followed by O(n) steps, also when none can go. `stored`: the last hand-over that
  // the ColdPort knows of; what changed after it stays.
  void evict(std::size_t most, std::uint64_t stored);
  std::size_t entities_in_memory() const { return entities_.size(); }

  // The entity, loaded when need be; null when there is none.
  Entity* find(const EntityName& name);
  EntityView view(Entity& entity);
  // The same in place of what `out` holds, whose memory is used again.
  void view(Entity& entity, EntityView& out);
  // The entity on whose timeline a fact stands: `duty.completed` on the organisation's.
  EntityHome home_of(const Fact& fact) const;
  // Of those in memory, in no order.
  void each_entity(const std::function<void(Entity&)>& visit);
  const Counters& counters() const { return counters_; }
  Instant due_of(const Entity& entity) const { return entity.next_due; }

 private:
  static constexpr std::size_t kFewFacts = 4;                      // that most entities have
  static constexpr std::size_t kTimersMax = std::size_t{1} << 24;  // entities in memory

  struct Expected {  // of an entity that is not in memory
    Instant due;
    std::string account, kind, id;
    bool operator>(const Expected& o) const { return due > o.due; }
  };

  Account& account(const std::string& name);
  Entity& entity(const EntityName& name);
  // There is none of that name; it lives by the policy in force, which has its kind.
  Entity& make(const EntityName& name);
  // As decided up to `as_of`.
  Entity* load(const EntityName& name, Instant as_of);
  // Sets `key`.
  std::optional<std::uint64_t> seen(std::string_view account, const Hash128& identity,
                                    Hash128& key);
  // The entity on whose timeline a fact of this type stands.
  static EntityName home(const Policy& policy, const TypeRef& type, const Fact& fact);
  // The newest version that knows its type; nulls when none does.
  struct Known {
    const Policy* policy = nullptr;
    const TypeRef* type = nullptr;
  };
  Known who_knows(const Fact& fact) const;
  bool wrong_subject(const Known& known, const Fact& fact) const;
  Reading reading_of(const Known& known, const Fact& fact, std::string_view order);
  // Reads the data by the policy that `reading` names.
  void read_by(const Fact& fact, Judged& judged);
  // An accepted fact becomes part of its entity, with the stamps of its record or, where there is
  // none yet, with those that it gets now.
  void join(const Fact& fact, Judged& judged, const LogEvent* record);
  void stamp(Account& account, Entity& entity, EntityFact& fact, std::string& stamps);
  void take_stamps(Account& account, Entity& entity, EntityFact& fact, const LogEvent& record);
  void note_provisional(Account& account, Entity& entity);
  void take_account_fact(Account& account, const Judged& judged, bool replayed);
  // `replayed`: the instant of the record that brought the tier; kAlways: it comes now.
  void settle_tier(Account& account, Instant replayed);
  void insert(Entity& entity, EntityFact fact);
  void evolve_fact(const LogEvent& record);
  void evolve_derived(const LogEvent& record);
  // Moves it to the policies in force since it was last looked at, where it does.
  void bring_up(Entity& entity);
  void begin_sweep();
  // Decides about at most `most` of those that may move; true when there are more.
  bool sweep(Instant now, const DerivedSink& sink, std::size_t most);
  // Whether a decision at `now` would say something.
  bool owes(const Entity& entity, Instant now) const;
  // Marks the facts that a decision knew, as the log tells. True: there are others, which wait.
  bool count_read(Entity& entity);
  // The same of those that came before `instant`, before something changes how they are read.
  void count_read_before(Entity& entity, Instant instant);
  bool owes_for_tier(const Entity& entity) const;
  void settle_moved(Entity& entity);
  // The truth before `now` by the facts that were read: what the last decision knew; null when it
  // knew none.
  static std::unique_ptr<Before> what_was_known(const Entity& entity, Instant now);
  // Since when an entity waits with what it has to say at `now`.
  static Instant waits_since(const Entity& entity, Instant now);
  void refresh(Entity& entity, Instant now);
  // Its Truth is read anew when it is asked for the next time; `all`: from the first fact.
  static void forget_truth(Entity& entity, bool all);
  // Reads all facts on top of what was read before. Returns what is to be the entity's checkpoint
  // when the decision has been made; null: the one that it has is good enough.
  static std::shared_ptr<Truth> read_truth(Entity& entity);
  void decide_one(Entity& entity, Instant now, Instant release, const DerivedSink& sink);
  // What recurring faults take from an entity, as long as its Truth is read on.
  struct FaultState {
    bool created = false;
    VerbCode ended;
    friend bool operator==(const FaultState&, const FaultState&) = default;
  };
  static FaultState fault_state(const Entity& entity);
  // Keeps its account's openings as the entity's truth says, which was `known` so before. `news`: the
  // fact of which that came.
  void watch_faults(Entity& entity, FaultState known, std::string_view news);
  void watch_faults(Entity& entity, const Truth& truth, const std::vector<EntityFact>& facts,
                    FaultState known, std::string_view news);
  void decide_faults(Account& account, Instant now, const DerivedSink& sink);
  struct Recurring {
    std::string module;
    std::int64_t week = 0;  // the last, by its first instant in ms
    std::vector<std::string> weeks;
    Instant time;
    std::string news;  // the fact that made it so
  };
  void say_fault(Account& account, const Recurring& fault, Instant now, const DerivedSink& sink);
  // `due`: of its clocks; `store`: the new due is a change to be stored.
  void schedule(Entity& entity, Instant due, bool store);
  void put_due(Entity& entity, Instant due);
  void touch(Entity& entity);
  void changed(Entity& entity);
  // Whoever changes an entity calls it before: what is owed of it is its state until then.
  void will_change(Entity& e) {
    if (e.owed != 0) before_change_(e);
  }
  void give_slot(Entity& entity);
  // Loads at most `most`; true when there are more.
  bool bring_expected(Instant until, std::size_t most);

  std::shared_ptr<const Policy> policy_;
  std::map<std::int32_t, std::shared_ptr<const Policy>> policies_;
  std::shared_ptr<const Roster> roster_;
  ColdPort* cold_;
  std::unordered_map<std::string, std::unique_ptr<Account>> accounts_;
  EntitySet entities_;
  struct SeenHash : std::hash<Hash128> {
    using is_avalanching = void;
  };
  boost::unordered_flat_map<Hash128, std::uint64_t, SeenHash> seen_, seen_before_;
  std::vector<Entity*> touched_, changed_, held_, work_;
  Instant last_release_{kAlways};
  std::vector<Account*> fault_accounts_;
  TimerWheel timers_{kTimersMax};
  std::vector<Entity*> slots_;          // by timer
  std::vector<TimerWheel::Slot> free_;  // slots without an entity
  std::function<void(Instant)> on_fired_;
  std::function<void(Entity&)> before_change_;
  std::priority_queue<Expected, std::vector<Expected>, std::greater<>> expected_;
  Instant horizon_{kNever};
  Instant as_of_{kAlways};
  std::vector<EntityHome> sweep_;  // who may move to a policy and was not looked at
  Instant sweep_from_{kNever};     // when that policy took force
  bool sweep_due_ = false;         // a policy took force: they were not gathered yet
  std::int32_t swept_ = 0, before_sweep_ = 0;
  std::uint64_t hand_overs_ = 0;
  std::uint64_t made_ = 0;  // entities, so far
  std::size_t hand_ = 0;    // of `evict`, on slots_
  std::size_t may_look_ = 0,
              known_ = 0;  // of `evict`: steps that it may go, entities at its last call
  Fact fact_;              // read back last
  Judged replayed_;        // and what became of it
  Derived replayed_event_;
  DecisionReader decisions_;                 // read back
  const Entity* replayed_entity_ = nullptr;  // null: the record was no such event
  std::vector<Derived> derived_;             // of the decision that is being made
  std::vector<const Derived*> told_;
  Counters counters_;
};

// Who plays a role, by the account's facts and the roster.
class AccountRoles : public RoleBook {
 public:
  AccountRoles(const Account& account, const Policy& policy, const Roster* roster)
      : account_(account), policy_(policy), roster_(roster) {}
  void persons(RoleCode role, Instant at, Persons& out) const override;
  std::string_view person(std::string_view word) const override;
  bool is_away(std::string_view person, Instant at) const override;
  void on_call(RoleCode role, Instant at, Persons& out) const override;
  void last_resort(Instant at, Persons& out) const override;
  std::string_view account_name() const override { return account_.title; }

 private:
  const Account& account_;
  const Policy& policy_;
  const Roster* roster_;
};

// source NUL sequence NUL id: what breaks ties of time.
void set_order(std::string& order, const Fact& fact);

// Whether `a` comes before `b` among the facts of an entity created at `created`.
bool comes_before(const EntityFact& a, const EntityFact& b, Instant created);
// Facts of an entity of which some were taken out: perhaps another creates now, and so the order is
// another, and by which policy they count.
void put_in_order(const Entity& entity, std::vector<EntityFact>& facts,
                  std::size_t moves = SIZE_MAX);

}  // namespace tocsin
