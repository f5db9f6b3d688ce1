// The filter of what is sought: it never denies what is there, whatever threads, layers, restarts and
// writes behind did to it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "projections/rows/views.h"
#include "projections/store.h"
#include "projections/write/sought_filter.h"
#include "tests/projections/random_batches.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

std::uint64_t mark(std::uint64_t n) {
  return hash128({reinterpret_cast<const char*>(&n), sizeof n}).low;
}

unsigned seed_of_run() {
  const char* given = std::getenv("TOCSIN_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device()();
  std::cout << "TOCSIN_SEED=" << seed << '\n';
  return seed;
}

TEST(SoughtFilterTest, HoldsAllThatWasInsertedAndLittleElse) {
  SoughtFilter filter(1000, 1 << 20);
  constexpr std::uint64_t kKeys = 100'000, kOthers = 100'000;
  for (std::uint64_t n = 0; n < kKeys; ++n) filter.insert(mark(n));
  for (std::uint64_t n = 0; n < kKeys; ++n) ASSERT_TRUE(filter.may_hold(mark(n))) << n;
  std::uint64_t wrong = 0;
  for (std::uint64_t n = kKeys; n < kKeys + kOthers; ++n) wrong += filter.may_hold(mark(n)) ? 1 : 0;
  EXPECT_LT(wrong, kOthers / 25) << "seven layers of one in 200 each";
  EXPECT_LE(filter.bytes(), std::size_t{1} << 20);
}

TEST(SoughtFilterTest, WithoutRoomItSaysMaybeMoreOftenAndNeverAnythingWrong) {
  SoughtFilter filter(1000, 4000);
  const std::size_t before = filter.bytes();
  for (std::uint64_t n = 0; n < 20'000; ++n) filter.insert(mark(n));
  for (std::uint64_t n = 0; n < 20'000; ++n) ASSERT_TRUE(filter.may_hold(mark(n))) << n;
  EXPECT_LE(filter.bytes(), std::size_t{4000}) << before;
}

TEST(SoughtFilterTest, SaysOfWhatItDidNotHoldThatItIsNew) {
  SoughtFilter filter;
  EXPECT_TRUE(filter.insert(mark(1)));
  EXPECT_FALSE(filter.insert(mark(1)));
  EXPECT_TRUE(filter.insert(mark(2)));
}

TEST(SoughtFilterTest, HoldsWhatSeveralThreadsInsertWhileItGrows) {
  SoughtFilter filter(64, 1 << 20);
  constexpr std::uint64_t kEach = 20'000;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&filter, t] {
      for (std::uint64_t n = t * kEach; n < (t + 1) * kEach; ++n) {
        filter.insert(mark(n));
        ASSERT_TRUE(filter.may_hold(mark(n)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint64_t n = 0; n < 3 * kEach; ++n) ASSERT_TRUE(filter.may_hold(mark(n))) << n;
}

// A store and, beside it, what it must know.
class Sought : public ::testing::Test {
 protected:
  static EntityKey key(unsigned n) {
    return {"account " + std::to_string(n % 3), "ticket", std::to_string(n)};
  }
  static Hash128 identity(unsigned n) { return identity_hash("/source", std::to_string(n)); }

  void open() {
    StoreOptions options;
    options.write_interval = hours(1);
    options.sought = {16, 1 << 16};  // many layers, and soon no room
    store_.reset();
    store_ = Store::open(directory_.path(), options);
  }

  void apply(std::mt19937& random) {
    AppliedBatch batch;
    batch.partition = static_cast<PartitionId>(random() % 2);
    batch.business_day = shanghai_day();
    Offset& next = next_[batch.partition];
    for (auto n = random() % 20; n > 0; --n) {
      const auto of = static_cast<unsigned>(random() % 2000);
      const EntityKey entity = key(of);
      batch.add_event(next++, entity, "{}");
      if (random() % 4 == 0) continue;  // an event alone
      EntityView view;
      view.created = true;
      const std::string state = std::to_string(random());
      batch.add_entity(entity, state, encoded(view), kNever);
      entities_[{batch.partition, of}] = state;
      seen_[{batch.partition, of}] = of;
      batch.add_seen(entity.account, identity(of), of);
    }
    // Each entity once, as it is after the batch.
    std::map<EntityKey, EntityChange> last;
    for (EntityChange& change : batch.entities)
      last.insert_or_assign(EntityKey(change.key), change);
    batch.entities.clear();
    for (auto& [_, change] : last) batch.entities.push_back(change);
    batch.next = ++next;
    store_->apply(std::move(batch));
  }

  void compare(unsigned of) {
    for (const PartitionId partition : {0, 1}) {
      const auto entity = entities_.find({partition, of});
      ASSERT_EQ(store_->load_entity(partition, key(of)),
                entity == entities_.end() ? std::nullopt : std::optional(entity->second))
          << partition << " " << of;
      const auto seen = seen_.find({partition, of});
      ASSERT_EQ(store_->seen(partition, key(of).account, identity(of)),
                seen == seen_.end() ? std::nullopt : std::optional(seen->second))
          << partition << " " << of;
    }
  }

  void fill() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!store_->sought_filled() && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    ASSERT_TRUE(store_->sought_filled());
  }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
  std::map<PartitionId, Offset> next_;
  std::map<std::pair<PartitionId, unsigned>, std::string> entities_;
  std::map<std::pair<PartitionId, unsigned>, std::uint64_t> seen_;
};

TEST_F(Sought, AStoreKnowsAllThatAMapKnowsOverRandomRestarts) {
  std::mt19937 random(seed_of_run());
  open();
  for (int step = 0; step < 1500; ++step) {
    switch (random() % 30) {
      case 0:
        open();  // what follows comes while the filter is filled
        break;
      case 1:
        fill();
        break;
      case 2:
        store_->refresh(seconds(30));
        break;
      default:
        apply(random);
    }
    for (int i = 0; i < 5; ++i) compare(static_cast<unsigned>(random() % 2000));
  }
  open();
  fill();
  for (unsigned of = 0; of < 2000; ++of) compare(of);
}

TEST_F(Sought, ANewStoreIsFilledAtOnceAndAnOldOneSoon) {
  std::mt19937 random(1);
  open();
  EXPECT_TRUE(store_->sought_filled());
  apply(random);
  open();
  fill();
  EXPECT_GT(store_->sought_bytes(), 0U);
}

}  // namespace
}  // namespace tocsin
