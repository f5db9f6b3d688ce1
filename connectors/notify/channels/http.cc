// Any HTTP API, as templates: voice and SMS gateways (docs/channels.md has some ready).
//
// `url`, header values and `body` are templates over the message's values; in the url they are
// escaped as a URL's part, in the body as JSON, or as a form where `headers.Content-Type` says so.
#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "connectors/notify/channels/types.h"
#include "connectors/template/mustache.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr const char* kBody =
    R"({"id":"{{id}}","to":"{{to}}","subject":"{{subject}}","text":"{{text}}"})";

Mustache parsed(const std::string& key, const std::string& text) {
  auto result = Mustache::parse(text);
  if (const auto* why = std::get_if<std::string>(&result))
    throw std::runtime_error(key + ": " + *why);
  return std::get<Mustache>(std::move(result));
}

class Http final : public Channel {
 public:
  explicit Http(ChannelSettings settings)
      : Channel(std::move(settings)),
        url_(parsed("url", this->settings()["url"])),
        body_(parsed("body", this->settings().or_default("body", kBody))),
        method_(this->settings().or_default("method", "POST")) {
    if (method_ != "POST" && method_ != "GET" && method_ != "PUT" && method_ != "PATCH")
      throw std::runtime_error("method must be GET, POST, PUT or PATCH");
    std::string type = "application/json; charset=utf-8";
    for (const auto& [key, value] : this->settings().values) {
      if (key.rfind("headers.", 0) != 0) continue;
      const std::string name = key.substr(8);
      if (name == "Content-Type" || name == "content-type") {
        type = value;
      } else {
        headers_.emplace_back(name, parsed(key, value));
      }
    }
    form_ = type.rfind("application/x-www-form-urlencoded", 0) == 0;
    type_ = type;
    read_success();
  }

  bool tells_all_clear() const override { return settings()["all_clear"] == "true"; }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    json::object values = values_of(message, now);
    values["subject"] = words.subject;
    values["text"] = words.text;
    Outgoing out;
    out.method = method_;
    out.url = url_.render(values, Escape::kUrl);
    for (const auto& [name, value] : headers_)
      out.headers.emplace_back(name, value.render(values, Escape::kNone));
    if (method_ != "GET") {
      out.headers.emplace_back("Content-Type", type_);
      out.body = body_.render(values, form_ ? Escape::kUrl : Escape::kJson);
    }
    out.headers.emplace_back("Idempotency-Key", message.id);
    return {std::move(out)};
  }

  Verdict judge(const Answer& answer, Instant now) const override {
    Verdict verdict = judge_http(answer, now);
    if (!statuses_.empty() && answer.status != 0) {
      const bool good =
          std::find(statuses_.begin(), statuses_.end(), answer.status) != statuses_.end();
      if (good) {
        verdict = {Verdict::Kind::kDelivered, {}, {}, false};
      } else if (verdict.kind == Verdict::Kind::kDelivered) {
        verdict = {Verdict::Kind::kNever, "status " + std::to_string(answer.status), {}, false};
      }
    }
    const std::string& path = settings()["success.path"];
    if (verdict.kind != Verdict::Kind::kDelivered || path.empty()) return verdict;
    const std::string found = value_at(answer.body, path);
    if (found != settings()["success.equals"])
      verdict = {Verdict::Kind::kNever, path + " is " + cut(found, 60), {}, false};
    return verdict;
  }

 private:
  void read_success() {
    const std::string& list = settings()["success.status"];
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t comma = std::min(list.find(',', at), list.size());
      const std::string one = list.substr(at, comma - at);
      if (one.size() != 3 || one.find_first_not_of("0123456789") != std::string::npos)
        throw std::runtime_error("success.status must be a list of statuses, like [200, 201]");
      statuses_.push_back(std::stoi(one));
      at = comma + 1;
    }
    if (settings()["success.path"].empty() != settings()["success.equals"].empty())
      throw std::runtime_error("success needs both path and equals, or neither");
  }

  static std::string value_at(const std::string& body, const std::string& path) {
    boost::system::error_code failed;
    const json::value root = json::parse(body, failed);
    const json::value* value = failed ? nullptr : &root;
    for (std::size_t at = 0; at <= path.size() && value != nullptr;) {
      const std::size_t dot = std::min(path.find('.', at), path.size());
      value =
          value->is_object() ? value->get_object().if_contains(path.substr(at, dot - at)) : nullptr;
      at = dot + 1;
    }
    if (value == nullptr) return "missing";
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
  }

  Mustache url_, body_;
  std::vector<std::pair<std::string, Mustache>> headers_;
  std::string method_, type_;
  bool form_ = false;
  std::vector<int> statuses_;
};

}  // namespace

std::unique_ptr<Channel> make_http(ChannelSettings settings) {
  return std::make_unique<Http>(std::move(settings));
}

}  // namespace tocsin::notify
