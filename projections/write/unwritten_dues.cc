#include "projections/write/unwritten_dues.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tocsin {

void UnwrittenDues::add(const Pending& pending) {
  for (const auto& [key, entity] : pending.entities()) {
    if (!entity.changed() || KeyReader(key).partition() != partition_) continue;
    const bool fresh = changed_.insert(hash128(key)).second;
    const bool asked_for = from_ <= entity.next_due && entity.next_due < to_;
    if (asked_for && entity.next_due != kNever) {
      due_.insert_or_assign(std::string(key), entity.next_due);
    } else if (!fresh) {
      due_.erase(std::string(key));
    }
  }
}

void UnwrittenDues::walk(const ReadView& view, const DueSink& sink) const {
  std::vector<std::pair<Instant, EntityKey>> waiting;
  for (const auto& [key, due] : due_) waiting.emplace_back(due, KeyReader(key).entity());
  std::stable_sort(waiting.begin(), waiting.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const std::string prefix = Key(partition_, Family::kDue).take();
  RowCursor rows = view.rows(prefix, Key(partition_, Family::kDue).instant(from_).take());
  auto next = waiting.begin();
  for (; rows.valid(); rows.next()) {
    KeyReader key(rows.key());
    const Instant due = key.instant();
    if (due >= to_) break;
    for (; next != waiting.end() && next->first <= due; ++next) {
      if (!sink(next->first, next->second)) return;
    }
    const EntityKey entity = key.entity();
    if (changed_.contains(hash128(Key(partition_, Family::kEntity).entity(entity).bytes())))
      continue;
    if (!sink(due, entity)) return;
  }
  for (; next != waiting.end(); ++next) {
    if (!sink(next->first, next->second)) return;
  }
}

}  // namespace tocsin
