#include "projections/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

#include "events/bytes.h"
#include "projections/read/query.h"
#include "projections/rows/record_type.h"
#include "projections/rows/timeline_rows.h"
#include "projections/rows/views.h"
#include "tests/projections/damage.h"
#include "tests/projections/random_batches.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

constexpr Duration kLong = seconds(30);

StoreOptions manual() {
  StoreOptions options;
  options.write_interval = hours(1);  // only when asked
  return options;
}

struct Change {
  EntityKey key;
  std::string state;
  Instant due;
};

Change change(const EntityKey& key, std::string state, Instant due) {
  return {key, std::move(state), due};
}

void add(AppliedBatch& batch, const Change& change) {
  EntityView view;
  view.created = true;
  batch.add_entity(change.key, change.state, encoded(view), change.due);
}

AppliedBatch batch(Offset next, const std::vector<Change>& changes = {}) {
  AppliedBatch b;
  b.next = next;
  for (const Change& c : changes) add(b, c);
  b.business_day = shanghai_day();
  return b;
}

std::vector<std::pair<std::int64_t, std::string>> dues(const Store& store, Instant from,
                                                       Instant to) {
  std::vector<std::pair<std::int64_t, std::string>> found;
  store.scan_due(0, from, to, [&](Instant due, const EntityKey& e) {
    found.emplace_back(due.ms, e.id);
    return true;
  });
  return found;
}

using Dues = std::vector<std::pair<std::int64_t, std::string>>;

TEST(StoreTest, StateIsThereBeforeAndAfterWritingAndAfterReopening) {
  TempDirectory directory;
  const EntityKey key{"acme", "ticket", std::string("T\0001", 3)};
  {
    auto store = Store::open(directory.path(), manual());
    EXPECT_EQ(store->applied(0), 0);
    AppliedBatch b = batch(7, {change(key, "first", kNever)});
    b.accounts = {{"acme", "account state"}};
    b.seen = {{"acme", {1, 2}, 3}};
    store->apply(b);
    EXPECT_EQ(store->load_entity(0, key), "first");
    EXPECT_EQ(store->seen(0, "acme", {1, 2}), 3u);
    EXPECT_EQ(store->applied(0), 0);  // views are not written yet
    ASSERT_TRUE(store->refresh(kLong));
    EXPECT_EQ(store->applied(0), 7);
    EXPECT_EQ(store->load_entity(0, key), "first");
    store->apply(batch(8, {change(key, "second", kNever)}));
    EXPECT_EQ(store->load_entity(0, key), "second");
  }
  auto store = Store::open(directory.path(), manual());
  EXPECT_EQ(store->applied(0), 8);
  EXPECT_EQ(store->load_entity(0, key), "second");
  EXPECT_EQ(store->load_account(0, "acme"), "account state");
  EXPECT_EQ(store->seen(0, "acme", {1, 2}), 3u);
  EXPECT_EQ(store->seen(0, "acme", {1, 3}), std::nullopt);
  EXPECT_EQ(store->seen(0, "acm", {1, 2}), std::nullopt);
  EXPECT_EQ(store->load_entity(1, key), std::nullopt);
}

TEST(StoreTest, DuesComeInOrderWithThoseNotYetWritten) {
  TempDirectory directory;
  auto store = Store::open(directory.path(), manual());
  store->apply(batch(1, {change({"a", "ticket", "1"}, "", Instant{100}),
                         change({"a", "ticket", "2"}, "", Instant{300}),
                         change({"a", "ticket", "3"}, "", Instant{200})}));
  EXPECT_EQ(dues(*store, kAlways, kNever), (Dues{{100, "1"}, {200, "3"}, {300, "2"}}));
  store->refresh(kLong);
  EXPECT_EQ(dues(*store, kAlways, kNever), (Dues{{100, "1"}, {200, "3"}, {300, "2"}}));
  store->apply(batch(
      2, {change({"a", "ticket", "1"}, "", Instant{250}), change({"a", "ticket", "3"}, "", kNever),
          change({"a", "ticket", "4"}, "", Instant{-5})}));
  const Dues all{{-5, "4"}, {250, "1"}, {300, "2"}};
  EXPECT_EQ(dues(*store, kAlways, kNever), all);
  EXPECT_EQ(dues(*store, Instant{250}, Instant{300}), (Dues{{250, "1"}}));
  store->refresh(kLong);
  EXPECT_EQ(dues(*store, kAlways, kNever), all);
  EXPECT_EQ(dues(*store, Instant{251}, Instant{301}), (Dues{{300, "2"}}));
}

TEST(StoreTest, LowWaterKeysFollowTheFrontAndSurviveReopening) {
  TempDirectory directory;
  const std::string prefix = Key(0, Family::kDue).take();
  const auto low = [&](const Store& store) {
    return KeyReader(store.view().low_water().at(prefix)).instant().ms;
  };
  {
    auto store = Store::open(directory.path(), manual());
    store->apply(batch(
        1, {change({"a", "t", "1"}, "", Instant{100}), change({"a", "t", "2"}, "", Instant{200})}));
    store->refresh(kLong);
    EXPECT_EQ(low(*store), 100);
    store->apply(batch(2, {change({"a", "t", "1"}, "", Instant{500})}));
    store->refresh(kLong);
    EXPECT_EQ(low(*store), 200);
    store->apply(batch(3, {change({"a", "t", "3"}, "", Instant{150})}));
    store->refresh(kLong);
    EXPECT_EQ(low(*store), 150);
    store->apply(batch(4, {change({"a", "t", "9"}, "", Instant{700})}));
  }
  auto store = Store::open(directory.path(), manual());
  EXPECT_EQ(low(*store), 150);
  EXPECT_EQ(dues(*store, kAlways, kNever).size(), 4u);
}

TEST(StoreTest, EverythingGoneLeavesAnEmptyQueueThatCanBeUsedAgain) {
  TempDirectory directory;
  auto store = Store::open(directory.path(), manual());
  for (Offset i = 1; i < 10; i += 2) {
    store->apply(batch(i, {change({"a", "t", "1"}, "", Instant{1000 - i})}));
    store->refresh(kLong);
    EXPECT_EQ(dues(*store, kAlways, kNever), (Dues{{1000 - i, "1"}}));
    store->apply(batch(i + 1, {change({"a", "t", "1"}, "", kNever)}));
    store->refresh(kLong);
    EXPECT_TRUE(dues(*store, kAlways, kNever).empty());
  }
}

TEST(StoreTest, ABatchThatGoesBackIsOurMistake) {
  TempDirectory directory;
  auto store = Store::open(directory.path(), manual());
  store->apply(batch(5));
  EXPECT_THROW(store->apply(batch(4)), std::logic_error);
}

TEST(StoreTest, WaitingForAnOffsetEndsWhenItIsApplied) {
  TempDirectory directory;
  auto store = Store::open(directory.path(), manual());
  store->apply(batch(5));
  EXPECT_FALSE(store->wait_applied(0, 6, milliseconds(1)));
  EXPECT_TRUE(store->wait_applied(0, 5, kLong));
}

TEST(StoreTest, AFullBufferMakesApplyWaitAndNothingIsLost) {
  TempDirectory directory;
  StoreOptions options;
  options.pending_bytes_max = 1;
  auto store = Store::open(directory.path(), options);
  for (Offset i = 1; i <= 200; ++i) {
    store->apply(batch(i, {change({"a", "t", std::to_string(i)}, std::to_string(i), kNever)}));
  }
  ASSERT_TRUE(store->refresh(kLong));
  EXPECT_EQ(store->applied(0), 200);
  EXPECT_EQ(store->load_entity(0, {"a", "t", "200"}), "200");
}

TEST(StoreTest, WhatWaitsForSeveralWritesIsFoundTheNewestFirstAndWrittenTheOldestFirst) {
  TempDirectory directory;
  std::atomic<std::uint64_t> room = UINT64_MAX;
  StoreOptions options;
  options.write_bytes_max = 1000;  // each change fills a write
  options.table.free_bytes = [&](const std::filesystem::path&) { return room.load(); };
  auto store = Store::open(directory.path(), options);
  room = 0;
  const EntityKey key{"a", "t", "1"}, other{"a", "t", "2"};
  const std::string long_state(1000, 's');
  store->apply(batch(1, {change(other, long_state, Instant{50})}));
  for (Offset i = 2; i <= 6; ++i)
    store->apply(batch(i, {change(key, long_state + std::to_string(i), Instant{100 + i})}));
  EXPECT_EQ(store->load_entity(0, key), long_state + "6");
  EXPECT_EQ(store->load_entity(0, other), long_state);
  EXPECT_EQ(dues(*store, kAlways, kNever), (Dues{{50, "2"}, {106, "1"}}));
  EXPECT_EQ(store->applied(0), 0);

  room = UINT64_MAX;
  ASSERT_TRUE(store->refresh(kLong));
  EXPECT_EQ(store->applied(0), 6);
  EXPECT_EQ(store->load_entity(0, key), long_state + "6");
  EXPECT_EQ(dues(*store, kAlways, kNever), (Dues{{50, "2"}, {106, "1"}}));
}

TEST(StoreTest, AFullDiskIsToldAndNothingIsLostWhenThereIsRoomAgain) {
  TempDirectory directory;
  std::atomic<std::uint64_t> room = UINT64_MAX;
  StoreOptions options;
  options.pending_bytes_max = 100'000;
  options.table.free_bytes = [&](const std::filesystem::path&) { return room.load(); };
  auto store = Store::open(directory.path(), options);
  const EntityKey key{"a", "t", "1"};
  room = 0;
  store->apply(batch(1, {change(key, "first", kNever)}));
  while (store->problem().empty()) {
    ASSERT_FALSE(store->refresh(milliseconds(1)));
  }
  EXPECT_NE(store->problem().find("no room"), std::string::npos);
  EXPECT_FALSE(store->blocked()) << "there is room for what waits";
  EXPECT_EQ(store->load_entity(0, key), "first");
  store->apply(batch(2, {change(key, std::string(60'000, 's'), kNever)}));
  EXPECT_TRUE(store->blocked());
  EXPECT_EQ(store->applied(0), 0);

  room = UINT64_MAX;
  ASSERT_TRUE(store->refresh(kLong));
  EXPECT_EQ(store->applied(0), 2);
  EXPECT_EQ(store->problem(), "");
  EXPECT_FALSE(store->blocked());
  store.reset();
  EXPECT_EQ(Store::open(directory.path())->load_entity(0, key), std::string(60'000, 's'));
}

TEST(StoreTest, AQuestionDoesNotWaitBehindMuch) {
  TempDirectory directory;
  auto store = Store::open(directory.path(), manual());
  store->apply(batch(1, {change({"a", "t", "1"}, std::string(10'000, 's'), kNever)}));
  EXPECT_FALSE(store->refresh(kLong, 9'999));
  EXPECT_EQ(store->view().applied().count(0), 0u);
  EXPECT_TRUE(store->refresh(kLong, 20'000));
  EXPECT_EQ(store->view().applied().at(0), 1);
}

// Who seeks an entity in vain spares its first write a look; not so when its timeline has begun.
TEST(StoreTest, ATimelineThatIsBeingWrittenIsNotLostToTheFirstStateOfItsEntity) {
  for (const bool sought_before : {false, true}) {
    TempDirectory directory;
    std::atomic<std::uint64_t> room = UINT64_MAX;
    StoreOptions options = manual();
    options.table.free_bytes = [&](const std::filesystem::path&) { return room.load(); };
    auto store = Store::open(directory.path(), options);
    const EntityKey key{"a", "ticket", "1"};
    const auto apply = [&](Offset offset, bool known) {
      AppliedBatch b = batch(offset + 1);
      if (known) add(b, change(key, "s", kNever));
      for (int i = 0; i < 40 && !known; ++i)  // so many that the row is not remembered
        add(b, change({"b", "ticket", std::to_string(i)}, std::string(1 << 20, 's'), kNever));
      b.add_event(offset, key, "{}");
      store->apply(std::move(b));
    };
    if (sought_before) {
      EXPECT_EQ(store->load_entity(0, key), std::nullopt);
    }
    room = 0;
    apply(0, false);
    while (store->problem().empty()) {
      ASSERT_FALSE(store->refresh(milliseconds(1)));
    }
    EXPECT_EQ(store->load_entity(0, key), std::nullopt);
    apply(1, true);
    room = UINT64_MAX;
    ASSERT_TRUE(store->refresh(kLong));
    TimelineQuery all;
    all.limit = kPageMax;
    EXPECT_EQ(entity_timeline(store->view(), key, all, {}).size(), 2u);
  }
}

// Entities of which each batch holds one of some 1 KB.
AppliedBatch large_batch(Offset next) {
  return batch(next,
               {change({"a", "ticket", std::to_string(next)}, std::string(1000, 'x'), kNever)});
}

void until_written(const Store& store, Offset offset) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (store.applied(0) < offset && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
}

TEST(StoreTest, HeldBackItWritesWhenAskedAndWhenItIsLetGo) {
  TempDirectory directory, beside;
  StoreOptions options;
  options.write_interval = milliseconds(1);
  options.write_bytes = 2000;
  options.held_interval = hours(1);
  auto store = Store::open(directory.path(), options), other = Store::open(beside.path(), options);
  store->hold_back(true);
  for (Offset next = 1; next <= 10; ++next) store->apply(large_batch(next));
  for (Offset next = 1; next <= 10; ++next) other->apply(large_batch(next));
  until_written(*other, 10);
  ASSERT_EQ(other->applied(0), 10);
  EXPECT_EQ(store->applied(0), 0) << "one that is not held has written the same";
  EXPECT_GT(store->waiting_bytes(), 10'000U);
  ASSERT_TRUE(store->refresh(kLong)) << "a reader asks";
  EXPECT_EQ(store->applied(0), 10);
  EXPECT_EQ(store->views_age(), Duration{});
  store->apply(large_batch(11));
  store->hold_back(false);
  until_written(*store, 11);
  EXPECT_EQ(store->applied(0), 11);
}

TEST(StoreTest, WhoWaitsForTheNewestEndsThatItIsBusy) {
  TempDirectory directory;
  StoreOptions options;
  options.held_interval = hours(1);
  auto store = Store::open(directory.path(), options);
  EXPECT_FALSE(store->busy());
  store->hold_back(true);
  store->apply(large_batch(1));
  EXPECT_TRUE(store->busy());
  store->want();
  EXPECT_FALSE(store->busy()) << "nothing more is kept back from it";
  until_written(*store, 1);
  EXPECT_EQ(store->applied(0), 1) << "and it writes what it has, though it is held";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!store->busy() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(store->busy()) << "nobody has asked again";
}

TEST(StoreTest, HeldBackItWritesWhatIsTooMuchOrTooOld) {
  for (const bool much : {true, false}) {
    TempDirectory directory;
    StoreOptions options;
    options.write_interval = milliseconds(1);
    options.write_bytes = 2000;
    options.write_bytes_max = 4000;
    options.held_bytes_max = much ? 8000 : SIZE_MAX;
    options.held_interval = much ? hours(1) : milliseconds(20);
    auto store = Store::open(directory.path(), options);
    store->hold_back(true);
    for (Offset next = 1; next <= 20; ++next) store->apply(large_batch(next));
    until_written(*store, 1);
    EXPECT_GT(store->applied(0), 0) << much;
  }
}

TEST(StoreTest, ATimelineIsWholeAcrossItsRows) {
  // Blocks of an entity hold 64 records, rows of an account 4096 offsets, rows of records 16.
  for (const Offset border : {Offset{100}, kHistoryRowOffsets}) {
    TempDirectory directory;
    auto store = Store::open(directory.path(), manual());
    const EntityKey key{"a", "ticket", "1"};
    constexpr Offset kAround = kTimelineBlock + 1;
    for (Offset offset = border - kAround; offset < border + kAround; ++offset) {
      AppliedBatch b = batch(offset + 1, {change(key, "", kNever)});
      b.add_event(offset, key, "{}");
      store->apply(std::move(b));
      if (offset % 7 == 0) {
        ASSERT_TRUE(store->refresh(kLong));
      }
    }
    ASSERT_TRUE(store->refresh(kLong));
    TimelineQuery all;
    all.limit = kPageMax;
    EXPECT_EQ(entity_timeline(store->view(), key, all, {}).size(), std::size_t{2 * kAround});
    EXPECT_EQ(account_timeline(store->view(), "a", all, {}).size(), std::size_t{2 * kAround});
  }
}

TEST(RecordTypeTest, IsThatOfTheEnvelope) {
  const EntityKey key{"a", "ticket", "1"};
  EXPECT_EQ(type_of_record(fact_record(key, "closed", R"(x","type":"tocsin.no.no)", kBegin,
                                       R"({"type":"tocsin.none.such"})")),
            "tocsin.ticket.closed");
  EXPECT_EQ(type_of_record("{}"), "");
}

class RandomHistoryTest : public testing::TestWithParam<int> {
 protected:
  RandomHistoryTest()
      : seed_(std::random_device{}() + static_cast<unsigned>(GetParam())), batches_(seed_) {
    std::cout << "seed " << seed_ << "\n";
  }
  const unsigned seed_;
  RandomBatches batches_;
  TempDirectory directory_;
};

TEST_P(RandomHistoryTest, RebuiltFromScratchEqualsLive) {
  auto live = Store::open(directory_.path() / "live", manual());
  std::mt19937 random(seed_ ^ 1);
  std::vector<AppliedBatch> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back(batches_.next());
    live->apply(all.back());
    if (random() % 5 == 0) {
      ASSERT_TRUE(live->refresh(kLong));
    }
    if (random() % 100 == 0) {
      live.reset();
      live = Store::open(directory_.path() / "live", manual());
    }
  }
  ASSERT_TRUE(live->refresh(kLong));
  auto rebuilt = Store::open(directory_.path() / "rebuilt", manual());
  for (const AppliedBatch& b : all) rebuilt->apply(b);
  ASSERT_TRUE(rebuilt->refresh(kLong));
  EXPECT_EQ(live->hashes(), rebuilt->hashes());
  EXPECT_GE(live->hashes().size(), 14u);

  rebuilt->apply(batches_.next());
  ASSERT_TRUE(rebuilt->refresh(kLong));
  EXPECT_NE(live->hashes(), rebuilt->hashes());
}

TEST_P(RandomHistoryTest, SumsAreThoseOfTheLastStates) {
  auto store = Store::open(directory_.path(), manual());
  for (int i = 0; i < 300; ++i) {
    store->apply(batches_.next());
    if (i % 7 == 0) {
      ASSERT_TRUE(store->refresh(kLong));
    }
  }
  ASSERT_TRUE(store->refresh(kLong));
  const ReadView view = store->view();

  std::map<std::string, std::int64_t> counts;
  std::map<std::string, KpiValue> figures;
  std::map<std::string, ScoreSum> scores;
  std::size_t due_rows = 0, open_groups = 0, clock_rows = 0;
  for (const auto& [key, v] : batches_.views) {
    std::vector<SumOf> owners = {{"", ""}, {"", key.account, v.source}};
    if (!v.source.empty()) owners.push_back({v.source, ""});
    due_rows += batches_.dues[key] != kNever;
    counts[v.created ? "entities/" + key.kind : "waiting"] += 1;
    if (v.created && !v.over) ++counts["open/" + key.kind];
    for (const ClockRow& c : v.clocks) {
      clock_rows += 1;
      const bool running = c.state == ClockState::kRunning;
      const bool live = running || c.state == ClockState::kPaused;
      bool risk = false, over = false;
      for (const ThresholdRow& t : c.thresholds) {
        risk = risk || (running && t.verdict == Verdict::kPending && t.warned);
        over = over || (live && t.verdict == Verdict::kBreached);
        if (c.state == ClockState::kCancelled || t.verdict == Verdict::kPending) continue;
        for (const SumOf& of : owners) {
          const Day day = (*shanghai_day())(*t.due - milliseconds(1));
          KpiValue& f = figures[figure_key(0, of, day, c.clock, t.name, v.priority, v.tier)];
          ++(t.verdict == Verdict::kMet ? f.met : t.excused ? f.excused : f.breached);
          if (!c.elapsed_ms) continue;
          ++f.elapsed_count;
          f.elapsed_sum_ms += *c.elapsed_ms;
          ++f.elapsed[static_cast<std::size_t>(elapsed_bucket(*c.elapsed_ms))];
        }
      }
      if (running) ++counts["running"];
      if (running && v.tier == "A") ++counts["running/A"];
      if (c.state == ClockState::kPaused) ++counts["paused"];
      if (risk) ++counts["at_risk"];
      if (over) ++counts["overdue"];
      clock_rows += risk + over;
    }
    for (const GroupRow& g : v.groups) open_groups += g.state == GroupState::kOpen;
    for (const ScoreRow& row : v.scores) {
      const Day day = (*shanghai_day())(row.at);
      for (const SumOf& of : owners)
        scores[score_key(0, of, day, row.type, v.priority, v.tier)].add({row.score, 1});
    }
    for (const Withdrawn& w : batches_.withdrawn[key]) {
      for (const SumOf& of : owners) {
        ++figures[figure_key(0, of, w.day, w.clock, w.threshold, v.priority, v.tier)].withdrawn;
      }
    }
  }
  std::map<std::string, std::int64_t> kept = tocsin::counts(view, {});
  for (const auto& [name, n] : counts) EXPECT_EQ(kept[name], n) << name;
  EXPECT_EQ(kept["groups"], static_cast<std::int64_t>(open_groups));

  std::size_t rows = 0;
  const std::string figure_rows = Key(0, Family::kFigure).take();
  for (RowCursor r = view.rows(figure_rows); r.valid(); r.next(), ++rows) {
    EXPECT_EQ(decode_kpi(r.value()), figures[std::string(r.key())]);
  }
  EXPECT_EQ(rows, figures.size());
  rows = 0;
  const std::string score_rows = Key(0, Family::kScore).take();
  for (RowCursor r = view.rows(score_rows); r.valid(); r.next(), ++rows) {
    const ScoreSum& expected = scores[std::string(r.key())];
    EXPECT_EQ(decode_score(r.value()).sum, expected.sum);
    EXPECT_EQ(decode_score(r.value()).count, expected.count);
  }
  EXPECT_EQ(rows, scores.size());

  EXPECT_EQ(dues(*store, kAlways, kNever).size(), due_rows);
  std::size_t listed = 0;
  const std::string clocks = Key(0, Family::kClock).take();
  for (RowCursor r = view.rows(clocks); r.valid(); r.next()) ++listed;
  EXPECT_EQ(listed, clock_rows);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistoryTest, testing::Range(0, 4));

TEST(StoreFormatTest, AStoreOfAnotherFormatIsRefusedOrBegunAnew) {
  const TempDirectory directory;
  {
    AppliedBatch batch;
    batch.business_day = shanghai_day();
    batch.next = 8;
    Store::open(directory.path())->apply(std::move(batch));
  }
  {
    std::string value;
    put_signed(value, 1);
    Table::open(directory.path(), {})
        ->write({{Key(-1, Family::kMeta).text("format").take(), value}});
  }
  EXPECT_THROW(Store::open(directory.path()), std::runtime_error);
  StoreOptions options;
  options.remove_unusable = true;
  EXPECT_EQ(Store::open(directory.path(), options)->applied(0), 0);
  EXPECT_NO_THROW(Store::open(directory.path()));
}

TEST(StoreFormatTest, ADamagedStoreIsRefusedOrBegunAnew) {
  const TempDirectory directory;
  {
    AppliedBatch batch;
    batch.business_day = shanghai_day();
    batch.next = 8;
    Store::open(directory.path())->apply(std::move(batch));
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path().extension() == ".sst")
      std::filesystem::resize_file(entry.path(), entry.file_size() / 2);
  }
  EXPECT_THROW(Store::open(directory.path()), std::runtime_error);
  StoreOptions options;
  options.remove_unusable = true;
  EXPECT_EQ(Store::open(directory.path(), options)->applied(0), 0);
}

TEST(StoreTest, DamageThatIsMetWhileWritingIsTold) {
  const TempDirectory directory;
  std::vector<Change> all;
  for (int i = 0; i < 1000; ++i)
    all.push_back(
        change({"acme", "ticket", "T-" + std::to_string(i)}, std::string(300, 's'), kNever));
  Store::open(directory.path())->apply(batch(1, all));
  damage(directory.path());
  auto store = Store::open(directory.path());
  store->apply(batch(2, all));  // who reads the rows for the filter may meet it first
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (store->problem().empty() && std::chrono::steady_clock::now() < give_up) {
    ASSERT_FALSE(store->refresh(milliseconds(1)));
  }
  EXPECT_TRUE(store->damaged());
  EXPECT_NE(store->problem().find("damaged"), std::string::npos);
  store.reset();
  StoreOptions options;
  options.remove_unusable = true;
  EXPECT_EQ(Store::open(directory.path(), options)->applied(0), 0);
}

// Also while something comes all the time: else a process that is killed again and again would
// apply ever more of the log at each start.
TEST(StoreTest, WhatIsWrittenIsDurableAfterAWhile) {
  TempDirectory directory;
  StoreOptions options = manual();
  options.durable_interval = milliseconds(20);
  auto store = Store::open(directory.path(), options);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  Offset next = 0;
  while (store->bytes_on_disk() == 0 && std::chrono::steady_clock::now() < give_up) {
    // More often than kQuietMs, and too little to fill a buffer in that time.
    ++next;
    store->apply(
        batch(next, {change({"acme", "ticket", "T-" + std::to_string(next)}, "s", kNever)}));
    ASSERT_TRUE(store->refresh(seconds(30)));
  }
  EXPECT_GT(store->bytes_on_disk(), 0u);
}

}  // namespace
}  // namespace tocsin
