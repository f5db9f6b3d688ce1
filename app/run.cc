#include "app/run.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "app/config_files.h"
#include "app/crm_service.h"
#include "app/demo.h"
#include "app/embedded_node.h"
#include "app/journal.h"
#include "app/kafka_node.h"
#include "app/keep_memory.h"
#include "app/log_records.h"
#include "app/metrics.h"
#include "app/notify_wiring.h"
#include "app/policy_routes.h"
#include "app/roster_commands.h"
#include "app/roster_record.h"
#include "app/roster_service.h"
#include "app/roster_watch.h"
#include "connectors/board/board.h"
#include "connectors/http/api.h"
#include "connectors/http/question.h"
#include "events/writer.h"

namespace tocsin {

namespace {

// SIGTERM, SIGINT and SIGHUP, taken by whoever waits; blocked in all threads that are started afterwards.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  int wait() const {
    int number = 0;
    while (sigwait(&set_, &number) != 0) {
    }
    return number;
  }

 private:
  sigset_t set_{};
};

// What a roster leaves open is no reason not to start; it is said.
void warn_of_roster(const Config& config, Journal& journal) {
  std::stringstream found;
  roster_is_good(config, found);
  for (std::string line; std::getline(found, line);) journal.line("warn", "roster", line);
}

std::unique_ptr<Node> make_node(const RunOptions& options, const std::filesystem::path& data,
                                const std::shared_ptr<Clock>& clock, Journal& journal) {
  const auto report = [&journal](std::string_view level, std::string_view event,
                                 std::string_view detail) { journal.line(level, event, detail); };
  const Config& config = options.config;
  if (config.on_kafka()) {
    return make_kafka_node(config, configured_policy(config), configured_roster(config), clock,
                           report);
  }
  EmbeddedNodeOptions node;
  node.data = data;
  node.policy = configured_policy(config);
  node.roster = configured_roster(config);
  node.settle = config.engine.settle;
  node.max_hold = config.engine.max_hold;
  node.hot_entities = static_cast<std::size_t>(config.engine.hot_entities);
  node.clock = clock;
  node.log.accept_loss = options.accept_loss;
  node.report = report;
  return std::make_unique<EmbeddedNode>(std::move(node));
}

// Answers include everything that was committed before the question, as long as little waits to be
// written, which then takes a few milliseconds. Under load a question does not wait for the views:
// they are some moments old, and `as_of_offset` says of when; `min_offset` waits.
ReadSide read_side(Node& node) {
  static constexpr Duration kFreshWait = seconds(2);
  static constexpr std::size_t kSoonWrittenBytes = 256u << 10;
  ReadSide views;
  views.view = [&node] {
    node.store().refresh(kFreshWait, kSoonWrittenBytes);
    return node.store().view();
  };
  views.want = [&node] { node.store().want(); };
  views.now = [&node] { return node.now(); };
  views.records = [&node](PartitionId partition, const std::vector<Offset>& offsets) {
    return records_at(node.log(), partition, offsets);
  };
  views.policy = [&node] { return node.policy(); };
  return views;
}

// What is in it is its owner's alone, also where an earlier version made it.
void keep_private(const std::filesystem::path& data) {
  ::umask(0077);
  std::filesystem::create_directories(data);
  std::error_code not_ours;
  std::filesystem::permissions(data, std::filesystem::perms::owner_all, not_ours);
}

std::shared_ptr<Clock> machine_clock(const Config& config, const std::filesystem::path& data,
                                     Journal& journal) {
  WallClockOptions options = remembered_in(data);
  options.patience = config.engine.clock_patience;
  options.report = [&journal](std::string_view event, const std::string& detail) {
    journal.line("warn", event, detail);
  };
  return std::make_shared<WallClock>(std::move(options));
}

// `POST /v1/clock/accept`: somebody says that the wall clock is right.
ModuleRoute clock_route(Node& node) {
  return {"POST", "/v1/clock/accept", Role::kAdmin, [&node](ModuleCall call) {
            const std::string doubt = describe_doubt(node.clock().doubt());
            node.clock().accept();
            std::string body;
            JsonObject answer(body);
            answer.time("now", node.now());
            if (!doubt.empty()) answer.text("accepted", doubt);
            answer.close();
            call.reply(json_response(std::move(body)));
          }};
}

// `tocsin.example.com` of `https://tocsin.example.com:8443/x`.
std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  const std::string host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  return host.substr(0, host.rfind(':'));
}

// The node with its door: everything that starts and stops together.
class Service {
 public:
  Service(const RunOptions& options, std::filesystem::path data, std::unique_ptr<Node> node,
          Journal& journal)
      : options_(options),
        data_(std::move(data)),
        journal_(journal),
        printer_(STDOUT_FILENO, options.demo),
        node_(std::move(node)) {}

  void start() {
    const Config& config = options_.config;
    if (const std::string why = check_listen(config.http.listen, !config.access.tokens.empty());
        !why.empty())
      throw std::runtime_error(why);
    ApiOptions api;
    api.access = config.access;
    api.access.log = [this](std::string_view event, std::string_view client,
                            std::string_view detail) {
      journal_.line("warn", event, std::string(client) + " " + std::string(detail));
    };
    api.query_threads = config.query_threads;
    api.feed.clients_max = static_cast<std::size_t>(config.stream_clients_max);
    api.feed.queue_bytes_max = static_cast<std::size_t>(config.stream_queue_bytes_max);
    api.feed.views = [this] { return node_->store().view(); };  // as far as they are
    api.now = [this] { return node_->now(); };
    api.modules =
        board_routes([this](const std::string& name,
                            const std::string& person) { return api_->phone_token(name, person); },
                     [this] { return node_->now(); });
    policies_ = std::make_unique<PolicyRoutes>(*node_);
    for (ModuleRoute& route : policies_->routes()) api.modules.push_back(std::move(route));
    api.modules.push_back(clock_route(*node_));
    metrics_ = std::make_unique<Metrics>(*node_);
    rosters_ = std::make_unique<RosterService>(*node_, config.roster, report());
    notifier_ = make_notifier(config, data_.string(), *node_, journal_);
    port_ = std::make_unique<MeteredNode>(*node_, *metrics_);
    crm_ = std::make_unique<CrmService>(
        config, std::get<std::shared_ptr<const Policy>>(load_policy(config.policy)), *node_, *port_,
        [this](std::string_view level, std::string_view event, std::string_view detail) {
          journal_.line(level, event, detail);
        });
    if (!config.notify.public_url.empty()) api.hosts.push_back(host_of(config.notify.public_url));
    // The notifier's before the CRM's: /v1/in/pagerduty is no adapter.
    for (ModuleRoute& route : rosters_->routes()) api.modules.push_back(std::move(route));
    if (notifier_) {
      for (ModuleRoute& route : notifier_->routes()) api.modules.push_back(std::move(route));
    } else {
      api.modules.push_back(no_deliveries_route());
    }
    for (ModuleRoute& route : crm_->routes()) api.modules.push_back(std::move(route));
    port_->also(
        [this] { return crm_->metrics() + (notifier_ ? notifier_->metrics() : std::string()); });
    ReadSide views = read_side(*node_);
    views.words_for = [this](const std::string& person) {
      const auto roster = node_->roster();
      return roster ? roster->words_for(person) : PersonWords{person};
    };
    views.person_shown = [this](const std::string& word) {
      const auto roster = node_->roster();
      return roster ? std::string(roster->id_of(word)) : word;
    };
    if (notifier_) {
      views.reached = [this](const std::string& escalation) {
        return notifier_->reached(escalation);
      };
    }
    api_ = std::make_shared<Api>(api, *port_, std::move(views), node_->log());
    HttpServerOptions http = config.http;
    http.log = [this](std::string_view event, std::string_view client, std::string_view detail) {
      journal_.line("info", event, std::string(client) + " " + std::string(detail));
    };
    server_ = HttpServer::start(http, api_);
    api_->watch(*server_);
    api_->feed().begin(node_->log_found());
    node_->listen([this](const Committed& record) {
      api_->feed().publish(record);
      metrics_->observe(record);
      printer_.print(record);
      crm_->committed(record);
      if (notifier_) notifier_->observe(record.partition, record.offset, record.type, record.bytes);
    });
    node_->start();
    crm_->start();
    if (notifier_) notifier_->start(node_->log_found());
    rosters_->start();
    if (!config.roster.empty()) {
      roster_ = std::make_unique<RosterWatch>(
          [&config] { return configured_roster(config); }, configured_roster(config), *node_,
          [this](std::string_view level, std::string_view event, std::string_view detail) {
            journal_.line(level, event, detail);
          });
    }
    journal_.line("info", "rocksdb", rocksdb_build());
    journal_.line("info", "ready", server_->url());
    if (const std::string note = node_->ready().detail; !note.empty())
      journal_.line("warn", "policy", note);
  }

  // SIGHUP: what can change while it runs is read anew. What is wrong is told, and the old stays.
  void reload() {
    if (roster_) roster_->look_now();
    if (!options_.read_config) return;
    try {
      const Config config = options_.read_config();
      const std::string listen = options_.config.http.listen;
      if (const std::string why = check_listen(listen, !config.access.tokens.empty()); !why.empty())
        throw std::runtime_error(why);
      server_->reload_tls();
      api_->replace_tokens(config.access.tokens);
      node_->know_senders(config.access.tokens);
      journal_.line("info", "reloaded",
                    std::to_string(config.access.tokens.size()) + " tokens; TLS files");
    } catch (const std::exception& e) {
      journal_.line("error", "not_reloaded", e.what());
    }
  }

  void stop() {
    roster_.reset();
    if (server_) server_->stop();
    if (notifier_) notifier_->stop();
    if (api_) api_->stop();
    if (crm_) crm_->stop();
    policies_.reset();
    node_->stop();
  }

  Node& node() { return *node_; }
  std::string url() const { return server_->url(); }

 private:
  RosterService::Report report() {
    return [this](std::string_view level, std::string_view event, const std::string& detail) {
      journal_.line(level, event, detail);
    };
  }

  const RunOptions& options_;
  const std::filesystem::path data_;
  Journal& journal_;
  RecordPrinter printer_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<PolicyRoutes> policies_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<RosterService> rosters_;
  std::unique_ptr<notify::Notifier> notifier_;
  std::unique_ptr<MeteredNode> port_;
  std::unique_ptr<CrmService> crm_;
  std::shared_ptr<Api> api_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<RosterWatch> roster_;
};

}  // namespace

int run(RunOptions options) {
  const Signals signals;
  keep_memory();
  Journal journal(options.config.log_level);
  for (const std::string& warning : options.config.warnings)
    journal.line("warn", "config", warning);
  std::shared_ptr<Clock> clock;
  std::unique_ptr<DemoDirectory> scratch;
  if (options.demo) {
    scratch = std::make_unique<DemoDirectory>();
    options.config.data = scratch->path();  // nothing of it looks into what is really there
    clock = demo_clock();
  }
  warn_of_roster(options.config, journal);
  const std::filesystem::path data = options.config.data;
  try {
    keep_private(data);
    if (!clock) clock = machine_clock(options.config, data, journal);
    Service service(options, data, make_node(options, data, clock, journal), journal);
    service.start();
    std::unique_ptr<Demo> demo;
    if (options.demo) {
      std::printf("%s\n", demo_welcome(service.url()).c_str());
      demo = std::make_unique<Demo>(service.node(), clock);
    }
    int number = signals.wait();
    for (; number == SIGHUP; number = signals.wait()) service.reload();
    journal.line("info", "stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
    demo.reset();
    const std::string sick = service.node().sick();
    service.stop();
    journal.line("info", "stopped", sick);
    if (!sick.empty()) return 1;
  } catch (const std::exception& e) {
    journal.line("error", "cannot_start", e.what());
    return 1;
  }
  return 0;
}

}  // namespace tocsin
