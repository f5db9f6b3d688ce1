// The steps of an escalation group: which ladder it climbs, when its next step comes, and when an
// acknowledgement of it runs out (contract §7, §14).
//
// A step is timed from the group's anchor: its beginning, or the step that was raised out of turn
// last. A delay that is a duration counts on the hours of its step, and stands still in its
// entity's pauses where the group's clock does (of a clock that pauses in certain waits only: in
// those); an instant in a pause comes as much later. Working days are whole days in any case.
//
// Example: a breach of 12:00 on a clock that pauses, step 2 after 30 min, the ticket paused from
// 12:10 to 13:00: step 2 comes at 13:20. While the pause is open its instant is not known (kNever).
//
// Pure functions of what was announced and what is true.
#pragma once

#include <vector>

#include "engine/entity/entity.h"
#include "engine/truth/truth.h"

namespace tocsin {

// The row of the policy that a group climbs, with what depends on tier and priority settled.
struct Way {
  const Ladder* ladder = nullptr;
  const LadderRow* row = nullptr;  // null: a recurring fault's
  bool pauses = false;             // its delays stand still in pauses
  const Policy* under = nullptr;   // whose codes these are
  ClockCode clock;                 // the group's, in the codes of its entity
};
// Of a group that is to be raised now.
Way way_of(const Policy& policy, const KindSpec& kind, const GroupKey& key, TierCode tier,
           PriorityCode priority);
// Of one that was raised: by the version that it was raised under.
Way way_of(const Entity& entity, const SaidGroup& group);

// The roles of step `number`, from 1, in the codes of `policy`; beyond the last step those of the
// last.
RoleCodes roles_of(const Way& way, const Policy& policy, std::uint16_t number);

// How long an acknowledgement holds when it is made at `priority`, a code of `policy`; 0: for good.
std::int64_t timeout_of(const Way& way, const Policy& policy, PriorityCode priority);

// From where the steps of a group that still come are counted.
struct Anchor {
  std::uint16_t step = 1;
  Instant at;
};

// When step `number` comes, which is not before the anchor's; kNever: not known yet.
Instant step_instant(const Way& way, const Truth& truth, const Anchor& anchor,
                     std::uint16_t number);

// Where `ms` of time that counts end: on `calendar` (null: around the clock), and outside pauses
// (null: they count). kNever: not before a pause ends that is open.
Instant counted(Instant from, std::int64_t ms, const Calendar* calendar, const Pauses* pauses);

struct Upcoming {
  std::uint16_t step = 0;  // 0: none
  Instant at{kNever};
};
// The step of an open group that comes next.
Upcoming upcoming(const Entity& entity, const Truth& truth, const SaidGroup& group);

// Whether the breach that a group is about stands, its clock runs, and nothing excuses it.
bool still_owed(const Entity& entity, const Truth& truth, const SaidGroup& group);

// When the acknowledgement of a group runs out; kNever: it does not.
Instant runs_out(const Entity& entity, const Truth& truth, const SaidGroup& group);

// The next instant at which any group has something to say; kNever when none has.
Instant next_step(const Entity& entity, const Truth& truth);

}  // namespace tocsin
