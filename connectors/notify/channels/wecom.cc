// WeCom (企业微信) group robot: markdown of at most 4,096 bytes; 20 a minute; errcode 0 is success.
#include "connectors/notify/channels/chat_code.h"
#include "connectors/notify/channels/types.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr std::size_t kContentMax = 4096;

class WeCom final : public Channel {
 public:
  explicit WeCom(ChannelSettings settings) : Channel(std::move(settings)) {}

  Limit limit() const override { return {18, 18}; }
  bool shared() const override { return true; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant) const override {
    const bool raised = message.about == About::kRaised;
    std::string content = raised ? "# <font color=\"" +
                                       std::string(message.high ? "warning" : "info") + "\">" +
                                       unmarked(words.subject) + "</font>\n"
                                 : unmarked(words.subject) + "\n";
    std::string ending;
    if (!message.mention.empty()) ending += "<@" + message.mention + "> ";
    const auto link = [&](const std::string& text, const std::string& url) {
      if (!url.empty()) ending += "[" + text + "](" + url + ") ";
    };
    link(words.acknowledge, message.acknowledge_url);
    link(words.open, message.page_url);
    if (!words.fields.empty()) {
      for (const auto& [name, value] : words.fields)
        content += ">" + name + "：" + unmarked(value) + "\n";
    } else if (words.text != words.subject) {
      content += unmarked(words.text) + "\n";
    }
    // What is cut is the middle: the mention and the link must arrive.
    content = cut(content, kContentMax - std::min(kContentMax, ending.size() + 1));
    const json::object body{{"msgtype", "markdown"},
                            {"markdown", {{"content", content + "\n" + ending}}}};
    return {post_json(settings()["url"], json::serialize(body))};
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_code(answer, now, {"errcode"}, {45009, -1}, "errcode");
    if (verdict.error == "errcode 45009") verdict.retry_after = minutes(1);
    return verdict;
  }
};

}  // namespace

std::unique_ptr<Channel> make_wecom(ChannelSettings settings) {
  return std::make_unique<WeCom>(std::move(settings));
}

}  // namespace tocsin::notify
