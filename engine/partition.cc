#include "engine/partition.h"

#include <algorithm>
#include <tuple>

#include "engine/said/escalate.h"
#include "engine/views.h"
#include "events/writer.h"

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

bool has(VerbMask mask, std::int16_t verb) { return verb != kNone && (mask >> verb & 1U) != 0; }

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

// ---- accepting ---------------------------------------------------------------------------------

const TypeRef* Partition::type_of(const Policy& policy, const Fact& fact) const {
  constexpr std::string_view kPrefix = "tocsin.";
  const std::string_view type = fact.type;
  if (!type.starts_with(kPrefix)) return nullptr;
  const auto it = policy.types.find(type.substr(kPrefix.size()));
  return it == policy.types.end() ? nullptr : &it->second;
}

void Partition::check(Decoded& decoded, Instant arrival, bool with_content, Judged& out) {
  out.entity = nullptr;
  out.reason.clear();
  out.stamps.clear();
  const auto refuse = [&](std::string_view reason) {
    out.outcome = Outcome::kRejected;
    out.reason = reason;
    ++counters_.rejected;
  };
  if (!decoded.form_error.empty()) return refuse(decoded.form_error);
  const Fact& fact = decoded.fact;
  if (decoded.has_identity) {
    identity_ = identity_hash(fact.source, fact.id);
    if (const auto before = seen(fact.account, identity_)) {
      const bool same = !with_content || *before == content_hash(fact);
      out.outcome = same ? Outcome::kDuplicate : Outcome::kConflict;
      ++(same ? counters_.duplicates : counters_.conflicts);
      return;
    }
  }
  if (const auto reason = judge(decoded, arrival); !reason.empty()) return refuse(reason);
  type_ = type_of(*policy_, fact);
  if (type_ != nullptr) {
    const KindSpec& kind = policy_->kinds[static_cast<std::size_t>(type_->kind)];
    read_data(*policy_, kind.verbs[static_cast<std::size_t>(type_->verb)], fact, data_);
    if (!data_.bad.empty()) return refuse(data_.bad);
  }
  content_ = with_content ? content_hash(fact) : 0;
  out.outcome = Outcome::kAccepted;
}

void Partition::remember() { remember(content_); }

void Partition::take(const Decoded& decoded, Judged& out) {
  const Fact& fact = decoded.fact;
  ++counters_.accepted;
  out.identity = identity_;
  out.content = content_;
  remember();
  if (type_ == nullptr) {
    ++counters_.plain;
    return;
  }
  const KindSpec& kind = policy_->kinds[static_cast<std::size_t>(type_->kind)];
  Entity& target =
      entity({fact.account, kind.name, type_->on_account ? fact.account : fact.subject});
  Account& owner = *target.owner;
  set_order(order_, fact);
  data_.fact.time = fact.time;
  data_.fact.verb = type_->verb;
  take_account_fact(owner, *policy_, kind, data_);
  const TypeRef* type = type_;
  if (target.policy != policy_.get()) {  // it lives by an older policy's words
    type = type_of(*target.policy, fact);
    if (type == nullptr) {
      ++target.plain_facts;
      return changed(target);
    }
    const KindSpec& its = target.policy->kinds[static_cast<std::size_t>(type->kind)];
    read_data(*target.policy, its.verbs[static_cast<std::size_t>(type->verb)], fact, data_);
  }
  out.entity = &target;
  EntityFact& joined = data_.fact;
  joined.time = fact.time;
  joined.recorded = fact.recorded;
  joined.verb = type->verb;
  joined.creates = target.spec().verbs[static_cast<std::size_t>(type->verb)].creates;
  joined.words = {order_, data_.text, data_.more};
  if (joined.creates) stamp(owner, target, joined, out.stamps);
  insert(target, std::move(joined));
  touch(target);
}

void Partition::take_account_fact(Account& owner, const Policy& policy, const KindSpec& kind,
                                  const ReadData& data) {
  const EntityFact& fact = data.fact;
  if (fact.verb != kNone && fact.verb == kind.role_verb) {
    RoleHolder& holder = owner.roles[data.more];
    if (holder.order.empty() || std::tie(holder.time, holder.order) < std::tie(fact.time, order_)) {
      holder = {fact.time, order_, data.persons};
      owner.changed = true;
    }
  }
  if (!has(kind.tiers, fact.verb)) return;
  const bool first = owner.tier.empty();
  if (first || std::tie(owner.tier_time, owner.tier_order) < std::tie(fact.time, order_)) {
    owner.tier_time = fact.time;
    owner.tier_order = order_;
    owner.tier = policy.tiers[static_cast<std::size_t>(fact.tier)];
    owner.changed = true;
  }
  if (!first) return;
  for (const std::string& key : owner.provisional) {
    const std::size_t slash = key.find('/');
    Entity* e = find({owner.name, std::string_view(key).substr(0, slash),
                      std::string_view(key).substr(slash + 1)});
    if (e == nullptr) continue;
    const auto& tiers = e->policy->tiers;
    const auto tier = std::find(tiers.begin(), tiers.end(), owner.tier);
    for (EntityFact& f : e->facts) {
      if (!f.provisional) continue;
      f.provisional = false;
      if (tier != tiers.end()) f.tier = static_cast<std::int16_t>(tier - tiers.begin());
    }
    e->truth.reset();
    --counters_.provisional;
    touch(*e);
  }
  owner.provisional.clear();
}

void Partition::stamp(Account& owner, Entity& target, EntityFact& fact, std::string& stamps) {
  const KindSpec& kind = target.spec();
  fact.policy = policy_->version;
  if (!has(kind.tiers, fact.verb) && fact.tier == kNone) {
    const auto& tiers = policy_->tiers;
    const auto tier = std::find(tiers.begin(), tiers.end(), owner.tier);
    fact.provisional = owner.tier.empty();
    fact.tier = tier == tiers.end() ? policy_->default_tier
                                    : static_cast<std::int16_t>(tier - tiers.begin());
    if (fact.provisional && !kind.on_account) {
      owner.provisional.push_back(kind.name + "/" + target.id);
      owner.changed = true;
      ++counters_.provisional;
    }
  }
  stamps = "\"tocsintier\":";
  append_json_string(stamps, policy_->tiers[static_cast<std::size_t>(fact.tier)]);
  stamps += ",\"tocsinpolicy\":\"";
  append_int(stamps, fact.policy);
  stamps += fact.provisional ? "\",\"tocsinprovisional\":\"1\"" : "\"";
}

void Partition::insert(Entity& target, EntityFact fact) {
  auto& facts = target.facts;
  if (facts.empty()) facts.reserve(kFewFacts);
  Instant created = Truth::creation(facts);
  if (fact.creates && fact.time < created) {
    created = fact.time;
    const std::int32_t version = fact.policy;
    facts.push_back(std::move(fact));
    std::sort(facts.begin(), facts.end(), [&](const EntityFact& a, const EntityFact& b) {
      return comes_before(a, b, created);
    });
    target.truth.reset();
    follow(target, version);
    return;
  }
  const Instant from = created == kNever ? kAlways : created;
  auto place = facts.end();
  if (!facts.empty() && comes_before(fact, facts.back(), from)) {
    place = std::upper_bound(
        facts.begin(), facts.end(), fact,
        [&](const EntityFact& a, const EntityFact& b) { return comes_before(a, b, from); });
  }
  const auto index = static_cast<std::size_t>(place - facts.begin());
  if (target.truth && !target.truth->can_read(index, std::max(fact.time, from))) {
    target.truth.reset();
    ++counters_.late;
  }
  facts.insert(place, std::move(fact));
}

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
    e.truth = std::make_shared<Truth>(*e.policy, e.spec());
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
        Entity& e = *slots_[slot];
        e.next_due = kNever;
        if (on_fired_) on_fired_(due);
        decide_one(e, now, now, sink);
      },
      most);
  return fired || more;
}

void Partition::adopt(std::shared_ptr<const Policy> policy) {
  policies_[policy->version] = policy;
  policy_ = std::move(policy);
}

const Policy* Partition::policy(std::int32_t version) const {
  const auto it = policies_.find(version);
  return it == policies_.end() ? nullptr : it->second.get();
}

}  // namespace tocsin
