// How a fact comes in: judged, read by the policy that its entity lives by, stamped, joined. The
// log's replay takes the same way from the reading on.
#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "engine/entity/follow.h"
#include "engine/partition.h"
#include "engine/policy/translate.h"
#include "events/reasons.h"
#include "events/writer.h"

namespace tocsin {

namespace {

constexpr std::string_view kWrongSubject = kBad[static_cast<std::size_t>(Attribute::kSubject)];

const TypeRef* type_of(const Policy& policy, const Fact& fact) {
  constexpr std::string_view kPrefix = "tocsin.";
  const std::string_view type = fact.type;
  if (!type.starts_with(kPrefix)) return nullptr;
  const auto it = policy.types.find(type.substr(kPrefix.size()));
  return it == policy.types.end() ? nullptr : &it->second;
}

const KindSpec& kind_of(const Policy& policy, const TypeRef& type) {
  return policy.kinds[type.kind];
}

const VerbSpec& verb_of(const Policy& policy, const TypeRef& type) {
  return kind_of(policy, type).verbs[type.verb];
}

// `subject is "screning"; allowed is one of screening, audit`.
std::string why_wrong_subject(const VerbSpec& verb, const Fact& fact) {
  std::string allowed;
  for (const std::string& word : verb.subjects)
    allowed += (allowed.empty() ? "one of " : ", ") + word;
  if (verb.subject_is_account) allowed = "the account, \"" + fact.account + "\"";
  return "subject is \"" + fact.subject + "\"; allowed is " + allowed;
}

}  // namespace

EntityName Partition::home(const Policy& policy, const TypeRef& type, const Fact& fact) {
  return {fact.account, kind_of(policy, type).name,
          type.on_account ? std::string_view(fact.account) : std::string_view(fact.subject)};
}

EntityHome Partition::home_of(const Fact& fact) const {
  const Known known = who_knows(fact);
  if (known.policy == nullptr) return {fact.account, fact.kind, fact.subject};
  const EntityName name = home(*known.policy, *known.type, fact);
  return {std::string(name.account), std::string(name.kind), std::string(name.id)};
}

// ---- by which policy ---------------------------------------------------------------------------

Partition::Known Partition::who_knows(const Fact& fact) const {
  if (const TypeRef* type = type_of(*policy_, fact)) return {policy_.get(), type};
  for (auto it = policies_.rbegin(); it != policies_.rend(); ++it) {
    if (it->first == 0 && policy_->version > 0) break;  // never in force in this log
    if (const TypeRef* type = type_of(*it->second, fact)) return {it->second.get(), type};
  }
  return {};
}

Reading Partition::reading_of(const Known& known, const Fact& fact, std::string_view order) {
  if (known.policy == nullptr) return {};
  const bool in_force = known.policy == policy_.get();
  Entity* e = find(home(*known.policy, *known.type, fact));
  if (e != nullptr) bring_up(*e);
  if (e == nullptr && !in_force) return {};  // nobody is left to whom it would mean something
  Reading reading{known.policy, *known.type, e, in_force, made_};
  if (in_force && (e == nullptr || (e->policy == known.policy && e->moves.empty()))) return reading;
  // Who is not created yet lives by the policy in force, and so does who it would create anew.
  const Instant created = Truth::creation(e->facts);
  if (in_force && verb_of(*known.policy, *known.type).creates &&
      (created == kNever || std::make_pair(fact.time, order) <
                                std::make_pair(created, e->facts.front().words.order()))) {
    return reading;
  }
  const Policy& its = created == kNever ? *policy_ : policy_at(*e, std::max(fact.time, created));
  const TypeRef* its_type = type_of(its, fact);
  reading.counts = its_type != nullptr && kind_of(its, *its_type).name == e->spec().name;
  if (reading.counts) {
    reading.policy = &its;
    reading.type = *its_type;
  }
  return reading;
}

// Of a kind about accounts, whatever it is called: the account, or one of the fact's own words, also
// those of an earlier policy, by which a period that runs may go on.
bool Partition::wrong_subject(const Known& known, const Fact& fact) const {
  if (known.policy == nullptr) return false;
  const VerbSpec& verb = verb_of(*known.policy, *known.type);
  if (verb.subject_is_account) return fact.subject != fact.account;
  if (verb.subjects.empty() || place_of(fact.subject, verb.subjects) != kNone) return false;
  return std::none_of(policies_.begin(), policies_.end(), [&](const auto& entry) {
    const TypeRef* type = type_of(*entry.second, fact);
    if (type == nullptr || (entry.first == 0 && policy_->version > 0)) return false;
    const VerbSpec& was = verb_of(*entry.second, *type);
    return was.subjects.empty() || place_of(fact.subject, was.subjects) != kNone;
  });
}

void Partition::read_by(const Fact& fact, Judged& judged) {
  const Reading& reading = judged.reading;
  read_data(*reading.policy, verb_of(*reading.policy, reading.type), fact, judged.data);
}

// ---- accepting ---------------------------------------------------------------------------------

void Partition::check(Decoded& decoded, Instant arrival, bool with_content, Judged& out) {
  out.entity = nullptr;
  out.reason.clear();
  out.detail.clear();
  out.stamps.clear();
  out.miss = Miss::kNone;
  out.content = 0;
  const auto refuse = [&](std::string_view reason) {
    out.outcome = Outcome::kRejected;
    out.reason = reason;
    ++counters_.rejected;
  };
  if (!decoded.form_error.empty()) return refuse(decoded.form_error);
  const Fact& fact = decoded.fact;
  if (decoded.has_identity) {
    out.identity = identity_hash(fact.source, fact.id);
    if (const auto before = seen(fact.account, out.identity, out.seen_key)) {
      // A CRM's adapter states the opening with every payload, as the ticket is by then.
      const bool stated = fact.extensions.find("\"tocsinadapter\"") != std::string::npos &&
                          fact.id.ends_with("/opened");
      const bool same = !with_content || stated || *before == content_hash(fact);
      out.outcome = same ? Outcome::kDuplicate : Outcome::kConflict;
      ++(same ? counters_.duplicates : counters_.conflicts);
      return;
    }
  }
  const Known known = who_knows(fact);
  if (decoded.attribute_error.empty() && wrong_subject(known, fact)) {
    out.detail = why_wrong_subject(verb_of(*known.policy, *known.type), fact);
    return refuse(kWrongSubject);
  }
  if (const auto reason = judge(decoded, arrival); !reason.empty()) return refuse(reason);
  set_order(out.order, fact);
  out.reading = reading_of(known, fact, out.order);
  if (out.reading.policy != nullptr) {
    read_by(fact, out);
    if (!out.data.bad.empty()) {
      out.detail = out.data.detail;
      return refuse(out.data.bad);
    }
  } else if (known.policy == nullptr) {
    out.miss = miss_of(*policy_, fact);
  }
  if (with_content) out.content = content_hash(fact);
  out.outcome = Outcome::kAccepted;
}

void Partition::take(const Decoded& decoded, Judged& judged) {
  join(decoded.fact, judged, nullptr);
}

void Partition::join(const Fact& fact, Judged& judged, const LogEvent* record) {
  ++counters_.accepted;
  // What the log holds already is the store's to remember, where there is one.
  if (record == nullptr || cold_ == nullptr) remember(judged);
  const Reading& reading = judged.reading;
  if (reading.policy == nullptr) {
    ++counters_.plain;
    ++counters_.ignored[static_cast<std::size_t>(judged.miss)];
    return;
  }
  Entity* found = reading.entity;
  const EntityName name = home(*reading.policy, reading.type, fact);
  // A recurring fault that was decided since may have made the entity of its account.
  if (found == nullptr && reading.made != made_) found = entities_.find(name);
  Entity& target = found != nullptr ? *found : make(name);
  will_change(target);
  if (Truth::creation(target.facts) == kNever && target.policy != policy_.get() &&
      policy_->kind_named(target.spec().name) != nullptr) {
    follow(target, *policy_);
    forget_truth(target, true);
  }
  EntityFact& joined = judged.data.fact;
  joined.time = fact.time;
  joined.recorded = fact.recorded;
  joined.words = {judged.order, judged.data.text, judged.data.more, judged.data.title,
                  judged.data.link};
  joined.version = reading.policy->version;
  (reading.counts ? joined.verb : joined.other_verb) = reading.type.verb;
  joined.creates = reading.counts && verb_of(*reading.policy, reading.type).creates;
  if (reading.counts) {
    take_account_fact(*target.owner, judged, record != nullptr);
    judged.entity = &target;
  }
  joined.arrival = ++target.arrivals;
  if (joined.creates) {
    if (record != nullptr) {
      take_stamps(*target.owner, target, joined, *record);
    } else {
      stamp(*target.owner, target, joined, judged.stamps);
    }
  }
  insert(target, std::move(joined));
  touch(target);
}

void Partition::take_account_fact(Account& owner, const Judged& judged, bool replayed) {
  const Policy& policy = *judged.reading.policy;
  const KindSpec& kind = kind_of(policy, judged.reading.type);
  const EntityFact& fact = judged.data.fact;
  if (fact.verb == kind.role_verb) {
    RoleHolder& holder = owner.roles[judged.data.more];
    if (holder.order.empty() ||
        std::tie(holder.time, holder.order) < std::tie(fact.time, judged.order)) {
      holder = {fact.time, judged.order, judged.data.persons};
      owner.changed = true;
    }
  }
  if (!has(kind.tiers, fact.verb)) return;
  if (!judged.data.title.empty() &&
      std::tie(owner.name_time, owner.name_order) < std::tie(fact.time, judged.order)) {
    owner.name_time = fact.time;
    owner.name_order = judged.order;
    owner.title = judged.data.title;
    owner.changed = true;
  }
  const bool first = owner.tier.empty();
  if (first || std::tie(owner.tier_time, owner.tier_order) < std::tie(fact.time, judged.order)) {
    owner.tier_time = fact.time;
    owner.tier_order = judged.order;
    owner.tier = policy.tiers[fact.tier];
    owner.changed = true;
  }
  if (first && !owner.provisional.empty()) {
    owner.settled_by = judged.order;
    owner.settled_at = fact.recorded;
    settle_tier(owner, replayed ? fact.recorded : kAlways);
  }
}

// The account's first tier ends all guesses. What was decided before `replayed` was decided by them.
void Partition::settle_tier(Account& owner, Instant replayed) {
  for (const std::string& key : owner.provisional) {
    const std::size_t slash = key.find('/');
    Entity* e = find({owner.name, std::string_view(key).substr(0, slash),
                      std::string_view(key).substr(slash + 1)});
    if (e == nullptr) continue;
    if (replayed != kAlways) count_read_before(*e, replayed);
    for (EntityFact& f : e->facts) {
      if (!f.provisional) continue;
      f.provisional = false;
      const Policy* its = policy(f.version);
      const TierCode tier = its == nullptr ? TierCode() : place_of(owner.tier, its->tiers);
      if (tier != kNone) f.tier = tier;
      e->retiered = true;
    }
    forget_truth(*e, true);
    --counters_.provisional;
    touch(*e);
  }
  owner.provisional.clear();
}

// ---- stamps ------------------------------------------------------------------------------------

void Partition::note_provisional(Account& owner, Entity& target) {
  owner.provisional.push_back(target.spec().name + "/" + target.id);
  owner.changed = true;
  ++counters_.provisional;
}

void Partition::stamp(Account& owner, Entity& target, EntityFact& fact, std::string& stamps) {
  const Policy& by = *policy(fact.version);
  const KindSpec& kind = *by.kind_named(target.spec().name);
  // A kind that the policy in force does not have any more stays with the last one that had it.
  const KindSpec* in_force = policy_->kind_named(kind.name);
  fact.policy = in_force != nullptr && !in_force->retired ? policy_->version : fact.version;
  if (!has(kind.tiers, fact.verb) && fact.tier == kNone) {
    fact.provisional = owner.tier.empty();
    fact.tier = place_of(owner.tier, by.tiers);
    if (fact.provisional && !kind.on_account) note_provisional(owner, target);
  }
  if (fact.tier == kNone) fact.tier = by.default_tier;
  stamps = "\"tocsintier\":";
  append_json_string(stamps, by.tiers[fact.tier]);
  stamps += ",\"tocsinpolicy\":\"";
  append_int(stamps, fact.policy);
  stamps += fact.provisional ? "\",\"tocsinprovisional\":\"1\"" : "\"";
}

void Partition::take_stamps(Account& owner, Entity& target, EntityFact& fact,
                            const LogEvent& record) {
  const Policy& by = *policy(fact.version);
  const std::string_view tier = tocsin::stamp(record, "tocsintier");
  if (!tier.empty()) fact.tier = place_of(tier, by.tiers);
  fact.policy = std::atoi(std::string(tocsin::stamp(record, "tocsinpolicy")).c_str());
  fact.provisional = !tocsin::stamp(record, "tocsinprovisional").empty() && owner.tier.empty();
  if (fact.provisional && !target.spec().on_account) note_provisional(owner, target);
}

// ---- its place among the others ----------------------------------------------------------------

void Partition::insert(Entity& target, EntityFact fact) {
  auto& facts = target.facts;
  if (facts.empty()) facts.reserve(kFewFacts);
  Instant created = Truth::creation(facts);
  const bool first =
      fact.creates && (created == kNever || comes_before(fact, facts.front(), fact.time));
  if (first) {
    created = fact.time;
    const std::int32_t version = fact.policy;
    facts.push_back(std::move(fact));
    std::sort(facts.begin(), facts.end(), [&](const EntityFact& a, const EntityFact& b) {
      return comes_before(a, b, created);
    });
    forget_truth(target, true);
    if (const Policy* its = policy(version); its != nullptr) follow(target, *its);
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
  const Instant counts_at = std::max(fact.time, from);
  if (target.checkpoint && !target.checkpoint->can_read(index, counts_at))
    target.checkpoint.reset();
  if (target.truth && !target.truth->can_read(index, counts_at)) {
    forget_truth(target, false);
    ++counters_.late;
  }
  facts.insert(place, std::move(fact));
}

}  // namespace tocsin
