#include "app/crm_service.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "app/config_adapters.h"
#include "app/embedded.h"
#include "app/log_records.h"
#include "app/policy_load.h"
#include "app/secret.h"
#include "connectors/crm/adapter_read.h"
#include "events/log_record.h"
#include "events/mutex.h"
#include "projections/read/query.h"
#include "projections/rows/subjects.h"

namespace tocsin {
namespace {

constexpr Duration kHistoryWait = seconds(2);
constexpr std::size_t kHistoryPage = 1000, kHistoryFactsMax = 100'000;

std::optional<std::string> text_of(const AdapterConfig& config) {
  if (config.file.empty()) {
    const auto found = embedded_files().find("connectors/crm/adapters/" + config.name + ".yaml");
    if (found == embedded_files().end()) return std::nullopt;
    return found->second;
  }
  std::error_code ignored;
  std::ifstream in(config.file, std::ios::binary);
  if (!in || std::filesystem::is_directory(config.file, ignored)) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Whether the scheme can work with these secrets; what is missing, or empty.
std::string missing_of(const VerifyRule& rule, const std::vector<AdapterSecretConfig>& secrets) {
  using Scheme = VerifyRule::Scheme;
  if (rule.scheme == Scheme::kNone) return {};
  if (secrets.empty()) return "its `verify` needs secrets";
  for (const AdapterSecretConfig& secret : secrets) {
    const bool boxed = rule.scheme == Scheme::kWecom || rule.scheme == Scheme::kDingtalk;
    if (boxed &&
        (secret.token.text.empty() || secret.aes_key.text.empty() || secret.receiver.text.empty()))
      return "its secrets must have token, aes_key and receiver";
    if (rule.scheme == Scheme::kFeishu && secret.token.text.empty())
      return "its secrets must have token, and encrypt_key where events are encrypted";
    if (!boxed && rule.scheme != Scheme::kFeishu && secret.value.text.empty())
      return "its secrets are a list of texts";
  }
  return {};
}

bool on_loopback(const Config& config) { return check_listen(config.http.listen, false).empty(); }

}  // namespace

std::map<std::string, InboundAdapter> load_adapters(const Config& config, const Policy& policy,
                                                    bool with_secrets) {
  std::map<std::string, InboundAdapter> out;
  std::string problems;
  const auto problem = [&](const std::string& name, const std::string& why) {
    problems += (problems.empty() ? "" : "\n") + ("adapters." + name + ": " + why);
  };
  for (const AdapterConfig& one : config.adapters) {
    const auto text = text_of(one);
    if (!text) {
      problem(one.name, one.file.empty()
                            ? "no `file` is given, and no adapter of that name is built in"
                            : one.file + " cannot be read");
      continue;
    }
    const std::string file = one.file.empty() ? one.name : one.file;
    AdapterReading reading = read_adapter(file, *text, policy, load_zone_for_policy);
    if (!reading.adapter) {
      std::string mistakes = describe(reading.mistakes);
      while (mistakes.ends_with('\n')) mistakes.pop_back();
      problem(one.name, mistakes);
      continue;
    }
    const VerifyRule& rule = reading.adapter->verify;
    if (const std::string why = missing_of(rule, one.secrets); !why.empty()) problem(one.name, why);
    if (rule.scheme == VerifyRule::Scheme::kNone && !on_loopback(config) && one.topic.empty())
      problem(one.name,
              "it verifies nothing, which is for loopback only; listen is " + config.http.listen);
    if (!one.topic.empty() && !config.on_kafka())
      problem(one.name, "its topic needs kafka.brokers, which is not configured");
    InboundAdapter& in = out[one.name];
    in.adapter = reading.adapter;
    in.act = one.act;
    for (const AdapterSecretConfig& secret : one.secrets) {
      if (!with_secrets) break;
      AdapterSecret& read = in.secrets.emplace_back();
      for (const auto& [from, to] : {std::pair{&secret.value, &read.value},
                                     {&secret.token, &read.token},
                                     {&secret.aes_key, &read.aes_key},
                                     {&secret.receiver, &read.receiver},
                                     {&secret.encrypt_key, &read.encrypt_key}}) {
        SecretRead value = read_secret(from->text, "");
        if (!value.problem.empty()) problem(one.name, value.problem);
        *to = std::move(value.value);
      }
    }
  }
  if (!problems.empty()) throw std::runtime_error(problems);
  return out;
}

std::vector<std::shared_ptr<const PushRule>> load_pushes(const Config& config) {
  std::vector<std::shared_ptr<const PushRule>> out;
  std::string problems;
  for (const PushConfig& one : config.push) {
    std::string why;
    PushText text;
    text.name = one.name;
    text.url = one.url;
    text.method = one.method;
    text.body = one.body;
    text.where = one.where;
    text.on = one.on;
    const auto read = [&why](const SecretRef& ref) {
      SecretRead secret = read_secret(ref.text, "");
      if (!secret.problem.empty()) why = secret.problem;
      return std::move(secret.value);
    };
    text.secret = read(one.secret);
    for (const auto& [name, value] : one.headers) text.headers[name] = read(value);
    if (why.empty()) {
      auto rule = PushRule::read(std::move(text));
      if (auto* wrong = std::get_if<std::string>(&rule)) {
        why = *wrong;
      } else {
        out.push_back(std::get<std::shared_ptr<const PushRule>>(std::move(rule)));
      }
    }
    if (!why.empty())
      problems += (problems.empty() ? "" : "\n") + ("push." + one.name + ": " + why);
  }
  if (!problems.empty()) throw std::runtime_error(problems);
  return out;
}

CrmService::CrmService(const Config& config, std::shared_ptr<const Policy> policy, Node& node,
                       NodePort& port, Report report)
    : config_(config),
      node_(node),
      port_(port),
      report_(std::move(report)),
      configured_(std::move(policy)) {
  InboundOptions options;
  options.adapters = load_adapters(config, *configured_, true);
  options.loopback = on_loopback(config);
  options.public_url = config.notify.public_url;
  options.now = [&node] { return node.now(); };
  options.policy = [this] {
    auto in_force = node_.policy();
    return in_force ? in_force : configured_;
  };
  options.stored_account = [&node](const Adapter& adapter, const std::string& subject) {
    return node.store().subject_account(subject_hash(adapter.source, adapter.kind, subject));
  };
  options.history = [this](const Adapter& adapter, const std::string& account,
                           const std::string& subject) {
    return history(adapter, account, subject);
  };
  options.on_chat_event = [this](const std::string& name, const std::string& event) {
    pull(name, event);
  };
  rules_ = load_pushes(config);
  inbound_ = std::make_unique<Inbound>(std::move(options), port);
  replay_ = std::make_unique<CrmReplay>(config, *inbound_, port, [&node] { return node.now(); });
  for (const AdapterConfig& one : config.adapters)
    report_("info", "adapter", one.name + " " + inbound_->find(one.name)->adapter->tag);
}

// The facts of its source on the entity's timeline, in the log's order.
SubjectHistory CrmService::history(const Adapter& adapter, const std::string& account,
                                   const std::string& subject) {
  SubjectHistory out;
  out.account = account;
  node_.store().refresh(kHistoryWait);
  const ReadView view = node_.store().view();
  const EntityKey entity{account, adapter.kind, subject};
  const RecordSource source = [this](PartitionId partition, const std::vector<Offset>& offsets) {
    return records_at(node_.log(), partition, offsets);
  };
  TimelineQuery query;
  query.limit = kHistoryPage;
  LogEvent event;
  for (std::size_t read = 0; read < kHistoryFactsMax; read += kHistoryPage) {
    const auto page = entity_timeline(view, entity, query, source);
    for (const TimelineEntry& entry : page) {
      query.after = entry.offset;
      if (!read_log_record(entry.record, event) || !event.is_fact() ||
          event.source != adapter.source)
        continue;
      const Fact fact = to_fact(event);
      if (is_move(fact.verb, fact.data)) continue;
      out.facts.push_back({fact.verb, fact.id, fact.sequence, fact.claimed, fact.data});
    }
    if (page.size() < kHistoryPage) break;
  }
  return out;
}

std::vector<ModuleRoute> CrmService::routes() {
  std::vector<ModuleRoute> all = inbound_->routes();
  for (ModuleRoute& route : replay_->routes()) all.push_back(std::move(route));
  return all;
}

void CrmService::start() {
  start_pullers();
  start_topics();
  start_pushes();
}

void CrmService::start_pullers() {
  for (const AdapterConfig& one : config_.adapters) {
    const InboundAdapter* in = inbound_->find(one.name);
    if (one.pull_secret.text.empty() || in->secrets.empty()) continue;
    WecomPullerOptions options;
    options.adapter = one.name;
    if (!one.pull_url.empty()) options.url = one.pull_url;
    options.corp_id = in->secrets.front().receiver;
    const SecretRead secret = read_secret(one.pull_secret.text, "");
    if (!secret.problem.empty())
      throw std::runtime_error("adapters." + one.name + " pull: " + secret.problem);
    options.secret = secret.value;
    options.now = [this] { return node_.now(); };
    options.report = report_;
    options.cursors = std::filesystem::path(config_.data) / ("wecom-" + one.name + ".json");
    const MutexLock lock(pullers_mutex_);
    pullers_[one.name] = std::make_unique<WecomPuller>(std::move(options), *inbound_);
  }
}

void CrmService::pull(const std::string& name, const std::string& event) {
  const MutexLock lock(pullers_mutex_);
  const auto puller = pullers_.find(name);
  if (puller != pullers_.end()) puller->second->event(event);
}

void CrmService::start_topics() {
  for (const AdapterConfig& one : config_.adapters) {
    if (one.topic.empty()) continue;
    topics_.push_back(std::make_unique<ForeignTopic>(
        config_.kafka, one.topic, config_.kafka.group + ".adapter." + one.name,
        [this, name = one.name, topic = one.topic](const IntakeRecord& record,
                                                   ForeignTopic::Done done) {
          InboundPayload payload;
          payload.name = name;
          payload.body = record.value;
          payload.headers = record.headers;
          payload.source = "kafka " + topic + ":" + std::to_string(record.partition) + ":" +
                           std::to_string(record.offset);
          payload.arrival = node_.now();
          inbound_->take(std::move(payload), [done](InboundResult r) { done(r.kept); });
        }));
  }
}

void CrmService::start_pushes() {
  for (const auto& rule : rules_) {
    PusherOptions options;
    options.rule = rule;
    options.log = &node_.log();
    options.node = &port_;
    options.owned = [this] {
      return config_.on_kafka() ? node_.status().owned : std::vector<PartitionId>{0};
    };
    options.position = [this, name = rule->name()](PartitionId partition) {
      return pushed_position(node_.store(), partition, name);
    };
    options.end = [this](PartitionId partition) { return node_.store().applied(partition); };
    options.report = report_;
    pushers_.push_back(std::make_unique<Pusher>(std::move(options)));
  }
  pushing_ = true;
}

void CrmService::committed(const Committed& record) {
  if (!pushing_ || record.replayed || record.kind == RecordKind::kEngine) return;
  for (const auto& pusher : pushers_) pusher->wake();
}

std::string CrmService::metrics() const {
  std::string out = inbound_->metrics();
  if (pushers_.empty()) return out;
  std::string sent, failed;
  for (const auto& pusher : pushers_) {
    const Pusher::Figures figures = pusher->figures();
    const std::string labels = "{push=\"" + pusher->name() + "\"} ";
    sent += "tocsin_push_sent_total" + labels + std::to_string(figures.sent) + "\n";
    failed += "tocsin_push_failed_total" + labels + std::to_string(figures.failed) + "\n";
  }
  return out +
         "# HELP tocsin_push_sent_total Events that were pushed.\n# TYPE tocsin_push_sent_total "
         "counter\n" +
         sent +
         "# HELP tocsin_push_failed_total Events that the other side refused for good.\n# TYPE "
         "tocsin_push_failed_total counter\n" +
         failed;
}

void CrmService::stop() {
  pushing_ = false;
  for (auto& topic : topics_) topic->stop();
  {
    const MutexLock lock(pullers_mutex_);
    for (auto& [name, puller] : pullers_) puller->stop();
  }
  for (auto& pusher : pushers_) pusher->stop();
  replay_->stop();
  inbound_->stop();
}

}  // namespace tocsin
