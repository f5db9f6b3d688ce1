// What is kept back from a busy store comes to it as if it had been given at once.
#include "app/hand_over.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <variant>

#include "app/room.h"
#include "tests/engine/calendar_fixture.h"
#include "tests/engine/property_facts.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

AppliedBatch batch_of(const char* id) {
  AppliedBatch batch;
  batch.add_entity({"acme", "ticket", id}, "state", {}, kNever);
  return batch;
}

// Remembers what it was given: the entities of each call, and up to where.
class ListingStore final : public StorePort {
 public:
  std::vector<std::string> calls;

  void apply_as_one(std::vector<AppliedBatch> batches) override {
    std::string call;
    for (const AppliedBatch& batch : batches) {
      for (const EntityChange& e : batch.entities) call += std::string(e.key.id) + " ";
      if (batch.next != batches.front().next) call += "not as one ";
    }
    calls.push_back(call + std::to_string(batches.front().next));
  }
  bool keeps_records() const override { return false; }
  Offset applied(PartitionId) const override { return 0; }
  std::optional<std::string> load_entity(PartitionId, const EntityName&) const override {
    return {};
  }
  std::optional<std::string> load_account(PartitionId, std::string_view) const override {
    return {};
  }
  std::optional<std::uint64_t> seen(PartitionId, std::string_view, const Hash128&) const override {
    return {};
  }
  void scan_due(PartitionId, Instant, Instant, const DueSink&) const override {}
  void each_entity(PartitionId, const EntitySink&) const override {}
  std::size_t waiting_bytes() const override { return 0; }
  std::string problem() const override { return {}; }
  bool damaged() const override { return false; }
  bool blocked() const override { return false; }
  bool crowded() const override { return false; }
  bool wait_for_writing(std::size_t, Duration) const override { return true; }
};

std::vector<AppliedBatch> one(AppliedBatch batch) {
  std::vector<AppliedBatch> list;
  list.push_back(std::move(batch));
  return list;
}

TEST(HandOver, GivesRoundsAtOnceAndPartsWhole) {
  ListingStore store;
  HandOver queue(&store);
  queue.add(0, batch_of("A"), 10, 1);
  EXPECT_EQ(store.calls, std::vector<std::string>{"A 10"});

  queue.add(7, batch_of("-"), 20, 0);
  queue.close(7, 2, 2);
  queue.complete(7, one(batch_of("B")));  // its second round is still being written
  queue.add(8, batch_of("-"), 30, 0);
  EXPECT_EQ(store.calls.size(), 1u);
  EXPECT_EQ(queue.given(), 10);
  queue.add(7, batch_of("-"), 25, 0);
  EXPECT_EQ(store.calls.back(), "B - - 25");
  EXPECT_EQ(queue.given(), 25);
  EXPECT_EQ(queue.number(), 2u);

  queue.add(0, batch_of("C"), 40, 4);  // behind part 8, which is not closed
  EXPECT_EQ(store.calls.size(), 2u);
  queue.close(8, 1, 3);
  EXPECT_EQ(store.calls.size(), 2u);
  queue.complete(8, one(batch_of("D")));
  EXPECT_EQ(store.calls, (std::vector<std::string>{"A 10", "B - - 25", "D - 30", "C 40"}));
}

TEST(HandOver, WhatIsForgottenIsNotGiven) {
  ListingStore store;
  HandOver queue(&store);
  queue.add(0, batch_of("0"), 5, 9);
  EXPECT_EQ(queue.number(), 9u);
  queue.add(7, batch_of("-"), 20, 0);
  queue.forget();
  EXPECT_EQ(queue.number(), 0u);  // who hands over counts anew
  EXPECT_EQ(queue.given(), 5);
  queue.add(0, batch_of("A"), 10, 1);
  EXPECT_EQ(store.calls, (std::vector<std::string>{"0 5", "A 10"}));
}

using Rows = std::map<Family, Store::FamilyHash>;

// A room with its store, and what it wrote.
struct Kept {
  Kept(const ConfiguredPolicy& policy, std::size_t hot) {
    StoreOptions options;
    options.keep_records = false;
    store = Store::open(directory.path(), options);
    RoomOptions of_room;
    of_room.policy = policy;
    of_room.hot_entities =
        hot;  // nothing is forgotten: what is loaded may fall due in another order
    of_room.horizon = days(10'000);
    room = std::make_unique<Room>(of_room, store.get(), CommittedListener{});
    room->followed(0, true);
  }
  void commit(bool keep_back) {
    const Offset first = next;
    log.clear();
    for (const LogRecord& record : room->batch().log) {
      log += std::string(record.value) + "\n";
      ++next;
    }
    room->committed(room->take_decided(-1, keep_back), first, next);
  }
  // Up to where the store has it, and what it has.
  std::pair<Offset, Rows> written() const {
    EXPECT_TRUE(store->wait_for_writing(0, seconds(60)));
    return {store->applied(0), store->hashes()};
  }

  TempDirectory directory;
  std::unique_ptr<Store> store;
  std::unique_ptr<Room> room;
  Offset next = 0;
  std::string log;  // of the last round
};

// Two rooms live the same story. One gives each round to its store at once; the other keeps rounds back at
// random, and whatever its store has then is what the other's had at that offset.
class TwoRooms {
 public:
  TwoRooms(std::uint64_t seed, const ConfiguredPolicy& policy)
      : random_(seed),
        story_(StoryTeller(*policy.policy(), seed).tell()),
        hot_(std::array<std::size_t, 3>{60, 200, 1000}[below(3)]),
        eager_(policy, hot_),
        lazy_(policy, hot_) {}

  void run() {
    const auto& deliveries = chance(50) ? story_.in_order : story_.late;
    now_ = deliveries.empty() ? story_.until : deliveries.front().arrival;
    both([&](Room& room) { room.ensure_policy(now_); });
    round();
    for (const Delivery& delivery : deliveries) {
      pass_until(delivery.arrival);
      const std::string line = line_of(story_.facts[delivery.fact]);
      both([&](Room& room) {
        Decoded decoded;
        decoder_.structured(line, {}, decoded);
        room.arrive(decoded, now_);
      });
      if (chance(3)) hand_in();
      if (chance(70)) round();
      if (::testing::Test::HasFailure()) return;
    }
    pass_until(story_.until);
    round();
    lazy_.room->hand_over(true);
    EXPECT_FALSE(lazy_.room->keeps_back());
    compare();
    EXPECT_EQ(lazy_.store->applied(0), eager_.next);
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  bool chance(std::size_t percent) { return below(100) < percent; }
  void both(const std::function<void(Room&)>& act) {
    act(*eager_.room);
    act(*lazy_.room);
  }

  void pass_until(Instant to) {
    for (int steps = 0; now_ < to && steps < 12; ++steps) {
      const std::int64_t left = to.ms - now_.ms;
      const auto some = 1 + static_cast<std::int64_t>(below(static_cast<std::size_t>(left)));
      now_ = now_ + milliseconds(steps == 11 ? left : some);
      if (chance(40)) round();
    }
  }

  void hand_in() {
    OwnRecord record{"tocsin.engine.roster", "",
                     chance(50) ? R"({"text":"away: [Li Wei]\n"})" : R"({"text":"away: []\n"})"};
    both([&](Room& room) {
      room.decide(now_, now_);
      room.take_own(record, now_);
    });
  }

  void round() {
    both([&](Room& room) {
      room.decide(now_, now_);
      if (room.wants_to_look_ahead(now_)) room.look_ahead(now_);
      while (room.next_due() <= now_ && room.fire(now_, now_, 1000)) {
      }
    });
    const bool silent = !eager_.room->has_batch();  // a due may have passed without a word
    eager_.commit(false);
    const auto [offset, rows] = eager_.written();
    had_[offset].push_back(rows);
    if (!silent) {
      lazy_.commit(chance(80));
      ASSERT_EQ(lazy_.log, eager_.log);  // of this round
    }
    while (chance(60)) lazy_.room->hand_over(chance(10));
    compare();
  }

  void compare() {
    const auto [offset, rows] = lazy_.written();
    if (offset == 0) return;  // nothing was given
    const std::vector<Rows>& then = had_[offset];
    if (std::find(then.begin(), then.end(), rows) != then.end()) return;
    std::string differ;
    for (const auto& [family, hash] : then.empty() ? Rows() : then.back()) {
      const auto found = rows.find(family);
      if (found == rows.end() || found->second != hash) differ += static_cast<char>(family);
    }
    FAIL() << "rows " << differ << " at " << offset << " of " << eager_.next;
  }

  std::mt19937_64 random_;
  const Story story_;
  const std::size_t hot_;
  Kept eager_, lazy_;
  // By the offset; several where something changed without a record.
  std::map<Offset, std::vector<Rows>> had_;
  Decoder decoder_{RecordedTime::kIgnored};
  Instant now_{kAlways};
};

TEST(HandOver, WhatWasKeptBackIsAsIfItHadBeenGivenAtOnce) {
  const char* rounds = std::getenv("TOCSIN_ROUNDS");
  const std::uint64_t seed = test_seed();
  for (int i = 0; i < (rounds == nullptr ? 12 : std::atoi(rounds)); ++i) {
    TwoRooms(seed + static_cast<std::uint64_t>(i), std::get<PolicyText>(read_policy(""))).run();
    if (HasFailure()) FAIL() << "round " << i << " of seed " << seed;
  }
}

}  // namespace
}  // namespace tocsin
