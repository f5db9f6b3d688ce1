// What the store keeps of one entity to make and unmake its view rows: the last view, and what the
// views need beyond it.
//
// Every view row of an entity is a function of its Projection (projections/views.h), so a change is
// "rows of the new one minus rows of the old one", and nothing else has to be remembered.
//
// Values; any thread. Encoded: some 200 bytes for a ticket with four clocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/view.h"
#include "events/time.h"

namespace tocsin {

// Days since 1970-01-01 of an instant in the business zone. Must be callable from any thread, and
// the same instant must always give the same day.
using Day = std::int32_t;

// The customer's word on a ticket: that of its last `closed` by (time, source, sequence, id).
struct Satisfaction {
  Instant time;
  std::string order;  // source NUL sequence NUL id
  int score = 0;
  Day day = 0;
};

// Breaches that were taken back, counted by the day of the withdrawal.
struct Withdrawn {
  std::string clock, threshold;
  Day day = 0;
  std::int64_t count = 0;
};

struct Projection {
  // False: events of it came, but the engine never gave a view (its kind is in no policy). No rows.
  bool known = false;
  EntityView view;
  Instant next_due{kNever};
  // The due's day, threshold by threshold over all clocks in order; 0 where there is no due.
  std::vector<Day> due_days;
  std::optional<Satisfaction> satisfaction;
  std::vector<Withdrawn> withdrawn;
};

std::string encode_projection(const Projection& projection);
// Throws std::runtime_error when the bytes are not what encode_projection made. The key's account,
// kind and id are not stored in the row and are left empty.
Projection decode_projection(std::string_view bytes);

}  // namespace tocsin
