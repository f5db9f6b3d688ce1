#include "connectors/http/guard.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cmath>

#include "connectors/http/problem.h"
#include "connectors/http/server.h"

namespace tocsin {
namespace {

constexpr std::string_view kRealm = "Bearer realm=\"tocsin\"";

// The token of `Authorization: Bearer <token>`; empty when there is none.
std::string_view bearer_token(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = request.header("Authorization");
  if (value.size() <= kScheme.size() ||
      !equal_ignoring_case(value.substr(0, kScheme.size()), kScheme))
    return {};
  const std::size_t first = value.find_first_not_of(' ', kScheme.size());
  return first == std::string_view::npos ? std::string_view{} : value.substr(first);
}

// `127.0.0.1:5000` → `127.0.0.1`.
std::string address_of(const std::string& remote) { return remote.substr(0, remote.rfind(':')); }

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 hash;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  return hash;
}

std::string to_hex(const Sha256& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : hash) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<Sha256> sha256_of_hex(std::string_view text) {
  Sha256 hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return std::nullopt;
    }
    hash[i / 2] = static_cast<unsigned char>(hash[i / 2] * 16 + digit);
  }
  return hash;
}

std::string check_listen(std::string_view listen, bool has_tokens) {
  const ListenAddress address = read_listen_address(listen);
  if (address.address.empty()) {
    return "`" + std::string(listen) +
           "` is not ADDR:PORT with an IP address, such as 127.0.0.1:8080 or [::1]:8080";
  }
  if (!address.loopback && !has_tokens) {
    return "`" + std::string(listen) +
           "` can be reached from other machines, and no http.tokens are configured: whoever "
           "reaches "
           "it could read and write everything. Configure tokens, or listen on 127.0.0.1";
  }
  return {};
}

int RateLimit::take(const std::string& client, Clock::time_point now) {
  if (per_second_ <= 0) return 0;
  const std::lock_guard lock(mutex_);
  auto bucket = buckets_.find(client);
  if (bucket == buckets_.end()) {
    if (buckets_.size() >= kClientsMax) make_room(now);
    bucket = buckets_.emplace(client, Bucket{burst_, now}).first;
  }
  Bucket& b = bucket->second;
  const double passed = std::chrono::duration<double>(now - b.seen).count();
  b.level = std::min(burst_, b.level + std::max(0.0, passed) * per_second_);
  b.seen = now;
  if (b.level >= 1) {
    b.level -= 1;
    return 0;
  }
  return std::max(1, static_cast<int>(std::ceil((1 - b.level) / per_second_)));
}

// Full buckets are as good as new ones. Where none is full all go: a burst more for everybody is
// better than a table that grows with every forged address.
void RateLimit::make_room(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    const double passed = std::chrono::duration<double>(now - entry.second.seen).count();
    return entry.second.level + passed * per_second_ >= burst_;
  });
  if (buckets_.size() >= kClientsMax) buckets_.clear();
}

Guard::Guard(GuardOptions options)
    : options_(std::move(options)),
      rate_(options_.rate_per_second,
            std::max(1.0, options_.rate_burst > 0 ? options_.rate_burst
                                                  : 2 * options_.rate_per_second)) {}

std::optional<HttpResponse> Guard::check(HttpRequest& request, std::optional<Role> needed) {
  if (open()) {
    request.roles = Roles::all();
    return needed ? limit(address_of(request.remote)) : std::nullopt;
  }
  const std::string_view presented = bearer_token(request);
  const AccessToken* token = presented.empty() ? nullptr : find(presented);
  if (token != nullptr) {
    request.client = token->name;
    request.roles = token->roles;
  }
  if (!needed) return std::nullopt;
  if (token == nullptr) {
    ++unauthorized_;
    if (auto refusal = limit(address_of(request.remote))) return refusal;
    const bool given = !presented.empty();
    return problem(401, "unauthorized",
                   given ? "the bearer token is not known here"
                         : "this needs an Authorization header with a bearer token")
        .header("WWW-Authenticate",
                given ? std::string(kRealm) + ", error=\"invalid_token\"" : std::string(kRealm))
        .response();
  }
  if (auto refusal = limit("token " + token->name)) return refusal;
  if (!request.roles.has(*needed)) {
    const std::string role(role_name(*needed));
    return problem(403, "forbidden", "this needs a token with the role " + role)
        .header("WWW-Authenticate",
                std::string(kRealm) + ", error=\"insufficient_scope\", scope=\"" + role + "\"")
        .response();
  }
  return std::nullopt;
}

const AccessToken* Guard::find(std::string_view token) const {
  const Sha256 hash = sha256(token);
  const AccessToken* found = nullptr;
  for (const AccessToken& known : options_.tokens) {
    if (CRYPTO_memcmp(known.hash.data(), hash.data(), hash.size()) == 0) found = &known;
  }
  return found;
}

std::optional<HttpResponse> Guard::limit(const std::string& client) {
  const int wait = rate_.take(client, RateLimit::Clock::now());
  if (wait == 0) return std::nullopt;
  ++limited_;
  return problem(429, "too-many-requests", "more requests than this client may send")
      .retry_after(wait)
      .response();
}

}  // namespace tocsin
