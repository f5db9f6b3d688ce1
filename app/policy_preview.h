// What moving all open entities to another policy would do to their dues, before anything is
// written (contract §11, `--to-open --dry-run`).
//
// Reads the store as it is, decides nothing, tells nobody. Any thread but the engine's: it takes
// O(open entities), about 50 µs each. At most kDuesMax changes are listed; all are counted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/policy/policy.h"
#include "events/time.h"
#include "projections/store.h"

namespace tocsin {

struct DueChange {
  enum class What : std::uint8_t { kMoves, kBreaches, kPending, kStarts, kDropped, kCancelled };
  What what = What::kMoves;
  std::string account, entity, clock, cycle, threshold;
  std::optional<Instant> from, to;  // empty: unknown while paused, or there was or will be none
};

struct Preview {
  static constexpr std::size_t kDuesMax = 100'000;
  std::int64_t entities = 0;  // that are open and would move
  std::int64_t changed = 0, breaches = 0;
  std::vector<DueChange> dues;
};

std::string_view name(DueChange::What what);

// `next` compiled, not yet part of any partition's sequence. `stop` ends it early.
Preview preview_to_open(const Store& store, const Policy& next, Instant now,
                        const std::function<bool()>& stop);

}  // namespace tocsin
