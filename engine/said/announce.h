// The difference between what is true and what was announced, as derived events (contract §4.8).
//
// `announce` compares an entity's Truth with what was said, and says the rest: first what facts
// that no decision has read yet state themselves, at their own time; then what follows indirectly,
// at the decision's instant; then who is told (engine/said/escalate.h). Every event is applied to the
// entity as it is made, so that afterwards nothing is left to say at this instant.
//
// Pure but for the entity. Cost: O(cycles of the entity + events).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/said/derived.h"
#include "engine/truth/truth.h"

namespace tocsin {

// Who plays a role for an account at this moment; appended to `persons`.
class RoleBook {
 public:
  virtual ~RoleBook() = default;
  virtual void persons(RoleCode role, Instant at, Persons& out) const = 0;
  // Whom a word of a fact means, as the roster calls them; the word itself when it knows nobody.
  virtual std::string_view person(std::string_view word) const { return word; }
  virtual bool is_away(std::string_view, Instant) const { return false; }
  // Who stands in for somebody who is away: who is on call for the role, whoever plays it for the
  // account.
  virtual void on_call(RoleCode, Instant, Persons&) const {}
  // Who is told when nobody else is found.
  virtual void last_resort(Instant, Persons&) const {}
  // What people call the account; empty: unknown.
  virtual std::string_view account_name() const { return {}; }
};

// What was true by the facts that earlier decisions read: tells what a decision learns anew when
// the Truth had to be read from the start.
struct Before {
  explicit Before(const Entity& entity) : truth(entity) {}
  // After `facts` are there: the truth before `now`, by the moves that were known, in the entity's
  // codes.
  void read(Instant now);

  std::vector<EntityFact> facts;
  Truth truth;
};

struct Announcement {
  Entity& entity;
  Truth& truth;
  const Before* before;  // null: `truth` is the one of the last decision, read on
  const Policy& policy;
  const RoleBook& roles;
  Instant now;
  std::vector<Derived>& out;  // appended to
  // The last of the facts that no decision has read yet; empty: what is decided came of time
  // alone.
  std::string_view news = {};

  void say(Derived&& event) {
    if (event.cause.empty()) event.cause = news;
    apply(entity, event, now);
    out.push_back(std::move(event));
  }
};

// Says everything that there is to say at `now`; `truth` has been advanced to it. Afterwards all
// facts count as read, and all that happened as told.
void announce(Announcement& a);

// Replaces `told` by the events of one decision as they are told: in order of time, then as contract
// §7 lists them. Where that is not the order in which they were decided, each keeps its place in that,
// for a replay.
void in_order_told(std::vector<Derived>& decided, std::vector<const Derived*>& told);

// What happened so far is nothing new to the next decision, which still compares all of it with
// what was announced: earlier ones knew it, but their words may be lost. History is kept only of
// clocks of which nothing was said.
void count_as_decided(const Entity& entity, Truth& truth);

// Whether this threshold's latest warning is to be told: the clock runs, the threshold is pending,
// and no later one of that warning is to come (contract §4.8).
bool owes_warning(const Cycle& cycle, const Threshold& threshold, const SaidThreshold& said);

// Clocks and stages only; part of `announce`.
void announce_clocks(Announcement& a);
void announce_stages(Announcement& a);

// A derived event about one cycle, with nothing said yet but whose it is and when.
Derived about(DerivedType type, const Cycle& cycle, Instant time);

}  // namespace tocsin
