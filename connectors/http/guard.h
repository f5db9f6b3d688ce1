// Who may do what, and how often: tokens with roles and scopes, and a rate limit for each client.
//
// A token comes as `Authorization: Bearer TOKEN`, as the password of Basic, or as
// `?access_token=TOKEN`, which is taken out of the request.
//
// A token may also be a paired phone's (phone_token.h), which stands for a configured one.
//
// Promises:
//  1. A presented token is compared by its SHA-256 with every configured one, in constant time;
//     tokens are kept, logged and printed nowhere.
//  2. Without configured tokens everybody may do everything, which is why such a server listens on
//     loopback only: `check_listen` says so.
//  3. The rate is a token bucket a client: `rate_per_second` requests, `burst` at once. A client is
//     its token's name, or its address without one. Wrong tokens count against the address.
//  4. Each 401 and 403 is told to `log`, kLogsPerSecondMax a second of one address.
//  5. `replace` is seen by the requests that begin after it.
//
// Threads: any; the buckets have a lock. Memory: kClientsMax buckets; beyond them full ones go
// first. Cost: about 0.4 µs a request with a token.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/http/message.h"
#include "events/mutex.h"
#include "events/time.h"

namespace tocsin {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view bytes);
std::string to_hex(const Sha256& hash);
std::optional<Sha256> sha256_of_hex(std::string_view text);  // 64 hex digits

struct AccessToken {
  std::string name;  // for logs, limits and `tocsinby`
  Sha256 hash{};     // of the token
  Roles roles;
  std::string person{};                  // whom it stands for; empty: nobody in particular
  std::shared_ptr<const Scope> scope{};  // null: everything
  std::optional<Instant> expires{};      // not known any more from then on

  // Whether it lets the same do the same, however long.
  bool is_same(const AccessToken& other) const;
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
  void make_room(Clock::time_point now) REQUIRES(mutex_);

  const double per_second_, burst_;
  Mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_ GUARDED_BY(mutex_);
};

inline constexpr double kLogsPerSecondMax = 5;

struct GuardOptions {
  std::vector<AccessToken> tokens;
  double rate_per_second = 0;    // of each client; 0: no limit
  double rate_burst = 0;         // 0: twice the rate
  std::function<Instant()> now;  // empty: the system's clock
  // `unauthorized`, `forbidden`; the client's name or address; what was asked for. From io threads.
  std::function<void(std::string_view event, std::string_view client, std::string_view detail)> log;
};

class Guard {
 public:
  explicit Guard(GuardOptions options);

  // Sets request.client, person, roles, scope and token. `needed` empty: anybody may, with or without a
  // token. Otherwise an answer of 401, 403 or 429 where the request may not go on.
  std::optional<HttpResponse> check(HttpRequest& request, std::optional<Role> needed);
  // The answer to a request that its token does not allow; counts and logs it.
  HttpResponse forbid(const HttpRequest& request, const std::string& detail);

  // Whether what the request's token may do now it may do still, for who goes on for long: false once that
  // token has expired, is gone or is another. To be called from any thread, also when the guard is no more.
  std::function<bool()> admission(const HttpRequest& request) const;

  // A token for the phone of `person`, of the token that is called `name`; empty: there is none.
  std::string phone_token(const std::string& name, const std::string& person) const;

  // From any thread.
  void replace(std::vector<AccessToken> tokens);

  bool open() const { return tokens()->empty(); }
  std::int64_t unauthorized() const { return unauthorized_.load(); }
  std::int64_t forbidden() const { return forbidden_.load(); }
  std::int64_t limited() const { return limited_.load(); }

 private:
  using Tokens = std::vector<AccessToken>;
  // Those that are known at present.
  struct Known {
    Mutex mutex;
    std::shared_ptr<const Tokens> tokens GUARDED_BY(mutex);
    std::function<Instant()> now;

    std::shared_ptr<const Tokens> get() {
      const MutexLock lock(mutex);
      return tokens;
    }
    bool is_good(const AccessToken& token) const;  // it has not expired
    const AccessToken* find_by_name(const Tokens& among, std::string_view name) const;
  };
  std::shared_ptr<const Tokens> tokens() const { return known_->get(); }
  const AccessToken* find(const Tokens& tokens, std::string_view token) const;
  std::optional<HttpResponse> limit(const std::string& client);
  HttpResponse refuse(const HttpRequest& request, bool given);
  void log(std::string_view event, const HttpRequest& request);

  const GuardOptions options_;
  const std::shared_ptr<Known> known_;
  RateLimit rate_, log_rate_;
  std::atomic<std::int64_t> unauthorized_{0}, forbidden_{0}, limited_{0};
};

}  // namespace tocsin
