// What time it is, as far as that can be believed (contract §13).
//
// Time that passed is told by the clock since boot, also over a restart within one boot; the wall clock
// is followed while it agrees with that within kTrusted. One that leaps further is in doubt:
//
//   ahead   not believed before it has stood so for `patience`, or somebody accepts it. A fact whose time
//           only such a clock would allow is neither taken nor refused meanwhile (`doubted`)
//   back    dues are judged by it at once (an alarm may come later, none comes falsely), the time of
//           facts by the later of the two; after `patience` it is believed
//
// and when it is right again within that time, nothing has happened. Example, patience 10 min: at 10:00
// the wall clock says 10:00 tomorrow. now() goes on 10:00, 10:01, … today; a glitch leaves no trace; at
// 10:10 it is believed, and now() is 10:10 tomorrow.
//
// now() goes back only where the wall clock was set back by more than kTrusted. A demonstration's clock
// runs `speed` times as fast from a beginning of its own.
//
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "events/mutex.h"
#include "events/time.h"

namespace tocsin {

// The machine's clock since boot, which also counts while it sleeps.
std::int64_t since_boot_ms();

class Clock {
 public:
  virtual ~Clock() = default;
  // What dues are judged by.
  virtual Instant now() = 0;
  // By how much the time of facts is judged by a later clock than dues are: not zero only while the wall
  // clock is in doubt because it was set back.
  virtual Duration facts_ahead() { return {}; }
  // A wall clock that is ahead and not believed.
  virtual std::optional<Instant> doubted() { return std::nullopt; }
  // How far the wall clock is from what is believed; zero when it is not in doubt.
  virtual Duration doubt() { return {}; }
  // Somebody says that the wall clock is right.
  virtual void accept() {}
  // How long to wait until `t` in real time; 0 when it has come.
  virtual std::chrono::milliseconds until(Instant t) = 0;
  virtual std::int64_t jumps() const { return 0; }
};

// `the wall clock is 86400 s ahead of what is believed`; empty when it is not in doubt.
std::string describe_doubt(Duration doubt);

// What is kept of a clock over restarts.
struct ClockMemory {
  std::string boot;  // the boot's id
  std::int64_t since_boot_ms = 0;
  std::int64_t believed_ms = 0;  // at that moment
};
std::optional<ClockMemory> read_clock_memory(const std::filesystem::path& file);
void write_clock_memory(const std::filesystem::path& file, const ClockMemory& memory);

struct WallClockOptions {
  using Source = std::function<std::int64_t()>;
  // In ms; replaced to show what happens when clocks jump.
  Source wall, since_boot;  // default: the machine's
  std::string boot;         // default: the machine's
  Duration patience = minutes(10);
  std::optional<ClockMemory> memory;
  std::function<void(const ClockMemory&)> keep;  // now and then, and when it changes
  std::function<void(std::string_view event, const std::string& detail)> report;
};

// The machine's clock with its memory in `directory`/clock.
WallClockOptions remembered_in(const std::filesystem::path& directory);

class WallClock final : public Clock {
 public:
  static constexpr std::int64_t kJumpMs = 1000;  // counted and told
  static constexpr std::int64_t kTrustedMs = 5 * 60 * 1000;
  explicit WallClock(WallClockOptions options = {});

  Instant now() override;
  Duration facts_ahead() override;
  std::optional<Instant> doubted() override;
  Duration doubt() override;
  void accept() override;
  std::chrono::milliseconds until(Instant t) override;
  std::int64_t jumps() const override { return jumps_; }

 private:
  static constexpr std::int64_t kKeepMs = 5000;
  // What the clocks say at one moment, and what is believed.
  struct Reading {
    std::int64_t wall, steady, now;
    bool in_doubt;
  };
  Reading read() REQUIRES(mutex_);
  void keep(std::int64_t since_boot) REQUIRES(mutex_);
  void tell(std::string_view event, std::int64_t ms) const;

  WallClockOptions options_;
  Mutex mutex_;
  std::int64_t offset_ GUARDED_BY(mutex_) = 0;  // of what is believed from the clock since boot
  bool in_doubt_ GUARDED_BY(mutex_) = false;
  // Of the wall clock in doubt.
  std::int64_t doubt_since_ GUARDED_BY(mutex_) = 0, doubt_offset_ GUARDED_BY(mutex_) = 0;
  std::int64_t latest_ GUARDED_BY(mutex_) = 0;
  std::int64_t kept_at_ GUARDED_BY(mutex_) = 0, kept_offset_ GUARDED_BY(mutex_) = 0;
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
