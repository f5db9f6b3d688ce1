// The command line: one binary, one subcommand a job.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "app/embedded.h"
#include "app/policy_load.h"
#include "app/simulate.h"

namespace {

constexpr int kUnusable = 2;

int run_simulate(const std::string& policy_path, const std::string& events, const std::string& until,
                 const std::string& emit) {
  using namespace tocsin;
  SimulateOptions options;
  auto policy = load_policy(policy_path);
  if (auto* errors = std::get_if<std::vector<PolicyError>>(&policy)) {
    std::cerr << describe(*errors);
    return kUnusable;
  }
  options.policy = std::get<std::shared_ptr<const Policy>>(policy);
  if (!until.empty()) {
    options.until = parse_rfc3339(until);
    if (!options.until) {
      std::cerr << "tocsin simulate: --until must be an RFC 3339 instant with an offset, like 2026-03-02T09:00:00+08:00\n";
      return kUnusable;
    }
  }
  if (emit != "events" && emit != "verdicts" && emit != "summary") {
    std::cerr << "tocsin simulate: --emit must be events, verdicts or summary\n";
    return kUnusable;
  }
  options.emit = emit == "verdicts" ? Emit::kVerdicts : emit == "summary" ? Emit::kSummary : Emit::kEvents;
  options.progress = isatty(STDERR_FILENO) != 0;
  std::ios::sync_with_stdio(false);
  if (events == "-") return simulate(std::cin, std::cout, std::cerr, options);
  std::ifstream file(events, std::ios::binary);
  if (!file) {
    std::cerr << "tocsin simulate: cannot read " << events << "\n";
    return kUnusable;
  }
  return simulate(file, std::cout, std::cerr, options);
}

int policy_check(const std::string& path) {
  const auto policy = tocsin::load_policy(path);
  if (const auto* errors = std::get_if<std::vector<tocsin::PolicyError>>(&policy)) {
    std::cerr << tocsin::describe(*errors) << errors->size() << (errors->size() == 1 ? " error\n" : " errors\n");
    return kUnusable;
  }
  const auto& p = *std::get<std::shared_ptr<const tocsin::Policy>>(policy);
  std::size_t clocks = 0;
  for (const auto& kind : p.kinds) clocks += kind.clocks.size();
  std::cout << "policy " << p.name << ": " << p.kinds.size() << " kinds, " << clocks << " clocks, hash " << p.hash << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Tocsin: deadlines and escalations for key accounts"};
  app.require_subcommand(1);
  int status = 0;

  std::string policy, events, until, emit = "events";
  CLI::App* simulate = app.add_subcommand("simulate", "decide about a file of facts in virtual time");
  simulate->add_option("--policy", policy, "policy file (default: the built-in one)");
  simulate->add_option("--events", events, "facts, a JSON line each, in order of arrival; - for standard input")->required();
  simulate->add_option("--until", until, "run every due up to this instant (default: the last arrival)");
  simulate->add_option("--emit", emit, "events, verdicts or summary");
  simulate->callback([&] { status = run_simulate(policy, events, until, emit); });

  CLI::App* policies = app.add_subcommand("policy", "look at policies");
  policies->require_subcommand(1);
  std::string file;
  CLI::App* check = policies->add_subcommand("check", "report every error in a policy file");
  check->add_option("file", file, "policy file")->required();
  check->callback([&] { status = policy_check(file); });
  CLI::App* show = policies->add_subcommand("show", "print a built-in policy");
  std::string name = "key-account";
  show->add_option("name", name, "its name");
  show->callback([&] {
    const auto found = tocsin::embedded_files().find("policy/" + name + ".yaml");
    if (found == tocsin::embedded_files().end()) {
      std::cerr << "tocsin policy show: no built-in policy `" << name << "`\n";
      status = kUnusable;
    } else {
      std::cout << found->second;
    }
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kUnusable;
  }
  return status;
}
