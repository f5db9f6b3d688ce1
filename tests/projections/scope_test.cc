// What a scope of accounts, sources and kinds lets see is what everybody sees of a store that only ever
// had the entities in it: every question, random histories, random scopes.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "projections/read/policy_figures.h"
#include "projections/read/query.h"
#include "projections/read/render.h"
#include "tests/projections/query_fixture.h"

namespace tocsin {
namespace {

using Texts = std::vector<std::string>;

class ScopeTest : public testing::Test {
 protected:
  ScopeTest() : seed_(seed()), random_(seed_), batches_(seed_) {
    std::cout << "seed " << seed_ << "\n";
    for (int i = 0; i < 250; ++i) history_.push_back(batches_.next());
    fill(*whole_, [&](const EntityKey& key) { return batches_.views.count(key) != 0; });
  }

  static unsigned seed() {
    const char* given = std::getenv("TOCSIN_SEED");
    return given == nullptr ? std::random_device{}()
                            : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  }
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_()) % n; }

  static std::unique_ptr<Store> opened(const TempDirectory& directory) {
    StoreOptions options;
    options.write_interval = hours(1);
    return Store::open(directory.path(), options);
  }

  template <typename Has>
  void fill(Store& store, const Has& has) {
    for (AppliedBatch batch : history_) {
      std::erase_if(batch.entities, [&](const EntityChange& c) { return !has(EntityKey(c.key)); });
      std::erase_if(batch.timeline,
                    [&](const TimelineRow& row) { return !has(EntityKey(row.entity)); });
      store.apply(std::move(batch));
    }
    ASSERT_TRUE(store.refresh(kLong));
  }

  Texts some(const Texts& of) {
    Texts out;
    if (pick(3) == 0) return out;
    for (const std::string& one : of) {
      if (pick(2) == 0) out.push_back(one);
    }
    if (out.empty()) out.push_back(of[pick(static_cast<unsigned>(of.size()))]);
    return out;
  }

  // As it is known in the end.
  bool is_inside(const Scope& scope, const EntityKey& key) const {
    const auto found = batches_.views.find(key);
    return found != batches_.views.end() &&
           scope.has_entity(key.account, key.kind, found->second.source);
  }

  ListFilter some_filter() {
    ListFilter f;
    if (pick(4) == 0) f.account = std::string(1, static_cast<char>('a' + pick(3)));
    if (pick(4) == 0) f.kind = Texts{"ticket", "complaint", "account"}[pick(3)];
    if (pick(5) == 0) f.clock = "ticket.response";
    if (pick(5) == 0) f.priority = "P1";
    if (pick(5) == 0) f.tier = "A";
    if (pick(5) == 0) f.role = "executive";
    if (pick(5) == 0) f.person = {"person-1", "person-2"};
    if (pick(5) == 0) f.q = Texts{"title 1", "t-1", "title"}[pick(3)];
    return f;
  }

  static std::string said(const FigureRow& r) {
    std::string out;
    for (const std::string* text :
         {&r.figure, &r.period, &r.account, &r.tier, &r.priority, &r.person, &r.module})
      out += *text + "|";
    for (const std::int64_t n : {r.met, r.breached, r.excused, r.scores.sum, r.scores.count})
      out += std::to_string(n) + "|";
    return out;
  }

  const unsigned seed_;
  std::mt19937 random_;
  RandomBatches batches_;
  std::vector<AppliedBatch> history_;
  TempDirectory directory_;
  std::unique_ptr<Store> whole_ = opened(directory_);
};

// Every answer as text; `scope` null: everybody's.
class Answers {
 public:
  Answers(const ReadView& view, std::shared_ptr<const Scope> scope)
      : view_(view), scope_(std::move(scope)), shown_{view_, *default_policy(), at(0), {}} {}

  // With a scope the page and the counts share what they found.
  std::string lists(ListFilter filter) const {
    filter.scope = scope_;
    if (scope_ != nullptr) filter.found = std::make_shared<WordsFound>();
    std::string out;
    for (const ClockClass of : {ClockClass::kRunning, ClockClass::kPaused, ClockClass::kStopped,
                                ClockClass::kAtRisk, ClockClass::kOverdue}) {
      ClockQuery query;
      query.classes = {of};
      query.filter = filter;
      query.limit = kPageMax;
      out += clocks_json(shown_, list_clocks(view_, query), counts(view_, filter)) + "\n";
    }
    InboxQuery inbox;
    inbox.acknowledged = true;
    inbox.filter = filter;
    inbox.limit = kPageMax;
    return out + inbox_json(shown_, list_inbox(view_, inbox), counts(view_, filter));
  }

  // By pages of three.
  Texts paged(ListFilter filter) const {
    filter.scope = scope_;
    ClockQuery query;
    query.filter = filter;
    query.limit = 3;
    Texts out;
    const auto clocks = [&](const ClockQuery& q) { return list_clocks(view_, q); };
    each_page(query, clocks, [&](const ClockPage& page) {
      for (const ListedClock& c : page.clocks)
        out.push_back(c.entity.account + "/" + c.entity.kind + "/" + c.entity.id + c.clock.clock);
    });
    InboxQuery inbox;
    inbox.filter = filter;
    inbox.limit = 3;
    const auto alarms = [&](const InboxQuery& q) { return list_inbox(view_, q); };
    each_page(inbox, alarms, [&](const InboxPage& page) {
      for (const InboxItem& item : page.items) out.push_back(item.group.escalation);
    });
    return out;
  }

  std::string faults(ListFilter filter) const {
    filter.scope = scope_;
    return faults_json(shown_, recurring_faults(view_, {filter, kPageMax, ""}));
  }

  KpiQuery kpi_query(const std::string& account) const {
    KpiQuery query;
    query.to = kEndOfDays;
    query.period = FigurePeriod::kWeek;
    query.account = account;
    query.now = at(20 * kDayMs);
    query.scope = scope_;
    for (const std::string& kind : scope_ == nullptr ? Texts() : scope_->kinds) {
      query.clocks_of_scope.insert(kind + ".response");
      query.clocks_of_scope.insert(kind + ".resolution");
    }
    return query;
  }

  std::string sums(const std::string& account, bool by_account, bool by_tier) const {
    KpiQuery query = kpi_query(account);
    query.by_account = by_account;
    query.by_tier = by_tier;
    return kpis_json(shown_, kpis(view_, query), scores(view_, query), {});
  }

  std::vector<FigureRow> named(const std::string& account, bool by_account, bool by_person) const {
    FigureQuery query;
    query.of = kpi_query(account);
    query.of.by_account = by_account;
    query.by_person = by_person;
    return figures(view_, *default_policy(), query);
  }

  std::string behind(const std::string& figure) const {
    BehindQuery query;
    query.to = kEndOfDays;
    query.limit = kPageMax;
    query.scope = scope_;
    return behind_json(shown_, list_behind(view_, *find_figure(*default_policy(), figure), query));
  }

  AccountPage accounts() const {
    AccountQuery query;
    query.filter.scope = scope_;
    query.limit = kPageMax;
    return list_accounts(view_, *default_policy(), query);
  }

  std::optional<AccountView> account(const std::string& name) const {
    return find_account(view_, *default_policy(), name, {}, scope_);
  }
  std::string as_json(const AccountView& account) const { return account_json(shown_, account); }

  std::vector<TimelineEntry> timeline(const std::string& account) const {
    TimelineQuery all;
    all.limit = kPageMax;
    return account_timeline(view_, account, all, {}, scope_.get());
  }

 private:
  const ReadView view_;
  const std::shared_ptr<const Scope> scope_;
  const Shown shown_;
};

TEST_F(ScopeTest, EveryAnswerIsThatOfAStoreWithWhatLiesInside) {
  const std::shared_ptr<const Policy> policy = default_policy();
  for (int round = 0; round < 12 && !HasFailure(); ++round) {
    const auto scope = std::make_shared<const Scope>(
        Scope{some({"a", "b", "c"}), some({"/crm/0", "/crm/1", "/crm/2", "/test"}),
              some({"ticket", "complaint", "milestone", "account"})});
    if (scope->whole()) continue;
    std::string words;
    for (const Texts* list : {&scope->accounts, &scope->sources, &scope->kinds}) {
      for (const std::string& word : *list) words += word + " ";
      words += "| ";
    }
    SCOPED_TRACE(words);
    TempDirectory directory;
    const auto part = opened(directory);
    fill(*part, [&](const EntityKey& key) { return is_inside(*scope, key); });
    const Answers got(whole_->view(), scope), wanted(part->view(), nullptr);

    for (int i = 0; i < 12; ++i) {
      const ListFilter filter = i == 0 ? ListFilter() : some_filter();
      EXPECT_EQ(got.lists(filter), wanted.lists(filter));
      EXPECT_EQ(got.paged(filter), wanted.paged(filter));
      EXPECT_EQ(got.faults(filter), wanted.faults(filter));
    }
    for (const std::string account : {"", "a", "b"}) {
      for (const bool by_account : {false, true}) {
        EXPECT_EQ(got.sums(account, by_account, true), wanted.sums(account, by_account, true));
        for (const bool by_person : {false, true}) {
          Texts mine, theirs;
          for (const FigureRow& r : got.named(account, by_account, by_person))
            mine.push_back(said(r));
          for (const FigureRow& r : wanted.named(account, by_account, by_person))
            theirs.push_back(said(r));
          EXPECT_EQ(mine, theirs);
        }
      }
    }
    for (const std::string figure : {"response", "resolution", "satisfaction"})
      EXPECT_EQ(got.behind(figure), wanted.behind(figure));

    // An account is seen by the entity that it is; where it has none by anything of it that is.
    Texts listed;
    for (const ListedAccount& one : got.accounts().accounts) listed.push_back(one.account);
    for (const std::string account : {"a", "b", "c"}) {
      const EntityKey self{account, "account", account};
      const bool any = std::any_of(
          batches_.views.begin(), batches_.views.end(),
          [&](const auto& e) { return e.first.account == account && is_inside(*scope, e.first); });
      const bool of_kind = scope->has_kind("account"), known = batches_.views.count(self) != 0;
      const bool seen = scope->has_account(account) && of_kind &&
                        (scope->sources.empty() || (known ? is_inside(*scope, self) : any));
      EXPECT_EQ(std::count(listed.begin(), listed.end(), account), seen ? 1 : 0) << account;
      if (!scope->has_account(account)) continue;  // refused by its path
      const auto page = got.account(account), theirs = wanted.account(account);
      if (scope->sources.empty()) {
        if (page && theirs) {
          EXPECT_EQ(got.as_json(*page), wanted.as_json(*theirs)) << account;
        }
      } else {
        EXPECT_EQ(page.has_value(), seen) << account;
      }
      if (page && theirs) {
        EXPECT_EQ(page->counts, theirs->counts);
        EXPECT_EQ(page->open, theirs->open);
        EXPECT_EQ(page->scores.size(), theirs->scores.size());
        EXPECT_EQ(page->contacts, theirs->contacts);
      }
      // Facts of other sources are left out, also of entities inside: all of these are of `/test`.
      const bool facts = scope->has_source("/test");
      std::vector<Offset> mine, others;
      for (const TimelineEntry& e : got.timeline(account)) mine.push_back(e.offset);
      for (const TimelineEntry& e : wanted.timeline(account)) {
        if (facts || e.record.find("\"/test\"") == std::string::npos) others.push_back(e.offset);
      }
      EXPECT_EQ(mine, others) << account;
    }
  }
}

}  // namespace
}  // namespace tocsin
