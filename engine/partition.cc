#include "engine/partition.h"

#include <algorithm>

#include "engine/policy/translate.h"
#include "engine/said/escalate.h"

namespace tocsin {

namespace {

// The truth by the facts that were read: what the last decision knew.
std::unique_ptr<Before> what_was_known(const Entity& e) {
  const auto read = [](const EntityFact& fact) { return fact.read; };
  if (std::none_of(e.facts.begin(), e.facts.end(), read)) return nullptr;
  auto before = std::make_unique<Before>(e);
  std::copy_if(e.facts.begin(), e.facts.end(), std::back_inserter(before->facts), read);
  Instant created = kNever;  // perhaps a later one than by all facts, and so another order
  for (const EntityFact& fact : before->facts) {
    if (fact.creates) created = std::min(created, fact.time);
  }
  std::sort(before->facts.begin(), before->facts.end(),
            [&](const EntityFact& a, const EntityFact& b) { return comes_before(a, b, created); });
  before->truth.read(before->facts);
  return before;
}

}  // namespace

void AccountRoles::persons(std::int16_t role, Instant at,
                           std::vector<std::string_view>& out) const {
  static const std::vector<std::string> nobody;
  const std::string& name = policy_.roles[static_cast<std::size_t>(role)];
  const auto it = account_.roles.find(name);
  const auto& persons = it == account_.roles.end() ? nobody : it->second.persons;
  if (roster_ != nullptr) {
    roster_->resolve(name, persons, at, out);
  } else {
    out.insert(out.end(), persons.begin(), persons.end());
  }
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

Partition::Partition(std::shared_ptr<const Policy> policy, ColdPort* cold) : cold_(cold) {
  adopt(std::move(policy));
}
Partition::~Partition() = default;

// ---- deciding ----------------------------------------------------------------------------------

void Partition::touch(Entity& target) {
  changed(target);
  if (target.touched) return;
  target.touched = true;
  touched_.push_back(&target);
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
  for (Entity* e : work_) {
    e->touched = false;
    decide_one(*e, now, release, sink);
  }
  work_.clear();
  for (std::size_t i = 0; i < fault_accounts_.size(); ++i)
    decide_faults(*fault_accounts_[i], now, sink);
  fault_accounts_.clear();
}

void Partition::decide_one(Entity& e, Instant now, Instant release, const DerivedSink& sink) {
  ++counters_.decisions;
  std::unique_ptr<Before> before;
  const FaultState known = fault_state(e);
  if (!e.truth) {
    before = what_was_known(e);
    e.truth = std::make_shared<Truth>(e);
  }
  e.truth->read(e.facts);
  if (!e.truth->created && e.groups.empty()) return;
  const Instant due = e.truth->advance(e.facts, now);
  if (release < now && e.truth->fired > release) {  // it waits for what may still be unread
    // The due index brings it back should this owner not live to say it.
    put_due(e, e.truth->fired);
    changed(e);
    e.truth.reset();
    if (!e.held) held_.push_back(&e);
    e.held = true;
    return;
  }
  e.held = e.undecided = false;
  e.said_at = now;
  derived_.clear();
  const AccountRoles roles(*e.owner, *e.policy, roster_.get());
  Announcement a{e, *e.truth, before.get(), *e.policy, roles, now, derived_};
  announce(a);
  counters_.derived += static_cast<std::int64_t>(derived_.size());
  if (!derived_.empty()) changed(e);
  for (const Derived& event : derived_) sink(e, event, now);
  watch_faults(e, known);
  schedule(e, due, true);
}

void Partition::schedule(Entity& e, Instant due, bool store) {
  due = std::min(due, next_step(e, *e.policy));
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
    Entity* e = load(name, {next.due.ms - 1});
    if (e != nullptr && e->next_due > next.due) put_due(*e, next.due);  // it waits with something
  }
  return false;
}

Instant Partition::next_due() {
  return expected_.empty() ? timers_.next() : std::min(timers_.next(), expected_.top().due);
}

bool Partition::fire(Instant until, Instant now, const DerivedSink& sink, std::size_t most) {
  const bool more = bring_expected(until, most);
  const bool fired = timers_.advance(
      until,
      [&](TimerWheel::Slot slot, Instant due) {
        CHECK(due <= until && slot < slots_.size() &&
              slots_[slot] != nullptr);  // a timer fires when it is due, of an entity in memory
        Entity& e = *slots_[slot];
        e.next_due = kNever;
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
}

const Policy* Partition::policy(std::int32_t version) const {
  const auto it = policies_.find(version);
  return it == policies_.end() ? nullptr : it->second.get();
}

}  // namespace tocsin
