// Microsoft Teams, a Workflows URL: an Adaptive Card; 200 or 202 is accepted by the flow.
#include <boost/json.hpp>

#include "connectors/notify/channels/types.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

class Teams final : public Channel {
 public:
  explicit Teams(ChannelSettings settings) : Channel(std::move(settings)) {}

  Limit limit() const override { return {4, 200}; }
  bool shared() const override { return true; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant) const override {
    json::object title{{"type", "TextBlock"}, {"text", words.subject}, {"weight", "Bolder"},
                       {"size", "Large"},     {"style", "heading"},    {"wrap", true}};
    if (message.high && message.about == About::kRaised) title["color"] = "Attention";
    json::array body{std::move(title)};
    json::array facts;
    for (const auto& [name, value] : words.fields)
      facts.push_back({{"title", name}, {"value", value}});
    if (!facts.empty()) {
      body.push_back({{"type", "FactSet"}, {"facts", std::move(facts)}});
    } else if (words.text != words.subject) {
      body.push_back({{"type", "TextBlock"}, {"text", cut(words.text, 15'000)}, {"wrap", true}});
    }
    json::array actions;
    const auto add = [&](const std::string& text, const std::string& url) {
      if (!url.empty())
        actions.push_back({{"type", "Action.OpenUrl"}, {"title", text}, {"url", url}});
    };
    add(words.acknowledge, message.acknowledge_url);
    add(words.open, message.page_url);
    json::object card{{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                      {"type", "AdaptiveCard"},
                      {"version", "1.2"},
                      {"msteams", {{"width", "full"}}},
                      {"body", std::move(body)},
                      {"actions", std::move(actions)}};
    json::object out{
        {"type", "message"},
        {"attachments", json::array{{{"contentType", "application/vnd.microsoft.card.adaptive"},
                                     {"contentUrl", nullptr},
                                     {"content", std::move(card)}}}}};
    return {post_json(settings()["url"], json::serialize(out))};
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_http(answer, now);
    if (verdict.kind == Verdict::Kind::kDelivered && answer.status != 200 && answer.status != 202) {
      verdict.kind = Verdict::Kind::kNever;
      verdict.error = "status " + std::to_string(answer.status);
    }
    return verdict;
  }
};

}  // namespace

std::unique_ptr<Channel> make_teams(ChannelSettings settings) {
  return std::make_unique<Teams>(std::move(settings));
}

}  // namespace tocsin::notify
