#include "connectors/http/seats.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

TEST(Seats, OneAddressLeavesAQuarterToTheOthers) {
  Seats seats(8, 256, 4);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(seats.take("a"), Seat::kServed) << i;
  EXPECT_EQ(seats.take("a"), Seat::kVitalOnly);
  EXPECT_EQ(seats.take("b"), Seat::kServed);
  EXPECT_EQ(seats.take("c"), Seat::kServed);
  EXPECT_EQ(seats.take("b"), Seat::kVitalOnly) << "all are taken; health has its own";
}

TEST(Seats, HealthsOwnAreFewAndThoseWhoAreToldSoToo) {
  Seats seats(1, 1, 2);
  EXPECT_EQ(seats.take("a"), Seat::kServed);
  for (int i = 0; i < kVitalSeatsOfAddress; ++i) EXPECT_EQ(seats.take("a"), Seat::kVitalOnly);
  EXPECT_EQ(seats.take("b"), Seat::kVitalOnly) << "one address has not all of them";
  EXPECT_EQ(seats.take("a"), Seat::kRefused);
  EXPECT_EQ(seats.take("a"), Seat::kRefused);
  EXPECT_EQ(seats.take("a"), Seat::kNone);
}

TEST(Seats, WhatIsGivenBackIsFree) {
  Seats seats(2, 1, 0);
  EXPECT_EQ(seats.take("a"), Seat::kServed);
  EXPECT_EQ(seats.take("a"), Seat::kVitalOnly);
  seats.give_back("a", Seat::kServed);
  EXPECT_EQ(seats.take("a"), Seat::kServed);
  seats.give_back("a", Seat::kVitalOnly);
  seats.give_back("a", Seat::kServed);
  seats.give_back("nobody", Seat::kServed);
  EXPECT_EQ(seats.take("b"), Seat::kServed);
}

TEST(BodyBytes, AreBoundedInAllAndGivenBack) {
  BodyBytes all(100);
  {
    BodyBytes::Share a(all), b(all);
    EXPECT_TRUE(a.grow_to(60));
    EXPECT_TRUE(a.grow_to(10)) << "never less";
    EXPECT_FALSE(b.grow_to(41));
    EXPECT_TRUE(b.grow_to(40));
    EXPECT_EQ(all.held(), 100);
    BodyBytes::Share moved = std::move(a);
    EXPECT_EQ(all.held(), 100);
    moved.release();
    EXPECT_EQ(all.held(), 40);
    EXPECT_TRUE(b.grow_to(100));
  }
  EXPECT_EQ(all.held(), 0);
}

}  // namespace
}  // namespace tocsin::http
