// Properties that must hold for every set of facts, on random stories
// (tests/engine/property_facts.h).
//
// TOCSIN_SEED repeats a run, TOCSIN_ROUNDS sets how many stories a property gets. A story that
// fails is made as short as it can be and printed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <string>

#include "tests/engine/kept_world.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_checks.h"
#include "tests/engine/property_facts.h"
#include "tests/engine/property_world.h"

namespace tocsin {
namespace {

constexpr int kRounds = 200;
constexpr int kShrinkRunsMax = 3000;

std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("TOCSIN_SEED");
    return given ? std::stoull(given) : std::random_device{}();
  }();
  return value;
}

int rounds() {
  const char* given = std::getenv("TOCSIN_ROUNDS");
  return given ? std::atoi(given) : kRounds;
}

using Property = std::function<std::string(const Story&)>;

// Drops facts as long as the property still fails.
Story shortest(Story story, const Property& wrong) {
  int runs = 0;
  for (bool again = true; again;) {
    again = false;
    for (std::size_t i = story.facts.size(); i-- > 0 && runs < kShrinkRunsMax;) {
      ++runs;
      Story less = story.without(i);
      if (wrong(less).empty()) continue;
      story = std::move(less);
      again = true;
    }
  }
  return story;
}

void deliver(World& world, const Story& story, const std::vector<Delivery>& deliveries) {
  for (const Delivery& d : deliveries) world.arrive(story.facts[d.fact], d.arrival);
  world.finish(story.until);
}

class Properties : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { policy_ = compiled(shipped_text(GetParam())); }

  void hold(const Property& wrong) {
    std::cout << "seed " << seed() << " (TOCSIN_SEED=" << seed() << " repeats it)\n";
    for (int round = 0; round < rounds(); ++round) {
      const std::uint64_t mixed = seed() + static_cast<std::uint64_t>(round) * 0x9E3779B97F4A7C15U;
      const Story story = StoryTeller(*policy_, mixed).tell();
      if (wrong(story).empty()) continue;
      const Story small = shortest(story, wrong);
      FAIL() << wrong(small) << "\nround " << round << " of TOCSIN_SEED=" << seed() << "\n"
             << small.text();
    }
  }

  // Both ways of arrival, with a check after every decision.
  void hold_after_every_decision(const World::Check& check) {
    hold([&](const Story& story) {
      for (const auto* deliveries : {&story.in_order, &story.late}) {
        World world(policy_);
        world.check_with(check);
        deliver(world, story, *deliveries);
        if (!world.wrong().empty()) return world.wrong();
      }
      return std::string();
    });
  }

  std::shared_ptr<const Policy> policy_;
};

TEST_P(Properties, ArrivalDoesNotChangeVerdicts) {
  hold([&](const Story& story) -> std::string {
    World in_order(policy_), late(policy_);
    deliver(in_order, story, story.in_order);
    deliver(late, story, story.late);
    if (!late.wrong().empty()) return late.wrong();
    const std::string a = in_order.verdicts(), b = late.verdicts();
    if (!late.wrong().empty()) return late.wrong();
    return a == b ? "" : "verdicts differ, in order:\n" + a + "late:\n" + b;
  });
}

TEST_P(Properties, ReadingOnIsReadingAnew) { hold_after_every_decision(read_anew_is_the_same); }

TEST_P(Properties, NothingIsLeftToSay) { hold_after_every_decision(nothing_is_left_to_say); }

TEST_P(Properties, ReplayOfWhatWasSaidGivesTheSame) {
  hold([&](const Story& story) -> std::string {
    for (const auto* deliveries : {&story.in_order, &story.late}) {
      World world(policy_);
      deliver(world, story, *deliveries);
      if (const std::string wrong = replay_gives_the_same(world); !wrong.empty()) return wrong;
    }
    return "";
  });
}

// World itself holds the rest: each id once, recordedtime never back, nothing before its time.
TEST_P(Properties, IdsOnceAndNothingEarly) {
  hold_after_every_decision([](World&, Entity&, Instant) { return std::string(); });
}

// A restart or an eviction between decisions changes nothing that is said.
TEST_P(Properties, ForgettingTheTruthChangesNothing) {
  hold([&](const Story& story) -> std::string {
    for (const auto* deliveries : {&story.in_order, &story.late}) {
      World kept(policy_), forgetful(policy_);
      forgetful.forget_always();
      deliver(kept, story, *deliveries);
      deliver(forgetful, story, *deliveries);
      for (std::size_t i = 0; i < std::max(kept.said().size(), forgetful.said().size()); ++i) {
        const std::string a = i < kept.said().size() ? kept.said()[i].text : "nothing";
        const std::string b = i < forgetful.said().size() ? forgetful.said()[i].text : "nothing";
        if (a != b) return "kept:      " + a + "\nforgotten: " + b;
      }
    }
    return "";
  });
}

// A new owner that reads the log says nothing again, and goes on as the old one would have.
TEST_P(Properties, ARestartChangesNothing) {
  hold([&](const Story& story) -> std::string {
    for (const auto* deliveries : {&story.in_order, &story.late}) {
      World kept(policy_), restarted(policy_);
      deliver(kept, story, *deliveries);
      for (std::size_t i = 0; i < deliveries->size(); ++i) {
        const Delivery& d = (*deliveries)[i];
        const bool together = i > 0 && (*deliveries)[i - 1].arrival == d.arrival;
        // By a fact's name, so that a shorter story restarts at the same places.
        if (!together && std::stoul(story.facts[d.fact].id) % 3 == 0) restarted.restart();
        restarted.arrive(story.facts[d.fact], d.arrival);
      }
      restarted.finish(story.until);
      if (!restarted.wrong().empty()) return restarted.wrong();
      const std::vector<std::string> a = kept.told(), b = restarted.told();
      for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        const std::string x = i < a.size() ? a[i] : "nothing", y = i < b.size() ? b[i] : "nothing";
        if (x != y) return "kept:      " + x + "\nrestarted: " + y;
      }
    }
    return "";
  });
}

// At any moment, over kills and evictions, the store holds what the log alone leads to.
TEST_P(Properties, WhatIsStoredIsWhatTheLogSays) {
  hold([&](const Story& story) -> std::string {
    for (const auto* deliveries : {&story.in_order, &story.late}) {
      for (const Duration held : {Duration{0}, hours(2)}) {
        KeptWorld world(policy_);
        for (std::size_t i = 0; i < deliveries->size() && world.wrong().empty(); ++i) {
          const Delivery& d = (*deliveries)[i];
          world.arrive(story.facts[d.fact], d.arrival);
          if (i + 1 < deliveries->size() && (*deliveries)[i + 1].arrival == d.arrival) continue;
          world.decide();
          // By a fact's name, so that a shorter story is killed at the same places.
          const std::size_t number = std::stoul(story.facts[d.fact].id);
          world.hold(number % 3 == 0 ? held : Duration{0});
          if (number % 5 == 0) world.compare();
          if (number % 7 == 3) world.kill(number % 4);
          if (number % 11 == 6) world.forget();
        }
        world.hold({0});
        world.finish(story.until);
        world.compare();
        if (!world.wrong().empty()) return world.wrong();
      }
    }
    return "";
  });
}

INSTANTIATE_TEST_SUITE_P(Shipped, Properties, ::testing::Values("key-account", "it-helpdesk"),
                         [](const auto& shipped) {
                           std::string name = shipped.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tocsin
