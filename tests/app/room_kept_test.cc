// What a room keeps back from a busy store, when a commit fails and when a roster comes.
#include <gtest/gtest.h>

#include <vector>

#include "tests/app/room_fixture.h"

namespace tocsin {
namespace {

class RoomKeptTest : public RoomTest {};

// A busy store does not have it when a commit fails; the log is followed from there.
TEST_F(RoomKeptTest, WhatWasKeptBackIsToldOnceAlsoAfterAFailedCommit) {
  std::vector<Offset> told, replayed;
  ASSERT_TRUE(store_->refresh(seconds(30)));
  room_ = std::make_unique<Room>(options_, store_.get(), [&](const Committed& record) {
    (record.replayed ? replayed : told).push_back(record.offset);
  });
  own(kOpened);
  open_ticket(kOpened);
  room_->decide(kOpened, kOpened);
  commit(true);
  const Offset behind = room_->next();
  EXPECT_EQ(static_cast<std::size_t>(behind), log_.size());
  room_->reset();
  EXPECT_LT(room_->next(), behind);
  const std::size_t once = told.size();
  follow_the_log(*room_, true);
  EXPECT_EQ(told.size(), once);
  EXPECT_EQ(replayed, told);
  EXPECT_EQ(room_->next(), behind);
}

// Nobody may forget an entity of which something is owed to the store, however many hand-overs there
// were before a commit failed.
TEST_F(RoomKeptTest, WhoIsOwedToTheStoreStaysInMemoryAlsoAfterAFailedCommit) {
  constexpr std::size_t kHot = 8, kKept = 40;
  options_.hot_entities = kHot;
  ASSERT_TRUE(store_->refresh(seconds(30)));
  room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
  own(kOpened);
  for (int i = 0; i < 50; ++i) {
    open_numbered(i, kOpened);
    room_->decide(kOpened, kOpened);
    commit();
  }
  room_->reset();
  follow_the_log(*room_, true);
  own(kOpened);
  for (std::size_t i = 0; i < kKept; ++i) {
    open_numbered(static_cast<int>(100 + i), kOpened);
    room_->decide(kOpened, kOpened);
    commit(true);
  }
  EXPECT_GE(room_->partition().entities_in_memory(), kKept);
  room_->hand_over(true);
  ASSERT_TRUE(store_->refresh(seconds(30)));
  for (std::size_t i = 0; i < kKept; ++i)
    EXPECT_TRUE(store_->load_entity(0, {"acme", "ticket", "T-" + std::to_string(100 + i)}));
}

// A look-ahead between a roster and the end of its round: who changed before it falls due in time.
TEST_F(RoomKeptTest, WhoWasShownBeforeARosterFallsDueInTime) {
  room_->look_ahead(kBegin);  // dues before 10:00 are in memory
  open_numbered(7, kBegin);   // to be warned of at 10:20
  const Instant later = kBegin + minutes(35);
  room_->decide(later, later);
  room_->take_own({"tocsin.engine.roster", "", R"({"text":"away: []\n"})", -1}, later);
  room_->look_ahead(later);
  commit();
  EXPECT_LE(room_->next_due(), kBegin + minutes(80));
}

}  // namespace
}  // namespace tocsin
