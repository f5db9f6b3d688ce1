#include "connectors/http/guard.h"

#include <gtest/gtest.h>

#include "connectors/http/phone_token.h"
#include "connectors/http/problem.h"
#include "connectors/http/target.h"

namespace tocsin {
namespace {

using namespace std::chrono_literals;

Roles roles(std::initializer_list<Role> list) {
  Roles result;
  for (const Role role : list) result.add(role);
  return result;
}

HttpRequest request(std::string authorization, std::string remote = "10.0.0.1:5000") {
  HttpRequest request;
  if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
  request.remote = std::move(remote);
  return request;
}

int status(const std::optional<HttpResponse>& response) { return response ? response->status : 0; }

std::string header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

GuardOptions two_tokens() {
  GuardOptions options;
  options.tokens = {{"crm", sha256("secret-crm"), roles({Role::kIngest})},
                    {"ops", sha256("secret-ops"), roles({Role::kRead, Role::kAct})},
                    {"root", sha256("secret-root"), roles({Role::kAdmin})}};
  return options;
}

TEST(Guard, RolesDecide) {
  Guard guard(two_tokens());
  auto crm = request("Bearer secret-crm");
  EXPECT_EQ(status(guard.check(crm, Role::kIngest)), 0);
  EXPECT_EQ(crm.client, "crm");
  const auto forbidden = guard.check(crm, Role::kRead);
  ASSERT_EQ(status(forbidden), 403);
  EXPECT_NE(header(*forbidden, "WWW-Authenticate").find("insufficient_scope"), std::string::npos);
  auto ops = request("bearer  secret-ops");
  EXPECT_EQ(status(guard.check(ops, Role::kRead)), 0);
  EXPECT_EQ(status(guard.check(ops, Role::kAct)), 0);
  EXPECT_EQ(status(guard.check(ops, Role::kAdmin)), 403);
  EXPECT_EQ(status(guard.check(ops, Role::kIngest)), 403);
  auto root = request("Bearer secret-root");
  for (const Role role : {Role::kIngest, Role::kRead, Role::kAct, Role::kAdmin})
    EXPECT_EQ(status(guard.check(root, role)), 0);
}

TEST(Guard, UnknownAndMissingTokens) {
  Guard guard(two_tokens());
  for (const std::string authorization :
       {"", "Bearer", "Bearer ", "Bearer secret-cr", "Bearer secret-crmm", "Basic secret-crm",
        "secret-crm", "Bearer secret-crm,secret-ops"}) {
    auto stranger = request(authorization);
    const auto response = guard.check(stranger, Role::kIngest);
    ASSERT_EQ(status(response), 401) << authorization;
    EXPECT_TRUE(header(*response, "WWW-Authenticate").starts_with("Bearer realm=\"tocsin\""));
    EXPECT_EQ(response->content_type, "application/problem+json");
    EXPECT_EQ(response->body.find("secret"), std::string::npos);
    EXPECT_TRUE(stranger.roles.empty());
    // Open to everybody.
    EXPECT_EQ(status(guard.check(stranger, std::nullopt)), 0);
  }
  EXPECT_EQ(guard.unauthorized(), 8);
}

TEST(Guard, ATokenThatHasExpiredIsUnknown) {
  Instant now{1000};
  GuardOptions options;
  options.tokens = {
      {"crm", sha256("secret-crm"), roles({Role::kIngest}), "", nullptr, Instant{2000}}};
  options.now = [&] { return now; };
  Guard guard(options);
  auto crm = request("Bearer secret-crm");
  now = Instant{1999};
  EXPECT_EQ(status(guard.check(crm, Role::kIngest)), 0);
  now = Instant{2000};
  EXPECT_EQ(status(guard.check(crm, Role::kIngest)), 401);
}

TEST(Guard, AdmissionEndsWithTheTokenAndGoesOnWithTheSame) {
  Instant now{1000};
  GuardOptions options = two_tokens();
  options.tokens[1].expires = Instant{2000};
  options.now = [&] { return now; };
  const auto scope = [](const char* account) {
    return std::make_shared<const Scope>(Scope{{account}, {}, {}});
  };
  options.tokens[0].scope = scope("acme");
  auto guard = std::make_unique<Guard>(options);
  auto crm = request("Bearer secret-crm"), ops = request("Bearer secret-ops"),
       root = request("Bearer secret-root");
  for (HttpRequest* one : {&crm, &ops, &root}) guard->check(*one, std::nullopt);
  const auto crm_may = guard->admission(crm), ops_may = guard->admission(ops),
             root_may = guard->admission(root);
  EXPECT_TRUE(crm_may() && ops_may() && root_may());
  now = Instant{2000};
  EXPECT_FALSE(ops_may());  // it has expired
  auto tokens = options.tokens;
  tokens[0].scope = scope("acme");
  tokens.pop_back();
  guard->replace(tokens);
  EXPECT_TRUE(crm_may());    // read anew, the same
  EXPECT_FALSE(root_may());  // gone
  tokens[0].scope = scope("globex");
  guard->replace(tokens);
  EXPECT_FALSE(crm_may());  // it lets another see something else
  guard->replace({});
  EXPECT_FALSE(crm_may());
  guard = nullptr;
  EXPECT_FALSE(crm_may());
}

// The header was checked, and the tokens were read anew before the body was whole.
TEST(Guard, AdmissionIsOfTheTokenThatWasChecked) {
  GuardOptions options = two_tokens();
  Guard guard(options);
  auto crm = request("Bearer secret-crm");
  guard.check(crm, Role::kIngest);
  options.tokens[0].hash = sha256("another");
  guard.replace(options.tokens);
  EXPECT_FALSE(guard.admission(crm)());
}

TEST(Guard, AnAdmissionOfAPhoneEndsWithItsToken) {
  Instant now{1000};
  GuardOptions options = two_tokens();
  options.now = [&] { return now; };
  Guard guard(options);
  auto phone = request("Bearer " + guard.phone_token("ops", "li"));
  guard.check(phone, Role::kRead);
  ASSERT_TRUE(phone.phone);
  const auto may = guard.admission(phone);
  now = now + kPhoneTokenGood - milliseconds(1);
  EXPECT_TRUE(may());
  now = now + milliseconds(1);
  EXPECT_FALSE(may());
}

TEST(Guard, AnAdmissionWithoutTokensEndsWhereThereAreSome) {
  Guard guard(GuardOptions{});
  auto anybody = request("");
  guard.check(anybody, Role::kRead);
  const auto may = guard.admission(anybody);
  EXPECT_TRUE(may());
  guard.replace(two_tokens().tokens);
  EXPECT_FALSE(may());
}

TEST(Guard, RefusalsAreLoggedWithoutTokensAndNotWithoutEnd) {
  GuardOptions options = two_tokens();
  std::vector<std::string> lines;
  options.log = [&](std::string_view event, std::string_view client, std::string_view detail) {
    lines.push_back(std::string(event) + " " + std::string(client) + " " + std::string(detail));
  };
  Guard guard(options);
  auto crm = request("Bearer secret-crm");
  crm.method = "GET";
  crm.path = "/v1/clocks";
  guard.check(crm, Role::kRead);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "forbidden crm 10.0.0.1:5000 GET /v1/clocks");
  for (int i = 0; i < 1000; ++i) {
    auto stranger = request("Bearer wrong", "10.0.0.2:1");
    guard.check(stranger, Role::kRead);
  }
  EXPECT_GE(lines.size(), 2u);
  EXPECT_LE(lines.size(), 100u);
  for (const std::string& line : lines) EXPECT_EQ(line.find("wrong"), std::string::npos);
  EXPECT_EQ(guard.unauthorized(), 1000);
}

TEST(Guard, TheTokenOfTheQueryIsTakenOutOfTheRequest) {
  Guard guard(two_tokens());
  HttpRequest asked = request("");
  asked.target = "/v1/events?a=1&access_token=secret-crm";
  ASSERT_TRUE(read_target(asked));
  EXPECT_EQ(status(guard.check(asked, Role::kIngest)), 0);
  EXPECT_EQ(asked.query, (HttpFields{{"a", "1"}}));
  EXPECT_EQ(asked.target.find("secret"), std::string::npos);
}

TEST(Guard, WithoutTokensEverybodyMay) {
  Guard guard({});
  auto anybody = request("");
  EXPECT_EQ(status(guard.check(anybody, Role::kAdmin)), 0);
  EXPECT_TRUE(anybody.roles.has(Role::kIngest));
}

TEST(Guard, ListensOnLoopbackOnlyWithoutTokens) {
  EXPECT_EQ(check_listen("127.0.0.1:8080", false), "");
  EXPECT_EQ(check_listen("[::1]:8080", false), "");
  EXPECT_NE(check_listen("0.0.0.0:8080", false).find("no http.tokens"), std::string::npos);
  EXPECT_NE(check_listen("[::]:8080", false).find("no http.tokens"), std::string::npos);
  EXPECT_EQ(check_listen("0.0.0.0:8080", true), "");
  EXPECT_NE(check_listen("8080", true).find("ADDR:PORT"), std::string::npos);
}

// 2 a second, 3 at once: three pass, then one each 500 ms.
TEST(RateLimit, IsATokenBucket) {
  RateLimit limit(2, 3);
  const RateLimit::Clock::time_point start{};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.take("a", start), 0);
  EXPECT_EQ(limit.take("a", start), 1);          // 0.5 s, rounded up
  EXPECT_EQ(limit.take("a", start + 499ms), 1);  // level 0.998
  EXPECT_EQ(limit.take("b", start), 0) << "clients do not share";
  EXPECT_EQ(limit.take("a", start + 500ms), 0);
  EXPECT_EQ(limit.take("a", start + 501ms), 1);
  // Ten seconds later it is full again, no fuller: three.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.take("a", start + 11s), 0);
  EXPECT_EQ(limit.take("a", start + 11s), 1);
}

TEST(RateLimit, SaysHowLongToWait) {
  RateLimit slow(0.1, 1);  // one in ten seconds
  const RateLimit::Clock::time_point start{};
  EXPECT_EQ(slow.take("a", start), 0);
  EXPECT_EQ(slow.take("a", start), 10);
  EXPECT_EQ(slow.take("a", start + 9s), 1);
  EXPECT_EQ(slow.take("a", start + 10s), 0);
}

TEST(RateLimit, MemoryIsBoundedAndBusyClientsStayLimited) {
  RateLimit limit(1, 2);
  const RateLimit::Clock::time_point start{};
  // Level 1 of 2 each: full again after a second.
  for (std::size_t i = 0; i < kClientsMax; ++i) limit.take(std::to_string(i), start);
  EXPECT_EQ(limit.take("busy", start + 1s), 0);
  EXPECT_EQ(limit.take("busy", start + 1s), 0);
  EXPECT_EQ(limit.take("busy", start + 1s), 1);
  for (std::size_t i = 0; i < kClientsMax - 1; ++i)
    limit.take("new" + std::to_string(i), start + 1s);
  limit.take("one more", start + 1500ms);
  EXPECT_EQ(limit.take("zero", RateLimit::Clock::time_point{} + 1500ms), 0);
}

TEST(Guard, LimitsByTokenAndByAddress) {
  GuardOptions options = two_tokens();
  options.rate_per_second = 0.001;
  options.rate_burst = 1;
  Guard guard(options);
  auto crm = request("Bearer secret-crm");
  EXPECT_EQ(status(guard.check(crm, Role::kIngest)), 0);
  const auto limited = guard.check(crm, Role::kIngest);
  ASSERT_EQ(status(limited), 429);
  EXPECT_EQ(header(*limited, "Retry-After"), "1000");
  auto ops = request("Bearer secret-ops");
  EXPECT_EQ(status(guard.check(ops, Role::kRead)), 0);
  // Guessing is limited by address, whatever the port.
  auto guess = request("Bearer x", "10.0.0.2:1"), again = request("Bearer y", "10.0.0.2:2");
  EXPECT_EQ(status(guard.check(guess, Role::kRead)), 401);
  EXPECT_EQ(status(guard.check(again, Role::kRead)), 429);
  EXPECT_EQ(guard.limited(), 2);
}

TEST(Sha256Text, KnownVector) {
  // FIPS 180-2, appendix B.1.
  constexpr std::string_view kAbc =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(to_hex(sha256("abc")), kAbc);
  EXPECT_EQ(sha256_of_hex(kAbc), sha256("abc"));
  EXPECT_EQ(sha256_of_hex("ba78"), std::nullopt);
  EXPECT_EQ(sha256_of_hex(std::string(64, 'g')), std::nullopt);
}

TEST(Problem, IsRfc9457) {
  const HttpResponse response = problem(400, "bad-parameter", "limit \"x\" is no number")
                                    .field("limit")
                                    .members("\"accepted\":0")
                                    .retry_after(0)
                                    .response();
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"urn:tocsin:problem:bad-parameter","title":"Bad parameter","status":400,)"
            R"("detail":"limit \"x\" is no number","field":"limit","accepted":0})");
  EXPECT_EQ(header(response, "Retry-After"), "1");
  EXPECT_NE(problem(400, "x",
                    "a\xff"
                    "b\xe5\xae\xa2")
                .response()
                .body.find("\"detail\":\"a\xef\xbf\xbd"
                           "b客\""),
            std::string::npos);
}

TEST(Target, PercentDecoding) {
  EXPECT_EQ(percent_decode("a%2Fb%e5%ae%a2"), "a/b客");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  for (const std::string_view bad : {"%", "%1", "a%2", "%g0", "%00", "%ff", "%C0%A0"})
    EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Target, Segments) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(path_segments("/"), Segments{});
  EXPECT_EQ(path_segments("/v1/entities/a%2Fb/ticket/T%25"),
            (Segments{"v1", "entities", "a/b", "ticket", "T%"}));
  EXPECT_EQ(path_segments("/v1//x"), std::nullopt);
  EXPECT_EQ(path_segments("/v1/"), std::nullopt);
  EXPECT_EQ(path_segments("/%zz"), std::nullopt);
}

TEST(Target, Forms) {
  const auto read = [](std::string target) {
    HttpRequest request;
    request.target = std::move(target);
    return read_target(request) ? request.path : "bad";
  };
  EXPECT_EQ(read("/a?b"), "/a");
  EXPECT_EQ(read("/a#b?c"), "/a");
  EXPECT_EQ(read("http://host/a?b=c"), "/a");
  EXPECT_EQ(read("http://host"), "/");
  EXPECT_EQ(read("*"), "bad");
  EXPECT_EQ(read(""), "bad");
  std::string many = "/?";
  for (std::size_t i = 0; i < kQueryParametersMax; ++i) many += "a=1&";
  EXPECT_EQ(read(many), "/");
  EXPECT_EQ(read(many + "a=1"), "bad");
}

}  // namespace
}  // namespace tocsin
