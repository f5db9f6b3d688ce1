// What the views show of any policy is what its engine says, counted here without the store: what is
// open, key figures, scores, inboxes. Each shipped policy, random stories.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>

#include "engine/policy/translate.h"
#include "projections/read/policy_figures.h"
#include "projections/read/query.h"
#include "projections/store.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_facts.h"
#include "tests/engine/property_world.h"
#include "tests/projections/pages.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

class AnyPolicyTest : public testing::TestWithParam<const char*> {
 protected:
  AnyPolicyTest() : policy_(compiled(shipped_text(GetParam()))), store_(Store::open(dir_.path())) {
    const std::uint64_t seed = std::random_device{}();
    std::cout << "seed " << seed << "\n";
    AppliedBatch batch;
    batch.business_day = std::make_shared<BusinessDay>(
        [calendar = policy_->working()](Instant t) { return Day{calendar.local_date(t).day}; });
    for (std::uint64_t round = 0; round < 40; ++round) tell(seed + round, batch);
    batch.next = 1;
    store_->apply(std::move(batch));
    EXPECT_TRUE(store_->refresh(seconds(60)));
  }

  void tell(std::uint64_t seed, AppliedBatch& batch) {
    const Story story = StoryTeller(*policy_, seed).tell();
    World world(policy_);
    for (const Delivery& d : story.in_order) world.arrive(story.facts[d.fact], d.arrival);
    world.finish(story.until);
    until_ = std::max(until_, story.until);
    world.each_entity([&](Entity& entity) {
      EntityView view = world.view(entity);
      view.account += "-" + std::to_string(seed);  // a story's accounts are its own
      batch.add_entity({view.account, view.kind, view.id}, "state", encode_view(view), kNever);
      views_.push_back(std::move(view));
    });
  }

  const std::shared_ptr<const Policy> policy_;
  TempDirectory dir_;
  std::unique_ptr<Store> store_;
  std::vector<EntityView> views_;
  Instant until_{kAlways};
};

TEST_P(AnyPolicyTest, WhatIsOverIsOpenInNoView) {
  std::map<std::string, std::int64_t> open;
  for (const EntityView& view : views_) {
    const KindSpec& kind = *policy_->kind_named(view.kind);
    const bool ended = has(kind.ends, verb_named(kind, view.state));
    EXPECT_EQ(view.over, view.created && ended) << view.kind << " " << view.state;
    if (view.created && !ended) ++open["open/" + view.kind];
  }
  auto kept = counts(store_->view(), {});
  for (const KindSpec& kind : policy_->kinds)
    EXPECT_EQ(kept["open/" + kind.name], open["open/" + kind.name]) << kind.name;
  ASSERT_FALSE(open.empty());
}

TEST_P(AnyPolicyTest, FiguresAreThoseOfThePolicy) {
  FigureQuery query;
  query.of.period = FigurePeriod::kAll;
  query.of.to = kEndOfDays;
  query.of.now = until_;
  const std::vector<FigureRow> rows = figures(store_->view(), *policy_, query);
  query.by_person = query.by_module = true;  // the other way of counting: a walk
  const std::vector<FigureRow> walked = figures(store_->view(), *policy_, query);
  std::int64_t all = 0;
  for (const NamedFigure& figure : named_figures(*policy_)) {
    FigureRow expected;
    for (const EntityView& view : views_) {
      for (const ScoreRow& score : view.scores) {
        if (score.type == figure.score_type) expected.scores.add({score.score, 1});
      }
      for (const ClockRow& clock : view.clocks) {
        if (clock.state == ClockState::kCancelled) continue;
        for (const ThresholdRow& t : clock.thresholds) {
          if (!t.due || !figure.has(clock.clock, t.name)) continue;
          expected.met += t.verdict == Verdict::kMet;
          expected.excused += t.verdict == Verdict::kBreached && t.excused;
          expected.breached += (t.verdict == Verdict::kBreached && !t.excused) ||
                               (t.verdict == Verdict::kPending && *t.due < until_ &&
                                clock.state == ClockState::kRunning);
        }
      }
    }
    for (const auto* list : {&rows, &walked}) {
      FigureRow sum;
      for (const FigureRow& row : *list) {
        if (row.figure != figure.name) continue;
        sum.met += row.met;
        sum.breached += row.breached;
        sum.excused += row.excused;
        sum.scores.add(row.scores);
      }
      EXPECT_EQ(sum.met, expected.met) << figure.name;
      EXPECT_EQ(sum.breached, expected.breached) << figure.name;
      EXPECT_EQ(sum.excused, expected.excused) << figure.name;
      EXPECT_EQ(sum.scores.sum, expected.scores.sum) << figure.name;
      EXPECT_EQ(sum.scores.count, expected.scores.count) << figure.name;
    }
    all += expected.met + expected.breached + expected.scores.count;
  }
  EXPECT_GT(all, 0);
}

TEST_P(AnyPolicyTest, TheInboxHoldsEachOpenAlarmOnceTheMostUrgentFirst) {
  std::set<std::string> open;
  for (const EntityView& view : views_) {
    for (const GroupRow& g : view.groups) {
      if (g.state == GroupState::kOpen) open.insert(view.account + " " + g.escalation);
    }
  }
  InboxQuery query;
  query.limit = 50;
  std::set<std::string> listed;
  std::tuple<bool, int> before{false, 0};
  const auto list = [&](const InboxQuery& q) { return list_inbox(store_->view(), q); };
  each_page(query, list, [&](const InboxPage& page) {
    for (const InboxItem& item : page.items) {
      EXPECT_TRUE(listed.insert(item.entity.account + " " + item.group.escalation).second);
      const std::tuple<bool, int> place{!called_persons(item.group).empty(), item.of.rank};
      EXPECT_LE(before, place);
      before = place;
    }
  });
  EXPECT_EQ(listed, open);
}

INSTANTIATE_TEST_SUITE_P(Policies, AnyPolicyTest, testing::Values("key-account", "it-helpdesk"));

TEST(FiguresCsv, ACellThatASpreadsheetTakesForAFormulaIsText) {
  const auto line = [](const std::string& account) {
    FigureRow row;
    row.figure = "response";
    row.account = account;
    row.target = 0.95;
    row.met = 1;
    const std::string csv = figures_csv({row});
    return csv.substr(csv.find("\r\n") + 2);
  };
  const std::string rest = ",,,,,0.95,1,0,0,1.0000,,\r\n";
  for (const std::string begin : {"=", "+", "-", "@", "\t"})
    EXPECT_EQ(line(begin + "1+1"), "response,,'" + begin + "1+1" + rest);
  EXPECT_EQ(line("\r1"), "response,,\"'\r1\"" + rest);
  EXPECT_EQ(line("=A1,\"B\""), "response,,\"'=A1,\"\"B\"\"\"" + rest);
  for (const std::string plain : {"ACME", "1-2", "A=B", "'", ""})
    EXPECT_EQ(line(plain), "response,," + plain + rest);
}

}  // namespace
}  // namespace tocsin
