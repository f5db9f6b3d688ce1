// What a Kafka transaction costs here, and how fast records can be copied in transactions at all:
// the peer that the engine's own figures on Kafka are ratios of.
//
//   TOCSIN_KAFKA_BOOTSTRAP=$(scripts/kafka up) bench_kafka_transactions [--records N] [--bytes N]
//   [--replication N]
//
// Prints
//   latency   of a transaction of one record and its position through TransactionalWriter:
//             back to back, and one every 10 ms
//   answer    publish to intake → its transaction committed → seen by a committed reader
//   copy      of 4 partitions from intake to log in transactions of 500, 2,000 and 20,000 records:
//             bare librdkafka, the classes of connectors/kafka, and their ratio
//   read      of the log by LogFollower
// Exit status 3 where there is no broker.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/intake.h"
#include "connectors/kafka/log_tail.h"
#include "connectors/kafka/rdkafka.h"
#include "connectors/kafka/topics.h"
#include "connectors/kafka/transactions.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::steady_clock;

constexpr int kPartitions = 4;
constexpr int kLatencyRounds = 1000;
constexpr int kPacedRounds = 300;
constexpr Duration kPatience = seconds(60);

struct Options {
  int records = 400'000;
  int bytes = 300;
  int replication = 1;
};

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void print_latency(const char* what, std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double q) {
    return ms[static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1))];
  };
  std::printf("%-44s p50 %6.2f  p90 %6.2f  p99 %6.2f  max %7.2f ms\n", what, at(0.5), at(0.9),
              at(0.99), ms.back());
}

[[noreturn]] void die(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::exit(1);
}

void check(rdkafka::Error error) {
  if (error) die(rd_kafka_error_string(error.get()));
}

// A JSON-like text that zstd cannot make vanish: the key figures of compression stay realistic.
std::string payload(int i, int bytes) {
  std::string text = R"({"specversion":"1.0","id":")" + std::to_string(i) +
                     R"(","source":"/crm/bench","type":"tocsin.ticket.opened","data":{"note":")";
  std::uint32_t x = static_cast<std::uint32_t>(i) * 2654435761u;
  while (static_cast<int>(text.size()) < bytes - 3) {
    text += static_cast<char>('a' + ((x = x * 1664525 + 1013904223) >> 24) % 26);
  }
  return text + "\"}}";
}

void fill_intake(const KafkaSettings& settings, const Options& options) {
  const rdkafka::Handle handle(RD_KAFKA_PRODUCER, settings,
                               {{"linger.ms", "20"}, {"compression.type", "zstd"}});
  const rdkafka::Topic topic(
      rd_kafka_topic_new(handle.get(), settings.intake_topic().c_str(), nullptr));
  for (int i = 0; i < options.records; ++i) {
    const std::string value = payload(i, options.bytes);
    while (rdkafka::produce(handle.get(), topic, i % kPartitions, "account", value, {}, nullptr)) {
      rd_kafka_poll(handle.get(), 10);
    }
    if (i % 1000 == 0) rd_kafka_poll(handle.get(), 0);
  }
  rd_kafka_flush(handle.get(), rdkafka::timeout_ms(kPatience));
}

KafkaSettings fresh(const Options& options, const char* name) {
  KafkaSettings settings;
  settings.brokers = std::getenv("TOCSIN_KAFKA_BOOTSTRAP");
  settings.prefix =
      std::string("bench-") + name + "-" + std::to_string(Clock::now().time_since_epoch().count());
  settings.group = settings.prefix;
  create_topics(settings, {.partitions = kPartitions, .replication = options.replication});
  return settings;
}

// A node without an engine.
struct Node {
  explicit Node(const KafkaSettings& settings)
      : intake(settings, {.on_assigned = [this](const auto& p) { owned = p; },
                          .on_revoked = [this](const auto&, bool) { owned.clear(); }}),
        writer(settings, kLogMessageBytesMin) {
    while (owned.size() != kPartitions) intake.poll(milliseconds(10));
    writer.open(owned);
    std::map<PartitionId, Offset> zero;
    for (const PartitionId p : owned) zero[p] = 0;
    intake.start(zero);
    commit(position_only(intake.membership(), zero));
  }
  void commit(const Transaction& transaction) {
    const auto result = writer.commit(transaction);
    if (result.status != CommitStatus::kDurable) die(result.error);
  }
  std::vector<PartitionId> owned;
  IntakeConsumer intake;
  TransactionalWriter writer;
};

void bench_latency(const Options& options) {
  const auto settings = fresh(options, "latency");
  Node node(settings);
  const auto round = [&](Offset i) {
    Transaction transaction = position_only(node.intake.membership(), {{0, i}});
    transaction.parts[0].append("account", payload(static_cast<int>(i), options.bytes));
    const auto start = Clock::now();
    node.commit(transaction);
    return ms_since(start);
  };
  for (int i = 0; i < 50; ++i) round(i);  // warm
  std::vector<double> ms;
  for (int i = 0; i < kLatencyRounds; ++i) ms.push_back(round(i));
  print_latency("transaction of one record, back to back", ms);
  ms.clear();
  auto next = Clock::now();
  for (int i = 0; i < kPacedRounds; ++i) {
    std::this_thread::sleep_until(next += std::chrono::milliseconds(10));
    ms.push_back(round(i));
  }
  print_latency("transaction of one record, every 10 ms", ms);
}

void bench_answer(const Options& options) {
  const auto settings = fresh(options, "answer");
  Node node(settings);
  LogFollower follower(settings);
  follower.follow({{0, 0}});
  const rdkafka::Handle producer(RD_KAFKA_PRODUCER, settings, {{"linger.ms", "0"}});
  const rdkafka::Topic topic(
      rd_kafka_topic_new(producer.get(), settings.intake_topic().c_str(), nullptr));
  std::vector<double> committed, seen;
  for (int i = 0; i < kPacedRounds + 20; ++i) {
    const auto start = Clock::now();
    check(rdkafka::produce(producer.get(), topic, 0, "account", payload(i, options.bytes), {},
                           nullptr));
    std::optional<IntakeRecord> record;
    while (!(record = node.intake.poll(milliseconds(100)))) {
    }
    Transaction transaction = position_only(node.intake.membership(), {{0, record->offset + 1}});
    transaction.parts[0].append(record->key, record->value);
    node.commit(transaction);
    const double at_commit = ms_since(start);
    while (!follower.poll(milliseconds(100))) {
    }
    if (i < 20) continue;  // warm
    committed.push_back(at_commit);
    seen.push_back(ms_since(start));
    rd_kafka_poll(producer.get(), 0);
  }
  print_latency("publish to intake → committed", committed);
  print_latency("publish to intake → seen by a reader", seen);
}

// The peer: librdkafka alone, with the settings that docs/kafka.md explains.
double copy_bare(const KafkaSettings& settings, const Options& options, int batch) {
  const rdkafka::Handle consumer(RD_KAFKA_CONSUMER, settings,
                                 {{"group.id", settings.group + "-bare"},
                                  {"enable.auto.commit", "false"},
                                  {"auto.offset.reset", "earliest"},
                                  {"isolation.level", "read_committed"}});
  rd_kafka_poll_set_consumer(consumer.get());
  const rdkafka::Handle producer(RD_KAFKA_PRODUCER, settings,
                                 {{"transactional.id", settings.group + "-bare"},
                                  {"compression.type", "zstd"},
                                  {"linger.ms", "0"},
                                  {"retry.backoff.ms", "1"}},
                                 nullptr, [](rd_kafka_conf_t* conf) {
                                   rd_kafka_conf_set_dr_msg_cb(
                                       conf, [](rd_kafka_t*, const rd_kafka_message_t*, void*) {});
                                 });
  check(rdkafka::Error(rd_kafka_init_transactions(producer.get(), 30'000)));
  const auto subscription = rdkafka::new_list();
  rdkafka::add(subscription, settings.intake_topic(), RD_KAFKA_PARTITION_UA, 0);
  rd_kafka_subscribe(consumer.get(), subscription.get());
  const rdkafka::Topic topic(
      rd_kafka_topic_new(producer.get(), settings.log_topic().c_str(), nullptr));

  std::map<PartitionId, Offset> next;
  int copied = 0;
  Clock::time_point start{};
  std::vector<rdkafka::Message> messages;
  while (copied < options.records) {
    messages.clear();
    while (static_cast<int>(messages.size()) < std::min(batch, options.records - copied)) {
      rdkafka::Message message(rd_kafka_consumer_poll(consumer.get(), 100));
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      if (start == Clock::time_point{}) start = Clock::now();  // joining the group is not copying
      next[message->partition] = message->offset + 1;
      messages.push_back(std::move(message));
    }
    check(rdkafka::Error(rd_kafka_begin_transaction(producer.get())));
    const auto list = rdkafka::new_list();
    for (const auto& [p, offset] : next) rdkafka::add(list, settings.intake_topic(), p, offset);
    auto* group = rd_kafka_consumer_group_metadata(consumer.get());
    check(rdkafka::Error(
        rd_kafka_send_offsets_to_transaction(producer.get(), list.get(), group, 30'000)));
    rd_kafka_consumer_group_metadata_destroy(group);
    for (const auto& message : messages) {
      if (rd_kafka_produce(topic.get(), message->partition, RD_KAFKA_MSG_F_COPY, message->payload,
                           message->len, message->key, message->key_len, nullptr) != 0) {
        die("produce");
      }
    }
    check(rdkafka::Error(rd_kafka_commit_transaction(producer.get(), 30'000)));
    copied += static_cast<int>(messages.size());
  }
  const double seconds = ms_since(start) / 1000;
  messages.clear();
  rd_kafka_consumer_close(consumer.get());
  return options.records / seconds;
}

double copy_ours(const KafkaSettings& settings, const Options& options, int batch) {
  Node node(settings);
  int copied = 0;
  Clock::time_point start{};
  while (copied < options.records) {
    Transaction transaction;
    transaction.membership = node.intake.membership();
    std::map<PartitionId, Batch> parts;
    const int size = std::min(batch, options.records - copied);
    for (int i = 0; i < size;) {
      auto record = node.intake.poll(milliseconds(100));
      if (!record) continue;
      if (start == Clock::time_point{}) start = Clock::now();
      Batch& part = parts[record->partition];
      part.partition = record->partition;
      part.intake_next = record->offset + 1;
      part.append(record->key, record->value);
      ++i;
    }
    for (auto& [partition, part] : parts) transaction.parts.push_back(std::move(part));
    node.commit(transaction);
    copied += size;
  }
  return options.records / (ms_since(start) / 1000);
}

void bench_copy(const Options& options) {
  for (const int batch : {500, 2'000, 20'000}) {
    auto settings = fresh(options, "copy");
    fill_intake(settings, options);
    const double bare = copy_bare(settings, options, batch);
    const double ours = copy_ours(settings, options, batch);
    std::printf("copy, %6d a transaction: bare %8.0f /s, connectors/kafka %8.0f /s, ratio %.2f\n",
                batch, bare, ours, ours / bare);

    LogFollower follower(settings);
    std::map<PartitionId, Offset> from;
    for (PartitionId p = 0; p < kPartitions; ++p) from[p] = 0;
    follower.follow(from);
    // Both copies are in the log.
    const int expected = 2 * options.records;
    Clock::time_point start{};
    for (int i = 0; i < expected;) {
      if (!follower.poll(milliseconds(100))) continue;
      if (i++ == 0) start = Clock::now();
    }
    std::printf("read of that log: %.0f /s\n", expected / (ms_since(start) / 1000));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const int value = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--records") == 0) options.records = value;
    if (std::strcmp(argv[i], "--bytes") == 0) options.bytes = value;
    if (std::strcmp(argv[i], "--replication") == 0) options.replication = value;
  }
  if (std::getenv("TOCSIN_KAFKA_BOOTSTRAP") == nullptr) {
    std::fprintf(
        stderr, "no broker: TOCSIN_KAFKA_BOOTSTRAP=$(scripts/kafka up) bench_kafka_transactions\n");
    return 3;
  }
  std::printf("librdkafka %s, %d partitions, replication %d, records of %d bytes\n",
              rd_kafka_version_str(), kPartitions, options.replication, options.bytes);
  try {
    bench_latency(options);
    bench_answer(options);
    bench_copy(options);
  } catch (const std::exception& e) {
    die(e.what());
  }
  return 0;
}
