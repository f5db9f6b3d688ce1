#include "projections/read/merged_rows.h"

#include <algorithm>
#include <memory>

#include "events/base64.h"

namespace tocsin {
namespace {

// The first key of the range `prefix` that does not come before `from`, which is of the range
// `within`, in the order of the whole walk.
std::string begin_of(const std::string& prefix, std::string_view from, std::string_view within,
                     std::size_t order_bytes) {
  if (from.empty()) return prefix;
  if (prefix == within) return std::string(from);
  std::string begin = prefix + std::string(from.substr(within.size(), order_bytes));
  return prefix > within ? begin : after_prefix(std::move(begin));
}

}  // namespace

MergedRows::MergedRows(const ReadView& view, std::vector<std::string> prefixes,
                       std::size_t order_bytes, std::string_view from, Begin begin)
    : order_bytes_(order_bytes) {
  std::string_view within;  // the prefix of `from`
  for (const std::string& p : prefixes) {
    if (from.starts_with(p)) within = p;
  }
  if (within.empty()) from = {};
  for (const std::string& prefix : prefixes) {
    RowCursor rows = view.rows(prefix, begin_of(prefix, from, within, order_bytes));
    if (begin == Begin::kBehind && rows.valid() && rows.key() == from) rows.next();
    if (!rows.valid()) continue;
    heap_.push_back(std::make_unique<Range>(Range{prefix, std::move(rows)}));
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [this](const auto& a, const auto& b) { return later(*a, *b); });
}

void MergedRows::next() {
  const auto order = [this](const auto& a, const auto& b) { return later(*a, *b); };
  std::pop_heap(heap_.begin(), heap_.end(), order);
  heap_.back()->rows.next();
  if (heap_.back()->rows.valid()) {
    std::push_heap(heap_.begin(), heap_.end(), order);
  } else {
    heap_.pop_back();
  }
}

bool MergedRows::later(const Range& a, const Range& b) const {
  const std::string_view x = a.rows.key().substr(a.prefix.size(), order_bytes_);
  const std::string_view y = b.rows.key().substr(b.prefix.size(), order_bytes_);
  return x != y ? x > y : a.prefix > b.prefix;
}

std::string to_cursor(std::string_view key) { return base64url(key); }

std::optional<std::string> from_cursor(std::string_view cursor) {
  std::string out;
  if (!decode_base64url(cursor, out)) return std::nullopt;
  return out;
}

}  // namespace tocsin
