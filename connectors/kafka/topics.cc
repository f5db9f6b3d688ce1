#include "connectors/kafka/topics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <thread>

#include "connectors/kafka/rdkafka.h"

namespace tocsin {
namespace {

constexpr std::int32_t kReplicationForSafety = 3;
constexpr std::size_t kErrorBytes = 512;
constexpr Duration kNewTopicPatience = seconds(2);
constexpr Duration kNewTopicStep = milliseconds(20);

std::vector<std::string> names(const KafkaSettings& settings) {
  return {settings.intake_topic(), settings.log_topic(), settings.rejected_topic(),
          settings.control_topic()};
}

std::optional<std::int64_t> number(const std::map<std::string, std::string>& config,
                                   const std::string& name) {
  const auto it = config.find(name);
  if (it == config.end()) return std::nullopt;
  std::int64_t value = 0;
  const char* end = it->second.data() + it->second.size();
  const auto [stop, error] = std::from_chars(it->second.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string shown(const std::map<std::string, std::string>& config, const std::string& name) {
  const auto it = config.find(name);
  return it == config.end() ? "unknown" : it->second;
}

class Judge {
 public:
  Judge(std::vector<TopicFault>& faults, const std::string& topic, const TopicFound& found)
      : faults_(faults), topic_(topic), found_(found) {}

  void is(const std::string& setting, const std::string& wanted) {
    const std::string value = shown(found_.config, setting);
    if (value != wanted) faults_.push_back({topic_, setting, value, wanted});
  }
  void at_least(const std::string& setting, std::int64_t wanted) {
    const auto value = number(found_.config, setting);
    if (!value || *value < wanted) {
      faults_.push_back({topic_, setting, shown(found_.config, setting),
                         std::string("at least ").append(std::to_string(wanted))});
    }
  }

 private:
  std::vector<TopicFault>& faults_;
  const std::string& topic_;
  const TopicFound& found_;
};

rdkafka::Event wait_for(const rdkafka::Queue& queue, const KafkaSettings& settings,
                        const std::string& what) {
  rdkafka::Event event(
      rd_kafka_queue_poll(queue.get(), rdkafka::timeout_ms(settings.request_timeout)));
  if (!event) throw std::runtime_error("kafka: " + what + ": no answer from " + settings.brokers);
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("kafka: " + what + ": " + rd_kafka_event_error_string(event.get()));
  }
  return event;
}

rdkafka::AdminOptions admin_options(rd_kafka_t* rk, rd_kafka_admin_op_t op,
                                    const KafkaSettings& settings) {
  rdkafka::AdminOptions options(rd_kafka_AdminOptions_new(rk, op));
  std::array<char, kErrorBytes> error{};
  rd_kafka_AdminOptions_set_request_timeout(
      options.get(), rdkafka::timeout_ms(settings.request_timeout), error.data(), error.size());
  return options;
}

using Metadata =
    std::unique_ptr<const rd_kafka_metadata_t, rdkafka::Destroy<rd_kafka_metadata_destroy>>;

Metadata cluster_metadata(rd_kafka_t* rk, const KafkaSettings& settings) {
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code =
      rd_kafka_metadata(rk, 1, nullptr, &raw, rdkafka::timeout_ms(settings.request_timeout));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("kafka: no broker answers at " + settings.brokers + ": " +
                             rdkafka::text_of(code));
  }
  return Metadata(raw);
}

std::map<std::string, TopicFound> find_topics(rd_kafka_t* rk, const KafkaSettings& settings) {
  std::map<std::string, TopicFound> found;
  for (const auto& name : names(settings)) found[name];
  const Metadata metadata = cluster_metadata(rk, settings);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& topic = metadata->topics[i];
    const auto it = found.find(topic.topic);
    if (it == found.end() || topic.partition_cnt == 0) continue;
    it->second.partitions = topic.partition_cnt;
    it->second.replication = topic.partitions[0].replica_cnt;
    for (int p = 1; p < topic.partition_cnt; ++p) {
      it->second.replication = std::min(it->second.replication, topic.partitions[p].replica_cnt);
    }
  }
  return found;
}

// A topic that was just created is not known to every broker at once.
std::map<std::string, TopicFound> find_topics_with_patience(rd_kafka_t* rk,
                                                            const KafkaSettings& settings) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kNewTopicPatience.ms);
  while (true) {
    auto found = find_topics(rk, settings);
    const bool all = std::all_of(found.begin(), found.end(),
                                 [](const auto& entry) { return entry.second.partitions > 0; });
    if (all || std::chrono::steady_clock::now() >= deadline) return found;
    std::this_thread::sleep_for(std::chrono::milliseconds(kNewTopicStep.ms));
  }
}

void read_configs(rd_kafka_t* rk, const KafkaSettings& settings,
                  std::map<std::string, TopicFound>& found) {
  using Resource =
      std::unique_ptr<rd_kafka_ConfigResource_t, rdkafka::Destroy<rd_kafka_ConfigResource_destroy>>;
  std::vector<Resource> resources;
  std::vector<rd_kafka_ConfigResource_t*> raw;
  for (const auto& [name, topic] : found) {
    if (topic.partitions == 0) continue;
    resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    raw.push_back(resources.back().get());
  }
  if (raw.empty()) return;
  const rdkafka::Queue queue(rd_kafka_queue_new(rk));
  const auto options = admin_options(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, settings);
  rd_kafka_DescribeConfigs(rk, raw.data(), raw.size(), options.get(), queue.get());
  const rdkafka::Event event = wait_for(queue, settings, "reading the topics' settings");

  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  std::size_t count = 0;
  const auto** answers = rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConfigResource_name(answers[i]);
    if (rd_kafka_ConfigResource_error(answers[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* why = rd_kafka_ConfigResource_error_string(answers[i]);
      throw std::runtime_error(
          "kafka: settings of topic " + name + " cannot be read: " +
          (why ? why : rdkafka::text_of(rd_kafka_ConfigResource_error(answers[i]))));
    }
    std::size_t entries = 0;
    const auto** entry = rd_kafka_ConfigResource_configs(answers[i], &entries);
    for (std::size_t e = 0; e < entries; ++e) {
      const char* value = rd_kafka_ConfigEntry_value(entry[e]);
      found[name].config[rd_kafka_ConfigEntry_name(entry[e])] = value ? value : "";
    }
  }
}

}  // namespace

std::string TopicFault::text() const {
  if (setting == "existence") {
    return "topic " + topic + " does not exist; `tocsin topics create` makes it";
  }
  return "topic " + topic + ": " + setting + " is " + found + ", wanted " + wanted;
}

std::map<std::string, std::string> wanted_config(const KafkaSettings& settings,
                                                 const std::string& topic,
                                                 std::int32_t replication) {
  const bool intake = topic == settings.intake_topic();
  const bool safe = replication >= kReplicationForSafety;
  std::map<std::string, std::string> config{
      {"cleanup.policy", "delete"},
      {"compression.type", "producer"},
      {"max.message.bytes",
       std::to_string(intake ? kIntakeMessageBytes
                             : std::max(kLogMessageBytesMin, 2 * kIntakeMessageBytes))},
      {"min.insync.replicas", safe ? "2" : "1"},
  };
  if (!intake) {
    config.emplace("retention.ms", "-1");
    config.emplace("retention.bytes", "-1");
  }
  if (safe) config.emplace("unclean.leader.election.enable", "false");
  return config;
}

std::vector<std::string> create_topics(const KafkaSettings& settings, const TopicPlan& plan) {
  if (plan.partitions < 1) throw std::invalid_argument("kafka: --partitions must be at least 1");
  if (plan.replication < 1) throw std::invalid_argument("kafka: --replication must be at least 1");
  const rdkafka::Handle handle(RD_KAFKA_PRODUCER, settings, {});
  using NewTopic =
      std::unique_ptr<rd_kafka_NewTopic_t, rdkafka::Destroy<rd_kafka_NewTopic_destroy>>;
  std::vector<NewTopic> topics;
  std::vector<rd_kafka_NewTopic_t*> raw;
  std::vector<std::string> created;
  std::array<char, kErrorBytes> error{};
  for (const auto& [name, found] : find_topics(handle.get(), settings)) {
    if (found.partitions > 0) continue;
    topics.emplace_back(rd_kafka_NewTopic_new(name.c_str(), plan.partitions, plan.replication,
                                              error.data(), error.size()));
    if (!topics.back()) throw std::invalid_argument("kafka: topic " + name + ": " + error.data());
    for (const auto& [key, value] : wanted_config(settings, name, plan.replication)) {
      rd_kafka_NewTopic_set_config(topics.back().get(), key.c_str(), value.c_str());
    }
    raw.push_back(topics.back().get());
    created.push_back(name);
  }
  if (raw.empty()) return {};

  const rdkafka::Queue queue(rd_kafka_queue_new(handle.get()));
  const auto options = admin_options(handle.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS, settings);
  // Return only when every broker knows them: the next command may ask any broker.
  rd_kafka_AdminOptions_set_operation_timeout(
      options.get(), rdkafka::timeout_ms(settings.request_timeout), error.data(), error.size());
  rd_kafka_CreateTopics(handle.get(), raw.data(), raw.size(), options.get(), queue.get());
  const rdkafka::Event event = wait_for(queue, settings, "creating the topics");
  std::size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    // Another node may have created it in the meantime; check_topics judges what it made.
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const char* why = rd_kafka_topic_result_error_string(results[i]);
    throw std::runtime_error(std::string("kafka: topic ") + rd_kafka_topic_result_name(results[i]) +
                             " was not created: " + (why ? why : rdkafka::text_of(code)));
  }
  static_cast<void>(find_topics_with_patience(handle.get(), settings));
  return created;
}

TopicsChecked check_topics(const KafkaSettings& settings,
                           std::optional<std::int32_t> partitions_in_log) {
  const rdkafka::Handle handle(RD_KAFKA_PRODUCER, settings, {});
  auto found = find_topics_with_patience(handle.get(), settings);
  read_configs(handle.get(), settings, found);
  return judge_topics(settings, found, partitions_in_log);
}

TopicsChecked judge_topics(const KafkaSettings& settings,
                           const std::map<std::string, TopicFound>& found,
                           std::optional<std::int32_t> partitions_in_log) {
  TopicsChecked checked;
  auto& faults = checked.faults;
  const std::string intake = settings.intake_topic();
  for (const auto& name : names(settings)) {
    if (found.at(name).partitions == 0) faults.push_back({name, "existence", "none", "a topic"});
  }
  if (!faults.empty()) return checked;

  checked.partitions = found.at(intake).partitions;
  for (const auto& name : names(settings)) {
    const TopicFound& topic = found.at(name);
    if (topic.partitions != checked.partitions) {
      faults.push_back({name, "partitions", std::to_string(topic.partitions),
                        std::to_string(checked.partitions) + " as " + intake + " has"});
    } else if (partitions_in_log && topic.partitions != *partitions_in_log) {
      faults.push_back({name, "partitions", std::to_string(topic.partitions),
                        std::to_string(*partitions_in_log) + " as the log was begun with"});
    }

    Judge judge(faults, name, topic);
    judge.is("cleanup.policy", "delete");
    if (topic.replication >= kReplicationForSafety) {
      judge.at_least("min.insync.replicas", 2);
      judge.is("unclean.leader.election.enable", "false");
    } else {
      checked.warnings.push_back("topic " + name + " has replication " +
                                 std::to_string(topic.replication) +
                                 ": losing a broker loses it or stops it; wanted 3");
    }
    if (name == intake) {
      judge.at_least("max.message.bytes", kIntakeMessageBytesMin);
      continue;
    }
    judge.is("retention.ms", "-1");
    judge.is("retention.bytes", "-1");
    judge.at_least("max.message.bytes", kLogMessageBytesMin);
  }

  const auto intake_bytes = number(found.at(intake).config, "max.message.bytes");
  const auto rejected_bytes =
      number(found.at(settings.rejected_topic()).config, "max.message.bytes");
  checked.rejected_bytes_max = rejected_bytes.value_or(0);
  // Below kLogMessageBytesMin the fault is named already.
  if (intake_bytes && checked.rejected_bytes_max >= kLogMessageBytesMin &&
      checked.rejected_bytes_max < 2 * *intake_bytes) {
    faults.push_back({settings.rejected_topic(), "max.message.bytes",
                      std::to_string(checked.rejected_bytes_max),
                      std::string("at least ").append(std::to_string(2 * *intake_bytes)) +
                          ", twice that of " + intake});
  }
  return checked;
}

}  // namespace tocsin
