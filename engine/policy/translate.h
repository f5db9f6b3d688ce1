// From one version of a policy to another: what an entity holds is codes, and codes are places in
// one version's own tables.
//
// A version that takes force after others remembers them: the kinds, clocks, stages, roles,
// priorities, thresholds and calendars that it does not have stand behind its own, named and
// retired, so that whatever was announced under an earlier version keeps its name and can be ended.
// Nothing starts by a retired entry. Going from an earlier version to a later one therefore loses
// no name; only facts may hold verbs and words that the later one does not know.
//
// Worked example. Version 1 has the clocks ticket.aaa (code 0) and ticket.response (1); version 2
// has ticket.response alone (0) and remembers ticket.aaa (1, retired). A `Translation` from 1 to 2
// says clock(0) = 1 and clock(1) = 0.
//
// Pure; any thread. Cost: O(names) to make either.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/policy/policy.h"

namespace tocsin {

// `now` with what `before` had or remembered and `now` has not. `before` is the version that was in
// force until then; null: `now` is the first.
std::shared_ptr<const Policy> remembering(const Policy& now, std::shared_ptr<const Policy> before);

// A code's place in other words; kNone when they do not have it.
std::int16_t place_of(std::string_view word, const std::vector<std::string>& words);
// A verb of a kind; kNone when it has none of that name.
std::int16_t verb_named(const KindSpec& kind, std::string_view name);
// The words that a verb's choice is one of.
const std::vector<std::string>& choice_words(const VerbSpec& verb);
// Clocks of one name differ by their period; kNone when there is none.
std::int16_t clock_named(const KindSpec& kind, std::string_view name, bool period,
                         PeriodKind period_kind);
// A priority that may be an earlier version's; kNone when there is none of that name.
std::int16_t priority_named(const Policy& policy, std::string_view name);

// Codes of a kind under one version in those of the kind of that name under another. kNone stays
// kNone.
class Translation {
 public:
  // `to` has a kind of that name.
  Translation(const Policy& from, const KindSpec& from_kind, const Policy& to);

  const Policy &from, &to;
  const KindSpec &from_kind, &to_kind;

  // What facts hold: kNone where the other version does not know it.
  std::int16_t verb(std::int16_t code) const;
  std::int16_t choice(std::int16_t verb, std::int16_t code) const;
  std::int16_t priority_in_force(std::int16_t code) const;
  std::int16_t tier(std::int16_t code) const;
  VerbMask verbs(VerbMask mask) const;

  // What was announced: the later of two versions has them all.
  std::int16_t clock(std::int16_t code) const;
  std::int16_t stage(std::int16_t code) const;
  std::int16_t priority(std::int16_t code) const;
  std::int16_t role(std::int16_t code) const;
  // A threshold that has no place of its own there goes on at its place, under the name that is
  // there now.
  std::int16_t threshold(std::int16_t code) const;
  // The place there of each place here: who has a name of its own there goes first, kNone where
  // none is left.
  std::array<std::int16_t, kMaxThresholds> thresholds() const;
  std::int16_t calendar(std::int16_t code) const;
};

}  // namespace tocsin
