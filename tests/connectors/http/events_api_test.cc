// POST /v1/events and acknowledgements: contract §3 and §8, at the edges.
#include <gmock/gmock.h>

#include "tests/connectors/http/api_fixture.h"

namespace tocsin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EventsApiTest : public ApiTest {
 protected:
  EventsApiTest() { start(); }
};

TEST_F(EventsApiTest, OneStructuredEvent) {
  const Answer answer = post(event_text("1"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, R"({"accepted":1,"duplicates":0,"rejected":[]})");
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  ASSERT_EQ(node.facts().size(), 1u);
  EXPECT_EQ(node.facts()[0].account, "acme");
  EXPECT_EQ(node.facts()[0].data, R"({"priority":"P1"})");
  EXPECT_TRUE(node.source.starts_with("http 127.0.0.1:"));
}

TEST_F(EventsApiTest, ContentTypeInOtherWords) {
  EXPECT_EQ(post(event_text("1"), "Application/CloudEvents+JSON;charset=utf-8").status, 202);
}

TEST_F(EventsApiTest, DuplicateAndConflict) {
  post(event_text("1"));
  EXPECT_EQ(post(event_text("1")).body, R"({"accepted":0,"duplicates":1,"rejected":[]})");
  const Answer conflict = post(event_text("1", "", "{\"priority\":\"P2\"}"));
  EXPECT_EQ(conflict.status, 202);
  EXPECT_EQ(conflict.body, R"({"accepted":0,"duplicates":1,"rejected":[],"conflicts":[0]})");
}

TEST_F(EventsApiTest, RejectedEventNamesItsField) {
  const Answer missing = post(R"({"specversion":"1.0","id":"1","source":"/crm","type":"t.a.b"})");
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.headers.at("content-type"), "application/problem+json");
  EXPECT_THAT(missing.body, HasSubstr(R"("type":"urn:tocsin:problem:missing-attribute")"));
  EXPECT_THAT(missing.body, HasSubstr(R"("detail":"time: the attribute is required")"));
  EXPECT_THAT(missing.body, HasSubstr(R"("reason":"missing_attribute:time","field":"time")"));
  EXPECT_THAT(
      missing.body,
      HasSubstr(
          R"("accepted":0,"duplicates":0,"rejected":[{"index":0,"reason":"missing_attribute:time"}])"));
  EXPECT_THAT(post(event_text("1", ",\"sequence\":7")).body, HasSubstr("\"field\":\"sequence\""));
  const Answer data = post(event_text("1", "", R"({"priority":"P9"})"));
  EXPECT_EQ(data.status, 400);
  EXPECT_THAT(data.body, HasSubstr("\"field\":\"priority\""));
  EXPECT_THAT(data.body,
              HasSubstr("\"detail\":\"priority is \\\"P9\\\"; allowed is one of P1, P2\""));
  std::string future = event_text("1");
  future.replace(future.find("09:15:00"), 8, "09:20:01");  // 5 min 1 s ahead of kNow
  EXPECT_THAT(post(future).body, HasSubstr("\"field\":\"time\""));
  future.replace(future.find("09:20:01"), 8, "09:20:00");
  EXPECT_EQ(post(future).status, 202);
}

TEST_F(EventsApiTest, MalformedEvent) {
  for (const std::string_view body : {"", "{", "[]", "\"x\"", "{\"id\":\"1\"} x", "{\"a\":tru}"}) {
    const Answer answer = post(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr("\"reason\":\"malformed\""));
    EXPECT_THAT(answer.body, Not(HasSubstr("\"field\"")));
  }
  EXPECT_EQ(node.rejected().at(1), (std::pair<std::string, std::string>("malformed", "{")));
}

// 256 KiB as received is the most; one byte more is 413, and the bytes are kept as rejected.
TEST_F(EventsApiTest, EventSize) {
  const std::size_t around = event_text("1", "", "{\"x\":\"\"}").size();
  const auto sized = [&](std::size_t bytes) {
    return event_text("1", "", "{\"x\":\"" + std::string(bytes - around, 'x') + "\"}");
  };
  const Answer above = post(sized(kEventBytesMax + 1));
  EXPECT_EQ(above.status, 413);
  EXPECT_EQ(above.headers.at("content-type"), "application/problem+json");
  EXPECT_THAT(above.body, HasSubstr("\"reason\":\"too_large\""));
  EXPECT_EQ(node.rejected().at(0).second.size(), kEventBytesMax + 1);
  EXPECT_EQ(post(sized(kEventBytesMax)).status, 202);
}

TEST_F(EventsApiTest, BinaryMode) {
  const auto binary = [&](std::string_view headers, std::string_view body,
                          std::string_view type = "Content-Type: application/json\r\n") {
    client->send(
        "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n" + std::string(type) + std::string(headers) + "\r\n" + std::string(body));
    return client->read();
  };
  const std::string attributes =
      "ce-specversion: 1.0\r\nCE-Source: /crm\r\nce-type: tocsin.ticket.opened\r\n"
      "ce-time: 2026-03-02T01:15:00Z\r\nce-subject: T%2F1%20%E4%B8%80\r\n"
      "ce-partitionkey: acme\r\n";
  EXPECT_EQ(binary(attributes + "ce-id: 1\r\n", "{\"priority\":\"P1\"}").body,
            R"({"accepted":1,"duplicates":0,"rejected":[]})");
  EXPECT_EQ(node.facts()[0].subject, "T/1 一");
  EXPECT_EQ(binary(attributes + "ce-id: 2\r\n", "{}", "").status, 202) << "no content type is JSON";
  EXPECT_THAT(binary(attributes, "{}").body, HasSubstr("missing_attribute:id"));
  EXPECT_THAT(binary(attributes + "ce-id: %C0%A0\r\n", "{}").body, HasSubstr("bad_attribute:id"));
  EXPECT_THAT(binary(attributes + "ce-id: 3\r\n", "{").body, HasSubstr("malformed"));
}

TEST_F(EventsApiTest, APackedBodyIsRefusedUnread) {
  const std::string event = event_text("1");
  for (const std::string_view coding : {"gzip", "br", "deflate, gzip", "identity"}) {
    const Answer answer = client->post("/v1/events", "application/cloudevents+json", event,
                                       "Content-Encoding: " + std::string(coding) + "\r\n");
    EXPECT_EQ(answer.status, coding == "identity" ? 202 : 415) << coding;
  }
  EXPECT_EQ(node.facts().size(), 1u);
  EXPECT_TRUE(node.rejected().empty());
}

TEST_F(EventsApiTest, OtherContentTypesAreRefusedUnread) {
  for (const std::string_view type :
       {"application/x-www-form-urlencoded", "text/plain", "application/cloudevents+avro",
        "application/cloudevents-batch+avro", "application/cloudevents"}) {
    const Answer answer = post(event_text("1"), type);
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_THAT(answer.headers.at("accept"), HasSubstr("application/cloudevents+json"));
  }
  EXPECT_TRUE(node.facts().empty());
  EXPECT_TRUE(node.rejected().empty());
}

TEST_F(EventsApiTest, BatchIsJudgedEventByEvent) {
  post(event_text("1"));
  const Answer answer =
      batch("[" + event_text("1") + "," + event_text("2") + " , {\"broken\":tru}," +
            event_text("1", "", "{}") + "," + event_text("3", ",\"sequence\":\"\"") + "]");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body,
            R"({"accepted":1,"duplicates":2,"rejected":[{"index":2,"reason":"malformed"},)"
            R"({"index":4,"reason":"bad_attribute:sequence"}],"conflicts":[3]})");
  EXPECT_EQ(node.rejected().at(0).second, "{\"broken\":tru}");
}

TEST_F(EventsApiTest, EmptyBatch) {
  const Answer answer = batch(" [ ] ");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, R"({"accepted":0,"duplicates":0,"rejected":[],"conflicts":[]})");
}

TEST_F(EventsApiTest, BatchOfWhichAllIsRejected) {
  const Answer answer = batch("[1,{}]");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  EXPECT_THAT(
      answer.body,
      HasSubstr(R"("accepted":0,"duplicates":0,"rejected":[{"index":0,"reason":"malformed"},)"
                R"({"index":1,"reason":"missing_attribute:specversion"}],"conflicts":[])"));
  EXPECT_THAT(answer.body, HasSubstr("none of the 2 events"));
  // Also where size is the reason; 413 is for one event, and for whole requests.
  const std::string large = event_text("1", "", "\"" + std::string(300 << 10, 'x') + "\"");
  EXPECT_EQ(batch("[" + large + "]").status, 400);
}

TEST_F(EventsApiTest, BodyThatIsNoBatch) {
  for (const std::string_view body : {"", "{}", "[1", "[1,]", "[1]]"}) {
    const Answer answer = batch(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr("\"reason\":\"malformed\""));
    EXPECT_THAT(answer.body, HasSubstr("\"accepted\":0"));
  }
  EXPECT_EQ(node.rejected().size(), 5u);
}

TEST_F(EventsApiTest, BatchLimit) {
  std::string body = "[1";
  for (std::size_t i = 1; i < kBatchEventsMax; ++i) body += ",1";
  EXPECT_EQ(batch(body + "]").status, 400);
  EXPECT_EQ(node.rejected().size(), kBatchEventsMax);
  const Answer answer = batch(body + ",1]");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(node.rejected().size(), kBatchEventsMax) << "nothing of it is kept";
}

TEST_F(EventsApiTest, RequestOver8MiB) {
  const std::string event = event_text("1");
  const std::string body = "[" + event + std::string((8 << 20) - event.size() - 1, ' ') + "]";
  ASSERT_EQ(body.size(), (8u << 20) + 1);
  const Answer answer = batch(body);
  EXPECT_EQ(answer.status, 413);
  EXPECT_TRUE(node.facts().empty());
  Client again(server->port());
  EXPECT_EQ(again
                .post("/v1/events", "application/cloudevents-batch+json",
                      "[" + event + std::string((8 << 20) - event.size() - 2, ' ') + "]")
                .status,
            202);
}

TEST_F(EventsApiTest, Unavailable) {
  node.unavailable = "the disk is full";
  const Answer answer = post(event_text("1"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "7");
  EXPECT_THAT(answer.body, HasSubstr("the disk is full"));
}

TEST_F(EventsApiTest, DuplicatesAreNullWhereNobodyKnows) {
  node.knows = false;
  EXPECT_EQ(post(event_text("1")).body, R"({"accepted":1,"duplicates":null,"rejected":[]})");
  EXPECT_EQ(batch("[]").body, R"({"accepted":0,"duplicates":null,"rejected":[],"conflicts":[]})");
}

TEST_F(EventsApiTest, AnswersComeWhenTheNodeAnswers) {
  node.hold = true;
  client->send(Client::post_text("/v1/events", "application/cloudevents+json", event_text("1")));
  client->send(Client::post_text("/v1/events", "application/cloudevents+json", event_text("2")));
  ASSERT_TRUE(eventually([&] { return node.held() == 2; }));
  node.release();
  EXPECT_EQ(client->read().status, 202);
  EXPECT_EQ(client->read().status, 202);
}

TEST_F(EventsApiTest, SecretsStayOutOfTheLog) {
  client->send(
      Client::post_text("/v1/events", "application/cloudevents+json", "{",
                        "Authorization: Bearer secret\r\nCookie: secret\r\nX-Api-Key: secret\r\n"
                        "X-Request-Id: secret\r\nTraceparent: 00-1\r\nUser-Agent: crm/1\r\n"));
  client->read();
  std::string names;
  for (const auto& [name, value] : node.headers) {
    names += name + " ";
    EXPECT_EQ(value.find("secret"), std::string::npos);
  }
  EXPECT_THAT(names, HasSubstr("Traceparent User-Agent"));
  EXPECT_THAT(names, HasSubstr("Content-Type"));
}

TEST(EventsOverload, MoreThanMayWaitIs503) {
  class Test : public ApiTest {
   public:
    void TestBody() override {
      options.pending_bytes_max = 1000;
      start();
      node.hold = true;
      const std::string event = event_text("1");  // some 200 bytes
      std::size_t fits = 1000 / event.size();
      for (std::size_t i = 0; i < fits; ++i)
        client->send(Client::post_text("/v1/events", "application/cloudevents+json", event));
      ASSERT_TRUE(eventually([&] { return node.held() == fits; }));
      Client other(server->port());
      const Answer answer = other.post("/v1/events", "application/cloudevents+json", event);
      EXPECT_EQ(answer.status, 503);
      EXPECT_EQ(answer.headers.at("retry-after"), "1");
      node.release();
      for (std::size_t i = 0; i < fits; ++i) EXPECT_EQ(client->read().status, 202);
      node.hold = false;
      EXPECT_EQ(other.post("/v1/events", "application/cloudevents+json", event).status, 202);
    }
  };
  Test().TestBody();
}

TEST_F(EventsApiTest, WebhookHandshake) {
  client->send(
      "OPTIONS /v1/events HTTP/1.1\r\nHost: h\r\nWebHook-Request-Origin: crm.example\r\n\r\n");
  const Answer answer = client->read();
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("webhook-allowed-origin"), "crm.example");
  EXPECT_THAT(answer.headers.at("allow"), HasSubstr("POST"));
}

TEST_F(EventsApiTest, Acknowledge) {
  store.fill();
  const auto acknowledge = [&](std::string_view body,
                               std::string_view path = "/v1/entities/a%2Fb/ticket/T%2D1") {
    return client->post(std::string(path) + "/acknowledge", "application/json", body);
  };
  const Answer answer =
      acknowledge(R"({"by":"李","escalation":"a%2Fb/ticket/T-1/routed/P1","note":"on it"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(
      answer.body,
      R"({"now":"2026-03-02T01:15:00.000Z","acknowledged":[],"already":[],"unknown":["a%2Fb/ticket/T-1/routed/P1"]})");
  const Fact fact = node.facts().at(0);
  EXPECT_EQ(fact.type, "tocsin.ticket.acknowledged");
  EXPECT_EQ(fact.account, "a/b");
  EXPECT_EQ(fact.subject, "T-1");
  EXPECT_EQ(fact.time, kNow);
  EXPECT_EQ(fact.data, R"({"by":"李","escalation":"a%2Fb/ticket/T-1/routed/P1","note":"on it"})");
  // The same id again is the same fact.
  const std::string_view with_id =
      R"({"by":"li","escalation":"a%2Fb/ticket/T-1/x","id":"click-1"})";
  const std::string unknown =
      R"({"now":"2026-03-02T01:15:00.000Z","acknowledged":[],"already":[],"unknown":["a%2Fb/ticket/T-1/x"]})";
  EXPECT_EQ(acknowledge(with_id).body, unknown);
  EXPECT_EQ(acknowledge(with_id).body, unknown) << "a repeated one is no other";

  EXPECT_THAT(acknowledge(R"({"escalation":"x"})").body, HasSubstr("\"field\":\"by\""));
  EXPECT_THAT(acknowledge(R"({"by":7,"escalation":"x"})").body, HasSubstr("\"field\":\"by\""));
  EXPECT_THAT(acknowledge(R"({"by":"li","escalation":"x","else":1})").body,
              HasSubstr("\"field\":\"else\""));
  // An escalation of another entity, an entity that no fact names: nothing is written.
  const std::size_t written = node.facts().size();
  EXPECT_EQ(
      acknowledge(R"({"by":"li","escalation":"other/ticket/T-1/x"})").body,
      R"({"now":"2026-03-02T01:15:00.000Z","acknowledged":[],"already":[],"unknown":["other/ticket/T-1/x"]})");
  EXPECT_EQ(acknowledge(R"({"by":"li"})", "/v1/entities/a/nokind/NEVER").status, 404);
  EXPECT_EQ(node.facts().size(), written);
  EXPECT_EQ(acknowledge("{").status, 400);
  EXPECT_THAT(acknowledge(R"({"by":"li","escalation":"a/x.y/T/z"})", "/v1/entities/a/x.y/T").body,
              HasSubstr("\"field\":\"kind\""));
}

}  // namespace
}  // namespace tocsin::test
