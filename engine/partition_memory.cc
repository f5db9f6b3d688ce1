// What a Partition keeps in memory, and how it follows the log without deciding.
#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <utility>

#include "engine/entity/entity_codec.h"
#include "engine/entity/follow.h"
#include "engine/partition.h"
#include "engine/said/derived.h"
#include "engine/said/escalate.h"
#include "engine/said/group_steps.h"
#include "engine/views.h"

namespace tocsin {

namespace {

constexpr std::size_t kSeenInMemory = 1 << 20;  // identities, with a store behind

constexpr std::size_t kUndecidedMax = 64;  // facts since the last word, told apart

// Whether something is true of its clocks that was not announced.
bool has_unsaid(const Entity& e, const Truth& truth) {
  if (truth.is_behind() && !truth.foretold()) return false;  // in the words of two policies
  return std::any_of(truth.cycles.begin(), truth.cycles.end(), [&](const Cycle& cycle) {
    const SaidCycle* said = find_said(e, cycle.clock, cycle.number);
    if (said == nullptr || said->gone) return true;
    for (const ThresholdCode i : kThresholds) {
      const Threshold& th = cycle.thresholds[i];
      if (!th.exists) continue;
      // Of a breach without an instant only its stop says so.
      if (th.verdict == Verdict::kBreached && th.breached_at != kNever &&
          !said->thresholds[i].breached)
        return true;
      if (owes_warning(cycle, th, said->thresholds[i])) return true;
    }
    return false;
  });
}

// Whether its last move is to be told yet.
bool has_news_of_move(const Entity& e) { return !e.moves.empty() && !e.moves.back().read; }

// Whether a decision takes this fact into account: not one that waits for its entity's creation.
bool is_known(const Entity& e, const EntityFact& fact) {
  return Truth::creation(e.facts) != kNever || counts_uncreated(e, fact);
}

// Whether some fact waits to be decided about.
bool waits(const Entity& e) {
  return std::any_of(e.facts.begin(), e.facts.end(),
                     [&](const EntityFact& fact) { return !fact.read && is_known(e, fact); });
}

}  // namespace

// ---- finding and keeping -----------------------------------------------------------------------

Account& Partition::account(const std::string& name) {
  auto& slot = accounts_[name];
  if (slot) return *slot;
  slot = std::make_unique<Account>();
  slot->name = name;
  if (cold_ != nullptr) {
    const PieceLoader load = [this](std::string_view piece) { return cold_->load_account(piece); };
    if (const auto bytes = load(name)) decode_account(*bytes, load, *slot);
  }
  return *slot;
}

// Who finds an entity may change it.
Entity* Partition::find(const EntityName& name) {
  if (Entity* found = entities_.find(name)) {
    will_change(*found);
    return found;
  }
  return cold_ == nullptr ? nullptr : load(name, as_of_);
}

Entity* Partition::load(const EntityName& name, Instant as_of) {
  const auto bytes = cold_->load_entity(name.account, name.kind, name.id);
  if (!bytes) return nullptr;
  auto e = std::make_unique<Entity>();
  e->account = name.account;
  e->id = name.id;
  e->owner = &account(e->account);
  e->listed = true;
  give_slot(*e);
  decode_entity(
      *bytes, [this](std::int32_t version) { return policy(version); }, *e);
  ++counters_.loaded;
  Entity& loaded = entities_.add(std::move(e));
  loaded.said_at = loaded.told_at;
  const bool news = has_news_of_move(loaded);
  const Instant moved = loaded.moves.empty() ? kAlways : loaded.moves.back().at;
  const Instant until = std::max({as_of, loaded.told_at, news ? kAlways : moved});
  refresh(loaded, until);
  if (waits(loaded)) {  // that is news to the next decision
    put_due(loaded, waits_since(loaded, until));
    forget_truth(loaded, false);
  }
  if (news) {  // what it brought is to be said yet
    put_due(loaded, std::min(loaded.next_due, moved));
    forget_truth(loaded, false);
  }
  return &loaded;
}

Entity& Partition::entity(const EntityName& name) {
  Entity* found = find(name);
  return found != nullptr ? *found : make(name);
}

Entity& Partition::make(const EntityName& name) {
  const KindSpec* kind = policy_->kind_named(name.kind);
  CHECK(kind != nullptr);
  auto e = std::make_unique<Entity>();
  e->account = name.account;
  e->id = name.id;
  e->owner = &account(e->account);
  e->policy = policy_.get();
  give_slot(*e);
  e->kind = policy_->code_of(*kind);
  ++made_;
  e->moves_known = e->looked_at = policy_->version;
  return entities_.add(std::move(e));
}

std::optional<std::uint64_t> Partition::seen(std::string_view account_name, const Hash128& identity,
                                             Hash128& key) {
  key = hash128(account_name, identity);
  for (const auto* map : {&seen_, &seen_before_}) {
    const auto it = map->find(key);
    if (it != map->end()) return it->second;
  }
  return cold_ == nullptr ? std::nullopt : cold_->seen(account_name, identity);
}

void Partition::remember(const Judged& judged) {
  if (cold_ != nullptr && seen_.size() >= kSeenInMemory) {
    seen_before_.swap(seen_);
    seen_.clear();
  }
  seen_.emplace(judged.seen_key, judged.content);
}

void Partition::changed(Entity& e) {
  CHECK(e.owed == 0);  // who changes an entity says so before
  e.used = true;
  if (e.changed) return;
  e.changed = true;
  changed_.push_back(&e);
}

std::uint64_t Partition::take_changes(std::vector<Entity*>& entities,
                                      std::vector<Account*>& accounts) {
  entities.swap(changed_);
  changed_.clear();
  ++hand_overs_;
  for (Entity* e : entities) {
    e->changed = false;
    e->taken = hand_overs_;
    if (!e->owner->changed) continue;
    e->owner->changed = false;
    accounts.push_back(e->owner);
  }
  return hand_overs_;
}

std::uint64_t Partition::owe_changes(std::vector<Entity*>& entities,
                                     std::vector<Account*>& accounts) {
  const std::uint64_t hand_over = take_changes(entities, accounts);
  for (Entity* e : entities) e->owed = hand_over;
  return hand_over;
}

void Partition::expect(Instant due, const std::string& account_name, const std::string& kind,
                       const std::string& id) {
  if (const Entity* e = entities_.find({account_name, kind, id})) {
    if (e->next_due == due) timers_.reschedule(e->slot, due);
    return;
  }
  expected_.push({due, account_name, kind, id});
}

void Partition::set_horizon(Instant horizon, const std::vector<Entity*>& also) {
  horizon_ = horizon;
  const auto time = [&](const std::vector<Entity*>& entities) {
    for (const Entity* e : entities) {
      if (e->next_due < horizon && !timers_.scheduled(e->slot))
        timers_.schedule(e->slot, e->next_due);
    }
  };
  time(changed_);
  time(also);
}

// A hand goes round the slots and forgets whom nothing happened to since it came by last. Each entity
// that came and each that went lets it go some steps farther, and each call a few, so that no call
// takes long, however many cannot go.
void Partition::evict(std::size_t most, std::uint64_t stored) {
  constexpr std::size_t kEachCall = 1024, kEachThatCame = 16, kEachThatWent = 16;
  const std::size_t came = entities_.size() - std::min(entities_.size(), known_);
  known_ = entities_.size();
  if (cold_ == nullptr || entities_.size() <= most) {
    may_look_ = 0;
    return;
  }
  const std::size_t too_many = entities_.size() - most;
  const bool also_due_soon = too_many > most / 4;
  may_look_ = std::min(may_look_ + kEachCall + kEachThatCame * came, 2 * slots_.size());
  for (; may_look_ > 0 && entities_.size() > most; --may_look_) {
    hand_ = hand_ + 1 < slots_.size() ? hand_ + 1 : 0;
    Entity* const e = slots_[hand_];
    if (e == nullptr || e->touched || e->changed || e->held || e->taken > stored) continue;
    if (std::exchange(e->used, false) || (timers_.scheduled(e->slot) && !also_due_soon)) continue;
    if (e->next_due < horizon_) expected_.push({e->next_due, e->account, e->spec().name, e->id});
    timers_.cancel(e->slot);
    free_.push_back(e->slot);
    slots_[hand_] = nullptr;
    entities_.erase(*e);
    ++counters_.evicted;
    may_look_ += kEachThatWent;
  }
  known_ = entities_.size();
}

// ---- following the log -------------------------------------------------------------------------

void Partition::set_back(Instant now) {
  as_of_ = std::min(as_of_, now);
  // A wheel only turns forwards: a new one stands before everything.
  std::destroy_at(&timers_);
  std::construct_at(&timers_, kTimersMax);
  for (Entity* e : slots_) {
    if (e != nullptr && e->next_due < horizon_) timers_.schedule(e->slot, e->next_due);
  }
}

// Its cost is a decision's; asked only of entities that may wait.
bool Partition::owes(const Entity& e, Instant now) const {
  Entity copy = e;
  Truth truth(e);
  truth.read(copy.facts);
  if (!truth.created && copy.groups.empty()) return false;
  truth.come_to(copy.facts, now);
  count_as_decided(copy, truth);  // compare everything, state nothing
  std::vector<Derived> out;
  const AccountRoles roles(*e.owner, *e.policy, roster_.get());
  Announcement a{copy, truth, nullptr, *e.policy, roles, now, out};
  announce(a);
  return !out.empty();
}

// All facts before the last word about it, and those since about which there was nothing to say when
// they came: who has something to say and does not waits, and so do the facts.
bool Partition::count_read(Entity& e) {
  using Arrival = std::pair<std::int32_t, Instant>;
  std::vector<Arrival> since;
  // What arrived before its last move was decided about then, if not before; that may be still to come.
  const bool has_moved = !e.moves.empty() && e.moves.back().at <= as_of_;
  const Instant moved = has_moved ? e.moves.back().at : kAlways;
  const auto arrival = [&](const EntityFact& fact) {
    return Arrival{fact.arrival, std::max(fact.recorded, moved)};
  };
  const auto count = [&](const Entity& as_it_was, const Arrival& until) {
    for (EntityFact& fact : e.facts)
      fact.read = fact.read || (is_known(as_it_was, fact) && arrival(fact) <= until);
  };
  count(e, {e.told, kNever});
  for (const EntityFact& fact : e.facts) {
    if (!fact.read && is_known(e, fact)) since.push_back(arrival(fact));
  }
  if (since.empty()) return false;
  std::sort(since.begin(), since.end());
  if (!owes(e, since.back().second)) {
    count(e, since.back());
    return false;
  }
  // From one decision to the next, as they came.
  if (since.size() > kUndecidedMax) {
    count(e, since[since.size() - kUndecidedMax - 1]);
    since.erase(since.begin(), since.end() - kUndecidedMax);
  }
  for (std::size_t i = 0; i < since.size(); ++i) {
    if (i + 1 < since.size() && since[i + 1].second == since[i].second) continue;
    Entity then = e;
    std::erase_if(then.facts,
                  [&](const EntityFact& fact) { return !fact.read && arrival(fact) > since[i]; });
    put_in_order(then, then.facts);
    if (!owes(then, since[i].second)) count(then, since[i]);
  }
  return waits(e);
}

void Partition::count_read_before(Entity& e, Instant instant) {
  const auto later = [&](const EntityFact& fact) { return !fact.read && fact.recorded >= instant; };
  if (std::none_of(e.facts.begin(), e.facts.end(),
                   [&](const EntityFact& fact) { return !fact.read && !later(fact); }))
    return;
  Entity then = e;
  std::erase_if(then.facts, later);
  put_in_order(then, then.facts);
  count_read(then);
  boost::unordered_flat_set<std::string_view> decided;
  for (const EntityFact& fact : then.facts) {
    if (fact.read) decided.insert(fact.words.order());
  }
  for (EntityFact& fact : e.facts) fact.read = fact.read || decided.contains(fact.words.order());
}

// Whether the tier that ended a guess gave a decision something to say that the log does not hold. What
// came before its last move was decided about then, if not before.
bool Partition::owes_for_tier(const Entity& e) const {
  Entity then = e;
  const Instant moved = e.moves.empty() ? kAlways : e.moves.back().at;
  const Instant at = moved <= as_of_ ? std::max(e.owner->settled_at, moved) : e.owner->settled_at;
  std::erase_if(then.facts, [&](const EntityFact& fact) { return fact.recorded > at; });
  put_in_order(then, then.facts);
  return owes(then, at);
}

// The first due or step that was not said; else the newest fact that no decision knows.
Instant Partition::waits_since(const Entity& e, Instant now) {
  Truth truth(e);
  truth.read(e.facts);
  if (!truth.created) return now;
  const auto unsaid = [&](Instant due) { return due > e.told_at && has_unsaid(e, truth); };
  if (unsaid(truth.fired)) return std::min(truth.fired, next_step(e, truth));
  for (Instant due = truth.next_due(); due <= now; due = truth.next_due()) {
    truth.advance(e.facts, due);
    if (unsaid(due)) return std::min(due, next_step(e, truth));
  }
  truth.foretell();
  if (unsaid(truth.fired)) return std::min(truth.fired, next_step(e, truth));
  if (const Instant step = next_step(e, truth); step <= now) return step;
  Instant newest = kAlways;
  for (const EntityFact& fact : e.facts) {
    if (!fact.read) newest = std::max(newest, fact.recorded);
  }
  return newest == kAlways ? now : newest;
}

void Partition::refresh(Entity& e, Instant now) {
  // Where the clock was set back, what was said before stays true until the next decision about it.
  now = std::max(now, e.told_at);
  if (e.truth && e.truth->foretold()) forget_truth(e, false);
  if (!e.truth) e.truth = std::make_shared<Truth>(e);
  e.truth->read(e.facts);
  const Instant due = e.truth->come_to(e.facts, now);
  count_as_decided(e, *e.truth);
  e.next_due = kNever;
  schedule(e, due, false);
  // What fell due after the last word about it was held back or lost with its owner: it is due
  // still.
  if (e.truth->fired > e.said_at && has_unsaid(e, *e.truth)) put_due(e, waits_since(e, now));
}

void Partition::settle_due(const EntityName& name) {
  Entity* e = find(name);
  if (e == nullptr || waits(*e)) return;
  if (has_news_of_move(*e)) {
    settle_moved(*e);
    if (has_news_of_move(*e)) return;
    changed(*e);
  }
  const Instant due = e->next_due;
  refresh(*e, as_of_);
  if (e->next_due != due) changed(*e);
}

void Partition::evolve(const LogEvent& record) {
  as_of_ = record.decided;
  if (record.is_fact()) {
    evolve_fact(record);
  } else {
    evolve_derived(record);
  }
}

void Partition::evolve_derived(const LogEvent& record) {
  replayed_entity_ = nullptr;
  const EntityName name{record.account, kind_in(record), record.subject};
  if (policy_->kind_named(name.kind) == nullptr) return;  // no version has it
  Entity& e = entity(name);
  bring_up(e);
  Derived& event = replayed_event_;
  if (!decode(record, *e.policy, e.spec(), event)) return;
  if (event.type == DerivedType::kFaultRecurring) {
    const Instant week = e.policy->working().period_at(event.time, PeriodKind::kWeek).begin;
    e.owner->faults_said.emplace(std::string(event.reason), week.ms);
    e.owner->changed = true;
  }
  decisions_.take(e, event, record.decided);
  replayed_entity_ = &e;
  e.said_at = e.told_at = record.decided;
  e.told = e.arrivals;
  e.retiered = false;
  touch(e);
}

void Partition::evolve_fact(const LogEvent& record) {
  to_fact(record, fact_);
  replayed_.identity = identity_hash(fact_.source, fact_.id);
  replayed_.content = content_hash(fact_);
  if (cold_ == nullptr) replayed_.seen_key = hash128(fact_.account, replayed_.identity);
  replayed_.entity = nullptr;
  set_order(replayed_.order, fact_);
  replayed_.reading = reading_of(who_knows(fact_), fact_, replayed_.order);
  if (replayed_.reading.policy != nullptr) read_by(fact_, replayed_);
  join(fact_, replayed_, &record);
  if (replayed_.entity == nullptr) return;
  Entity& e = *replayed_.entity;
  if (e.said_at > as_of_) e.said_at = {as_of_.ms - 1};  // the clock was set back
}

void Partition::settle(Instant as_of, bool decide) {
  as_of_ = as_of;
  std::vector<Entity*> work;
  work.swap(touched_);
  for (Entity* e : work) {
    bring_up(*e);
    e->touched = false;
    const FaultState known = fault_state(*e);
    const bool is_held = count_read(*e);
    if (e->retiered) e->retiered = owes_for_tier(*e);
    refresh(*e, as_of_);
    if (is_held) {  // its owner held it; whoever decides next must look at it, whatever falls due
      if (const auto before = what_was_known(*e, as_of_))
        watch_faults(*e, before->truth, before->facts, known, {});
      put_due(*e, waits_since(*e, as_of_));
      forget_truth(*e, false);
    } else {
      watch_faults(*e, known, {});
    }
    settle_moved(*e);
    if (decide) touch(*e);
  }
  for (Account* owner : fault_accounts_) owner->faults_changed.clear();
  fault_accounts_.clear();
}

// Whether what another policy brought was said. Who has nothing to say was decided about.
void Partition::settle_moved(Entity& e) {
  const auto told = [&](const PolicyMove& move) { return move.read || e.told_at > move.at; };
  for (PolicyMove& move : e.moves) move.read = told(move);
  if (!has_news_of_move(e)) return;
  if (owes(e, std::max(as_of_, e.told_at))) {
    put_due(e, std::min(e.next_due, e.moves.back().at));
    forget_truth(e, false);
  } else {
    for (PolicyMove& move : e.moves) move.read = move.at <= as_of_;
    if (e.truth) {
      for (TruthMove& move : e.truth->moves) move.read = move.at <= as_of_;
    }
  }
}

void Partition::view(Entity& e, EntityView& out) {
  const AccountRoles roles(*e.owner, *e.policy, roster_.get());
  if (e.truth) return make_view(e, *e.truth, roles, out);
  Truth truth(e);  // it waits: to its next decision nothing of this is known
  truth.read(e.facts);
  truth.come_to(e.facts, std::max(as_of_, e.told_at));
  make_view(e, truth, roles, out);
}

EntityView Partition::view(Entity& e) {
  EntityView out;
  view(e, out);
  return out;
}

void Partition::each_entity(const std::function<void(Entity&)>& visit) { entities_.each(visit); }

}  // namespace tocsin
