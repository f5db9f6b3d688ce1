#include "connectors/crm/push_rule.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <stdexcept>

#include "connectors/crm/adapter_parts.h"
#include "connectors/crm/lookup.h"
#include "connectors/crm/payload.h"
#include "connectors/crm/signature.h"

namespace tocsin {
namespace {

constexpr std::string_view kContentType = "content-type";

std::string parse_into(std::string_view what, std::string_view text, std::optional<Mustache>& out) {
  auto parsed = Mustache::parse(text);
  if (auto* wrong = std::get_if<std::string>(&parsed)) return std::string(what) + ": " + *wrong;
  out = std::get<Mustache>(std::move(parsed));
  return {};
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// `whsec_…` is the secret's bytes in base64, as Standard Webhooks write it.
std::string secret_bytes(const std::string& secret) {
  constexpr std::string_view kPrefix = "whsec_";
  if (!secret.starts_with(kPrefix)) return secret;
  const std::string bytes = from_base64(std::string_view(secret).substr(kPrefix.size()));
  return bytes.empty() ? secret : bytes;
}

}  // namespace

std::variant<std::shared_ptr<const PushRule>, std::string> PushRule::read(PushText text) {
  auto rule = std::shared_ptr<PushRule>(new PushRule);
  if (text.on.empty()) return "on: name the types of events, like [tocsin.clock.breached]";
  if (!text.url.starts_with("http://") && !text.url.starts_with("https://"))
    return "url: must begin with http:// or https://";
  static const std::vector<std::string> kMethods = {"POST", "PUT", "PATCH", "DELETE"};
  if (std::find(kMethods.begin(), kMethods.end(), text.method) == kMethods.end())
    return "method: must be POST, PUT, PATCH or DELETE";
  if (std::string wrong = parse_into("url", text.url, rule->url_); !wrong.empty()) return wrong;
  if (!text.body.empty()) {
    if (std::string wrong = parse_into("body", text.body, rule->body_); !wrong.empty())
      return wrong;
  }
  for (const auto& [name, value] : text.headers) {
    std::optional<Mustache> header;
    if (std::string wrong = parse_into("headers " + name, value, header); !wrong.empty())
      return wrong;
    rule->headers_.emplace_back(name, std::move(*header));
  }
  if (!text.where.absent()) {
    std::vector<PolicyError> mistakes;
    PolicyReader reader("push", mistakes);
    const Yaml no_maps;
    AdapterParts parts(reader, rule->place_, no_maps);
    rule->where_ = parts.conditions(text.where, "where");
    if (!mistakes.empty()) return mistakes.front().reason;
  }
  rule->text_ = std::move(text);
  return rule;
}

bool PushRule::wants(std::string_view type, std::string_view record) const {
  if (std::find(text_.on.begin(), text_.on.end(), type) == text_.on.end()) return false;
  if (where_.empty()) return true;
  Payload payload;
  if (!payload.read(record).empty()) return false;
  return Lookup(place_, payload, payload.root(), {}).holds(where_);
}

std::optional<PushRequest> PushRule::request(std::string_view record) const {
  boost::system::error_code error;
  const boost::json::value event =
      boost::json::parse(boost::json::string_view(record.data(), record.size()), error);
  if (error || !event.is_object()) return std::nullopt;
  PushRequest out;
  out.method = text_.method;
  try {
    out.url = url_->render(event, Escape::kUrl);
    out.body = body_ ? body_->render(event, Escape::kJson) : std::string(record);
    bool typed = false;
    for (const auto& [name, value] : headers_) {
      std::string shown = value.render(event, Escape::kNone);
      if (has_control(shown)) return std::nullopt;
      typed |= equal_ignoring_case(name, kContentType);
      out.headers.emplace_back(name, std::move(shown));
    }
    if (!typed)
      out.headers.emplace_back("Content-Type",
                               body_ ? "application/json" : "application/cloudevents+json");
  } catch (const std::length_error&) {
    return std::nullopt;
  }
  if (has_control(out.url)) return std::nullopt;
  if (const auto* id = event.as_object().if_contains("id"); id != nullptr && id->is_string())
    out.id = id->as_string();
  return out;
}

void PushRule::sign(PushRequest& request, std::int64_t unix_seconds) const {
  const std::string timestamp = std::to_string(unix_seconds);
  // An id of ours may hold any letters; a header holds ASCII.
  const std::string id = "msg_" + to_hex_text(hmac("sha256", "tocsin", request.id)).substr(0, 32);
  request.headers.emplace_back("webhook-id", id);
  request.headers.emplace_back("webhook-timestamp", timestamp);
  if (text_.secret.empty()) return;
  const std::string signature =
      hmac("sha256", secret_bytes(text_.secret), id + "." + timestamp + "." + request.body);
  request.headers.emplace_back("webhook-signature", "v1," + to_base64(signature));
}

}  // namespace tocsin
