// What a Calendar with a zone looks up: every open segment from 1970 to 2099, and every working
// day.
//
// Built once by `build`, read by Calendar alone. Invariants:
//  1. `segments` are ascending, not empty, and neither overlap nor touch; each `before` is the open time
//     of all segments before it.
//  2. `by_day[k]` is the first segment that closes after the start of UTC day k (from kZoneBegin), and
//     `by_day` has one entry more than there are days: segment search is between two neighbours.
//  3. `by_open[k]` is the first segment whose open time up to its close exceeds k << open_shift, with
//     one entry more than needed, likewise.
//  4. `working_days` are ascending by date; `working_before[i]` counts those before date
//     `first_date + i`, for every local date of the range and two more.
//  5. `shift_ends[i]` is when a shift ends that date `first_date + i` has from the day before;
//     kAlways: there is none. Empty where no date has one.
//
// Sizes: at most kMaxIntervalsPerDay segments for each of 47,484 local dates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/calendar/calendar.h"

namespace tocsin {

struct Calendar::Table {
  struct OpenSegment {
    std::int64_t open, close, before;
    std::int64_t until_close() const { return before + (close - open); }
  };
  struct WorkingDay {
    LocalDate date;
    Instant open;   // first opening instant
    Instant close;  // last closing instant
  };

  Zone zone;
  std::vector<OpenSegment> segments;
  std::vector<std::uint32_t> by_day;
  std::vector<std::uint32_t> by_open;
  int open_shift = 0;
  std::int64_t total = 0;  // open time of all segments
  std::vector<WorkingDay> working_days;
  std::vector<std::uint32_t> working_before;
  std::vector<Instant> shift_ends;
  LocalDate first_date;
  std::optional<std::vector<std::int32_t>> confirmed;  // ascending
  std::map<LocalDate, std::string> names;              // of days, for people

  // `spec` is sound (check_calendar) and names `zone`.
  static std::shared_ptr<const Table> build(const CalendarSpec& spec, const Zone& zone);

  // The first segment that closes after t, which is in range; segments.size() when none does.
  std::size_t segment_after(Instant t) const;
  // Open time before t.
  std::int64_t open_before(Instant t) const;
  // The earliest instant with `open` (1 … total) of open time before it.
  Instant instant_of(std::int64_t open) const;
  // Number of working days before `date`, which may lie outside the range.
  std::size_t count_before(LocalDate date) const;

 private:
  void index();
};

}  // namespace tocsin
