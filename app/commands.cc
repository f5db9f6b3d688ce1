#include "app/commands.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "app/config.h"
#include "app/config_files.h"
#include "app/crm_service.h"
#include "app/embedded.h"
#include "app/log_commands.h"
#include "app/notify_commands.h"
#include "app/policy_load.h"
#include "app/roster_commands.h"
#include "app/roster_record.h"
#include "app/run.h"
#include "app/secret.h"
#include "app/send.h"
#include "app/simulate.h"
#include "app/verify.h"
#include "connectors/kafka/topics.h"

namespace tocsin {

namespace {

constexpr int kFailed = 1, kUnusable = 2;

Config read_config(const ConfigFlags& flags) {
  ConfigSources sources;
  sources.file = flags.file;
  sources.environment = tocsin_environment();
  sources.flags = flags.values;
  return load_config(sources);
}

std::optional<Config> configured(const ConfigFlags& flags) {
  try {
    return read_config(flags);
  } catch (const ConfigError& e) {
    std::cerr << e.what() << "\n";
    return std::nullopt;
  }
}

bool read_roster(const std::string& path, SimulateOptions& options) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    std::cerr << "tocsin simulate: cannot read the roster " << path << "\n";
    return false;
  }
  try {
    options.roster = parse_roster(text.str(), path);
    return true;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return false;
  }
}

}  // namespace

int command_simulate(const std::string& policy_path, const std::string& roster_path,
                     const std::string& events, const std::string& until, const std::string& emit) {
  SimulateOptions options;
  auto policy = load_policy(policy_path);
  if (auto* errors = std::get_if<std::vector<PolicyError>>(&policy)) {
    std::cerr << describe(*errors);
    return kUnusable;
  }
  options.policy = std::get<std::shared_ptr<const Policy>>(policy);
  if (!roster_path.empty() && !read_roster(roster_path, options)) return kUnusable;
  if (!until.empty()) {
    options.until = parse_rfc3339(until);
    if (!options.until || !in_calendar_range(*options.until)) {
      std::cerr << "tocsin simulate: --until must be an RFC 3339 instant with an offset, like "
                   "2026-03-02T09:00:00+08:00, from 1970 to 2099\n";
      return kUnusable;
    }
  }
  if (emit != "events" && emit != "verdicts" && emit != "summary") {
    std::cerr << "tocsin simulate: --emit must be events, verdicts or summary\n";
    return kUnusable;
  }
  options.emit = emit == "verdicts"  ? Emit::kVerdicts
                 : emit == "summary" ? Emit::kSummary
                                     : Emit::kEvents;
  options.progress = isatty(STDERR_FILENO) != 0;
  std::ios::sync_with_stdio(false);
  if (events == "-") return simulate(std::cin, std::cout, std::cerr, options);
  std::ifstream file(events, std::ios::binary);
  std::error_code ignored;
  if (!file || std::filesystem::is_directory(events, ignored)) {
    std::cerr << "tocsin simulate: cannot read " << events << "\n";
    return kUnusable;
  }
  return simulate(file, std::cout, std::cerr, options);
}

int command_send(const std::string& file, const std::string& url, const std::string& token) {
  SendOptions options;
  options.url = url;
  const SecretRead secret = read_secret(token, "");
  if (!secret.problem.empty()) {
    std::cerr << "tocsin send: --token: " << secret.problem << "\n";
    return kUnusable;
  }
  options.token = secret.value;
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    std::cerr << "tocsin send: --url must begin with http:// or https://\n";
    return kUnusable;
  }
  options.progress = isatty(STDERR_FILENO) != 0;
  std::ios::sync_with_stdio(false);
  if (file == "-") return send_events(std::cin, std::cout, std::cerr, options);
  std::ifstream in(file, std::ios::binary);
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(file, ignored)) {
    std::cerr << "tocsin send: cannot read " << file << "\n";
    return kUnusable;
  }
  return send_events(in, std::cout, std::cerr, options);
}

int command_policy_check(const std::string& path, const ConfigFlags& flags) {
  auto config = configured(flags);
  if (!config) return kUnusable;
  const auto policy = load_policy(path);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&policy)) {
    std::cerr << describe(*errors) << errors->size()
              << (errors->size() == 1 ? " error\n" : " errors\n");
    return kUnusable;
  }
  const Policy& p = *std::get<std::shared_ptr<const Policy>>(policy);
  std::size_t clocks = 0;
  for (const KindSpec& kind : p.kinds) clocks += kind.clocks.size();
  std::cout << "policy " << p.name << ": " << p.kinds.size() << " kinds, " << clocks
            << " clocks, hash " << p.hash << "\n";
  config->policy = path;
  return roster_is_good(*config, std::cerr) ? 0 : kUnusable;
}

int command_policy_show(const std::string& name) {
  const auto found = embedded_files().find("policy/" + name + ".yaml");
  if (found == embedded_files().end()) {
    std::cerr << "tocsin policy show: no built-in policy `" << name << "`\n";
    return kUnusable;
  }
  std::cout << found->second;
  return 0;
}

int command_config_check(const ConfigFlags& flags) {
  const auto config = configured(flags);
  if (!config) return kUnusable;
  for (const std::string& warning : config->warnings) std::cerr << "warning: " << warning << "\n";
  const auto problems = check_files(*config);
  for (const std::string& problem : problems) std::cerr << problem << "\n";
  if (!problems.empty()) return kUnusable;
  if (!config->adapters.empty() || !config->push.empty()) {
    const auto policy = load_policy(config->policy);
    const auto* compiled = std::get_if<std::shared_ptr<const Policy>>(&policy);
    try {
      if (compiled != nullptr) load_adapters(*config, **compiled, true);
      load_pushes(*config);
    } catch (const std::exception& e) {
      std::cerr << e.what() << "\n";
      return kUnusable;
    }
  }
  if (!roster_is_good(*config, std::cerr)) return kUnusable;
  std::cout << describe(*config);
  return 0;
}

int command_notify_preview(const ConfigFlags& flags, const std::string& channel,
                           const std::string& language) {
  const auto config = configured(flags);
  return config ? command_notify_preview(*config, channel, language) : kUnusable;
}

int command_notify_test(const ConfigFlags& flags, const std::string& person) {
  const auto config = configured(flags);
  return config ? command_notify_test(*config, person) : kUnusable;
}

int command_oncall(const ConfigFlags& flags, const OncallFlags& who) {
  const auto config = configured(flags);
  if (!config) return kUnusable;
  return command_oncall(*config, who);
}

int command_run(const ConfigFlags& flags, bool demo, bool accept_loss) {
  const auto config = configured(flags);
  if (!config) return kUnusable;
  return run({*config, [flags] { return read_config(flags); }, demo, accept_loss});
}

int command_log(const ConfigFlags& flags, const std::string& after, bool follow, bool rejected) {
  const auto config = configured(flags);
  if (!config) return kUnusable;
  return run_log_command(*config, {rejected, after, follow});
}

int command_verify(const ConfigFlags& flags, bool replace) {
  const auto config = configured(flags);
  if (!config) return kUnusable;
  return run_verify(*config, replace);
}

int command_import_servicenow(ImportOptions options, const std::string& policy) {
  SimulateOptions simulation;
  simulation.emit = Emit::kVerdicts;
  auto compiled = load_policy(policy);
  if (auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
    std::cerr << describe(*errors);
    return kUnusable;
  }
  simulation.policy = std::get<std::shared_ptr<const Policy>>(compiled);
  options.simulate = [&](std::istream& facts) -> std::optional<std::string> {
    std::ostringstream out;
    if (simulate(facts, out, std::cerr, simulation) != 0) return std::nullopt;
    return out.str();
  };
  return import_servicenow(options, std::cout, std::cerr);
}

int command_topics_create(const ConfigFlags& flags, int partitions, int replication) {
  const auto config = configured(flags);
  if (!config) return kUnusable;
  if (!config->on_kafka()) {
    std::cerr << "tocsin topics create: kafka.brokers is not configured\n";
    return kUnusable;
  }
  try {
    TopicPlan plan;
    if (partitions > 0) plan.partitions = partitions;
    if (replication > 0) plan.replication = static_cast<decltype(plan.replication)>(replication);
    const auto created = create_topics(config->kafka, plan);
    for (const std::string& topic : created) std::cout << "created " << topic << "\n";
    if (created.empty()) std::cout << "all topics were there\n";
  } catch (const std::exception& e) {
    std::cerr << "tocsin topics create: " << e.what() << "\n";
    return kFailed;
  }
  return 0;
}

}  // namespace tocsin
