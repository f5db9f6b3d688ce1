#include "connectors/board/pairing.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <memory>
#include <stdexcept>

#include "connectors/http/module_reply.h"
#include "connectors/http/problem.h"
#include "events/base64.h"
#include "events/mutex.h"

namespace tocsin {

namespace json = boost::json;

namespace {

constexpr std::size_t kPersonBytesMax = 512;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

// A member of the body that is a text; empty: it is not there.
std::string member(const HttpRequest& request, const char* name) {
  boost::system::error_code failed;
  const json::value body = json::parse(request.body, failed);
  const json::value* value =
      failed || !body.is_object() ? nullptr : body.get_object().if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

void me(const ModuleCall& call, Instant now) {
  const HttpRequest& request = call.request;
  json::array roles;
  for (const Role role : {Role::kIngest, Role::kRead, Role::kAct, Role::kAdmin})
    if (request.roles.has(role)) roles.emplace_back(std::string(role_name(role)));
  call.reply(json_response(200, json::object{{"now", format_rfc3339(now)},
                                             {"name", text_or_null(request.client)},
                                             {"person", text_or_null(request.person)},
                                             {"roles", std::move(roles)},
                                             {"phone", request.phone},
                                             {"open", request.client.empty()}}));
}

void pair(const ModuleCall& call, PairingCodes& codes, Instant now) {
  const HttpRequest& request = call.request;
  if (request.client.empty())
    return call.reply(
        problem(409, "no-tokens", "this node has no tokens: a phone needs none either").response());
  if (request.phone)
    return call.reply(
        problem(403, "forbidden", "a paired phone pairs no other; use the token it was paired by")
            .response());
  const std::string person = request.person.empty() ? member(request, "person") : request.person;
  if (person.size() > kPersonBytesMax)
    return call.reply(problem(400, "bad-field", "person must be a name of at most 512 bytes")
                          .field("person")
                          .response());
  const std::string code = codes.make({request.client, person}, PairingCodes::Clock::now());
  call.reply(json_response(
      201, json::object{{"now", format_rfc3339(now)},
                        {"code", code},
                        {"person", text_or_null(person)},
                        {"goodForSeconds", std::chrono::seconds(kPairingGood).count()}}));
}

void claim(const ModuleCall& call, PairingCodes& codes, const PhoneTokens& tokens, Instant now) {
  const std::string code = member(call.request, "code");
  if (code.empty())
    return call.reply(problem(400, "bad-field",
                              "the body must be {\"code\": …}, as the page gave "
                              "it that is signed in")
                          .field("code")
                          .response());
  const auto found = codes.take(code, PairingCodes::Clock::now());
  const std::string token = found ? tokens(found->name, found->person) : "";
  if (token.empty())
    return call.reply(
        problem(404, "not-found", "this code was used, is too old, or was never given").response());
  call.reply(json_response(200, json::object{{"now", format_rfc3339(now)},
                                             {"token", token},
                                             {"person", text_or_null(found->person)}}));
}

}  // namespace

std::string PairingCodes::make(Claim claim, Clock::time_point now) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("no random bytes");
  std::string code = base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const MutexLock lock(mutex_);
  while (!codes_.empty() && (codes_.size() >= kCodesMax || codes_.front().until <= now))
    codes_.pop_front();
  codes_.push_back({code, std::move(claim), now + kPairingGood});
  return code;
}

std::optional<PairingCodes::Claim> PairingCodes::take(const std::string& code,
                                                      Clock::time_point now) {
  const MutexLock lock(mutex_);
  const auto found =
      std::find_if(codes_.begin(), codes_.end(), [&](const Code& one) { return one.code == code; });
  if (found == codes_.end()) return std::nullopt;
  std::optional<Claim> claim;
  if (now < found->until) claim = std::move(found->claim);
  codes_.erase(found);
  return claim;
}

std::vector<ModuleRoute> pairing_routes(PhoneTokens phone_tokens, std::function<Instant()> now) {
  const auto codes = std::make_shared<PairingCodes>();
  std::vector<ModuleRoute> routes;
  routes.push_back({"GET", "/v1/me", Role::kRead,
                    [now](const ModuleCall& call) { me(call, now()); }, true,
                    std::vector<std::string_view>{}});
  routes.push_back({"POST", "/v1/pair", Role::kRead,
                    [codes, now](const ModuleCall& call) { pair(call, *codes, now()); }, true});
  routes.push_back({"POST", "/v1/pair/claim", std::nullopt,
                    [codes, tokens = std::move(phone_tokens), now = std::move(now)](
                        const ModuleCall& call) { claim(call, *codes, tokens, now()); },
                    true});
  return routes;
}

}  // namespace tocsin
