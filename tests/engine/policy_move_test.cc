// What a policy that takes force does to what is open (contract §11).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/explain.h"
#include "tests/engine/policy_life.h"

namespace tocsin {
namespace {

// A desk that answers within `answer` and solves within `solve`, with a clock more.
std::string desk(const std::string& answer, const std::string& more = "") {
  return kDeskBegin + R"(  ticket:
    priorities: {default: P2, changed_by: prioritized}
    paused: [paused]
    resumed: [resumed]
    ended: {closed: []}
    facts:
      opened: {creates: true, data: {priority: priority}}
      prioritized: {data: {priority!: priority}}
      answered:
      paused:
      resumed:
      closed:
      acknowledged: {acknowledges: true, data: {by!: person, escalation!: group}}
    breach: {steps: [{tell: [lead]}, {after: 30m, tell: [manager]}]}
  account:
    about: account
    ended: {closed: []}
    tier: tiered
    team: assigned
    periods_begin: [tiered]
    facts:
      tiered: {creates: true, data: {tier!: tier}}
      assigned: {always: true, data: {role!: role, person!: persons}}
      visited:
      called:
      closed:
    breach: {steps: [{tell: [lead]}]}
clocks:
  ticket.answer:
    start: [opened]
    stop: [answered, closed]
    pauses: true
    allow: {target: )" +
         answer + "}\n" + more;
}

Given fact(const std::string& id, const std::string& type, const std::string& subject, Instant time,
           const std::string& data = "") {
  Given given;
  given.account = "A";
  given.kind = type.substr(0, type.find('.'));
  given.verb = type.substr(type.find('.') + 1);
  given.subject = subject;
  given.id = id;
  given.time = time;
  given.data = data;
  return given;
}

using Lines = std::vector<std::string>;
constexpr Instant in(std::int64_t minutes) { return {kBegin.ms + minutes * 60'000}; }

const std::string kSecond =
    "  ticket.look: {start: [opened], stop: [closed], allow: {target: 10m}}\n";

TEST(PolicyMove, ToOpenRetargetsWhatRunsAtThatInstant) {
  Life life(desk("60m"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.finish(in(20));
  life.heard();
  life.wait_until(in(20));
  life.put_in_force(desk("30m"), true);
  life.finish(in(20));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:20:00.000Z tocsin.clock.retargeted "
                                 "A/ticket/T/ticket.answer/1/retargeted:1 policy"}));
  // Tightened: min(old due 03:00, fresh 02:50).
  life.finish(in(50));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:50:00.000Z tocsin.clock.breached "
                                 "A/ticket/T/ticket.answer/1/breached:target",
                                 "2026-03-02T02:50:00.000Z tocsin.escalation.raised "
                                 "A/ticket/T/ticket.answer/1/target:1 breach"}));
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, WithoutToOpenATicketKeepsItsPolicy) {
  Life life(desk("60m"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.finish(in(20));
  life.heard();
  life.put_in_force(desk("30m"), false);
  life.finish(in(59));
  EXPECT_EQ(life.heard(), Lines{});
  life.replay();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, AClockThatIsGoneIsCancelledAndItsAlarmCleared) {
  Life life(desk("60m", kSecond));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.finish(in(15));
  life.heard();
  life.wait_until(in(15));
  life.put_in_force(desk("60m"), true);
  life.finish(in(15));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:15:00.000Z tocsin.clock.cancelled "
                                 "A/ticket/T/ticket.look/1/cancelled policy",
                                 "2026-03-02T02:15:00.000Z tocsin.escalation.cleared "
                                 "A/ticket/T/ticket.look/1/target:cleared"}));
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, AClockThatIsNewStartsThen) {
  Life life(desk("60m"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.arrive(fact("2", "ticket.opened", "U", in(0)), in(0));
  life.arrive(fact("3", "ticket.closed", "U", in(1)), in(1));
  life.finish(in(15));
  life.heard();
  life.wait_until(in(15));
  life.put_in_force(desk("60m", kSecond), true);
  life.finish(in(15));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:15:00.000Z tocsin.clock.started "
                                 "A/ticket/T/ticket.look/1/started"}));
  life.finish(in(25));
  EXPECT_EQ(life.heard().size(), 2u) << "its breach and its alarm";
  life.replay();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, AnOpenAlarmGoesOnByTheStepsItWasRaisedUnder) {
  const std::string old_policy = desk("10m");
  std::string without = old_policy;
  const std::string second = ", {after: 30m, tell: [manager]}";
  without.erase(without.find(second), second.size());
  Life life(old_policy);
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.finish(in(11));
  life.heard();
  life.wait_until(in(11));
  life.put_in_force(without, true);
  life.finish(in(60));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:40:00.000Z tocsin.escalation.raised "
                                 "A/ticket/T/ticket.answer/1/target:2 breach"}));
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, ALateFactBeforeTheMoveIsReadByThePolicyOfThatTime) {
  Life life(desk("60m"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.wait_until(in(20));
  life.put_in_force(desk("30m"), true);
  life.finish(in(21));
  life.heard();
  life.arrive(fact("2", "ticket.answered", "T", in(10)), in(22));
  life.finish(in(22));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:10:00.000Z tocsin.clock.stopped "
                                 "A/ticket/T/ticket.answer/1/stopped:1"}));
  life.replay();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, APausedClockKeepsWhatTheNewAllowanceLeaves) {
  Life life(desk("60m"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.arrive(fact("2", "ticket.paused", "T", in(10)), in(10));
  life.wait_until(in(20));
  life.put_in_force(desk("90m"), true);
  life.arrive(fact("3", "ticket.resumed", "T", in(30)), in(30));
  life.finish(in(30 + 79));
  life.heard();
  life.finish(in(30 + 80));
  EXPECT_EQ(life.heard().size(), 2u) << "the breach and its alarm: 90 minutes less the 10 that ran";
  life.replay();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, AKindAboutAccountsTakesItsOwnAccountAlone) {
  Life life(desk("60m"));
  EXPECT_FALSE(life.arrive(fact("1", "account.visited", "B", in(0)), in(0)));
  EXPECT_TRUE(life.arrive(fact("2", "account.visited", "A", in(0)), in(0)));
}

// A word of an earlier policy may be what a period that runs waits for.
TEST(PolicyMove, ASubjectIsAWordOfThisPolicyOrOfAnEarlierOne) {
  const auto duties = [](const std::string& words) {
    std::string text = desk("60m");
    const std::string visited = "      visited:\n";
    text.replace(text.find(visited), visited.size(),
                 visited + "      duty.done: {subjects: [" + words + "]}\n");
    return text;
  };
  Life life(duties("audit"));
  EXPECT_TRUE(life.arrive(fact("1", "duty.done", "audit", in(0)), in(0)));
  EXPECT_FALSE(life.arrive(fact("2", "duty.done", "audits", in(0)), in(0)));
  EXPECT_FALSE(life.arrive(fact("3", "duty.done", "review", in(0)), in(0)));
  life.put_in_force(duties("review"), false);
  EXPECT_TRUE(life.arrive(fact("4", "duty.done", "review", in(1)), in(1)));
  EXPECT_TRUE(life.arrive(fact("5", "duty.done", "audit", in(1)), in(1)));
  EXPECT_FALSE(life.arrive(fact("6", "duty.done", "audits", in(1)), in(1)));
}

TEST(PolicyMove, CadencesFollowThePolicyInForceAtTheirPeriodsFirstInstant) {
  const std::string visits = "  account.visit: {every: week, count: 1, match: visited}\n";
  const std::string calls = "  account.call: {every: week, count: 1, match: called}\n";
  Life life(desk("60m", visits));
  life.arrive(fact("1", "account.tiered", "A", in(0), R"({"tier":"A"})"), in(0));
  constexpr std::int64_t kWeek = 7 * 24 * 60;
  life.finish(in(kWeek));
  life.heard();
  life.wait_until(in(kWeek));
  life.put_in_force(desk("60m", calls), false);
  life.finish(in(kWeek));
  EXPECT_EQ(life.heard(), Lines{}) << "what runs goes on";
  life.arrive(fact("2", "account.visited", "A", in(kWeek + 1)), in(kWeek + 1));
  life.finish(in(kWeek + 1));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-09T02:01:00.000Z tocsin.clock.stopped "
                                 "A/account/A/account.visit/2026-W11/stopped:1"}));
  life.finish(in(2 * kWeek));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-16T00:00:00.000Z tocsin.clock.started "
                                 "A/account/A/account.call/2026-W12/started"}));
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

// A kind with other clocks too: those keep their policy, its periods follow.
std::string project(const std::string& every, const std::string& kickoff) {
  return R"(policy: desk
thresholds: [target]
priorities: [P1]
tiers: [A]
roles: [lead]
calendars:
  24x7: always
kinds:
  project:
    ended: {completed: []}
    periods_begin: [kickedoff]
    facts:
      confirmed: {creates: true}
      kickedoff:
      reported:
      reviewed:
      completed:
    breach: {steps: [{tell: [lead]}]}
  account:
    about: account
    ended: {closed: []}
    tier: tiered
    facts:
      tiered: {creates: true, data: {tier!: tier}}
      closed:
clocks:
  project.kickoff: {start: [confirmed], stop: [completed], allow: {target: )" +
         kickoff + R"(}}
  project.report: {every: week, count: 1, match: )" +
         every + "}\n";
}

TEST(PolicyMove, CadencesOfAKindWithOtherClocksFollowAndTheOthersStay) {
  constexpr std::int64_t kWeek = 7 * 24 * 60;
  Life life(project("reported", "1000h"));
  life.arrive(fact("1", "project.confirmed", "P", in(0)), in(0));
  life.arrive(fact("2", "project.kickedoff", "P", in(1)), in(1));
  life.finish(in(kWeek));
  life.heard();
  life.wait_until(in(kWeek));
  life.put_in_force(project("reviewed", "10h"), false);
  life.replay();
  life.arrive(fact("3", "project.reported", "P", in(kWeek + 1)), in(kWeek + 1));
  life.finish(in(kWeek + 1));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-09T02:01:00.000Z tocsin.clock.stopped "
                                 "A/project/P/project.report/2026-W11/stopped:1"}))
      << "what runs goes on by the policy that it began under, and the kickoff keeps its hours";
  life.restart();
  life.arrive(fact("4", "project.reported", "P", in(2 * kWeek + 1)), in(2 * kWeek + 1));
  life.arrive(fact("5", "project.reviewed", "P", in(2 * kWeek + 2)), in(2 * kWeek + 2));
  life.finish(in(2 * kWeek + 2));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-16T00:00:00.000Z tocsin.clock.started "
                                 "A/project/P/project.report/2026-W12/started",
                                 "2026-03-16T02:02:00.000Z tocsin.clock.stopped "
                                 "A/project/P/project.report/2026-W12/stopped:1"}));
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

// Which clocks there are an entity's own policy says; how often, when due and by what, the one in
// force (docs/adr/0173).
TEST(PolicyMove, ACadenceThatIsNewBeginsWithNewProjectsOrToOpen) {
  constexpr std::int64_t kWeek = 7 * 24 * 60;
  const std::string before = project("reported", "1000h");
  const std::string after = before + "  project.review: {every: week, count: 1, match: reviewed}\n";
  const auto reviews = [](const Lines& heard) {
    Lines out;
    for (const std::string& line : heard) {
      if (line.find("project.review/") != std::string::npos) out.push_back(line);
    }
    return out;
  };
  Life life(before);
  life.arrive(fact("1", "project.confirmed", "P", in(0)), in(0));
  life.arrive(fact("2", "project.kickedoff", "P", in(1)), in(1));
  life.finish(in(2));
  life.wait_until(in(2));
  life.put_in_force(after, false);
  life.arrive(fact("3", "project.confirmed", "Q", in(3)), in(3));
  life.arrive(fact("4", "project.kickedoff", "Q", in(4)), in(4));
  life.heard();
  life.finish(in(kWeek));
  EXPECT_EQ(reviews(life.heard()), (Lines{"2026-03-09T00:00:00.000Z tocsin.clock.started "
                                          "A/project/Q/project.review/2026-W11/started"}));
  life.replay();
  life.wait_until(in(kWeek));
  life.put_in_force(after + " \n", true);
  life.finish(in(2 * kWeek));
  const Lines heard = reviews(life.heard());
  EXPECT_NE(std::find(heard.begin(), heard.end(),
                      "2026-03-16T00:00:00.000Z tocsin.clock.started "
                      "A/project/P/project.review/2026-W12/started"),
            heard.end());
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

// A wait that began under a policy in which it paused this clock, or did not.
std::string waiting(const std::string& pauses) {
  std::string text = desk("60m");
  const std::string plain = "      paused:\n      resumed:\n", rule = "    pauses: true\n";
  text.replace(text.find(plain), plain.size(),
               "      paused: {data: {wait: wait}}\n      resumed: {data: {wait: wait}}\n");
  text.replace(text.find(rule), rule.size(), pauses.empty() ? "" : "    pauses: " + pauses + "\n");
  return text;
}

TEST(PolicyMove, AClockThatPausesInAnotherWaitIsPausedOrResumedThen) {
  Life life(waiting("[customer]"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.arrive(fact("2", "ticket.paused", "T", in(10), R"({"wait":"vendor"})"), in(10));
  life.finish(in(20));
  life.heard();
  life.wait_until(in(20));
  life.put_in_force(waiting("[vendor]"), true);
  life.finish(in(20));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:20:00.000Z tocsin.clock.paused "
                                 "A/ticket/T/ticket.answer/1/paused:1"}));
  life.replay();
  life.wait_until(in(50));
  life.put_in_force(waiting("[customer]"), true);
  life.finish(in(50));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-02T02:50:00.000Z tocsin.clock.resumed "
                                 "A/ticket/T/ticket.answer/1/resumed:1 policy"}));
  life.restart();
  life.finish(in(90));
  EXPECT_EQ(life.heard().front(),
            "2026-03-02T03:30:00.000Z tocsin.clock.breached "
            "A/ticket/T/ticket.answer/1/breached:target");
  EXPECT_EQ(life.wrong(), "");
}

// The threshold of an excuse is a place in its own policy's list.
TEST(PolicyMove, AnExcuseMeansTheThresholdThatItNamedThen) {
  const auto excusing = [](const std::string& first, const std::string& second) {
    std::string text = desk("60m");
    const std::string list = "[target, limit]", allow = "allow: {target: 60m}";
    text.replace(text.find(list), list.size(), "[" + first + ", " + second + "]");
    text.replace(text.find(allow), allow.size(),
                 "allow: {" + first + ": 60m, " + second + ": 90m}");
    const std::string closed = "      closed:\n      acknowledged";
    text.replace(text.find(closed), closed.size(),
                 "      closed:\n      excused: {excuses: true, data: {clock!: clock, reason!: "
                 "reason, cycle: cycle, threshold: threshold}}\n      acknowledged");
    return text;
  };
  Life life(excusing("target", "limit"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.arrive(fact("2", "ticket.excused", "T", in(95),
                   R"({"clock":"ticket.answer","reason":"r","threshold":"limit"})"),
              in(95));
  life.finish(in(96));
  const Lines said = life.heard();
  EXPECT_EQ(said.back(),
            "2026-03-02T03:35:00.000Z tocsin.escalation.cleared "
            "A/ticket/T/ticket.answer/1/limit:cleared");
  life.wait_until(in(100));
  life.put_in_force(excusing("limit", "target"), true);
  life.finish(in(110));
  EXPECT_EQ(life.heard(), Lines{}) << "nothing rings again";
  life.arrive(fact("3", "ticket.prioritized", "T", in(111), R"({"priority":"P1"})"), in(111));
  life.finish(in(112));
  EXPECT_EQ(life.heard(), Lines{});
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

// A period that runs on under a policy that has its clock no more ends with whom it would have
// called.
TEST(PolicyMove, APeriodOfAClockThatIsGoneStillCallsWhoWasToBeCalled) {
  constexpr std::int64_t kWeek = 7 * 24 * 60;
  Life life(
      desk("60m", "  account.visit: {every: week, count: 1, match: visited, warn: 1d before}\n"));
  life.arrive(fact("1", "account.tiered", "A", in(0), R"({"tier":"A"})"), in(0));
  life.finish(in(kWeek));
  life.heard();
  life.wait_until(in(kWeek));
  life.put_in_force(desk("60m", "  account.call: {every: month, count: 1, match: called}\n"),
                    false);
  life.finish(in(2 * kWeek));
  const Lines said = life.heard();
  EXPECT_EQ(std::count(said.begin(), said.end(),
                       "2026-03-16T00:00:00.000Z tocsin.escalation.raised "
                       "A/account/A/account.visit/2026-W11/target:1 breach"),
            1);
  life.replay();
  // And ends with what makes up for it.
  life.arrive(fact("2", "account.visited", "A", in(2 * kWeek + 5)), in(2 * kWeek + 5));
  life.finish(in(2 * kWeek + 6));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-16T02:05:00.000Z tocsin.escalation.cleared "
                                 "A/account/A/account.visit/2026-W11/target:cleared"}));
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

// What ran by tiers and runs by others is looked up by each policy's own.
TEST(PolicyMove, TiersMayStandInOtherPlaces) {
  const auto of_tiers = [](const std::string& tiers, const std::string& hours,
                           const std::string& allow) {
    std::string text = desk("60m");
    for (const auto& [was, is] :
         {std::pair{std::string("tiers: [A]\ndefault_tier: A"),
                    "tiers: [" + tiers + "]\ndefault_tier: B"},
          std::pair{std::string("hours: {A: 24x7}"), "hours: {" + hours + "}"},
          std::pair{std::string("allow: {target: 60m}"), "allow: {" + allow + "}"}})
      text.replace(text.find(was), was.size(), is);
    return text;
  };
  Life life(of_tiers("A, B", "A: 24x7, B: 24x7", "A: {target: 30m}, B: {target: 60m}"));
  life.arrive(fact("1", "ticket.opened", "T", in(0)), in(0));
  life.arrive(fact("2", "ticket.opened", "U", in(0)), in(0));
  life.arrive(fact("3", "ticket.answered", "U", in(5)), in(5));
  life.finish(in(20));
  life.heard();
  life.wait_until(in(20));
  life.put_in_force(of_tiers("X, Y, B, A", "X: 24x7, Y: 24x7, B: 24x7, A: 24x7",
                             "X: {target: 5m}, Y: {target: 5m}, B: {target: 60m}, A: {target: 5m}"),
                    true);
  life.finish(in(59));
  EXPECT_EQ(life.heard(), Lines{});
  life.finish(in(60));
  EXPECT_EQ(life.heard().size(), 2U) << "the breach, and its alarm";
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

TEST(PolicyMove, APeriodThatRunsOverTwoMovesAsksForTheSameWord) {
  const auto visits = [](const std::string& first, const std::string& ways) {
    std::string text =
        desk("60m", "  account.visit: {every: week, count: 1, match: visited how=onsite}\n");
    const std::string visited = "      visited:\n";
    text.replace(text.find(visited), visited.size(),
                 first + "      visited: {data: {how!: [" + ways + "]}}\n");
    return text;
  };
  const auto visit = [](const std::string& id, const std::string& how, Instant time) {
    return fact(id, "account.visited", "A", time, R"({"how":")" + how + R"("})");
  };
  constexpr std::int64_t kWeek = 7 * 24 * 60, kDay = 24 * 60;
  Life life(visits("", "phone, onsite"));
  life.arrive(fact("1", "account.tiered", "A", in(0), R"({"tier":"A"})"), in(0));
  life.wait_until(in(kWeek));
  life.put_in_force(visits("      noted:\n", "onsite, phone"), false);
  life.wait_until(in(kWeek + kDay));
  life.put_in_force(visits("      noted:\n      seen:\n", "mail, phone, onsite"), false);
  life.finish(in(kWeek + kDay));
  life.heard();
  life.arrive(visit("2", "phone", in(kWeek + 2 * kDay)), in(kWeek + 2 * kDay));
  life.finish(in(kWeek + 2 * kDay));
  EXPECT_EQ(life.heard(), Lines{});
  life.arrive(visit("3", "onsite", in(kWeek + 3 * kDay)), in(kWeek + 3 * kDay));
  life.finish(in(kWeek + 3 * kDay));
  EXPECT_EQ(life.heard(), (Lines{"2026-03-12T02:00:00.000Z tocsin.clock.stopped "
                                 "A/account/A/account.visit/2026-W11/stopped:1"}));
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

// In the later policy verbs and words stand in other places.
TEST(PolicyMove, WhatFactsSaidBeforeIsShownInItsOwnWords) {
  const auto telling = [](const std::string& first, const std::string& outcomes) {
    std::string text = desk("60m");
    const std::string all = "allow: {target: 60m}";
    text.replace(text.find(all), all.size(), "allow: {P1: {target: 30m}, P2: {target: 60m}}");
    const std::string opened = "      opened:";
    text.replace(text.find(opened), opened.size(),
                 first +
                     "      told: {notifies: true, data: {escalation!: group, step!: number, "
                     "person!: person, channel!: channel, outcome!: [" +
                     outcomes + "]}}\n" + opened);
    return text;
  };
  Life life(telling("", "delivered, failed"));
  life.arrive(fact("1", "account.assigned", "A", in(0), R"({"role":"lead","person":"Li"})"), in(0));
  life.arrive(fact("2", "ticket.opened", "T", in(0)), in(0));
  life.arrive(fact("3", "ticket.prioritized", "T", in(10), R"({"priority":"P1"})"), in(10));
  life.finish(in(40));
  life.arrive(fact("4", "ticket.told", "T", in(41),
                   R"({"escalation":"A/ticket/T/ticket.answer/1/target","step":1,"person":"Li",)"
                   R"("channel":"call","outcome":"delivered"})"),
              in(41));
  life.wait_until(in(50));
  life.put_in_force(telling("      noted:\n", "failed, delivered"), true);
  life.finish(in(60));
  const EntityView ticket = life.views().at("A/ticket/T");
  ASSERT_EQ(ticket.groups.size(), 1U);
  ASSERT_EQ(ticket.groups[0].called.size(), 1U);
  EXPECT_EQ(ticket.groups[0].called[0].outcome, "delivered");
  life.each([&](Entity& e) {
    if (e.id != "T") return;
    const auto clocks = explain(e, life.now(), "ticket.answer", "1");
    ASSERT_EQ(clocks.size(), 1U);
    ASSERT_EQ(clocks[0].thresholds.at(0).retargets.size(), 1U);
    EXPECT_EQ(clocks[0].thresholds.at(0).retargets[0].cause, "ticket.prioritized");
  });
  EXPECT_EQ(life.wrong(), "");
}

}  // namespace
}  // namespace tocsin
