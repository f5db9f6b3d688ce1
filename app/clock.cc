#include "app/clock.h"

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace tocsin {

namespace {

std::int64_t read_ms(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

}  // namespace

std::int64_t since_boot_ms() { return read_ms(CLOCK_BOOTTIME); }

std::string describe_doubt(Duration doubt) {
  if (doubt == Duration{}) return {};
  return "the wall clock is " + std::to_string(std::abs(doubt.ms) / 1000) + " s " +
         (doubt.ms > 0 ? "ahead of" : "behind") + " what is believed";
}

std::optional<ClockMemory> read_clock_memory(const std::filesystem::path& file) {
  std::ifstream in(file);
  ClockMemory memory;
  if (!(in >> memory.boot >> memory.since_boot_ms >> memory.believed_ms)) return std::nullopt;
  return memory;
}

// A memory that could not be kept is as if there were none.
void write_clock_memory(const std::filesystem::path& file, const ClockMemory& memory) {
  std::filesystem::path fresh = file;
  fresh += ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << memory.boot << ' ' << memory.since_boot_ms << ' ' << memory.believed_ms << '\n';
    if (!out.flush()) return;
  }
  std::error_code ignored;
  std::filesystem::rename(fresh, file, ignored);
}

WallClockOptions remembered_in(const std::filesystem::path& directory) {
  WallClockOptions options;
  const std::filesystem::path file = directory / "clock";
  options.memory = read_clock_memory(file);
  options.keep = [file](const ClockMemory& memory) { write_clock_memory(file, memory); };
  return options;
}

WallClock::WallClock(WallClockOptions options) : options_(std::move(options)) {
  if (!options_.wall) options_.wall = [] { return read_ms(CLOCK_REALTIME); };
  if (!options_.since_boot) options_.since_boot = since_boot_ms;
  if (options_.boot.empty()) options_.boot = boot_id();
  const std::int64_t wall = options_.wall(), since_boot = options_.since_boot();
  const auto& memory = options_.memory;
  std::int64_t believed = wall;
  if (memory && memory->boot == options_.boot && since_boot >= memory->since_boot_ms) {
    believed = memory->believed_ms + since_boot - memory->since_boot_ms;
  } else if (memory) {
    believed = std::max(wall, memory->believed_ms);
  }
  offset_ = believed - since_boot;
  kept_offset_ = offset_ + 2 * kJumpMs;  // it is kept at once
  latest_ = read().now;
}

WallClock::Reading WallClock::read() {
  const std::int64_t wall = options_.wall(), since_boot = options_.since_boot();
  const std::int64_t wall_offset = wall - since_boot;
  const std::int64_t moved = wall_offset - (in_doubt_ ? doubt_offset_ : offset_);
  if (std::abs(moved) > kJumpMs) {
    ++jumps_;
    tell("clock_jumped", moved);
  }
  if (std::abs(wall_offset - offset_) <= kTrustedMs) {
    in_doubt_ = false;
    offset_ = wall_offset;
  } else {
    if (!in_doubt_ || std::abs(moved) > kTrustedMs) doubt_since_ = since_boot;
    in_doubt_ = true;
    doubt_offset_ = wall_offset;
    if (since_boot - doubt_since_ >= options_.patience.ms) {
      tell("clock_believed", wall_offset - offset_);
      in_doubt_ = false;
      offset_ = wall_offset;
    }
  }
  keep(since_boot);
  const std::int64_t steady = since_boot + offset_;
  const std::int64_t judged = std::min(steady, in_doubt_ ? wall : steady);
  latest_ = judged < latest_ - kTrustedMs ? judged : std::max(latest_, judged);
  return {wall, steady, latest_, in_doubt_};
}

void WallClock::keep(std::int64_t since_boot) {
  if (!options_.keep) return;
  if (std::abs(offset_ - kept_offset_) <= kJumpMs && since_boot < kept_at_ + kKeepMs) return;
  kept_offset_ = offset_;
  kept_at_ = since_boot;
  options_.keep({options_.boot, since_boot, since_boot + offset_});
}

void WallClock::tell(std::string_view event, std::int64_t ms) const {
  if (options_.report) options_.report(event, std::to_string(ms) + " ms");
}

Instant WallClock::now() {
  const MutexLock lock(mutex_);
  return {read().now};
}

Duration WallClock::facts_ahead() {
  const MutexLock lock(mutex_);
  const Reading r = read();
  return {std::max<std::int64_t>(0, r.steady - r.now)};
}

std::optional<Instant> WallClock::doubted() {
  const MutexLock lock(mutex_);
  const Reading r = read();
  if (!r.in_doubt || r.wall < r.steady) return std::nullopt;
  return Instant{r.wall};
}

Duration WallClock::doubt() {
  const MutexLock lock(mutex_);
  const Reading r = read();
  return {r.in_doubt ? r.wall - r.steady : 0};
}

void WallClock::accept() {
  const MutexLock lock(mutex_);
  const Reading r = read();
  if (!r.in_doubt) return;
  tell("clock_accepted", r.wall - r.steady);
  in_doubt_ = false;
  offset_ = doubt_offset_;
  read();
}

std::chrono::milliseconds WallClock::until(Instant t) {
  const Instant at = now();
  if (t <= at) return std::chrono::milliseconds(0);
  // The clock may be set: look again now and then.
  return std::chrono::milliseconds(std::min<std::int64_t>(t.ms - at.ms, 1000));
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
