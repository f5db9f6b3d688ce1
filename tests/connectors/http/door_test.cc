// What the door takes, from whom, and what it says of it (contract §3, §8, §13).
#include <gmock/gmock.h>

#include "tests/connectors/http/api_fixture.h"

namespace tocsin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Roles roles(std::initializer_list<Role> list) {
  Roles result;
  for (const Role role : list) result.add(role);
  return result;
}

std::string typed(std::string_view id, std::string_view type) {
  std::string text = event_text(id);
  const std::string_view as_is = "tocsin.ticket.opened";
  return text.replace(text.find(as_is), as_is.size(), type);
}

class DoorTest : public ApiTest {
 protected:
  DoorTest() {
    options.access.tokens = {
        {"crm", sha256("crm-secret"), roles({Role::kIngest})},
        {"desk", sha256("desk-secret"), roles({Role::kIngest, Role::kRead, Role::kAct}), "Li Wei"},
        {"east", sha256("east-secret"), roles({Role::kIngest, Role::kRead, Role::kAct}), "",
         std::make_shared<const Scope>(Scope{{"acme"}, {"/crm"}, {"ticket"}})},
        {"two", sha256("two-secret"), roles({Role::kRead}), "",
         std::make_shared<const Scope>(Scope{{"acme", "beta"}, {}, {}})},
    };
  }
  static std::string bearer(std::string_view name) {
    return "Authorization: Bearer " + std::string(name) + "-secret\r\n";
  }
  Answer post_as(std::string_view name, std::string_view body,
                 std::string_view type = "application/cloudevents+json") {
    return client->post("/v1/events", type, body, bearer(name));
  }
  Answer get_as(std::string_view name, std::string_view target) {
    return client->get(target, bearer(name));
  }
};

class OpenDoorTest : public ApiTest {};

TEST_F(OpenDoorTest, PlainJsonIsAnEventOrABatch) {
  start();
  EXPECT_EQ(post(event_text("1"), "application/json; charset=utf-8").body,
            R"({"accepted":1,"duplicates":0,"rejected":[]})");
  EXPECT_EQ(post(" \n[" + event_text("2") + "," + event_text("3") + "]", "application/json").body,
            R"({"accepted":2,"duplicates":0,"rejected":[],"conflicts":[]})");
  EXPECT_EQ(post("{}", "application/json").status, 400);
  EXPECT_EQ(post("", "application/json").status, 400);
}

TEST_F(OpenDoorTest, LinesAreABatchJudgedLineByLine) {
  start();
  EXPECT_EQ(
      post(event_text("1") + "\r\n\n{\"broken\n" + event_text("2"), "application/x-ndjson").body,
      R"({"accepted":2,"duplicates":0,"rejected":[{"index":1,"reason":"malformed"}],)"
      R"("conflicts":[]})");
  EXPECT_EQ(post("\n \n", "application/x-ndjson").body,
            R"({"accepted":0,"duplicates":0,"rejected":[],"conflicts":[]})");
  std::string many;
  for (std::size_t i = 0; i <= kBatchEventsMax; ++i) many += "1\n";
  EXPECT_EQ(post(many, "application/x-ndjson").status, 413);
}

TEST_F(OpenDoorTest, WhatDoesNothingIsAnsweredWithWhatWasMeant) {
  node.known = default_policy();
  start();
  const Answer one = post(typed("1", "tocsin.ticket.open"));
  EXPECT_EQ(one.status, 202);
  EXPECT_EQ(one.body, R"({"accepted":1,"duplicates":0,"rejected":[],"ignored":[{"index":0,)"
                      R"("type":"tocsin.ticket.open","did_you_mean":"tocsin.ticket.opened"}]})");
  const Answer several = batch(
      "[" + typed("2", "tocsin.ticket.opened") + "," + typed("3", "Tocsin.Tickets.Opened") + "," +
      typed("4", "com.example.issue_created") + ",1," + typed("1", "tocsin.ticket.open") + "]");
  EXPECT_THAT(several.body,
              HasSubstr(R"("ignored":[{"index":1,"type":"Tocsin.Tickets.Opened",)"
                        R"("did_you_mean":"tocsin.ticket.opened"},)"
                        R"({"index":2,"type":"com.example.issue_created","did_you_mean":null}])"))
      << "not what was rejected or is a duplicate";
}

TEST_F(OpenDoorTest, AForeignHostOrOriginIsRefused) {
  options.hosts = {"tocsin.example"};
  start();
  const auto status = [&](const std::string& headers) {
    client->send("GET /v1/clocks HTTP/1.1\r\n" + headers + "\r\n");
    return client->read().status;
  };
  for (const char* good :
       {"Host: 127.0.0.1:8080\r\n", "Host: localhost\r\n", "Host: LOCALHOST:1\r\n",
        "Host: [::1]:8080\r\n", "Host: tocsin.example\r\n",
        "Host: localhost:8\r\nOrigin: http://localhost:8\r\n"})
    EXPECT_EQ(status(good), 200) << good;
  for (const char* bad :
       {"Host: rebind.example\r\n", "Host: 127.0.0.1.evil.example\r\n", "Host: localhost.evil\r\n",
        "Host: localhost:8\r\nOrigin: http://evil.example\r\n",
        "Host: localhost:8\r\nOrigin: http://localhost:9\r\n",
        "Host: localhost:8\r\nOrigin: null\r\n"})
    EXPECT_EQ(status(bad), 403) << bad;
}

TEST_F(OpenDoorTest, AFormOrPlainTextCannotAcknowledge) {
  store.fill();
  start();
  const std::string body = R"({"by":"li","escalation":"acme/ticket/T-3/routed/P1"})";
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", "text/plain;application/json"})
    EXPECT_EQ(client->post("/v1/entities/acme/ticket/T-3/acknowledge", type, body).status, 415)
        << type;
  EXPECT_TRUE(node.facts().empty());
  EXPECT_EQ(
      client->post("/v1/entities/acme/ticket/T-3/acknowledge", "application/json", body).status,
      200);
}

TEST_F(OpenDoorTest, LinksAndWebhooksComeFromAnywhere) {
  int calls = 0;
  const auto answer = [&](ModuleCall call) {
    ++calls;
    call.reply(json_ok());
  };
  options.modules = {{"POST", "/a/{token}", std::nullopt, answer},
                     {"POST", "/v1/in/{name}", std::nullopt, answer}};
  start();
  for (const char* path : {"/a/x", "/v1/in/zammad"}) {
    const Answer got =
        client->post(path, "text/plain", "x", "Origin: https://elsewhere.example\r\n");
    EXPECT_EQ(got.status, 200) << path;
  }
  EXPECT_EQ(calls, 2);
}

TEST_F(DoorTest, OnlyWhoMayActAcknowledges) {
  start();
  for (const std::string verb : {"acknowledged", "excused", "escalated"}) {
    const Answer alone = post_as("crm", typed("1", "tocsin.ticket." + verb));
    EXPECT_EQ(alone.status, 403) << verb;
    EXPECT_THAT(alone.body, HasSubstr("\"reason\":\"forbidden:" + verb + "\""));
  }
  const Answer among = post_as(
      "crm", "[" + typed("1", "tocsin.complaint.acknowledged") + "," + event_text("2") + "]",
      "application/cloudevents-batch+json");
  EXPECT_EQ(among.status, 202);
  EXPECT_THAT(among.body, HasSubstr(R"("accepted":1,"duplicates":0,"rejected":[{"index":0,)"
                                    R"("reason":"forbidden:acknowledged"}])"));
  EXPECT_EQ(node.rejected().size(), 4u) << "nothing is lost";
  EXPECT_EQ(post_as("desk", typed("1", "tocsin.ticket.acknowledged")).status, 202)
      << "a refused id is not taken";
}

TEST_F(DoorTest, TheTokensNameStandsOnTheFact) {
  start();
  post_as("crm", event_text("1", ",\"tocsinby\":\"somebody\",\"trace\":\"7\""));
  EXPECT_EQ(node.facts().at(0).extensions, R"("trace":"7","tocsinby":"crm")");
  post_as("crm", event_text("2"));
  EXPECT_EQ(node.facts().at(1).extensions, R"("tocsinby":"crm")");
}

TEST_F(DoorTest, WhoseTokenStandsForAPersonActsAsThatPerson) {
  store.fill();
  start();
  const Answer answer =
      client->post("/v1/entities/acme/ticket/T-3/acknowledge", "application/json",
                   R"({"by":"Chen Jie","escalation":"acme/ticket/T-3/routed/P1"})", bearer("desk"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(node.facts().at(0).data, R"({"by":"Li Wei","escalation":"acme/ticket/T-3/routed/P1"})");
  EXPECT_EQ(node.facts().at(0).source, "urn:tocsin:api");
  EXPECT_EQ(client
                ->post("/v1/entities/acme/ticket/T-3/acknowledge", "application/json",
                       R"({"by":"li"})", bearer("east"))
                .status,
            200)
      << "a scope of sources is about what it sends itself";
  // Nothing need be said then; all open groups are meant.
  client->post("/v1/entities/acme/ticket/T-3/acknowledge", "application/json", "{}",
               bearer("desk"));
  EXPECT_EQ(node.facts().at(2).data, R"({"by":"Li Wei"})");
}

TEST_F(DoorTest, ATokenMayComeInTheQueryOrByBasic) {
  start();
  const auto status = [&](std::string_view target, std::string_view headers = {}) {
    return client->post(target, "application/cloudevents+json", event_text("1"), headers).status;
  };
  EXPECT_EQ(status("/v1/events?access_token=crm-secret"), 202);
  EXPECT_EQ(status("/v1/events", "Authorization: Basic Y3JtOmNybS1zZWNyZXQ=\r\n"),
            202);  // crm:crm-secret
  EXPECT_EQ(status("/v1/events?access_token=wrong"), 401);
  EXPECT_EQ(status("/v1/events", "Authorization: Basic Y3JtLXNlY3JldA==\r\n"), 401) << "no colon";
  EXPECT_EQ(status("/v1/events", "Authorization: Basic !\r\n"), 401);
  EXPECT_EQ(client->get("/v1/clocks?access_token=desk-secret&limit=5").status, 200)
      << "it is no parameter of the route";
}

TEST_F(DoorTest, WhatLiesOutsideTheScopeCannotBeSent) {
  start();
  EXPECT_EQ(post_as("east", event_text("1")).status, 202);
  std::string other = event_text("2");
  other.replace(other.find("\"acme\""), 6, "\"beta\"");
  EXPECT_THAT(post_as("east", other).body, HasSubstr("forbidden:account"));
  EXPECT_EQ(post_as("east", other).status, 403);
  other = event_text("3");
  other.replace(other.find("\"/crm\""), 6, "\"/own\"");
  EXPECT_THAT(post_as("east", other).body, HasSubstr("forbidden:source"));
  EXPECT_THAT(post_as("east", typed("4", "tocsin.complaint.opened")).body,
              HasSubstr("forbidden:kind"));
  EXPECT_EQ(node.facts().size(), 1u);
}

TEST_F(DoorTest, WhatLiesOutsideTheScopeIsNotThere) {
  store.fill();
  start();
  EXPECT_EQ(get_as("east", "/v1/entities/acme/ticket/T-2").status, 200);
  EXPECT_EQ(get_as("desk", "/v1/entities/a%2Fb/ticket/T-1").status, 200);
  EXPECT_EQ(get_as("east", "/v1/entities/a%2Fb/ticket/T-1").status, 404);
  EXPECT_EQ(get_as("east", "/v1/entities/acme/complaint/C-1").status, 404);
  EXPECT_EQ(get_as("east", "/v1/entities/acme/complaint/C-1/timeline").status, 404);
  EXPECT_THAT(get_as("two", "/v1/accounts/gamma").body, HasSubstr("nothing is known of it"));
  EXPECT_EQ(get_as("east", "/metrics").status, 403) << "they know no scope";
  EXPECT_EQ(get_as("desk", "/metrics").status, 200);
  EXPECT_EQ(client
                ->post("/v1/entities/beta/ticket/T-1/acknowledge", "application/json", "{}",
                       bearer("east"))
                .status,
            404);
}

TEST_F(DoorTest, FactsOfOtherSourcesAreNotThere) {
  store.fill();
  store.tell("T-2", 6, "/hr");
  store.tell("T-9", 7, "/hr");
  store.tell("T-8", 8, "/crm");
  start();
  const std::string of_both = get_as("desk", "/v1/entities/acme/ticket/T-2/timeline").body;
  EXPECT_THAT(of_both, HasSubstr("\"/hr\""));
  EXPECT_THAT(get_as("desk", "/v1/accounts/acme/timeline").body, HasSubstr("\"/hr\""));
  // What `/crm` created is shown, without what others told of it.
  EXPECT_EQ(get_as("east", "/v1/entities/acme/ticket/T-2").status, 200);
  EXPECT_THAT(get_as("east", "/v1/entities/acme/ticket/T-2/timeline").body,
              Not(HasSubstr("\"/hr\"")));
  for (const char* path :
       {"/v1/entities/acme/ticket/T-9", "/v1/entities/acme/ticket/T-9/timeline"}) {
    EXPECT_EQ(get_as("desk", path).status, 200) << path;
    EXPECT_EQ(get_as("east", path).status, 404) << path;
  }
  const Answer history = get_as("east", "/v1/accounts/acme/timeline");
  EXPECT_EQ(history.status, 200);
  EXPECT_THAT(history.body, Not(HasSubstr("\"/hr\"")));
  EXPECT_EQ(client
                ->post("/v1/entities/acme/ticket/T-9/acknowledge", "application/json",
                       R"({"by":"li"})", bearer("east"))
                .status,
            404);
}

TEST_F(DoorTest, ListsAreNarrowedToTheScope) {
  store.fill();
  start();
  EXPECT_THAT(get_as("desk", "/v1/clocks").body, HasSubstr("ticket/T-1"));
  const Answer all = get_as("east", "/v1/clocks");
  EXPECT_THAT(all.body, HasSubstr("ticket/T-2"));
  EXPECT_THAT(all.body, Not(HasSubstr("ticket/T-1")));
  EXPECT_THAT(get_as("east", "/v1/clocks?account=a%2Fb").body, Not(HasSubstr("ticket/")));
  EXPECT_THAT(get_as("two", "/v1/clocks").body, HasSubstr("ticket/T-2"));
  EXPECT_THAT(get_as("two", "/v1/clocks").body, Not(HasSubstr("ticket/T-1")));
  EXPECT_THAT(get_as("two", "/v1/clocks?account=acme").body, HasSubstr("ticket/T-2"));
  EXPECT_THAT(get_as("east", "/v1/inbox").body, Not(HasSubstr("ticket/T-1")));
}

TEST_F(DoorTest, AModuleThatKnowsNoScopeIsClosedToWhoHasOne) {
  const auto answer = [](ModuleCall call) { call.reply(json_ok()); };
  options.modules = {{"GET", "/v1/x", Role::kRead, answer},
                     {"GET", "/v1/y/{account}", Role::kRead, answer, true}};
  start();
  EXPECT_EQ(get_as("two", "/v1/x").status, 403);
  EXPECT_EQ(get_as("desk", "/v1/x").status, 200);
  EXPECT_EQ(get_as("two", "/v1/y/beta").status, 200);
  EXPECT_EQ(get_as("two", "/v1/y/gamma").status, 404);
}

TEST_F(DoorTest, TokensAreReplacedWhileItRuns) {
  start();
  EXPECT_EQ(get_as("desk", "/v1/clocks").status, 200);
  api->replace_tokens({{"new", sha256("new-secret"), roles({Role::kRead})}});
  EXPECT_EQ(get_as("desk", "/v1/clocks").status, 401);
  EXPECT_EQ(get_as("new", "/v1/clocks").status, 200);
}

}  // namespace
}  // namespace tocsin::test
