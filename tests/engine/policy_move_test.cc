// What a policy that takes force does to what is open (contract §11).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/policy_life.h"

namespace tocsin {
namespace {

// A desk that answers within `answer` and solves within `solve`, with a clock more.
std::string desk(const std::string& answer, const std::string& more = "") {
  return R"(policy: desk
thresholds: [target, limit]
priorities: [P1, P2]
urgent: [P1]
tiers: [A]
default_tier: A
roles: [lead, manager]
hours: {A: 24x7}
calendars:
  24x7: always
kinds:
  ticket:
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

}  // namespace
}  // namespace tocsin
