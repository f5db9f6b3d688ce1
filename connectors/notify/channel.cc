#include "connectors/notify/channel.h"

#include <curl/curl.h>

#include <algorithm>

#include "connectors/notify/channels/types.h"

namespace tocsin::notify {

namespace {

struct Type {
  const char* name;
  std::vector<std::string> needed, allowed;
  std::unique_ptr<Channel> (*make)(ChannelSettings);
};

const std::vector<Type>& types() {
  static const std::vector<Type> all = {
      {"smtp", {"host", "from"}, {"port", "tls", "user", "password"}, make_smtp},
      {"webhook", {"url"}, {"secret"}, make_webhook},
      {"pagerduty", {"routing_key"}, {"url", "webhook_secret"}, make_pagerduty},
      {"slack", {"url"}, {}, make_slack},
      {"teams", {"url"}, {}, make_teams},
      {"wecom", {"url"}, {}, make_wecom},
      {"dingtalk", {"url"}, {"secret"}, make_dingtalk},
      {"feishu", {"url"}, {"secret"}, make_feishu},
      {"alertmanager", {"url"}, {}, make_alertmanager},
      {"http", {"url"}, {"method", "body", "all_clear", "headers.*", "success.*"}, make_http},
      {"console", {}, {}, make_console},
      {"webpush", {}, {"subject", "vapid.*"}, make_webpush},
  };
  return all;
}

const Type* type_named(const std::string& name) {
  for (const Type& type : types()) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

bool fits(const std::string& key, const std::string& pattern) {
  if (pattern.back() != '*') return key == pattern;
  return key.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
}

}  // namespace

const std::string& ChannelSettings::operator[](const std::string& key) const {
  static const std::string none;
  const auto it = values.find(key);
  return it == values.end() ? none : it->second;
}

std::string ChannelSettings::or_default(const std::string& key, const char* value) const {
  const std::string& own = (*this)[key];
  return own.empty() ? value : own;
}

const std::vector<std::string>& channel_types() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Type& type : types()) out.emplace_back(type.name);
    return out;
  }();
  return names;
}

std::vector<std::string> check_channel(const ChannelSettings& settings) {
  const Type* type = type_named(settings.type);
  if (type == nullptr) {
    std::string known;
    for (const std::string& name : channel_types()) known += (known.empty() ? "" : ", ") + name;
    return {"type `" + settings.type + "` is none of " + known};
  }
  std::vector<std::string> out;
  for (const std::string& key : type->needed) {
    if (settings[key].empty()) out.push_back(key + " is missing");
  }
  for (const auto& [key, value] : settings.values) {
    const auto known = [&, name = key](const std::string& pattern) { return fits(name, pattern); };
    if (std::none_of(type->needed.begin(), type->needed.end(), known) &&
        std::none_of(type->allowed.begin(), type->allowed.end(), known))
      out.push_back("unknown key " + key);
  }
  if (!out.empty()) return out;
  try {
    type->make(settings);
  } catch (const std::exception& e) {
    out.emplace_back(e.what());
  }
  return out;
}

std::unique_ptr<Channel> make_channel(ChannelSettings settings) {
  const Type* type = type_named(settings.type);
  if (type == nullptr) throw std::runtime_error("no channel type `" + settings.type + "`");
  return type->make(std::move(settings));
}

Outgoing Channel::post_json(const std::string& url, std::string body) const {
  Outgoing out;
  out.url = url;
  out.body = std::move(body);
  out.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  return out;
}

Verdict Channel::judge(const Answer& answer, Instant now) const { return judge_http(answer, now); }

Verdict judge_http(const Answer& answer, Instant now) {
  Verdict verdict;
  if (answer.status == 0) {
    verdict.kind = answer.hopeless ? Verdict::Kind::kNever : Verdict::Kind::kTryAgain;
    verdict.error = answer.error;
    return verdict;
  }
  if (answer.status / 100 == 2) {
    verdict.kind = Verdict::Kind::kDelivered;
    return verdict;
  }
  const bool again = answer.status == 408 || answer.status == 429 || answer.status / 100 == 5;
  verdict.kind = again ? Verdict::Kind::kTryAgain : Verdict::Kind::kNever;
  verdict.error = "status " + std::to_string(answer.status);
  if (again) verdict.retry_after = read_retry_after(answer.retry_after, now);
  return verdict;
}

std::optional<Duration> read_retry_after(const std::string& text, Instant now) {
  if (text.empty()) return std::nullopt;
  std::int64_t ms = 0;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    ms = text.size() > 6 ? hours(1).ms : std::stoll(text) * 1000;
  } else {
    const std::time_t at = curl_getdate(text.c_str(), nullptr);
    if (at < 0) return std::nullopt;
    ms = std::int64_t{at} * 1000 - now.ms;
  }
  return Duration{std::clamp<std::int64_t>(ms, 0, hours(1).ms)};
}

std::string redacted(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "…";
  std::size_t end = url.find_first_of("/?#", scheme + 3);
  if (end == std::string::npos) end = url.size();
  std::string host = url.substr(scheme + 3, end - scheme - 3);
  if (const std::size_t at = host.rfind('@'); at != std::string::npos) host = host.substr(at + 1);
  return url.substr(0, scheme + 3) + host + (end < url.size() ? "/…" : "");
}

std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  static const std::string kMark = "…";
  std::size_t end = most > kMark.size() ? most - kMark.size() : 0;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end) + (most >= kMark.size() ? kMark : "");
}

}  // namespace tocsin::notify
