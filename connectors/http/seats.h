// Inside the server: who may have a connection, and how much of bodies may be held.
//
// One address cannot have all connections: beyond `per_address`, or when all are taken, a
// connection gets a seat at the health check's own few, where only what HttpService calls vital is
// answered; beyond those it is told 503 at once, and beyond some of these just closed.
//
// Threads: any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "events/mutex.h"

namespace tocsin::http {

enum class Seat : std::uint8_t {
  kServed,
  kVitalOnly,
  kRefused,  // is told 503
  kNone,     // is closed
};

inline constexpr int kVitalSeats = 64;
inline constexpr int kVitalSeatsOfAddress = 8;

class Seats {
 public:
  // A quarter of all connections is always left to other addresses.
  Seats(int all, int per_address, int refused)
      : all_(all), per_address_(std::min(per_address, all - all / 4)), refused_max_(refused) {}

  // Each that is not kNone is given back.
  Seat take(const std::string& address);
  void give_back(const std::string& address, Seat seat);

 private:
  struct Taken {
    int served = 0, vital = 0, refused = 0;
    bool none() const { return served + vital + refused == 0; }
  };
  const int all_, per_address_, refused_max_;
  Mutex mutex_;
  Taken taken_ GUARDED_BY(mutex_);
  std::map<std::string, Taken> by_address_ GUARDED_BY(mutex_);  // of those that have some
};

// Bytes of bodies that are being read or whose requests are not answered yet, in all.
class BodyBytes {
 public:
  explicit BodyBytes(std::size_t most) : most_(most) {}

  // A part of them, given back when it goes away.
  class Share {
   public:
    Share() = default;
    explicit Share(BodyBytes& of) : of_(&of) {}
    Share(Share&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Share() { release(); }

    // False: with so many it would be more than may be; nothing changes.
    bool grow_to(std::size_t bytes);
    void release();

   private:
    BodyBytes* of_ = nullptr;
    std::size_t bytes_ = 0;
  };

  std::int64_t held() const { return static_cast<std::int64_t>(held_.load()); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace tocsin::http
