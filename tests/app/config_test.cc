#include "app/config.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/config_keys.h"
#include "app/config_values.h"
#include "events/duration.h"
#include "events/nearest.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config load(const std::string& text, ConfigSources sources = {}) {
  return load_config_text(text, "tocsin.yaml", "/etc/tocsin", sources);
}

std::vector<std::string> problems(const std::string& text, ConfigSources sources = {}) {
  try {
    load(text, sources);
  } catch (const ConfigError& error) {
    return error.problems();
  }
  return {};
}

TEST(Config, DefaultsAreTheContracts) {
  const Config config = load_config({});
  EXPECT_EQ(config.data, "./tocsin-data");
  EXPECT_EQ(config.http.listen, "127.0.0.1:8080");
  EXPECT_EQ(config.engine.max_hold, minutes(2));
  EXPECT_EQ(config.engine.settle, Duration{});
  EXPECT_EQ(config.kafka.prefix, "tocsin");
  EXPECT_EQ(config.kafka.group, "tocsin");
  EXPECT_FALSE(config.on_kafka());
  EXPECT_EQ(config.http.body_bytes_max, 8u << 20);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(Config, ReadsEveryKind) {
  const Config config = load(R"(
data: /var/lib/tocsin
listen: "[::1]:9000"
threads: 2
policy: policy.yaml          # beside the file
log: {level: debug}
engine: {settle: 1m30s, max_hold: 500ms, hot_entities: 5000}
kafka:
  brokers: "a:9092,b:9092"
  prefix: it.tocsin
  group: one
  properties: {security.protocol: SASL_SSL, sasl.password: hunter2, retries: 7}
http:
  tokens:
    - {name: crm, token: 0123456789abcdef, roles: [ingest]}
    - name: ops
      sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
      roles: [read, act]
  tls: {certificate: /c.pem, key: keys/k.pem}
  body_max: 1 MiB
  rate_per_second: 2.5
  stream: {queue_max: 256KiB}
)");
  EXPECT_EQ(config.data, "/var/lib/tocsin");
  EXPECT_EQ(config.http.listen, "[::1]:9000");
  EXPECT_EQ(config.http.threads, 2);
  EXPECT_EQ(config.policy, "/etc/tocsin/policy.yaml");
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
  EXPECT_EQ(config.engine.settle, milliseconds(90'000));
  EXPECT_EQ(config.engine.max_hold, milliseconds(500));
  EXPECT_EQ(config.engine.hot_entities, 5000);
  EXPECT_EQ(config.kafka.brokers, "a:9092,b:9092");
  EXPECT_EQ(config.kafka.prefix, "it.tocsin");
  EXPECT_EQ(config.kafka.properties.at("sasl.password"), "hunter2");
  EXPECT_EQ(config.kafka.properties.at("retries"), "7");
  ASSERT_EQ(config.access.tokens.size(), 2u);
  EXPECT_EQ(config.access.tokens[0].hash, sha256("0123456789abcdef"));
  EXPECT_TRUE(config.access.tokens[0].roles.has(Role::kIngest));
  EXPECT_FALSE(config.access.tokens[0].roles.has(Role::kRead));
  EXPECT_EQ(config.access.tokens[1].hash, sha256("abc"));
  EXPECT_EQ(config.http.tls_certificate, "/c.pem");
  EXPECT_EQ(config.http.tls_key, "/etc/tocsin/keys/k.pem");
  EXPECT_EQ(config.http.body_bytes_max, 1u << 20);
  EXPECT_EQ(config.access.rate_per_second, 2.5);
  EXPECT_EQ(config.stream_queue_bytes_max, 256 << 10);
}

// Flag over environment over file over default, key by key.
TEST(Config, Precedence) {
  ConfigSources sources;
  const std::string file = "listen: 127.0.0.1:1\nthreads: 5\ndata: from-file\npolicy: p\n";
  sources.environment = {{"TOCSIN_LISTEN", "127.0.0.1:2"},
                         {"TOCSIN_THREADS", "6"},
                         {"TOCSIN_DATA", ""},
                         {"TOCSIN_ENGINE_MAX_HOLD", "7s"}};
  sources.flags = {{"listen", "127.0.0.1:3"}};
  const Config config = load(file, sources);
  EXPECT_EQ(config.http.listen, "127.0.0.1:3");
  EXPECT_EQ(config.http.threads, 6);
  EXPECT_EQ(config.data, "/etc/tocsin/from-file") << "an empty variable is not set";
  EXPECT_EQ(config.engine.max_hold, seconds(7));
  EXPECT_EQ(config.origins.at("listen"), "flag");
  EXPECT_EQ(config.origins.at("threads"), "environment TOCSIN_THREADS");
  EXPECT_EQ(config.origins.at("policy"), "tocsin.yaml:4");
  EXPECT_EQ(config.origins.count("kafka.group"), 0u);
}

TEST(Config, PathsOfFlagsAndEnvironmentStayAsTheyAre) {
  ConfigSources sources;
  sources.environment = {{"TOCSIN_POLICY", "p.yaml"}};
  sources.flags = {{"data", "d"}};
  const Config config = load("data: x\npolicy: y\nroster: sub/../r.yaml\n", sources);
  EXPECT_EQ(config.data, "d");
  EXPECT_EQ(config.policy, "p.yaml");
  EXPECT_EQ(config.roster, "/etc/tocsin/r.yaml");
}

TEST(Config, StructuredKeysInTheEnvironmentAreYaml) {
  ConfigSources sources;
  sources.environment = {
      {"TOCSIN_HTTP_TOKENS", "[{name: x, token: 0123456789abcdef, roles: [admin]}]"},
      {"TOCSIN_KAFKA_BROKERS", "b:1"},
      {"TOCSIN_KAFKA_PROPERTIES", "{ssl.ca.location: /ca.pem}"}};
  const Config config = load("", sources);
  EXPECT_TRUE(config.access.tokens.at(0).roles.has(Role::kRead));
  EXPECT_EQ(config.kafka.properties.at("ssl.ca.location"), "/ca.pem");
  sources.environment = {{"TOCSIN_HTTP_TOKENS", "[{"}};
  EXPECT_THAT(problems("", sources), ElementsAre(HasSubstr("TOCSIN_HTTP_TOKENS")));
}

TEST(Config, UnknownKeysAreRefusedWithASuggestion) {
  EXPECT_THAT(problems("data: x\nlissen: 127.0.0.1:1\n"),
              ElementsAre("tocsin.yaml:2: unknown key `lissen`; did you mean `listen`?"));
  EXPECT_THAT(problems("kafak: {brokers: x}\n"),
              ElementsAre("tocsin.yaml:1: unknown key `kafak`; did you mean `kafka`?"));
  EXPECT_THAT(problems("http:\n  tls:\n    cert: x\n"),
              ElementsAre(HasSubstr("tocsin.yaml:3: unknown key `http.tls.cert`")));
  EXPECT_THAT(problems("http:\n  listen: 127.0.0.1:1\n"),
              ElementsAre("tocsin.yaml:2: unknown key `http.listen`; did you mean `listen`?"));
  EXPECT_THAT(problems("zzzzzzzz: 1\n"), ElementsAre("tocsin.yaml:1: unknown key `zzzzzzzz`"));
  ConfigSources sources;
  sources.flags = {{"dta", "x"}};
  EXPECT_THAT(problems("", sources), ElementsAre("flag dta: unknown key; did you mean `data`?"));
}

// A Kubernetes service named tocsin puts TOCSIN_PORT and others into every pod.
TEST(Config, UnknownVariablesAreWarnings) {
  ConfigSources sources;
  sources.environment = {{"TOCSIN_SERVICE_HOST", "10.0.0.1"}};
  EXPECT_THAT(load("", sources).warnings, ElementsAre(HasSubstr("TOCSIN_SERVICE_HOST")));
}

TEST(Config, EveryProblemIsNamedWithKeyAndLine) {
  EXPECT_THAT(
      problems("threads: 0\nengine:\n  settle: 2 minutes\n  max_hold: 25h\n  hot_entities: many\n"
               "log: {level: loud}\nlisten: here\nhttp:\n  body_max: 8MB\n  rate_per_second: -1\n"
               "kafka:\n  prefix: a b\n"),
      ElementsAre("tocsin.yaml:1: threads: `0` must be a whole number from 1 to 64",
                  "tocsin.yaml:3: engine.settle: `2 minutes` must be a duration like 500ms, 10s, "
                  "2m, 1h or 1m30s",
                  "tocsin.yaml:4: engine.max_hold: `25h` must be from 0 to 1d",
                  HasSubstr("tocsin.yaml:5: engine.hot_entities: `many` must be a whole number"),
                  "tocsin.yaml:6: log.level: `loud` must be debug, info, warn or error",
                  HasSubstr("tocsin.yaml:7: listen: `here`"),
                  "tocsin.yaml:9: http.body_max: `8MB` must be a size like 4096, 256 KiB or 8 MiB",
                  "tocsin.yaml:10: http.rate_per_second: `-1` must be a number, 0 or more",
                  HasSubstr("tocsin.yaml:12: kafka.prefix")));
}

TEST(Config, FilesThatAreNoConfig) {
  EXPECT_THAT(problems("data: [\n"), ElementsAre(HasSubstr("tocsin.yaml:")));
  EXPECT_THAT(problems("- a\n"), ElementsAre(HasSubstr("must be a map")));
  EXPECT_THAT(problems("data: x\ndata: y\n"),
              ElementsAre("tocsin.yaml:2: `data` is there twice, first on line 1"));
  EXPECT_THAT(problems("kafka: yes\n"), ElementsAre("tocsin.yaml:1: kafka must be a map"));
  EXPECT_THAT(problems("data: x\n---\ndata: y\n"), ElementsAre(HasSubstr("only one document")));
  EXPECT_THAT(problems("data: [x]\n"), ElementsAre("tocsin.yaml:1: data: must be a text"));
  EXPECT_THAT(problems(""), IsEmpty());
  EXPECT_THAT(problems("# nothing\n"), IsEmpty());
  EXPECT_THAT(problems("kafka:\npolicy:\n"), IsEmpty());
}

TEST(Config, FileThatCannotBeRead) {
  ConfigSources sources;
  sources.file = "/nonexistent/tocsin.yaml";
  EXPECT_THROW(load_config(sources), ConfigError);
  const auto path = std::filesystem::temp_directory_path() /
                    ("tocsin-config-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(path) << "data: d\n";
  sources.file = path.string();
  EXPECT_EQ(load_config(sources).data, (path.parent_path() / "d").string());
  std::ofstream(path, std::ios::trunc).close();
  EXPECT_EQ(load_config(sources).data, "./tocsin-data");
  std::filesystem::remove(path);
}

// What should be a text and is a list, a map or nothing is told with its name, not read as empty.
TEST(Config, TextsOfAdaptersAndPushes) {
  const auto told = [](const std::string& text) {
    const auto found = problems(text);
    return found.empty() ? std::string() : found.at(0);
  };
  const std::string push = "push:\n  - {on: [tocsin.clock.breached], url: \"http://x\", ";
  const std::vector<std::pair<std::string, std::string>> places = {
      {"adapters:\n  zammad: {file: %}\n", "file"},
      {"adapters:\n  zammad: {topic: %}\n", "topic"},
      {"adapters:\n  zammad: {act: %}\n", "act"},
      {"adapters:\n  wecom: {secrets: {token: %}}\n", "token"},
      {"adapters:\n  wecom: {pull: {secret: %}}\n", "secret"},
      {"adapters:\n  wecom: {pull: {url: %}}\n", "url"},
      {push + "name: %}\n", "name"},
      {push + "method: %}\n", "method"},
      {push + "body: %}\n", "body"},
      {push + "secret: %}\n", "secret"},
      {push + "headers: {A: %}}\n", "headers A"},
      {"push:\n  - {on: [tocsin.clock.breached], url: %}\n", "url"},
      {"push:\n  - {on: [%], url: \"http://x\"}\n", "on"},
  };
  for (const auto& [text, name] : places) {
    for (const auto& [bad, kind] : {std::pair{"[x]", "a list"}, {"{x: y}", "a map"}}) {
      std::string config = text;
      config.replace(config.find('%'), 1, bad);
      EXPECT_THAT(told(config), HasSubstr(name + " must be a text, not " + kind + " (line 2)"))
          << config;
    }
  }
  EXPECT_EQ(told("push:\n  - {on: [tocsin.clock.breached, tocsin.ticket.opened, tocsin.complaint."
                 "opened, tocsin.engine.policy, other], url: \"http://x\"}\n"),
            "");
  EXPECT_THAT(told("push:\n  - {on: [tocsin.clock.breeched], url: \"http://x\"}\n"),
              HasSubstr("unknown type `tocsin.clock.breeched` (known: tocsin.clock.started,"));
}

TEST(Config, Tokens) {
  const auto with = [](const std::string& tokens) {
    const auto found = problems("http:\n  tokens:\n" + tokens);
    return found.empty() ? std::string() : found.at(0);
  };
  EXPECT_EQ(with("    - {name: a, token: 0123456789abcdef, roles: [read]}\n"), "");
  EXPECT_THAT(with("    - {token: x, roles: [read]}\n"), HasSubstr("number 1 (line 3)"));
  EXPECT_THAT(with("    - {name: a, roles: [read]}\n"), HasSubstr("either token or sha256"));
  EXPECT_THAT(with("    - {name: a, token: x, sha256: y, roles: [read]}\n"),
              HasSubstr("either token or sha256"));
  EXPECT_THAT(with("    - {name: a, sha256: abc, roles: [read]}\n"), HasSubstr("64 hex"));
  EXPECT_THAT(with("    - {name: a, token: x}\n"), HasSubstr("roles"));
  EXPECT_THAT(with("    - {name: a, token: x, roles: []}\n"), HasSubstr("roles"));
  EXPECT_THAT(with("    - {name: a, token: x, roles: [write]}\n"), HasSubstr("`write`"));
  EXPECT_THAT(with("    - {name: a, token: x, roles: [read], rolls: []}\n"),
              HasSubstr("`rolls`; did you mean `roles`?"));
  EXPECT_THAT(with("    - {name: a, token: secret one, roles: [read]}\n"),
              ::testing::AllOf(HasSubstr("white space"), ::testing::Not(HasSubstr("secret"))));
  EXPECT_THAT(with("    - {name: a, token: xxxxxxxxxxxxxxxx, roles: [read]}\n"
                   "    - {name: a, token: yyyyyyyyyyyyyyyy, roles: [read]}\n"),
              HasSubstr("number 2 (line 4) has the name `a`"));
  EXPECT_THAT(with("    - {name: a, token: xxxxxxxxxxxxxxxx, roles: [read]}\n"
                   "    - {name: b, token: xxxxxxxxxxxxxxxx, roles: [act]}\n"),
              ::testing::AllOf(HasSubstr("the secret of `a`"), ::testing::Not(HasSubstr("xxxx"))));
  EXPECT_THAT(with("    - {name: a, token: xxxxxxxxxxxxxxxx, roles: [admin], kinds: [ticket]}\n"),
              HasSubstr("admin and a scope"));
  EXPECT_THAT(with("    - {name: a, token: xxxxxxxxxxxxxxxx, roles: [read], kinds: []}\n"),
              HasSubstr("kinds that are no list"));
  EXPECT_THAT(with("    - {name: a, token: xxxxxxxxxxxxxxxx, roles: [read], expires: tomorrow}\n"),
              HasSubstr("RFC 3339"));
  EXPECT_THAT(with("    - {name: 'a\"b', token: xxxxxxxxxxxxxxxx, roles: [read]}\n"),
              HasSubstr("a name with quotes"));
  EXPECT_THAT(with("    - {name: a, token: xxxxxxxxxxxxxxxx, roles: [read], roles: [act]}\n"),
              HasSubstr("twice"));
  EXPECT_THAT(with("    - {name: a, token: 'file:/nowhere/at.all', roles: [read]}\n"),
              HasSubstr("/nowhere/at.all cannot be read"));
  EXPECT_THAT(with("    - {name: a, token: 'env:TOCSIN_NO_SUCH', roles: [read]}\n"),
              HasSubstr("TOCSIN_NO_SUCH is not set"));
  EXPECT_THAT(load("http:\n  tokens: [{name: a, token: short, roles: [read]}]\n").warnings,
              ElementsAre(HasSubstr("short")));
}

TEST(Config, ListeningToOthersNeedsTokens) {
  EXPECT_THAT(problems("listen: 0.0.0.0:8080\n"),
              ElementsAre(::testing::AllOf(::testing::StartsWith("tocsin.yaml:1: listen: "),
                                           HasSubstr("no http.tokens"))));
  EXPECT_THAT(problems("listen: 0.0.0.0:8080\n"
                       "http: {tokens: [{name: a, token: 0123456789abcdef, roles: [read]}]}\n"),
              IsEmpty());
}

TEST(Config, ValuesMustAgree) {
  EXPECT_THAT(problems("http: {tls: {key: k}}\n"), ElementsAre(HasSubstr("both certificate")));
  EXPECT_THAT(problems("kafka: {brokers: \"b:1\", group: \"\"}\n"),
              ElementsAre(HasSubstr("kafka.group")));
  // A property that exactly-once depends on is ours to set.
  EXPECT_THAT(problems("kafka: {brokers: \"b:1\", properties: {enable.idempotence: false}}\n"),
              ElementsAre(HasSubstr("enable.idempotence")));
  EXPECT_THAT(load("kafka: {properties: {a: b}}\n").warnings,
              ElementsAre(HasSubstr("without kafka.brokers")));
}

// A link that one node has signed must be good at all of them.
TEST(Config, TellingPeopleOnKafkaNeedsOneSecretForAllNodes) {
  const std::string channel = "  channels: {out: {type: console}}\n";
  const std::string kafka = "kafka: {brokers: 'a:9092'}\n";
  EXPECT_THAT(problems(kafka + "notify:\n" + channel), ElementsAre(HasSubstr("notify.secret")));
  EXPECT_THAT(problems(kafka + "notify:\n  secret: of-all-nodes\n" + channel), IsEmpty());
  EXPECT_THAT(problems("notify:\n" + channel), IsEmpty());
}

TEST(Config, DescribeHidesSecretsAndReadsBack) {
  const Config config = load(R"(
listen: 127.0.0.1:9
kafka: {brokers: "b:1", properties: {sasl.password: hunter2, security.protocol: SSL}}
http: {tokens: [{name: crm, token: topsecrettopsecret, roles: [ingest, read]}]}
)");
  const std::string text = describe(config);
  EXPECT_THAT(text, ::testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("topsecret")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr(to_hex(sha256("topsecrettopsecret")))));
  EXPECT_THAT(text, HasSubstr("listen: \"127.0.0.1:9\""));
  EXPECT_THAT(text, HasSubstr("# tocsin.yaml:2"));
  EXPECT_THAT(text, HasSubstr("max_hold: 2m"));
  EXPECT_THAT(text, HasSubstr("roles: [ingest, read]"));
  // Every key, in its place; only the masked hash does not read back.
  const auto again = problems(text);
  EXPECT_THAT(again, ElementsAre(HasSubstr("sha256")));
  for (const ConfigKey& key : config_keys())
    EXPECT_THAT(text, HasSubstr(key.path.substr(key.path.rfind('.') + 1) + ": "));
}

TEST(Config, EveryKeyIsDocumented) {
  std::ifstream file(std::string(TOCSIN_SOURCE_DIR) + "/docs/config.md");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  for (const ConfigKey& key : config_keys())
    EXPECT_THAT(text, HasSubstr("| `" + key.path + "` |")) << key.path;
}

TEST(ConfigValues, Durations) {
  EXPECT_EQ(parse_duration("2m"), minutes(2));
  EXPECT_EQ(parse_duration("10s"), seconds(10));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), Duration{93'784'005});  // 86400+7200+180+4 s, 5 ms
  EXPECT_EQ(parse_duration("0"), Duration{});
  for (const std::string_view bad : {"", "2", "m", "-1s", "1.5s", "1s1m", "1s1s", "2 m", "1w",
                                     "2mm", "9223372036854775807d", "99999999999999999999s"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  for (const std::int64_t ms : {0, 1, 999, 1000, 60'000, 90'000, 93'784'005})
    EXPECT_EQ(parse_duration(format_duration({ms})), Duration{ms});
}

TEST(ConfigValues, Sizes) {
  EXPECT_EQ(parse_size("8 MiB"), 8 << 20);
  EXPECT_EQ(parse_size("8MiB"), 8 << 20);
  EXPECT_EQ(parse_size("4096"), 4096);
  EXPECT_EQ(parse_size("1GiB"), 1 << 30);
  for (const std::string_view bad :
       {"", "MiB", "8MB", "8 M", "-1", "1.5MiB", "9223372036854775807GiB"})
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
  EXPECT_EQ(format_size(8 << 20), "8 MiB");
  EXPECT_EQ(format_size(1000), "1000");
}

TEST(ConfigValues, Nearest) {
  const std::vector<std::string> words = {"data", "listen"};
  EXPECT_EQ(nearest("lissen", words), "listen");
  EXPECT_EQ(nearest("xyz", words), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), words), "");
}

}  // namespace
}  // namespace tocsin
