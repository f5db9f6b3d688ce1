#include "engine/partition.h"

#include <algorithm>

#include "engine/escalate.h"
#include "engine/views.h"
#include "events/id.h"
#include "events/writer.h"

namespace tocsin {

namespace {

std::string order_of(const Fact& fact) {
  std::string order;
  order.reserve(fact.source.size() + fact.sequence.size() + fact.id.size() + 2);
  order += fact.source;
  order += '\0';
  order += fact.sequence;
  order += '\0';
  order += fact.id;
  return order;
}

class Roles : public RoleBook {
 public:
  Roles(const Account& account, const Policy& policy) : account_(account), policy_(policy) {}
  void persons(std::int16_t role, std::vector<std::string>& out) const override {
    const auto it = account_.roles.find(policy_.roles[static_cast<std::size_t>(role)]);
    if (it != account_.roles.end()) {
      out.insert(out.end(), it->second.persons.begin(), it->second.persons.end());
    }
  }

 private:
  const Account& account_;
  const Policy& policy_;
};

// The truth by the facts that were read: what the last decision knew.
std::unique_ptr<Before> what_was_known(const Entity& e, const Policy& policy, const KindSpec& kind) {
  const auto read = [](const EntityFact& fact) { return fact.read; };
  if (std::none_of(e.facts.begin(), e.facts.end(), read)) return nullptr;
  auto before = std::make_unique<Before>(Before{{}, Truth(policy, kind)});
  for (const EntityFact& fact : e.facts) {
    if (fact.read) before->facts.push_back(fact);
  }
  before->truth.read(before->facts);
  return before;
}

bool has(VerbMask mask, std::int16_t verb) { return verb != kNone && (mask >> verb & 1U) != 0; }

}  // namespace

bool comes_before(const EntityFact& a, const EntityFact& b, Instant created) {
  const Instant ea = std::max(a.time, created), eb = std::max(b.time, created);
  if (ea != eb) return ea < eb;
  if (a.creates != b.creates) return a.creates;
  if (a.time != b.time) return a.time < b.time;
  return a.order < b.order;
}

Partition::Partition(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}
Partition::~Partition() = default;

Account& Partition::account(const std::string& name) {
  auto& slot = accounts_[name];
  if (!slot) {
    slot = std::make_unique<Account>();
    slot->name = name;
  }
  return *slot;
}

Entity& Partition::entity(Account& account, std::int16_t kind, const std::string& id) {
  auto& slot = account.entities[policy_->kinds[static_cast<std::size_t>(kind)].name + "/" + id];
  if (!slot) {
    slot = std::make_unique<Entity>();
    slot->account = account.name;
    slot->id = id;
    slot->kind = kind;
    slot->owner = &account;
  }
  return *slot;
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
    identity_ = hash128(fact.account, identity_hash(fact.source, fact.id));
    const auto before = seen_.find(identity_);
    if (before != seen_.end()) {
      const bool same = !with_content || before->second == content_hash(fact);
      out.outcome = same ? Outcome::kDuplicate : Outcome::kConflict;
      ++(same ? counters_.duplicates : counters_.conflicts);
      return;
    }
  }
  if (const auto reason = judge(decoded, arrival); !reason.empty()) return refuse(reason);
  type_ = nullptr;
  thread_local std::string name;
  name.assign(fact.kind).append(".").append(fact.verb);
  if (const auto it = policy_->types.find(name); it != policy_->types.end()) {
    type_ = &it->second;
    const KindSpec& kind = policy_->kinds[static_cast<std::size_t>(type_->kind)];
    read_data(*policy_, kind.verbs[static_cast<std::size_t>(type_->verb)], fact, data_);
    if (!data_.bad.empty()) return refuse(data_.bad);
  }
  content_ = with_content ? content_hash(fact) : 0;
  out.outcome = Outcome::kAccepted;
}

void Partition::remember(const Decoded&) { seen_.emplace(identity_, content_); }

void Partition::take(const Decoded& decoded, Judged& out) {
  ++counters_.accepted;
  seen_.emplace(identity_, content_);
  if (type_ == nullptr) {
    ++counters_.plain;
    return;
  }
  const Fact& fact = decoded.fact;
  const KindSpec& kind = policy_->kinds[static_cast<std::size_t>(type_->kind)];
  Account& owner = account(fact.account);
  Entity& target = entity(owner, type_->kind, type_->on_account ? fact.account : fact.subject);
  out.entity = &target;
  EntityFact& joined = data_.fact;
  joined.time = fact.time;
  joined.recorded = fact.recorded;
  joined.verb = type_->verb;
  joined.creates = kind.verbs[static_cast<std::size_t>(type_->verb)].creates;
  joined.order = order_of(fact);
  take_account_fact(owner, kind, data_);
  if (joined.creates) stamp(owner, target, joined, out.stamps);
  insert(target, std::move(joined));
  touch(target);
}

void Partition::take_account_fact(Account& owner, const KindSpec& kind, const ReadData& data) {
  const EntityFact& fact = data.fact;
  if (fact.verb == kind.role_verb) {
    RoleHolder& holder = owner.roles[fact.more];
    if (holder.order.empty() || std::tie(holder.time, holder.order) < std::tie(fact.time, fact.order)) {
      holder = {fact.time, fact.order, data.persons};
    }
  }
  if (!has(kind.tiers, fact.verb)) return;
  const bool first = owner.tier == kNone;
  if (first || std::tie(owner.tier_time, owner.tier_order) < std::tie(fact.time, fact.order)) {
    owner.tier_time = fact.time;
    owner.tier_order = fact.order;
    owner.tier = fact.tier;
  }
  if (!first) return;
  for (Entity* e : owner.provisional) {
    for (EntityFact& f : e->facts) {
      if (!f.provisional) continue;
      f.provisional = false;
      f.tier = owner.tier;
    }
    e->truth.reset();
    --counters_.provisional;
    touch(*e);
  }
  owner.provisional.clear();
}

void Partition::stamp(Account& owner, Entity& target, EntityFact& fact, std::string& stamps) {
  const KindSpec& kind = policy_->kinds[static_cast<std::size_t>(target.kind)];
  fact.policy = policy_->version;
  if (!has(kind.tiers, fact.verb) && fact.tier == kNone) {
    fact.provisional = owner.tier == kNone;
    fact.tier = fact.provisional ? policy_->default_tier : owner.tier;
    if (fact.provisional && !kind.on_account) {
      owner.provisional.push_back(&target);
      ++counters_.provisional;
    }
  }
  stamps = "\"tocsintier\":";
  append_json_string(stamps, policy_->tiers[static_cast<std::size_t>(fact.tier)]);
  stamps += ",\"tocsinpolicy\":";
  append_int(stamps, fact.policy);
  if (fact.provisional) stamps += ",\"tocsinprovisional\":true";
}

void Partition::insert(Entity& target, EntityFact fact) {
  auto& facts = target.facts;
  Instant created = Truth::creation(facts);
  if (fact.creates && fact.time < created) {
    created = fact.time;
    facts.push_back(std::move(fact));
    std::sort(facts.begin(), facts.end(),
              [&](const EntityFact& a, const EntityFact& b) { return comes_before(a, b, created); });
    target.truth.reset();
    return;
  }
  const Instant from = created == kNever ? kAlways : created;
  auto place = facts.end();
  if (!facts.empty() && comes_before(fact, facts.back(), from)) {
    place = std::upper_bound(facts.begin(), facts.end(), fact,
                             [&](const EntityFact& a, const EntityFact& b) { return comes_before(a, b, from); });
  }
  const auto index = static_cast<std::size_t>(place - facts.begin());
  if (target.truth && !target.truth->can_read(index, std::max(fact.time, from))) {
    target.truth.reset();
    ++counters_.late;
  }
  facts.insert(place, std::move(fact));
}

void Partition::touch(Entity& target) {
  if (target.touched) return;
  target.touched = true;
  touched_.push_back(&target);
}

void Partition::decide(Instant now, const DerivedSink& sink) {
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    Entity& e = *touched_[i];
    e.touched = false;
    decide_one(e, now, sink);
  }
  touched_.clear();
  for (std::size_t i = 0; i < fault_accounts_.size(); ++i) decide_faults(*fault_accounts_[i], now, sink);
  fault_accounts_.clear();
}

void Partition::decide_one(Entity& e, Instant now, const DerivedSink& sink) {
  ++counters_.decisions;
  const KindSpec& kind = policy_->kinds[static_cast<std::size_t>(e.kind)];
  std::unique_ptr<Before> before;
  if (!e.truth) {
    before = what_was_known(e, *policy_, kind);
    e.truth = std::make_shared<Truth>(*policy_, kind);
  }
  e.truth->read(e.facts);
  if (!e.truth->created && e.groups.empty()) return;
  e.truth->advance(e.facts, now);
  derived_.clear();
  const Roles roles(*e.owner, *policy_);
  Announcement a{e, *e.truth, before.get(), *policy_, roles, now, derived_};
  announce(a);
  counters_.derived += static_cast<std::int64_t>(derived_.size());
  for (const Derived& event : derived_) sink(e, *policy_, event, now);
  if (kind.fault.enabled && e.truth->created) watch_faults(*e.owner, e);
  schedule(e);
}

void Partition::schedule(Entity& e) {
  const Instant due = std::min(e.truth->next_due(), next_step(e, *policy_));
  if (due == e.next_due) return;
  e.next_due = due;
  if (due != kNever) timers_.push({due, ++timer_order_, &e});
}

Instant Partition::next_due() {
  while (!timers_.empty() && timers_.top().entity->next_due != timers_.top().due) timers_.pop();
  return timers_.empty() ? kNever : timers_.top().due;
}

void Partition::fire(Instant now, const DerivedSink& sink) {
  while (next_due() <= now) {
    Entity& e = *timers_.top().entity;
    timers_.pop();
    e.next_due = kNever;
    decide_one(e, now, sink);
  }
}

// ---- recurring faults --------------------------------------------------------------------------

void Partition::watch_faults(Account& owner, const Entity& e) {
  const Truth& truth = *e.truth;
  const FaultSpec& spec = truth.kind->fault;
  const EntityFact& creation = e.facts[static_cast<std::size_t>(truth.creator)];
  const std::int16_t priority = creation.priority == kNone ? truth.kind->default_priority : creation.priority;
  if (creation.more.empty() || !spec.priorities[static_cast<std::size_t>(priority)]) return;
  const std::int64_t week = policy_->working().period_at(truth.created_at, PeriodKind::kWeek).begin.ms;
  const bool counts = !has(spec.not_when, truth.ended);
  auto& openings = owner.faults[creation.more][week];
  const auto mine = std::find_if(openings.begin(), openings.end(), [&](const auto& o) { return o.second == e.id; });
  const bool listed = mine != openings.end() && mine->first == truth.created_at.ms;
  if (counts == listed) return;
  if (mine != openings.end()) openings.erase(mine);
  if (counts) openings.emplace(truth.created_at.ms, e.id);
  if (owner.faults_changed.empty()) fault_accounts_.push_back(&owner);
  owner.faults_changed.insert(creation.more);
}

void Partition::decide_faults(Account& owner, Instant now, const DerivedSink& sink) {
  const auto type = policy_->types.find("account.tiered");
  std::int16_t home = kNone;
  for (std::size_t k = 0; k < policy_->kinds.size(); ++k) {
    if (policy_->kinds[k].tiers != 0) home = static_cast<std::int16_t>(k);
  }
  (void)type;
  if (home == kNone) return;
  std::int16_t source = kNone;
  for (std::size_t k = 0; k < policy_->kinds.size(); ++k) {
    if (policy_->kinds[k].fault.enabled) source = static_cast<std::int16_t>(k);
  }
  const FaultSpec& spec = policy_->kinds[static_cast<std::size_t>(source)].fault;
  const Calendar& calendar = policy_->working();
  for (const std::string& module : owner.faults_changed) {
    const auto& weeks = owner.faults[module];
    for (const auto& [week, openings] : weeks) {
      if (openings.empty() || owner.faults_said.count({module, week}) != 0) continue;
      std::vector<std::string> names;
      Instant at{week};
      for (int i = 0; i < spec.weeks; ++i) {
        const Period period = calendar.period_at(at, PeriodKind::kWeek);
        const auto found = weeks.find(period.begin.ms);
        if (found == weeks.end() || found->second.empty()) break;
        names.insert(names.begin(), period.name);
        at = {period.begin.ms - 1};
      }
      if (static_cast<int>(names.size()) < spec.weeks) continue;
      owner.faults_said.emplace(module, week);
      Entity& e = entity(owner, home, owner.name);
      derived_.clear();
      const Roles roles(owner, *policy_);
      Truth nothing(*policy_, policy_->kinds[static_cast<std::size_t>(home)]);
      Announcement a{e, e.truth ? *e.truth : nothing, nullptr, *policy_, roles, now, derived_};
      Derived event;
      event.type = DerivedType::kFaultRecurring;
      event.time = {openings.begin()->first};
      event.reason = module;
      append_id_part(event.group.name, module);
      event.group.name += "/" + names.back();
      event.weeks = names;
      const std::string name = event.group.name;
      const Instant time = event.time;
      a.say(std::move(event));
      escalate_fault(a, name, time, spec.ladder);
      counters_.derived += static_cast<std::int64_t>(derived_.size());
      for (const Derived& d : derived_) sink(e, *policy_, d, now);
    }
  }
  owner.faults_changed.clear();
}

EntityView Partition::view(const Entity& entity) const { return make_view(entity, *policy_); }

void Partition::each_account(const std::function<void(const Account&)>& visit) const {
  for (const auto& [name, owner] : accounts_) visit(*owner);
}

}  // namespace tocsin
