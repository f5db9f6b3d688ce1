#include "projections/rows/read_view.h"

#include <algorithm>

namespace tocsin {

std::string_view queue_prefix(std::string_view key) {
  const FamilySpec* const spec = family_of_key(key, kKeyPrefixBytes);
  if (spec == nullptr || !spec->queue || key.size() == kKeyPrefixBytes) return {};
  return key.substr(0, place_of_instant(key));
}

RowCursor ReadView::rows(std::string_view prefix, std::string_view from) const {
  std::string_view begin = std::max(prefix, from);
  if (const auto low = low_water_->find(prefix); low != low_water_->end()) {
    begin = std::max(begin, std::string_view(low->second));
  }
  return rows_->rows(begin, after_prefix(std::string(prefix)));
}

std::vector<PartitionId> ReadView::partitions() const {
  std::vector<PartitionId> ids;
  for (const auto& [id, offset] : applied_) ids.push_back(id);
  return ids;
}

}  // namespace tocsin
