#include "projections/merged_rows.h"

#include <algorithm>
#include <memory>

namespace tocsin {
namespace {

constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The first key of the range `prefix` that comes after `after` in the order of the whole walk.
std::string begin_of(const std::string& prefix, std::string_view after,
                     std::string_view after_prefix_part, std::size_t order_bytes) {
  if (after.empty()) return prefix;
  const std::string_view order = after.substr(after_prefix_part.size(), order_bytes);
  std::string begin = prefix + std::string(order);
  if (prefix == after_prefix_part) return std::string(after) + '\0';
  return prefix > after_prefix_part ? begin : after_prefix(std::move(begin));
}

}  // namespace

MergedRows::MergedRows(const ReadView& view, std::vector<std::string> prefixes,
                       std::size_t order_bytes, std::string_view after)
    : order_bytes_(order_bytes) {
  std::string_view within;  // the prefix of `after`
  for (const std::string& p : prefixes) {
    if (after.starts_with(p)) within = p;
  }
  if (within.empty()) after = {};
  for (const std::string& prefix : prefixes) {
    RowCursor rows = view.rows(prefix, begin_of(prefix, after, within, order_bytes));
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

std::string to_cursor(std::string_view key) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : key) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6;) out.push_back(kBase64Url[(bits >> (held -= 6)) & 63u]);
  }
  if (held > 0) out.push_back(kBase64Url[(bits << (6 - held)) & 63u]);
  return out;
}

std::optional<std::string> from_cursor(std::string_view cursor) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : cursor) {
    const std::size_t digit = kBase64Url.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) out.push_back(static_cast<char>(bits >> (held -= 8)));
  }
  return out;
}

}  // namespace tocsin
