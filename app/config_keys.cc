#include "app/config_keys.h"

#include <algorithm>
#include <limits>
#include <set>

#include "app/config_values.h"

namespace tocsin {
namespace {

constexpr std::int64_t kTokenLengthGood = 16;

template <class Value>
using Member = std::function<Value&(Config&)>;

// Members are given as functions of Config&; showing reads through the same function.
template <class Value>
const Value& value_of(const Member<Value>& member, const Config& config) {
  return member(const_cast<Config&>(config));
}

bool is_plain(std::string_view text) {
  constexpr std::string_view kPlain = "._-/";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kPlain.find(c) != std::string_view::npos;
  });
}

std::string quoted(const std::string& text) {
  if (is_plain(text) && text != "null" && text != "true" && text != "false") return text;
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << text;
  return emitter.c_str();
}

// yaml-cpp throws where a member that does not exist is asked what it is.
std::string scalar_of(const YAML::Node& node) {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
}

ConfigKey text_key(std::string path, Member<std::string> member) {
  ConfigKey key;
  key.path = std::move(path);
  key.read = [member](const YAML::Node& node, Config& config) -> std::string {
    if (!node.IsScalar()) return "must be a text";
    member(config) = node.Scalar();
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
  key.read = [member, least, most](const YAML::Node& node, Config& config) -> std::string {
    const auto value = parse_duration(scalar_of(node));
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
  key.read = [member, least, most](const YAML::Node& node, Config& config) -> std::string {
    const auto value = parse_whole_number(scalar_of(node));
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
  key.read = [member, least, most](const YAML::Node& node, Config& config) -> std::string {
    const auto value = parse_size(scalar_of(node));
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
  key.read = [member](const YAML::Node& node, Config& config) -> std::string {
    const auto value = parse_number(scalar_of(node));
    if (!value) return "must be a number, 0 or more";
    member(config) = *value;
    return {};
  };
  key.show = [member](const Config& config) {
    YAML::Emitter emitter;
    emitter << value_of(member, config);
    return std::string(emitter.c_str());
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
  key.read = [](const YAML::Node& node, Config& config) -> std::string {
    for (const auto& [level, name] : kLogLevels) {
      if (scalar_of(node) == name) {
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
  key.read = [](const YAML::Node& node, Config& config) -> std::string {
    // Whether loopback is asked for is checked when the tokens are known.
    if (auto problem = check_listen(scalar_of(node), true); !problem.empty()) return problem;
    config.http.listen = node.Scalar();
    return {};
  };
  return key;
}

// `[ingest, read]`; what is wrong, or empty.
std::string read_roles(const YAML::Node& node, Roles& roles) {
  if (!node.IsDefined() || !node.IsSequence() || node.size() == 0)
    return "must have roles, a list of ingest, read, act, admin";
  for (const YAML::Node& entry : node) {
    const auto role = role_of(scalar_of(entry));
    if (!role) {
      return "has the role `" + scalar_of(entry) + "`, which is none of ingest, read, act, admin";
    }
    roles.add(*role);
  }
  return {};
}

std::string read_token(const YAML::Node& node, AccessToken& token, Config& config) {
  if (!node.IsMap()) return "must be a map with name, token or sha256, and roles";
  static const std::vector<std::string> kMembers = {"name", "token", "sha256", "roles"};
  for (const auto& member : node) {
    const std::string name = scalar_of(member.first);
    if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end()) {
      const std::string meant = nearest(name, kMembers);
      return "has an unknown member `" + name + "`" +
             (meant.empty() ? "" : "; did you mean `" + meant + "`?");
    }
  }
  token.name = scalar_of(node["name"]);
  if (token.name.empty()) return "must have a name";
  const std::string plain = scalar_of(node["token"]), hash = scalar_of(node["sha256"]);
  if (plain.empty() == hash.empty()) return "must have either token or sha256";
  if (!plain.empty()) {
    if (plain.find_first_of(" \t\r\n") != std::string::npos)
      return "has a token with white space, which no header could carry";
    if (static_cast<std::int64_t>(plain.size()) < kTokenLengthGood) {
      config.warnings.push_back("http.tokens: the token of `" + token.name +
                                "` is short; `openssl rand -hex 32` makes a good one");
    }
    token.hash = sha256(plain);
  } else if (const auto read = sha256_of_hex(hash)) {
    token.hash = *read;
  } else {
    return "has a sha256 that is not 64 hex digits";
  }
  return read_roles(node["roles"], token.roles);
}

std::string read_tokens(const YAML::Node& node, Config& config) {
  config.access.tokens.clear();
  if (!node.IsSequence()) return "must be a list of {name, token or sha256, roles}";
  std::set<std::string> names;
  for (std::size_t i = 0; i < node.size(); ++i) {
    AccessToken token;
    std::string problem = read_token(node[i], token, config);
    if (problem.empty() && !names.insert(token.name).second)
      problem = "has the name `" + token.name + "`, which another one has";
    if (!problem.empty()) {
      const int line = node[i].Mark().line;
      return "number " + std::to_string(i + 1) +
             (line >= 0 ? " (line " + std::to_string(line + 1) + ") " : " ") + problem;
    }
    config.access.tokens.push_back(std::move(token));
  }
  return {};
}

std::string show_tokens(const Config& config) {
  std::string out = "[";
  for (const AccessToken& token : config.access.tokens) {
    if (out.size() > 1) out += ", ";
    out += "{name: " + quoted(token.name) + ", sha256: \"***\", roles: [";
    bool first = true;
    for (const Role role : {Role::kIngest, Role::kRead, Role::kAct, Role::kAdmin}) {
      const bool admin = token.roles.has(Role::kAdmin);
      if (admin ? role != Role::kAdmin : !token.roles.has(role)) continue;
      if (!std::exchange(first, false)) out += ", ";
      out += role_name(role);
    }
    out += "]}";
  }
  return out + "]";
}

ConfigKey tokens_key() {
  ConfigKey key;
  key.path = "http.tokens";
  key.structured = true;
  key.read = read_tokens;
  key.show = show_tokens;
  return key;
}

bool is_secret(std::string_view property) {
  for (const std::string_view part :
       {"password", "secret", "token", "jaas", "key.pem", "ssl.key"}) {
    if (property.find(part) != std::string_view::npos) return true;
  }
  return false;
}

ConfigKey kafka_properties_key() {
  ConfigKey key;
  key.path = "kafka.properties";
  key.structured = true;
  key.read = [](const YAML::Node& node, Config& config) -> std::string {
    config.kafka.properties.clear();
    if (!node.IsMap()) return "must be a map of librdkafka properties";
    for (const auto& member : node) {
      if (!member.first.IsScalar() || !member.second.IsScalar())
        return "must be a map of librdkafka properties to texts or numbers";
      config.kafka.properties[member.first.Scalar()] = member.second.Scalar();
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
  key.read = [](const YAML::Node& node, Config& config) -> std::string {
    // Kafka's rule for topic names; 200 leaves room for `.rejected`.
    const std::string prefix = scalar_of(node);
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
      path_key("http.tls.certificate", MEMBER(std::string, http.tls_certificate)),
      path_key("http.tls.key", MEMBER(std::string, http.tls_key)),
      size_key<std::size_t>("http.body_max", MEMBER(std::size_t, http.body_bytes_max), 1 << 10,
                            std::int64_t{1} << 30),
      size_key<std::size_t>("http.header_max", MEMBER(std::size_t, http.header_bytes_max), 1 << 10,
                            1 << 20),
      number_key<int>("http.connections_max", MEMBER(int, http.connections_max), 1, 1'000'000),
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
  static const std::vector<ConfigKey> keys = make_keys();
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
