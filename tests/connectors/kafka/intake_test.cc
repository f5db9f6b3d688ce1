#include "connectors/kafka/intake.h"

#include <gtest/gtest.h>

#include <future>

#include "connectors/kafka/intake_producer.h"
#include "connectors/kafka/murmur2.h"
#include "tests/connectors/kafka/broker.h"

namespace tocsin {
namespace {

using kafka_test::eventually;
using kafka_test::kPartitions;
using kafka_test::Member;
using kafka_test::read_topic;
using kafka_test::RealBroker;
using kafka_test::Stranger;

class Intake : public RealBroker {
 protected:
  void SetUp() override {
    RealBroker::SetUp();
    if (!IsSkipped()) create();
  }
};

TEST_F(Intake, HandsOutRecordsAsTheyCame) {
  Stranger stranger(settings);
  const std::string topic = settings.intake_topic();
  const Headers binary{
      {"content-type", "application/json"}, {"ce_id", "1"}, {"ce_subject", "票/1"}};
  const std::string structured = R"({"specversion":"1.0","id":"2"})";
  stranger.publish(topic, 1, "ACME", R"({"priority":"P1"})", binary);
  stranger.publish(topic, 1, "ACME", structured,
                   {{"Content-Type", "application/cloudevents+json; charset=UTF-8"}});
  stranger.publish(topic, 1, "ACME", std::nullopt);
  stranger.publish(topic, 1, "", std::nullopt, {{"ce_id", "3"}});
  stranger.publish(topic, 1, "", "");

  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  EXPECT_FALSE(member.intake.poll(milliseconds(200))) << "nothing comes before start()";
  EXPECT_EQ(member.intake.position(1), -1);
  member.take_over();

  auto record = member.next();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->partition, 1);
  EXPECT_EQ(record->offset, 0);
  EXPECT_EQ(record->key, "ACME");
  EXPECT_EQ(record->value, R"({"priority":"P1"})");
  EXPECT_EQ(record->headers, binary);
  EXPECT_GT(record->timestamp.ms, 0);
  record = member.next();
  EXPECT_EQ(record->value, structured);
  EXPECT_EQ(record->header("Content-Type"), "application/cloudevents+json; charset=UTF-8");
  record = member.next();
  EXPECT_TRUE(record->tombstone());
  record = member.next();
  EXPECT_TRUE(record->null_value);
  EXPECT_TRUE(record->keyless);
  EXPECT_FALSE(record->tombstone());
  record = member.next();
  EXPECT_FALSE(record->null_value);
  EXPECT_EQ(record->value, "");
  EXPECT_EQ(member.intake.position(1), 5);
  EXPECT_EQ(member.intake.position(0), 0);
  EXPECT_EQ(member.intake.ends({0, 1}), (std::map<PartitionId, Offset>{{0, 0}, {1, 5}}));
}

TEST_F(Intake, ProbeSaysWhetherAnythingIsUnread) {
  Stranger stranger(settings);
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  const auto ask = [&] {
    const auto number = member.intake.probe({0, 1, 2, 3});
    EXPECT_TRUE(eventually([&] { return member.intake.probed().number >= number; }));
    EXPECT_EQ(member.intake.probed().error, "");
    return member.intake.probed().ends;
  };
  EXPECT_EQ(ask().at(2), 0);
  stranger.publish(settings.intake_topic(), 2, "ACME", "1");
  EXPECT_EQ(ask().at(2), 1) << "an asking that began after the record was appended shows it";
  EXPECT_LT(member.intake.position(2), 1);
  ASSERT_TRUE(member.next());
  EXPECT_EQ(member.intake.position(2), ask().at(2));
  EXPECT_TRUE(eventually([&] {
    member.intake.poll(milliseconds(1));
    return member.intake.last_seen_end(2) == 1;
  }));
}

// Uncommitted records of a producer with transactions are no facts yet, and must not hold dues
// back.
TEST_F(Intake, EndIsTheLastStableOffset) {
  Stranger transactional(settings, {{"transactional.id", settings.group + "-crm"}});
  ASSERT_FALSE(rdkafka::Error(rd_kafka_init_transactions(transactional.rk(), 30'000)));
  ASSERT_FALSE(rdkafka::Error(rd_kafka_begin_transaction(transactional.rk())));
  transactional.publish(settings.intake_topic(), 0, "ACME", "open");
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  EXPECT_EQ(member.intake.ends({0}).at(0), 0);
  EXPECT_FALSE(member.intake.poll(milliseconds(200)));
  ASSERT_FALSE(rdkafka::Error(rd_kafka_commit_transaction(transactional.rk(), 30'000)));
  EXPECT_EQ(member.next()->value, "open");
  // The commit marker stands at offset 1.
  EXPECT_TRUE(eventually([&] { return member.intake.ends({0}).at(0) == 2; }));
}

TEST_F(Intake, PauseSeekAndResumeLoseAndRepeatNothing) {
  Stranger stranger(settings);
  constexpr int kRecords = 200;
  for (int i = 0; i < kRecords; ++i) {
    stranger.send(settings.intake_topic(), i % 2, "ACME", std::to_string(i / 2));
  }
  rd_kafka_flush(stranger.rk(), 30'000);
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  std::map<PartitionId, int> expected{{0, 0}, {1, 0}};
  int received = 0;
  ASSERT_TRUE(eventually([&] {
    const auto record = member.intake.poll(milliseconds(10));
    if (record) {
      EXPECT_EQ(record->value, std::to_string(expected[record->partition]++));
      ++received;
      if (received == 20) member.intake.pause({0});
      if (received == 60) member.intake.resume({0});
      if (received == 80) {
        member.intake.seek(1, 3);
        expected[1] = 3;
      }
    }
    return expected[0] == kRecords / 2 && expected[1] == kRecords / 2;
  }));
  EXPECT_FALSE(member.intake.poll(milliseconds(200))) << "nothing twice";
}

TEST_F(Intake, PartitionsAreSharedWithAnotherMemberAndComeBack) {
  Member first(settings, rejected_bytes_max);
  ASSERT_TRUE(first.joined(4));
  {
    Member second(settings, rejected_bytes_max);
    ASSERT_TRUE(eventually([&] {
      first.intake.poll(milliseconds(10));
      second.intake.poll(milliseconds(10));
      return first.gained.size() == 2 && second.gained.size() == 2;
    }));
    EXPECT_NE(first.gained, second.gained);
    EXPECT_EQ(first.revocations, 1);
    EXPECT_FALSE(first.was_lost);
  }
  ASSERT_TRUE(first.joined(4));
  first.intake.rejoin();
  EXPECT_TRUE(first.gained.empty());
  ASSERT_TRUE(first.joined(4));
}

// A position that Kafka no longer has must stop the node, not move it.
TEST_F(Intake, ThereIsNoAutomaticReset) {
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.intake.start({{0, 1'000}});
  EXPECT_THROW(static_cast<void>(
                   eventually([&] { return member.intake.poll(milliseconds(10)).has_value(); })),
               std::runtime_error);
}

// --- The door ------------------------------------------------------------------------------------

TEST_F(Intake, DoorWritesDurablyToTheAccountsPartition) {
  IntakeProducer door(settings, rejected_bytes_max);
  std::promise<std::string> done;
  ASSERT_TRUE(door.send_all({{"ACME", R"({"id":"1"})"}, {"foobar", R"({"id":"2"})"}},
                            [&](const std::string& error) { done.set_value(error); }));
  EXPECT_EQ(done.get_future().get(), "");
  EXPECT_EQ(door.pending(), 0);
  const auto records =
      read_topic(settings, settings.intake_topic(), partition_of("ACME", kPartitions));
  ASSERT_GE(records.size(), 1u);
  EXPECT_EQ(records[0].key, "ACME");
  EXPECT_EQ(records[0].value, R"({"id":"1"})");
  EXPECT_EQ(records[0].header("content-type"), "application/cloudevents+json; charset=UTF-8");
}

TEST_F(Intake, DoorKeepsWhatItRefuses) {
  {
    IntakeProducer door(settings, rejected_bytes_max);
    ASSERT_TRUE(door.reject({Instant{1'000},
                             "malformed",
                             {{"content-type", "text/plain"}},
                             "http 127.0.0.1:5000",
                             "{oops"},
                            nullptr));
    // Its destructor waits for what is under way.
  }
  KafkaRejectedReader reader(settings);
  std::vector<RejectedRecord> found;
  for (PartitionId p = 0; p < reader.partitions(); ++p) {
    reader.read(p, 0, [&](Offset, const RejectedRecord& record) {
      found.push_back(record);
      return true;
    });
  }
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reason, "malformed");
  EXPECT_EQ(found[0].source, "http 127.0.0.1:5000");
  EXPECT_EQ(found[0].original, "{oops");
  EXPECT_EQ(found[0].arrived, Instant{1'000});
  EXPECT_EQ(found[0].headers, (Headers{{"content-type", "text/plain"}}));
}

TEST_F(Intake, DoorTellsWhenNothingCanBeWritten) {
  IntakeProducer door(settings, rejected_bytes_max);
  std::promise<std::string> done;
  // Larger than intake's max.message.bytes even when compressed.
  std::string noise(3'000'000, '\0');
  ASSERT_TRUE(door.send("ACME", noise, [&](const std::string& error) { done.set_value(error); }));
  EXPECT_NE(done.get_future().get(), "");
  EXPECT_EQ(door.pending(), 0);
}

TEST_F(Intake, DoorTakesAWholeRequestOrNothing) {
  IntakeProducer door(settings, rejected_bytes_max);
  const std::vector<IntakeProducer::Event> too_many(IntakeProducer::kRecordsMax + 1, {"A", "{}"});
  EXPECT_FALSE(door.send_all(too_many, [](const std::string&) { FAIL() << "called"; }));
  EXPECT_EQ(door.pending(), 0);
}

// Properties that we do not know pass through; the broker of scripts/kafka has a SASL listener on
// the port after its plain one.
TEST_F(Intake, SaslSettingsPassThrough) {
  const auto colon = settings.brokers.find(':');
  const int port = std::stoi(settings.brokers.substr(colon + 1)) + 1;
  settings.brokers = settings.brokers.substr(0, colon) + ":" + std::to_string(port);
  settings.properties = {{"security.protocol", "sasl_plaintext"},
                         {"sasl.mechanism", "PLAIN"},
                         {"sasl.username", "tocsin"},
                         {"sasl.password", "tocsin-secret"}};
  for (const auto& fault : check_topics(settings, std::nullopt).faults)
    ADD_FAILURE() << fault.text();
  settings.properties["sasl.password"] = "wrong";
  settings.request_timeout = seconds(2);
  EXPECT_THROW(check_topics(settings, std::nullopt), std::runtime_error);
}

}  // namespace
}  // namespace tocsin
