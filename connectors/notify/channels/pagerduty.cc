// PagerDuty Events API v2. Each (group, step, person) is an incident of its own, so that each step
// pages; acknowledge and resolve follow when the group is closed.
#include <boost/json.hpp>

#include "connectors/notify/channels/types.h"
#include "connectors/notify/pagerduty_key.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

class PagerDuty final : public Channel {
 public:
  explicit PagerDuty(ChannelSettings settings) : Channel(std::move(settings)) {}

  Limit limit() const override { return {20, 100}; }
  bool tells_taker() const override { return true; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    json::object body{{"routing_key", settings()["routing_key"]},
                      {"event_action", action(message.about)},
                      {"dedup_key", key_of(message)}};
    if (body["event_action"] == "trigger") {
      json::object details = values_of(message, now);
      details["text"] = words.text;
      json::object payload{{"summary", cut(words.subject, 1024)},
                           {"source", "tocsin"},
                           {"severity", message.high ? "critical" : "warning"},
                           {"custom_details", std::move(details)}};
      if (!message.alarms.empty()) {
        const Alarm& alarm = message.alarms.front();
        payload["timestamp"] = format_rfc3339(alarm.time);
        payload["component"] = alarm.entity_kind + "/" + alarm.entity_id;
        payload["group"] = alarm.account;
        if (!alarm.clock.empty()) payload["class"] = alarm.clock;
      }
      body["payload"] = std::move(payload);
      json::array links;
      if (!message.page_url.empty())
        links.push_back({{"href", message.page_url}, {"text", words.open}});
      if (!message.acknowledge_url.empty())
        links.push_back({{"href", message.acknowledge_url}, {"text", words.acknowledge}});
      body["links"] = std::move(links);
      body["client"] = "Tocsin";
    }
    const std::string url = settings().or_default("url", "https://events.pagerduty.com/v2/enqueue");
    return {post_json(url, json::serialize(body))};
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_http(answer, now);
    if (verdict.kind == Verdict::Kind::kDelivered && answer.status != 202) {
      verdict.kind = Verdict::Kind::kNever;
      verdict.error = "status " + std::to_string(answer.status) + ", not 202";
    }
    return verdict;
  }

 private:
  static const char* action(About about) {
    if (about == About::kAcknowledged) return "acknowledge";
    return about == About::kCleared ? "resolve" : "trigger";
  }

  static std::string key_of(const Message& message) {
    if (message.alarms.size() != 1) return message.id;
    const Alarm& alarm = message.alarms.front();
    return pagerduty_key(alarm.group, alarm.step, message.person);
  }
};

}  // namespace

std::unique_ptr<Channel> make_pagerduty(ChannelSettings settings) {
  return std::make_unique<PagerDuty>(std::move(settings));
}

}  // namespace tocsin::notify
