// Alarms as people ask for them.
#include <random>

#include "projections/read/list_filter.h"
#include "tests/engine/calendar_fixture.h"
#include "tests/projections/query_fixture.h"

namespace tocsin {
namespace {

class InboxTest : public QueryTest {
 protected:
  static GroupRow group(const std::string& name) {
    GroupRow g;
    g.escalation = name;
    g.urgency = "high";
    g.persons = {"wang", "wang"};  // in two roles
    g.roles = {"assignee", "account_manager"};
    return g;
  }
  void alarm(const std::string& id, std::uint8_t rank, std::int64_t due, GroupRow g) {
    EntityView& v = entity("a", "ticket", id);
    v.rank = rank;
    v.clocks = {running("ticket.response", at(due))};
    v.groups.push_back(std::move(g));
  }
  static Ids names(const InboxPage& page) {
    Ids names;
    for (const InboxItem& item : page.items) names.push_back(item.group.escalation);
    return names;
  }
};

TEST_F(InboxTest, BeginsWithWhatIsWorst) {
  GroupRow nobodys = group("nobodys");
  nobodys.persons.clear();
  GroupRow taken = group("taken");
  taken.state = GroupState::kAcknowledged;
  taken.by = "wang";
  GroupRow cleared = group("cleared");
  cleared.state = GroupState::kCleared;
  alarm("1", 1, 10, group("P2"));
  alarm("2", 0, 30, group("P1 later"));
  alarm("3", 0, 20, group("P1"));
  alarm("4", 0, 5, taken);
  alarm("5", 3, 40, nobodys);
  alarm("6", 0, 1, cleared);
  const ReadView v = view();
  InboxQuery q;
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{"nobodys", "P1", "P1 later", "P2"}));
  q.acknowledged = true;
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{"nobodys", "P1", "P1 later", "taken", "P2"}));
  Ids paged;
  q.limit = 2;
  const auto list = [&](const InboxQuery& asked) { return list_inbox(v, asked); };
  each_page(q, list, [&](const InboxPage& page) {
    for (const std::string& name : names(page)) paged.push_back(name);
  });
  EXPECT_EQ(paged, (Ids{"nobodys", "P1", "P1 later", "taken", "P2"}));
  q = {};
  q.open = false;
  q.acknowledged = true;
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{"taken"}));
  q = {};
  q.nobody = true;
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{"nobodys"}));
}

TEST_F(InboxTest, APersonFindsWhateverThePersonWasEverCalledFor) {
  GroupRow moved = group("moved on");
  moved.persons = {"chen"};
  moved.roles = {"executive"};
  moved.called = {{"wang", "service_director", 1, at(0), "", "", {}},
                  {"chen", "executive", 2, at(1), "", "", {}}};
  alarm("1", 0, 10, moved);
  const ReadView v = view();
  InboxQuery q;
  for (const std::string person : {"wang", "chen"}) {
    q.filter.person = {person};
    EXPECT_EQ(names(list_inbox(v, q)), (Ids{"moved on"})) << person;
  }
  q.filter.role = "executive";
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{"moved on"}));
  q.filter.role = "assignee";
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{}));
  q = {};
  q.filter.role = "service_director";
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{"moved on"}));
}

TEST_F(InboxTest, APersonWhoWasCalledBySeveralWordsFindsEachAlarmOnce) {
  const auto called = [&](const char* id, std::vector<std::string> persons) {
    GroupRow one = group(id);
    for (const std::string& person : persons)
      one.called.push_back({person, "executive", 1, at(0), "", "", {}});
    one.persons = std::move(persons);
    alarm(id, 0, 10, one);
  };
  called("by id", {"wang.fang"});
  called("by name", {"王芳"});
  called("by both", {"王芳", "wang.fang"});
  called("another's", {"chen"});
  const ReadView v = view();
  for (const PersonWords& words :
       {PersonWords{"wang.fang", "王芳", "Fang"}, PersonWords{"Fang", "王芳", "wang.fang"}}) {
    InboxQuery q;
    q.filter.person = words;
    const Ids found = names(list_inbox(v, q));
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()),
              (std::set<std::string>{"by id", "by name", "by both"}));
    EXPECT_EQ(found.size(), 3u);
    Ids paged;
    EXPECT_EQ(counts(v, q.filter).at("groups"), 3);
    q.limit = 1;
    const auto list = [&](const InboxQuery& asked) { return list_inbox(v, asked); };
    each_page(q, list, [&](const InboxPage& page) {
      for (const std::string& name : names(page)) paged.push_back(name);
    });
    EXPECT_EQ(paged, found) << "page by page";
  }
}

TEST_F(InboxTest, WhatWasAcknowledgedLeavesWithTheEndOfItsEntity) {
  GroupRow taken = group("taken");
  taken.state = GroupState::kAcknowledged;
  alarm("1", 0, 10, taken);
  InboxQuery q;
  q.acknowledged = true;
  EXPECT_EQ(names(list_inbox(view(), q)), (Ids{"taken"}));
  EntityView& v = entities_[{"a", "ticket", "1"}];
  v.over = true;
  v.clocks[0].state = ClockState::kStopped;
  EXPECT_EQ(names(list_inbox(view(), q)), (Ids{}));
}

TEST_F(InboxTest, WordsAreSoughtInTitleIdAndAccount) {
  alarm("T-9", 0, 10, group("g"));
  entities_[{"a", "ticket", "T-9"}].title = "MES 产线停摆";
  summaries_["a"].name = "Acme";
  const ReadView v = view();
  InboxQuery q;
  for (const std::string words : {"mes", "产线", "t-9", "ACME"}) {
    q.filter.q = words;
    EXPECT_EQ(names(list_inbox(v, q)), (Ids{"g"})) << words;
    EXPECT_EQ(counts(v, q.filter).at("groups"), 1) << words;
  }
  q.filter.q = "nothing";
  EXPECT_EQ(names(list_inbox(v, q)), (Ids{}));
}

// A list that words narrow is the whole list without what they do not stand in, on every page size,
// and the counts are those of the lists.
TEST_F(InboxTest, WordsLeaveOfEachListWhatTheyStandIn) {
  std::mt19937_64 random(test_seed());
  const auto any = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  static const std::vector<std::string> kTitles = {"Line down", "line slow", "MES 停摆", "",
                                                   "Print"};
  static const std::vector<std::string> kPersons = {"", "wang", "chen"};
  for (int i = 0; i < 150; ++i) {
    const std::string account = "a" + std::to_string(any(4)), id = "T-" + std::to_string(i);
    EntityView& v = entity(account, any(4) == 0 ? "complaint" : "ticket", id);
    v.title = kTitles[static_cast<std::size_t>(any(5))];
    v.rank = static_cast<std::uint8_t>(any(4));
    v.tier = any(2) == 0 ? "A" : "B";
    v.over = any(4) == 0;
    v.clocks = {any(3) == 0 ? stopped("ticket.response", at(any(40)), Verdict::kMet, 5)
                            : running("ticket.response", at(any(40)), any(3) == 0)};
    if (any(3) == 0) v.clocks.push_back(running("ticket.resolution", at(any(40))));
    if (any(5) == 0) v.clocks.back().thresholds[0].verdict = Verdict::kBreached;
    for (int g = any(3); g > 0; --g) {
      GroupRow alarm = group(account + "/" + v.kind + "/" + id + "/" + std::to_string(g));
      alarm.clock = "ticket.response";
      const std::string& person = kPersons[static_cast<std::size_t>(any(3))];
      alarm.persons.clear();
      if (!person.empty()) alarm.persons = {person};
      if (!person.empty() && any(3) == 0) alarm.persons.emplace_back("another word");
      alarm.state = static_cast<GroupState>(any(3));
      if (any(2) == 0) alarm.urgency = "low";
      v.groups.push_back(std::move(alarm));
    }
  }
  summaries_["a1"].name = "Lineage";
  const ReadView v = view();
  const auto stands_in = [&](const EntityKey& e, const std::string& words) {
    const auto name = summaries_.find(e.account);
    for (const std::string& text :
         {entities_[e].title, e.id, e.account, name == summaries_.end() ? "" : name->second.name}) {
      if (lower_case(text).find(lower_case(words)) != std::string::npos) return true;
    }
    return false;
  };
  for (int round = 0; round < 60; ++round) {
    ListFilter all;
    if (any(4) == 0) all.account = "a" + std::to_string(any(5));
    if (any(4) == 0) all.kind = "ticket";
    if (any(4) == 0) all.tier = "A";
    const std::string& person = kPersons[static_cast<std::size_t>(any(3))];
    if (!person.empty()) all.person = {person};
    if (!person.empty() && any(3) == 0) all.person.emplace_back("another word");
    if (any(4) == 0) all.role = "account_manager";
    ListFilter some = all;
    static const std::vector<std::string> kWords = {"LINE", "down", "停", "t-1", "a2", "no such"};
    some.q = kWords[static_cast<std::size_t>(any(6))];
    SCOPED_TRACE(some.q + " account " + some.account + " person " + person + " role " + some.role +
                 " kind " + some.kind);
    const std::size_t limit = static_cast<std::size_t>(1 + any(7));
    std::map<std::string, std::int64_t> sums;

    InboxQuery alarms;
    alarms.acknowledged = any(2) == 0;
    alarms.nobody = any(4) == 0;
    alarms.filter = all;
    alarms.limit = kPageMax;
    Ids wanted, found;
    for (const InboxItem& item : list_inbox(v, alarms).items) {
      if (stands_in(item.entity, some.q)) wanted.push_back(item.group.escalation);
    }
    alarms.filter = some;
    alarms.limit = limit;
    each_page(
        alarms, [&](const InboxQuery& q) { return list_inbox(v, q); },
        [&](const InboxPage& page) {
          for (const std::string& name : names(page)) found.push_back(name);
        });
    EXPECT_EQ(found, wanted);

    static const std::vector<std::pair<ClockClass, std::string>> kClasses = {
        {ClockClass::kRunning, "running"},
        {ClockClass::kAtRisk, "at_risk"},
        {ClockClass::kOverdue, "overdue"},
        {ClockClass::kStopped, ""}};
    for (const auto& [of, name] : kClasses) {
      ClockQuery clocks;
      clocks.classes = {of};
      clocks.filter = all;
      clocks.limit = kPageMax;
      Ids wanted_clocks, found_clocks;
      for (const ListedClock& c : list_clocks(v, clocks).clocks) {
        if (stands_in(c.entity, some.q)) wanted_clocks.push_back(c.entity.id + c.clock.clock);
      }
      clocks.filter = some;
      clocks.limit = limit;
      each_page(
          clocks, [&](const ClockQuery& q) { return list_clocks(v, q); },
          [&](const ClockPage& page) {
            for (const ListedClock& c : page.clocks)
              found_clocks.push_back(c.entity.id + c.clock.clock);
          });
      EXPECT_EQ(found_clocks, wanted_clocks) << name;
      if (!name.empty()) sums[name] = static_cast<std::int64_t>(wanted_clocks.size());
    }
    auto counted = counts(v, some);
    for (const auto& [name, n] : sums) EXPECT_EQ(counted[name], n) << name;
    InboxQuery open;
    open.filter = all;
    open.limit = kPageMax;
    std::int64_t groups = 0;
    for (const InboxItem& item : list_inbox(v, open).items)
      groups += stands_in(item.entity, some.q) ? 1 : 0;
    EXPECT_EQ(counted["groups"], groups);
  }
}

}  // namespace
}  // namespace tocsin
