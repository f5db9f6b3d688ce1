// Rows as they were written last, the newest few megabytes of them: an entity to which something
// happens, or a sum, is likely to change again soon, and its row then lies in a file, packed.
//
// Two generations: a row is found until as much again was written after it. What `find` returns
// stays until the next `put`. One thread at a time.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "events/arena.h"

namespace tocsin {

class RecentRows {
 public:
  // Memory: twice this, and some 40 bytes a row.
  explicit RecentRows(std::size_t generation_bytes) : generation_bytes_(generation_bytes) {}

  std::optional<std::string_view> find(std::string_view key) const {
    for (const Generation* g : {&generations_[newer_], &generations_[1 - newer_]}) {
      if (const auto at = g->rows.find(key); at != g->rows.end()) return at->second;
    }
    return std::nullopt;
  }

  void put(std::string_view key, std::string_view row) {
    if (generations_[newer_].bytes.bytes() > generation_bytes_) {
      newer_ = 1 - newer_;
      generations_[newer_].rows.clear();
      generations_[newer_].bytes.clear();
    }
    Generation& g = generations_[newer_];
    const std::string_view kept = g.bytes.keep(row);
    const auto at = g.rows.find(key);
    if (at != g.rows.end()) {
      at->second = kept;
    } else {
      g.rows.emplace(g.bytes.keep(key), kept);
    }
  }

  // The row is no more.
  void forget(std::string_view key) {
    for (Generation& g : generations_) g.rows.erase(key);
  }

 private:
  struct Hash {
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  struct Generation {
    Arena bytes;
    boost::unordered_flat_map<std::string_view, std::string_view, Hash> rows;
  };

  const std::size_t generation_bytes_;
  std::array<Generation, 2> generations_;
  std::size_t newer_ = 0;
};

}  // namespace tocsin
