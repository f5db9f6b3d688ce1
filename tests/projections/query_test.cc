#include "projections/read/query.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "projections/read/policy_figures.h"
#include "projections/read/render.h"
#include "tests/engine/policy_fixture.h"
#include "tests/projections/query_fixture.h"

namespace tocsin {
namespace {

TEST_F(QueryTest, ClocksAreListedByDueWithEachFilter) {
  entity("b", "ticket", "1").clocks = {running("ticket.response", at(300))};
  entity("a", "ticket", "2").clocks = {running("ticket.response", at(100)),
                                       running("ticket.resolution", at(400))};
  entity("a", "complaint", "3").clocks = {running("complaint.stage1", at(200))};
  entities_[{"a", "ticket", "2"}].tier = "A";
  entities_[{"b", "ticket", "1"}].assignee = "wang";
  entity("a", "ticket", "4").clocks = {stopped("ticket.response", at(50), Verdict::kMet, 10)};
  const ReadView v = view();
  const auto listed = [&](ClockQuery q) { return ids(list_clocks(v, q)); };
  ClockQuery q;
  EXPECT_EQ(listed(q), (Ids{"2", "3", "1", "2", "4"})) << "without a pending due last";
  q.classes = {ClockClass::kRunning};
  EXPECT_EQ(listed(q), (Ids{"2", "3", "1", "2"}));
  q.filter.kind = "ticket";
  EXPECT_EQ(listed(q), (Ids{"2", "1", "2"}));
  q.filter.clock = "ticket.response";
  EXPECT_EQ(listed(q), (Ids{"2", "1"}));
  q.filter.account = "a";
  EXPECT_EQ(listed(q), (Ids{"2"}));
  q = {};
  q.filter.account = "a";
  EXPECT_EQ(listed(q), (Ids{"2", "3", "2", "4"}));
  q = {};
  q.filter.tier = "A";
  EXPECT_EQ(listed(q), (Ids{"2", "2"}));
  q = {};
  q.filter.person = {"wang"};
  EXPECT_EQ(listed(q), (Ids{"1"}));
  q = {};
  q.classes = {ClockClass::kStopped};
  EXPECT_EQ(listed(q), (Ids{"4"}));
  q.filter.account = "b";
  EXPECT_EQ(listed(q), (Ids{}));
}

TEST_F(QueryTest, APersonSeesTheClocksOfTheAccountsServed) {
  entity("a", "ticket", "1").clocks = {running("ticket.response", at(1))};
  entity("b", "ticket", "2").clocks = {running("ticket.response", at(2))};
  entity("b", "ticket", "3").clocks = {running("ticket.response", at(3))};
  GroupRow group;
  group.escalation = "g";
  group.clock = "ticket.response";
  group.roles = {"executive"};
  group.persons = {"li"};
  entities_[{"b", "ticket", "3"}].groups = {group};
  summaries_["a"].team["account_manager"] = {"li", "zhao"};
  const ReadView v = view();
  ClockQuery q;
  q.filter.person = {"li"};
  EXPECT_EQ(ids(list_clocks(v, q)), (Ids{"1", "3"}));
  q.filter.role = "account_manager";
  EXPECT_EQ(ids(list_clocks(v, q)), (Ids{"1"}));
  q.filter.person.clear();
  q.filter.role = "executive";
  EXPECT_EQ(ids(list_clocks(v, q)), (Ids{"3"}));
  q.filter.person = {"li"};  // who was told as that
  EXPECT_EQ(ids(list_clocks(v, q)), (Ids{"3"}));
  q.filter.person = {"zhao"};
  EXPECT_EQ(ids(list_clocks(v, q)), (Ids{}));
}

TEST_F(QueryTest, TheBoardTellsRunningAtRiskAndOverdue) {
  entity("a", "ticket", "fresh").clocks = {running("ticket.response", at(5))};
  entity("a", "ticket", "warned").clocks = {running("ticket.response", at(4), true)};
  ClockRow late = running("ticket.resolution", at(1));
  late.thresholds[0].verdict = Verdict::kBreached;
  late.thresholds.push_back({"limit", at(9), Verdict::kPending, false});
  entity("a", "ticket", "late").clocks = {late};
  ClockRow done = late;
  done.state = ClockState::kStopped;
  entity("a", "ticket", "done").clocks = {done};
  ReadView v = view();
  const auto of = [&](ClockClass c) {
    ClockQuery q;
    q.classes = {c};
    return ids(list_clocks(v, q));
  };
  EXPECT_EQ(of(ClockClass::kRunning), (Ids{"warned", "fresh", "late"}));  // late: by its limit
  EXPECT_EQ(of(ClockClass::kAtRisk), (Ids{"warned"}));
  EXPECT_EQ(of(ClockClass::kOverdue), (Ids{"late"}));
  ListFilter of_a;
  of_a.account = "a";
  auto n = counts(v, of_a);
  EXPECT_EQ(n["running"], 3);
  EXPECT_EQ(n["at_risk"], 1);
  EXPECT_EQ(n["overdue"], 1);
  EXPECT_EQ(n["open/ticket"], 4);

  entities_[{"a", "ticket", "warned"}].clocks[0].thresholds[0].verdict = Verdict::kBreached;
  v = view();
  EXPECT_EQ(of(ClockClass::kAtRisk), (Ids{}));
  EXPECT_EQ(of(ClockClass::kOverdue), (Ids{"late", "warned"}));  // the next pending due first
}

TEST_F(QueryTest, PagesMakeUpTheWholeListWhateverTheirSize) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  RandomBatches batches(seed);
  for (int i = 0; i < 200; ++i) store_->apply(batches.next());
  ASSERT_TRUE(store_->refresh(kLong));
  const ReadView v = store_->view();
  const auto keys = [](const ClockPage& page) {
    std::vector<std::tuple<EntityKey, std::string, std::string>> keys;
    for (const ListedClock& c : page.clocks) {
      keys.emplace_back(c.entity, c.clock.clock, c.clock.cycle);
    }
    return keys;
  };
  for (const std::string account : {"", "a"}) {
    ClockQuery all;
    all.limit = kPageMax;
    all.filter.account = account;
    const ClockPage whole = list_clocks(v, all);
    ASSERT_TRUE(whole.cursor.empty());
    // Against the last views, counted and sorted without the store.
    std::vector<Instant> dues;
    for (const auto& [key, e] : batches.views) {
      if (!account.empty() && key.account != account) continue;
      for (const ClockRow& c : e.clocks) dues.push_back(listed_at(c));
    }
    std::sort(dues.begin(), dues.end());
    ASSERT_EQ(whole.clocks.size(), dues.size());
    for (std::size_t i = 0; i < dues.size(); ++i) {
      ASSERT_EQ(listed_at(whole.clocks[i].clock), dues[i]);
    }
    for (const std::size_t limit : {1u, 3u, 7u}) {
      ClockQuery q = all;
      q.limit = limit;
      std::vector<std::tuple<EntityKey, std::string, std::string>> collected;
      const auto list = [&](const ClockQuery& asked) { return list_clocks(v, asked); };
      each_page(q, list, [&](const ClockPage& page) {
        ASSERT_LE(page.clocks.size(), limit);
        for (auto& k : keys(page)) collected.push_back(std::move(k));
      });
      ASSERT_EQ(collected, keys(whole)) << limit;
    }
  }
}

TEST_F(QueryTest, ACursorStaysGoodWhenItsRowIsGone) {
  for (int i = 1; i <= 4; ++i) {
    entity("a", "ticket", std::to_string(i)).clocks = {running("ticket.response", at(i))};
  }
  ClockQuery q;
  q.classes = {ClockClass::kRunning};
  q.limit = 2;
  q.cursor = list_clocks(view(), q).cursor;
  entities_[{"a", "ticket", "2"}].clocks[0].state = ClockState::kCancelled;
  EXPECT_EQ(ids(list_clocks(view(), q)), (Ids{"3", "4"}));
}

TEST_F(QueryTest, TimelinesAreInTheOrderOfTheLog) {
  const EntityKey t1{"a", "ticket", "1"}, t2{"a", "ticket", "2"};
  const std::string r0 = fact_record(t1, "opened", "e0", at(0), "{}");
  const std::string r1 = fact_record(t2, "opened", "e1", at(0), "{}");
  const std::string r2 = own_record(t1, "tocsin.clock.started", "d2", at(0), "{}");
  event(t1, r0);
  event(t2, r1);
  event(t1, r2);
  const ReadView v = view();
  const auto records = [](const std::vector<TimelineEntry>& entries) {
    std::vector<std::pair<Offset, std::string>> all;
    for (const TimelineEntry& e : entries) all.emplace_back(e.offset, e.record);
    return all;
  };
  using Records = std::vector<std::pair<Offset, std::string>>;
  EXPECT_EQ(records(entity_timeline(v, t1, {}, nullptr)), (Records{{0, r0}, {2, r2}}));
  EXPECT_EQ(records(account_timeline(v, "a", {}, nullptr)), (Records{{0, r0}, {1, r1}, {2, r2}}));
  TimelineQuery q;
  q.after = 0;
  q.limit = 1;
  EXPECT_EQ(records(account_timeline(v, "a", q, nullptr)), (Records{{1, r1}}));
  q = {};
  q.newest_first = true;
  q.limit = 2;
  EXPECT_EQ(records(account_timeline(v, "a", q, nullptr)), (Records{{2, r2}, {1, r1}}));
  q.after = 2;
  EXPECT_EQ(records(entity_timeline(v, t1, q, nullptr)), (Records{{0, r0}}));
  EXPECT_TRUE(entity_timeline(v, {"a", "ticket", "3"}, {}, nullptr).empty());
}

TEST_F(QueryTest, TimelinesGoOnWhereOneRowEndsAndTheNextBegins) {
  // Blocks hold 64 records of an entity, rows 4096 offsets of an account: both bounds are crossed,
  // in writes of different lengths.
  const EntityKey t1{"a", "ticket", "1"}, t2{"a", "ticket", "2"};
  const auto record_of = [](Offset i) { return "{\"n\":" + std::to_string(i) + "}"; };
  std::vector<Offset> all, of_t1;
  while (next_ < 5000) {
    for (int n = 0; n < 700; ++n) {
      all.push_back(next_);
      if (next_ % 3 == 0) of_t1.push_back(next_);
      event(next_ % 3 == 0 ? t1 : t2, record_of(next_));
    }
    view();
  }
  const ReadView v = view();
  for (const bool newest_first : {false, true}) {
    for (const bool whole_account : {false, true}) {
      std::vector<Offset> expected = whole_account ? all : of_t1;
      if (newest_first) std::reverse(expected.begin(), expected.end());
      for (const std::size_t limit : {std::size_t{37}, std::size_t{333}, kPageMax}) {
        TimelineQuery q;
        q.newest_first = newest_first;
        q.limit = limit;
        std::vector<Offset> walked;
        for (;;) {
          const auto entries = whole_account ? account_timeline(v, "a", q, nullptr)
                                             : entity_timeline(v, t1, q, nullptr);
          if (entries.empty()) break;
          ASSERT_LE(entries.size(), limit);
          for (const TimelineEntry& e : entries) {
            ASSERT_EQ(e.record, record_of(e.offset));
            walked.push_back(e.offset);
          }
          q.after = walked.back();
          if (newest_first && q.after == 0) break;  // nothing is before the first
        }
        ASSERT_EQ(walked, expected) << newest_first << whole_account << limit;
      }
    }
  }
}

TEST(GroupNameTest, IsWithoutTheEntityWhereTheIdBeginsWithIt) {
  const EntityKey ticket{"a", "ticket", "T-1"};
  EXPECT_EQ(group_name(ticket, "a/ticket/T-1/routed/P1"), "routed/P1");
  EXPECT_EQ(group_name(ticket, "a/ticket/T-12/routed/P1"), "a/ticket/T-12/routed/P1");
  const EntityKey encoded{"a/b", "ticket", "T-1"};
  EXPECT_EQ(group_name(encoded, "a%2Fb/ticket/T-1/routed/P1"), "a%2Fb/ticket/T-1/routed/P1");
}

TEST(TimelineTest, RecordsThatAreNotKeptAreFetchedByPosition) {
  TempDirectory directory;
  StoreOptions options;
  options.keep_records = false;
  auto store = Store::open(directory.path(), options);
  AppliedBatch batch;
  batch.business_day = shanghai_day();
  batch.add_event(7, {"a", "ticket", "1"}, "{}");
  batch.next = 8;
  store->apply(std::move(batch));
  ASSERT_TRUE(store->refresh(kLong));
  const RecordSource source = [](PartitionId p, const std::vector<Offset>& offsets) {
    std::vector<std::string> records;
    for (const Offset o : offsets) records.push_back(std::to_string(p) + ":" + std::to_string(o));
    return records;
  };
  EXPECT_EQ(entity_timeline(store->view(), {"a", "ticket", "1"}, {}, source).at(0).record, "0:7");
  EXPECT_EQ(account_timeline(store->view(), "a", {}, source).at(0).record, "0:7");
}

TEST_F(QueryTest, FiguresCountByTheDuesBusinessDay) {
  // A due at the first instant of April is what was owed in March.
  const Instant last_of_march = *parse_rfc3339("2026-03-31T16:00:00.000Z");
  auto& t1 = entity("a", "ticket", "1");
  t1.priority = "P1";
  t1.tier = "A";
  t1.clocks = {stopped("ticket.response", last_of_march, Verdict::kMet, 60'000)};
  auto& t2 = entity("b", "ticket", "2");
  t2.priority = "P2";
  t2.tier = "C";
  t2.clocks = {
      stopped("ticket.response", last_of_march + milliseconds(1), Verdict::kBreached, 60'001)};
  auto& t3 = entity("b", "ticket", "3");
  t3.clocks = {stopped("ticket.response", last_of_march, Verdict::kBreached, 1)};
  t3.clocks[0].state = ClockState::kCancelled;  // counts not at all
  const ReadView v = view();
  KpiQuery q;
  q.from = (*shanghai_day())(*parse_rfc3339("2026-03-01T00:00:00+08:00"));
  q.to = (*shanghai_day())(*parse_rfc3339("2026-05-01T00:00:00+08:00"));
  auto rows = kpis(v, q);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].period, "2026-03");
  EXPECT_EQ(rows[0].value.met, 1);
  EXPECT_EQ(rows[0].value.breached, 0);
  EXPECT_EQ(rows[0].value.elapsed[2], 1);  // up to 60 s
  EXPECT_EQ(rows[1].period, "2026-04");
  EXPECT_EQ(rows[1].value.breached, 1);
  EXPECT_EQ(rows[1].value.elapsed[3], 1);
  q.period = FigurePeriod::kDay;
  EXPECT_EQ(kpis(v, q)[1].period, "2026-04-01");
  // 31 March and 1 April 2026 are a Tuesday and a Wednesday of one week.
  q.period = FigurePeriod::kWeek;
  rows = kpis(v, q);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].period, "2026-W14");
  EXPECT_EQ(rows[0].value.met, 1);
  EXPECT_EQ(rows[0].value.breached, 1);
  q.by_account = true;
  rows = kpis(v, q);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].account, "a");
  EXPECT_EQ(rows[1].account, "b");
  q.by_account = false;
  q.account = "b";
  rows = kpis(v, q);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].value.breached, 1);
  q.account.clear();
  q.tier = "A";
  EXPECT_EQ(kpis(v, q).at(0).value.met, 1);
  EXPECT_EQ(kpis(v, q).at(0).value.breached, 0);
  q.tier.clear();
  q.by_priority = true;
  EXPECT_EQ(kpis(v, q).size(), 2u);
  q.to = q.from;
  EXPECT_TRUE(kpis(v, q).empty());
}

TEST_F(QueryTest, WhatRunsPastItsDueCountsAsBreachedThoughNotAnnounced) {
  const Instant due = *parse_rfc3339("2026-03-10T04:00:00Z");
  entity("a", "ticket", "1").clocks = {running("ticket.response", due)};
  const ReadView v = view();
  KpiQuery q;
  q.from = 0;
  q.to = 100'000;
  q.now = due;  // an answer at this very instant would still be in time
  EXPECT_TRUE(kpis(v, q).empty());
  q.now = due + milliseconds(1);
  ASSERT_EQ(kpis(v, q).size(), 1u);
  EXPECT_EQ(kpis(v, q)[0].value.breached, 1);
  q.account = "b";
  EXPECT_TRUE(kpis(v, q).empty());
}

TEST_F(QueryTest, ScoresAddUpByTheirTypeAndTier) {
  entity("a", "ticket", "1").tier = "A";
  entity("a", "ticket", "2").tier = "B";
  entities_[{"a", "ticket", "1"}].scores = {{"ticket.closed", 5, at(20), ""}};
  entities_[{"a", "ticket", "2"}].scores = {{"ticket.closed", 2, at(30), ""}};
  const ReadView v = view();
  KpiQuery q;
  q.to = 100'000;
  auto rows = scores(v, q);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].type, "ticket.closed");
  EXPECT_EQ(rows[0].value.sum, 7);
  EXPECT_EQ(rows[0].value.count, 2);
  q.by_tier = true;
  EXPECT_EQ(scores(v, q).size(), 2u);
  EXPECT_EQ(find_account(v, *default_policy(), "a", nullptr)->scores.at("ticket.closed").sum, 7);
}

TEST_F(QueryTest, AnAccountIsSeenWhole) {
  const EntityKey a{"a", "account", "a"};
  event(a, fact_record(a, "tiered", "1", at(1), R"({"tier":"A","name":"Acme"})"));
  event(a, fact_record(a, "contacted", "6", at(4), R"({"kind":"weekly_contact"})"));
  summaries_["a"] = {"Acme", "A", {{"executive", {}}, {"account_manager", {"li"}}}};
  ClockRow week9 = running("account.weekly_contact", at(9));
  week9.cycle = "2026-W09";
  week9.period = true;
  ClockRow week10 = week9;
  week10.cycle = "2026-W10";
  week10.start = at(9);
  entity("a", "account", "a").clocks = {week9, week10};
  entities_[a].contacts = {{"weekly_contact", at(4)}};
  entity("a", "ticket", "open").rank = 2;
  entity("a", "ticket", "urgent").rank = 0;
  entity("a", "ticket", "closed").over = true;
  entity("a", "ticket", "waiting").created = false;
  const ReadView v = view();
  const auto found = find_account(v, *default_policy(), "a", nullptr);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->summary.tier, "A");
  EXPECT_EQ(found->summary.name, "Acme");
  EXPECT_TRUE(found->is_key_account);
  EXPECT_TRUE(found->summary.team.at("executive").empty());
  EXPECT_EQ(found->summary.team.at("account_manager"), (Ids{"li"}));
  ASSERT_EQ(found->contacts.size(), 1u);
  EXPECT_EQ(found->contacts[0].at, at(4));
  ASSERT_EQ(found->open.size(), 2u) << "the account itself is none of what is open";
  EXPECT_EQ(found->open[0].id, "urgent");
  EXPECT_EQ(found->open[1].id, "open");
  ASSERT_EQ(found->cadence.size(), 1u);
  EXPECT_EQ(found->cadence[0].cycle, "2026-W10");
  EXPECT_EQ(found->history.size(), 2u);
  EXPECT_EQ(found->history[0].offset, 1);
  EXPECT_EQ(found->counts.at("waiting"), 1);
  EXPECT_FALSE(find_account(v, *default_policy(), "b", nullptr));
  const AccountPage page = list_accounts(v, *default_policy(), {});
  ASSERT_EQ(page.accounts.size(), 1u);
  EXPECT_EQ(page.accounts[0].account, "a");
  EXPECT_TRUE(page.accounts[0].is_key_account);
  const auto listed = [&](const ListFilter& filter) {
    AccountQuery query;
    query.filter = filter;
    return list_accounts(v, *default_policy(), query).accounts.size();
  };
  ListFilter filter;
  filter.role = "executive";
  EXPECT_EQ(listed(filter), 0u) << "nobody plays it";
  filter.role = "account_manager";
  EXPECT_EQ(listed(filter), 1u);
  filter.person = {"wang"};
  EXPECT_EQ(listed(filter), 0u);
  filter.person = {"Li Wei", "li"};
  EXPECT_EQ(listed(filter), 1u);
  filter.account = "a";
  filter.tier = "A";
  filter.q = "acm";
  filter.kind = "ticket";
  EXPECT_EQ(listed(filter), 1u) << "a ticket is open";
  filter.kind = "complaint";
  EXPECT_EQ(listed(filter), 0u);
  filter.kind = "";
  filter.clock = "account.weekly_contact";
  EXPECT_EQ(listed(filter), 1u) << "it runs";
  filter.clock = "ticket.response";
  EXPECT_EQ(listed(filter), 0u);
}

TEST_F(QueryTest, AnAccountShowsWhatEndedLatelyTheLatestNewsFirst) {
  for (const char* id : {"1", "2", "3"}) {
    entity("a", "ticket", id).over = id[0] != '2';
    event({"a", "ticket", id},
          fact_record({"a", "ticket", id}, "opened", std::string("e") + id, at(0), "{}"));
  }
  entity("a", "account", "a").over = true;  // the account itself is none of its work
  event({"a", "account", "a"}, fact_record({"a", "account", "a"}, "closed", "e4", at(1), "{}"));
  event({"a", "ticket", "1"}, fact_record({"a", "ticket", "1"}, "closed", "e5", at(2), "{}"));
  Ids ended;
  const auto found = find_account(view(), *default_policy(), "a", nullptr);
  ASSERT_TRUE(found);
  for (const EntityView& e : found->ended) ended.push_back(e.id);
  EXPECT_EQ(ended, (Ids{"1", "3"}));
}

TEST_F(QueryTest, RecurringFaultsAreListedNewestFirst) {
  const EntityKey a{"a", "account", "a"}, b{"b", "account", "b"};
  event(a, own_record(a, "tocsin.fault.recurring", "1", at(1), R"({"module":"m1"})"));
  event(b, own_record(b, "tocsin.fault.recurring", "2", at(3), R"({"module":"m2"})"));
  event(a, own_record(a, "tocsin.fault.recurring", "3", at(2), R"({"module":"m3"})"));
  const ReadView v = view();
  const auto modules = [&](const FaultQuery& query) {
    std::string found;
    for (const FaultRow& fault : recurring_faults(v, query).faults) found += fault.data;
    return found;
  };
  EXPECT_EQ(modules({}), R"({"module":"m2"}{"module":"m3"}{"module":"m1"})");
  FaultQuery query;
  query.filter.account = "a";
  query.limit = 1;
  EXPECT_EQ(modules(query), R"({"module":"m3"})");
  query.filter.account = "";
  query.filter.q = "M1";
  EXPECT_EQ(modules(query), R"({"module":"m1"})");
  query.filter.q = "module";
  EXPECT_EQ(modules(query), "") << "a member's name is no word of the fault";
  // Page by page, each once.
  query.filter.q = "";
  std::string paged;
  const auto list = [&](const FaultQuery& asked) { return recurring_faults(v, asked); };
  each_page(query, list, [&](const FaultPage& page) {
    ASSERT_EQ(page.faults.size(), 1u);
    paged += page.faults[0].data;
  });
  EXPECT_EQ(paged, R"({"module":"m2"}{"module":"m3"}{"module":"m1"})");
}

TEST_F(QueryTest, AFaultIsOfTheKindItIsToldOnAndOfNoClock) {
  const EntityKey a{"a", "account", "a"};
  event(a, own_record(a, "tocsin.fault.recurring", "1", at(1),
                      R"({"entity":"account/a","module":"m1"})"));
  const ReadView v = view();
  const auto found = [&](std::string ListFilter::*part, const std::string& value) {
    FaultQuery query;
    query.filter.*part = value;
    return recurring_faults(v, query).faults.size();
  };
  EXPECT_EQ(found(&ListFilter::kind, "account"), 1u);
  EXPECT_EQ(found(&ListFilter::kind, "ticket"), 0u);
  EXPECT_EQ(found(&ListFilter::clock, "ticket.response"), 0u);
  EXPECT_EQ(found(&ListFilter::priority, "P1"), 0u);
}

// Facts name her by id, name and alias; a roster knows that these are one.
TEST_F(QueryTest, FiguresByPersonHaveOneRowForWhomHoweverWritten) {
  int number = 0;
  for (const std::string word : {"wang.fang", "王芳", "Fang", "li"}) {
    ClockRow clock = stopped("ticket.response", at(300), Verdict::kMet, 10);
    clock.thresholds[0].person = word;
    entity("a", "ticket", std::to_string(++number)).clocks = {clock};
  }
  const ReadView v = view();
  FigureQuery query;
  query.figure = "response";
  query.of.period = FigurePeriod::kAll;
  query.of.to = kEndOfDays;
  query.by_person = true;
  query.person_shown = [](const std::string& word) {
    return word == "王芳" || word == "Fang" ? std::string("wang.fang") : word;
  };
  std::map<std::string, std::int64_t> met;
  for (const FigureRow& row : figures(v, *default_policy(), query)) met[row.person] += row.met;
  EXPECT_EQ(met, (std::map<std::string, std::int64_t>{{"li", 1}, {"wang.fang", 3}}));

  BehindQuery behind;
  behind.to = kEndOfDays;
  behind.person_shown = query.person_shown;
  std::set<std::string> persons;
  for (const BehindRow& row :
       list_behind(v, *find_figure(*default_policy(), "response"), behind).rows)
    persons.insert(row.behind.person);
  EXPECT_EQ(persons, (std::set<std::string>{"li", "wang.fang"}));
}

TEST(RenderTest, AClockRowIsThatOfTheContract) {
  ClockRow c;
  c.clock = "ticket.resolution";
  c.cycle = "2";
  c.start = *parse_rfc3339("2026-03-02T01:00:00Z");
  c.thresholds = {{"target", *parse_rfc3339("2026-03-02T03:00:00Z"), Verdict::kBreached, true},
                  {"limit", std::nullopt, Verdict::kPending, false}};
  c.thresholds[0].excused = c.start;  // said elsewhere
  c.state = ClockState::kPaused;
  std::string out;
  append_clock_row(out, {"客户", "ticket", "T\"1"}, c);
  EXPECT_EQ(out,
            R"({"account":"客户","entity":"ticket/T\"1","clock":"ticket.resolution","cycle":2,)"
            R"("state":"paused","start":"2026-03-02T01:00:00.000Z","thresholds":[{"name":"target",)"
            R"("due":"2026-03-02T03:00:00.000Z","verdict":"breached"},{"name":"limit","due":null,)"
            R"("verdict":"pending"}],"stopped":null,"elapsedMs":null})");
  c.period = true;
  c.cycle = "2026-W10";
  c.state = ClockState::kStopped;
  c.stopped = c.start;
  c.elapsed_ms = 0;
  out.clear();
  append_clock_row(out, {"a", "account", "a"}, c);
  EXPECT_NE(out.find(R"("cycle":"2026-W10","state":"stopped")"), std::string::npos);
  EXPECT_NE(out.find(R"("stopped":"2026-03-02T01:00:00.000Z","elapsedMs":0})"), std::string::npos);
}

TEST_F(QueryTest, AnExcusedBreachIsMarkedWhereverItsClockIsShown) {
  const EntityKey t{"a", "ticket", "1"};
  ClockRow clock = running("ticket.response", at(60'000));
  clock.calendar = "24x7";
  clock.thresholds[0].verdict = Verdict::kBreached;
  clock.thresholds[0].excused = at(90'000);
  entity("a", "ticket", "1").clocks = {clock};
  const ReadView v = view();
  const Shown shown{v, *default_policy(), at(100'000)};
  const std::string marked = R"("verdict":"breached","excusedAt":"2026-03-01T00:01:30.000Z"}])";
  EXPECT_NE(clocks_json(shown, list_clocks(v, {}), {}).find(marked), std::string::npos);
  EXPECT_NE(entity_json(shown, *find_entity(v, t), {}).find(marked), std::string::npos);
}

TEST_F(QueryTest, BodiesAreOneJsonObjectWithTheOffsetTheyAreOf) {
  const EntityKey t{"a", "ticket", "1"};
  ClockRow clock = running("ticket.response", at(60'000));
  clock.calendar = "24x7";
  clock.since = at(0);
  entity("a", "ticket", "1").clocks = {clock};
  event(t, fact_record(t, "opened", "e", at(0), "{}"));
  const ReadView v = view();
  const Shown shown{v, *default_policy(), at(15'000)};
  EXPECT_EQ(as_of_offset(v), R"({"0":2})");
  EXPECT_EQ(
      clocks_json(shown, list_clocks(v, {}), {}),
      R"({"now":"2026-03-01T00:00:15.000Z","clocks":[{"account":"a","entity":"ticket/1",)"
      R"("clock":"ticket.response","cycle":1,)"
      R"("state":"running","start":"2026-03-01T00:00:00.000Z","thresholds":[{"name":"target",)"
      R"("due":"2026-03-01T00:01:00.000Z","verdict":"pending"}],"stopped":null,)"
      R"("elapsedMs":15000,"remainingMs":45000,"elapsedFraction":0.2500,"atRisk":false,)"
      R"("overdue":false,"title":null,"accountName":null,"link":null,"tier":null,)"
      R"("provisional":false,"priority":null,"assignee":null,"entityState":"open"}],)"
      R"("cursor":null,"counts":{},"as_of_offset":{"0":2}})");
  const std::string body =
      entity_json(shown, *find_entity(v, t), entity_timeline(v, t, {}, nullptr));
  EXPECT_NE(body.find(R"("facts":[{"position":"0:0","event":{"specversion":"1.0")"),
            std::string::npos);
  EXPECT_EQ(kpis_json(shown, {}, {}, {}),
            R"({"now":"2026-03-01T00:00:15.000Z","target":0.95,"figures":[],"kpis":[],)"
            R"("satisfaction":[],"as_of_offset":{"0":2}})");
}

}  // namespace
}  // namespace tocsin
