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

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/policy/policy.h"

namespace tocsin {

// `now` with what `before` had or remembered and `now` has not. `before` is the version that was in
// force until then; null: `now` is the first. It takes force no earlier than `before`, also where the
// clock was set back between them.
std::shared_ptr<const Policy> remembering(const Policy& now, std::shared_ptr<const Policy> before);

// A code's place in other words; kNone when they do not have it.
template <class C>
C place_of(std::string_view word, const Names<C>& words) {
  return words.find([&](const std::string& other) { return other == word; });
}
// A verb of a kind; kNone when it has none of that name.
VerbCode verb_named(const KindSpec& kind, std::string_view name);
// The words that a verb's choice is one of.
const Names<WordCode>& choice_words(const VerbSpec& verb);
// Clocks of one name differ by their period; kNone when there is none.
ClockCode clock_named(const KindSpec& kind, std::string_view name, bool period,
                      PeriodKind period_kind);
// A priority that may be an earlier version's; kNone when there is none of that name.
PriorityCode priority_named(const Policy& policy, std::string_view name);

// Codes of a kind under one version in those of the kind of that name under another. kNone stays
// kNone.
class Translation {
 public:
  // `to` has a kind of that name.
  Translation(const Policy& from, const KindSpec& from_kind, const Policy& to);

  const Policy &from, &to;
  const KindSpec &from_kind, &to_kind;

  // What facts hold: kNone where the other version does not know it.
  VerbCode verb(VerbCode code) const;
  WordCode choice(VerbCode verb, WordCode code) const;
  PriorityCode priority_in_force(PriorityCode code) const;
  TierCode tier(TierCode code) const;
  VerbMask verbs(VerbMask mask) const;
  // What a period asks for; without a verb where nobody there could do it.
  Trigger match(Trigger of) const;

  // What was announced: the later of two versions has them all.
  ClockCode clock(ClockCode code) const;
  StageCode stage(StageCode code) const;
  PriorityCode priority(PriorityCode code) const;
  RoleCode role(RoleCode code) const;
  // A threshold that has no place of its own there goes on at its place, under the name that is
  // there now.
  ThresholdCode threshold(ThresholdCode code) const;
  // The place there of each place here: who has a name of its own there goes first, kNone where
  // none is left.
  ByThreshold<ThresholdCode> thresholds() const;
  CalendarCode calendar(CalendarCode code) const;
};

}  // namespace tocsin
