// What /metrics tells of a node whose figures the test sets.
#include "app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/policy/translate.h"
#include "tests/engine/policy_fixture.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

class FigureNode final : public Node {
 public:
  NodeStatus figures;

  void submit(std::unique_ptr<Submission>, SubmitDone) override {}
  void submit_own(OwnRecord, OwnDone) override {}
  bool knows_duplicates() const override { return true; }
  Readiness ready() const override { return {}; }
  std::string sick() const override { return {}; }
  std::string metrics() const override { return {}; }
  NodeStatus status() override { return figures; }
  Store& store() override { return *store_; }
  LogReader& log() override { std::abort(); }
  void listen(CommittedListener) override {}
  std::map<PartitionId, Offset> log_found() const override { return {}; }
  void start() override {}
  void stop() override {}
  std::shared_ptr<const Policy> policy() override { return nullptr; }
  void submit_outcomes(std::vector<OutcomeRecord>, OwnDone) override {}
  std::shared_ptr<const Roster> roster() override { return nullptr; }
  Instant now() override { return {}; }
  Clock& clock() override { return clock_; }

 private:
  WallClock clock_;
  TempDirectory directory_;
  std::unique_ptr<Store> store_ = Store::open(directory_.path());
};

TEST(MetricsTest, ACounterNeverGoesBackNorCountsTwiceWhereItsSourceBeginsAnew) {
  FigureNode node;
  Metrics metrics(node);
  node.figures.counters.accepted = 1000;
  EXPECT_THAT(metrics.text(), HasSubstr("\ntocsin_facts_accepted_total 1000\n"));
  node.figures.counters.accepted = 750;  // a partition with a quarter of them was given up
  EXPECT_THAT(metrics.text(), HasSubstr("\ntocsin_facts_accepted_total 1000\n"));
  node.figures.counters.accepted = 760;
  EXPECT_THAT(metrics.text(), HasSubstr("\ntocsin_facts_accepted_total 1010\n"));
}

TEST(MetricsTest, LatenessIsCountedOnceInItsBuckets) {
  FigureNode node;
  Metrics metrics(node);
  for (const int ms : {0, 3, 60, 200}) node.figures.lateness.add(milliseconds(ms));
  metrics.text();
  node.figures.lateness.add(milliseconds(3));
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("tocsin_lateness_seconds_bucket{le=\"0.002\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tocsin_lateness_seconds_bucket{le=\"0.005\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("tocsin_lateness_seconds_bucket{le=\"0.064\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("tocsin_lateness_seconds_bucket{le=\"0.256\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("tocsin_lateness_seconds_count 5\n"));
  EXPECT_THAT(text, HasSubstr("tocsin_lateness_seconds_sum 0.266\n"));
}

// A policy that is put in force again has the same text and hash, and remembers what was there in between.
TEST(MetricsTest, EndingsAreCountedByTheNamesOfTheirOwnPolicy) {
  const std::shared_ptr<const Policy> first = remembering(*default_policy(), nullptr);
  const auto again = std::make_shared<Policy>(*default_policy());
  KindSpec& between = again->kinds[KindCode(0)];
  between.clocks.push_back(between.clocks[ClockCode(0)]);
  between.clocks.back().name = "ticket.between";
  const auto policy = remembering(*first, remembering(*again, first));
  ASSERT_EQ(policy->hash, first->hash);
  ASSERT_EQ(policy->kinds[KindCode(0)].clocks.back().name, "ticket.between");
  FigureNode node;
  Metrics metrics(node);
  const auto breach = [&](const Policy& of, ClockCode clock) {
    Derived event;
    event.type = DerivedType::kClockBreached;
    event.clock = clock;
    event.threshold = ThresholdCode(0);
    Committed record;
    record.kind = RecordKind::kDerived;
    record.type = "tocsin.clock.breached";
    record.derived = &event;
    record.policy = &of;
    record.spec = &of.kinds[KindCode(0)];
    metrics.observe(record);
  };
  breach(*first, ClockCode(0));
  breach(*policy, ClockCode(policy->kinds[KindCode(0)].clocks.size() - 1));
  const std::string clock = first->kinds[KindCode(0)].clocks[ClockCode(0)].name;
  for (const std::string& name : {clock, std::string("ticket.between")}) {
    EXPECT_THAT(metrics.text(), HasSubstr("tocsin_thresholds_decided_total{clock=\"" + name +
                                          "\",outcome=\"breached\",threshold=\"target\"} 1"));
  }
}

}  // namespace
}  // namespace tocsin
