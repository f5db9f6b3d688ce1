#include "connectors/http/guard.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cmath>

#include "connectors/http/phone_token.h"
#include "connectors/http/problem.h"
#include "connectors/http/server.h"
#include "events/base64.h"
#include "events/mutex.h"

namespace tocsin {
namespace {

constexpr std::string_view kRealm = "Bearer realm=\"tocsin\"";

constexpr std::string_view kQueryToken = "access_token";

// What follows `scheme` in the Authorization header; empty when it is another one.
std::string_view credentials(const HttpRequest& request, std::string_view scheme) {
  const std::string_view value = request.header("Authorization");
  if (value.size() <= scheme.size() ||
      !equal_ignoring_case(value.substr(0, scheme.size()), scheme) || value[scheme.size()] != ' ')
    return {};
  const std::size_t first = value.find_first_not_of(' ', scheme.size());
  return first == std::string_view::npos ? std::string_view{} : value.substr(first);
}

// Takes the token out of the request's query, so that no route and no log meets it.
std::string take_query_token(HttpRequest& request) {
  std::string token;
  std::erase_if(request.query, [&](auto& parameter) {
    if (parameter.first != kQueryToken) return false;
    token = std::move(parameter.second);
    return true;
  });
  if (request.target.find(kQueryToken) != std::string::npos) request.target = request.path;
  return token;
}

// The token that a request presents; empty when there is none.
std::string presented_token(HttpRequest& request) {
  std::string in_query = take_query_token(request);
  if (const auto bearer = credentials(request, "Bearer"); !bearer.empty())
    return std::string(bearer);
  std::string pair;
  if (const auto basic = credentials(request, "Basic");
      !basic.empty() && decode_base64(basic, pair)) {
    const std::size_t colon = pair.find(':');
    return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
  }
  return in_query;
}

Instant system_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
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
  const MutexLock lock(mutex_);
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
      known_(std::make_shared<Known>()),
      rate_(options_.rate_per_second,
            std::max(1.0,
                     options_.rate_burst > 0 ? options_.rate_burst : 2 * options_.rate_per_second)),
      log_rate_(kLogsPerSecondMax, 2 * kLogsPerSecondMax) {
  known_->now = options_.now ? options_.now : &system_now;
  replace(options_.tokens);
}

bool AccessToken::is_same(const AccessToken& other) const {
  const bool one_scope =
      scope == nullptr || other.scope == nullptr ? scope == other.scope : *scope == *other.scope;
  return hash == other.hash && roles == other.roles && person == other.person && one_scope;
}

void Guard::replace(Tokens tokens) {
  auto next = std::make_shared<const Tokens>(std::move(tokens));
  const MutexLock lock(known_->mutex);
  known_->tokens.swap(next);
}

std::function<bool()> Guard::admission(const HttpRequest& request) const {
  return [known = known_, its = request.token, until = request.good_until] {
    const auto present = known->get();
    if (its == nullptr) return present->empty();
    const AccessToken* same = known->find_by_name(*present, its->name);
    return same != nullptr && same->is_same(*its) && (until == kNever || known->now() < until);
  };
}

std::optional<HttpResponse> Guard::check(HttpRequest& request, std::optional<Role> needed) {
  const auto known = tokens();
  const std::string presented = presented_token(request);
  if (known->empty()) {
    request.roles = Roles::all();
    return needed ? limit(address_of(request.remote)) : std::nullopt;
  }
  const auto phone = read_phone_token(presented);
  const AccessToken* token = nullptr;
  if (phone) {
    token = known_->find_by_name(*known, phone->name);
    if (token != nullptr && !is_good_phone_token(presented, *token, known_->now())) token = nullptr;
  } else if (!presented.empty()) {
    token = find(*known, presented);
  }
  if (token != nullptr) {
    request.client = token->name;
    request.person = phone ? phone->person : token->person;
    request.phone = phone.has_value();
    request.roles = token->roles;
    request.scope = token->scope;
    request.token = {known, token};
    if (phone) request.good_until = phone->issued + kPhoneTokenGood;
  }
  if (!needed) return std::nullopt;
  if (token == nullptr) {
    if (auto refusal = limit(address_of(request.remote))) return refusal;
    return refuse(request, !presented.empty());
  }
  if (auto refusal = limit("token " + token->name)) return refusal;
  if (!request.roles.has(*needed)) {
    const std::string role(role_name(*needed));
    HttpResponse refusal = forbid(request, "this needs a token with the role " + role);
    refusal.headers.emplace_back(
        "WWW-Authenticate",
        std::string(kRealm) + ", error=\"insufficient_scope\", scope=\"" + role + "\"");
    return refusal;
  }
  return std::nullopt;
}

HttpResponse Guard::refuse(const HttpRequest& request, bool given) {
  ++unauthorized_;
  log("unauthorized", request);
  return problem(401, "unauthorized",
                 given ? "the token is not known here, or has expired"
                       : "this needs a token: Authorization: Bearer, the password of Basic, or "
                         "?access_token=")
      .header("WWW-Authenticate",
              given ? std::string(kRealm) + ", error=\"invalid_token\"" : std::string(kRealm))
      .response();
}

HttpResponse Guard::forbid(const HttpRequest& request, const std::string& detail) {
  ++forbidden_;
  log("forbidden", request);
  return problem(403, "forbidden", detail).response();
}

void Guard::log(std::string_view event, const HttpRequest& request) {
  const std::string address = address_of(request.remote);
  if (!options_.log || log_rate_.take(address, RateLimit::Clock::now()) != 0) return;
  const std::string client =
      request.client.empty() ? request.remote : request.client + " " + request.remote;
  options_.log(event, client, request.method + " " + request.path);
}

// All are looked at, whichever fits. One that has expired fits no more.
const AccessToken* Guard::find(const Tokens& tokens, std::string_view token) const {
  const Sha256 hash = sha256(token);
  const AccessToken* found = nullptr;
  for (const AccessToken& known : tokens) {
    if (CRYPTO_memcmp(known.hash.data(), hash.data(), hash.size()) == 0) found = &known;
  }
  return found != nullptr && known_->is_good(*found) ? found : nullptr;
}

const AccessToken* Guard::Known::find_by_name(const Tokens& among, std::string_view name) const {
  for (const AccessToken& known : among) {
    if (known.name == name) return is_good(known) ? &known : nullptr;
  }
  return nullptr;
}

bool Guard::Known::is_good(const AccessToken& token) const {
  return !token.expires || now() < *token.expires;
}

std::string Guard::phone_token(const std::string& name, const std::string& person) const {
  const auto known = tokens();
  const AccessToken* pairing = known_->find_by_name(*known, name);
  return pairing == nullptr ? "" : write_phone_token(*pairing, {name, person, known_->now()});
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
