#include "engine/partition.h"

#include <algorithm>

#include "engine/entity/follow.h"
#include "engine/fetch_ahead.h"
#include "engine/policy/translate.h"
#include "engine/said/escalate.h"
#include "engine/said/group_steps.h"

namespace tocsin {

namespace {

// Facts of one entity after which its Truth is kept, so that a late one reads no more than twice as
// many anew.
constexpr std::size_t kCheckpointFacts = 1024;

// With what was told of its moves since.
Truth at_checkpoint(const Entity& e) {
  Truth truth = *e.checkpoint;
  for (std::size_t i = 0; i < truth.moves.size(); ++i) truth.moves[i].read = e.moves[i].read;
  truth.cadences = e.cadences;
  return truth;
}

// Whether only new entities live by it.
bool moves_nobody(const Policy& policy) {
  return !policy.to_open && std::none_of(policy.kinds.begin(), policy.kinds.end(),
                                         [](const KindSpec& kind) { return kind.has_periods; });
}

}  // namespace

void AccountRoles::persons(RoleCode role, Instant at, Persons& out) const {
  static const std::vector<std::string> nobody;
  const std::string& name = policy_.roles[role];
  const auto it = account_.roles.find(name);
  const auto& persons = it == account_.roles.end() ? nobody : it->second.persons;
  if (roster_ != nullptr) {
    roster_->resolve(name, persons, at, out);
  } else {
    out.insert(out.end(), persons.begin(), persons.end());
  }
}

std::string_view AccountRoles::person(std::string_view word) const {
  return roster_ == nullptr ? word : roster_->id_of(word);
}

bool AccountRoles::is_away(std::string_view person, Instant at) const {
  return roster_ != nullptr && roster_->is_away(person, at);
}

void AccountRoles::on_call(RoleCode role, Instant at, Persons& out) const {
  if (roster_ != nullptr) roster_->on_call(policy_.roles[role], at, out);
}

void AccountRoles::last_resort(Instant at, Persons& out) const {
  if (roster_ != nullptr) roster_->everybodys_last_resort(at, out);
}

void set_order(std::string& order, const Fact& fact) {
  order.assign(fact.source).push_back('\0');
  order.append(fact.sequence).push_back('\0');
  order.append(fact.id);
}

bool comes_before(const EntityFact& a, const EntityFact& b, Instant created) {
  const Instant ea = std::max(a.time, created), eb = std::max(b.time, created);
  if (ea != eb) return ea < eb;
  if (a.creates != b.creates) return a.creates;
  if (a.time != b.time) return a.time < b.time;
  return a.words.order() < b.words.order();
}

void put_in_order(const Entity& e, std::vector<EntityFact>& facts, std::size_t moves) {
  Instant created = kNever;
  for (const EntityFact& fact : facts) {
    if (fact.creates) created = std::min(created, fact.time);
  }
  std::sort(facts.begin(), facts.end(),
            [&](const EntityFact& a, const EntityFact& b) { return comes_before(a, b, created); });
  if (!e.moves.empty()) read_anew(e, facts, moves);
}

Partition::Partition(std::shared_ptr<const Policy> policy, ColdPort* cold) : cold_(cold) {
  adopt(std::move(policy));
}
Partition::~Partition() = default;

// ---- deciding ----------------------------------------------------------------------------------

void Partition::touch(Entity& target) {
  will_change(target);
  changed(target);
  if (target.touched) return;
  target.touched = true;
  touched_.push_back(&target);
}

std::unique_ptr<Before> Partition::what_was_known(const Entity& e, Instant now) {
  const auto read = [](const EntityFact& fact) { return fact.read; };
  if (std::none_of(e.facts.begin(), e.facts.end(), read)) return nullptr;
  auto before = std::make_unique<Before>(e);
  if (e.checkpoint) before->truth = at_checkpoint(e);  // its facts were read, the same in both
  std::copy_if(e.facts.begin(), e.facts.end(), std::back_inserter(before->facts), read);
  // By the moves that were known: before->read leaves the others out.
  const auto news = std::find_if(e.moves.begin(), e.moves.end(),
                                 [](const PolicyMove& move) { return !move.read; });
  put_in_order(e, before->facts, static_cast<std::size_t>(news - e.moves.begin()));
  before->read(now);
  return before;
}

void Partition::decide(Instant now, Instant release, const DerivedSink& sink) {
  if (release > last_release_ || release >= now) {  // those that waited are looked at again
    for (Entity* e : held_) {
      e->held = false;
      touch(*e);
    }
    held_.clear();
    last_release_ = release;
  }
  work_.swap(touched_);
  for (std::size_t i = 0; i < work_.size(); ++i) {
    fetch_ahead(work_, i);
    work_[i]->touched = false;
    decide_one(*work_[i], now, release, sink);
  }
  work_.clear();
  for (std::size_t i = 0; i < fault_accounts_.size(); ++i)
    decide_faults(*fault_accounts_[i], now, sink);
  fault_accounts_.clear();
}

void Partition::decide_one(Entity& e, Instant now, Instant release, const DerivedSink& sink) {
  ++counters_.decisions;
  will_change(e);
  bring_up(e);
  std::unique_ptr<Before> before;
  const FaultState known = fault_state(e);
  // The clock was set back since it was read.
  if (e.truth && (e.truth->foretold() || e.truth->fired > now)) forget_truth(e, false);
  if (!e.truth) before = what_was_known(e, now);
  const std::shared_ptr<Truth> kept = read_truth(e);
  if (!e.truth->created && e.groups.empty()) {
    // It waits for its creation; what counts without one is read, as a replay takes it.
    for (EntityFact& fact : e.facts) fact.read = fact.read || counts_uncreated(e, fact);
    return;
  }
  const Instant due = e.truth->come_to(e.facts, now);
  // It waits for what may still be unread. Who has nothing to say does not, so that the log tells
  // what was known when.
  if (release < now && e.truth->fired > release && owes(e, now)) {
    // The due index brings it back should this owner not live to say it.
    put_due(e, waits_since(e, now));
    changed(e);
    forget_truth(e, false);
    if (!e.held) held_.push_back(&e);
    e.held = true;
    return;
  }
  e.said_at = now;
  derived_.clear();
  const bool knew_move = e.moves.empty() || e.moves.back().read;
  const AccountRoles roles(*e.owner, *e.policy, roster_.get());
  Announcement a{e, *e.truth, before.get(), *e.policy, roles, now, derived_};
  announce(a);
  if (kept) {
    count_as_decided(e, *kept);
    e.checkpoint = kept;
  }
  counters_.derived += static_cast<std::int64_t>(derived_.size());
  if (!derived_.empty()) e.told_at = now;
  if (!derived_.empty() || knew_move != (e.moves.empty() || e.moves.back().read)) changed(e);
  in_order_told(derived_, told_);
  for (const Derived* event : told_) sink(e, *event, now);
  watch_faults(e, known, a.news);
  schedule(e, due, true);
}

void Partition::forget_truth(Entity& e, bool all) {
  e.truth.reset();
  if (all) e.checkpoint.reset();
}

std::shared_ptr<Truth> Partition::read_truth(Entity& e) {
  if (!e.truth) e.truth = std::make_shared<Truth>(e.checkpoint ? at_checkpoint(e) : Truth(e));
  std::shared_ptr<Truth> kept;
  const std::size_t facts = e.facts.size();
  if (e.truth->position + 2 * kCheckpointFacts < facts) {
    e.truth->read(e.facts, facts - kCheckpointFacts - e.truth->position);
    kept = std::make_shared<Truth>(*e.truth);
  }
  e.truth->read(e.facts);
  return kept;
}

void Partition::schedule(Entity& e, Instant due, bool store) {
  due = std::min(due, next_step(e, *e.truth));
  if (due == e.next_due) return;
  if (store) changed(e);
  put_due(e, due);
}

void Partition::put_due(Entity& e, Instant due) {
  e.next_due = due;
  timers_.cancel(e.slot);
  if (due < horizon_) timers_.schedule(e.slot, due);
}

void Partition::give_slot(Entity& e) {
  if (free_.empty()) {
    e.slot = static_cast<TimerWheel::Slot>(slots_.size());
    slots_.push_back(&e);
  } else {
    e.slot = free_.back();
    free_.pop_back();
    slots_[e.slot] = &e;
  }
}

bool Partition::bring_expected(Instant until, std::size_t most) {
  for (std::size_t n = 0; !expected_.empty() && expected_.top().due <= until; ++n) {
    if (n == most) return true;
    const Expected next = expected_.top();
    expected_.pop();
    // Loading puts it on the timers: as of just before its due, up to which everything was said.
    const EntityName name{next.account, next.kind, next.id};
    if (entities_.find(name) != nullptr) continue;
    Entity* e = load(name, next.due == kAlways ? kAlways : Instant{next.due.ms - 1});
    if (e != nullptr && e->next_due > next.due) put_due(*e, next.due);  // it waits with something
  }
  return false;
}

Instant Partition::next_due() {
  Instant next = timers_.next();
  if (!expected_.empty()) next = std::min(next, expected_.top().due);
  if (sweep_due_ || !sweep_.empty()) next = std::min(next, sweep_from_);
  return next;
}

bool Partition::fire(Instant until, Instant now, const DerivedSink& sink, std::size_t most) {
  if (sweep_from_ <= now && sweep(now, sink, most)) return true;
  const bool more = bring_expected(until, most);
  const bool fired = timers_.advance(
      until,
      [&](TimerWheel::Slot slot, Instant due) {
        CHECK(due <= until && slot < slots_.size() &&
              slots_[slot] != nullptr);  // a timer fires when it is due, of an entity in memory
        Entity& e = *slots_[slot];
        will_change(e);
        e.next_due = kNever;
        fetch_ahead([this](std::size_t n) -> const Entity* {
          const auto next = timers_.coming(n - 1);
          return next ? slots_[*next] : nullptr;
        });
        if (on_fired_) on_fired_(due);
        decide_one(e, now, now, sink);
      },
      most);
  return fired || more;
}

void Partition::adopt(std::shared_ptr<const Policy> policy) {
  if (policies_.contains(policy->version) && policy->version > 0) return;
  // Version 0 is in force only until the log says otherwise: nobody lives by it then.
  const bool first = policy_ == nullptr || policy_->version == 0;
  policy_ = remembering(*policy, first ? nullptr : policy_);
  policies_[policy_->version] = policy_;
  sweep_from_ = policy_->in_force_from;
  sweep_due_ = policy_->version > 1;
}

// ---- moving to another policy ------------------------------------------------------------------

void Partition::bring_up(Entity& e) {
  if (e.looked_at >= policy_->version) return;
  e.looked_at = policy_->version;
  for (auto it = policies_.upper_bound(e.moves_known); it != policies_.end(); ++it) {
    const Policy& to = *it->second;
    if (to.version <= e.policy->version || !concerns(e.spec(), to)) continue;
    const bool moves = moves_to(e, to);
    e.moves_known = to.version;
    changed(e);
    if (!moves && e.spec().has_periods && Truth::creation(e.facts) != kNever) {
      e.cadences.push_back({to.in_force_from, &to});
      if (e.checkpoint && e.checkpoint->fired >= to.in_force_from) e.checkpoint.reset();
      if (e.truth && e.truth->fired >= to.in_force_from) {  // the clock was set back
        forget_truth(e, false);
        touch(e);
      }
      if (e.truth) e.truth->cadences = e.cadences;  // no period began since
    }
    if (!moves) continue;
    move(e, to, to.in_force_from);
    e.said_at = std::min(e.said_at, Instant{to.in_force_from.ms - 1});
    forget_truth(e, true);
    touch(e);
  }
}

void Partition::begin_sweep() {
  sweep_due_ = false;
  before_sweep_ = swept_;
  bool wanted = false, open = false;
  for (auto it = policies_.upper_bound(std::max(swept_, 1)); it != policies_.end(); ++it) {
    wanted = wanted || !moves_nobody(*it->second);
    open = open || it->second->to_open;
  }
  swept_ = policy_->version;
  sweep_.clear();
  if (!wanted) return;
  const auto may_move = [&](std::string_view kind) {
    const KindSpec* spec = policy_->kind_named(kind);
    return spec != nullptr && (open || spec->has_periods);
  };
  entities_.each([&](const Entity& e) {
    if (e.moves_known < policy_->version && may_move(e.spec().name))
      sweep_.push_back({e.account, e.spec().name, e.id});
  });
  if (cold_ == nullptr) return;
  cold_->each_entity([&](std::string_view account, std::string_view kind, std::string_view id) {
    if (may_move(kind) && entities_.find({account, kind, id}) == nullptr)
      sweep_.push_back({std::string(account), std::string(kind), std::string(id)});
  });
}

bool Partition::sweep(Instant now, const DerivedSink& sink, std::size_t most) {
  if (sweep_due_) begin_sweep();
  for (std::size_t n = 0; n < most && !sweep_.empty(); ++n) {
    const EntityHome home = std::move(sweep_.back());
    sweep_.pop_back();
    Entity* e = find({home.account, home.kind, home.id});
    if (e == nullptr) continue;
    const std::size_t moves = e->moves.size();
    bring_up(*e);
    if (e->moves.size() > moves) decide_one(*e, now, now, sink);
  }
  return !sweep_.empty();
}

bool Partition::settle_moves(std::size_t most) {
  if (sweep_due_) begin_sweep();
  for (std::size_t n = 0; n < most && !sweep_.empty(); ++n) {
    const EntityHome home = std::move(sweep_.back());
    sweep_.pop_back();
    if (Entity* e = find({home.account, home.kind, home.id})) bring_up(*e);
  }
  settle(as_of_, false);
  return !sweep_.empty();
}

const Policy* Partition::policy(std::int32_t version) const {
  const auto it = policies_.find(version);
  return it == policies_.end() ? nullptr : it->second.get();
}

}  // namespace tocsin
