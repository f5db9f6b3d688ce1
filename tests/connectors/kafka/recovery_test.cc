// The whole takeover and recovery order, in the smallest node that there can be: its decision is to
// copy each intake record to the log once, and it knows what it has copied from the log alone.
// A broker of its own is killed under it, and a second node takes its partitions and gives them
// back.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "tests/connectors/kafka/broker.h"

namespace tocsin {
namespace {

using kafka_test::eventually;
using kafka_test::kPatience;
using kafka_test::RealBroker;

constexpr int kFacts = 1'200;
constexpr int kBrokerKills = 2;
constexpr int kPartitions = 2;

class CopyNode {
 public:
  CopyNode(const KafkaSettings& settings, std::int64_t rejected_bytes_max)
      : settings_(settings),
        writer_(settings, rejected_bytes_max),
        reader_(settings),
        intake_(settings, {.on_assigned = [this](const auto& p) { gained(p); },
                           .on_revoked = [this](const auto&, bool) { lost(); }}) {}

  // One turn of the loop. Whatever fails ends in taking over anew: nothing is guessed.
  void turn() {
    auto record = intake_.poll(milliseconds(5));
    if (!owned_.empty() && !ready_) {
      try {
        take_over();
      } catch (const std::runtime_error& e) {
        ++recoveries;  // the broker is away: the next turn tries again
      }
    }
    if (!record || !ready_) return;
    Transaction transaction =
        position_only(intake_.membership(), {{record->partition, record->offset + 1}});
    // The only rule of this engine: a fact that the log holds is dropped.
    if (!folded_[record->partition].contains(record->value)) {
      transaction.parts[0].append(record->key, record->value);
    }
    const auto result = writer_.commit(transaction);
    if (result.status == CommitStatus::kDurable) {
      folded_[record->partition].insert(record->value);
      return;
    }
    ++failures[result.status];
    ready_ = false;
    if (result.status == CommitStatus::kFenced) intake_.rejoin();
  }

  std::map<CommitStatus, int> failures;
  int recoveries = 0;
  std::atomic<bool> owner = false;

 private:
  void gained(const std::vector<PartitionId>& partitions) {
    owned_ = partitions;
    ready_ = false;
  }
  void lost() {
    owned_.clear();
    ready_ = false;
    owner = false;
  }

  void take_over() {
    writer_.open(owned_);
    const auto committed = intake_.committed(owned_);
    std::map<PartitionId, Offset> starts;
    for (const auto& [partition, range] : intake_.ranges(owned_)) {
      const auto it = committed.find(partition);
      starts[partition] = choose_start(
          "intake", partition, it == committed.end() ? std::nullopt : std::optional(it->second),
          std::nullopt, range);
      const Offset end = reader_.settled_end(partition, kPatience);
      folded_[partition].clear();
      const Offset next = reader_.read(partition, 0, [&](Offset, auto, std::string_view value) {
        folded_[partition].emplace(value);
        return true;
      });
      if (next < end) throw std::runtime_error("the log was not read to its end");
    }
    const auto proof = writer_.commit(position_only(intake_.membership(), starts));
    if (proof.status == CommitStatus::kFenced) return intake_.rejoin();
    if (proof.status != CommitStatus::kDurable) throw std::runtime_error(proof.error);
    intake_.start(starts);
    ready_ = true;
    owner = true;
  }

  KafkaSettings settings_;
  std::vector<PartitionId> owned_;
  bool ready_ = false;
  std::map<PartitionId, std::set<std::string, std::less<>>> folded_;
  TransactionalWriter writer_;
  KafkaLogReader reader_;
  IntakeConsumer intake_;
};

class Recovery : public RealBroker {
 protected:
  void SetUp() override {
    RealBroker::SetUp();
    if (IsSkipped()) return;
    // A cluster of its own, since its broker is killed; the jars are those of the running one.
    const char* shared = std::getenv("TOCSIN_KAFKA_DIR");
    const std::string scratch = shared ? shared : std::string(TOCSIN_SOURCE_DIR) + "/.kafka";
    folder = scratch + "/recovery-" + std::to_string(getpid());
    // Tests that run side by side look for free ports from different ones on.
    const std::string port = std::to_string(21'000 + getpid() % 800 * 10);
    script = "TOCSIN_KAFKA_DIR=" + folder + " TOCSIN_KAFKA_JARS=${TOCSIN_KAFKA_JARS:-" + scratch +
             "/jars-${TOCSIN_KAFKA_VERSION:-4.1.1}} TOCSIN_KAFKA_PORT=" + port +
             " " TOCSIN_SOURCE_DIR "/scripts/kafka ";
    settings.brokers = run("up");
    ASSERT_NE(settings.brokers, "") << "scripts/kafka up failed in " << folder;
    settings.session_timeout = seconds(3);
    create(kPartitions);
    // So short that a broker's restart outlasts it, and transactions fail in every way they can.
    settings.request_timeout = seconds(1);
  }
  void TearDown() override {
    if (folder.empty()) return;
    run("down --wipe");
    std::filesystem::remove_all(folder);
  }
  // First line of what the script prints.
  std::string run(const std::string& command) const {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        popen((script + command + " 2>/dev/null").c_str(), "r"), pclose);
    std::string line;
    for (int c = 0; (c = std::fgetc(pipe.get())) != EOF && c != '\n';) line += static_cast<char>(c);
    return line;
  }
  std::size_t committed_records() {
    std::size_t count = 0;
    for (PartitionId p = 0; p < kPartitions; ++p) {
      count += kafka_test::read_topic(settings, settings.log_topic(), p).size();
    }
    return count;
  }
  void expect_each_fact_once() {
    std::multiset<std::string> seen;
    for (PartitionId p = 0; p < kPartitions; ++p) {
      for (const auto& record : kafka_test::read_topic(settings, settings.log_topic(), p)) {
        seen.insert(record.value);
      }
    }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(kFacts));
    for (int i = 0; i < kFacts; ++i) {
      EXPECT_EQ(seen.count(std::to_string(i)), 1u) << "fact " << i;
    }
  }
  void publish_facts() {
    kafka_test::Stranger stranger(settings, {{"enable.idempotence", "true"}});
    for (int i = 0; i < kFacts; ++i) {
      stranger.send(settings.intake_topic(), i % kPartitions, "ACME", std::to_string(i));
    }
    rd_kafka_flush(stranger.rk(), rdkafka::timeout_ms(kPatience));
  }

  std::string folder, script;
};

TEST_F(Recovery, ABrokerKilledUnderLoadLosesAndRepeatsNothing) {
  publish_facts();
  CopyNode node(settings, rejected_bytes_max);
  std::atomic<bool> done = false;
  std::thread killer([&] {
    for (int i = 1; i <= kBrokerKills; ++i) {
      // At some point between two shares of the work, wherever a transaction is then.
      const auto share = static_cast<std::size_t>(kFacts * i / (kBrokerKills + 1));
      EXPECT_TRUE(eventually([&] { return committed_records() >= share; }));
      run("kill 1");
      run("up");
    }
    EXPECT_TRUE(eventually([&] { return committed_records() >= kFacts; }));
    done = true;
  });
  while (!done) node.turn();
  killer.join();
  expect_each_fact_once();
  int failed = 0;
  for (const auto& [status, count] : node.failures) failed += count;
  RecordProperty("failed_transactions", failed);
  std::printf("failed transactions: %d, takeovers tried in vain: %d\n", failed, node.recoveries);
}

TEST_F(Recovery, TwoNodesThatComeAndGoLoseAndRepeatNothing) {
  publish_facts();
  CopyNode first(settings, rejected_bytes_max);
  std::atomic<bool> done = false;
  std::thread other([&] {
    for (int i = 1; !done; ++i) {
      CopyNode second(settings, rejected_bytes_max);
      int turns_as_owner = 0;
      while (!done && turns_as_owner < 100) {
        second.turn();
        if (second.owner) ++turns_as_owner;
      }
    }
  });
  std::thread watcher([&] {
    EXPECT_TRUE(eventually([&] { return committed_records() >= kFacts; }));
    done = true;
  });
  while (!done) first.turn();
  other.join();
  watcher.join();
  expect_each_fact_once();
}

}  // namespace
}  // namespace tocsin
