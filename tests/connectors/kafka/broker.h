// What the tests against a real broker share: its address, topics of their own, a stranger's
// producer and a stranger's committed reader.
//
// Without TOCSIN_KAFKA_BOOTSTRAP they skip and say how to run. A broker is never mocked here: the
// mock of librdkafka does not enforce transactions, so that it proves nothing.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/intake.h"
#include "connectors/kafka/log_tail.h"
#include "connectors/kafka/rdkafka.h"
#include "connectors/kafka/topics.h"
#include "connectors/kafka/transactions.h"

namespace tocsin::kafka_test {

constexpr int kPartitions = 4;
constexpr Duration kPatience = seconds(30);  // far beyond what anything here takes

class RealBroker : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* bootstrap = std::getenv("TOCSIN_KAFKA_BOOTSTRAP");
    if (bootstrap == nullptr || *bootstrap == '\0') {
      GTEST_SKIP() << "SKIPPED, NOTHING PROVEN: no Kafka broker. Run: "
                      "TOCSIN_KAFKA_BOOTSTRAP=$(scripts/kafka up) <this program>";
    }
    settings.brokers = bootstrap;
    static int made = 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    settings.prefix = "test-" + std::to_string(getpid()) + "-" +
                      std::to_string(now % 1'000'000'000) + "-" + std::to_string(++made);
    settings.group = settings.prefix;
    settings.session_timeout = seconds(2);
  }

  void create(int partitions = kPartitions) {
    create_topics(settings, {.partitions = partitions, .replication = 1});
    rejected_bytes_max = check_topics(settings, std::nullopt).rejected_bytes_max;
  }

  KafkaSettings settings;
  std::int64_t rejected_bytes_max = 0;
};

// Waits for a condition, never for a time.
inline ::testing::AssertionResult eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatience.ms);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return ::testing::AssertionFailure() << "not within " << kPatience.ms << " ms";
    }
  }
  return ::testing::AssertionSuccess();
}

// A producer that knows nothing of tocsin; returns the offset that the record got.
class Stranger {
 public:
  explicit Stranger(const KafkaSettings& settings, std::map<std::string, std::string> more = {})
      : handle_(RD_KAFKA_PRODUCER, settings, with_defaults(std::move(more)), this,
                [](rd_kafka_conf_t* conf) {
                  rd_kafka_conf_set_dr_msg_cb(
                      conf, [](rd_kafka_t* rk, const rd_kafka_message_t* message, void*) {
                        auto& self = *static_cast<Stranger*>(rdkafka::opaque_of(rk));
                        self.error_ = message->err;
                        self.offset_ = message->offset;
                      });
                }) {}

  Offset publish(const std::string& topic, PartitionId partition, std::string_view key,
                 std::optional<std::string_view> value, const Headers& headers = {}) {
    send(topic, partition, key, value, headers);
    rd_kafka_flush(rk(), rdkafka::timeout_ms(kPatience));
    if (error_ != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rdkafka::text_of(error_));
    return offset_;
  }
  void send(const std::string& topic, PartitionId partition, std::string_view key,
            std::optional<std::string_view> value, const Headers& headers = {}) {
    const rdkafka::Topic handle(rd_kafka_topic_new(rk(), topic.c_str(), nullptr));
    const auto error = rdkafka::produce(rk(), handle, partition, key, value, headers, nullptr);
    if (error) throw std::runtime_error(rd_kafka_error_string(error.get()));
  }
  rd_kafka_t* rk() const { return handle_.get(); }

 private:
  static std::map<std::string, std::string> with_defaults(std::map<std::string, std::string> more) {
    more.emplace("message.max.bytes", "100000000");
    more.emplace("linger.ms", "0");
    return more;
  }
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  Offset offset_ = -1;
  rdkafka::Handle handle_;
};

// Everything that a plain consumer with that isolation sees of a partition, when all that was
// written so far is settled (a commit's marker may come a moment after the commit returned).
inline std::vector<IntakeRecord> read_topic(const KafkaSettings& settings, const std::string& topic,
                                            PartitionId partition,
                                            const char* isolation = "read_committed") {
  const rdkafka::Handle handle(RD_KAFKA_CONSUMER, settings,
                               {{"group.id", "stranger-" + settings.group},
                                {"enable.auto.commit", "false"},
                                {"auto.offset.reset", "earliest"},
                                {"enable.partition.eof", "true"},
                                {"fetch.wait.max.ms", "10"},
                                {"isolation.level", isolation}});
  const auto list = rdkafka::new_list();
  rdkafka::add(list, topic, partition, 0);
  rd_kafka_assign(handle.get(), list.get());
  const rdkafka::Handle all(RD_KAFKA_PRODUCER, settings, {{"isolation.level", "read_uncommitted"}});
  const Offset end =
      rdkafka::list_offsets(all.get(), topic, {partition}, rdkafka::kLatest, kPatience)
          .at(partition);
  std::vector<IntakeRecord> records;
  while (true) {
    const rdkafka::Message message(
        rd_kafka_consumer_poll(handle.get(), rdkafka::timeout_ms(kPatience)));
    if (!message) throw std::runtime_error("no answer while reading " + topic);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && message->offset >= end) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) records.push_back(rdkafka::to_record(*message));
  }
  rd_kafka_consumer_close(handle.get());
  return records;
}

// A member of the group with the takeover already done, as the node's loop does it.
struct Member {
  explicit Member(const KafkaSettings& settings, std::int64_t rejected_bytes_max)
      : writer(settings, rejected_bytes_max),
        intake(settings, {.on_assigned =
                              [this](const std::vector<PartitionId>& partitions) {
                                gained = partitions;
                                ++assignments;
                              },
                          .on_revoked =
                              [this](const std::vector<PartitionId>&, bool lost) {
                                gained.clear();
                                ++revocations;
                                was_lost = lost;
                              }}) {}

  // Polls until the group has given us `count` partitions.
  ::testing::AssertionResult joined(std::size_t count) {
    return eventually([&] {
      intake.poll(milliseconds(10));
      return gained.size() == count;
    });
  }
  void take_over(std::optional<Offset> in_log = std::nullopt) {
    writer.open(gained);
    const auto committed = intake.committed(gained);
    std::map<PartitionId, Offset> starts;
    for (const auto& [partition, range] : intake.ranges(gained)) {
      const auto it = committed.find(partition);
      starts[partition] = choose_start(
          "intake", partition, it == committed.end() ? std::nullopt : std::optional(it->second),
          in_log, range);
    }
    intake.start(starts);
  }
  // The next record; fails the test when none comes.
  std::optional<IntakeRecord> next() {
    std::optional<IntakeRecord> record;
    EXPECT_TRUE(eventually([&] { return (record = intake.poll(milliseconds(10))).has_value(); }));
    return record;
  }
  Transaction transaction(PartitionId partition, Offset next,
                          const std::vector<std::string>& values = {}) {
    Transaction transaction;
    transaction.membership = intake.membership();
    Batch batch;
    batch.partition = partition;
    batch.intake_next = next;
    for (const auto& value : values) batch.append("ACME", value);
    transaction.parts.push_back(batch);
    return transaction;
  }

  std::vector<PartitionId> gained;
  int assignments = 0;
  int revocations = 0;
  bool was_lost = false;
  TransactionalWriter writer;
  IntakeConsumer intake;
};

inline std::vector<std::string> values(const std::vector<IntakeRecord>& records) {
  std::vector<std::string> texts;
  for (const auto& record : records) texts.push_back(record.value);
  return texts;
}

}  // namespace tocsin::kafka_test
