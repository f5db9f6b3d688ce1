// The notifier's figures for Prometheus. Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "events/mutex.h"
#include "events/time.h"

namespace tocsin::notify {

class Figures {
 public:
  void delivery(const std::string& channel, bool delivered);
  void reached_after(Duration span);       // raised → delivered, urgent ones
  void acknowledged_after(Duration span);  // raised → acknowledged
  void now(std::int64_t owed, std::int64_t unheard, double oldest_seconds);
  void channel_failing(const std::string& channel, bool failing);
  std::string text() const;

 private:
  static constexpr std::array<double, 11> kBounds = {0.01, 0.02, 0.05, 0.1, 0.5, 1,
                                                     5,    15,   60,   300, 1800};
  struct Histogram {
    std::array<std::int64_t, kBounds.size() + 1> counts{};
    double sum = 0;
    std::int64_t count = 0;
    void add(Duration span);
    void text(std::string& out, const char* name) const;
  };
  mutable Mutex mutex_;
  std::map<std::pair<std::string, bool>, std::int64_t> deliveries_
      GUARDED_BY(mutex_);  // channels are the config's
  std::map<std::string, bool> failing_ GUARDED_BY(mutex_);
  Histogram reached_ GUARDED_BY(mutex_), acknowledged_ GUARDED_BY(mutex_);
  std::int64_t owed_ GUARDED_BY(mutex_) = 0, unheard_ GUARDED_BY(mutex_) = 0;
  double oldest_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::notify
