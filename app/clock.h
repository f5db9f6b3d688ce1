// The node's clock: UTC that never goes back, and how long to wait for an instant.
//
// It follows the system's clock. When that goes back, this one stands still until it has caught up;
// when it jumps forward, so does this one. Both are counted: a jump is a difference of more than
// kJump between what the system's clock and the monotonic one say has passed. A demonstration's
// clock runs `speed` times as fast from a beginning of its own.
//
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

#include "events/time.h"

namespace tocsin {

class Clock {
 public:
  static constexpr std::int64_t kJumpMs = 1000;

  virtual ~Clock() = default;
  virtual Instant now() = 0;
  // How long to wait until `t` in real time; 0 when it has come.
  virtual std::chrono::milliseconds until(Instant t) = 0;
  virtual std::int64_t jumps() const { return 0; }
};

// `system` and `monotonic` give ms; they can be replaced to show what happens when clocks jump.
class WallClock final : public Clock {
 public:
  using Source = std::function<std::int64_t()>;
  WallClock();
  WallClock(Source system, Source monotonic, std::function<void(std::int64_t jumped_ms)> on_jump);

  void on_jump(std::function<void(std::int64_t)> report) { on_jump_ = std::move(report); }
  Instant now() override;
  std::chrono::milliseconds until(Instant t) override;
  std::int64_t jumps() const override { return jumps_; }

 private:
  Source system_, monotonic_;
  std::function<void(std::int64_t)> on_jump_;
  std::mutex mutex_;
  std::int64_t last_system_ = 0, last_monotonic_ = 0, latest_ = 0;
  std::atomic<std::int64_t> jumps_{0};
};

class FastClock final : public Clock {
 public:
  FastClock(Instant begin, int speed);
  Instant now() override;
  std::chrono::milliseconds until(Instant t) override;

 private:
  Instant begin_;
  int speed_;
  std::chrono::steady_clock::time_point real_begin_;
};

}  // namespace tocsin
