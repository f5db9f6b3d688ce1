// Standard Webhooks 1.0: any receiver of ours, signed. Body: {type, timestamp, data}.
#include <boost/json.hpp>

#include "connectors/notify/channels/types.h"
#include "connectors/notify/crypto.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr std::size_t kBodyMax = 20'000;  // what the specification advises

// `whsec_` and base64, or base64, or the bytes themselves.
std::string key_of(std::string secret) {
  constexpr std::string_view kPrefix = "whsec_";
  if (secret.compare(0, kPrefix.size(), kPrefix) == 0) secret.erase(0, kPrefix.size());
  const std::string decoded = crypto::from_base64(secret);
  return decoded.empty() ? secret : decoded;
}

class Webhook final : public Channel {
 public:
  explicit Webhook(ChannelSettings settings)
      : Channel(std::move(settings)), key_(key_of(this->settings()["secret"])) {}

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    json::object data = values_of(message, now);
    data["subject"] = words.subject;
    data["text"] = words.text;
    json::object body{{"type", "escalation." + std::string(word_of(message.about))},
                      {"timestamp", format_rfc3339(now)},
                      {"data", std::move(data)}};
    std::string text = json::serialize(body);
    if (text.size() > kBodyMax) {  // a long digest: without its list
      body["data"].as_object().erase("alarms");
      text = json::serialize(body);
    }
    Outgoing out = post_json(settings()["url"], std::move(text));
    const std::string timestamp = std::to_string(now.ms / 1000);
    out.headers.emplace_back("webhook-id", message.id);
    out.headers.emplace_back("webhook-timestamp", timestamp);
    if (!key_.empty()) {
      const std::string mac =
          crypto::hmac_sha256(key_, message.id + "." + timestamp + "." + out.body);
      out.headers.emplace_back("webhook-signature", "v1," + crypto::base64(mac));
    }
    return {std::move(out)};
  }

  // 410 says that there is nobody any more; whatever else is no success is tried again.
  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_http(answer, now);
    if (answer.status != 0 && answer.status != 410 && verdict.kind == Verdict::Kind::kNever)
      verdict.kind = Verdict::Kind::kTryAgain;
    return verdict;
  }

 private:
  std::string key_;
};

}  // namespace

std::unique_ptr<Channel> make_webhook(ChannelSettings settings) {
  return std::make_unique<Webhook>(std::move(settings));
}

}  // namespace tocsin::notify
