// Rooms: what they say after failed commits, restarts and hand-overs.
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <variant>

#include "tests/app/room_fixture.h"

namespace tocsin {
namespace {

TEST_F(RoomTest, WhatAFailedCommitWouldHaveSaidIsSaidAgain) {
  open_ticket(kOpened);
  room_->decide(kOpened, kOpened);
  commit();
  const Instant late = kDue + seconds(1);
  room_->look_ahead(late);
  room_->fire(late, late, 100);
  EXPECT_EQ(breaches(), kBreach);

  // The disk is full: the batch is nowhere, and everything is begun anew, some seconds later.
  room_->reset();
  own(late + seconds(2));
  EXPECT_TRUE(room_->batch().empty());
  room_->fire(late + seconds(3), late + seconds(3), 100);
  EXPECT_EQ(breaches(), kBreach);
  commit();
  room_->fire(late + seconds(4), late + seconds(4), 100);
  room_->decide(late + seconds(5), late + seconds(5));
  EXPECT_EQ(breaches(), std::vector<std::string>{});
}

// What was decided in the round that looks ahead is not in the store yet.
TEST_F(RoomTest, ADueOfTheRoundThatLooksAheadIsNotForgotten) {
  room_->look_ahead(kBegin);  // dues before 10:00 are in memory
  open_numbered(7, kBegin);   // to be warned of at 10:20
  const Instant later = kBegin + minutes(35);
  room_->decide(later, later);
  room_->look_ahead(later);  // dues before 10:35
  commit();
  const Instant warned = kBegin + minutes(80);
  EXPECT_LE(room_->next_due(), warned);
  room_->fire(warned, warned, 100);
  std::vector<std::string> types;
  for (const LogRecord& record : room_->batch().log) {
    LogEvent event;
    ASSERT_TRUE(read_log_record(record.value, event));
    types.emplace_back(event.type);
  }
  ASSERT_FALSE(types.empty());
  EXPECT_EQ(types.front(), "tocsin.clock.warned");
}

TEST_F(RoomTest, ADueThatPassedBeforeALaterRecordIsToldByTheNextOwner) {
  open_ticket(kOpened);
  room_->decide(kOpened, kOpened);
  commit();
  ASSERT_TRUE(store_->refresh(seconds(30)));
  // The owner is gone before it told; the log goes on behind the due with another's record.
  room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
  room_->follow(static_cast<Offset>(log_.size()),
                R"({"specversion":"1.0","id":"9","source":"/crm","type":"tocsin.ticket.opened",)"
                R"("time":"2026-03-02T12:20:00.000Z","subject":"T-9","partitionkey":"other",)"
                R"("recordedtime":"2026-03-02T12:20:00.000Z","tocsintier":"A","tocsinpolicy":"1",)"
                R"("data":{"priority":"P4"}})",
                true);
  const Instant now = at("2026-03-02T12:20:01Z");
  room_->followed(room_->next() + 1, true);
  room_->look_ahead(now);
  room_->fire(now, now, 100);
  EXPECT_EQ(breaches(), kBreach);
}

TEST_F(RoomTest, DuesAreReadAheadSomeAtATimeAndNoneIsLeftOut) {
  constexpr int kTickets = 25;
  for (int i = 0; i < kTickets; ++i) {
    // Five of each opening instant: 10:00, 10:01 … 10:04, due two hours later.
    const Instant opened = kOpened + minutes(i / 5);
    open_numbered(i, opened);
    room_->decide(opened, opened);
  }
  commit();
  ASSERT_TRUE(store_->refresh(seconds(30)));
  options_.look_ahead_rows = 3;
  options_.horizon = hours(24);
  room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
  const Instant now = at("2026-03-02T12:30:00Z");
  own(now);
  int slices = 1;
  for (; room_->wants_to_look_ahead(now); ++slices) room_->look_ahead(now);
  // Three rows, and the two more of the same instant: five slices, and one that finds the end.
  EXPECT_GE(slices, 5);
  room_->fire(now, now, 1000);
  EXPECT_EQ(breaches().size(), static_cast<std::size_t>(kTickets));
}

// Looking ahead reads all that waits to be written, so it is put off, though not beyond need.
TEST_F(RoomTest, LookingAheadIsPutOffWhileMuchWaitsToBeWritten) {
  StoreOptions slow;
  slow.table.free_bytes = [&](const std::filesystem::path&) { return full_ ? 0 : UINT64_MAX; };
  const TempDirectory directory;
  store_ = Store::open(directory.path(), slow);
  open();
  own(kBegin);
  const Instant later = kBegin + options_.horizon - minutes(20);
  EXPECT_TRUE(room_->wants_to_look_ahead(later));

  full_ = true;
  AppliedBatch much;
  much.partition = 1;  // not this room's
  much.next = 1;
  for (int i = 0; i < 3; ++i)
    much.accounts.push_back({std::to_string(i), std::string(30 << 20, 's')});
  store_->apply(std::move(much));
  EXPECT_FALSE(room_->wants_to_look_ahead(later));
  EXPECT_TRUE(room_->wants_to_look_ahead(later + minutes(11)));
  full_ = false;
  room_.reset();
  store_.reset();
}

// All of them fall due within the horizon, and no more than a quarter above the limit stay in
// memory; what was forgotten is read again when it is due, and told once.
// It would come back from the store as it was before.
TEST_F(RoomTest, WhatIsOnItsWayToTheLogStaysInMemory) {
  options_.hot_entities = 1;
  ASSERT_TRUE(store_->refresh(seconds(30)));
  open();
  const auto round = [&](int number) {
    open_numbered(number, kOpened);
    room_->decide(kOpened, kOpened);
    return room_->take_decided();
  };
  Decided under_way = round(1);
  const auto first = static_cast<Offset>(log_.size());
  const auto records = static_cast<Offset>(under_way.batch.log.size());
  for (int i = 2; i < 10; ++i) round(i);
  EXPECT_EQ(room_->partition().entities_in_memory(), 9u);
  room_->committed(std::move(under_way), first, first + records);
  for (int i = 10; i < 14; ++i) round(i);
  EXPECT_EQ(room_->partition().entities_in_memory(), 12u) << "the first one is in the store";
}

TEST_F(RoomTest, MemoryIsBoundedAlsoWhenAllFallDueSoon) {
  constexpr int kTickets = 400;
  options_.hot_entities = 40;
  options_.horizon = hours(24);
  ASSERT_TRUE(store_->refresh(seconds(30)));
  room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
  own(kBegin);
  std::size_t most = 0;
  for (int i = 0; i < kTickets; ++i) {
    open_numbered(i, kOpened);
    room_->decide(kOpened, kOpened);
    commit();
    most = std::max(most, room_->partition().entities_in_memory());
  }
  EXPECT_LE(most, 60u);
  EXPECT_GE(room_->partition().counters().evicted, kTickets - 60);
  room_->fire({kDue.ms - 1}, {kDue.ms - 1}, SIZE_MAX);  // warnings
  commit();
  std::set<std::string> told;
  for (bool more = true; more;) {
    more = room_->fire(kDue, kDue, 16);
    for (std::string& line : breaches()) EXPECT_TRUE(told.insert(std::move(line)).second);
    commit();
    EXPECT_LE(room_->partition().entities_in_memory(), kTickets / 2);
  }
  EXPECT_EQ(told.size(), static_cast<std::size_t>(kTickets));
}

TEST_F(RoomTest, ANewOwnerKnowsTheLastInstantOnlyOfALogThatItFollowed) {
  const Instant arrival = at("2026-03-02T10:30:00Z");
  open_ticket(arrival);
  room_->decide(arrival, arrival);
  commit();
  EXPECT_TRUE(room_->knows_latest());  // it wrote them
  ASSERT_TRUE(store_->refresh(seconds(30)));
  // The store has it all: nothing is followed, and the policy's record is an old one.
  room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
  EXPECT_FALSE(room_->knows_latest());
  EXPECT_LT(room_->latest(), arrival);
  const auto next = static_cast<Offset>(log_.size());
  room_->follow(next, log_.back(), true);
  room_->followed(next + 1, false);
  EXPECT_TRUE(room_->knows_latest());
  EXPECT_EQ(room_->latest(), arrival);
  room_->reset();
  EXPECT_TRUE(room_->knows_latest());
  EXPECT_EQ(room_->latest(), arrival);
}

TEST_F(RoomTest, WhatWasHeldIsToldByTheNextOwner) {
  // A late fact arrives while dues are held: nothing is told yet.
  const Instant arrival = at("2026-03-02T13:00:00Z");
  open_ticket(arrival);
  room_->decide(arrival, kAlways);
  EXPECT_EQ(room_->partition().waiting(), 1u);
  commit();
  ASSERT_TRUE(store_->refresh(seconds(30)));
  room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
  own(arrival + seconds(1));
  room_->fire(arrival + seconds(1), arrival + seconds(1), 100);
  EXPECT_EQ(breaches(), kBreach);
}

TEST_F(RoomTest, WhatAFollowerSawHeldIsToldByIt) {
  const Instant arrival = at("2026-03-02T13:00:00Z");
  open_ticket(arrival);
  room_->decide(arrival, kAlways);
  commit();
  TempDirectory other;
  const auto store = Store::open(other.path());
  Room follower(options_, store.get(), CommittedListener{});
  follow_the_log(follower, false);
  follower.followed(static_cast<Offset>(log_.size()), true);
  const Instant now = arrival + seconds(1);
  follower.look_ahead(now);
  follower.fire(now, now, 100);
  std::size_t breached = 0;
  for (const LogRecord& record : follower.batch().log)
    breached += record.value.find("tocsin.clock.breached") != std::string::npos ? 1 : 0;
  EXPECT_EQ(breached, 1u);
}

// A new owner holds what an answer means until it knows that nothing is unread, and loses the
// partition before. Nothing falls due any more that would make the next one look.
TEST_F(RoomTest, AnAnswerWhoseOwnerHeldItsEffectsIsToldByTheNextOne) {
  open_ticket(kOpened);
  room_->decide(kOpened, kOpened);
  commit();
  room_->look_ahead(kDue);
  room_->fire(kDue, kDue, 100);
  EXPECT_EQ(breaches(), kBreach);
  commit();
  const Instant answered = kDue + seconds(10);
  arrive("responded", "2", "2026-03-02T11:59:00Z", "{}", answered);
  room_->decide(answered, kAlways);
  ASSERT_EQ(room_->batch().log.size(), 1u);  // the fact alone
  commit();
  TempDirectory other;
  const auto store = Store::open(other.path());
  const Instant now = answered + seconds(1);
  const auto expect_told = [&](Room& next) {
    next.followed(next.next(), true);
    next.look_ahead(now);
    next.fire(now, now, 100);
    std::string said;
    for (const LogRecord& record : next.batch().log) {
      LogEvent event;
      ASSERT_TRUE(read_log_record(record.value, event));
      if (event.id.find("ticket.response/1/") != std::string::npos &&
          event.type.starts_with("tocsin.clock."))
        said += std::string(event.id.substr(event.id.rfind('/') + 1)) + " " +
                format_rfc3339(event.time) + "\n";
    }
    EXPECT_EQ(said,
              "stopped:1 2026-03-02T11:59:00.000Z\nwithdrawn:target:1 2026-03-02T12:00:11.000Z\n");
  };
  {
    Room follower(options_, store.get(), CommittedListener{});
    for (std::size_t i = 0; i < log_.size(); ++i)
      follower.follow(static_cast<Offset>(i), log_[i], true);
    follower.followed(static_cast<Offset>(log_.size()), false);
    expect_told(follower);
  }
  ASSERT_TRUE(store->refresh(seconds(10)));
  Room again(options_, store.get(), CommittedListener{});  // its store remembers
  expect_told(again);
}

// A last fact that has no effect is no reason to look again.
TEST_F(RoomTest, AFactWithoutEffectLeavesNothingToTell) {
  open_ticket(kOpened);
  room_->decide(kOpened, kOpened);
  commit();
  arrive("cancelled", "2", "2026-03-02T10:10:00Z", "{}", kOpened + minutes(10));
  room_->decide(kOpened + minutes(10), kOpened + minutes(10));
  commit();
  arrive("messaged", "3", "2026-03-02T10:20:00Z", R"({"from":"staff"})", kOpened + minutes(20));
  room_->decide(kOpened + minutes(20), kOpened + minutes(20));
  commit();
  TempDirectory other;
  const auto store = Store::open(other.path());
  Room follower(options_, store.get(), CommittedListener{});
  follow_the_log(follower, false);
  Entity* e = follower.partition().find({"acme", "ticket", "T-1"});
  ASSERT_NE(e, nullptr);
  EXPECT_EQ(e->next_due, kNever);
  EXPECT_TRUE(store->refresh(seconds(10)) && store_->refresh(seconds(10)));
  EXPECT_EQ(store->hashes(), store_->hashes());
}

// An entity's days are those of the business zone in force when it changed, also for who follows it and
// the policy that brings another zone in one stretch.
TEST_F(RoomTest, DaysAreThoseOfThePolicyByWhichAnEntityChanged) {
  open_ticket(kOpened);
  room_->decide(kOpened, kOpened);
  commit();
  const Instant later = kOpened + minutes(10);
  open_numbered(3, later);  // in the round that brings the other policy
  room_->decide(later, later);
  PolicyText elsewhere = shipped();
  for (auto& [name, text] : elsewhere.files) {
    const std::string zone = "Asia/Shanghai";
    const std::size_t at = text.find(zone);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, zone.size(), "Pacific/Kiritimati");
  }
  const ConfiguredPolicy policy(elsewhere);
  const std::string record = policy_record(elsewhere, *policy.policy(), 0, 0, kOpened);
  LogEvent event;
  ASSERT_TRUE(read_log_record(record, event));
  EXPECT_EQ(room_->take_own({"tocsin.engine.policy", "", std::string(event.data), -1}, later), "");
  commit();
  open_numbered(2, later);
  room_->decide(later, later);
  commit();
  TempDirectory other;
  const auto store = Store::open(other.path());
  Room follower(options_, store.get(), CommittedListener{});
  follow_the_log(follower, false);
  EXPECT_TRUE(store->refresh(seconds(10)) && store_->refresh(seconds(10)));
  EXPECT_EQ(store->hashes(), store_->hashes());
}

// Tickets of one module in three weeks running are a recurring fault; each week sees a new owner.
TEST_F(RoomTest, WhatFaultsAreReadFromOutlivesRestarts) {
  std::vector<std::string> faults;
  for (const char* time :
       {"2026-03-02T10:00:00Z", "2026-03-09T10:00:00Z", "2026-03-16T10:00:00Z"}) {
    const std::string id = std::string(time).substr(5, 5);
    Decoded decoded;
    decoder_.structured(R"({"specversion":"1.0","id":")" + id +
                            R"(","source":"/crm","type":"tocsin.ticket.opened","time":")" + time +
                            R"(","subject":"T)" + id +
                            R"(","partitionkey":"acme","data":{"priority":"P1","module":"gate"}})",
                        {}, decoded);
    ASSERT_EQ(room_->arrive(decoded, at(time)).outcome, Outcome::kAccepted);
    room_->decide(at(time), at(time));
    for (const LogRecord& record : room_->batch().log) {
      LogEvent event;
      ASSERT_TRUE(read_log_record(record.value, event));
      if (event.type == "tocsin.fault.recurring") faults.emplace_back(event.id);
    }
    commit();
    ASSERT_TRUE(store_->refresh(seconds(30)));
    room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
    room_->followed(room_->next(), true);
  }
  EXPECT_EQ(faults, std::vector<std::string>{"acme/account/acme/fault/gate/2026-W12"});
}

struct Told {
  Offset offset;
  RecordKind kind;
  std::string type, entity;
  bool owned, replayed, derived;
  friend bool operator==(const Told&, const Told&) = default;
};

// What listeners are told is the same whether it was decided here or followed, but for whose it is.
TEST_F(RoomTest, ListenersAreToldTheSameOfWhatWasDecidedAndWhatWasFollowed) {
  std::vector<Told> told;
  const CommittedListener listener = [&](const Committed& c) {
    told.push_back({c.offset, c.kind, std::string(c.type),
                    std::string(c.entity_kind) + "/" + std::string(c.entity_id), c.owned,
                    c.replayed, c.derived != nullptr});
    if (c.derived == nullptr || c.derived->type != DerivedType::kEscalationRaised) return;
    EXPECT_EQ(group_id({c.account, c.entity_kind, c.entity_id}, *c.spec, *c.policy,
                       c.derived->group, c.derived->instance),
              "acme/ticket/T-1/routed/P1");
    EXPECT_EQ(c.policy->roles[c.derived->roles.at(0)], "service_director");
  };
  TempDirectory directory;
  const auto store = Store::open(directory.path());
  log_.clear();
  Room owner(options_, store.get(), listener);
  owner.followed(0, true);
  owner.ensure_policy(kBegin);
  Decoded decoded;
  decoder_.structured(
      R"({"specversion":"1.0","id":"1","source":"/crm","type":"tocsin.ticket.opened",)"
      R"("time":"2026-03-02T10:00:00Z","subject":"T-1","partitionkey":"acme",)"
      R"("data":{"priority":"P1","tier":"A"}})",
      {}, decoded);
  ASSERT_EQ(owner.arrive(decoded, kOpened).outcome, Outcome::kAccepted);
  owner.decide(kOpened, kOpened);
  for (const LogRecord& record : owner.batch().log) log_.emplace_back(record.value);
  owner.committed(owner.take_decided(), 0, static_cast<Offset>(log_.size()));
  const std::vector<Told> decided = std::exchange(told, {});
  ASSERT_GE(decided.size(), 4u);
  EXPECT_EQ(decided[0],
            (Told{0, RecordKind::kEngine, "tocsin.engine.policy", "/", true, false, false}));
  EXPECT_EQ(decided[1],
            (Told{1, RecordKind::kFact, "tocsin.ticket.opened", "ticket/T-1", true, false, false}));
  EXPECT_EQ(decided[2], (Told{2, RecordKind::kDerived, "tocsin.clock.started", "ticket/T-1", true,
                              false, true}));

  TempDirectory other;
  const auto empty = Store::open(other.path());
  Room follower(options_, empty.get(), listener);
  follower.replayed_until(2);
  for (std::size_t i = 0; i < log_.size(); ++i)
    follower.follow(static_cast<Offset>(i), log_[i], false);
  for (Told& t : told) {
    EXPECT_EQ(t.replayed, t.offset < 2);
    EXPECT_FALSE(t.owned);
    t.replayed = false;
    t.owned = true;
  }
  EXPECT_EQ(told, decided);
}

// A clock that was set back a little stands still for the log, over restarts too.
TEST_F(RoomTest, RecordsOfOneInstantHaveIdsOfTheirOwnOverARestart) {
  std::set<std::string> ids;
  for (int start = 0; start < 3; ++start) {
    ASSERT_TRUE(store_->refresh(seconds(30)));
    open();
    EXPECT_EQ(room_->take_own({"tocsin.engine.roster", "", R"({"text":"away: [Li Wei]"})"}, kBegin),
              "");
    room_->append_mark("tocsin.engine.recovered", "{}");
    for (const LogRecord& record : room_->batch().log) {
      LogEvent event;
      ASSERT_TRUE(read_log_record(record.value, event));
      EXPECT_TRUE(ids.emplace(event.id).second) << event.id;
    }
    commit();
  }
  EXPECT_EQ(ids.size(), 6u);
}

TEST_F(RoomTest, ARecordThatWasHandedInTakesForceAndItsPlaceIsRemembered) {
  const std::int32_t version = room_->policy().version;
  EXPECT_EQ(
      room_->take_own({"tocsin.engine.roster", "", R"({"text":"away: [Li Wei]"})", 4}, kBegin), "");
  EXPECT_NE(
      room_->take_own({"tocsin.engine.roster", "", R"({"text":"nobody: [Li Wei]"})", 5}, kBegin),
      "");
  EXPECT_NE(room_->take_own({"tocsin.clock.started", "", "{}", 6}, kBegin), "");
  const std::string record =
      policy_record(options_.policy.text(), *options_.policy.policy(), 0, 0, kBegin);
  LogEvent event;
  ASSERT_TRUE(read_log_record(record, event));
  EXPECT_EQ(room_->take_own({"tocsin.engine.policy", "again", std::string(event.data), 7}, kBegin),
            "");
  EXPECT_EQ(room_->policy().version, version + 1);
  commit();
  EXPECT_EQ(room_->control_next(), 8);
  EXPECT_TRUE(room_->refusal(5).has_value());
  EXPECT_FALSE(room_->refusal(4).has_value());

  ASSERT_TRUE(store_->refresh(seconds(30)));
  Room again(options_, store_.get(), CommittedListener{});
  EXPECT_EQ(again.control_next(), 8);
  EXPECT_EQ(again.policy().version, version + 1);
  TempDirectory other;
  const auto empty = Store::open(other.path());
  Room follower(options_, empty.get(), CommittedListener{});
  for (std::size_t i = 0; i < log_.size(); ++i)
    follower.follow(static_cast<Offset>(i), log_[i], false);
  EXPECT_EQ(follower.control_next(), 8);
  EXPECT_TRUE(follower.refusal(5).has_value());
}

}  // namespace
}  // namespace tocsin
