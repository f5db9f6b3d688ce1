// The rows of items (timeline_rows.h) of one partition while items are added to them: those of one number,
// for events come in order of offset. So few are open at a time and stay in the cache.
//
// One write's; one thread. The parts of keys that it is given must outlive the number's rows.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "projections/rows/keys.h"
#include "projections/rows/timeline_rows.h"

namespace tocsin {

class ItemRows {
 public:
  ItemRows(Family family, Offset offsets_per_row) : family_(family), per_row_(offsets_per_row) {}

  // The items so far of the row for `offset`, to be added to at once. `part`: the row's key up to its
  // number, with the letter of whatever family. When another number begins, the rows of the last are
  // told to `done` (close).
  template <typename Done>
  std::string& at(std::string_view part, Offset offset, Done done) {
    const Offset number = row_number(offset, per_row_);
    if (number != number_) close(done);
    number_ = number;
    const auto [place, fresh] = places_.try_emplace(part, used_);
    if (!fresh) return rows_[place->second].items;
    if (used_ == rows_.size()) rows_.emplace_back();
    Row& row = rows_[used_++];
    row.key = part;
    row.key[kKeyPrefixBytes - 1] = static_cast<char>(family_);
    row.key = Key(std::move(row.key)).offset(number).take();
    row.items.clear();
    return row.items;
  }

  // Calls done(key, items, offset of the first that may be in it) for each row that is open.
  template <typename Done>
  void close(Done done) {
    const Offset first = number_ * per_row_;
    for (std::size_t i = 0; i < used_; ++i) done(rows_[i].key, rows_[i].items, first);
    used_ = 0;
    places_.clear();
  }

 private:
  struct Row {
    std::string key, items;
  };
  struct Hash {
    std::size_t operator()(std::string_view part) const {
      return std::hash<std::string_view>()(part);
    }
  };

  const Family family_;
  const Offset per_row_;
  Offset number_ = -1;
  std::deque<Row> rows_;  // the first `used_`; the others are kept for their memory
  std::size_t used_ = 0;
  boost::unordered_flat_map<std::string_view, std::size_t, Hash> places_;
};

}  // namespace tocsin
