// The door at /v1/in/: signatures at their time, handshakes, answers, what is kept of what was
// rejected, moves.
#include "connectors/crm/inbound.h"

#include <gtest/gtest.h>

#include <future>

#include "connectors/crm/chat_callback.h"
#include "tests/connectors/crm/adapter_fixture.h"

namespace tocsin::test {
namespace {

// Keeps what it is given, as a node with an empty log would judge it.
class KeepingNode : public InputPort {
 public:
  void submit(std::unique_ptr<Submission> submission, SubmitDone done) override {
    SubmitResult result;
    if (!unavailable.empty()) {
      result.status = SubmitResult::Status::kUnavailable;
      result.detail = unavailable;
      return done(std::move(result));
    }
    for (SubmittedEvent& event : submission->events) {
      if (!event.decoded.form_error.empty()) {
        rejected.emplace_back(event.decoded.form_error, event.original);
        result.events.push_back({EventVerdict::kRejected, std::string(event.decoded.form_error)});
      } else {
        facts.push_back(event.decoded.fact);
        result.events.push_back({EventVerdict::kAccepted, {}});
      }
    }
    headers = submission->headers;
    done(std::move(result));
  }
  void submit_own(OwnRecord, OwnDone done) override { done({}); }

  std::string unavailable;
  std::vector<Fact> facts;
  std::vector<std::pair<std::string, std::string>> rejected;
  HttpFields headers;
};

class InboundTest : public ::testing::Test {
 protected:
  void add(const std::string& name, std::shared_ptr<const Adapter> adapter,
           std::vector<AdapterSecret> secrets) {
    options_.adapters[name] = {std::move(adapter), std::move(secrets), false};
  }
  void start() {
    options_.now = [this] { return now_; };
    options_.policy = [] { return default_policy(); };
    options_.history = [this](const Adapter&, const std::string&, const std::string&) {
      return history_;
    };
    inbound_ = std::make_unique<Inbound>(options_, node_);
  }
  HttpResponse call(const std::string& method, const std::string& name, const std::string& body,
                    HttpFields headers = {}, HttpFields query = {}) {
    if (!inbound_) start();
    HttpRequest request;
    request.method = method;
    request.path = "/v1/in/" + name;
    request.target = target_before_ + request.path + target_after_;
    request.body = body;
    request.headers = std::move(headers);
    request.query = std::move(query);
    request.remote = "127.0.0.1:5000";
    auto promise = std::make_shared<std::promise<HttpResponse>>();
    auto answer = promise->get_future();
    inbound_->handle({std::move(request), {name}, [promise](HttpResponse r) {
                        promise->set_value(std::move(r));
                      }});
    if (answer.wait_for(std::chrono::seconds(30)) != std::future_status::ready)
      throw std::runtime_error("no answer");
    return answer.get();
  }
  static std::string data(const std::string& name) {
    return source_text("tests/connectors/crm/data/" + name);
  }

  KeepingNode node_;
  std::string target_before_, target_after_;  // of the request's target, around its path
  Instant now_ = kArrival;
  SubjectHistory history_;
  InboundOptions options_;
  std::unique_ptr<Inbound> inbound_;
};

std::string text(const Payload& p, const JsonNode& object, std::string_view name) {
  const JsonNode* member = p.member(object, name);
  return member == nullptr ? std::string() : std::string(member->text);
}

HttpFields fields(const Payload& p, const JsonNode* object) {
  HttpFields out;
  if (object == nullptr) return out;
  for (const JsonNode* m = p.child(*object); m != nullptr; m = p.next(*m))
    out.emplace_back(m->name, m->text);
  return out;
}

TEST_F(InboundTest, EverySignatureIsJudgedAtItsTime) {
  const std::string all = data("signatures.json");
  Payload p;
  ASSERT_EQ(p.read(all), "");
  int cases = 0;
  for (const JsonNode* c = p.child(p.root()); c != nullptr; c = p.next(*c)) {
    const std::string name = text(p, *c, "adapter");
    std::vector<AdapterSecret> secrets;
    for (const JsonNode* s = p.child(*p.member(*c, "secrets")); s != nullptr; s = p.next(*s))
      secrets.emplace_back().value = s->text;
    InboundOptions options;
    options.adapters[name] = {adapter(source_text("connectors/crm/adapters/" + name + ".yaml")),
                              secrets, false};
    options.public_url = "https://tocsin.example";
    options_ = std::move(options);
    inbound_.reset();
    now_ = *parse_rfc3339(text(p, *c, "now"));
    const HttpResponse answer =
        call(text(p, *c, "method"), name, text(p, *c, "body"), fields(p, p.member(*c, "headers")));
    EXPECT_EQ(answer.status, text(p, *c, "expect") == "ok" ? 202 : 401)
        << name << ": " << text(p, *c, "name") << " " << answer.body;
    if (answer.status == 401) {
      EXPECT_NE(answer.body.find(text(p, *c, "why")), std::string::npos)
          << name << ": " << text(p, *c, "name") << " " << answer.body;
    }
    ++cases;
  }
  EXPECT_EQ(cases, 63);
}

// HubSpot's third version: method, address, body and time in one text, in base64.
TEST_F(InboundTest, AnAddressThatIsSignedIsTheOneThatTheSenderCalled) {
  const std::string yaml =
      "adapter: small\nsource: /s\nsubject: id\naccount: account\ntime: at\n"
      "verify: {scheme: hmac, header: X-Sig, over: [method, uri, body, \"text:|\", header.X-Time], "
      "encoding: base64, timestamp: header.X-Time, window: 5m}\nevents: [{fact: responded}]\n";
  const std::string body = R"({"id":"T","account":"a","at":1772413500})";
  const auto asked = [&](const std::string& public_url, const std::string& signed_uri, Instant at) {
    InboundOptions options;
    std::vector<AdapterSecret> secrets(2);
    secrets[0].value = "k";
    secrets[1].value = "old";
    options.adapters["small"] = {adapter(yaml), secrets, false};
    options.public_url = public_url;
    options_ = std::move(options);
    inbound_.reset();
    const std::string time = std::to_string(at.ms);
    const std::string signature =
        to_base64(hmac("sha256", "old", "POST" + signed_uri + body + "|" + time));
    return call("POST", "small", body,
                {{"Host", "10.0.0.7:8080"}, {"X-Sig", signature}, {"X-Time", time}})
        .status;
  };
  const std::string desk = "https://desk.example/v1/in/small";
  EXPECT_EQ(asked("https://desk.example", desk, now_), 202);
  EXPECT_EQ(asked("https://desk.example/", desk, now_), 202);
  EXPECT_EQ(asked("https://desk.example", "http://10.0.0.7:8080/v1/in/small", now_), 401);
  EXPECT_EQ(asked("", "http://10.0.0.7:8080/v1/in/small", now_), 202);
  EXPECT_EQ(asked("https://desk.example", desk, now_ - minutes(5)), 202);
  EXPECT_EQ(asked("https://desk.example", desk, now_ - minutes(5) - milliseconds(1)), 401);
  target_after_ = "?portal=7&x=%20y";
  EXPECT_EQ(asked("https://desk.example", desk, now_), 401);
  EXPECT_EQ(asked("https://desk.example", desk + "?portal=7&x=%20y", now_), 202);
  target_before_ = "http://10.0.0.7:8080";
  EXPECT_EQ(asked("https://desk.example", desk + "?portal=7&x=%20y", now_), 202);
}

TEST_F(InboundTest, EveryChatCallbackIsAnsweredAsItsVendorWaitsFor) {
  const std::string all = data("chat-callbacks.json");
  Payload p;
  ASSERT_EQ(p.read(all), "");
  for (const JsonNode* c = p.child(p.root()); c != nullptr; c = p.next(*c)) {
    const std::string vendor = text(p, *c, "vendor");
    const JsonNode* s = p.member(*c, "secrets");
    AdapterSecret secret;
    secret.token = text(p, *s, "token");
    secret.aes_key = text(p, *s, "aes_key");
    secret.receiver = text(p, *s, "receiver");
    secret.encrypt_key = text(p, *s, "encrypt_key");
    options_ = {};
    options_.adapters["chat"] = {
        adapter("adapter: chat\nsource: /chat\nverify: {scheme: " + vendor +
                "}\nsubject: OpenKfId\naccount: {const: a}\ntime: CreateTime\nevents: [{fact: "
                "responded}]\n"),
        {secret},
        false};
    std::string event;
    options_.on_chat_event = [&](const std::string&, const std::string& json) { event = json; };
    inbound_.reset();
    const HttpResponse answer =
        call(text(p, *c, "method"), "chat", text(p, *c, "body"), fields(p, p.member(*c, "headers")),
             fields(p, p.member(*c, "query")));
    const JsonNode& wanted = *p.member(*c, "answer");
    const std::string name = text(p, *c, "name");
    EXPECT_EQ(std::to_string(answer.status), text(p, wanted, "status")) << name << answer.body;
    if (p.member(wanted, "body") != nullptr) {
      EXPECT_EQ(answer.body, text(p, wanted, "body")) << name;
    }
    if (name == "feishu url check") {
      EXPECT_EQ(answer.body, R"({"challenge":"ajls384kdjx98XX"})");
    }
    if (name == "wecom customer service event") {
      EXPECT_NE(event.find(R"("Event":"kf_msg_or_event","Token":"ENC0001")"), std::string::npos)
          << event;
    }
    if (name == "feishu message") {
      EXPECT_EQ(event, text(p, *c, "plain"));
    }
    if (name == "dingtalk url check") {
      Payload box;
      ASSERT_EQ(box.read(answer.body), "");
      const std::string encrypted = text(box, box.root(), "encrypt");
      const auto opened = open_box(encrypted, secret.aes_key);
      ASSERT_TRUE(opened);
      EXPECT_EQ(opened->message, "success");
      EXPECT_EQ(opened->receiver, secret.receiver);
      EXPECT_EQ(text(box, box.root(), "msg_signature"),
                box_signature(secret.token, text(box, box.root(), "timeStamp"),
                              text(box, box.root(), "nonce"), encrypted));
    }
  }
}

TEST_F(InboundTest, FactsAreHandedInAndCarryTheirAdapter) {
  add("small", adapter(small("events: [{fact: responded, id: n}]\n")), {});
  const HttpResponse answer =
      call("POST", "small", R"({"id":"T","account":"a","at":1772413500,"n":1})");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, R"({"accepted":1,"duplicates":0,"ignored":0,"rejected":[]})");
  ASSERT_EQ(node_.facts.size(), 1u);
  EXPECT_NE(node_.facts[0].extensions.find(R"("tocsinadapter":"small@)"), std::string::npos);
}

TEST_F(InboundTest, WhatNoRuleMatchesIsKeptWithItsBytesAndAnswered202) {
  add("small",
      adapter(small("events: [{fact: responded, when: {n: 1, header.x-kind: absent}}]\n"
                    "verify: {scheme: token, header: X-Token}\n")),
      {{"secret", {}, {}, {}, {}}});
  const std::string body = R"({ "id":"T","account":"a","at":1772413500,"n":2})";
  const HttpResponse answer = call("POST", "small", body,
                                   {{"X-Token", "secret"},
                                    {"Content-Type", "application/json"},
                                    {"Cookie", "c"},
                                    {"X-Kind", "k"}});
  EXPECT_EQ(answer.status, 202);
  ASSERT_EQ(node_.rejected.size(), 1u);
  EXPECT_EQ(node_.rejected[0].first, "adapter:small:no_rule");
  EXPECT_EQ(node_.rejected[0].second, body);
  EXPECT_EQ(node_.headers, (HttpFields{{"Content-Type", "application/json"}, {"X-Kind", "k"}}));
  EXPECT_EQ(call("POST", "small", body, {{"X-Token", "Secret"}}).status, 401);
  EXPECT_EQ(node_.rejected.size(), 1u);
}

TEST_F(InboundTest, ARunGivesAllItsFactsOrNone) {
  add("small",
      adapter(small(
          "events:\n  - {fact: responded}\n  - {fact: closed, data: {satisfaction: score}}\n")),
      {});
  call("POST", "small", R"({"id":"T","account":"a","at":1772413500,"score":9})");
  EXPECT_TRUE(node_.facts.empty());
  ASSERT_EQ(node_.rejected.size(), 1u);
  EXPECT_EQ(node_.rejected[0].first, "adapter:small:bad_data:satisfaction");
}

TEST_F(InboundTest, AnAdapterThatMayNotActCannotAcknowledge) {
  add("small", adapter(small("events: [{fact: acknowledged, data: {by: who, escalation: e}}]\n")),
      {});
  call("POST", "small", R"({"id":"T","account":"a","at":1772413500,"who":"li","e":"x"})");
  ASSERT_EQ(node_.rejected.size(), 1u);
  EXPECT_EQ(node_.rejected[0].first, "adapter:small:forbidden:acknowledged");
}

TEST_F(InboundTest, WhatIsNotDurableIs503AndForgotten) {
  add("small",
      adapter("adapter: small\nsource: /s\nsubject: id\ntime: at\naccount: {first: [account], "
              "else: known}\n"
              "events: [{fact: responded, id: n}]\n"),
      {});
  node_.unavailable = "full";
  EXPECT_EQ(call("POST", "small", R"({"id":"T","account":"a","at":1772413500,"n":1})").status, 503);
  node_.unavailable.clear();
  call("POST", "small", R"({"id":"T","at":1772413500,"n":1})");
  ASSERT_EQ(node_.rejected.size(), 1u);
  EXPECT_EQ(node_.rejected[0].first, "adapter:small:missing:account");
}

TEST_F(InboundTest, AMoveTellsTheOldAccountAndRepeatsWhatTheLogHas) {
  add("small", adapter(small("events: [{fact: responded, id: n}]\n")), {});
  call("POST", "small", R"({"id":"T","account":"a","at":1772413500,"n":1})");
  history_.facts.push_back({"responded", "responded/1", "00", {1'772'413'500'000}, {}});
  EXPECT_EQ(call("POST", "small", R"({"id":"T","account":"b","at":1772413600,"n":2})").status, 202);
  ASSERT_EQ(node_.facts.size(), 4u);
  EXPECT_EQ(node_.facts[1].account + " " + node_.facts[1].verb + " " + node_.facts[1].data,
            R"(a cancelled {"reason":"moved"})");
  EXPECT_EQ(node_.facts[2].account + " " + node_.facts[2].id, "b responded/1");
  EXPECT_EQ(node_.facts[3].account + " " + node_.facts[3].id, "b responded/2");
  call("POST", "small", R"({"id":"T","account":"b","at":1772413600,"n":3})");
  EXPECT_EQ(node_.facts.size(), 5u);
}

TEST_F(InboundTest, WhatTheLogKnowsOfASubjectHoldsAfterARestart) {
  add("small", adapter(small("events: [{fact: responded, id: n}]\n")), {});
  options_.stored_account = [](const Adapter&, const std::string&) {
    return std::optional<std::string>("old");
  };
  call("POST", "small", R"({"id":"T","account":"b","at":1772413600,"n":2})");
  ASSERT_EQ(node_.facts.size(), 2u);
  EXPECT_EQ(node_.facts[0].account, "old");
}

TEST_F(InboundTest, AnUnknownAdapterIs404AndATooLargePayload413) {
  add("small", adapter(small("events: [{fact: responded}]\n")), {});
  EXPECT_EQ(call("POST", "none", "{}").status, 404);
  EXPECT_EQ(call("POST", "small", std::string((8 << 20) + 1, ' ')).status, 413);
  EXPECT_EQ(call("GET", "small", "").status, 405);
}

// Each element moves the ticket and tells all that was told of it once more.
TEST_F(InboundTest, ATicketThatMovesToAndFroInOneListIsRefusedAsAWhole) {
  add("small",
      adapter("adapter: small\nsource: /s\neach: l\nsubject: $.id\naccount: a\ntime: $.at\n"
              "events: [{fact: responded, id: n}]\n"),
      {});
  std::string body = R"({"id":"T","at":1772413500,"l":[)";
  for (int n = 0; n < 5000; ++n)
    body += (n > 0 ? R"(,{"a":")" : R"({"a":")") + std::string(n % 2 == 0 ? "x" : "y") +
            R"(","n":)" + std::to_string(n) + "}";
  const HttpResponse answer = call("POST", "small", body + "]}");
  EXPECT_EQ(answer.status, 202);
  EXPECT_NE(answer.body.find(R"("accepted":0)"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("adapter:small:too_large"), std::string::npos) << answer.body;
  EXPECT_EQ(node_.facts.size(), 0u);
  ASSERT_EQ(node_.rejected.size(), 1u);
  // Told of one account ten thousand facts are nothing.
  std::string many = R"({"id":"T","at":1772413500,"l":[)";
  for (int n = 0; n < 10'000; ++n)
    many += (n > 0 ? R"(,{"a":"x","n":)" : R"({"a":"x","n":)") + std::to_string(n) + "}";
  EXPECT_NE(call("POST", "small", many + "]}").body.find(R"("accepted":10000)"), std::string::npos);
}

TEST_F(InboundTest, FiguresAreCountedByReasonsThatAreBounded) {
  add("small", adapter(small("maps: {s: {a: open}}\nstate: {is: {path: s, map: s}}\n")), {});
  for (int n = 0; n < 200; ++n)
    call("POST", "small",
         R"({"id":"T","account":"a","at":1772413500,"s":"x)" + std::to_string(n) + "\"}");
  const std::string text = inbound_->metrics();
  EXPECT_NE(text.find(R"(tocsin_adapter_rejected_total{adapter="small",reason="unmapped:s"} 200)"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(R"(tocsin_adapter_last_payload_timestamp_seconds{adapter="small"} 1772414100)"),
      std::string::npos);
}

}  // namespace
}  // namespace tocsin::test
