// Fetching entities into the processor's cache before they are worked on. What a decision reads of one
// lies in some ten places: each costs a wait for memory, unless it is asked for while others are
// decided about (`bench_embedded_node due 100000`).
//
// Hints alone: nothing is changed, and what is not there is left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/truth/truth.h"

namespace tocsin {

inline void fetch_lines(const void* at, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  for (std::size_t from = 0; from < bytes; from += kLine)
    __builtin_prefetch(static_cast<const char*>(at) + from);
}

template <class Items>
void fetch_items(const Items& items) {
  constexpr std::size_t kMost = 1024;  // bytes; of those that have more, the rest comes in order
  fetch_lines(items.data(), std::min(items.size() * sizeof(items[0]), kMost));
}

// `coming(n)`: the n-th entity after the one that is worked on; null where there is none. Each step needs
// what the one before fetched.
template <class Coming>
void fetch_ahead(const Coming& coming) {
  if (const Entity* e = coming(3)) fetch_lines(e, sizeof *e);
  if (const Entity* e = coming(2)) {
    if (e->truth) fetch_lines(e->truth.get(), sizeof *e->truth);
    fetch_items(e->facts);
    fetch_items(e->said);
    fetch_items(e->groups);
  }
  if (const Entity* e = coming(1); e != nullptr && e->truth) {
    fetch_items(e->truth->cycles);
    fetch_items(e->truth->clocks.list());
    for (const SaidGroup& group : e->groups) fetch_items(group.calls);
  }
}

// Those that come after `entities[at]`.
inline void fetch_ahead(const std::vector<Entity*>& entities, std::size_t at) {
  fetch_ahead([&](std::size_t n) { return at + n < entities.size() ? entities[at + n] : nullptr; });
}

}  // namespace tocsin
