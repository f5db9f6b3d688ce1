#include "engine/said/persons.h"

#include <algorithm>

#include "engine/entity/follow.h"

namespace tocsin {

namespace {

class PersonFinder {
 public:
  PersonFinder(const Entity& entity, const Truth& truth, const RoleBook& book,
               const RoleCodes& roles, Instant at)
      : entity_(entity), truth_(truth), book_(book), roles_(roles), at_(at) {}

  Told find() {
    const Policy& policy = *entity_.policy;
    for (const RoleCode role : roles_) {
      if (role == policy.assignee_role) {
        named(assignee_of(entity_), role);
      } else if (role == policy.owner_role) {
        named(owner_of(entity_, truth_), role);
      } else {
        book_.persons(role, at_, found_);
        add(role);
      }
    }
    if (told_.persons.empty()) {
      book_.last_resort(at_, found_);
      add(kNone);
    }
    return std::move(told_);
  }

 private:
  void named(std::string_view word, RoleCode role) {
    if (word.empty()) return;
    const std::string_view person = book_.person(word);
    found_.push_back(person);
    add(role);
    if (!book_.is_away(person, at_)) return;
    const auto other = std::find_if(roles_.begin(), roles_.end(), [&](RoleCode r) {
      return r != entity_.policy->assignee_role && r != entity_.policy->owner_role;
    });
    if (other == roles_.end()) return;
    book_.on_call(*other, at_, found_);
    add(role);
  }

  void add(RoleCode role) {
    for (const std::string_view person : found_) {
      if (std::find(told_.persons.begin(), told_.persons.end(), person) != told_.persons.end())
        continue;
      told_.persons.push_back(person);
      told_.roles.push_back(role);
    }
    found_.clear();
  }

  const Entity& entity_;
  const Truth& truth_;
  const RoleBook& book_;
  const RoleCodes& roles_;
  Instant at_;
  Persons found_;
  Told told_;
};

}  // namespace

std::string_view assignee_of(const Entity& entity) {
  const KindSpec& kind = entity.spec();
  for (auto f = entity.facts.rbegin(); f != entity.facts.rend(); ++f) {
    const VerbCode verb = f->verb == kNone ? kNone : verb_now(entity, *f);
    if (verb == kNone) continue;
    if (verb == kind.assign_verb) return f->words.text();
    if (verb == kind.unassign_verb) break;
  }
  return {};
}

std::string_view owner_of(const Entity& entity, const Truth& truth) {
  if (truth.creator < 0) return {};
  return entity.facts[static_cast<std::size_t>(truth.creator)].words.text();
}

Told persons_of(const Entity& entity, const Truth& truth, const RoleBook& book,
                const RoleCodes& roles, Instant at) {
  return PersonFinder(entity, truth, book, roles, at).find();
}

}  // namespace tocsin
