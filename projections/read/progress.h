// How far a clock has come at an instant: what was used of its open time, and what is left.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/policy/policy.h"
#include "engine/view.h"

namespace tocsin {

struct Progress {
  // Open time to the next pending due; what remains of a paused clock; with none pending, the open
  // time since the last due, negative. Empty when the clock has ended.
  std::optional<std::int64_t> remaining_ms;
  // Open time without pauses: up to now, or up to the stop. Empty when it was cancelled.
  std::optional<std::int64_t> elapsed_ms;
  // Of what its next pending threshold allows, or its last one; above 1 when overdue.
  std::optional<double> fraction;
};

// On the calendar of that name in `policy`; around the clock where it has none.
Progress progress_of(const ClockRow& clock, const Policy& policy, Instant now);

}  // namespace tocsin
