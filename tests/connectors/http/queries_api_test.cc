// Routes, parameters, roles, limits, the stream's route.
#include <gmock/gmock.h>

#include "events/log_record.h"
#include "tests/connectors/http/api_fixture.h"

namespace tocsin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class QueriesApiTest : public ApiTest {
 protected:
  QueriesApiTest() { start(); }
  int status(std::string_view target) { return client->get(target).status; }
  // The parameter that a 400 names.
  std::string bad(std::string_view target) {
    const Answer answer = client->get(target);
    if (answer.status != 400) return std::to_string(answer.status);
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    const std::size_t begin = answer.body.find("\"field\":\"") + 9;
    return answer.body.substr(begin, answer.body.find('"', begin) - begin);
  }
};

TEST_F(QueriesApiTest, EveryParameterMayBeEmptyOrGiven) {
  EXPECT_EQ(status("/v1/clocks?state=&kind=&clock=&account=&order=&limit=&cursor="), 200);
  EXPECT_EQ(status("/v1/clocks?state=running&kind=ticket&clock=ticket.response&account=a%2Fb"
                   "&tier=A&role=executive&person=%E6%9D%8E&order=due&limit=7"),
            200);
  for (const std::string_view state : {"paused", "stopped", "cancelled", "at_risk", "overdue"})
    EXPECT_EQ(status("/v1/clocks?state=" + std::string(state)), 200);
  EXPECT_EQ(status("/v1/board?tier=A&limit=5"), 200);
  EXPECT_EQ(status("/v1/accounts?limit=3"), 200);
  EXPECT_EQ(status("/v1/accounts?account=acme&kind=ticket&clock=ticket.response&priority=P1&tier=A"
                   "&role=executive&person=li&q=a&cursor="),
            200);
  EXPECT_EQ(status("/v1/"
                   "faults?account=acme&kind=account&clock=x&priority=P1&limit=9&tier=A&role="
                   "executive&person=li&q=m&cursor="),
            200);
  EXPECT_EQ(status("/v1/figures/response/entities?kind=ticket&clock=ticket.response&role=executive"
                   "&person=li&q=T"),
            200);
  EXPECT_EQ(status("/v1/kpis?by=week&from=2026-03-02&to=2026-03-08&per=tier,priority"), 200);
}

TEST_F(QueriesApiTest, WrongParametersAreNamed) {
  EXPECT_EQ(bad("/v1/clocks?state=open"), "state");
  EXPECT_EQ(bad("/v1/clocks?order=name"), "order");
  for (const std::string_view limit :
       {"0", "1001", "-1", "x", "10x", "1e2", "99999999999999999999"})
    EXPECT_EQ(bad("/v1/clocks?limit=" + std::string(limit)), "limit") << limit;
  EXPECT_EQ(status("/v1/clocks?limit=1000"), 200);
  EXPECT_EQ(bad("/v1/clocks?cursor=bad"), "cursor");
  EXPECT_EQ(bad("/v1/clocks?acount=acme"), "acount");
  EXPECT_EQ(bad("/v1/clocks?kind=a&kind=b"), "kind");
  EXPECT_EQ(bad("/v1/clocks?min_offset=x"), "min_offset");
  EXPECT_EQ(bad("/v1/kpis?by=decade"), "by");
  EXPECT_EQ(bad("/v1/kpis?from=1.3.2026"), "from");
  EXPECT_EQ(bad("/v1/kpis?per=person"), "per");
  EXPECT_EQ(bad("/v1/entities/a/ticket/T?x=1"), "x");
  EXPECT_EQ(bad("/v1/entities/a/ticket/T/timeline?after=17"), "after");
  EXPECT_EQ(bad("/v1/entities/a/ticket/T/timeline?order=up"), "order");
  EXPECT_EQ(bad("/v1/stream?after=x"), "after");
}

TEST_F(QueriesApiTest, AccountsAreNarrowedByWhatIsOpen) {
  store.fill();
  const auto accounts = [&](std::string_view filter) {
    const std::string body = client->get("/v1/accounts?" + std::string(filter)).body;
    return body.substr(body.find("\"accounts\""));
  };
  EXPECT_THAT(client->get("/v1/clocks?account=acme").body, HasSubstr("acme"));
  EXPECT_THAT(accounts("kind=care"), HasSubstr("\"accounts\":[]"));
  EXPECT_THAT(accounts("account=nobody"), HasSubstr("\"accounts\":[]"));
}

TEST_F(QueriesApiTest, WhatStandsBehindAFigureIsATableToo) {
  client->send("GET /v1/figures/response/entities HTTP/1.1\r\nHost: h\r\nAccept: text/csv\r\n\r\n");
  const Answer answer = client->read();
  EXPECT_THAT(answer.headers.at("content-type"), HasSubstr("text/csv"));
  EXPECT_EQ(
      answer.body,
      "account,accountName,entity,title,outcome,clock,cycle,threshold,due,score,priority,tier,"
      "person,module,link\r\n");
}

TEST_F(QueriesApiTest, PathSegmentsAreDecodedOnce) {
  store.fill("T%2F客+1");
  EXPECT_EQ(status("/v1/entities/a%2Fb/ticket/T%252F%E5%AE%A2+1"), 200);
  EXPECT_EQ(status("/v1/entities/a%2Fb/ticket/T%2F%E5%AE%A2+1"), 404);
  EXPECT_EQ(status("/v1/entities/nobody/ticket/T"), 404);
  EXPECT_EQ(status("/v1/accounts/nobody"), 404);
  EXPECT_EQ(status("/v1/entities/a//T"), 404);
  EXPECT_EQ(status("/v1/entities/a/ticket/%zz"), 404);
}

TEST_F(QueriesApiTest, UnknownRoutesAndMethods) {
  EXPECT_EQ(client->get("/v2/clocks").status, 404);
  EXPECT_EQ(client->get("/v1/events/").status, 404);
  const Answer answer = client->get("/v1/events");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.at("allow"), "POST, OPTIONS");
  const Answer post = client->post("/v1/clocks", "text/plain", "x");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.headers.at("allow"), "GET, HEAD");
  client->send("HEAD /v1/board HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client->read(true).status, 200);
}

TEST_F(QueriesApiTest, FailureOfTheStoreIsA500) {
  store.broken = true;
  const Answer answer = client->get("/v1/faults");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("the store failed"));
}

// A query for a moment that has not come waits for it.
TEST_F(QueriesApiTest, MinOffset) {
  store.apply_up_to(17);  // 0:16 is the last one included
  EXPECT_EQ(status("/v1/board?min_offset=0:16"), 200);
  client->send("GET /v1/board?min_offset=0:17 HTTP/1.1\r\nHost: h\r\n\r\n");
  Client other(server->port());
  EXPECT_EQ(other.get("/v1/board").status, 200) << "others do not wait for it";
  store.apply_up_to(18);
  EXPECT_EQ(client->read().status, 200);
}

TEST(MinOffset, PatienceEnds) {
  class Test : public ApiTest {
   public:
    void TestBody() override {
      options.min_offset_wait = milliseconds(30);
      start();
      const Answer answer = client->get("/v1/board?min_offset=0:17,5:1");
      EXPECT_EQ(answer.status, 503);
      EXPECT_EQ(answer.headers.at("retry-after"), "1");
    }
  };
  Test().TestBody();
}

TEST_F(QueriesApiTest, HealthReadinessAndMetrics) {
  EXPECT_EQ(client->get("/healthz").status, 200);
  EXPECT_EQ(client->get("/readyz").status, 200);
  node.readiness = {false, "partition 0: 12 records behind"};
  const Answer behind = client->get("/readyz");
  EXPECT_EQ(behind.status, 503);
  EXPECT_THAT(behind.body, HasSubstr("12 records behind"));
  node.sickness = "the disk failed";
  EXPECT_EQ(client->get("/healthz").status, 503);
  post(event_text("1"));
  post("{");
  const Answer metrics = client->get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(metrics.body, HasSubstr("tocsin_test 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("tocsin_http_requests_total{method=\"POST\",route=\"/v1/"
                                      "events\",class=\"4xx\"} 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("tocsin_http_events_accepted_total 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("tocsin_http_events_rejected_total 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("tocsin_http_pending_bytes 0\n"));
  EXPECT_THAT(metrics.body, HasSubstr("tocsin_http_connections 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("tocsin_http_request_seconds_count{method=\"POST\","
                                      "route=\"/v1/events\"} 2\n"));
}

TEST_F(QueriesApiTest, Stream) {
  api->feed().begin({{0, 5}});
  client->send("GET /v1/stream?account=acme HTTP/1.1\r\nHost: h\r\n\r\n");
  Answer head;
  ASSERT_TRUE(client->read_head(head));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  std::string chunk;
  ASSERT_TRUE(client->read_chunk(chunk));
  EXPECT_EQ(chunk, "retry: 2000\nid: 0:4\n\n");
  std::string record;
  append_own_event(record, {"x", "tocsin.clock.breached", "T-1", "acme", kNow, kNow, "{}"});
  Committed committed;
  committed.offset = 5;
  committed.kind = RecordKind::kDerived;
  committed.type = "tocsin.clock.breached";
  committed.account = "acme";
  committed.bytes = record;
  api->feed().publish(committed);
  ASSERT_TRUE(client->read_chunk(chunk));
  EXPECT_EQ(chunk, "id: 0:5\ndata: " + record + "\n\n");
}

class RolesTest : public ApiTest {
 protected:
  RolesTest() {
    const auto token = [](std::string name, Role role) {
      Roles roles;
      roles.add(role);
      return AccessToken{name, sha256(name + "-secret"), roles};
    };
    options.access.tokens = {token("crm", Role::kIngest), token("wall", Role::kRead),
                             token("phone", Role::kAct), token("root", Role::kAdmin)};
  }
  int status(std::string_view method, std::string_view target, std::string_view token) {
    const std::string authorization =
        token.empty() ? "" : "Authorization: Bearer " + std::string(token) + "-secret\r\n";
    if (method == "GET") return client->get(target, authorization).status;
    if (target == "/v1/events") {
      return client->post(target, "application/cloudevents+json", event_text("1"), authorization)
          .status;
    }
    return client
        ->post(target, "application/json", R"({"by":"li","escalation":"a/ticket/T/x"})",
               authorization)
        .status;
  }
};

TEST_F(RolesTest, EveryRouteAsksForItsRole) {
  store.fill();
  start();
  struct Row {
    std::string_view method, target;
    std::array<int, 5> statuses;  // none, crm, wall, phone, root
  };
  const Row rows[] = {
      {"POST", "/v1/events", {401, 202, 403, 403, 202}},
      {"POST", "/v1/entities/a%2Fb/ticket/T-1/acknowledge", {401, 403, 403, 200, 200}},
      {"GET", "/v1/clocks", {401, 403, 200, 403, 200}},
      {"GET", "/v1/board", {401, 403, 200, 403, 200}},
      {"GET", "/v1/inbox", {401, 403, 200, 403, 200}},
      {"GET", "/v1/entities/a%2Fb/ticket/T-1", {401, 403, 200, 403, 200}},
      {"GET", "/v1/entities/a%2Fb/ticket/T-1/timeline", {401, 403, 200, 403, 200}},
      {"GET", "/v1/accounts", {401, 403, 200, 403, 200}},
      {"GET", "/v1/accounts/acme", {401, 403, 200, 403, 200}},
      {"GET", "/v1/accounts/acme/timeline", {401, 403, 200, 403, 200}},
      {"GET", "/v1/kpis", {401, 403, 200, 403, 200}},
      {"GET", "/v1/faults", {401, 403, 200, 403, 200}},
      {"GET", "/metrics", {401, 403, 200, 403, 200}},
      {"GET", "/healthz", {200, 200, 200, 200, 200}},
      {"GET", "/readyz", {200, 200, 200, 200, 200}},
      {"GET", "/openapi.yaml", {200, 200, 200, 200, 200}},
  };
  const std::string_view tokens[] = {"", "crm", "wall", "phone", "root"};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_EQ(status(row.method, row.target, tokens[i]), row.statuses[i])
          << row.method << " " << row.target << " as " << tokens[i];
  }
  EXPECT_EQ(status("GET", "/v1/stream", ""), 401);
  EXPECT_EQ(status("GET", "/v1/stream", "crm"), 403);
}

// What is refused for want of a token is not read, let alone kept.
TEST_F(RolesTest, NothingOfARefusedRequestIsKept) {
  start();
  EXPECT_EQ(client->post("/v1/events", "application/cloudevents+json", event_text("1")).status,
            401);
  EXPECT_TRUE(node.facts().empty());
  Client large(server->port());
  EXPECT_EQ(
      large.post("/v1/events", "application/cloudevents+json", std::string(4 << 20, ' ')).status,
      401);
  EXPECT_LT(server->stats().bytes_read, 1 << 20);
}

TEST_F(RolesTest, RateLimit) {
  options.access.rate_per_second = 0.01;
  options.access.rate_burst = 2;
  start();
  EXPECT_EQ(status("GET", "/v1/board", "wall"), 200);
  EXPECT_EQ(status("GET", "/v1/board", "wall"), 200);
  const Answer limited = client->get("/v1/board", "Authorization: Bearer wall-secret\r\n");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.headers.at("retry-after"), "100");
  EXPECT_EQ(status("POST", "/v1/events", "crm"), 202) << "each client has its own";
  EXPECT_EQ(status("GET", "/healthz", ""), 200) << "health is not limited";
}

}  // namespace
}  // namespace tocsin::test
