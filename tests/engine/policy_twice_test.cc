// Policies where the clock was set back and believed, so that hours come twice (contract §11, §13): an
// entity may live by a policy whose first instant is still to come again.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/engine/policy_life.h"

namespace tocsin {
namespace {

using Lines = std::vector<std::string>;
constexpr Instant in(std::int64_t minutes) { return {kBegin.ms + minutes * 60'000}; }

// A desk with more clocks, and more verbs before and behind the others.
std::string desk(const std::string& more_clocks, const std::string& first_verbs = "") {
  return kDeskBegin + R"(  ticket:
    priorities: {default: P2}
    ended: {closed: []}
    facts:
)" + first_verbs +
         R"(      opened: {creates: true}
      noted:
      closed:
      zoned: {always: true}
    breach: {steps: [{tell: [lead]}, {after: 30m, tell: [manager]}]}
clocks:
  ticket.answer: {start: [opened], stop: [closed], allow: {target: 30m}}
)" + more_clocks;
}

// Its place is before the other's.
std::string clock(const std::string& name, const std::string& target) {
  return "  ticket." + name + ": {start: [opened], stop: [closed], allow: {target: " + target +
         "}}\n";
}

Given fact(const std::string& verb, const std::string& ticket, Instant time) {
  Given given;
  given.account = "A";
  given.kind = "ticket";
  given.verb = verb;
  given.subject = ticket;
  given.id = ticket + verb + format_rfc3339(time);
  given.time = time;
  return given;
}

void send(Life& life, const std::string& verb, const std::string& ticket, Instant time) {
  EXPECT_TRUE(life.arrive(fact(verb, ticket, time), time));
}

// Once the hours that came twice are over: from the log and from the store.
void expect_the_same_anew(Life& life, Instant now) {
  life.wait_until(now);
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

bool any_has(const Lines& lines, const std::string& what) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

// A breach was told while the clock was ahead: it is shown, live and by who reads the log, until the next
// decision about its ticket, which takes it back.
TEST(PolicyTwice, WhatWasSaidIsShownUntilTheNextDecision) {
  Life life(desk(""));
  send(life, "opened", "T", in(0));
  life.wait_until(in(60));  // its breach is told
  life.set_back(in(10));
  send(life, "opened", "other", in(10));
  life.finish(in(10));
  ASSERT_EQ(life.views().at("A/ticket/T").clocks.at(0).thresholds.at(0).verdict,
            Verdict::kBreached);
  life.compare();
  EXPECT_EQ(life.wrong(), "");
  life.heard();
  send(life, "noted", "T", in(11));
  life.finish(in(11));
  EXPECT_TRUE(any_has(life.heard(), "ticket.answer/1/withdrawn:target"));
  life.compare();
  EXPECT_EQ(life.wrong(), "");
}

// The same where a policy took force in between, which is to come again.
TEST(PolicyTwice, WhatWasSaidIsShownByTheLogAlsoBeforeAPolicyThatIsToComeAgain) {
  Life life(desk(""));
  send(life, "opened", "T", in(0));
  life.wait_until(in(31));  // its breach is told
  life.put_in_force(desk(clock("aaa", "5h")), true);
  life.finish(in(31));
  life.set_back(in(10));
  send(life, "opened", "other", in(10));
  life.finish(in(10));
  for (const auto& views : {life.views(), life.views_by_the_log()}) {
    const std::vector<ClockRow>& clocks = views.at("A/ticket/T").clocks;
    const auto answer = std::find_if(clocks.begin(), clocks.end(),
                                     [](const ClockRow& c) { return c.clock == "ticket.answer"; });
    ASSERT_NE(answer, clocks.end());
    EXPECT_EQ(answer->thresholds.at(0).verdict, Verdict::kBreached);
  }
}

TEST(PolicyTwice, AMoveThatIsToComeAgainChangesNothingButWhatItBrought) {
  Life life(desk(""));
  send(life, "opened", "T", in(0));
  life.wait_until(in(50));  // its breach and the first step are told
  life.put_in_force(desk(clock("aaa", "5h")), true);
  life.finish(in(50));
  life.set_back(in(40));
  life.heard();
  send(life, "noted", "T", in(40));
  life.finish(in(49));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:40:00.000Z tocsin.clock.cancelled "
                                 "A/ticket/T/ticket.aaa/1/cancelled late"}));
  life.finish(in(60));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:50:00.000Z tocsin.clock.started "
                                 "A/ticket/T/ticket.aaa/1/started:2",
                                 "2026-03-02T03:00:00.000Z tocsin.escalation.raised "
                                 "A/ticket/T/ticket.answer/1/target:2 breach"}));
  expect_the_same_anew(life, in(61));
}

TEST(PolicyTwice, ALaterPolicyMovesNobodyBeforeTheOneBeforeIt) {
  Life life(desk(""));
  send(life, "opened", "T", in(0));
  life.wait_until(in(50));
  life.put_in_force(desk(clock("aaa", "5h")), true);
  life.finish(in(50));
  life.set_back(in(40));
  life.put_in_force(desk(clock("bbb", "5h")), true);
  life.heard();
  send(life, "noted", "T", in(41));
  life.finish(in(49));
  EXPECT_FALSE(any_has(life.heard(), "ticket.bbb"));
  life.finish(in(51));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:50:00.000Z tocsin.clock.started "
                                 "A/ticket/T/ticket.aaa/1/started:2",
                                 "2026-03-02T02:50:00.000Z tocsin.clock.started "
                                 "A/ticket/T/ticket.bbb/1/started",
                                 "2026-03-02T02:50:00.000Z tocsin.clock.cancelled "
                                 "A/ticket/T/ticket.aaa/1/cancelled:2 policy"}));
  expect_the_same_anew(life, in(61));
}

TEST(PolicyTwice, WhatFallsDueBeforeThePolicyIsToComeAgainIsTold) {
  Life life(desk(""));
  life.wait_until(in(100));
  life.put_in_force(desk(clock("aaa", "5h")), true);
  life.finish(in(100));
  life.set_back(in(40));
  life.put_in_force(desk(clock("aaa", "5m")), true);
  send(life, "opened", "U", in(41));
  life.finish(in(50));
  EXPECT_TRUE(any_has(life.heard(), "ticket.aaa/1/breached:target"));
  EXPECT_EQ(life.wrong(), "");
}

// `zoned` is behind all verbs that the last policy has.
TEST(PolicyTwice, AFactBeforeTheCreationIsReadInItsOwnCodes) {
  Life life(desk("", "      aaa:\n      aab:\n"));
  life.wait_until(in(50));
  life.put_in_force(desk("", "      aaa:\n      aab:\n"), true);
  life.finish(in(50));
  life.set_back(in(40));
  send(life, "zoned", "T", in(40));
  send(life, "opened", "T", in(41));
  life.wait_until(in(42));
  life.put_in_force(desk(""), true);
  life.finish(in(42));
  life.replay();
  life.wait_until(in(100));
  life.replay();
  EXPECT_EQ(life.wrong(), "");
}

}  // namespace
}  // namespace tocsin
