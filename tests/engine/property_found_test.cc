// Stories that once broke a property of tests/engine/property_test.cc, as short as they could be
// made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_checks.h"
#include "tests/engine/property_world.h"

namespace tocsin {
namespace {

Given ticket(const std::string& verb, const std::string& time, const std::string& data = {}) {
  Given g;
  g.account = "K-1";
  g.kind = "ticket";
  g.verb = verb;
  g.subject = "T-1";
  g.id = verb + time;
  g.data = data;
  g.time = *parse_rfc3339(time);
  return g;
}

std::vector<std::string> said_at(const World& world, const std::string& recorded) {
  std::vector<std::string> out;
  for (const SaidEvent& e : world.said()) {
    if (format_rfc3339(e.recorded) == recorded) out.push_back(e.id + " " + format_rfc3339(e.time));
  }
  return out;
}

// The target was warned about and breached before anybody knew of the ticket; it goes at P3 and
// comes again at P1 with the due that it had there, which was missed: nothing is warned.
TEST(PropertyFound, AThresholdThatComesAgainDoesNotInheritAWarning) {
  World world(default_policy());
  const Given cancelled = ticket("cancelled", "2026-02-13T07:20:00Z");
  const Given opened = ticket("opened", "2026-02-13T01:45:00Z", R"({"priority":"P1","tier":"B"})");
  world.arrive(cancelled, cancelled.time);
  world.arrive(opened, *parse_rfc3339("2026-02-17T22:00:00Z"));
  for (const Given& g : {ticket("reopened", "2026-02-20T02:00:00Z"),
                         ticket("prioritized", "2026-02-23T06:00:00Z", R"({"priority":"P3"})"),
                         ticket("prioritized", "2026-02-23T21:00:00Z", R"({"priority":"P1"})")}) {
    world.arrive(g, g.time);
  }
  world.finish(*parse_rfc3339("2026-02-23T21:00:00Z"));
  EXPECT_EQ(world.wrong(), "");
  for (const std::string& said : said_at(world, "2026-02-23T21:00:00.000Z")) {
    EXPECT_EQ(said.find("warned"), std::string::npos) << said;
  }
  world.finish(*parse_rfc3339("2026-02-24T02:30:00Z"));
  EXPECT_EQ(world.wrong(), "");
}

// `tocsin.change.advanced` is named by a policy, not by the contract, and was read back as a fact.
TEST(PropertyFound, AStageOfAnotherKindIsNoFactToWhoReadsTheLog) {
  World world(compiled(shipped_text("it-helpdesk")));
  Given submitted;
  submitted.account = "NORD";
  submitted.kind = "change";
  submitted.verb = "submitted";
  submitted.subject = "C-1";
  submitted.id = "1";
  submitted.data = R"({"risk":"low"})";
  submitted.time = *parse_rfc3339("2026-04-02T08:00:00Z");
  world.arrive(submitted, submitted.time);
  world.finish(submitted.time);
  ASSERT_FALSE(world.said().empty());
  LogEvent record;
  std::vector<std::string> types;
  for (const SaidEvent& said : world.said()) {
    ASSERT_TRUE(read_log_record(said.extended, record));
    EXPECT_FALSE(record.is_fact()) << said.extended;
    types.emplace_back(record.type);
  }
  EXPECT_THAT(types, ::testing::Contains("tocsin.change.advanced"));
  world.restart();
  EXPECT_EQ(world.wrong(), "");
}

// A priority that counted while it waited, known only when another wait was on.
TEST(PropertyFound, APriorityOfAnEarlierWaitIsSaidOnce) {
  World world(compiled(shipped_text("it-helpdesk")));
  world.check_with(nothing_is_left_to_say);
  const auto incident = [](const std::string& verb, const std::string& time,
                           const std::string& data = {}) {
    Given g = ticket(verb, time, data);
    g.kind = "incident";
    return g;
  };
  for (const Given& g :
       {incident("reported", "2026-03-02T15:15:14.678Z", R"({"service":"pay","booked":"silver"})"),
        incident("waiting", "2026-03-02T16:35:14.678Z"),
        incident("continued", "2026-03-03T02:20:00.001Z"),
        incident("waiting", "2026-03-04T07:37:00.396Z")}) {
    world.arrive(g, g.time);
  }
  world.arrive(incident("triaged", "2026-03-03T00:00:14.679Z", R"({"priority":"critical"})"),
               *parse_rfc3339("2026-03-07T07:25:06.038Z"));
  world.finish(*parse_rfc3339("2026-03-18T15:15:14.678Z"));
  EXPECT_EQ(world.wrong(), "");
}

}  // namespace
}  // namespace tocsin
