#include "engine/said/unconfirmed_years.h"

#include <algorithm>

#include "engine/truth/truth.h"

namespace tocsin {

namespace {

bool sets_dues(DerivedType type) {
  return type == DerivedType::kClockStarted || type == DerivedType::kClockRetargeted ||
         type == DerivedType::kClockResumed;
}

// The calendar on which the cycle's dues were computed.
const std::shared_ptr<const Calendar>& computed_on(const Policy& policy, const ClockSpec& spec,
                                                   const Cycle& cycle) {
  const bool by_working_day = spec.period && spec.cadence.due == PeriodSpec::Due::kFirstWorkingDay;
  const CalendarCode place = by_working_day ? policy.working_calendar : cycle.calendar;
  return policy.calendars[place].calendar;
}

bool given(const ClockSpec& spec, ThresholdCode threshold, const Cycle& cycle) {
  const TierCode tier = spec.period ? TierCode(0) : cycle.tier;
  return spec.allowed(threshold, cycle.priority, tier).kind == Allowance::Kind::kGiven;
}

}  // namespace

std::optional<std::int32_t> UnconfirmedYears::notice(const Entity& entity, const Derived& event) {
  if (!sets_dues(event.type) || !entity.truth) return std::nullopt;
  const auto& cycles = entity.truth->cycles;
  const auto cycle = std::find_if(cycles.begin(), cycles.end(), [&](const Cycle& c) {
    return c.clock == event.clock && c.number == event.cycle;
  });
  if (cycle == cycles.end()) return std::nullopt;
  const ClockSpec& spec = entity.spec().clocks[event.clock];
  const auto& calendar = computed_on(*entity.policy, spec, *cycle);
  for (const ThresholdCode i : kThresholds) {
    if (!has(event.exists, i) || event.due[i] == kNever || given(spec, i, *cycle)) continue;
    const auto year = year_of(calendar, event.due[i]);
    if (year && told_.insert(*year).second) return year;
  }
  return std::nullopt;
}

// A due at a year's first instant ends the year before.
std::optional<std::int32_t> UnconfirmedYears::year_of(
    const std::shared_ptr<const Calendar>& calendar, Instant due) {
  if (calendar->always()) return std::nullopt;
  auto known = std::find_if(certain_.begin(), certain_.end(),
                            [&](const Certain& c) { return c.calendar == calendar; });
  if (known != certain_.end() && due > known->after && due <= known->until) return std::nullopt;
  const Instant last = due - milliseconds(1);
  const auto year = calendar->unconfirmed_year(last, due);
  if (year) return year;
  if (known == certain_.end()) known = certain_.insert(known, {calendar, {}, {}});
  const int certain = civil(calendar->local_date(last)).year;
  known->after = calendar->end_of_date(*make_date(certain - 1, 12, 31));
  known->until = calendar->end_of_date(*make_date(certain, 12, 31));
  return std::nullopt;
}

}  // namespace tocsin
