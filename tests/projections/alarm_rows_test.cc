// One row holds the alarms of an entity that stand together in an inbox; nobody who lists or counts
// notices.
#include <algorithm>
#include <random>

#include "projections/read/merged_rows.h"
#include "projections/rows/keys.h"
#include "projections/rows/views.h"
#include "tests/engine/calendar_fixture.h"
#include "tests/projections/query_fixture.h"

namespace tocsin {
namespace {

// An alarm, in words: account/kind/id, a bar, its name.
std::string said(const EntityKey& e, const GroupRow& g) {
  return e.account + "/" + e.kind + "/" + e.id + "|" + std::string(group_name(e, g.escalation));
}

class AlarmRowsTest : public QueryTest {
 protected:
  AlarmRowsTest() : random_(test_seed()) {}

  std::size_t pick(std::size_t n) { return random_() % n; }
  const std::string& one_of(const Ids& words) { return words[pick(words.size())]; }
  Ids some(const Ids& words, std::size_t most) {
    Ids out;
    for (std::size_t n = pick(most + 1); n > 0; --n) out.push_back(one_of(words));
    return out;
  }

  GroupRow some_group(const EntityKey& e, const std::string& name) {
    GroupRow g;
    g.escalation = (e.account + "/").append(e.kind + "/").append(e.id + "/" + name);
    g.clock = one_of({"ticket.response", "ticket.resolution"});
    g.urgency = one_of({"high", "low"});
    g.state = static_cast<GroupState>(pick(4));
    if (pick(3) != 0) g.state = GroupState::kOpen;
    g.persons = some(kPersons, 2);
    g.roles = some(kRoles, 2);
    for (std::size_t n = pick(2); n > 0; --n)
      g.called.push_back(
          {one_of(kPersons), pick(2) == 0 ? "" : one_of(kRoles), 1, at(0), "", "", {}});
    return g;
  }

  // Of few ranks and dues, so that many stand side by side.
  void some_entity(int number) {
    const EntityKey key(one_of(kAccounts), one_of({"ticket", "complaint"}),
                        "T-" + std::to_string(number));
    EntityView& v = entity(key.account, key.kind, key.id);
    v.groups.clear();
    v.rank = static_cast<std::uint8_t>(pick(2));
    v.tier = one_of({"A", "B"});
    v.over = pick(5) == 0;
    v.clocks = {running("ticket.response", at(static_cast<std::int64_t>(pick(3))))};
    if (pick(4) == 0) v.clocks[0].state = ClockState::kStopped;
    Ids names = kNames;
    std::shuffle(names.begin(), names.end(), random_);
    names.resize(pick(5));
    for (const std::string& name : names) v.groups.push_back(some_group(key, name));
  }

  InboxQuery some_query() {
    InboxQuery q;
    if (pick(3) == 0) q.filter.account = one_of(kAccounts);
    if (pick(3) == 0) q.filter.person = {kPersons[pick(2)]};
    if (!q.filter.person.empty() && pick(2) == 0) q.filter.person.push_back("another word");
    if (pick(3) == 0) q.filter.role = one_of(kRoles);
    if (pick(5) == 0) q.filter.clock = "ticket.response";
    if (pick(5) == 0) q.filter.tier = "A";
    q.acknowledged = pick(2) == 0;
    q.open = !q.acknowledged || pick(2) == 0;
    q.nobody = pick(6) == 0;
    return q;
  }

  // What a query must list, from the views and the documented order alone. Each word of a person is an
  // inbox of its own: of the same rank and due they come by the word.
  Ids wanted(const InboxQuery& q, std::int64_t& high) {
    using Place = std::tuple<bool, int, bool, Instant, std::string, std::string, std::string,
                             std::string, std::string>;
    std::vector<std::tuple<Place, std::string, bool>> found;
    for (const auto& [key, v] : entities_) {
      for (const GroupRow& g : v.groups) {
        Ids persons = g.persons, roles = g.roles;
        for (const CallRow& call : g.called) {
          persons.push_back(call.person);
          roles.push_back(call.role);
        }
        const auto has = [](const Ids& in, const std::string& word) {
          return std::find(in.begin(), in.end(), word) != in.end();
        };
        const bool acknowledged = g.state == GroupState::kAcknowledged;
        const bool runs = v.clocks[0].state == ClockState::kRunning;
        if (g.state != GroupState::kOpen && !(acknowledged && (!v.over || runs))) continue;
        if (acknowledged ? !q.acknowledged : !q.open) continue;
        const ListFilter& f = q.filter;
        if (!f.account.empty() && key.account != f.account) continue;
        if (!f.clock.empty() && g.clock != f.clock) continue;
        if (!f.tier.empty() && v.tier != f.tier) continue;
        if (!f.role.empty() && !has(roles, f.role)) continue;
        const auto word = std::find_if(f.person.begin(), f.person.end(),
                                       [&](const std::string& w) { return has(persons, w); });
        if (!f.person.empty() && word == f.person.end()) continue;
        if (q.nobody && !persons.empty()) continue;
        found.emplace_back(
            Place{!persons.empty(), v.rank, acknowledged,
                  runs ? *v.clocks[0].thresholds[0].due : kNever, f.person.empty() ? "" : *word,
                  key.account, key.kind, key.id, std::string(group_name(key, g.escalation))},
            said(key, g), g.urgency == "high");
      }
    }
    std::sort(found.begin(), found.end());
    Ids out;
    for (const auto& [place, text, is_high] : found) {
      out.push_back(text);
      high += is_high ? 1 : 0;
    }
    return out;
  }

  static Ids listed(const InboxPage& page) {
    Ids out;
    for (const InboxItem& item : page.items) out.push_back(said(item.entity, item.group));
    return out;
  }

  std::mt19937_64 random_;
  const Ids kAccounts = {"a", "b", std::string("b\0", 2)};
  const Ids kPersons = {"wang", "chen", "another word"};
  const Ids kRoles = {"executive", "assignee"};
  // Names that begin with each other, and with bytes that sort at the ends.
  const Ids kNames = {"",     "g", "g1", "g/1", std::string("g\0", 2), std::string("g\0\1", 3),
                      "\xff", "z"};
};

TEST_F(AlarmRowsTest, EachPageSizeListsWhatTheViewsHold) {
  for (int asked = 0; asked < 200; ++asked) {
    if (asked % 20 == 0) {
      for (int i = 0; i < 40; ++i) some_entity(i);
    }
    const ReadView v = view();
    InboxQuery q = some_query();
    SCOPED_TRACE(testing::Message()
                 << "account " << q.filter.account << " person "
                 << testing::PrintToString(q.filter.person) << " role " << q.filter.role << " open "
                 << q.open << " acknowledged " << q.acknowledged << " nobody " << q.nobody);
    std::int64_t high = 0;
    const Ids all = wanted(q, high);
    q.limit = kPageMax;
    EXPECT_EQ(listed(list_inbox(v, q)), all);
    for (q.limit = 1; q.limit <= 5; ++q.limit) {
      Ids paged;
      const auto list = [&](const InboxQuery& page) { return list_inbox(v, page); };
      each_page(q, list, [&](const InboxPage& page) {
        EXPECT_LE(page.items.size(), q.limit);
        for (std::string& text : listed(page)) paged.push_back(std::move(text));
      });
      EXPECT_EQ(paged, all) << "pages of " << q.limit;
    }
    const bool are_walked = !q.filter.person.empty() || !q.filter.role.empty();  // else: sums
    if (!are_walked || !q.open || q.acknowledged || q.nobody) continue;
    auto counted = counts(v, q.filter, CountsOf::kGroups);
    EXPECT_EQ(counted["groups"], static_cast<std::int64_t>(all.size()));
    EXPECT_EQ(counted["groups/high"], high);
  }
}

TEST_F(AlarmRowsTest, ACursorGoesOnWhenAlarmsComeAndGo) {
  for (int i = 0; i < 60; ++i) some_entity(i);
  std::int64_t high = 0;
  InboxQuery q;
  q.limit = 1;
  const Ids before = wanted(q, high);
  Ids found;
  const auto list = [&](const InboxQuery& page) { return list_inbox(view(), page); };
  each_page(q, list, [&](const InboxPage& page) {
    for (const InboxItem& item : page.items) {
      found.push_back(said(item.entity, item.group));
      // What was listed is cleared, perhaps with its row, and others of the entity come and go.
      EntityView& v = entities_[item.entity];
      if (pick(2) == 0) {
        std::erase_if(v.groups,
                      [&](const GroupRow& g) { return g.escalation == item.group.escalation; });
      }
      if (pick(2) == 0)
        v.groups.push_back(some_group(item.entity, "new " + std::to_string(pick(1000))));
    }
  });
  std::erase_if(found,
                [](const std::string& text) { return text.find("|new ") != std::string::npos; });
  EXPECT_EQ(found, before);
}

TEST_F(AlarmRowsTest, WhatIsNoCursorBeginsAtTheStart) {
  for (int i = 0; i < 20; ++i) some_entity(i);
  const ReadView v = view();
  InboxQuery q;
  q.limit = 3;
  const InboxPage first = list_inbox(v, q);
  const std::string key = from_cursor(first.cursor).value();
  ASSERT_TRUE(is_cursor_key(key, Family::kGroup));
  for (const std::string& other :
       {key.substr(0, key.size() - 1), key + 'x', key.substr(0, 12), std::string("x")}) {
    EXPECT_FALSE(is_cursor_key(other, Family::kGroup));
    q.cursor = to_cursor(other);
    EXPECT_EQ(listed(list_inbox(v, q)), listed(first));
  }
}

TEST_F(AlarmRowsTest, AnEntityHasARowForEachInboxHoweverManyAlarms) {
  const EntityKey key("a", "ticket", "1");
  EntityView& v = entity(key.account, key.kind, key.id);
  v.clocks = {running("ticket.response", at(1))};
  for (const std::string name : {"c", "a", "b"}) {
    GroupRow g;
    g.escalation = "a/ticket/1/" + name;
    g.persons = {"wang", "chen"};
    g.roles = {"executive"};
    v.groups.push_back(g);
  }
  Projection p;
  p.known = true;
  p.due_days = {0};
  Arena arena;
  std::vector<ViewRow> rows;
  const auto rows_of_alarms = [&] {
    p.view = v;
    index_rows(0, key, p, arena, rows);
    std::vector<ViewRow> found;
    for (const ViewRow& row : rows) {
      if (KeyReader(row.key).family() == Family::kGroup) found.push_back(row);
    }
    return found;
  };
  ASSERT_EQ(rows_of_alarms().size(), 5u);  // everybody, account, two persons, a role
  for (const ViewRow& row : rows_of_alarms()) {
    Ids names;
    for (GroupsInRow groups(row.value); groups.next();) names.emplace_back(groups.name());
    EXPECT_EQ(names, (Ids{"a", "b", "c"}));
  }
  EXPECT_EQ(inbox_key(0, InboxOf::kEverybody, "", key, v, v.groups[0]),
            Key(std::string(rows_of_alarms()[0].key)).text("c").take());
  v.groups[0].state = GroupState::kAcknowledged;
  EXPECT_EQ(rows_of_alarms().size(), 10u);
  v.groups[1].persons.clear();  // nobody was called: in no person's inbox, and first in others
  EXPECT_EQ(rows_of_alarms().size(), 13u);
}

}  // namespace
}  // namespace tocsin
