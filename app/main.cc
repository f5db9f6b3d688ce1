// The command line: one binary, one subcommand a job.
#include <CLI/CLI.hpp>
#include <iostream>

#include "app/adapter_commands.h"
#include "app/commands.h"
#include "app/policy_commands.h"
#include "app/roster_commands.h"
#include "connectors/crm/servicenow/import.h"

namespace {

constexpr int kUnusable = 2;

// Adds --config and the flags of its keys to a command.
void add_config_flags(CLI::App* command, tocsin::ConfigFlags& flags,
                      const std::vector<std::string>& keys) {
  command->add_option("--config", flags.file, "configuration file");
  for (const std::string& key : keys) {
    command->add_option_function<std::string>(
        "--" + key, [&flags, key](const std::string& value) { flags.values[key] = value; },
        "overrides `" + key + "` of the configuration");
  }
  command->add_option_function<std::vector<std::string>>(
      "--set",
      [&flags](const std::vector<std::string>& pairs) {
        for (const std::string& pair : pairs) {
          const std::size_t equals = pair.find('=');
          if (equals == std::string::npos) throw CLI::ValidationError("--set", "takes KEY=VALUE");
          flags.values[pair.substr(0, equals)] = pair.substr(equals + 1);
        }
      },
      "overrides any key of the configuration: KEY=VALUE");
}

// Whether a command was expected and another word stands there; says so. The library only says that one is
// required.
bool names_no_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc && at->get_require_subcommand_min() > 0; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) return false;
    std::string known;
    const CLI::App* next = nullptr;
    for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_name() == word) next = command;
      known += (known.empty() ? "" : ", ") + command->get_name();
    }
    if (next == nullptr) {
      std::cerr << "tocsin: `" << word << "` is no command; there are " << known << "\n";
      return true;
    }
    at = next;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Tocsin: deadlines and escalations for key accounts"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("tocsin ") + TOCSIN_VERSION,
                       "print the version and end");
  app.footer("`tocsin COMMAND --help` says what a command reads and writes.");
  int status = 0;
  tocsin::ConfigFlags flags;

  bool demo = false, accept_loss = false;
  CLI::App* run = app.add_subcommand("run", "the whole product in one process");
  add_config_flags(run, flags, {"data", "listen", "policy"});
  run->add_flag("--demo", demo, "show a story of two days in a minute, on a scratch directory");
  run->add_flag("--accept-loss", accept_loss,
                "go on with a log that has lost what was acknowledged");
  run->footer(
      "Reads: the configuration and what it names (policy, roster, tokens, TLS files); the data\n"
      "directory (default ./tocsin-data) or Kafka; requests on ADDR:PORT (default "
      "127.0.0.1:8080).\n"
      "Writes: the data directory; alarms for people to standard output, its own log as JSON "
      "lines\n"
      "to standard error. SIGTERM ends it, SIGHUP reads roster, tokens and TLS files anew.");
  run->callback([&] { status = tocsin::command_run(flags, demo, accept_loss); });

  std::string policy, roster_file, events, until, emit = "events";
  CLI::App* simulate =
      app.add_subcommand("simulate", "decide about a file of facts in virtual time");
  simulate->add_option("--policy", policy, "policy file (default: the built-in one)");
  simulate->add_option("--roster", roster_file,
                       "roster file: who is called on when (default: only whom the facts name)");
  simulate
      ->add_option("--events", events,
                   "facts, a JSON line each, in order of arrival; - for standard input")
      ->required();
  simulate->add_option("--until", until,
                       "run every due up to this instant (default: the last arrival)");
  simulate->add_option("--emit", emit, "events, verdicts or summary");
  simulate->footer(
      "Reads: facts as JSON lines, or the lines of `tocsin log`, of which it leaves out what the\n"
      "engine decided: tocsin log | tocsin simulate --events - --emit verdicts\n"
      "Writes: JSON lines (summary: a table) to standard output; what it rejects as {line, "
      "reason}\n"
      "to standard error, and then its exit status is 3. Touches no data directory.");
  simulate->callback(
      [&] { status = tocsin::command_simulate(policy, roster_file, events, until, emit); });

  std::string sent, url, token;
  CLI::App* send = app.add_subcommand("send", "post a file of events to a node");
  send->add_option("file", sent, "events, a JSON line each; - for standard input")->required();
  send->add_option("--url", url, "the node, like http://127.0.0.1:8080")->required();
  send->add_option("--token", token, "its token: file:PATH, env:NAME, or the token itself");
  send->footer(
      "Reads: facts as JSON lines, or the lines of `tocsin log`.\n"
      "Writes: to the node, in batches that are sent again until they are durable; the counts to\n"
      "standard output; what was rejected as {line, reason} to standard error, and then its exit\n"
      "status is 3.");
  send->callback([&] { status = tocsin::command_send(sent, url, token); });

  std::string after;
  bool follow = false;
  for (const bool rejected : {false, true}) {
    CLI::App* log = app.add_subcommand(rejected ? "rejected" : "log",
                                       rejected ? "print what was rejected" : "print the log");
    add_config_flags(log, flags, {"data"});
    log->add_option("--after", after, "only what comes after this position, like 0:17");
    log->add_flag("--follow", follow, "wait for more");
    log->footer(
        rejected ? "Reads: the data directory or Kafka; a node may run on it.\n"
                   "Writes: {position, reason, headers, source, original} a record to standard\n"
                   "output, the original in base64. Fails where the log is damaged or the output\n"
                   "cannot be written."
                 : "Reads: the data directory or Kafka; a node may run on it.\n"
                   "Writes: {position, event} a record to standard output. Fails where the log is\n"
                   "damaged or the output cannot be written.");
    log->callback([&, rejected] { status = tocsin::command_log(flags, after, follow, rejected); });
  }

  for (const bool replace : {false, true}) {
    CLI::App* verify = app.add_subcommand(
        replace ? "rebuild" : "verify",
        replace ? "make the store anew from the log" : "compare the store with the log");
    add_config_flags(verify, flags, {"data", "policy"});
    verify->footer(
        replace ? "Reads: the log in the data directory, or on Kafka; no node may run on it.\n"
                  "Writes: the store in the data directory, anew."
                : "Reads: the log and the store in the data directory; no node may run on it.\n"
                  "Writes: a line a family of rows to standard output, and nothing that stays.");
    verify->callback([&, replace] { status = tocsin::command_verify(flags, replace); });
  }

  CLI::App* policies = app.add_subcommand("policy", "look at policies");
  policies->require_subcommand(1);
  std::string file, name = "key-account";
  CLI::App* check = policies->add_subcommand("check", "report every error in a policy file");
  check->add_option("file", file, "policy file")->required();
  check->add_option_function<std::string>(
      "--roster", [&flags](const std::string& value) { flags.values["roster"] = value; },
      "a roster that is to go with it (default: that of the configuration)");
  add_config_flags(check, flags, {});
  check->footer(
      "Reads: the file and the calendars that it names; the roster that the configuration names.\n"
      "Writes: nothing but what is wrong.");
  check->callback([&] { status = tocsin::command_policy_check(file, flags); });
  CLI::App* show = policies->add_subcommand("show", "print a built-in policy");
  show->add_option("name", name, "its name");
  show->footer("Reads: nothing. Writes: the policy to standard output.");
  show->callback([&] { status = tocsin::command_policy_show(name); });
  tocsin::PolicyAsk ask;
  std::string old_file, new_file;
  const auto add_node = [&](CLI::App* command) {
    command->add_option("--url", ask.url, "the node (default http://127.0.0.1:8080)");
    command->add_option("--token", ask.token,
                        "its token: file:PATH, env:NAME, or the token itself");
  };
  CLI::App* apply = policies->add_subcommand("apply", "put a policy in force on a running node");
  apply->add_option("file", ask.file, "policy file")->required();
  apply->add_option("--by", ask.by, "who does it")->required();
  apply->add_flag("--to-open", ask.to_open, "entities that are open live by it from now on, too");
  apply->add_flag("--dry-run", ask.dry_run, "list which dues would move, write nothing");
  add_node(apply);
  apply->footer(
      "Reads: the file, with the calendars it names. Writes: to the node; what came of it, or "
      "would, to "
      "standard output.");
  apply->callback([&] { status = tocsin::command_policy_apply(ask); });
  CLI::App* diff =
      policies->add_subcommand("diff", "say in words what changes from one policy file to another");
  diff->add_option("old", old_file, "policy file, or the new one where a node has the old")
      ->required();
  diff->add_option("new", new_file, "policy file");
  add_node(diff);
  diff->footer("Reads: the files, or one and the node. Writes: sentences to standard output.");
  diff->callback([&] {
    const bool two = !new_file.empty();
    status = tocsin::command_policy_diff(two ? old_file : "", two ? new_file : old_file, ask);
  });
  CLI::App* attempt =
      policies->add_subcommand("try", "the log's facts under another policy: what comes and goes");
  attempt->add_option("file", ask.file, "policy file")->required();
  attempt->add_option("--since", ask.since, "compare from this instant on");
  add_node(attempt);
  attempt->footer(
      "Reads: the file, and on the node its log. Writes: figures, and what comes and goes, to "
      "standard "
      "output.");
  attempt->callback([&] { status = tocsin::command_policy_try(ask); });

  CLI::App* config = app.add_subcommand("config", "look at the configuration");
  config->require_subcommand(1);
  CLI::App* config_check = config->add_subcommand(
      "check", "print the effective configuration, or what is wrong with it");
  add_config_flags(config_check, flags, {"data", "listen", "policy"});
  config_check->footer(
      "Reads: the configuration and what it names: policy, roster, tokens, TLS files.\n"
      "Writes: what is in force, without secrets, to standard output; what `run` would refuse to\n"
      "standard error, and then its exit status is 2.");
  config_check->callback([&] { status = tocsin::command_config_check(flags); });

  CLI::App* roster = app.add_subcommand("roster", "look at rosters");
  roster->require_subcommand(1);
  std::string roster_policy;
  CLI::App* roster_check =
      roster->add_subcommand("check", "report every mistake, gap and role without anybody");
  roster_check->add_option("file", file, "roster file")->required();
  roster_check->add_option("--policy", roster_policy, "policy file (default: the built-in one)");
  roster_check->footer(
      "Reads: the file, and the policy whose roles somebody must play.\n"
      "Writes: every mistake and gap with its line to standard error; a count to standard output\n"
      "when there is none. Exit status 1 with mistakes or gaps.");
  roster_check->callback([&] { status = tocsin::command_roster_check(file, roster_policy); });

  tocsin::OncallFlags who;
  CLI::App* oncall = app.add_subcommand("oncall", "who plays which role at an instant");
  add_config_flags(oncall, flags, {"data", "policy"});
  oncall->add_option("--roster", who.roster, "roster file (default: the configuration's)");
  oncall->add_option("--at", who.at, "instant or date (default: now)");
  oncall->add_option("--role", who.role, "this role only");
  oncall->add_option("--account", who.account, "as the account's facts in the log have it");
  oncall->footer(
      "Reads: the roster; with --account the log in the data directory or on Kafka.\n"
      "Writes: a role and its persons a line to standard output.");
  oncall->callback([&] { status = tocsin::command_oncall(flags, who); });

  CLI::App* notify = app.add_subcommand("notify", "messages to people");
  notify->require_subcommand(1);
  std::string channel, language = "en", person;
  CLI::App* preview = notify->add_subcommand("preview", "print what a channel would send");
  add_config_flags(preview, flags, {});
  preview->add_option("--channel", channel, "its name in the configuration")->required();
  preview->add_option("--lang", language, "zh or en");
  preview->footer(
      "Reads: the configuration and its templates. Writes: the request with an example's text to "
      "standard output; nothing is sent.");
  preview->callback([&] { status = tocsin::command_notify_preview(flags, channel, language); });
  CLI::App* notify_test = notify->add_subcommand("test", "send somebody a test message");
  add_config_flags(notify_test, flags, {"roster"});
  notify_test->add_option("person", person, "id, name or alias")->required();
  notify_test->footer(
      "Reads: the configuration and the roster. Writes: a message over each of the person's "
      "channels; what became of each to standard output.");
  notify_test->callback([&] { status = tocsin::command_notify_test(flags, person); });

  int partitions = 0, replication = 0;
  CLI::App* topics = app.add_subcommand("topics", "Kafka topics");
  topics->require_subcommand(1);
  CLI::App* create =
      topics->add_subcommand("create", "create the topics with the settings that the log needs");
  add_config_flags(create, flags, {});
  create->add_option("--partitions", partitions, "partitions of each topic");
  create->add_option("--replication", replication, "copies of each partition");
  create->footer(
      "Reads: the configuration. Writes: topics on Kafka, and what it made to standard output.");
  create->callback([&] { status = tocsin::command_topics_create(flags, partitions, replication); });

  tocsin::ImportOptions import;
  std::string import_policy;
  CLI::App* imports = app.add_subcommand("import", "facts from other systems");
  imports->require_subcommand(1);
  CLI::App* servicenow =
      imports->add_subcommand("servicenow", "an audit log of ServiceNow incidents");
  servicenow->add_option("file", import.file, "CSV file; - for standard input")->required();
  servicenow->add_option("--zone", import.zone, "IANA zone of the file's times");
  servicenow->add_option("--account", import.account, "account of the facts");
  servicenow->add_option("--tier", import.tier, "tier of the tickets");
  servicenow->add_flag("--compare", import.compare,
                       "compare our verdicts with the file's made_sla instead");
  servicenow->add_option("--verdicts", import.verdicts,
                         "with --compare: output of `simulate --emit verdicts`");
  servicenow->add_option("--policy", import_policy, "with --compare: policy file");
  servicenow->footer("Reads: the CSV file. Writes: facts as JSON lines to standard output.");
  servicenow->callback(
      [&] { status = tocsin::command_import_servicenow(std::move(import), import_policy); });

  tocsin::add_adapter_commands(app, *imports, status);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (names_no_command(app, argc, argv)) return kUnusable;
    return app.exit(e) == 0 ? 0 : kUnusable;
  }
  if (!std::cout.flush()) {  // a full disk behind `>`
    std::cerr << "tocsin: standard output cannot be written\n";
    return 1;
  }
  return status;
}
