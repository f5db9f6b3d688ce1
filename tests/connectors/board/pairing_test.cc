#include "connectors/board/pairing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "connectors/http/guard.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

Roles roles(std::initializer_list<Role> list) {
  Roles result;
  for (const Role role : list) result.add(role);
  return result;
}

// A node with one token, and the board's routes behind its guard.
struct House {
  Instant now{1'800'000'000'000};
  Guard guard{options()};
  std::vector<ModuleRoute> routes =
      pairing_routes([this](const std::string& name,
                            const std::string& person) { return guard.phone_token(name, person); },
                     [this] { return now; });

  GuardOptions options() {
    GuardOptions made;
    made.tokens = {wang("secret")};
    made.now = [this] { return now; };
    return made;
  }
  static AccessToken wang(const std::string& secret) {
    AccessToken token{"wang", sha256(secret), roles({Role::kRead, Role::kAct})};
    token.person = "wang.fang";
    return token;
  }

  HttpResponse ask(const std::string& pattern, const std::string& token, std::string body = "{}") {
    HttpResponse answer;
    for (const ModuleRoute& route : routes) {
      if (route.pattern != pattern) continue;
      ModuleCall call;
      call.request.remote = "10.0.0.1:5000";
      call.request.body = std::move(body);
      if (!token.empty()) call.request.headers = {{"authorization", "Bearer " + token}};
      if (auto refusal = guard.check(call.request, route.needed)) return *refusal;
      call.reply = [&](HttpResponse response) { answer = std::move(response); };
      route.handle(std::move(call));
      break;
    }
    return answer;
  }

  std::string text(const HttpResponse& response, const char* name) {
    const json::value body = json::parse(response.body);
    const json::value* value = body.get_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  }

  std::string paired() {
    const std::string code = text(ask("/v1/pair", "secret"), "code");
    return text(ask("/v1/pair/claim", "", R"({"code":")" + code + "\"}"), "token");
  }
};

TEST(Pairing, APhoneActsAsThePersonWhoPairedItWithTheSameRoles) {
  House house;
  const std::string token = house.paired();
  ASSERT_FALSE(token.empty());
  const HttpResponse me = house.ask("/v1/me", token);
  EXPECT_EQ(me.status, 200);
  EXPECT_EQ(
      json::parse(me.body),
      json::parse(
          R"({"now":"2027-01-15T08:00:00.000Z","name":"wang","person":"wang.fang","roles":["read","act"],)"
          R"("phone":true,"open":false})"));
}

TEST(Pairing, ACodeWorksOnce) {
  House house;
  const std::string code = house.text(house.ask("/v1/pair", "secret"), "code");
  const std::string body = R"({"code":")" + code + "\"}";
  EXPECT_EQ(house.ask("/v1/pair/claim", "", body).status, 200);
  EXPECT_EQ(house.ask("/v1/pair/claim", "", body).status, 404);
  EXPECT_EQ(house.ask("/v1/pair/claim", "", R"({"code":"guess"})").status, 404);
  EXPECT_EQ(house.ask("/v1/pair/claim", "", "no json").status, 400);
}

TEST(Pairing, ACodeIsGoodForFiveMinutes) {
  PairingCodes codes;
  const PairingCodes::Clock::time_point begun{};
  const std::string early = codes.make({"wang", "wang.fang"}, begun);
  EXPECT_TRUE(codes.take(early, begun + 5min - 1ms));
  const std::string late = codes.make({"wang", "wang.fang"}, begun);
  EXPECT_FALSE(codes.take(late, begun + 5min));
  EXPECT_FALSE(codes.take(late, begun)) << "a code that was too old came back";
}

TEST(Pairing, CodesThatNobodyTakesAreBounded) {
  PairingCodes codes;
  const PairingCodes::Clock::time_point begun{};
  const std::string first = codes.make({"wang", ""}, begun);
  for (std::size_t i = 0; i < PairingCodes::kCodesMax; ++i) codes.make({"wang", ""}, begun);
  EXPECT_FALSE(codes.take(first, begun));
}

TEST(Pairing, APhonesTokenIsVoidWithTheTokenThatPairedIt) {
  House house;
  const std::string token = house.paired();
  house.guard.replace({House::wang("another secret")});
  EXPECT_EQ(house.ask("/v1/me", token).status, 401);
  AccessToken renamed = House::wang("secret");
  renamed.name = "li";
  house.guard.replace({renamed});
  EXPECT_EQ(house.ask("/v1/me", token).status, 401);
  AccessToken expired = House::wang("secret");
  expired.expires = house.now;
  house.guard.replace({expired});
  EXPECT_EQ(house.ask("/v1/me", token).status, 401);
  house.guard.replace({House::wang("secret")});
  EXPECT_EQ(house.ask("/v1/me", token).status, 200);
}

TEST(Pairing, APhonesTokenIsGoodForNinetyDays) {
  House house;
  const std::string token = house.paired();
  const Instant issued = house.now;
  house.now = issued + days(90) - seconds(1);
  EXPECT_EQ(house.ask("/v1/me", token).status, 200);
  house.now = issued + days(90);
  EXPECT_EQ(house.ask("/v1/me", token).status, 401);
}

TEST(Pairing, NoByteOfAPhonesTokenCanBeAnother) {
  House house;
  const std::string token = house.paired();
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(house.ask("/v1/me", changed).status, 401) << i;
  }
  for (const char* odd : {"tocsin-phone.", "tocsin-phone.d2FuZw.d2FuZw.1", "tocsin-phone.....",
                          "tocsin-phone.d2FuZw.d2FuZw.99999999999999999999.AA"})
    EXPECT_EQ(house.ask("/v1/me", odd).status, 401) << odd;
}

TEST(Pairing, APairedPhonePairsNoOther) {
  House house;
  EXPECT_EQ(house.ask("/v1/pair", house.paired()).status, 403);
  EXPECT_EQ(house.ask("/v1/pair", "").status, 401);
}

TEST(Pairing, WithoutTokensEverybodyIsWelcomeAndNothingIsPaired) {
  House house;
  house.guard.replace({});
  const HttpResponse me = house.ask("/v1/me", "");
  EXPECT_EQ(me.status, 200);
  EXPECT_TRUE(json::parse(me.body).at("open").get_bool());
  EXPECT_EQ(house.ask("/v1/pair", "").status, 409);
}

}  // namespace
}  // namespace tocsin
