// What /metrics tells of a node whose figures the test sets.
#include "app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tocsin
