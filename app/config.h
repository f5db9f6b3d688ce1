// What a node is told: data directory, address, Kafka, tokens, limits; from file, environment and
// flags, in one typed value.
//
// Precedence, key by key: flag, else environment, else file, else default. `kafka.brokers` is
// TOCSIN_KAFKA_BROKERS in the environment. Every key, its form and its default stand in
// docs/config.md; the table in config_keys.cc is where a key is added.
//
// Promises:
//  1. Every problem of all sources is found in one go, and named with its key and its line or
//     variable. Unknown keys of file and flags are problems, with a suggestion; unknown TOCSIN_…
//     variables are warnings, because environments hold what others put there.
//  2. A Config is valid: values are in their ranges and agree with each other.
//  3. Tokens are kept as SHA-256 only; what describes a Config, and what is said of one that is
//     wrong, holds no secret.
//
// Paths in the file are relative to the file's directory, those of flags and environment to the
// working directory.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/crm/adapter_config.h"
#include "connectors/http/guard.h"
#include "connectors/http/server.h"
#include "connectors/kafka/settings.h"
#include "connectors/notify/settings.h"
#include "events/time.h"

namespace tocsin {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

struct EngineConfig {
  Duration settle{};  // embedded: dues are held this long after a start (contract §4.9)
  Duration max_hold = minutes(2);         // no due is held longer than this
  Duration clock_patience = minutes(10);  // how long a wall clock that leapt is not believed
  std::int64_t hot_entities = 1'000'000;  // that are kept in memory
};

struct Config {
  std::string data = "./tocsin-data";
  std::string policy;  // path; empty: the built-in default policy
  std::string roster;  // path; empty: none
  LogLevel log_level = LogLevel::kInfo;
  EngineConfig engine;
  KafkaSettings kafka;  // brokers empty: the embedded log
  HttpServerOptions http;
  GuardOptions access;
  notify::Settings notify;
  int query_threads = 1;
  std::int64_t stream_clients_max = 200;
  std::int64_t stream_queue_bytes_max = 1 << 20;

  // Of the file that was read, which paths in it are relative to; empty: no file.
  std::string directory;
  std::vector<AdapterConfig> adapters;
  std::vector<PushConfig> push;
  std::vector<std::string> warnings;
  std::map<std::string, std::string> origins;  // of each key that is not the default

  bool on_kafka() const { return !kafka.brokers.empty(); }
};

// `what()` has a line a problem.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<std::string> problems);
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

struct ConfigSources {
  std::string file;                                // path; empty: no file
  std::map<std::string, std::string> environment;  // TOCSIN_… only
  std::map<std::string, std::string> flags;        // by key: {"listen", "127.0.0.1:9000"}
};

// The TOCSIN_… variables of this process.
std::map<std::string, std::string> tocsin_environment();

// Throws ConfigError.
Config load_config(const ConfigSources& sources);

// The same for a file's text; `name` stands for it in messages, paths are relative to `directory`.
Config load_config_text(const std::string& text, const std::string& name,
                        const std::string& directory, const ConfigSources& sources);

// The effective configuration as YAML that load_config would take but for the masked secrets, each
// key with where it comes from.
std::string describe(const Config& config);

}  // namespace tocsin
