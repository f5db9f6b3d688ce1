#include "projections/read/progress.h"

#include <algorithm>

namespace tocsin {
namespace {

const Calendar& calendar_of(const Policy& policy, const std::string& name) {
  static const Calendar always;
  for (const NamedCalendar& one : policy.calendars) {
    if (one.name == name) return *one.calendar;
  }
  return always;
}

// Negative when `to` lies before `from`.
std::int64_t open_time(const Calendar& calendar, Instant from, Instant to) {
  return to < from ? -calendar.elapsed(to, from).ms : calendar.elapsed(from, to).ms;
}

// The threshold that counts now: the pending one that is due first, else the last breached one.
const ThresholdRow* next_threshold(const ClockRow& clock) {
  const ThresholdRow* next = nullptr;
  for (const ThresholdRow& t : clock.thresholds) {
    if (t.verdict != Verdict::kPending) continue;
    const bool earlier =
        next == nullptr || (t.due && next->due && *t.due < *next->due) ||
        (t.remaining_ms && next->remaining_ms && *t.remaining_ms < *next->remaining_ms);
    if (earlier) next = &t;
  }
  if (next != nullptr) return next;
  for (const ThresholdRow& t : clock.thresholds) {
    if (t.due && (next == nullptr || *t.due > *next->due)) next = &t;
  }
  return next;
}

void add_fraction(Progress& progress) {
  if (!progress.remaining_ms || !progress.elapsed_ms) return;
  const std::int64_t whole = *progress.elapsed_ms + *progress.remaining_ms;
  if (whole > 0)
    progress.fraction = static_cast<double>(*progress.elapsed_ms) / static_cast<double>(whole);
}

}  // namespace

Progress progress_of(const ClockRow& clock, const Policy& policy, Instant now) {
  Progress progress;
  if (clock.state == ClockState::kStopped) progress.elapsed_ms = clock.elapsed_ms;
  if (clock.state != ClockState::kRunning && clock.state != ClockState::kPaused) return progress;
  const Calendar& calendar = calendar_of(policy, clock.calendar);
  const bool running = clock.state == ClockState::kRunning;
  progress.elapsed_ms =
      clock.counted_ms +
      (running ? std::max<std::int64_t>(0, open_time(calendar, clock.since, now)) : 0);
  const ThresholdRow* next = next_threshold(clock);
  if (next == nullptr) return progress;
  if (next->verdict == Verdict::kPending && !running) {
    progress.remaining_ms = next->remaining_ms;
  } else if (next->due) {
    progress.remaining_ms = open_time(calendar, now, *next->due);
  }
  add_fraction(progress);
  return progress;
}

}  // namespace tocsin
