// Several ranges of rows walked as one, in order: the clocks of many kinds by due, the groups of
// many partitions by urgency. And the cursor with which a client asks for the page after.
//
// Rows are ordered by the first `order_bytes` behind their range's prefix, then by prefix, then by
// the rest; the order does not depend on which ranges take part. A cursor is the last row's key, so
// it stays good when rows come and go.
//
// One query's; not thread safe. Cost: a seek a range, a heap step a row.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/rows/read_view.h"

namespace tocsin {

class MergedRows {
 public:
  enum class Begin : std::uint8_t { kBehind, kAt };
  // `from`: a key that was walked before; the walk begins behind it, or at it. Empty: from the first.
  MergedRows(const ReadView& view, std::vector<std::string> prefixes, std::size_t order_bytes,
             std::string_view from, Begin begin = Begin::kBehind);

  bool valid() const { return !heap_.empty(); }
  void next();
  std::string_view key() const { return top().rows.key(); }
  std::string_view value() const { return top().rows.value(); }

 private:
  struct Range {
    std::string prefix;
    RowCursor rows;
  };
  const Range& top() const { return *heap_.front(); }
  bool later(const Range& a, const Range& b) const;

  const std::size_t order_bytes_;
  std::vector<std::unique_ptr<Range>> heap_;
};

// Cursors as clients see them: base64url of the key, without padding.
std::string to_cursor(std::string_view key);
// nullopt when `cursor` is none of ours. Empty gives an empty key.
std::optional<std::string> from_cursor(std::string_view cursor);

}  // namespace tocsin
