// Alarms as people ask for them.
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
  do {
    const InboxPage page = list_inbox(v, q);
    for (const std::string& name : names(page)) paged.push_back(name);
    q.cursor = page.cursor;
  } while (!q.cursor.empty());
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
    q.filter.person = person;
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

}  // namespace
}  // namespace tocsin
