// Slack, incoming webhook: success is 200 and the body `ok`.
#include <boost/json.hpp>

#include "connectors/notify/channels/types.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return out;
}

class Slack final : public Channel {
 public:
  explicit Slack(ChannelSettings settings) : Channel(std::move(settings)) {}

  Limit limit() const override { return {4, 55}; }
  bool shared() const override { return true; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant) const override {
    const std::string mention = message.mention.empty() ? "" : "<@" + message.mention + "> ";
    json::object body{{"text", mention + escaped(words.subject)}};
    if (message.about != About::kAcknowledged && message.about != About::kCleared) {
      json::array blocks;
      blocks.push_back({{"type", "header"},
                        {"text", {{"type", "plain_text"}, {"text", cut(words.subject, 150)}}}});
      json::array fields;
      for (const auto& [name, value] : words.fields) {
        if (fields.size() < 10)
          fields.push_back({{"type", "mrkdwn"},
                            {"text", cut("*" + escaped(name) + "*\n" + escaped(value), 2000)}});
      }
      if (!fields.empty()) {
        blocks.push_back({{"type", "section"}, {"fields", std::move(fields)}});
        if (!mention.empty())
          blocks.push_back(
              {{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", mention}}}});
      } else {
        blocks.push_back(
            {{"type", "section"},
             {"text", {{"type", "mrkdwn"}, {"text", mention + cut(escaped(words.text), 2900)}}}});
      }
      add_buttons(message, words, blocks);
      body["blocks"] = std::move(blocks);
    }
    return {post_json(settings()["url"], json::serialize(body))};
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_http(answer, now);
    if (verdict.kind == Verdict::Kind::kDelivered && answer.body != "ok") {
      verdict.kind = Verdict::Kind::kNever;
      verdict.error = "status 200 without ok: " + cut(answer.body, 60);
    }
    return verdict;
  }

 private:
  static void add_buttons(const Message& message, const Words& words, json::array& blocks) {
    json::array elements;
    const auto add = [&](const std::string& text, const std::string& url, const char* id) {
      if (url.empty()) return;
      elements.push_back({{"type", "button"},
                          {"text", {{"type", "plain_text"}, {"text", text}}},
                          {"url", url},
                          {"action_id", id}});
    };
    add(words.acknowledge, message.acknowledge_url, "ack");
    if (!elements.empty()) elements[0].as_object()["style"] = "primary";
    add(words.open, message.page_url, "open");
    if (!elements.empty())
      blocks.push_back({{"type", "actions"}, {"elements", std::move(elements)}});
  }
};

}  // namespace

std::unique_ptr<Channel> make_slack(ChannelSettings settings) {
  return std::make_unique<Slack>(std::move(settings));
}

}  // namespace tocsin::notify
