#include "engine/entity/follow.h"

#include <algorithm>

#include "engine/policy/translate.h"

namespace tocsin {

namespace {

void translate(SaidCycle& said, const Translation& words) {
  said.clock = words.clock(said.clock);
  const auto before = said.thresholds;
  const auto places = words.thresholds();
  said.thresholds = {};
  for (const ThresholdCode i : kThresholds) {
    if (places[i] != kNone) said.thresholds[places[i]] = before[i];
  }
}

void translate(SaidGroup& group, const Translation& words) {
  GroupKey& key = group.key;
  switch (key.kind) {
    case GroupKey::Kind::kBreach:
    case GroupKey::Kind::kWarning:
      key.clock = words.clock(key.clock);
      key.threshold = words.threshold(key.threshold);
      break;
    case GroupKey::Kind::kRouting:
      key.priority = words.priority(key.priority);
      break;
    case GroupKey::Kind::kStage:
      key.stage = words.stage(key.stage);
      break;
    case GroupKey::Kind::kFault:
      break;
  }
  for (RoleCode& role : group.roles) role = words.role(role);
  for (SaidCall& call : group.calls) call.role = words.role(call.role);
}

// What was announced, in the words of `to`, by which the entity lives from now on.
void translate_said(Entity& e, const Policy& to) {
  const Translation words(*e.policy, e.spec(), to);
  for (SaidCycle& said : e.said) translate(said, words);
  e.said_index.clear();
  for (SaidStage& stage : e.stages) {
    stage.stage = words.stage(stage.stage);
    stage.from = words.stage(stage.from);
  }
  for (SaidGroup& group : e.groups) translate(group, words);
  e.policy = &to;
  e.kind = to.code_of(words.to_kind);
}

}  // namespace

void read_anew(const Entity& e, std::vector<EntityFact>& facts, std::size_t moves) {
  const Instant created = !facts.empty() && facts.front().creates ? facts.front().time : kAlways;
  for (EntityFact& fact : facts) {
    const Policy& counts_by = policy_at(e, std::max(fact.time, created), moves);
    if (fact.version == counts_by.version && fact.verb != kNone) continue;
    const Policy* known = e.policy->of_version(fact.version);
    if (known != nullptr) read_under(fact, e.spec(), *known, counts_by);
  }
}

const Policy& policy_at(const Entity& e, Instant effective, std::size_t moves) {
  for (std::size_t i = 0; i < e.moves.size(); ++i) {
    if (i == moves || effective <= e.moves[i].at) return *e.moves[i].from;
  }
  return *e.policy;
}

VerbCode verb_now(const Entity& e, const EntityFact& fact) {
  if (e.moves.empty() || fact.version == e.policy->version) return fact.verb;
  return seen_by(*e.policy, e.spec(), fact, *e.policy).verb;
}

bool counts_uncreated(const Entity& e, const EntityFact& fact) {
  const VerbCode verb = verb_now(e, fact);
  return verb != kNone && e.spec().verbs[verb].uncreated;
}

WordCode choice_now(const Entity& e, const EntityFact& fact) {
  if (e.moves.empty() || fact.version == e.policy->version) return fact.choice;
  return seen_by(*e.policy, e.spec(), fact, *e.policy).choice;
}

EntityFact seen_by(const Policy& by, const KindSpec& kind, const EntityFact& fact,
                   const Policy& newest) {
  EntityFact seen;
  seen.time = fact.time;
  seen.due = fact.due;
  seen.second_due = fact.second_due;
  seen.number = fact.number;
  seen.verb = fact.verb;
  seen.choice = fact.choice;
  seen.priority = fact.priority;
  seen.tier = fact.tier;
  seen.version = fact.version;
  if (fact.verb == kNone || fact.version == by.version) return seen;
  const Policy* known = newest.of_version(fact.version);
  if (known != nullptr) read_under(seen, kind, *known, by);
  return seen;
}

void read_under(EntityFact& fact, const KindSpec& kind, const Policy& known, const Policy& to) {
  const KindSpec* known_kind = known.kind_named(kind.name);
  if (known_kind == nullptr || to.kind_named(kind.name) == nullptr) return;
  const Translation words(known, *known_kind, to);
  const VerbCode was = fact.verb != kNone ? fact.verb : fact.other_verb;
  const VerbCode verb = words.verb(was);
  if (was == kNone || verb == kNone || words.to_kind.retired) {
    fact.other_verb = was;
    fact.verb = kNone;
    fact.creates = false;
    return;
  }
  fact.choice = words.choice(was, fact.choice);
  fact.priority = words.priority_in_force(fact.priority);
  fact.tier = words.tier(fact.tier);
  fact.verb = verb;
  fact.other_verb = kNone;
  fact.version = to.version;
  fact.creates = words.to_kind.verbs[verb].creates;
}

void follow(Entity& e, const Policy& to) {
  std::size_t behind = 0;  // moves to it or to earlier versions
  for (; behind < e.moves.size(); ++behind) {
    const bool last = behind + 1 == e.moves.size();
    const Policy& target = last ? *e.policy : *e.moves[behind + 1].from;
    if (target.version > to.version) break;
  }
  e.moves.erase(e.moves.begin(), e.moves.begin() + static_cast<std::ptrdiff_t>(behind));
  std::erase_if(e.cadences, [&](const CadenceMove& m) { return m.to->version <= to.version; });
  if (!e.moves.empty()) {
    e.moves.front().from = &to;
  } else if (&to != e.policy) {
    translate_said(e, to);
  }
  read_anew(e, e.facts);
}

void move(Entity& e, const Policy& to, Instant at) {
  e.moves.push_back({at, e.policy, false});
  translate_said(e, to);
  read_anew(e, e.facts);
}

}  // namespace tocsin
