#include "connectors/kafka/transactions.h"

#include <gtest/gtest.h>

#include <thread>

#include "connectors/kafka/murmur2.h"
#include "tests/connectors/kafka/broker.h"

namespace tocsin {
namespace {

using kafka_test::eventually;
using kafka_test::Member;
using kafka_test::read_topic;
using kafka_test::RealBroker;
using kafka_test::Stranger;
using kafka_test::values;
using Texts = std::vector<std::string>;

// The test double of a writer that does not send its position: all else as TransactionalWriter does
// it, and a transactional id of its own, so that only the group's generation could fence it.
class WriterWithSwitch {
 public:
  WriterWithSwitch(const KafkaSettings& settings, bool send_position)
      : settings_(settings),
        send_position_(send_position),
        handle_(RD_KAFKA_PRODUCER, settings,
                {{"transactional.id", settings.group + "-double"},
                 {"transaction.timeout.ms", std::to_string(settings.transaction_timeout.ms)},
                 {"retry.backoff.ms", "1"}}) {
    const rdkafka::Error error(rd_kafka_init_transactions(handle_.get(), 30'000));
    EXPECT_FALSE(error);
  }
  ~WriterWithSwitch() { rdkafka::Error(rd_kafka_abort_transaction(handle_.get(), 10'000)); }

  void begin() { ASSERT_FALSE(rdkafka::Error(rd_kafka_begin_transaction(handle_.get()))); }
  rdkafka::Error send_position(const Membership& membership, PartitionId partition, Offset next) {
    const auto list = rdkafka::new_list();
    rdkafka::add(list, settings_.intake_topic(), partition, next);
    return rdkafka::Error(
        rd_kafka_send_offsets_to_transaction(handle_.get(), list.get(), membership.get(), 10'000));
  }
  void produce(PartitionId partition, std::string_view value) {
    const rdkafka::Topic topic(
        rd_kafka_topic_new(handle_.get(), settings_.log_topic().c_str(), nullptr));
    ASSERT_FALSE(rdkafka::produce(handle_.get(), topic, partition, "ACME", value, {}, nullptr));
    rd_kafka_flush(handle_.get(), 10'000);
  }
  rdkafka::Error end() {
    return rdkafka::Error(rd_kafka_commit_transaction(handle_.get(), 10'000));
  }

  // A whole transaction; the code it failed with, or NO_ERROR.
  rd_kafka_resp_err_t commit(const Membership& membership, PartitionId partition, Offset next,
                             const std::string& value) {
    begin();
    if (send_position_) {
      if (const auto error = send_position(membership, partition, next)) {
        return rd_kafka_error_code(error.get());
      }
    }
    produce(partition, value);
    const auto error = end();
    return error ? rd_kafka_error_code(error.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
  }

 private:
  KafkaSettings settings_;
  bool send_position_;
  rdkafka::Handle handle_;
};

class Transactions : public RealBroker {
 protected:
  void SetUp() override {
    RealBroker::SetUp();
    if (!IsSkipped()) create();
  }
};

TEST_F(Transactions, ABatchIsVisibleWholeWithItsOffsetsAndPosition) {
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  const auto empty = member.writer.commit(
      position_only(member.intake.membership(), {{0, 0}, {1, 0}, {2, 0}, {3, 0}}));
  ASSERT_EQ(empty.status, CommitStatus::kDurable) << empty.error;

  auto transaction = member.transaction(1, 7, {"a", "b"});
  transaction.parts.push_back(member.transaction(2, 9, {"c"}).parts[0]);
  transaction.parts[1].rejected.push_back(
      {Instant{5}, "malformed", {{"h", "v"}}, "kafka x:2:8", "{"});
  const auto result = member.writer.commit(transaction);
  ASSERT_EQ(result.status, CommitStatus::kDurable) << result.error;
  EXPECT_EQ(result.parts[0].first, 0);
  EXPECT_EQ(result.parts[0].next, 2);
  EXPECT_EQ(result.parts[1].first, 0);
  EXPECT_EQ(result.parts[1].next, 1);

  // A control record takes offset 2 of partition 1.
  const auto again = member.writer.commit(member.transaction(1, 8, {"d"}));
  EXPECT_EQ(again.parts[0].first, 3);
  EXPECT_EQ(again.parts[0].next, 4);

  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 1)), (Texts{"a", "b", "d"}));
  const auto rejected = read_topic(settings, settings.rejected_topic(), 2);
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(read_rejected(rejected[0].value, rejected[0].headers).reason, "malformed");
  const auto committed = member.intake.committed({0, 1, 2, 3});
  EXPECT_EQ(committed, (std::map<PartitionId, Offset>{{0, 0}, {1, 8}, {2, 9}, {3, 0}}));

  // The position stands in the log too, on the last record of a transaction.
  const auto log = read_topic(settings, settings.log_topic(), 1);
  EXPECT_EQ(log[0].header(kIntakeHeader), std::nullopt);
  EXPECT_EQ(log[1].header(kIntakeHeader), "7");
  EXPECT_EQ(log[2].header(kIntakeHeader), "8");
  EXPECT_EQ(member.writer.counters().committed, 3u);
  EXPECT_EQ(member.writer.counters().log_records, 4u);
}

TEST_F(Transactions, ReadCommittedHidesWhatWasAborted) {
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  {
    WriterWithSwitch doomed(settings, true);
    doomed.begin();
    doomed.produce(0, "never");
  }
  ASSERT_EQ(member.writer.commit(member.transaction(0, 1, {"kept"})).status,
            CommitStatus::kDurable);
  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 0)), Texts{"kept"});
  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 0, "read_uncommitted")),
            (Texts{"never", "kept"}));
  KafkaLogReader reader(settings);
  Texts seen;
  const Offset next = reader.read(0, 0, [&](Offset, std::string_view, std::string_view value) {
    seen.emplace_back(value);
    return true;
  });
  EXPECT_EQ(seen, Texts{"kept"});
  // never 0, abort marker 1, kept 2, commit marker 3.
  EXPECT_EQ(next, 4);
  EXPECT_EQ(reader.settled_end(0, seconds(5)), 4);
}

// --- T1: the zombie -----------------------------------------------------------------------------

// A node was expelled and does not know it: it still holds the membership of the old generation.
// With its position in the transaction it is fenced; without, it commits into a partition that
// another node owns. That second half is the proof that the position must always be sent.
class Zombie : public Transactions {
 protected:
  // The double commits under the generation of a member that has been replaced.
  rd_kafka_resp_err_t commit_as_zombie(bool send_position) {
    auto old = std::make_unique<Member>(settings, rejected_bytes_max);
    EXPECT_TRUE(old->joined(4));
    const Membership membership = old->intake.membership();
    WriterWithSwitch zombie(settings, send_position);
    EXPECT_EQ(zombie.commit(membership, 0, 0, "before"), RD_KAFKA_RESP_ERR_NO_ERROR);
    old.reset();
    Member owner(settings, rejected_bytes_max);
    EXPECT_TRUE(owner.joined(4));
    return zombie.commit(membership, 0, 0, "zombie");
  }
};

TEST_F(Zombie, IsFencedWhenItsPositionIsSent) {
  const auto code = commit_as_zombie(true);
  EXPECT_TRUE(code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
              code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
      << rdkafka::text_of(code);
  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 0)), Texts{"before"});
}

TEST_F(Zombie, CommitsWhenItsPositionIsNotSent) {
  EXPECT_EQ(commit_as_zombie(false), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 0)), (Texts{"before", "zombie"}))
      << "Kafka has closed the trap itself: docs/kafka.md T1 and ADR 0050 can be relaxed";
}

// The same through the real writer, with a batch from timers alone (no record was read).
TEST_F(Zombie, TimerOnlyTransactionOfTheRealWriterIsFenced) {
  Member old(settings, rejected_bytes_max);
  ASSERT_TRUE(old.joined(4));
  old.take_over();
  const Transaction timers = old.transaction(0, 0, {"before"});
  ASSERT_EQ(old.writer.commit(timers).status, CommitStatus::kDurable);

  // It stops polling and heartbeating as a suspended process does: its client is gone, its writer
  // and what it decided stay.
  old.intake.leave();
  Member owner(settings, rejected_bytes_max);
  ASSERT_TRUE(owner.joined(4));
  auto late = timers;
  late.parts[0].log[0].value = "zombie";
  const auto result = old.writer.commit(late);
  EXPECT_EQ(result.status, CommitStatus::kFenced) << result.error;
  EXPECT_EQ(old.writer.counters().fenced, 1u);
  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 0)), Texts{"before"});
}

// The second fence: the new owner's open() shuts the old writer out even in mid-transaction.
TEST_F(Zombie, IsShutOutByTheNewOwnersOpen) {
  Member old(settings, rejected_bytes_max);
  ASSERT_TRUE(old.joined(4));
  old.take_over();
  ASSERT_EQ(old.writer.commit(old.transaction(3, 0, {"before"})).status, CommitStatus::kDurable);
  TransactionalWriter owner(settings, rejected_bytes_max);
  owner.open({0, 1});  // partition 0 gave the old writer its id
  const auto result = old.writer.commit(old.transaction(3, 1, {"zombie"}));
  EXPECT_EQ(result.status, CommitStatus::kFenced) << result.error;
  EXPECT_FALSE(old.writer.ready());
  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 3)), Texts{"before"});
}

// --- Takeover -----------------------------------------------------------------------------------

// A writer dies inside a transaction that holds its position: the new owner must neither read the
// old position nor fold the log before that transaction is settled.
TEST_F(Transactions, CommittedPositionWaitsForAnOpenTransaction) {
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  ASSERT_EQ(member.writer.commit(member.transaction(0, 5, {"a"})).status, CommitStatus::kDurable);

  WriterWithSwitch dying(settings, true);
  dying.begin();
  ASSERT_FALSE(dying.send_position(member.intake.membership(), 0, 6));
  dying.produce(0, "b");
  KafkaLogReader reader(settings);
  EXPECT_THROW(reader.settled_end(0, milliseconds(50)), std::runtime_error);

  std::atomic<bool> answered = false;
  std::map<PartitionId, Offset> committed;
  std::thread asking([&] {
    committed = member.intake.committed({0});
    answered = true;
  });
  // Ten round trips to the same coordinator later it still has no answer.
  for (int i = 0; i < 10; ++i) member.intake.ranges({0});
  EXPECT_FALSE(answered);
  ASSERT_FALSE(dying.end());
  asking.join();
  EXPECT_EQ(committed, (std::map<PartitionId, Offset>{{0, 6}}));
  // a 0, marker 1, b 2, marker 3.
  EXPECT_EQ(reader.settled_end(0, seconds(10)), 4);
}

// An idle group's offsets expire after seven days; here somebody deletes them.
TEST_F(Transactions, PositionComesFromTheLogWhenTheGroupsIsGone) {
  Stranger stranger(settings);
  for (const char* value : {"0", "1", "2"}) {
    stranger.publish(settings.intake_topic(), 0, "ACME", value);
  }
  {
    Member member(settings, rejected_bytes_max);
    ASSERT_TRUE(member.joined(4));
    member.take_over();
    EXPECT_EQ(member.next()->value, "0");
    EXPECT_EQ(member.next()->value, "1");
    ASSERT_EQ(member.writer.commit(member.transaction(0, 2, {"fact"})).status,
              CommitStatus::kDurable);
  }
  const rdkafka::Handle admin(RD_KAFKA_PRODUCER, settings, {});
  const rdkafka::Queue queue(rd_kafka_queue_new(admin.get()));
  ASSERT_TRUE(eventually([&] {
    // The group must be empty first; the member that left may be listed for a moment.
    rd_kafka_DeleteGroup_t* group = rd_kafka_DeleteGroup_new(settings.group.c_str());
    rd_kafka_DeleteGroups(admin.get(), &group, 1, nullptr, queue.get());
    const rdkafka::Event event(rd_kafka_queue_poll(queue.get(), 30'000));
    rd_kafka_DeleteGroup_destroy(group);
    std::size_t count = 0;
    const auto** results = rd_kafka_DeleteGroups_result_groups(
        rd_kafka_event_DeleteGroups_result(event.get()), &count);
    return count == 1 && rd_kafka_group_result_error(results[0]) == nullptr;
  }));

  Offset in_log = -1;
  LogFollower follower(settings);
  follower.follow({{0, 0}});
  ASSERT_TRUE(eventually([&] {
    if (const auto entry = follower.poll(milliseconds(10))) in_log = entry->intake_next;
    return in_log >= 0;
  }));
  EXPECT_EQ(in_log, 2);
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  EXPECT_TRUE(member.intake.committed({0, 1, 2, 3}).empty());
  member.writer.open(member.gained);
  member.intake.start(
      {{0, choose_start("intake", 0, std::nullopt, in_log, member.intake.ranges({0}).at(0))}});
  EXPECT_EQ(member.next()->value, "2");
}

TEST(ChooseStart, TakesTheLaterPositionAndRefusesHoles) {
  const PositionRange range{10, 20};
  EXPECT_EQ(choose_start("t", 0, std::nullopt, std::nullopt, range), 10);
  EXPECT_EQ(choose_start("t", 0, 12, std::nullopt, range), 12);
  EXPECT_EQ(choose_start("t", 0, std::nullopt, 13, range), 13);
  EXPECT_EQ(choose_start("t", 0, 12, 13, range), 13);
  EXPECT_EQ(choose_start("t", 0, 14, 13, range), 14);
  EXPECT_EQ(choose_start("t", 0, 10, std::nullopt, range), 10);
  EXPECT_THROW(choose_start("t", 0, 9, std::nullopt, range), std::runtime_error);
  EXPECT_EQ(choose_start("t", 0, 20, std::nullopt, range), 20);
  EXPECT_THROW(choose_start("t", 0, std::nullopt, 21, range), std::runtime_error);
}

// --- Records that must not stop a partition -----------------------------------------------------

// An 8 MB record that compresses into intake's 1 MiB: its rejected copy is cut and noted, and the
// partition goes on.
TEST_F(Transactions, ARecordTooBigForRejectedIsCutAndThePartitionGoesOn) {
  constexpr std::size_t kBytes = 8'000'000;
  Stranger stranger(settings, {{"compression.type", "zstd"}});
  stranger.publish(settings.intake_topic(), 2, "ACME", std::string(kBytes, 'x'));
  stranger.publish(settings.intake_topic(), 2, "ACME", "after");

  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  const auto big = member.next();
  ASSERT_TRUE(big);
  ASSERT_EQ(big->value.size(), kBytes);
  auto transaction = member.transaction(2, 1);
  transaction.parts[0].rejected.push_back(
      reject(*big, settings.intake_topic(), "too_large", Instant{0}));
  const auto result = member.writer.commit(transaction);
  ASSERT_EQ(result.status, CommitStatus::kDurable) << result.error;
  EXPECT_EQ(member.writer.counters().rejected_cut, 1u);
  EXPECT_EQ(member.next()->value, "after");

  const auto rejected = read_topic(settings, settings.rejected_topic(), 2);
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].header(kOriginalLengthHeader), std::to_string(kBytes));
  EXPECT_EQ(rejected[0].header(kReasonHeader), "too_large");
  EXPECT_GT(rejected[0].value.size(), 2'000'000u);
}

// Bytes that do not compress, at the largest size that intake takes, are kept whole.
TEST_F(Transactions, TheLargestIncompressibleRecordOfIntakeIsRejectedWhole) {
  std::string noise(1'048'000, '\0');
  std::uint32_t x = 1;
  for (auto& c : noise) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  Stranger stranger(settings);
  stranger.publish(settings.intake_topic(), 0, "ACME", noise);
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  const auto record = member.next();
  auto transaction = member.transaction(0, 1);
  transaction.parts[0].rejected.push_back(
      reject(*record, settings.intake_topic(), "too_large", Instant{0}));
  ASSERT_EQ(member.writer.commit(transaction).status, CommitStatus::kDurable);
  const auto rejected = read_topic(settings, settings.rejected_topic(), 0);
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].value, noise);
}

TEST_F(Transactions, ALogRecordThatCanNeverFitIsRefusedAndTheWriterGoesOn) {
  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  std::string noise(3'000'000, '\0');
  const auto refused = member.writer.commit(member.transaction(0, 1, {noise}));
  EXPECT_EQ(refused.status, CommitStatus::kRefused);
  EXPECT_NE(refused.error.find("size"), std::string::npos) << refused.error;
  EXPECT_TRUE(member.writer.ready());
  EXPECT_EQ(member.writer.commit(member.transaction(0, 1, {"fits"})).status,
            CommitStatus::kDurable);
  EXPECT_EQ(values(read_topic(settings, settings.log_topic(), 0)), Texts{"fits"});
}

// --- Re-routing ---------------------------------------------------------------------------------

TEST_F(Transactions, AFactInTheWrongPartitionIsMovedOnceInTheSameTransaction) {
  const PartitionId right = partition_of("ACME", kafka_test::kPartitions);
  const PartitionId wrong = (right + 1) % kafka_test::kPartitions;
  Stranger stranger(settings);
  stranger.publish(settings.intake_topic(), wrong, "", "fact", {{"ce_partitionkey", "ACME"}});

  Member member(settings, rejected_bytes_max);
  ASSERT_TRUE(member.joined(4));
  member.take_over();
  const auto found = member.next();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->keyless);
  const auto target = reroute_target(*found, "ACME", member.intake.partitions());
  ASSERT_EQ(target, right);
  auto transaction = member.transaction(wrong, 1);
  transaction.reroutes.push_back({*target, "ACME", *found});
  ASSERT_EQ(member.writer.commit(transaction).status, CommitStatus::kDurable);
  EXPECT_EQ(member.writer.counters().rerouted, 1u);

  const auto moved = member.next();
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->partition, right);
  EXPECT_EQ(moved->key, "ACME");
  EXPECT_EQ(moved->value, "fact");
  EXPECT_EQ(moved->header("ce_partitionkey"), "ACME");
  EXPECT_EQ(moved->source(settings.intake_topic()),
            "kafka " + settings.intake_topic() + ":" + std::to_string(wrong) + ":0");
  EXPECT_EQ(reroute_target(*moved, "ACME", member.intake.partitions()), std::nullopt);
  EXPECT_EQ(member.intake.committed({wrong}), (std::map<PartitionId, Offset>{{wrong, 1}}));
}

}  // namespace
}  // namespace tocsin
