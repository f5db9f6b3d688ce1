#include "app/kafka_node.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <stdexcept>

#include "app/engine_record.h"
#include "app/kafka_loop.h"
#include "app/loop_node.h"
#include "connectors/kafka/intake_producer.h"
#include "connectors/kafka/sender_mark.h"
#include "engine/entity/data_read.h"
#include "events/log_record.h"
#include "events/mutex.h"

namespace tocsin {

namespace {

// The partition count that the log remembers, if it does.
std::optional<std::int32_t> partitions_in_log(KafkaLogReader& reader) {
  std::optional<std::int32_t> found;
  const Offset first = reader.range(0).first;
  int looked = 0;
  reader.read(0, first, [&](Offset, std::string_view, std::string_view value) {
    LogEvent event;
    constexpr std::string_view kBegin = "{\"partitions\":";
    if (read_log_record(value, event) && event.type == "tocsin.engine.partitions" &&
        event.data.starts_with(kBegin)) {
      found = std::atoi(std::string(event.data.substr(kBegin.size())).c_str());
    }
    return !found && ++looked < 10;
  });
  return found;
}

void refuse_faults(const TopicsChecked& topics) {
  if (topics.faults.empty()) return;
  std::string text;
  for (const TopicFault& fault : topics.faults) text += fault.text() + "\n";
  throw std::runtime_error(text + "`tocsin topics create` makes topics with the right settings");
}

class KafkaNode final : public LoopNode {
 public:
  KafkaNode(const Config& config, const ConfiguredPolicy& policy, const std::string& roster,
            std::shared_ptr<Clock> clock, const NodeReport& report)
      : LoopNode(std::move(clock), report), settings_(config.kafka) {
    const NodeReport tell = report;
    settings_.log = [tell](int level, std::string_view text) {
      if (level <= 4) tell(level <= 3 ? "warn" : "info", "kafka", text);
    };
    TopicsChecked topics = check_topics(settings_, std::nullopt);
    refuse_faults(topics);
    log_ = std::make_unique<KafkaLogReader>(settings_);
    topics = check_topics(settings_, partitions_in_log(*log_));
    refuse_faults(topics);
    for (const std::string& warning : topics.warnings) report("warn", "topics", warning);
    StoreOptions options;
    options.remove_unusable = true;
    store_ = Store::open(std::filesystem::path(config.data) / "state", options);
    producer_ = std::make_unique<IntakeProducer>(settings_, topics.rejected_bytes_max);
    KafkaLoopOptions loop;
    loop.kafka = real_kafka(settings_, topics.rejected_bytes_max);
    loop.intake_topic = settings_.intake_topic();
    loop.policy = policy;
    loop.roster = roster;
    loop.max_hold = config.engine.max_hold;
    loop.hot_entities = static_cast<std::size_t>(config.engine.hot_entities);
    loop.partitions = topics.partitions;
    loop.clock = clock_;
    // The last sign of life may be older than the last look at the group.
    loop.surely_ours = Duration{settings_.session_timeout.ms * 3 / 4};
    loop.data = config.data;
    loop.report = report;
    know_senders(config.access.tokens);
    loop.sender_of = [this](const IntakeRecord& record) { return senders_.sender_of(record); };
    loop_ = std::make_unique<KafkaLoop>(std::move(loop), *store_, asks_, teller());
  }

  ~KafkaNode() override { stop(); }

  void submit(std::unique_ptr<Submission> submission, SubmitDone done) override;
  void submit_own(OwnRecord record, OwnDone done) override;
  bool knows_duplicates() const override { return false; }
  Store& store() override { return *store_; }
  LogReader& log() override { return *log_; }
  void start() override { loop_->start(); }
  void know_senders(const std::vector<AccessToken>& tokens) override {
    SenderMarks::Keys keys;
    for (const AccessToken& token : tokens)
      keys[token.name].assign(token.hash.begin(), token.hash.end());
    senders_.replace(std::move(keys));
  }

 private:
  NodeLoop& loop() const override { return *loop_; }
  EventOutcome judge_at_the_door(Decoded& decoded, Instant now);

  KafkaSettings settings_;
  std::unique_ptr<KafkaLogReader> log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<IntakeProducer> producer_;
  SenderMarks senders_;
  OwnAsks asks_;
  std::unique_ptr<KafkaLoop> loop_;
};

// What can be judged without knowing what was accepted before; what is not rejected goes into
// intake.
EventOutcome KafkaNode::judge_at_the_door(Decoded& decoded, Instant now) {
  const auto rejected = [](std::string_view reason, std::string detail = {}) {
    return EventOutcome{EventVerdict::kRejected, std::string(reason), std::move(detail)};
  };
  if (!decoded.form_error.empty()) return rejected(decoded.form_error);
  if (const auto reason = judge(decoded, now); !reason.empty()) return rejected(reason);
  const auto policy = loop_->policy();
  EventOutcome outcome;
  outcome.miss = miss_of(*policy, decoded.fact);
  if (outcome.miss != Miss::kNone) return outcome;
  const TypeRef& type = policy->types.find(decoded.fact.kind + "." + decoded.fact.verb)->second;
  ReadData data;
  const KindSpec& kind = policy->kinds[type.kind];
  read_data(*policy, kind.verbs[type.verb], decoded.fact, data);
  return data.bad.empty() ? outcome : rejected(data.bad, data.detail);
}

// A binary request's attributes as Kafka's binding has them. The key stands in for partitionkey, so
// that the event is no larger than it was.
Headers kafka_attributes(const HttpFields& headers) {
  constexpr std::string_view kHttp = "ce-", kType = "content-type";
  Headers attributes;
  for (const auto& [name, value] : headers) {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == kType) attributes.emplace_back(kType, value);
    std::string text;
    if (lower.starts_with(kHttp) && lower != "ce-partitionkey" && decode_http_value(value, text))
      attributes.emplace_back("ce_" + lower.substr(kHttp.size()), std::move(text));
  }
  return attributes;
}

// What is accepted goes into intake as it was received: judged again there, by its size too, it is
// the same event.
void KafkaNode::submit(std::unique_ptr<Submission> submission, SubmitDone done) {
  if (hangs_on_a_doubted_clock(*submission, *clock_)) {
    SubmitResult refused;
    refused.status = SubmitResult::Status::kUnavailable;
    refused.detail = kClockInDoubt;
    refused.retry_after_seconds = kClockRetrySeconds;
    return done(std::move(refused));
  }
  const Instant now = clock_->now() + clock_->facts_ahead();
  auto result = std::make_shared<SubmitResult>();
  std::vector<RejectedRecord> refused;
  std::vector<IntakeProducer::Event> accepted;
  for (SubmittedEvent& event : submission->events) {
    EventOutcome outcome = judge_at_the_door(event.decoded, now);
    if (outcome.verdict == EventVerdict::kAccepted) {
      accepted.push_back({event.decoded.fact.account, event.original, {}});
      Headers& headers = accepted.back().attributes;
      if (event.binary) headers = kafka_attributes(submission->headers);
      if (!event.binary) headers = {{"content-type", "application/cloudevents+json"}};
      senders_.mark(submission->by, event.original, headers);
    } else {
      refused.push_back({now, outcome.reason, rejected_headers(submission->headers),
                         submission->source, std::string(event.original)});
    }
    result->events.push_back(std::move(outcome));
  }
  const auto unavailable = [](const std::string& why) {
    SubmitResult answer;
    answer.status = SubmitResult::Status::kUnavailable;
    answer.detail = why;
    return answer;
  };
  // One completion after all of them, the first error wins.
  struct Pending {
    explicit Pending(std::size_t answers) : left(answers) {}
    Mutex mutex;
    std::size_t left GUARDED_BY(mutex);
    std::string error GUARDED_BY(mutex);
  };
  const auto pending = std::make_shared<Pending>(refused.size() + (accepted.empty() ? 0 : 1) + 1);
  const auto finish = [pending, result, done, unavailable](const std::string& error) {
    std::string first_error;
    {
      const MutexLock lock(pending->mutex);
      if (pending->error.empty()) pending->error = error;
      if (--pending->left > 0) return;
      first_error = pending->error;
    }
    done(first_error.empty() ? std::move(*result) : unavailable(first_error));
  };
  const std::string busy = "too much is on its way to Kafka";
  for (const RejectedRecord& record : refused) {
    if (!producer_->reject(record, finish)) finish(busy);
  }
  if (!accepted.empty() && !producer_->send_all(accepted, finish)) finish(busy);
  finish({});
}

void KafkaNode::submit_own(OwnRecord record, OwnDone done) {
  const Instant now = clock_->now();
  const auto unavailable = [&done](const std::string& why) {
    done({OwnResult::Status::kUnavailable, {}, why});
  };
  if (const std::string sick = loop_->sick(); !sick.empty()) return unavailable(sick);
  const auto ask = asks_.begin(producer_->partitions(), done, now);
  if (!ask) return unavailable("too many such records are on their way");
  const std::string text = engine_record(record.type, "handed-in", record.data, now,
                                         record.subject.empty() ? "tocsin" : record.subject);
  const bool sent = producer_->control(
      text, [this, ask](PartitionId p, Offset offset) { asks_.placed(*ask, p, offset); },
      [this, ask](const std::string& error) {
        if (!error.empty()) asks_.failed(*ask, error);
      });
  if (!sent) asks_.failed(*ask, "too much is on its way to Kafka");
}

}  // namespace

std::unique_ptr<Node> make_kafka_node(const Config& config, const ConfiguredPolicy& policy,
                                      const std::string& roster, std::shared_ptr<Clock> clock,
                                      NodeReport report) {
  return std::make_unique<KafkaNode>(config, policy, roster, std::move(clock), report);
}

}  // namespace tocsin
