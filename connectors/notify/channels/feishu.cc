// Feishu / Lark custom bot: signed in the body, with an odd HMAC; `code` 0 is success.
#include "connectors/notify/channels/chat_code.h"
#include "connectors/notify/channels/types.h"
#include "connectors/notify/crypto.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

class Feishu final : public Channel {
 public:
  explicit Feishu(ChannelSettings settings) : Channel(std::move(settings)) {}

  Limit limit() const override { return {4, 90}; }
  bool shared() const override { return true; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    const bool raised = message.about == About::kRaised;
    std::string text = markdown_fields(words, "", "\n");
    if (text.empty()) text = unmarked(words.text);
    if (!message.mention.empty()) text += "<at id=" + message.mention + "></at>";
    json::array elements{
        {{"tag", "div"}, {"text", {{"tag", "lark_md"}, {"content", cut(text, 15'000)}}}}};
    json::array buttons;
    const auto add = [&](const std::string& name, const std::string& url, const char* type) {
      if (url.empty()) return;
      buttons.push_back({{"tag", "button"},
                         {"text", {{"tag", "plain_text"}, {"content", name}}},
                         {"type", type},
                         {"url", url}});
    };
    add(words.acknowledge, message.acknowledge_url, "primary");
    add(words.open, message.page_url, "default");
    if (!buttons.empty()) elements.push_back({{"tag", "action"}, {"actions", std::move(buttons)}});
    const char* const colour = !raised ? "green" : message.high ? "red" : "orange";
    json::object body;
    if (const std::string& secret = settings()["secret"]; !secret.empty()) {
      // The key is the text, the message is empty (DingTalk has it the other way round).
      const std::string timestamp = std::to_string(now.ms / 1000);
      body["timestamp"] = timestamp;
      body["sign"] = crypto::base64(crypto::hmac_sha256(timestamp + "\n" + secret, ""));
    }
    body["msg_type"] = "interactive";
    body["card"] = {
        {"config", {{"wide_screen_mode", true}}},
        {"header",
         {{"title", {{"tag", "plain_text"}, {"content", words.subject}}}, {"template", colour}}},
        {"elements", std::move(elements)}};
    return {post_json(settings()["url"], json::serialize(body))};
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_code(answer, now, {"code", "StatusCode"}, {11232, 19021}, "code");
    // May be a clock that was wrong: the next attempt signs anew, and is the last.
    if (verdict.error == "code 19021") verdict.attempts_max = 2;
    return verdict;
  }
};

}  // namespace

std::unique_ptr<Channel> make_feishu(ChannelSettings settings) {
  return std::make_unique<Feishu>(std::move(settings));
}

}  // namespace tocsin::notify
