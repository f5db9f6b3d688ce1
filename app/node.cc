#include "app/node.h"

#include <algorithm>

namespace tocsin {

bool hangs_on_a_doubted_clock(Instant claimed, Clock& clock) {
  const auto doubted = clock.doubted();
  return doubted && claimed > clock.now() + kAheadMax && claimed <= *doubted + kAheadMax;
}

bool hangs_on_a_doubted_clock(const Submission& submission, Clock& clock) {
  if (!clock.doubted()) return false;
  return std::any_of(submission.events.begin(), submission.events.end(), [&](const auto& event) {
    return event.decoded.form_error.empty() &&
           hangs_on_a_doubted_clock(event.decoded.fact.claimed, clock);
  });
}

}  // namespace tocsin
