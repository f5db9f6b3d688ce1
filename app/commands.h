// What each command of the command line does. Returns exit statuses: 0, 1 for a failing world, 2
// for unusable arguments, 3 where something was rejected and the rest done.
#pragma once

#include <map>
#include <string>

#include "connectors/crm/servicenow/import.h"

namespace tocsin {

// Flags shared by the commands that need a configuration.
struct ConfigFlags {
  std::string file;
  std::map<std::string, std::string> values;  // by key: {"data", "./x"}
};

struct OncallFlags;

int command_simulate(const std::string& policy, const std::string& roster,
                     const std::string& events, const std::string& until, const std::string& emit);
// `file`: `-` for standard input. `token`: itself, file:PATH or env:NAME.
int command_send(const std::string& file, const std::string& url, const std::string& token);
// Where the configuration names a roster, or `--set roster=FILE` does, that is checked against it too.
int command_policy_check(const std::string& path, const ConfigFlags& flags);
int command_policy_show(const std::string& name);
int command_config_check(const ConfigFlags& flags);
int command_notify_preview(const ConfigFlags& flags, const std::string& channel,
                           const std::string& language);
int command_notify_test(const ConfigFlags& flags, const std::string& person);
int command_oncall(const ConfigFlags& flags, const OncallFlags& who);
int command_run(const ConfigFlags& flags, bool demo, bool accept_loss);
int command_log(const ConfigFlags& flags, const std::string& after, bool follow, bool rejected);
int command_verify(const ConfigFlags& flags, bool replace);
// `policy`: of the simulation that --compare needs.
int command_import_servicenow(ImportOptions options, const std::string& policy);
int command_topics_create(const ConfigFlags& flags, int partitions, int replication);

}  // namespace tocsin
