// What a Partition keeps in memory, and how it follows the log without deciding.
#include <algorithm>
#include <tuple>

#include "engine/derived.h"
#include "engine/entity_codec.h"
#include "engine/escalate.h"
#include "engine/partition.h"
#include "engine/views.h"

namespace tocsin {

namespace {

constexpr std::size_t kSeenInMemory = 1 << 20;  // identities, with a store behind

std::int16_t place(const std::string& word, const std::vector<std::string>& words) {
  const auto it = std::find(words.begin(), words.end(), word);
  return it == words.end() ? kNone : static_cast<std::int16_t>(it - words.begin());
}

const KindSpec* kind_named(const Policy& policy, std::string_view name) {
  for (const KindSpec& kind : policy.kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::int16_t verb_named(const KindSpec& kind, const std::string& name) {
  for (std::size_t v = 0; v < kind.verbs.size(); ++v) {
    if (kind.verbs[v].name == name) return static_cast<std::int16_t>(v);
  }
  return kNone;
}

const std::vector<std::string>& choice_words(const VerbSpec& verb) {
  static const std::vector<std::string> none;
  if (!verb.subjects.empty()) return verb.subjects;
  for (const Field& field : verb.fields) {
    if (field.form == Form::kChoice) return field.words;
  }
  return none;
}

// A fact's codes in the words of another policy; a verb that it does not know is on the timeline
// only.
void translate(EntityFact& fact, const Policy& from, const KindSpec& old_kind, const Policy& to,
               const KindSpec& new_kind) {
  if (fact.verb == kNone) return;
  const VerbSpec& old_verb = old_kind.verbs[static_cast<std::size_t>(fact.verb)];
  const auto word = [](std::int16_t code, const std::vector<std::string>& was,
                       const std::vector<std::string>& is) {
    return code == kNone ? kNone : place(was[static_cast<std::size_t>(code)], is);
  };
  fact.verb = verb_named(new_kind, old_verb.name);
  fact.priority = word(fact.priority, from.priorities, to.priorities);
  fact.tier = word(fact.tier, from.tiers, to.tiers);
  if (fact.verb == kNone) return;
  const VerbSpec& new_verb = new_kind.verbs[static_cast<std::size_t>(fact.verb)];
  fact.choice = word(fact.choice, choice_words(old_verb), choice_words(new_verb));
  fact.creates = new_verb.creates;
}

}  // namespace

// ---- finding and keeping -----------------------------------------------------------------------

Account& Partition::account(std::string_view name) {
  const auto it = accounts_.find(name);
  if (it != accounts_.end()) return *it->second;
  auto added = std::make_unique<Account>();
  added->name = name;
  if (cold_ != nullptr) {
    if (const auto bytes = cold_->load_account(name)) decode_account(*bytes, *added);
  }
  return *accounts_.emplace(added->name, std::move(added)).first->second;
}

// Lives until the next call.
std::string_view Partition::key_of(std::string_view kind, std::string_view id) {
  key_.assign(kind).append("/").append(id);
  return key_;
}

Entity* Partition::find(Account& owner, std::string_view key) {
  const auto it = owner.entities.find(key);
  if (it != owner.entities.end()) return it->second.get();
  if (cold_ == nullptr) return nullptr;
  const std::size_t slash = key.find('/');
  const auto bytes = cold_->load_entity(owner.name, key.substr(0, slash), key.substr(slash + 1));
  if (!bytes) return nullptr;
  auto e = std::make_unique<Entity>();
  e->account = owner.name;
  e->id = key.substr(slash + 1);
  e->owner = &owner;
  e->used = ++clock_hand_;
  e->listed = true;
  give_slot(*e);
  decode_entity(
      *bytes, [this](std::int32_t version) { return policy(version); }, *e);
  ++counters_.loaded;
  ++in_memory_;
  Entity& found = *owner.entities.emplace(std::string(key), std::move(e)).first->second;
  refresh(found, as_of_);
  return &found;
}

Entity* Partition::find(const std::string& account_name, const std::string& kind,
                        const std::string& id) {
  const auto it = accounts_.find(account_name);
  if (it == accounts_.end() && cold_ == nullptr) return nullptr;
  return find(account(account_name), key_of(kind, id));
}

Entity& Partition::entity(Account& owner, std::string_view kind, std::string_view id) {
  const std::string_view key = key_of(kind, id);
  if (Entity* found = find(owner, key)) return *found;
  auto e = std::make_unique<Entity>();
  e->account = owner.name;
  e->id = id;
  e->owner = &owner;
  e->policy = policy_.get();
  give_slot(*e);
  e->kind = static_cast<std::int16_t>(kind_named(*policy_, kind) - policy_->kinds.data());
  ++in_memory_;
  return *owner.entities.emplace(std::string(key), std::move(e)).first->second;
}

// An entity lives by the policy of its creation.
void Partition::follow(Entity& e, std::int32_t version) {
  const Policy* to = policy(version);
  if (to == nullptr || to == e.policy) return;
  const KindSpec& old_kind = e.spec();
  const KindSpec* new_kind = kind_named(*to, old_kind.name);
  if (new_kind == nullptr) return;
  for (EntityFact& fact : e.facts) translate(fact, *e.policy, old_kind, *to, *new_kind);
  for (SaidCycle& said : e.said) {
    const std::string& name = old_kind.clocks[static_cast<std::size_t>(said.clock)].name;
    const auto clock = std::find_if(new_kind->clocks.begin(), new_kind->clocks.end(),
                                    [&](const ClockSpec& c) { return c.name == name; });
    said.clock = clock == new_kind->clocks.end()
                     ? kNone
                     : static_cast<std::int16_t>(clock - new_kind->clocks.begin());
  }
  std::erase_if(e.said, [](const SaidCycle& said) { return said.clock == kNone; });
  e.policy = to;
  e.kind = static_cast<std::int16_t>(new_kind - to->kinds.data());
}

std::optional<std::uint64_t> Partition::seen(std::string_view account_name,
                                             const Hash128& identity) {
  seen_key_ = hash128(account_name, identity);
  for (const auto* map : {&seen_, &seen_before_}) {
    const auto it = map->find(seen_key_);
    if (it != map->end()) return it->second;
  }
  return cold_ == nullptr ? std::nullopt : cold_->seen(account_name, identity);
}

// The fact whose key was set last.
void Partition::remember(std::uint64_t content) {
  if (cold_ != nullptr && seen_.size() >= kSeenInMemory) {
    seen_before_.swap(seen_);
    seen_.clear();
  }
  seen_.emplace(seen_key_, content);
}

void Partition::changed(Entity& e) {
  e.used = ++clock_hand_;
  if (e.changed) return;
  e.changed = true;
  changed_.push_back(&e);
}

void Partition::take_changes(std::vector<Entity*>& entities, std::vector<Account*>& accounts) {
  entities.swap(changed_);
  changed_.clear();
  for (Entity* e : entities) {
    e->changed = false;
    if (!e->owner->changed) continue;
    e->owner->changed = false;
    accounts.push_back(e->owner);
  }
}

void Partition::expect(Instant due, const std::string& account_name, const std::string& kind,
                       const std::string& id) {
  const auto it = accounts_.find(account_name);
  if (it != accounts_.end()) {
    const auto e = it->second->entities.find(key_of(kind, id));
    if (e != it->second->entities.end()) {
      if (e->second->next_due == due) timers_.reschedule(e->second->slot, due);
      return;
    }
  }
  expected_.push({due, account_name, kind, id});
}

void Partition::evict(std::size_t most) {
  if (cold_ == nullptr || in_memory_ <= most) return;
  std::vector<std::uint64_t> ages;
  ages.reserve(in_memory_);
  for (const auto& [name, owner] : accounts_) {
    for (const auto& [key, e] : owner->entities) ages.push_back(e->used);
  }
  // A good eighth more than asked, so that this walk is rare.
  const std::size_t drop = std::min(ages.size() - 1, in_memory_ - most + most / 8);
  std::nth_element(ages.begin(), ages.begin() + static_cast<std::ptrdiff_t>(drop), ages.end());
  const std::uint64_t oldest_kept = ages[drop];
  for (const auto& [name, owner] : accounts_) {
    erase_if(owner->entities, [&](const auto& entry) {
      const Entity& e = *entry.second;
      if (e.used >= oldest_kept || timers_.scheduled(e.slot) || e.touched || e.changed || e.held)
        return false;
      if (e.next_due < horizon_) expected_.push({e.next_due, e.account, e.spec().name, e.id});
      free_.push_back(e.slot);
      slots_[e.slot] = nullptr;
      --in_memory_;
      ++counters_.evicted;
      return true;
    });
  }
}

// ---- following the log -------------------------------------------------------------------------

void Partition::refresh(Entity& e, Instant now) {
  const bool anew = !e.truth;
  if (anew) e.truth = std::make_shared<Truth>(*e.policy, e.spec());
  e.truth->read(e.facts);
  if (e.truth->created) e.truth->advance(e.facts, now);
  count_as_decided(e, *e.truth);
  e.next_due = kNever;
  schedule(e, false);
}

void Partition::evolve(const LogEvent& record) {
  as_of_ = std::max(as_of_, record.recorded);
  if (!record.is_fact()) {
    std::int16_t kind = kNone;
    Derived event;
    if (!decode(record, *policy_, kind, event)) return;
    Account& owner = account(record.account);
    Entity& e = entity(owner, policy_->kinds[static_cast<std::size_t>(kind)].name, record.subject);
    if (e.policy != policy_.get() && !decode(record, *e.policy, kind, event)) return;
    if (event.type == DerivedType::kFaultRecurring) {
      const Instant week = e.policy->working().period_at(event.time, PeriodKind::kWeek).begin;
      owner.faults_said.emplace(std::string(event.reason), week.ms);
      owner.changed = true;
    }
    apply(e, event, record.recorded);
    touch(e);
    return;
  }
  const Fact fact = to_fact(record);
  seen_key_ = hash128(fact.account, identity_hash(fact.source, fact.id));
  remember(content_hash(fact));
  ++counters_.accepted;
  const TypeRef* in_force = type_of(*policy_, fact);
  if (in_force == nullptr) {
    ++counters_.plain;
    return;
  }
  Account& owner = account(fact.account);
  const KindSpec& kind = policy_->kinds[static_cast<std::size_t>(in_force->kind)];
  Entity& target = entity(owner, kind.name, in_force->on_account ? fact.account : fact.subject);
  set_order(order_, fact);
  const auto read = [&](const Policy& policy, const TypeRef& type) {
    read_data(policy,
              policy.kinds[static_cast<std::size_t>(type.kind)]
                  .verbs[static_cast<std::size_t>(type.verb)],
              fact, data_);
    EntityFact& f = data_.fact;
    f.time = fact.time;
    f.recorded = fact.recorded;
    f.verb = type.verb;
    f.words = {order_, data_.text, data_.more};
  };
  read(*policy_, *in_force);
  take_account_fact(owner, *policy_, kind, data_);
  if (target.policy != policy_.get()) {
    const TypeRef* its = type_of(*target.policy, fact);
    if (its == nullptr) {
      ++target.plain_facts;
      return changed(target);
    }
    read(*target.policy, *its);
  }
  EntityFact& joined = data_.fact;
  joined.creates = target.spec().verbs[static_cast<std::size_t>(joined.verb)].creates;
  if (joined.creates) {
    const std::string_view tier = tocsin::stamp(record, "tocsintier");
    if (!tier.empty()) joined.tier = place(std::string(tier), target.policy->tiers);
    joined.policy = std::atoi(std::string(tocsin::stamp(record, "tocsinpolicy")).c_str());
    joined.provisional = !tocsin::stamp(record, "tocsinprovisional").empty() && owner.tier.empty();
    if (joined.provisional && !kind.on_account) {
      owner.provisional.push_back(kind.name + "/" + target.id);
      owner.changed = true;
      ++counters_.provisional;
    }
  }
  insert(target, std::move(joined));
  touch(target);
}

void Partition::settle(Instant as_of, bool decide) {
  as_of_ = std::max(as_of_, as_of);
  std::vector<Entity*> work;
  work.swap(touched_);
  for (Entity* e : work) {
    e->touched = false;
    const bool created = Truth::creation(e->facts) != kNever;
    for (EntityFact& fact : e->facts) {
      fact.read =
          fact.read || created ||
          (fact.verb != kNone && e->spec().verbs[static_cast<std::size_t>(fact.verb)].uncreated);
    }
    const FaultState known = fault_state(*e);
    refresh(*e, as_of_);
    watch_faults(*e, known);
    if (decide) touch(*e);
  }
  for (Account* owner : fault_accounts_) owner->faults_changed.clear();
  fault_accounts_.clear();
}

EntityHome Partition::home_of(const Fact& fact) const {
  const TypeRef* type = type_of(*policy_, fact);
  if (type == nullptr) return {fact.account, fact.kind, fact.subject};
  return {fact.account, policy_->kinds[static_cast<std::size_t>(type->kind)].name,
          type->on_account ? fact.account : fact.subject};
}

EntityView Partition::view(Entity& e) {
  if (!e.truth) refresh(e, as_of_);
  return make_view(e, *e.policy);
}

void Partition::each_account(const std::function<void(Account&)>& visit) {
  for (const auto& [name, owner] : accounts_) visit(*owner);
}

}  // namespace tocsin
