// Why a due is when it is: the proof that the open time between a clock's start and its due is what
// the policy allows (contract §8).
//
// Each threshold has a list of segments without gaps from where its allowance counts to its due:
// open time (on a make-up workday `makeup`), closed hours, holidays, and pauses. The open and
// make-up milliseconds add up to `allowance_ms`, exactly:
//  - of a due that the allowance gave: to the allowance in force. After a re-target that counted
//    afresh (§4.6) the segments begin there.
//  - of a due that was given by a fact, or kept from another priority: to the open time from start
//    to due.
// While a clock is paused no due is known: the segments end with the pause, and with what remains
// they add up.
//
// Example, 2 h on business hours from Friday 17:00: open Fri 17:00–18:00, closed to Monday 09:00,
// open 09:00–10:00: 1 h + 1 h.
//
// Pure; any thread. Cost: a walk over the segments, at most kExplainedSegmentsMax a threshold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/truth/truth.h"

namespace tocsin {

inline constexpr std::size_t kExplainedSegmentsMax = 4096;

struct ExplainedSegment {
  enum class What : std::uint8_t { kOpen, kMakeup, kClosed, kHoliday, kPaused } what = What::kOpen;
  Instant from, to;
  std::int64_t ms = 0;  // of real time, which open time is
  std::string name;     // of a holiday or make-up workday: `春节`, or its first day, `2026-02-16`
};
const char* name_of(ExplainedSegment::What what);

struct ExplainedRetarget {
  Instant at;
  std::string cause;                // the type of the fact; empty: time alone
  std::string fact;                 // its id
  std::optional<Instant> from, to;  // dues; empty: paused, or the priority has none
};

struct ExplainedThreshold {
  std::string name;
  bool given = false;             // not the allowance's: a fact gave the due, or it was kept
  std::int64_t allowance_ms = 0;  // to which the open time adds up
  std::optional<std::int64_t> remaining_ms;  // while paused
  std::optional<Instant> due;
  std::vector<ExplainedSegment> segments;
  bool more = false;  // there were more segments
  std::vector<ExplainedRetarget> retargets;
};

struct ExplainedClock {
  std::string clock, cycle, calendar, zone;
  std::string tzdata;  // version of the time-zone data; empty: none was needed
  bool period = false;
  std::int32_t policy = 0;  // version
  Instant start;
  std::vector<ExplainedThreshold> thresholds;
};

// What is true of an entity at `now`: of one clock (empty: all), and one of its cycles (empty: all). Where
// open entities were moved to another policy, each fact counts by the one that was in force.
std::vector<ExplainedClock> explain(const Entity& entity, Instant now, const std::string& clock,
                                    const std::string& cycle);

}  // namespace tocsin
