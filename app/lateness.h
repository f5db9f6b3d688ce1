// How late decisions are: a histogram of (decided − due) in fixed buckets. One thread writes.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "events/time.h"

namespace tocsin {

class Lateness {
 public:
  void add(Duration late) {
    const std::int64_t ms = late.ms < 0 ? 0 : late.ms;
    max_ = ms > max_ ? ms : max_;
    ++count_;
    ++buckets_[bucket(ms)];
  }
  std::int64_t count() const { return count_; }
  double max_ms() const { return static_cast<double>(max_); }
  // Upper bound of the bucket that holds the fraction `q` of all; exact below 64 ms.
  double percentile_ms(double q) const {
    const auto want = static_cast<std::int64_t>(std::ceil(q * static_cast<double>(count_)));
    std::int64_t sum = 0;
    for (std::size_t b = 0; b < buckets_.size(); ++b) {
      sum += buckets_[b];
      if (sum >= want && want > 0) return static_cast<double>(upper(b));
    }
    return 0;
  }

 private:
  static constexpr std::size_t kExact = 64;
  static std::size_t bucket(std::int64_t ms) {
    if (ms < static_cast<std::int64_t>(kExact)) return static_cast<std::size_t>(ms);
    std::size_t b = kExact;
    for (std::int64_t top = 2 * static_cast<std::int64_t>(kExact); ms >= top && b < 127; top *= 2)
      ++b;
    return b;
  }
  static std::int64_t upper(std::size_t b) {
    return b < kExact ? static_cast<std::int64_t>(b)
                      : static_cast<std::int64_t>(kExact) << (b - kExact + 1);
  }
  std::array<std::int64_t, 128> buckets_{};
  std::int64_t count_ = 0, max_ = 0;
};

}  // namespace tocsin
