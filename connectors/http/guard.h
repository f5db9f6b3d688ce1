// Who may do what, and how often: bearer tokens with roles, and a rate limit for each client.
//
// Promises:
//  1. A presented token is compared by its SHA-256 with every configured one, in constant time;
//     tokens are kept, logged and printed nowhere.
//  2. Without configured tokens everybody may do everything, which is why such a server listens on
//     loopback only: `check_listen` says so.
//  3. The rate is a token bucket a client: `rate_per_second` requests, `burst` at once. A client is
//     its token's name, or its address without one. Wrong tokens count against the address.
//
// Threads: any; the buckets have a lock. Memory: kClientsMax buckets; beyond them full ones go
// first. Cost: about 0.4 µs a request with a token.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/http/message.h"

namespace tocsin {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view bytes);
std::string to_hex(const Sha256& hash);
std::optional<Sha256> sha256_of_hex(std::string_view text);  // 64 hex digits

struct AccessToken {
  std::string name;  // for logs and limits
  Sha256 hash{};     // of the token
  Roles roles;
};

// Empty, or why a server with these tokens must not listen there.
std::string check_listen(std::string_view listen, bool has_tokens);

inline constexpr std::size_t kClientsMax = 10'000;

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // per_second 0: no limit. burst at least 1.
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  // 0: go on, the request is counted. Else the whole seconds after which one more is allowed.
  int take(const std::string& client, Clock::time_point now);

 private:
  struct Bucket {
    double level;  // requests that are free now
    Clock::time_point seen;
  };
  void make_room(Clock::time_point now);

  const double per_second_, burst_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

struct GuardOptions {
  std::vector<AccessToken> tokens;
  double rate_per_second = 0;  // of each client; 0: no limit
  double rate_burst = 0;       // 0: twice the rate
};

class Guard {
 public:
  explicit Guard(GuardOptions options);

  // Sets request.client and request.roles. `needed` empty: anybody may, with or without a token.
  // Otherwise an answer of 401, 403 or 429 where the request may not go on.
  std::optional<HttpResponse> check(HttpRequest& request, std::optional<Role> needed);

  bool open() const { return options_.tokens.empty(); }
  std::int64_t unauthorized() const { return unauthorized_.load(); }
  std::int64_t limited() const { return limited_.load(); }

 private:
  const AccessToken* find(std::string_view token) const;
  std::optional<HttpResponse> limit(const std::string& client);

  const GuardOptions options_;
  RateLimit rate_;
  std::atomic<std::int64_t> unauthorized_{0}, limited_{0};
};

}  // namespace tocsin
