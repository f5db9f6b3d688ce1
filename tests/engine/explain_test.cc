// The proof of a due adds up (contract §8), for every clock that a policy has.
#include "engine/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <set>

#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_facts.h"
#include "tests/engine/property_world.h"

namespace tocsin {
namespace {

// What is wrong with a threshold's proof; empty: nothing.
std::string wrong_with(const ExplainedClock& clock, const ExplainedThreshold& t) {
  if (t.more) return "";
  std::int64_t open = t.remaining_ms.value_or(0);
  for (std::size_t i = 0; i < t.segments.size(); ++i) {
    const ExplainedSegment& s = t.segments[i];
    if (s.ms != (s.to - s.from).ms || s.ms <= 0) return clock.clock + ": a segment's ms";
    if (i > 0 && t.segments[i - 1].to != s.from) return clock.clock + ": a gap between segments";
    if (s.what == ExplainedSegment::What::kOpen || s.what == ExplainedSegment::What::kMakeup)
      open += s.ms;
  }
  if (t.due && !t.segments.empty() && t.segments.back().to != *t.due)
    return clock.clock + ": the proof does not end at the due";
  for (const ExplainedRetarget& r : t.retargets) {
    if (r.from == Instant{} || r.to == Instant{}) return clock.clock + ": a due of 1970";
  }
  if (open == t.allowance_ms) return "";
  return clock.clock + " " + clock.cycle + " " + t.name + ": " + std::to_string(open) + " ms of " +
         std::to_string(t.allowance_ms);
}

class ExplainTest : public testing::TestWithParam<const char*> {};

TEST_P(ExplainTest, TheOpenTimeIsTheAllowanceForEveryKindOfClock) {
  const auto policy = compiled(shipped_text(GetParam()));
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::set<std::string> proved, given;
  const auto every_clock_occurred = [&] {
    return std::all_of(policy->kinds.begin(), policy->kinds.end(), [&](const KindSpec& kind) {
      return std::all_of(kind.clocks.begin(), kind.clocks.end(), [&](const ClockSpec& clock) {
        return proved.contains(clock.name) || given.contains(clock.name);
      });
    });
  };
  constexpr std::uint64_t kRounds = 150, kRoundsMax = 3000;
  std::uint64_t round = 0;
  for (; round < kRounds || (!every_clock_occurred() && round < kRoundsMax); ++round) {
    const Story story = StoryTeller(*policy, seed + round * 0x9E3779B97F4A7C15U).tell();
    World world(policy);
    world.check_with([&](World&, Entity& entity, Instant now) -> std::string {
      for (const ExplainedClock& clock : explain(entity, now, "", "")) {
        for (const ExplainedThreshold& t : clock.thresholds) {
          (t.given ? given : proved).insert(clock.clock);
          if (std::string wrong = wrong_with(clock, t); !wrong.empty()) return wrong;
        }
      }
      return "";
    });
    for (const Delivery& d : story.in_order) world.arrive(story.facts[d.fact], d.arrival);
    world.finish(story.until);
    ASSERT_EQ(world.wrong(), "") << story.text();
  }
  EXPECT_TRUE(every_clock_occurred()) << "in " << round << " stories";
  EXPECT_GT(proved.size(), 4u);
}

// What is explained of a world's entity of this clock (empty: of all), after each decision.
void explain_each(World& world, const std::string& clock, std::vector<ExplainedClock>& out) {
  world.check_with([&out, clock](World&, Entity& entity, Instant now) -> std::string {
    out = explain(entity, now, clock, "");
    return "";
  });
}

Given opening() {
  Given opened;
  opened.account = "acme";
  opened.kind = "ticket";
  opened.verb = "opened";
  opened.subject = "T";
  opened.id = "1";
  opened.time = *parse_rfc3339("2026-03-02T02:00:00Z");
  return opened;
}

TEST(ExplainOfATier, TheAllowanceIsThatOfTheTier) {
  PolicyText text;
  text.name = "tiers.yaml";
  text.text = R"(policy: tiers
thresholds: [target]
tiers: [A, B]
default_tier: B
roles: [lead]
hours: {A: 24x7, B: 24x7}
calendars: {24x7: always}
kinds:
  ticket:
    facts: {opened: {creates: true}, closed: }
clocks:
  ticket.work:
    start: [opened]
    stop: [closed]
    allow: {A: {target: 1h}, B: {target: 2h}}
    breach: {steps: [{tell: [lead]}]}
)";
  World world(compiled(text));
  std::vector<ExplainedClock> explained;
  explain_each(world, "", explained);
  const Given opened = opening();
  world.arrive(opened, opened.time);
  world.finish(opened.time);
  ASSERT_EQ(explained.size(), 1U);
  EXPECT_EQ(explained[0].thresholds.at(0).allowance_ms, hours(2).ms);
  EXPECT_FALSE(explained[0].thresholds.at(0).given);
}

// P3 has no target: a re-target to it takes the due away, one to P2 gives another.
TEST(ExplainOfAPriority, AThresholdThatItDoesNotHaveHasNoDue) {
  World world(compiled(shipped_text("key-account")));
  std::vector<ExplainedClock> explained;
  explain_each(world, "ticket.resolution", explained);
  Given fact = opening();
  for (const char* priority : {"P1", "P3", "P2"}) {
    fact.data = std::string("{\"priority\":\"") + priority + "\"}";
    world.arrive(fact, fact.time);
    fact.time = fact.time + minutes(30);
    fact.verb = "prioritized";
    fact.id += "1";
  }
  world.finish(fact.time);
  ASSERT_EQ(explained.size(), 1U);
  const ExplainedThreshold& t = explained[0].thresholds.at(0);
  EXPECT_EQ(t.name, "target");
  ASSERT_EQ(t.retargets.size(), 2U);
  EXPECT_TRUE(t.retargets[0].from);
  EXPECT_FALSE(t.retargets[0].to);
  EXPECT_FALSE(t.retargets[1].from);
  EXPECT_EQ(t.retargets[1].to, t.due);
}

INSTANTIATE_TEST_SUITE_P(Policies, ExplainTest, testing::Values("key-account", "it-helpdesk"));

}  // namespace
}  // namespace tocsin
