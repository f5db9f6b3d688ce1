// What a Partition promises beyond its decisions.
#include "engine/partition.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/said/derived.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_world.h"

namespace tocsin {
namespace {

Instant at(const char* time) { return *parse_rfc3339(std::string("2026-03-02T") + time + "Z"); }

class PartitionTest : public ::testing::Test {
 protected:
  void take(const char* verb, const char* time, const char* arrival, const char* data = "") {
    Given given{"ACC-1", "ticket", verb, "T-1", std::string(verb) + time, "", data, at(time)};
    decoder_.structured(line_of(given), {}, decoded_);
    partition_.check(decoded_, at(arrival), true, judged_);
    ASSERT_EQ(judged_.outcome, Outcome::kAccepted) << judged_.reason;
    partition_.take(decoded_, judged_);
  }
  // What is said of clocks: `clock.paused 10:10:00`.
  std::vector<std::string> decide(const char* now, const char* release) {
    std::vector<std::string> said;
    partition_.decide(at(now), at(release), [&](const Entity&, const Derived& d, Instant) {
      const std::string type(name(d.type));
      if (type.starts_with("tocsin.clock."))
        said.push_back(type.substr(7) + " " + format_rfc3339(d.time).substr(11, 8));
    });
    return said;
  }

  Partition partition_{default_policy()};
  Decoder decoder_;
  Decoded decoded_;
  Judged judged_;
};

// An entity waits with what it has to say while facts may be unread. Showing it in between made the
// facts that it had not yet spoken of count as known, and its pause was told as a late discovery.
TEST_F(PartitionTest, ShowingWhatWaitsLeavesItUnsaid) {
  take("opened", "10:00:00", "10:00:00", R"({"priority":"P1","tier":"A"})");
  decide("10:00:00", "10:00:00");
  take("paused", "10:10:00", "10:20:00");
  EXPECT_EQ(decide("10:20:00", "10:05:00"), std::vector<std::string>{});  // its warning: 10:07:30
  ASSERT_EQ(partition_.waiting(), 1U);
  Entity* ticket = partition_.find({"ACC-1", "ticket", "T-1"});
  ASSERT_NE(ticket, nullptr);
  const Instant due = partition_.due_of(*ticket);
  EXPECT_EQ(partition_.view(*ticket).facts, 2);
  EXPECT_EQ(partition_.due_of(*ticket), due);
  EXPECT_EQ(decide("10:20:00", "10:20:00"),
            (std::vector<std::string>{"clock.paused 10:10:00", "clock.breached 10:15:00"}));
  EXPECT_EQ(partition_.waiting(), 0U);
}

}  // namespace
}  // namespace tocsin
