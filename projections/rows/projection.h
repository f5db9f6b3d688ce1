// What the store keeps of one entity to make and unmake its view rows: the last view, and what the
// views need beyond it.
//
// Every view row of an entity is a function of its Projection (projections/rows/views.h), so a change is
// "rows of the new one minus rows of the old one", and nothing else has to be remembered.
//
// It lies in the entity's row (family E) between the engine's state and the newest part of the
// timeline (timeline_rows.h): what always changes together is written and read together.
//
// Values; any thread. Encoded: some 200 bytes for a ticket with four clocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/view.h"
#include "events/bytes.h"
#include "events/time.h"

namespace tocsin {

// Days since 1970-01-01 of an instant in the business zone. Must be callable from any thread, and
// the same instant must always give the same day.
using Day = std::int32_t;

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
  // The day on which a due counts, that of its last millisecond, threshold by threshold over all
  // clocks in order; 0 where there is no due.
  std::vector<Day> due_days;
  std::vector<Day> score_days;  // of the view's scores
  std::vector<Withdrawn> withdrawn;
};

// Whether more than the timeline depends on a record of this type.
bool is_read_by_views(std::string_view type);

// Appends the view without account, kind and id, which are the key's.
void encode_view(ByteBuffer& out, const EntityView& view);
std::string encode_view(const EntityView& view);
// Appends the projection; `view` is what encode_view made of its view, empty when it is not known.
void encode_projection(ByteBuffer& out, std::string_view view, const Projection& projection);
// Throw std::runtime_error when the bytes are not what was encoded. Account, kind and id are left
// empty.
EntityView decode_view(std::string_view bytes);
Projection decode_projection(std::string_view bytes);
// The same in place of what they hold, whose memory is used again.
void decode_view(std::string_view bytes, EntityView& view);
void decode_projection(std::string_view bytes, Projection& projection);
bool is_known(std::string_view projection);

// The parts of an entity's row; they point into it.
struct EntityRow {
  std::string_view state;       // the engine's; empty when the projection is not known
  std::string_view projection;  // as encoded
  std::string_view offsets;     // of the newest records, as put_offsets has them
};
void encode_entity_row(ByteBuffer& out, const EntityRow& row);
EntityRow split_entity_row(std::string_view row);

}  // namespace tocsin
