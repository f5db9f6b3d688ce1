// DingTalk (钉钉) custom robot: signed in the query, anew for each attempt; errcode 0 is success.
#include "connectors/notify/channels/chat_code.h"
#include "connectors/notify/channels/types.h"
#include "connectors/notify/crypto.h"
#include "connectors/template/mustache.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

class DingTalk final : public Channel {
 public:
  explicit DingTalk(ChannelSettings settings) : Channel(std::move(settings)) {}

  // More than 20 a minute is answered with ten minutes of silence.
  Limit limit() const override { return {18, 18}; }
  bool shared() const override { return true; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    const bool is_mobile = message.mention.find_first_not_of("+0123456789-") == std::string::npos;
    std::string text = "#### " + unmarked(words.subject);
    if (!message.mention.empty()) text += " @" + message.mention;
    text += "\n";
    if (words.fields.empty() && words.text != words.subject)
      text += "\n" + unmarked(words.text) + "\n";
    text += markdown_fields(words, "> ", "  \n");
    const auto link = [&](const std::string& name, const std::string& url) {
      if (!url.empty()) text += "\n[" + name + "](" + url + ")  \n";
    };
    link(words.acknowledge, message.acknowledge_url);
    link(words.open, message.page_url);
    json::array mobiles, users;
    if (!message.mention.empty()) (is_mobile ? mobiles : users).emplace_back(message.mention);
    const json::object body{
        {"msgtype", "markdown"},
        {"markdown", {{"title", cut(words.subject, 100)}, {"text", cut(text, 15'000)}}},
        {"at",
         {{"atMobiles", std::move(mobiles)}, {"atUserIds", std::move(users)}, {"isAtAll", false}}}};
    return {post_json(signed_url(now), json::serialize(body))};
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_code(answer, now, {"errcode"}, {130101, -1}, "errcode");
    if (verdict.error == "errcode 130101") verdict.retry_after = minutes(10);
    return verdict;
  }

 private:
  std::string signed_url(Instant now) const {
    std::string url = settings().or_default("url", "");
    const std::string& secret = settings()["secret"];
    if (secret.empty()) return url;
    const std::string timestamp = std::to_string(now.ms);
    std::string sign;
    append_escaped(sign, crypto::base64(crypto::hmac_sha256(secret, timestamp + "\n" + secret)),
                   Escape::kUrl);
    url += url.find('?') == std::string::npos ? '?' : '&';
    return url + "timestamp=" + timestamp + "&sign=" + sign;
  }
};

}  // namespace

std::unique_ptr<Channel> make_dingtalk(ChannelSettings settings) {
  return std::make_unique<DingTalk>(std::move(settings));
}

}  // namespace tocsin::notify
