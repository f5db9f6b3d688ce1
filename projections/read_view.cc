#include "projections/read_view.h"

#include <algorithm>

namespace tocsin {

std::string_view queue_prefix(std::string_view key) {
  if (key.size() <= kKeyPrefixBytes) return {};
  const auto family = static_cast<Family>(key[kKeyPrefixBytes - 1]);
  if (family == Family::kDue) return key.substr(0, kKeyPrefixBytes);
  if (family != Family::kClock) return {};
  // Behind the class letter stand two texts: kind and clock.
  constexpr std::string_view kEndOfText("\0\1", 2);
  const std::size_t kind_end = key.find(kEndOfText, kKeyPrefixBytes + 1);
  if (kind_end == std::string_view::npos) return {};
  const std::size_t clock_end = key.find(kEndOfText, kind_end + 2);
  return clock_end == std::string_view::npos ? std::string_view{} : key.substr(0, clock_end + 2);
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
