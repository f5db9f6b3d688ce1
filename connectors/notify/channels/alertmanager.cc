// Prometheus' Alertmanager, API v2: one alert for each (group, step, person); over: its end is now.
#include <boost/json.hpp>

#include "connectors/notify/channels/types.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

// Without an end it would resolve itself after five minutes.
constexpr Duration kStands = days(7);

class Alertmanager final : public Channel {
 public:
  explicit Alertmanager(ChannelSettings settings) : Channel(std::move(settings)) {
    url_ = this->settings()["url"];
    while (!url_.empty() && url_.back() == '/') url_.pop_back();
    const std::string kPath = "/api/v2/alerts";
    if (url_.size() < kPath.size() ||
        url_.compare(url_.size() - kPath.size(), kPath.size(), kPath) != 0)
      url_ += kPath;
  }

  bool tells_taker() const override { return true; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    json::array alerts;
    const bool over = message.about == About::kCleared || message.about == About::kAcknowledged;
    const auto add = [&](const Alarm* alarm) {
      json::object labels{
          {"alertname", "TocsinEscalation"},
          {"person", message.person},
          // The labels are the alert's identity: those of its end must be the same.
          {"severity", (alarm != nullptr ? alarm->high : message.high) ? "critical" : "warning"}};
      json::object one;
      one["startsAt"] = format_rfc3339(now);
      if (alarm != nullptr) {
        labels["escalation"] = alarm->group;
        labels["step"] = std::to_string(alarm->step);
        labels["account"] = alarm->account;
        labels["entity"] = alarm->entity_kind + "/" + alarm->entity_id;
        if (!alarm->priority.empty()) labels["priority"] = alarm->priority;
        one["startsAt"] = format_rfc3339(alarm->time);
      }
      one["labels"] = std::move(labels);
      one["annotations"] = {{"summary", words.subject}, {"description", words.text}};
      one["endsAt"] = format_rfc3339(over ? now : now + kStands);
      if (!message.page_url.empty()) one["generatorURL"] = message.page_url;
      alerts.emplace_back(std::move(one));
    };
    for (const Alarm& alarm : message.alarms) add(&alarm);
    if (message.alarms.empty()) add(nullptr);
    return {post_json(url_, json::serialize(alerts))};
  }

 private:
  std::string url_;
};

}  // namespace

std::unique_ptr<Channel> make_alertmanager(ChannelSettings settings) {
  return std::make_unique<Alertmanager>(std::move(settings));
}

}  // namespace tocsin::notify
