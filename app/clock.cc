#include "app/clock.h"

#include <algorithm>
#include <cstdlib>

namespace tocsin {

namespace {

std::int64_t system_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

WallClock::WallClock() : WallClock(system_ms, monotonic_ms, {}) {}

WallClock::WallClock(Source system, Source monotonic, std::function<void(std::int64_t)> on_jump)
    : system_(std::move(system)), monotonic_(std::move(monotonic)), on_jump_(std::move(on_jump)) {
  last_system_ = system_();
  last_monotonic_ = monotonic_();
  latest_ = last_system_;
}

Instant WallClock::now() {
  const std::lock_guard lock(mutex_);
  const std::int64_t system = system_(), monotonic = monotonic_();
  const std::int64_t jumped = (system - last_system_) - (monotonic - last_monotonic_);
  last_system_ = system;
  last_monotonic_ = monotonic;
  if (std::abs(jumped) > kJumpMs) {
    ++jumps_;
    if (on_jump_) on_jump_(jumped);
  }
  latest_ = std::max(latest_, system);
  return {latest_};
}

std::chrono::milliseconds WallClock::until(Instant t) {
  const Instant at = now();
  if (t <= at) return std::chrono::milliseconds(0);
  // While the clock stands still after a jump back, look again now and then.
  return std::chrono::milliseconds(std::min<std::int64_t>(t.ms - system_(), 1000));
}

FastClock::FastClock(Instant begin, int speed)
    : begin_(begin), speed_(speed), real_begin_(std::chrono::steady_clock::now()) {}

Instant FastClock::now() {
  const auto real = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::steady_clock::now() - real_begin_)
                        .count();
  return {begin_.ms + real * speed_ / 1000};
}

std::chrono::milliseconds FastClock::until(Instant t) {
  const Instant at = now();
  return std::chrono::milliseconds(t <= at ? 0 : (t.ms - at.ms) / speed_ + 1);
}

}  // namespace tocsin
