// How late decisions are: a histogram of (decided − due) in fixed buckets. One thread writes.
#pragma once

#include <array>
#include <cstdint>

#include "events/time.h"

namespace tocsin {

class Lateness {
 public:
  void add(Duration late) {
    const std::int64_t ms = late.ms < 0 ? 0 : late.ms;
    sum_ms_ += ms;
    ++buckets_[bucket(ms)];
  }
  std::int64_t sum_ms() const { return sum_ms_; }
  // How many were at most so late. Exact below 64 ms; above, `ms` should be 64 times a power of
  // two, and those that were as late as that to the millisecond are not counted.
  std::int64_t up_to(std::int64_t ms) const {
    std::int64_t n = 0;
    for (std::size_t b = 0; b < buckets_.size() && last(b) <= ms; ++b) n += buckets_[b];
    return n;
  }

 private:
  static constexpr std::size_t kExact = 64;
  static std::size_t bucket(std::int64_t ms) {
    if (ms < static_cast<std::int64_t>(kExact)) return static_cast<std::size_t>(ms);
    std::size_t b = kExact;
    for (std::int64_t top = 2 * static_cast<std::int64_t>(kExact); ms >= top && b < 95; top *= 2)
      ++b;
    return b;
  }
  // The latest that bucket `b` holds.
  static std::int64_t last(std::size_t b) {
    return b < kExact ? static_cast<std::int64_t>(b)
                      : (static_cast<std::int64_t>(kExact) << (b - kExact + 1)) - 1;
  }
  std::array<std::int64_t, 96> buckets_{};
  std::int64_t sum_ms_ = 0;
};

}  // namespace tocsin
