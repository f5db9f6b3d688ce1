#include "connectors/kafka/topics.h"

#include <gtest/gtest.h>

#include "tests/connectors/kafka/broker.h"

namespace tocsin {
namespace {

KafkaSettings some_settings() {
  KafkaSettings settings;
  settings.brokers = "nowhere:9092";
  return settings;
}

std::map<std::string, TopicFound> good_topics(std::int32_t replication = 3) {
  const auto settings = some_settings();
  std::map<std::string, TopicFound> found;
  for (const auto& name : {settings.intake_topic(), settings.log_topic(), settings.rejected_topic(),
                           settings.control_topic()}) {
    found[name] = {12, replication, wanted_config(settings, name, replication)};
    found[name].config.emplace("retention.ms", "604800000");  // Kafka's default, on intake
  }
  return found;
}

std::vector<std::string> faults(const std::map<std::string, TopicFound>& found,
                                std::optional<std::int32_t> in_log = std::nullopt) {
  std::vector<std::string> texts;
  for (const auto& fault : judge_topics(some_settings(), found, in_log).faults) {
    texts.push_back(fault.text());
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(JudgeTopics, AcceptsWhatCreateMakes) {
  EXPECT_EQ(faults(good_topics()), Texts{});
  EXPECT_EQ(faults(good_topics(1)), Texts{});
  EXPECT_EQ(judge_topics(some_settings(), good_topics(3), std::nullopt).warnings.size(), 0u);
  EXPECT_EQ(judge_topics(some_settings(), good_topics(1), std::nullopt).warnings.size(), 4u);
  EXPECT_EQ(judge_topics(some_settings(), good_topics(), 12).partitions, 12);
}

TEST(JudgeTopics, NamesAMissingTopic) {
  auto found = good_topics();
  found["tocsin.rejected"].partitions = 0;
  EXPECT_EQ(faults(found),
            Texts{"topic tocsin.rejected does not exist; `tocsin topics create` makes it"});
}

// Each setting that loses data or stops the engine, one at a time.
TEST(JudgeTopics, RefusesEachSettingThatLosesData) {
  struct Case {
    const char* topic;
    const char* setting;
    const char* value;
    const char* text;
  };
  const Case cases[] = {
      {"tocsin.log", "cleanup.policy", "compact",
       "topic tocsin.log: cleanup.policy is compact, wanted delete"},
      {"tocsin.log", "retention.ms", "604800000",
       "topic tocsin.log: retention.ms is 604800000, wanted -1"},
      {"tocsin.log", "retention.bytes", "1000000000",
       "topic tocsin.log: retention.bytes is 1000000000, wanted -1"},
      {"tocsin.rejected", "cleanup.policy", "compact,delete",
       "topic tocsin.rejected: cleanup.policy is compact,delete, wanted delete"},
      {"tocsin.rejected", "retention.ms", "604800000",
       "topic tocsin.rejected: retention.ms is 604800000, wanted -1"},
      {"tocsin.intake", "cleanup.policy", "compact",
       "topic tocsin.intake: cleanup.policy is compact, wanted delete"},
      {"tocsin.log", "min.insync.replicas", "1",
       "topic tocsin.log: min.insync.replicas is 1, wanted at least 2"},
      {"tocsin.intake", "unclean.leader.election.enable", "true",
       "topic tocsin.intake: unclean.leader.election.enable is true, wanted false"},
      {"tocsin.log", "max.message.bytes", "1048588",
       "topic tocsin.log: max.message.bytes is 1048588, wanted at least 2097152"},
      {"tocsin.intake", "max.message.bytes", "262144",
       "topic tocsin.intake: max.message.bytes is 262144, wanted at least 524288"},
      {"tocsin.intake", "max.message.bytes", "3000000",
       "topic tocsin.rejected: max.message.bytes is 2097176, wanted at least 6000000, twice that "
       "of "
       "tocsin.intake"},
  };
  for (const auto& wrong : cases) {
    auto found = good_topics();
    found[wrong.topic].config[wrong.setting] = wrong.value;
    EXPECT_EQ(faults(found), Texts{wrong.text});
  }
}

TEST(JudgeTopics, RefusesAnotherPartitionCount) {
  auto found = good_topics();
  found["tocsin.log"].partitions = 6;
  EXPECT_EQ(faults(found),
            Texts{"topic tocsin.log: partitions is 6, wanted 12 as tocsin.intake has"});
  for (auto& [name, topic] : found) topic.partitions = 24;
  EXPECT_EQ(faults(found, 12).size(), 4u);
  EXPECT_EQ(faults(found, 12)[0],
            "topic tocsin.intake: partitions is 24, wanted 12 as the log was begun with");
}

TEST(Settings, RefusesAPropertyThatExactlyOnceRestsOn) {
  auto settings = some_settings();
  settings.properties["security.protocol"] = "SASL_SSL";
  EXPECT_NO_THROW(check_settings(settings));
  settings.properties["isolation.level"] = "read_uncommitted";
  EXPECT_THROW(check_settings(settings), std::invalid_argument);
}

using kafka_test::RealBroker;

TEST_F(RealBroker, TopicsAreCreatedOnceAndFoundGood) {
  EXPECT_EQ(create_topics(settings, {.partitions = 4, .replication = 1}).size(), 4u);
  EXPECT_EQ(create_topics(settings, {.partitions = 4, .replication = 1}).size(), 0u);
  const auto checked = check_topics(settings, 4);
  for (const auto& fault : checked.faults) ADD_FAILURE() << fault.text();
  EXPECT_EQ(checked.partitions, 4);
  EXPECT_EQ(checked.rejected_bytes_max, 2 * kIntakeMessageBytes);
}

// A topic that somebody made with Kafka's own defaults: seven days of retention, 1 MiB.
TEST_F(RealBroker, TopicsMadeWithKafkasDefaultsAreRefused) {
  create(4);
  const rdkafka::Handle admin(RD_KAFKA_PRODUCER, settings, {});
  // AlterConfigs without entries gives a topic the broker's defaults.
  using Resource =
      std::unique_ptr<rd_kafka_ConfigResource_t, rdkafka::Destroy<rd_kafka_ConfigResource_destroy>>;
  const Resource resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, settings.log_topic().c_str()));
  rd_kafka_ConfigResource_t* raw = resource.get();
  const rdkafka::Queue queue(rd_kafka_queue_new(admin.get()));
  rd_kafka_AlterConfigs(admin.get(), &raw, 1, nullptr, queue.get());
  const rdkafka::Event event(rd_kafka_queue_poll(queue.get(), 30'000));
  ASSERT_TRUE(event);
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);

  ASSERT_TRUE(kafka_test::eventually([&] { return !check_topics(settings, 4).faults.empty(); }));
  Texts texts;
  for (const auto& fault : check_topics(settings, 4).faults) texts.push_back(fault.text());
  const std::string log = settings.log_topic();
  EXPECT_EQ(texts,
            (Texts{"topic " + log + ": retention.ms is 604800000, wanted -1",
                   "topic " + log + ": max.message.bytes is 1048588, wanted at least 2097152"}));
  EXPECT_EQ(
      check_topics(settings, 8).faults[0].text(),
      "topic " + settings.intake_topic() + ": partitions is 4, wanted 8 as the log was begun with");
}

TEST_F(RealBroker, ABrokerThatIsNotThereIsNamed) {
  settings.brokers = "127.0.0.1:1";
  settings.request_timeout = seconds(1);
  try {
    check_topics(settings, std::nullopt);
    FAIL() << "no error";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("no broker answers at 127.0.0.1:1"), std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace tocsin
