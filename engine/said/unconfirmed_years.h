// Notices dues that were computed in a year whose holidays are not published yet (contract §2): the
// calendar is plain there, and the due may move once the official list is in the policy.
//
// Each year is told once. Dues that were given, and clocks that are always open, are certain.
// Not thread safe. Cost: some comparisons an event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/said/derived.h"

namespace tocsin {

class UnconfirmedYears {
 public:
  // The year, when `event`, just decided about `entity`, has a due in one not told before.
  std::optional<std::int32_t> notice(const Entity& entity, const Derived& event);

 private:
  struct Certain {  // dues in (after, until] of this calendar are
    std::shared_ptr<const Calendar> calendar;
    Instant after, until;
  };
  std::optional<std::int32_t> year_of(const std::shared_ptr<const Calendar>& calendar, Instant due);

  std::vector<Certain>
      certain_;  // the latest year of each calendar, so that most are not looked up
  std::set<std::int32_t> told_;
};

}  // namespace tocsin
