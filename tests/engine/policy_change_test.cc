// Policies that change among random facts, late facts, restarts and rebuilds (contract §11): live,
// replayed and rebuilt state are equal, no derived id occurs twice, no fact that an entity's own
// policy knows is ignored, nothing that is open loses its name.
//
// TOCSIN_SEED repeats a run, TOCSIN_ROUNDS sets how many stories there are, TOCSIN_SHOW prints them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "tests/engine/policy_life.h"

namespace tocsin {
namespace {

constexpr int kFactsMax = 60;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

// A policy in which what the dice say is there, gone or named otherwise.
std::string random_policy(Dice& dice) {
  const bool poked = dice.one_in(2), greeting = dice.one_in(2), stages = dice.one_in(2);
  const bool fourth = dice.one_in(3), problem = dice.one_in(2), weekly = dice.one_in(2);
  const std::string answered = dice.one_in(3) ? "replied" : "answered";
  const std::string allowed = std::to_string(5 + dice.below(4) * 10) + "m";
  const std::string manager = dice.one_in(3) ? "boss" : "manager";
  std::string out = "policy: random\nthresholds: [target, limit]\n";
  out += fourth ? "priorities: [P1, P2, P3, P4]\n" : "priorities: [P1, P2, P3]\n";
  out += "urgent: [P1]\ntiers: [A, B]\ndefault_tier: B\n";
  out += "roles: [assignee, lead, " + manager + "]\nhours: {A: 24x7, B: 24x7}\n";
  out += "calendars:\n  24x7: always\nkinds:\n  ticket:\n";
  out += "    priorities: {default: P3, changed_by: prioritized}\n    assignee: assigned\n";
  out += "    resolved: [solved]\n    reopened: [reopened]\n    paused: [paused]\n";
  out += "    resumed: [resumed]\n    ended: {closed: [reopened], cancelled: []}\n";
  out += "    cancelled: [cancelled]\n    facts:\n";
  out += "      opened: {creates: true, data: {priority: priority, tier: tier}}\n";
  out += "      prioritized: {data: {priority!: priority}}\n";
  out += "      assigned: {always: true, data: {person!: person}}\n";
  out += "      " + answered + ":\n";
  if (poked) out += "      poked:\n";
  for (const char* verb : {"paused", "resumed", "solved", "reopened", "closed", "cancelled"})
    out += std::string("      ") + verb + ":\n";
  out += "      acknowledged: {acknowledges: true, data: {by!: person, escalation!: group}}\n";
  if (stages) {
    out += "    stages: [first, second]\n    moves:\n";
    out += "      - {on: opened, to: first, reason: opened}\n      - {on: " + answered +
           ", from: [first], to: second, reason: more}\n";
  }
  out +=
      "    routing:\n      P1: {on: [opened, raised, reopened], steps: [{tell: [lead]}, {after: "
      "5m, "
      "tell: [" +
      manager + "]}]}\n";
  out += "      cleared_by: [" + answered + ", solved]\n";
  out += "    warning: {steps: [{tell: [assignee]}]}\n";
  out += "    breach: {steps: [{tell: [assignee, lead]}, {after: 30m, tell: [" + manager + "]}]}\n";
  if (problem) {
    out += "  problem:\n    ended: {ended: []}\n    facts:\n      found: {creates: true}\n";
    out += "      looked:\n      ended:\n    breach: {steps: [{tell: [lead]}]}\n";
  }
  out += "  account:\n    about: account\n    ended: {closed: []}\n    tier: tiered\n";
  out += "    team: assigned\n";
  if (weekly) out += "    periods_begin: [tiered]\n";
  out += "    facts:\n";
  out += "      tiered: {creates: true, data: {tier!: tier}}\n";
  out += "      assigned: {always: true, data: {role!: role, person!: persons}}\n";
  out += "      closed:\n      visited:\n";
  if (weekly)
    out += "    breach: {steps: [{tell: [lead]}, {after: 2h, tell: [" + manager + "]}]}\n";
  out += "clocks:\n  ticket.answer:\n    start: [opened]\n    stop: [" + answered +
         ", solved, closed]\n    hours: tier\n    allow: {P1: {target: " + allowed +
         "}, P2: {target: 30m}, P3: {target: 2h}}\n    warn: 2/3\n";
  out += "  ticket.solution:\n    start: [opened]\n    stop: [solved, closed]\n";
  out += "    runs_on: [reopened]\n    pauses: true\n    hours: tier\n";
  out += "    allow: {P1: {target: 1h, limit: 3h}, P2: {target: " + allowed +
         ", limit: 8h}, P3: {limit: 40h}}\n";
  if (poked) out += "  ticket.poke: {start: [opened], stop: [poked], allow: {target: 50m}}\n";
  if (greeting)
    out += "  ticket.aaa: {start: [opened], stop: [closed], allow: {target: " + allowed + "}}\n";
  if (problem) out += "  problem.look: {start: [found], stop: [looked], allow: {target: 1h}}\n";
  if (weekly) out += "  account.visit: {every: week, count: 1, match: visited}\n";
  return out;
}

Given random_fact(Dice& dice, int number, Instant now, const std::vector<std::string>& groups) {
  static const std::vector<std::string> kVerbs = {
      "opened", "opened",  "opened", "prioritized", "assigned", "answered",  "replied",     "poked",
      "paused", "resumed", "solved", "reopened",    "closed",   "cancelled", "acknowledged"};
  static const std::vector<std::string> kPriorities = {"P1", "P1", "P2", "P3", "P4"};
  Given given;
  given.account = dice.one_in(3) ? "B" : "A";
  given.id = "f" + std::to_string(number);
  given.time = {now.ms - (dice.one_in(3) ? dice.below(7200) * 1000 : 0)};
  const int kind = dice.below(8);
  if (kind == 0) {
    given.kind = "account";
    given.subject = given.account;
    given.verb = dice.of(std::vector<std::string>{"tiered", "visited", "assigned", "closed"});
    if (given.verb == "tiered") given.data = "{\"tier\":\"A\"}";
    if (given.verb == "assigned") given.data = R"({"role":"lead","person":["Li","Wu"]})";
  } else if (kind == 1) {
    given.kind = "problem";
    given.subject = "Q" + std::to_string(dice.below(2));
    given.verb = dice.of(std::vector<std::string>{"found", "looked", "ended"});
  } else {
    given.kind = "ticket";
    given.subject = "T" + std::to_string(dice.below(3));
    given.verb = dice.of(kVerbs);
    if (given.verb == "opened" || given.verb == "prioritized")
      given.data = "{\"priority\":\"" + dice.of(kPriorities) + "\"}";
    if (given.verb == "assigned") given.data = R"({"person":"Chen"})";
    if (given.verb == "acknowledged") {
      const std::string group = groups.empty() ? "none" : dice.of(groups);
      given.data = "{\"by\":\"Chen\",\"escalation\":\"" + group + "\"}";
    }
  }
  return given;
}

// `hours_twice`: the clock is set back now and then, and believed.
std::string live_through(std::uint64_t seed, bool hours_twice) {
  Dice dice(seed);
  const bool show = std::getenv("TOCSIN_SHOW") != nullptr;
  const std::string first = random_policy(dice);
  if (show) std::cout << first;
  Life life(first);
  int changes = 1 + dice.below(3);
  Instant now = kBegin;
  for (int i = 0; i < kFactsMax && life.wrong().empty(); ++i) {
    now = {std::max(now, life.now()).ms + dice.below(20) * 60'000 * (dice.one_in(6) ? 40 : 1)};
    if (changes > 0 && dice.one_in(12)) {
      life.finish(now);
      const std::string policy = random_policy(dice);
      const bool to_open = dice.one_in(2);
      life.put_in_force(policy, to_open);
      if (show)
        std::cout << format_rfc3339(now) << (to_open ? " to open\n" : " in force\n") << policy;
      --changes;
    }
    if (hours_twice && dice.one_in(10)) {
      life.set_back({life.now().ms - dice.below(180) * 60'000});
      now = life.now();
      if (show) std::cout << format_rfc3339(now) << " again\n";
    }
    const Given given = random_fact(dice, i, now, life.open_groups());
    if (show) std::cout << format_rfc3339(now) << " " << line_of(given) << "\n";
    life.arrive(given, now);
    if (show) {
      for (const std::string& line : life.heard()) std::cout << "    " << line << "\n";
    }
    if (dice.one_in(4)) life.nothing_is_ignored();
    if (dice.one_in(4)) life.every_due_is_explained();
    if (dice.one_in(10)) life.replay();
    if (dice.one_in(10)) life.restart();
  }
  life.wait_until({now.ms + 10 * 86'400'000});
  life.nothing_is_ignored();
  life.every_due_is_explained();
  life.replay();
  life.restart();
  return life.wrong();
}

void live_through_many(bool hours_twice) {
  const char* given = std::getenv("TOCSIN_SEED");
  const std::uint64_t seed = given ? std::stoull(given) : std::random_device{}();
  const char* rounds = std::getenv("TOCSIN_ROUNDS");
  std::cout << "seed " << seed << " (TOCSIN_SEED=" << seed << " repeats it)\n";
  const int count = rounds ? std::atoi(rounds) : 200;
  for (int round = 0; round < count; ++round) {
    const std::uint64_t mixed = seed + static_cast<std::uint64_t>(round) * 0x9E3779B97F4A7C15U;
    const std::string wrong = live_through(mixed, hours_twice);
    ASSERT_EQ(wrong, "") << "round " << round << " of TOCSIN_SEED=" << seed
                         << "; alone: TOCSIN_SEED=" << mixed << " TOCSIN_ROUNDS=1";
  }
}

TEST(PolicyChanges, LiveReplayedAndRebuiltAreEqual) { live_through_many(false); }
TEST(PolicyChanges, AlsoWhereHoursComeTwice) { live_through_many(true); }

}  // namespace
}  // namespace tocsin
