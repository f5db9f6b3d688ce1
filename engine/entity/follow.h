// What an entity holds, taken from one policy version to another: everything of it, in one place.
//
// An entity lives by the version of its creation: a creation fact that turns out to come before the
// one known so far brings its own (`follow`). From an instant on it may live by a later one
// (`move`, contract §11); facts that count up to that instant still do so by the earlier one.
//
// Promises
//  1. What was announced keeps its names: clocks, stages, groups, routings, whatever the later
//     version has.
//  2. A fact whose verb its policy does not know is kept in the words of the one that read it, and
//     counts when the entity comes to live by a policy that knows it.
//  3. The same facts and versions in the same order lead to the same entity.
//
// Versions only go forward. The caller forgets the entity's Truth. Not thread safe. Cost: O(what
// the entity holds).
#pragma once

#include "engine/entity/entity.h"
#include "engine/policy/policy.h"

namespace tocsin {

inline constexpr std::size_t kAllMoves = SIZE_MAX;

// The policy by which a fact counts that has this effective time, where the first `moves` of the entity's
// moves are known.
const Policy& policy_at(const Entity& entity, Instant effective, std::size_t moves = kAllMoves);

// A fact's verb in the codes by which the entity lives now, whichever it counts by; kNone where that
// policy does not have it.
VerbCode verb_now(const Entity& entity, const EntityFact& fact);

// Whether it counts before its entity is created.
bool counts_uncreated(const Entity& entity, const EntityFact& fact);

// Its choice in the same way.
WordCode choice_now(const Entity& entity, const EntityFact& fact);

// What a fact says in the codes of `by`, a policy of an entity of that kind; on the timeline only
// where `by` does not know its verb. Without its words. `newest`: the entity's policy.
EntityFact seen_by(const Policy& by, const KindSpec& kind, const EntityFact& fact,
                   const Policy& newest);

// The entity was created under `to`, which has its kind. Its facts are in order.
void follow(Entity& entity, const Policy& to);

// From `at` on it lives by `to`, which has its kind. Its facts are in order, `at` is after its
// earlier moves.
void move(Entity& entity, const Policy& to, Instant at);

// Some of an entity's facts, in order, each in the codes of the policy by which it counts, where its first
// `moves` moves are known: another fact creates perhaps.
void read_anew(const Entity& entity, std::vector<EntityFact>& facts, std::size_t moves = kAllMoves);

// The fact in the codes of `to`, where `to` knows its verb; else as it was, on the timeline only.
// `known` finds the policy whose codes the fact holds.
void read_under(EntityFact& fact, const KindSpec& kind, const Policy& known, const Policy& to);

}  // namespace tocsin
