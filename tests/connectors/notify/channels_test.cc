// What each channel sends, and what it takes an answer for. Signatures against the vendors' vectors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "connectors/notify/ack_token.h"
#include "connectors/notify/channel.h"
#include "connectors/notify/crypto.h"
#include "connectors/notify/notifier_events.h"
#include "connectors/notify/push_crypto.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin::notify {
namespace {

namespace json = boost::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using Kind = Verdict::Kind;

const Instant kNow{1'700'000'000'000};

std::unique_ptr<Channel> channel(const std::string& type,
                                 std::map<std::string, std::string> values = {}) {
  ChannelSettings settings{"x", type, std::move(values)};
  if (type != "smtp" && type != "pagerduty" && type != "console" && type != "webpush")
    settings.values.emplace("url", "http://h/hook");
  EXPECT_THAT(check_channel(settings), ElementsAre()) << type;
  return make_channel(settings);
}

Outgoing request(const Channel& of, const Message& message) {
  return of.requests(message, Texts().words(message, kNow), kNow).at(0);
}
json::value body(const Channel& of, const Message& message) {
  return json::parse(request(of, message).body);
}
Verdict judged(const Channel& of, int status, const std::string& text = "") {
  Answer answer;
  answer.status = status;
  answer.body = text;
  return of.judge(answer, kNow);
}

TEST(Channels, WebhooksAreSignedAsTheStandardsOwnVectorSays) {
  // The vector signs another body: the way is what is checked, with its key.
  const std::string key = crypto::from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_EQ(crypto::base64(crypto::hmac_sha256(
                key, "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}")),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const auto webhook = channel("webhook", {{"secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}});
  const Outgoing out = request(*webhook, example_message("en", kNow));
  const std::string id = example_message("en", kNow).id;
  EXPECT_THAT(out.headers, Contains(Pair("webhook-id", id)));
  EXPECT_THAT(out.headers, Contains(Pair("webhook-timestamp", "1700000000")));
  EXPECT_THAT(out.headers, Contains(Pair("webhook-signature",
                                         "v1," + crypto::base64(crypto::hmac_sha256(
                                                     key, id + ".1700000000." + out.body)))));
  EXPECT_THAT(id, Not(HasSubstr(".")));
  EXPECT_EQ(json::parse(out.body).at("type").as_string(), "escalation.raised");
  EXPECT_EQ(judged(*webhook, 204).kind, Kind::kDelivered);
  EXPECT_EQ(judged(*webhook, 301).kind, Kind::kTryAgain) << "by the standard all but 410";
  EXPECT_EQ(judged(*webhook, 400).kind, Kind::kTryAgain);
  EXPECT_EQ(judged(*webhook, 410).kind, Kind::kNever);
  EXPECT_EQ(judged(*webhook, 502).kind, Kind::kTryAgain);
}

TEST(Channels, DingTalkSignsInTheQueryAndFeishuInTheBody) {
  const auto ding =
      channel("dingtalk", {{"url", "http://h/s?access_token=T"}, {"secret", "SECdeadbeefcafe"}});
  EXPECT_THAT(request(*ding, example_message("zh", kNow)).url,
              EndsWith("?access_token=T&timestamp=1700000000000&sign="
                       "4YYukpOfhZ8DHS1aTEs1R%2BXpiBPCzVePQknChaMcmT4%3D"));
  const auto feishu = channel("feishu", {{"secret", "deadbeefcafe"}});
  const json::value out = body(*feishu, example_message("zh", kNow));
  EXPECT_EQ(out.at("timestamp").as_string(), "1700000000");
  EXPECT_EQ(out.at("sign").as_string(), "KeU6uADaog2jT9whgtVr/KbOUXHOVqCaH3cbFDYvzYM=");
}

TEST(Channels, AnErrorInsideOf200IsNoDelivery) {
  for (const char* const type : {"wecom", "dingtalk"}) {
    const auto chat = channel(type);
    EXPECT_EQ(judged(*chat, 200, R"({"errcode":0,"errmsg":"ok"})").kind, Kind::kDelivered);
    EXPECT_EQ(judged(*chat, 200, R"({"errcode":93000})").kind, Kind::kNever);
    EXPECT_EQ(judged(*chat, 200, R"({"errcode":-1})").kind, Kind::kTryAgain);
    EXPECT_EQ(judged(*chat, 200, "<html>").kind, Kind::kTryAgain);
  }
  EXPECT_EQ(judged(*channel("wecom"), 200, R"({"errcode":45009})").retry_after, minutes(1));
  EXPECT_EQ(judged(*channel("dingtalk"), 200, R"({"errcode":130101})").retry_after, minutes(10));
  const auto feishu = channel("feishu");
  EXPECT_EQ(judged(*feishu, 200, R"({"code":0,"StatusCode":0})").kind, Kind::kDelivered);
  EXPECT_EQ(judged(*feishu, 200, R"({"code":19024})").kind, Kind::kNever);
  EXPECT_EQ(judged(*feishu, 200, R"({"code":11232})").kind, Kind::kTryAgain);
  EXPECT_EQ(judged(*feishu, 200, R"({"code":11232})").attempts_max, 0);
  EXPECT_EQ(judged(*feishu, 200, R"({"code":19021})").kind, Kind::kTryAgain);
  EXPECT_EQ(judged(*feishu, 200, R"({"code":19021})").attempts_max, 2);
  const auto slack = channel("slack");
  EXPECT_EQ(judged(*slack, 200, "ok").kind, Kind::kDelivered);
  EXPECT_EQ(judged(*slack, 200, "invalid_token").kind, Kind::kNever);
  EXPECT_EQ(judged(*slack, 404, "channel_not_found").kind, Kind::kNever);
  Answer busy;
  busy.status = 429;
  busy.retry_after = "7";
  EXPECT_EQ(slack->judge(busy, kNow).retry_after, seconds(7));
  busy.retry_after = "Tue, 14 Nov 2023 22:13:30 GMT";
  EXPECT_EQ(slack->judge(busy, kNow).retry_after, seconds(10));
}

TEST(Channels, PagerDutyPagesForEachStepAndPersonAndClosesBothWays) {
  const auto pager = channel("pagerduty", {{"routing_key", "0123456789abcdef0123456789abcdef"}});
  Message message = example_message("en", kNow);
  const json::value first = body(*pager, message);
  EXPECT_EQ(first.at("event_action").as_string(), "trigger");
  EXPECT_EQ(first.at("payload").at("severity").as_string(), "critical");
  EXPECT_EQ(request(*pager, message).url, "https://events.pagerduty.com/v2/enqueue");
  message.alarms[0].step = 2;
  EXPECT_NE(body(*pager, message).at("dedup_key"), first.at("dedup_key"));
  message.alarms[0].step = 1;
  message.about = About::kAcknowledged;
  const json::value taken = body(*pager, message);
  EXPECT_EQ(taken.at("event_action").as_string(), "acknowledge");
  EXPECT_EQ(taken.at("dedup_key"), first.at("dedup_key"));
  EXPECT_EQ(taken.as_object().size(), 3U);
  message.about = About::kCleared;
  EXPECT_EQ(body(*pager, message).at("event_action").as_string(), "resolve");
  EXPECT_EQ(judged(*pager, 202).kind, Kind::kDelivered);
  EXPECT_EQ(judged(*pager, 400).kind, Kind::kNever);
  EXPECT_EQ(judged(*pager, 429).kind, Kind::kTryAgain);
}

TEST(Channels, WeComKeepsWithin4096BytesAndNeverCutsTheLink) {
  Message message = example_message("zh", kNow);
  for (int i = 0; i < 3000; ++i) message.alarms[0].title += "客";
  message.mention = "wangfang";
  const json::value out = body(*channel("wecom"), message);
  const std::string content(out.at("markdown").at("content").as_string());
  EXPECT_LE(content.size(), 4096U);
  EXPECT_THAT(content, HasSubstr("<@wangfang> [接手](https://tocsin.example.com/a/TOKEN)"));
}

TEST(Channels, ATitleIsNoMarkupOfAChat) {
  for (const char* const type : {"wecom", "dingtalk", "feishu"}) {
    Message message = example_message("en", kNow);
    message.alarms[0].title = "<@all> <at id=all></at> [win](http://elsewhere.example)";
    const std::string sent = json::serialize(body(*channel(type), message));
    EXPECT_THAT(sent, Not(HasSubstr("@all>"))) << type;
    EXPECT_THAT(sent, Not(HasSubstr("id=all>"))) << type;
    EXPECT_THAT(sent, Not(HasSubstr("](http://elsewhere"))) << type;
    EXPECT_THAT(sent, HasSubstr("https://tocsin.example.com/a/TOKEN"))
        << "its own link stays: " << type;
  }
}

TEST(Channels, MailHasAThreadBothFormsAndSubjectsInShortEncodedWords) {
  const auto mail = channel("smtp", {{"host", "mx"}, {"from", "Tocsin <t@example.com>"}});
  Message message = example_message("zh", kNow);
  const Outgoing out = request(*mail, message);
  EXPECT_EQ(out.url, "smtp://mx:587");
  EXPECT_TRUE(out.must_tls);
  EXPECT_EQ(out.to, "wang@example.com");
  EXPECT_THAT(out.body, HasSubstr("Message-Id: <" + message.id + "@example.com>\r\n"));
  EXPECT_THAT(out.body, HasSubstr("References: <"));
  EXPECT_THAT(out.body, HasSubstr("Auto-Submitted: auto-generated\r\n"));
  EXPECT_THAT(out.body, HasSubstr("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
  EXPECT_THAT(out.body, HasSubstr("text/plain"));
  EXPECT_THAT(out.body, HasSubstr("text/html"));
  std::size_t longest = 0, line = 0;
  for (const char c : out.body) {
    line = c == '\n' ? 0 : line + 1;
    longest = std::max(longest, line);
  }
  EXPECT_LE(longest, 100U);
  message.to = "a@b\r\nBcc: c@d";
  EXPECT_THROW(request(*mail, message), std::runtime_error);
  EXPECT_EQ(judged(*mail, 250).kind, Kind::kDelivered);
  EXPECT_EQ(judged(*mail, 451).kind, Kind::kTryAgain);
  EXPECT_EQ(judged(*mail, 550).kind, Kind::kNever);
}

TEST(Channels, HttpIsWhatItsTemplatesSay) {
  const auto sms = channel("http", {{"url", "http://h/send?to={{to}}"},
                                    {"headers.X-Key", "k"},
                                    {"body", R"({"n": "{{to}}", "t": "{{title}}"})"},
                                    {"success.path", "Code"},
                                    {"success.equals", "OK"}});
  Message message = example_message("zh", kNow);
  message.to = "+86 1";
  message.alarms[0].title = "\"quoted\"";
  const Outgoing out = request(*sms, message);
  EXPECT_EQ(out.url, "http://h/send?to=%2B86%201");
  EXPECT_EQ(json::parse(out.body).at("t").as_string(), "\"quoted\"");
  EXPECT_THAT(out.headers, Contains(Pair("X-Key", "k")));
  EXPECT_FALSE(sms->tells_all_clear());
  EXPECT_EQ(judged(*sms, 200, R"({"Code":"OK"})").kind, Kind::kDelivered);
  EXPECT_EQ(judged(*sms, 200, R"({"Code":"isv.BUSINESS_LIMIT"})").kind, Kind::kNever);
  const auto twilio = channel("http", {{"success.status", "201"}, {"all_clear", "true"}});
  EXPECT_EQ(judged(*twilio, 200).kind, Kind::kNever);
  EXPECT_EQ(judged(*twilio, 201).kind, Kind::kDelivered);
  EXPECT_TRUE(twilio->tells_all_clear());
}

TEST(Channels, AlertmanagerGetsAnEndWhenItIsOver) {
  const auto am = channel("alertmanager", {{"url", "http://h:9093/"}});
  Message message = example_message("en", kNow);
  EXPECT_EQ(request(*am, message).url, "http://h:9093/api/v2/alerts");
  const json::value first = body(*am, message);
  message.about = About::kCleared;
  message.high = false;  // as what is over is told
  const json::value over = body(*am, message);
  EXPECT_EQ(over.at(0).at("labels"), first.at(0).at("labels")) << "its identity";
  EXPECT_EQ(over.at(0).at("endsAt").as_string(), format_rfc3339(kNow));
}

TEST(Channels, MistakesInSettingsNameTheKey) {
  EXPECT_THAT(check_channel({"x", "sms", {}}), ElementsAre(HasSubstr("type `sms` is none of")));
  EXPECT_THAT(check_channel({"x", "webhook", {}}), ElementsAre("url is missing"));
  EXPECT_THAT(check_channel({"x", "slack", {{"url", "u"}, {"urll", "u"}}}),
              ElementsAre("unknown key urll"));
  EXPECT_THAT(check_channel({"x", "http", {{"url", "u"}, {"body", "{{#x}}"}}}),
              ElementsAre(HasSubstr("body: line 1")));
  EXPECT_THAT(check_channel({"x", "smtp", {{"host", "h"}, {"from", "a@b"}, {"tls", "ssl"}}}),
              ElementsAre(HasSubstr("tls must be")));
}

TEST(WebPush, SealsAsTheExampleOfRfc8291) {
  PushKeys ours;
  ours.private_key = crypto::from_base64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
  ours.public_key = crypto::from_base64(
      "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
  const std::string sealed = seal_push(
      "When I grow up, I want to be a watermelon",
      crypto::from_base64(
          "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpk"
          "NtoIAiw4"),
      crypto::from_base64("BTBZMqHH6r4Tts7J_aSIgg"), ours,
      crypto::from_base64("DGv6ra1nlYgDCS1FRnbzlw"));
  EXPECT_EQ(
      crypto::base64url(sealed),
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAm"
      "S6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_"
      "Qulcy4a-fN");
}

TEST(AckTokens, ATokenIsGoodForADayAndForNothingElse) {
  const AckTokens tokens("secret"), others("other");
  const AckClaim claim{"acme/ticket/T-1/x",    "acme", "ticket", "T-1", 1, "wang", "zh",
                       kNow + AckTokens::kGood};
  const std::string token = tokens.make(claim);
  const auto read = tokens.read(token, kNow);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->group, claim.group);
  EXPECT_EQ(read->person, "wang");
  EXPECT_TRUE(tokens.read(token, kNow + AckTokens::kGood - milliseconds(1)));
  EXPECT_FALSE(tokens.read(token, kNow + AckTokens::kGood));
  EXPECT_FALSE(others.read(token, kNow));
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string bent = token;
    bent[at] = bent[at] == 'A' ? 'B' : 'A';
    // The last letter of base64 may hold bits that count nothing; all others must matter.
    const bool last = at + 1 == token.size();
    EXPECT_TRUE(last || !tokens.read(bent, kNow)) << at;
  }
}

TEST(Texts, BothLanguagesSayWhatItIsAboutAndUrlsAreRedacted) {
  Message chinese = example_message("zh", kNow);
  chinese.policy = default_policy();
  const Words zh = Texts().words(chinese, kNow);
  EXPECT_EQ(zh.subject, "P1 T-1001 响应 已超时 3 分钟 – 极光能源");
  EXPECT_THAT(zh.text, HasSubstr("承诺：响应，目标"));
  EXPECT_THAT(zh.text, HasSubstr("王芳，请处理：第 1 级"));
  EXPECT_THAT(zh.text, HasSubstr("接手：https://tocsin.example.com/a/TOKEN"));
  const Words en = Texts().words(example_message("en", kNow), kNow);
  EXPECT_EQ(en.subject, "P1 T-1001 Response 3 min over – Aurora Energy")
      << "without a policy by the name's own words";
  EXPECT_THAT(en.text, HasSubstr("Next: step 2 at 2023-11-14 22:25 UTC")) << "nobody named a zone";
  EXPECT_EQ(redacted("https://u:p@h.example/a/SECRET?key=SECRET"), "https://h.example/…");
  EXPECT_EQ(cut("客户客户", 7), "客…");
}

}  // namespace
}  // namespace tocsin::notify
