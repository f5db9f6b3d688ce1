// Web Push: to the browsers that a person has subscribed with, whether or not the board is open.
#include <boost/json.hpp>
#include <stdexcept>

#include "connectors/notify/channels/types.h"
#include "connectors/notify/crypto.h"
#include "connectors/notify/push_crypto.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr std::size_t kTextMax = 2000;

class WebPush final : public Channel {
 public:
  // The keys are not of the configuration: `vapid.private` and `.public` are put there from the data
  // directory.
  explicit WebPush(ChannelSettings settings) : Channel(std::move(settings)) {
    keys_.private_key = crypto::from_base64(this->settings()["vapid.private"]);
    keys_.public_key = crypto::from_base64(this->settings()["vapid.public"]);
    subject_ = this->settings().or_default("subject", "mailto:tocsin@localhost");
    if (subject_.rfind("mailto:", 0) != 0 && subject_.rfind("https:", 0) != 0)
      throw std::runtime_error("subject must begin with mailto: or https:");
  }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    if (message.subscriptions.empty()) throw std::runtime_error("no_subscription");
    const std::string group = message.alarms.empty() ? message.id : message.alarms.front().group;
    json::object body{{"id", message.id},
                      {"about", word_of(message.about)},
                      {"title", words.subject},
                      {"body", cut(words.text, kTextMax)},
                      {"tag", crypto::hex(crypto::sha256(group)).substr(0, 32)}};
    if (!message.page_url.empty()) body["url"] = message.page_url;
    if (!message.acknowledge_url.empty()) body["acknowledgeUrl"] = message.acknowledge_url;
    const std::string plain = json::serialize(body);
    std::vector<Outgoing> out;
    for (const PushSubscription& one : message.subscriptions) {
      Outgoing request;
      request.url = one.endpoint;
      request.body =
          seal_push(plain, crypto::from_base64(one.p256dh), crypto::from_base64(one.auth),
                    make_push_keys(), crypto::random_bytes(16));
      request.headers = {
          {"TTL", "3600"},
          {"Urgency", message.high ? "high" : "normal"},
          {"Topic", crypto::hex(crypto::sha256(group)).substr(0, 32)},
          {"Content-Encoding", "aes128gcm"},
          {"Content-Type", "application/octet-stream"},
          {"Authorization", vapid_authorization(keys_, one.endpoint, subject_, now)}};
      out.push_back(std::move(request));
    }
    return out;
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_http(answer, now);
    verdict.gone = answer.status == 404 || answer.status == 410;
    return verdict;
  }

 private:
  PushKeys keys_;
  std::string subject_;
};

}  // namespace

std::unique_ptr<Channel> make_webpush(ChannelSettings settings) {
  return std::make_unique<WebPush>(std::move(settings));
}

}  // namespace tocsin::notify
