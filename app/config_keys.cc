#include "app/config_keys.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <set>

#include "app/config_adapters.h"
#include "app/config_notify.h"
#include "app/config_push.h"
#include "app/config_tokens.h"
#include "app/config_values.h"
#include "events/duration.h"
#include "events/nearest.h"

namespace tocsin {
namespace {

template <class Value>
using Member = std::function<Value&(Config&)>;

// Members are given as functions of Config&; showing reads through the same function.
template <class Value>
const Value& value_of(const Member<Value>& member, const Config& config) {
  return member(const_cast<Config&>(config));
}

ConfigKey text_key(std::string path, Member<std::string> member) {
  ConfigKey key;
  key.path = std::move(path);
  key.read = [member](const Yaml& node, Config& config) -> std::string {
    if (!node.is_text()) return "must be a text";
    member(config) = node.text;
    return {};
  };
  key.show = [member](const Config& config) { return quoted(value_of(member, config)); };
  return key;
}

ConfigKey path_key(std::string path, Member<std::string> member) {
  ConfigKey key = text_key(std::move(path), std::move(member));
  key.path_value = true;
  return key;
}

ConfigKey duration_key(std::string path, Member<Duration> member, Duration least, Duration most) {
  ConfigKey key;
  key.path = std::move(path);
  key.read = [member, least, most](const Yaml& node, Config& config) -> std::string {
    const auto value = parse_duration(node.text);
    if (!value) return "must be a duration like 500ms, 10s, 2m, 1h or 1m30s";
    if (*value < least || *value > most)
      return "must be from " + format_duration(least) + " to " + format_duration(most);
    member(config) = *value;
    return {};
  };
  key.show = [member](const Config& config) { return format_duration(value_of(member, config)); };
  return key;
}

template <class Number>
ConfigKey number_key(std::string path, Member<Number> member, std::int64_t least,
                     std::int64_t most) {
  ConfigKey key;
  key.path = std::move(path);
  key.read = [member, least, most](const Yaml& node, Config& config) -> std::string {
    const auto value = parse_whole_number(node.text);
    if (!value || *value < least || *value > most)
      return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    member(config) = static_cast<Number>(*value);
    return {};
  };
  key.show = [member](const Config& config) { return std::to_string(value_of(member, config)); };
  return key;
}

template <class Number>
ConfigKey size_key(std::string path, Member<Number> member, std::int64_t least, std::int64_t most) {
  ConfigKey key;
  key.path = std::move(path);
  key.read = [member, least, most](const Yaml& node, Config& config) -> std::string {
    const auto value = parse_size(node.text);
    if (!value) return "must be a size like 4096, 256 KiB or 8 MiB";
    if (*value < least || *value > most)
      return "must be from " + format_size(least) + " to " + format_size(most);
    member(config) = static_cast<Number>(*value);
    return {};
  };
  key.show = [member](const Config& config) {
    return format_size(static_cast<std::int64_t>(value_of(member, config)));
  };
  return key;
}

ConfigKey rate_key(std::string path, Member<double> member) {
  ConfigKey key;
  key.path = std::move(path);
  key.read = [member](const Yaml& node, Config& config) -> std::string {
    const auto value = parse_number(node.text);
    if (!value) return "must be a number, 0 or more";
    member(config) = *value;
    return {};
  };
  key.show = [member](const Config& config) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value_of(member, config));
    return std::string(text);
  };
  return key;
}

constexpr std::pair<LogLevel, std::string_view> kLogLevels[] = {{LogLevel::kDebug, "debug"},
                                                                {LogLevel::kInfo, "info"},
                                                                {LogLevel::kWarn, "warn"},
                                                                {LogLevel::kError, "error"}};

ConfigKey log_level_key() {
  ConfigKey key;
  key.path = "log.level";
  key.read = [](const Yaml& node, Config& config) -> std::string {
    for (const auto& [level, name] : kLogLevels) {
      if (node.text == name) {
        config.log_level = level;
        return {};
      }
    }
    return "must be debug, info, warn or error";
  };
  key.show = [](const Config& config) -> std::string {
    for (const auto& [level, name] : kLogLevels) {
      if (level == config.log_level) return std::string(name);
    }
    return {};
  };
  return key;
}

ConfigKey listen_key() {
  ConfigKey key = text_key("listen", [](Config& c) -> std::string& { return c.http.listen; });
  key.read = [](const Yaml& node, Config& config) -> std::string {
    // Whether loopback is asked for is checked when the tokens are known.
    if (auto problem = check_listen(node.text, true); !problem.empty()) return problem;
    config.http.listen = node.text;
    return {};
  };
  return key;
}

ConfigKey tokens_key() {
  ConfigKey key;
  key.path = "http.tokens";
  key.structured = true;
  key.read = read_tokens;
  key.show = show_tokens;
  return key;
}

// Whatever may hold one: rather a harmless property too many than a secret in a ticket.
bool is_secret(std::string_view property) {
  for (const std::string_view part :
       {"password", "passwd", "passphrase", "pwd", "secret", "token", "jaas", "credential",
        "oauthbearer", ".pem", "ssl.key", "assertion", "private"}) {
    if (property.find(part) != std::string_view::npos) return true;
  }
  return false;
}

ConfigKey kafka_properties_key() {
  ConfigKey key;
  key.path = "kafka.properties";
  key.structured = true;
  key.read = [](const Yaml& node, Config& config) -> std::string {
    config.kafka.properties.clear();
    if (!node.is_map()) return "must be a map of librdkafka properties";
    for (const Yaml& member : node.values) {
      if (!member.is_text()) return "must be a map of librdkafka properties to texts or numbers";
      config.kafka.properties[member.key] = member.text;
    }
    return {};
  };
  key.show = [](const Config& config) {
    std::string out = "{";
    for (const auto& [name, value] : config.kafka.properties) {
      if (out.size() > 1) out += ", ";
      out += quoted(name) + ": " + (is_secret(name) ? "\"***\"" : quoted(value));
    }
    return out + "}";
  };
  return key;
}

ConfigKey topic_prefix_key() {
  ConfigKey key =
      text_key("kafka.prefix", [](Config& c) -> std::string& { return c.kafka.prefix; });
  key.read = [](const Yaml& node, Config& config) -> std::string {
    // Kafka's rule for topic names; 200 leaves room for `.rejected`.
    const std::string prefix = node.text;
    if (!is_plain(prefix) || prefix.find('/') != std::string::npos || prefix.size() > 200)
      return "must be letters, digits, `.`, `_` and `-`";
    config.kafka.prefix = prefix;
    return {};
  };
  return key;
}

#define MEMBER(type, expression) Member<type>([](Config& c) -> type& { return c.expression; })

std::vector<ConfigKey> make_keys() {
  constexpr std::int64_t kMany = 1'000'000'000;
  return {
      path_key("data", MEMBER(std::string, data)),
      listen_key(),
      number_key<int>("threads", MEMBER(int, http.threads), 1, 64),
      path_key("policy", MEMBER(std::string, policy)),
      path_key("roster", MEMBER(std::string, roster)),
      log_level_key(),
      duration_key("engine.settle", MEMBER(Duration, engine.settle), Duration{}, hours(24)),
      duration_key("engine.max_hold", MEMBER(Duration, engine.max_hold), Duration{}, hours(24)),
      duration_key("engine.clock_patience", MEMBER(Duration, engine.clock_patience), Duration{},
                   hours(24)),
      number_key<std::int64_t>("engine.hot_entities", MEMBER(std::int64_t, engine.hot_entities),
                               1000, kMany),
      text_key("kafka.brokers", MEMBER(std::string, kafka.brokers)),
      topic_prefix_key(),
      text_key("kafka.group", MEMBER(std::string, kafka.group)),
      duration_key("kafka.session_timeout", MEMBER(Duration, kafka.session_timeout), seconds(1),
                   minutes(5)),
      duration_key("kafka.transaction_timeout", MEMBER(Duration, kafka.transaction_timeout),
                   seconds(1), minutes(5)),
      duration_key("kafka.request_timeout", MEMBER(Duration, kafka.request_timeout), seconds(1),
                   minutes(10)),
      kafka_properties_key(),
      tokens_key(),
      adapters_key(),
      push_key(),
      path_key("http.tls.certificate", MEMBER(std::string, http.tls_certificate)),
      path_key("http.tls.key", MEMBER(std::string, http.tls_key)),
      size_key<std::size_t>("http.body_max", MEMBER(std::size_t, http.body_bytes_max), 1 << 10,
                            std::int64_t{1} << 30),
      size_key<std::size_t>("http.header_max", MEMBER(std::size_t, http.header_bytes_max), 1 << 10,
                            1 << 20),
      number_key<int>("http.connections_max", MEMBER(int, http.connections_max), 1, 1'000'000),
      number_key<int>("http.connections_per_address", MEMBER(int, http.connections_per_address), 1,
                      1'000'000),
      number_key<int>("http.pipeline_max", MEMBER(int, http.pipeline_max), 1, 10'000),
      rate_key("http.rate_per_second", MEMBER(double, access.rate_per_second)),
      rate_key("http.rate_burst", MEMBER(double, access.rate_burst)),
      duration_key("http.header_timeout", MEMBER(Duration, http.header_timeout), milliseconds(10),
                   hours(1)),
      duration_key("http.body_timeout", MEMBER(Duration, http.body_timeout), milliseconds(10),
                   hours(1)),
      duration_key("http.idle_timeout", MEMBER(Duration, http.idle_timeout), milliseconds(10),
                   hours(24)),
      duration_key("http.write_timeout", MEMBER(Duration, http.write_timeout), milliseconds(10),
                   hours(1)),
      duration_key("http.heartbeat", MEMBER(Duration, http.heartbeat), milliseconds(10), hours(1)),
      duration_key("http.drain_timeout", MEMBER(Duration, http.drain_timeout), Duration{},
                   hours(1)),
      number_key<int>("http.query_threads", MEMBER(int, query_threads), 1, 64),
      number_key<std::int64_t>("http.stream.clients_max", MEMBER(std::int64_t, stream_clients_max),
                               0, 100'000),
      size_key<std::int64_t>("http.stream.queue_max", MEMBER(std::int64_t, stream_queue_bytes_max),
                             64 << 10, std::int64_t{1} << 30),
  };
}

#undef MEMBER

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> all = make_keys();
    for (ConfigKey& key : notify_keys()) all.push_back(std::move(key));
    return all;
  }();
  return keys;
}

std::vector<std::string> check_together(Config& config) {
  std::vector<std::string> problems;
  if (auto problem = check_listen(config.http.listen, !config.access.tokens.empty());
      !problem.empty()) {
    problems.push_back("listen: " + problem);
  }
  if (config.http.tls_certificate.empty() != config.http.tls_key.empty())
    problems.push_back("http.tls: needs both certificate and key");
  if (config.on_kafka()) {
    try {
      check_settings(config.kafka);
    } catch (const std::invalid_argument& error) {
      problems.push_back(std::string("kafka: ") + error.what());
    }
    // One made by each node would sign links that the others refuse.
    if (config.notify.on() && config.notify.secret.empty())
      problems.push_back("notify.secret: must be given on Kafka, the same on every node");
  } else if (!config.kafka.properties.empty()) {
    config.warnings.push_back("kafka.properties has no effect without kafka.brokers");
  }
  const ListenAddress address = read_listen_address(config.http.listen);
  if (!address.loopback && config.http.tls_certificate.empty() && !config.access.tokens.empty()) {
    config.warnings.push_back("listen: tokens travel unencrypted to " + config.http.listen +
                              "; set http.tls, or put a proxy with TLS in front");
  }
  return problems;
}

}  // namespace tocsin
