// Worlds of one to three nodes on brokers in memory: rebalances, nodes that are expelled and do not know
// it, commits that are refused or whose outcome is unknown, restarts, slow stores, facts in the wrong
// partition, records for every partition, clocks that are set back.
#include <gtest/gtest.h>

#include <deque>

#include "app/kafka_loop.h"
#include "app/policy_record.h"
#include "connectors/kafka/murmur2.h"
#include "tests/engine/property_facts.h"
#include "tests/sim/checks.h"
#include "tests/sim/settings.h"
#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_node.h"
#include "tests/sim/world.h"

namespace tocsin::sim {
namespace {

class KafkaWorld : public TroubledWorld {
 public:
  KafkaWorld(std::uint64_t seed, bool loud)
      : TroubledWorld(seed, loud),
        partitions_(static_cast<std::int32_t>(1 + random_.below(3))),
        broker_(partitions_, random_, [this](Duration d) { pass(d.ms); }) {
    policy_ = one_of_them();
    story_ = StoryTeller(*policy_.policy(), seed).tell();
    time_.truth = story_.in_order.empty() ? 1'772'000'000'000 : story_.in_order.front().arrival.ms;
    for (std::uint64_t n = 1 + random_.below(3); n > 0; --n) nodes_.emplace_back();
    broker_.before_commit = [this](int process) { overtake(process); };
  }

  void run() {
    in_order_ = random_.chance(50);
    const auto& deliveries = in_order_ ? story_.in_order : story_.late;
    for (const Delivery& delivery : deliveries) {
      while (time_.truth < delivery.arrival.ms && wrong_.empty()) {
        const std::int64_t left = delivery.arrival.ms - time_.truth;
        pass(random_.chance(30) ? left : random_.between(1, std::max<std::int64_t>(2, left / 2)));
        if (random_.chance(60)) step_some();
      }
      send(story_.facts[delivery.fact]);
      trouble();
      step_some();
      if (!wrong_.empty()) return;
    }
    settle();
  }

  std::size_t fenced() const { return broker_.fenced(); }

 private:
  struct Process {
    SimStore store;
    OwnAsks asks;
    std::optional<ClockMemory> memory;
    std::shared_ptr<WallClock> clock;
    std::unique_ptr<KafkaLoop> loop;
    bool asleep = false;
  };

  void start(std::size_t i) {
    Process& p = nodes_[i];
    WallClockOptions clock;
    const std::int64_t skew = static_cast<std::int64_t>(i) * 150;  // machines differ by some
    clock.wall = [this, skew] { return time_.read() + time_.wall_error + skew; };
    clock.since_boot = [this] { return time_.since_boot; };
    clock.boot = "boot";
    p.clock = std::make_shared<WallClock>(std::move(clock));
    KafkaLoopOptions options;
    options.kafka = broker_.connect(static_cast<int>(i));
    options.policy = policy_;
    options.hot_entities = 1000;
    options.partitions = partitions_;
    options.max_hold = days(400);  // whatever is unread is read first
    options.clock = p.clock;
    options.report = [this, i](std::string_view level, std::string_view event,
                               std::string_view detail) {
      say("node " + std::to_string(i) + " " + std::string(level) + " " + std::string(event) + " " +
          std::string(detail));
    };
    p.loop = std::make_unique<KafkaLoop>(std::move(options), p.store, p.asks, CommittedListener{});
    p.loop->begin();
  }

  void kill(std::size_t i) {
    say("node " + std::to_string(i) + " dies");
    nodes_[i].loop.reset();
    nodes_[i].store.die();
    nodes_[i].asleep = false;
  }

  void step(std::size_t i) {
    Process& p = nodes_[i];
    if (p.asleep) return;
    try {
      if (!p.loop) start(i);
      p.loop->round();
    } catch (const std::exception& error) {
      wrong("node " + std::to_string(i) + " stopped: " + error.what());
    }
    if (random_.chance(40)) p.store.write(random_.below(6));
  }

  // The node of a commit that is under way is expelled, and others go on with its partitions before the commit
  // is there.
  void overtake(int process) {
    if (settling_ || overtaking_ || !random_.chance(2)) return;
    overtaking_ = true;
    say("node " + std::to_string(process) + " is expelled while it commits");
    broker_.expel(process);
    for (std::uint64_t n = random_.below(12); n > 0 && wrong_.empty(); --n) {
      const std::size_t i = random_.below(nodes_.size());
      if (static_cast<int>(i) != process) step(i);
    }
    overtaking_ = false;
  }

  void step_some() {
    for (std::size_t n = 1 + random_.below(4); n > 0 && wrong_.empty(); --n)
      step(random_.below(nodes_.size()));
  }

  void send(const Given& given) {
    PartitionId to = partition_of(given.account, partitions_);
    if (random_.chance(5))
      to = static_cast<PartitionId>(random_.below(static_cast<std::uint64_t>(partitions_)));
    const Given& said = senders_.say(given, {time_.truth + time_.wall_error});
    broker_.publish(to, said.account, line_of(said));
    if (random_.chance(8)) broker_.publish(to, said.account, line_of(said));  // a producer's retry
    sent_.insert(said.id);
    published_.push_back({said.account, said.time, {time_.truth}});
  }

  void trouble() {
    const std::size_t i = random_.below(nodes_.size());
    broker_.trouble = {};
    if (random_.chance(5)) {
      kill(i);
      if (random_.chance(10)) nodes_[i].store.lose_everything();
    } else if (random_.chance(5)) {
      say("node " + std::to_string(i) + " hangs and is expelled");
      nodes_[i].asleep = true;
      broker_.expel(static_cast<int>(i));
    } else if (random_.chance(20)) {
      for (Process& p : nodes_) p.asleep = false;
    } else if (random_.chance(5)) {
      broker_.rebalance();
    } else if (random_.chance(6)) {
      broker_.trouble.refused = 50;
    } else if (random_.chance(6)) {
      broker_.trouble.unknown = 50;
    } else if (random_.chance(3)) {
      broker_.trouble.silent = true;
    } else if (random_.chance(3)) {
      nodes_[i].store.block("the test wants it");
    } else if (random_.chance(4)) {
      hand_in();
    } else if (sets_back_ && random_.chance(8)) {
      set_the_clocks_back();
    }
    if (random_.chance(30)) {
      for (Process& p : nodes_) p.store.block({});
    }
  }

  // So long that the nodes come to believe it.
  void set_the_clocks_back() {
    time_.wall_error = -random_.between(minutes(10).ms, hours(3).ms);
    say("the wall clocks are set back by " + std::to_string(-time_.wall_error) + " ms");
    for (int i = 0; i < 4; ++i) {
      pass(random_.between(1, minutes(10).ms));
      step_some();
    }
  }

  const ConfiguredPolicy& one_of_them() { return policies()[random_.below(policies().size())]; }

  void hand_in() {
    const bool roster = random_.chance(50);
    std::string data = R"({"text":"away: [Li Wei]\n"})";
    if (!roster) {
      const ConfiguredPolicy& next = one_of_them();
      data = policy_data(next.text(), *next.policy(), 0, random_.chance(40), "the test");
      changes_policy_ = true;
    }
    const std::string type = roster ? "tocsin.engine.roster" : "tocsin.engine.policy";
    say("hand in " + type);
    std::string record;
    append_own_event(record, {"handed-in", type, "tocsin", "tocsin", {}, {}, data});
    broker_.publish_control(record);
    ++handed_in_;
  }

  void settle() {
    say("settle");
    settling_ = true;
    time_.wall_error = 0;
    broker_.trouble = {};
    for (Process& p : nodes_) {
      p.asleep = false;
      p.store.block({});
    }
    for (int rounds = 0; rounds < 60 && wrong_.empty(); ++rounds) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) step(i);
      if (sets_back_ && rounds % 5 == 0) pass(minutes(10).ms);  // what is right again is believed
      if (rounds == 20) pass(std::max<std::int64_t>(story_.until.ms - time_.truth, 1));
    }
    for (int rounds = 0; rounds < 400 && wrong_.empty() && !quiet(); ++rounds) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) step(i);
    }
    if (wrong_.empty()) check();
  }

  // Every partition is somebody's, and nothing is due any more.
  bool quiet() {
    bool found = true;
    std::size_t owned = 0;
    for (Process& p : nodes_) {
      owned += p.loop->owned().size();
      for (const PartitionId partition : p.loop->owned()) {
        Room& room = p.loop->room(partition);
        if (room.next_due() <= room.moment(p.clock->now())) found = false;
      }
    }
    return found && owned == static_cast<std::size_t>(partitions_);
  }

  void check() {
    std::set<PartitionId> owned;
    for (Process& p : nodes_) {
      for (const PartitionId partition : p.loop->owned()) {
        if (!owned.insert(partition).second) return wrong("a partition has two owners");
      }
    }
    if (owned.size() != static_cast<std::size_t>(partitions_))
      return wrong("a partition has no owner");
    std::set<std::string> facts;
    for (PartitionId partition = 0; partition < partitions_; ++partition) {
      std::vector<LogLine> log;
      for (const SimRecord& record : broker_.log(partition))
        log.push_back({record.offset, record.value});
      std::set<std::string> handed_in;
      LogEvent event;
      for (const LogLine& line : log) {
        say(std::to_string(partition) + ":" + std::to_string(line.offset) + " " + line.record);
        if (const std::string found = false_alarm(partition, line.record); !found.empty())
          return wrong(found);
        read_log_record(line.record, event);
        const std::string_view control = stamp(event, "tocsincontrol");
        if (!control.empty() && !handed_in.emplace(control).second)
          return wrong("a record handed to all partitions is there twice: " + line.record);
      }
      LogChecks checks(partition, std::move(log), policy_);
      if (const std::string found = checks.form(time_.truth, sets_back_); !found.empty())
        return wrong(found);
      facts.insert(checks.facts().begin(), checks.facts().end());
      for (Process& p : nodes_) {
        Room& room = p.loop->room(partition);
        if (p.loop->owned().count(partition) == 0) continue;
        const Instant now = room.moment(p.clock->now());
        if (room.control_next() != handed_in_)
          return wrong("a record handed to all partitions is missing");
        if (const std::string found = checks.replay(now); !found.empty()) return wrong(found);
        if (const std::string found = checks.verdicts(room, now, false); !found.empty())
          return wrong(found);
      }
    }
    for (const std::string& id : sent_) {
      if (facts.count(id) == 0 && !was_rejected(id)) return wrong("sent and not in the log: " + id);
    }
  }

  // By a policy that replaced the one for which the story was told, or a clock that was set back.
  bool was_rejected(const std::string& id) const {
    const auto& all = broker_.rejected();
    return (changes_policy_ || sets_back_) &&
           std::any_of(all.begin(), all.end(), [&](const std::string& original) {
             return original.find("\"id\":\"" + id + "\"") != std::string::npos;
           });
  }

  struct Published {
    std::string account;
    Instant time, at;
  };

  // A breach that nothing but a fact which was there before its due could have kept from being told; and a
  // fact that was decided in another partition than its account's.
  std::string false_alarm(PartitionId partition, const std::string& record) {
    LogEvent event;
    read_log_record(record, event);
    if (event.is_fact() && partition_of(event.account, partitions_) != partition)
      return "decided in the wrong partition: " + record;
    if (!in_order_ || changes_policy_ || sets_back_ || event.type != "tocsin.clock.breached" ||
        event.id.find("/ticket.") == std::string_view::npos)
      return {};
    if (ideal_.empty()) {
      World world(policy_.policy());
      for (const Delivery& d : story_.in_order) world.arrive(story_.facts[d.fact], d.arrival);
      world.finish(story_.until);
      for (const SaidEvent& e : world.said()) ideal_.insert(e.id);
    }
    if (ideal_.count(std::string(event.id)) > 0) return {};
    for (const Published& fact : published_) {
      const bool came_late = fact.time <= event.time && fact.at + seconds(1) > event.time;
      if (fact.account == event.account && came_late) return {};
    }
    return "a false alarm: " + record;
  }

  const std::int32_t partitions_;
  SimBroker broker_;
  ConfiguredPolicy policy_;
  Story story_;
  std::deque<Process> nodes_;
  std::set<std::string> sent_;
  Offset handed_in_ = 0;
  bool in_order_ = false, changes_policy_ = false;
  const bool sets_back_ = seed_ % 4 == 3;  // the clocks
  bool settling_ = false, overtaking_ = false;
  std::vector<Published> published_;
  std::set<std::string> ideal_;  // what is said when nothing goes wrong
};

TEST(World, NodesOnKafkaSayWhatIsTrueOnceWhateverBreaks) {
  const Seeds some = seeds(150);
  std::size_t fenced = 0;
  for (std::uint64_t seed = some.first; seed < some.end; ++seed) {
    KafkaWorld world(seed, some.loud);
    world.run();
    ASSERT_EQ(world.found_wrong(), "") << "again: TOCSIN_SIM_SEED=" << seed;
    fenced += world.fenced();
  }
  if (some.end - some.first > 50) {
    EXPECT_GT(fenced, 0u) << "no world fenced anybody";
  }
}

// The loop on a broker that does as it is told.
class KafkaLoopTest : public ::testing::Test {
 protected:
  KafkaLoopTest() : random_(1), broker_(2, random_, [this](Duration d) { now_ += d.ms; }) {}
  std::unique_ptr<KafkaLoop> start(int process) {
    WallClockOptions clock;
    clock.wall = [this] { return now_; };
    clock.since_boot = [this] { return now_; };
    clock.boot = "boot";
    KafkaLoopOptions options;
    options.kafka = broker_.connect(process);
    options.policy = policies().front();
    options.partitions = 2;
    options.clock = std::make_shared<WallClock>(std::move(clock));
    auto loop = std::make_unique<KafkaLoop>(std::move(options), stores_[process], asks_,
                                            CommittedListener{});
    loop->begin();
    return loop;
  }
  std::size_t records(std::string_view type) {
    std::size_t n = 0;
    for (PartitionId p = 0; p < 2; ++p) {
      for (const SimRecord& record : broker_.log(p)) {
        LogEvent event;
        if (read_log_record(record.value, event) && event.type == type) ++n;
      }
    }
    return n;
  }
  void open_ticket(const std::string& id) {
    broker_.publish(partition_of("acme", 2), "acme",
                    R"({"specversion":"1.0","source":"/crm","type":"tocsin.ticket.opened","id":")" +
                        id + R"(","subject":")" + id + R"(","time":")" + format_rfc3339({now_}) +
                        R"(","partitionkey":"acme","data":{"priority":"P1","tier":"A"}})");
  }
  static void rounds(KafkaLoop& loop, int n) {
    for (int i = 0; i < n; ++i) loop.round();
  }

  std::int64_t now_ = 1'772'445'600'000;
  Random random_;
  SimBroker broker_;
  std::map<int, SimStore> stores_;
  OwnAsks asks_;
};

TEST_F(KafkaLoopTest, DecidesAboutWhatIntakeHoldsOnce) {
  auto loop = start(1);
  open_ticket("T-1");
  open_ticket("T-1");
  rounds(*loop, 20);
  EXPECT_EQ(records("tocsin.ticket.opened"), 1u);
  EXPECT_GT(records("tocsin.clock.started"), 0u);
}

TEST_F(KafkaLoopTest, AnExpelledNodeCommitsNothingMore) {
  auto first = start(1);
  rounds(*first, 20);
  open_ticket("T-1");
  broker_.expel(1);
  auto second = start(2);
  rounds(*second, 30);
  const std::size_t before = records("tocsin.ticket.opened");
  rounds(*first, 1);
  EXPECT_EQ(records("tocsin.ticket.opened"), std::max<std::size_t>(before, 1));
  for (int i = 0; i < 40; ++i) {
    first->round();
    second->round();
  }
  EXPECT_EQ(records("tocsin.ticket.opened"), 1u);
}

TEST_F(KafkaLoopTest, AnUnknownOutcomeIsReadFromTheLogAndNotGuessed) {
  auto loop = start(1);
  rounds(*loop, 20);
  for (int i = 0; i < 20; ++i) {
    broker_.trouble.unknown = 100;
    open_ticket("T-" + std::to_string(i));
    rounds(*loop, 3);
    broker_.trouble.unknown = 0;
    now_ += 1000;
    rounds(*loop, 10);
  }
  EXPECT_EQ(records("tocsin.ticket.opened"), 20u);
}

TEST_F(KafkaLoopTest, AStoreThatTakesNothingLeavesItsPartitionsToOthersAndComesBack) {
  auto loop = start(1);
  rounds(*loop, 20);
  EXPECT_EQ(loop->owned().size(), 2u);
  stores_[1].block("the disk is full");
  rounds(*loop, 3);
  EXPECT_TRUE(loop->owned().empty());
  EXPECT_EQ(loop->ready().detail, "the disk is full");
  auto other = start(2);
  open_ticket("T-1");
  rounds(*other, 30);
  EXPECT_EQ(records("tocsin.ticket.opened"), 1u);
  stores_[1].block({});
  for (int i = 0; i < 30; ++i) {
    loop->round();
    other->round();
  }
  EXPECT_TRUE(loop->ready().ready);
}

TEST_F(KafkaLoopTest, AStoreThatTakesNothingAtTheStartIsWaitedForOutsideTheGroup) {
  {
    auto first = start(1);
    open_ticket("T-1");
    rounds(*first, 30);
  }
  stores_[2].block("the disk is full");
  auto second = start(2);
  rounds(*second, 5);
  EXPECT_FALSE(second->ready().ready);
  EXPECT_TRUE(second->owned().empty());
  second->stop();  // and ends
  stores_[2].block({});
  rounds(*second, 1);
  EXPECT_EQ(second->room(partition_of("acme", 2)).partition().entities_in_memory(), 0u);
  second = start(2);
  rounds(*second, 30);
  EXPECT_TRUE(second->ready().ready);
  EXPECT_EQ(second->owned().size(), 2u);
}

TEST_F(KafkaLoopTest, TheStoreIsHeldBackWhileMoreIsDueThanARoundTells) {
  constexpr std::size_t kTickets = 3'000;  // of one account: a round tells 2,500 of a partition
  auto loop = start(1);
  rounds(*loop, 20);
  for (std::size_t i = 0; i < kTickets; ++i) open_ticket("T-" + std::to_string(i));
  for (int i = 0; i < 100 && records("tocsin.ticket.opened") < kTickets; ++i) loop->round();
  EXPECT_FALSE(stores_[1].held());
  now_ += minutes(16).ms;
  bool held = false;
  for (int i = 0; i < 100 && records("tocsin.clock.breached") < kTickets; ++i) {
    loop->round();
    held = held || stores_[1].held();
  }
  EXPECT_TRUE(held);
  rounds(*loop, 5);
  EXPECT_FALSE(stores_[1].held());
  EXPECT_EQ(records("tocsin.clock.breached"), kTickets);
}

TEST_F(KafkaLoopTest, WhatIsHandedToEveryPartitionIsInEachLogOnce) {
  auto loop = start(1);
  rounds(*loop, 20);
  std::string record;
  append_own_event(record, {"handed-in",
                            "tocsin.engine.roster",
                            "tocsin",
                            "tocsin",
                            {},
                            {},
                            R"({"text":"away: [Li Wei]\n"})"});
  broker_.publish_control(record);
  rounds(*loop, 5);
  EXPECT_EQ(records("tocsin.engine.roster"), 2u);
  loop.reset();
  stores_[1].lose_everything();
  loop = start(1);
  rounds(*loop, 20);
  EXPECT_EQ(records("tocsin.engine.roster"), 2u);
}

}  // namespace
}  // namespace tocsin::sim
