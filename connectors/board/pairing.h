// Who asks, and how a phone gets a token: see board.h.
//
// A code is 128 random bits. At most kCodesMax wait; the oldest goes for one more.
//
// Threads: any; the codes have a lock.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "connectors/board/board.h"
#include "events/mutex.h"

namespace tocsin {

inline constexpr std::chrono::minutes kPairingGood{5};

class PairingCodes {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kCodesMax = 1000;

  struct Claim {
    std::string name, person;  // of the token that pairs
  };

  std::string make(Claim claim, Clock::time_point now);
  // Once, and before its time is over.
  std::optional<Claim> take(const std::string& code, Clock::time_point now);

 private:
  struct Code {
    std::string code;
    Claim claim;
    Clock::time_point until;
  };
  Mutex mutex_;
  std::deque<Code> codes_ GUARDED_BY(mutex_);  // the oldest first
};

std::vector<ModuleRoute> pairing_routes(PhoneTokens phone_tokens, std::function<Instant()> now);

}  // namespace tocsin
