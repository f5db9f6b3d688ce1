// Entities that were sought and not found, so that whoever writes their first row need not seek it
// again.
//
// One thread seeks, another writes rows, and a row may come into being between the two. So what is
// sought is noted before it is sought (`seek`), counts as absent only when it was then found
// nowhere
// (`not_found`), and is forgotten by every write of its row (`take`), whether it counted yet or
// not. What is forgotten for want of room costs a look, nothing else.
//
// Threads: for each row one that seeks and one that takes.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <mutex>
#include <string_view>

#include "events/hash.h"

namespace tocsin {

class AbsentRows {
 public:
  explicit AbsentRows(std::size_t most) : most_(most) {}

  void seek(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (rows_.size() >= most_) rows_.clear();
    rows_.try_emplace(hash128(key), false);
  }
  void found(std::string_view key) {
    const std::lock_guard lock(mutex_);
    rows_.erase(hash128(key));
  }
  void not_found(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (const auto at = rows_.find(hash128(key)); at != rows_.end()) at->second = true;
  }
  // Whether it is known that there is no such row; from here on it may be there.
  bool take(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto at = rows_.find(hash128(key));
    if (at == rows_.end()) return false;
    const bool known = at->second;
    rows_.erase(at);
    return known;
  }

 private:
  struct Hash : std::hash<Hash128> {
    using is_avalanching = void;
  };
  const std::size_t most_;
  std::mutex mutex_;
  boost::unordered_flat_map<Hash128, bool, Hash> rows_;  // true: found nowhere
};

}  // namespace tocsin
