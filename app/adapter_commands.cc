#include "app/adapter_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "app/adapter_try.h"
#include "app/crm_replay.h"
#include "app/embedded.h"
#include "app/import_csv.h"
#include "app/policy_load.h"
#include "connectors/crm/adapter_read.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr int kUnusable = 2, kRejected = 3;
constexpr const char* kShipped = "connectors/crm/adapters/";
constexpr const char* kShippedPushes = "connectors/crm/push/";
constexpr std::size_t kFileBytesMax = 64u << 20;

std::optional<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored)) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(in), {});
  return text.size() > kFileBytesMax ? std::nullopt : std::optional(std::move(text));
}

// A file, or the name of an adapter that is built in.
std::optional<std::string> adapter_text(const std::string& file) {
  if (auto text = read_file(file)) return text;
  const auto found = embedded_files().find(kShipped + file + ".yaml");
  if (found == embedded_files().end()) return std::nullopt;
  return found->second;
}

std::shared_ptr<const Policy> policy_of(const std::string& path) {
  auto compiled = load_policy(path);
  if (auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
    std::cerr << describe(*errors);
    return nullptr;
  }
  return std::get<std::shared_ptr<const Policy>>(compiled);
}

std::shared_ptr<const Adapter> read_or_say(const std::string& file, const Policy& policy,
                                           std::ostream& out) {
  const auto text = adapter_text(file);
  if (!text) {
    out << file << ": cannot be read, and no adapter of that name is built in\n";
    return nullptr;
  }
  AdapterReading reading = read_adapter(file, *text, policy, load_zone_for_policy);
  out << describe(reading.mistakes);
  for (PolicyError& warning : reading.warnings) warning.reason = "warning: " + warning.reason;
  std::cerr << describe(reading.warnings);
  return reading.adapter;
}

// `{"X-Name": "value"}`, or lines `X-Name: value`.
std::optional<HeaderList> read_headers(const std::string& file) {
  HeaderList out;
  if (file.empty()) return out;
  const auto text = read_file(file);
  if (!text) return std::nullopt;
  Payload payload;
  if (payload.read(*text).empty() && payload.root().is_object()) {
    for (const JsonNode* h = payload.child(payload.root()); h != nullptr; h = payload.next(*h))
      out.emplace_back(h->name, h->text);
    return out;
  }
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t value = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
    out.emplace_back(line.substr(0, colon), line.substr(value));
  }
  return out;
}

Instant wall_now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

int list_shipped(std::string_view folder) {
  for (const auto& [name, text] : embedded_files()) {
    if (!name.starts_with(folder) || !name.ends_with(".yaml")) continue;
    const std::string file = name.substr(folder.size());
    if (file.find('/') != std::string::npos) continue;
    // The first line says what it is for.
    std::string about = text.substr(0, text.find('\n'));
    about.erase(0, std::min(about.find_first_not_of("# "), about.size()));
    std::cout << file.substr(0, file.size() - 5) << "\t" << about << "\n";
  }
  return 0;
}

// `what`: `adapter`, `push`.
int show_shipped(const std::string& folder, const std::string& what, const std::string& name) {
  const auto found = embedded_files().find(folder + name + ".yaml");
  if (found == embedded_files().end()) {
    std::cerr << "tocsin " << what << " show: no `" << name << "` is built in; `tocsin " << what
              << " list` names what is\n";
    return kUnusable;
  }
  std::cout << found->second;
  return 0;
}

int check_adapter(const std::string& file, const std::string& policy_path) {
  const auto policy = policy_of(policy_path);
  if (!policy) return kUnusable;
  const auto adapter = read_or_say(file, *policy, std::cout);
  if (!adapter) return kUnusable;
  std::cout << "adapter " << adapter->tag << ": " << adapter->events.size() << " events, "
            << adapter->state.size() << " states, " << adapter->tests.size() << " tests\n";
  return 0;
}

struct TryOptions {
  std::string file, headers, policy;
  std::vector<std::string> payloads;
};

void print_rejected(const std::string& reason) {
  std::string line;
  JsonObject(line).text("rejected", reason).close();
  std::cerr << line << "\n";
}

int try_adapter(const TryOptions& options) {
  const auto policy = policy_of(options.policy);
  if (!policy) return kUnusable;
  const auto adapter = read_or_say(options.file, *policy, std::cerr);
  if (!adapter) return kUnusable;
  const auto headers = read_headers(options.headers);
  if (!headers) {
    std::cerr << "tocsin adapter try: cannot read " << options.headers << "\n";
    return kUnusable;
  }
  std::ios::sync_with_stdio(false);
  int status = 0;
  AdapterTrial trial(
      adapter, policy, [](TriedFact fact) { std::cout << fact.line << "\n"; },
      [&](const std::string& reason) {
        print_rejected(reason);
        status = kRejected;
      });
  for (const std::string& file : options.payloads) {
    const auto text = read_file(file);
    if (!text) {
      std::cerr << "tocsin adapter try: cannot read " << file << "\n";
      return kUnusable;
    }
    if (const std::string why = trial.file(*text, *headers, wall_now()); !why.empty()) {
      std::cerr << file << ": " << why << "\n";
      return kUnusable;
    }
  }
  return status;
}

int import_rows(const TryOptions& options) {
  const auto policy = policy_of(options.policy);
  if (!policy) return kUnusable;
  const auto adapter = read_or_say(options.file, *policy, std::cerr);
  if (!adapter) return kUnusable;
  auto text = read_file(options.payloads.front());
  if (!text) {
    std::cerr << "tocsin import csv: cannot read " << options.payloads.front() << "\n";
    return kUnusable;
  }
  std::ios::sync_with_stdio(false);
  int status = 0;
  AdapterTrial trial(
      adapter, policy, [](TriedFact fact) { std::cout << fact.line << "\n"; },
      [&](const std::string& reason) {
        print_rejected(reason);
        status = kRejected;
      });
  const std::string wrong = import_csv(
      *adapter, std::move(*text), trial,
      [&](long line, const std::string& why) {
        std::cerr << options.payloads.front() << ":" << line << ": " << why << "\n";
        print_rejected("adapter:" + adapter->name + ":malformed");
        status = kRejected;
      },
      wall_now());
  if (wrong.empty()) return status;
  std::cerr << options.payloads.front() << ": " << wrong << "\n";
  return kUnusable;
}

// The adapter files that a test command names: one, or all of a folder.
std::vector<std::string> files_of(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().string();
    if (name.ends_with(".yaml") || name.ends_with(".yml")) files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  return files;
}

int test_adapters(const std::string& path, const std::string& policy_path) {
  const auto policy = policy_of(policy_path);
  if (!policy) return kUnusable;
  int failed = 0, passed = 0;
  bool unusable = false;
  for (const std::string& file : files_of(path)) {
    const auto adapter = read_or_say(file, *policy, std::cerr);
    if (!adapter) {
      unusable = true;
      continue;
    }
    const auto folder = std::filesystem::path(file).parent_path();
    const auto read = [&](const std::string& payload) -> std::optional<std::string> {
      if (auto text = read_file((folder / payload).string())) return text;
      const auto found = embedded_files().find(kShipped + payload);
      if (found == embedded_files().end()) return std::nullopt;
      return found->second;
    };
    const int wrong = run_adapter_tests(adapter, policy, file, read, std::cout);
    failed += wrong;
    passed += static_cast<int>(adapter->tests.size()) - wrong;
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  return unusable ? kUnusable : failed > 0 ? 1 : 0;
}

struct ReplayOptions {
  std::string name, url = "http://127.0.0.1:8080", token;
};

// `list` and `show` of what is built in.
void add_shipped_commands(CLI::App& app, const std::string& folder, const std::string& what,
                          int& status) {
  CLI::App* list = app.add_subcommand("list", "name what is built in");
  list->footer("Reads: nothing. Writes: a name and what it is for a line to standard output.");
  list->callback([&status, folder] { status = list_shipped(folder); });
  auto name = std::make_shared<std::string>();
  CLI::App* show = app.add_subcommand("show", "print one that is built in");
  show->add_option("name", *name, "its name")->required();
  show->footer("Reads: nothing. Writes: the file to standard output.");
  show->callback([&status, folder, what, name] { status = show_shipped(folder, what, *name); });
}

}  // namespace

void add_adapter_commands(CLI::App& app, CLI::App& imports, int& status) {
  CLI::App* adapter = app.add_subcommand("adapter", "what turns a CRM's payloads into facts");
  adapter->require_subcommand(1);
  add_shipped_commands(*adapter, kShipped, "adapter", status);
  CLI::App* push = app.add_subcommand("push", "what tells a CRM of dues and breaches");
  push->require_subcommand(1);
  add_shipped_commands(*push, kShippedPushes, "push", status);

  auto options = std::make_shared<TryOptions>();
  const auto common = [options](CLI::App* command, const char* what) {
    command->add_option("file", options->file, what)->required();
    command->add_option("--policy", options->policy, "policy file (default: the built-in one)");
  };
  CLI::App* check = adapter->add_subcommand("check", "report every mistake in an adapter's file");
  common(check, "the file, or the name of a built-in adapter");
  check->footer(
      "Reads: the file and the policy. Writes: FILE:LINE: and what is wrong, a mistake a line, to\n"
      "standard output, and then its exit status is 2.");
  check->callback([&status, options] { status = check_adapter(options->file, options->policy); });

  CLI::App* attempt = adapter->add_subcommand(
      "try", "print the facts that payloads give; signatures are not checked");
  common(attempt, "the file, or the name of a built-in adapter");
  attempt->add_option("payload", options->payloads, "payload files, one stream in this order")
      ->required();
  attempt->add_option("--headers", options->headers, "headers of every payload: JSON, or lines");
  attempt->footer(
      "Reads: the adapter and the payloads: {headers, arrival, body}, or the bare body.\n"
      "Writes: facts as JSON lines to standard output; {rejected} an element that was refused to\n"
      "standard error, and then its exit status is 3.");
  attempt->callback([&status, options] { status = try_adapter(*options); });

  CLI::App* test = adapter->add_subcommand("test", "run the tests that adapters carry");
  common(test, "an adapter's file, or a folder of them");
  test->footer(
      "Reads: the adapters and the payloads that their tests name. Writes: each test that failed,\n"
      "and how many passed, to standard output. Exit status 1 when one failed.");
  test->callback([&status, options] { status = test_adapters(options->file, options->policy); });

  auto replay = std::make_shared<ReplayOptions>();
  CLI::App* again = adapter->add_subcommand(
      "replay", "feed what an adapter rejected through it once more, in a running node");
  again->add_option("name", replay->name, "its name in the configuration")->required();
  again->add_option("--url", replay->url, "the node (default: http://127.0.0.1:8080)");
  again->add_option("--token", replay->token, "a token with the role admin");
  again->footer(
      "Reads: on the node what was rejected. Writes: facts to the node's log; the counts to\n"
      "standard output. Exit status 3 when some are still rejected.");
  again->callback(
      [&status, replay] { status = replay_adapter(replay->name, replay->url, replay->token); });

  auto rows = std::make_shared<TryOptions>();
  CLI::App* csv = imports.add_subcommand("csv", "rows of a table, through an adapter");
  csv->add_option("--adapter", rows->file, "the adapter's file, or the name of a built-in one")
      ->required();
  csv->add_option("rows", rows->payloads, "CSV file whose first row names the members")
      ->required()
      ->expected(1);
  csv->add_option("--policy", rows->policy, "policy file (default: the built-in one)");
  csv->footer(
      "Reads: the adapter and the rows, all of one stream. Writes: facts as JSON lines to "
      "standard\n"
      "output, for `tocsin send` or `tocsin simulate`; {rejected} a row that was refused to\n"
      "standard error, and then its exit status is 3.");
  csv->callback([&status, rows] { status = import_rows(*rows); });
}

}  // namespace tocsin
