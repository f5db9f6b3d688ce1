// One partition of the log: its accounts and entities, what it accepts, and what it decides.
//
// The one sentence of the product runs through here: a fact is judged and accepted once, joins its
// entity, a decision turns the difference between what is true and what was said into derived
// events, and the next due instant goes to the timers.
//
// Promises
//  1. The same records in the same order, with the same instants, give the same decisions.
//  2. `accept` changes nothing when it refuses. `decide` and `fire` say everything that there is to
//     say at their instant, each event once.
//  3. Facts of one arrival instant are read together: accept all, then decide.
//
// The caller gives instants that never go back, and writes what it is given to the log before it
// tells anybody. Not thread safe. Cost: in-order facts O(clocks); a late fact reads its entity anew.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/announce.h"
#include "engine/data_read.h"
#include "engine/entity.h"
#include "engine/policy.h"
#include "engine/truth.h"
#include "engine/view.h"
#include "events/codec.h"
#include "events/hash.h"

namespace tocsin {

enum class Outcome : std::uint8_t { kAccepted, kDuplicate, kConflict, kRejected };

struct Judged {
  Outcome outcome = Outcome::kAccepted;
  std::string reason;         // when rejected
  Entity* entity = nullptr;   // when accepted and the policy mentions its type
  std::string stamps;         // when accepted: members for the log record
};

struct Counters {
  std::int64_t accepted = 0, duplicates = 0, conflicts = 0, rejected = 0, plain = 0, waiting = 0,
               provisional = 0, late = 0, decisions = 0, derived = 0;
};

// A person or list of persons that plays a role for an account, by the last fact that says so.
struct RoleHolder {
  Instant time;
  std::string order;
  std::vector<std::string> persons;
};

struct Account {
  std::string name;
  Instant tier_time{kAlways};
  std::string tier_order;
  std::int16_t tier = kNone;  // of the last `tiered` accepted so far
  std::unordered_map<std::string, RoleHolder> roles;
  std::vector<Entity*> provisional;
  std::unordered_map<std::string, std::unique_ptr<Entity>> entities;  // by `kind/id`
  // Recurring faults: module → first instant of the week → (opening, entity).
  std::map<std::string, std::map<std::int64_t, std::set<std::pair<std::int64_t, std::string>>>> faults;
  std::set<std::pair<std::string, std::int64_t>> faults_said;
  std::set<std::string> faults_changed;  // modules to look at again
};

using DerivedSink = std::function<void(const Entity&, const Policy&, const Derived&, Instant recorded)>;

class Partition {
 public:
  explicit Partition(std::shared_ptr<const Policy> policy);
  ~Partition();

  // Judges a decoded fact that arrived at `arrival`. Changes no state; an accepted fact is stamped
  // with its arrival. `with_content`: tells conflicts from duplicates (half a microsecond a fact).
  void check(Decoded& decoded, Instant arrival, bool with_content, Judged& out);
  // Takes in the fact that was checked last and accepted.
  void take(const Decoded& decoded, Judged& out);
  // Remembers its identity only.
  void remember(const Decoded& decoded);

  // Decides about every entity that accepted something since.
  void decide(Instant now, const DerivedSink& sink);
  // Fires what is due up to and including `now`, as known at `now`.
  void fire(Instant now, const DerivedSink& sink);
  // The next instant at which something is due; kNever when nothing is.
  Instant next_due();

  EntityView view(const Entity& entity) const;
  void each_account(const std::function<void(const Account&)>& visit) const;
  const Policy& policy() const { return *policy_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Timer {
    Instant due;
    std::uint64_t order;
    Entity* entity;
    bool operator>(const Timer& o) const { return due != o.due ? due > o.due : order > o.order; }
  };

  Account& account(const std::string& name);
  Entity& entity(Account& account, std::int16_t kind, const std::string& id);
  void stamp(Account& account, Entity& entity, EntityFact& fact, std::string& stamps);
  void take_account_fact(Account& account, const KindSpec& kind, const ReadData& data);
  void insert(Entity& entity, EntityFact fact);
  void decide_one(Entity& entity, Instant now, const DerivedSink& sink);
  void watch_faults(Account& account, const Entity& entity);
  void decide_faults(Account& account, Instant now, const DerivedSink& sink);
  void schedule(Entity& entity);
  void touch(Entity& entity);

  std::shared_ptr<const Policy> policy_;
  std::unordered_map<std::string, std::unique_ptr<Account>> accounts_;
  std::unordered_map<Hash128, std::uint64_t> seen_;
  std::vector<Entity*> touched_;
  std::vector<Account*> fault_accounts_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::uint64_t timer_order_ = 0;
  ReadData data_;                 // of the fact checked last
  const TypeRef* type_ = nullptr;
  Hash128 identity_;
  std::uint64_t content_ = 0;
  std::vector<Derived> derived_;
  Counters counters_;
};

// Whether `a` comes before `b` among the facts of an entity created at `created`.
bool comes_before(const EntityFact& a, const EntityFact& b, Instant created);

}  // namespace tocsin
