// What the language of policies gained with version 4, told as a service manager would: each a small
// desk's promise and what comes of it. docs/policy.md shows the same.
#include <gtest/gtest.h>

#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

// A Monday is 2026-03-02.
constexpr const char* kDesk = R"(
policy: desk
thresholds: [target]
priorities: [P1, P2]
tiers: [A, B]
roles: [lead]
hours: {A: everyday, B: office}
working_days: {default: office, A: everyday}
calendars:
  office: {zone: Asia/Shanghai, hours: {mon-fri: ["09:00-17:00"]}}
  everyday: {zone: Asia/Shanghai, hours: {mon-sun: ["09:00-17:00"]}}
kinds:
  ticket:
    priorities: {default: P2, changed_by: prioritized}
    paused: [paused]
    resumed: [resumed]
    facts:
      opened: {creates: true, data: {priority: priority, tier: tier}}
      prioritized: {data: {priority!: priority}}
      paused: {data: {wait: wait}}
      resumed: {data: {wait: wait}}
      answered:
      reported:
  offer:
    facts:
      drafted: {creates: true, data: {reviewBy: due, signBy: due}}
      scheduled: {data: {signBy!: due}}
      reviewed:
      signed:
clocks:
  ticket.answer:
    start: [opened]
    stop: [answered]
    pauses: [customer]                 # not while we wait for the vendor
    allow: {A: {P1: {target: 15m}, P2: {target: 1h}}, B: {P1: {target: 1h}, P2: {target: 4h}}}
    warn: [1/2, 3/4, 5m before]
  ticket.report: {start: [opened], stop: [reported], hours: tier, allow: {target: 1wd}, warn: 1wd before}
  offer.review: {start: [drafted with-due], stop: [reviewed], allow: {target: given reviewBy}}
  offer.signature:
    start: [drafted with-due, scheduled]
    stop: [signed]
    set_by: [scheduled]
    allow: {target: given signBy}
labels:
  desk: {zh: 服务台, en: Service desk}
  ticket.answer: {zh: 答复}
  P1: {en: Urgent}
)";

std::shared_ptr<const Policy> desk() {
  PolicyText text;
  text.name = "desk.yaml";
  text.text = kDesk;
  return compiled(text);
}

void story(const std::string& steps) { Scenario(desk()).run(steps); }

TEST(PolicyLanguage, APromiseMayDifferByTier) {
  story(R"(
    fact 03-02T10:00 ticket.opened T1 priority=P1 tier=A
    until 10:00
    clock ticket.answer/1 running target=10:15:pending
  )");
  story(R"(
    fact 03-02T10:00 ticket.opened T1 priority=P1 tier=B
    fact 10:00 ticket.opened T2 priority=P2 tier=B
    until 10:00
    clock ticket.answer/1 running target=14:00:pending
  )");
}

TEST(PolicyLanguage, SeveralWarningsComeEachOnce) {
  // An hour from 10:00: half of it, three quarters, five minutes before its end.
  story(R"(
    show ticket.answer
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    until 11:00
    event 10:00 ticket.answer/1/started target=11:00
    event 10:30 ticket.answer/1/warned:target due=11:00
    event 10:45 ticket.answer/1/warned:target:2 due=11:00
    event 10:55 ticket.answer/1/warned:target:3 due=11:00
    event 11:00 ticket.answer/1/breached:target due=11:00
  )");
}

TEST(PolicyLanguage, OfWarningsThatAreLearnedTogetherOnlyTheLatestIsTold) {
  story(R"(
    show ticket.answer
    fact 03-02T10:00@10:50 ticket.opened T priority=P2 tier=A
    until 10:55
    event 10:50<10:00 ticket.answer/1/started target=11:00
    event 10:50<10:45 ticket.answer/1/warned:target due=11:00
    event 10:55 ticket.answer/1/warned:target:2 due=11:00
  )");
}

TEST(PolicyLanguage, AClockMayPauseInSomeWaitsOnly) {
  story(R"(
    show ticket.answer/1/paused ticket.answer/1/resumed
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 10:05 ticket.paused T wait=vendor
    fact 10:10 ticket.paused T wait=customer
    fact 10:15 ticket.resumed T wait=vendor
    fact 10:20 ticket.resumed T wait=customer
    until 10:20
    event 10:10 ticket.answer/1/paused:1
    event 10:20 ticket.answer/1/resumed:1 target=11:10
  )");
}

TEST(PolicyLanguage, WorkingDaysMayBeThoseOfTheTier) {
  // Friday 6 March: a working day later is Saturday's close for A, Monday's for B.
  story(R"(
    fact 03-06T10:00 ticket.opened T priority=P2 tier=A
    until 10:00
    clock ticket.report/1 running target=03-07T17:00:pending
  )");
  story(R"(
    fact 03-06T10:00 ticket.opened T priority=P2 tier=B
    until 10:00
    clock ticket.report/1 running target=03-09T17:00:pending
  )");
}

TEST(PolicyLanguage, AFactMayCarryTwoDuesAndEachClockTakesItsOwn) {
  story(R"(
    fact 03-02T10:00 offer.drafted O reviewBy=2026-03-05 signBy=2026-03-10
    fact 03-04T10:00 offer.scheduled O signBy=2026-03-12
    until 03-04T10:00
    clock offer.review/1 running target=03-06T00:00:pending
    clock offer.signature/1 running target=03-13T00:00:pending
  )");
  // Only the one that is there starts its clock.
  story(R"(
    fact 03-02T10:00 offer.drafted O signBy=2026-03-10
    until 10:00
    clock offer.review/1 none
    clock offer.signature/1 running target=03-11T00:00:pending
  )");
}

// Who is called by an urgent answer that is missed, and by another; the chief only in office hours.
constexpr const char* kCalls = R"(
policy: calls
thresholds: [target]
priorities: [P1, P2]
urgent: [P1]
tiers: [A, B]
roles: [lead, manager, chief]
hours: {A: always, B: office}
working_days: office
calendars:
  always: always
  office: {zone: Asia/Shanghai, hours: {mon-fri: ["09:00-17:00"]}}
kinds:
  ticket:
    priorities: {default: P2, changed_by: prioritized}
    facts:
      opened: {creates: true, data: {priority: priority, tier: tier}}
      prioritized: {data: {priority!: priority}}
      answered:
      acknowledged: {acknowledges: true, data: {by!: person, escalation: group}}
    breach:
      ack_timeout: {P1: 20m}
      by_priority:
        P1: [{tell: [lead]}, {after: 10m, tell: [manager]}, {after: 1h, hours: office, tell: [chief]}]
        P2: [{tell: [lead]}, {after: 30m, hours: tier, tell: [manager]}, {after: 2wd, tell: [chief]}]
clocks:
  ticket.answer: {start: [opened], stop: [answered], allow: {target: 30m}}
)";

void calls(const std::string& steps) {
  PolicyText text;
  text.name = "calls.yaml";
  text.text = kCalls;
  Scenario(compiled(text)).run("show ticket.answer/1/target\n" + steps);
}

TEST(PolicyLanguage, WhoIsCalledMayDependOnThePriorityOfTheBreach) {
  calls(R"(
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    until 12:00
    event 10:30 ticket.answer/1/target:1 high lead
    event 10:40 ticket.answer/1/target:2 high manager
    event 11:30 ticket.answer/1/target:3 high chief
  )");
  calls(R"(
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    until 12:00
    event 10:30 ticket.answer/1/target:1 low lead
    event 11:00 ticket.answer/1/target:2 low manager
  )");
  // It is that of the breach: raised a minute later it goes on as it began.
  calls(R"(
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 10:31 ticket.prioritized T priority=P1
    until 12:00
    event 10:30 ticket.answer/1/target:1 low lead
    event 11:00 ticket.answer/1/target:2 low manager
  )");
}

TEST(PolicyLanguage, AStepMayCountOnItsOwnHours) {
  // Breached 16:30 on Friday: ten minutes on the clock; an office hour is half of it on Monday.
  calls(R"(
    fact 03-06T16:00 ticket.opened T priority=P1 tier=B
    until 03-09T12:00
    event 03-06T16:30 ticket.answer/1/target:1 high lead
    event 16:40 ticket.answer/1/target:2 high manager
    event 03-09T09:30 ticket.answer/1/target:3 high chief
  )");
  // The tier's: B bought office hours, A did not.
  calls(R"(
    fact 03-06T16:20 ticket.opened T priority=P2 tier=B
    until 03-10T18:00
    event 03-06T16:50 ticket.answer/1/target:1 low lead
    event 03-09T09:20 ticket.answer/1/target:2 low manager
    event 03-10T17:00 ticket.answer/1/target:3 low chief
  )");
  calls(R"(
    fact 03-06T16:20 ticket.opened T priority=P2 tier=A
    until 03-09T12:00
    event 03-06T16:50 ticket.answer/1/target:1 low lead
    event 17:20 ticket.answer/1/target:2 low manager
  )");
}

TEST(PolicyLanguage, WhoTakesAnUrgentAlarmHasSoLongToAnswer) {
  calls(R"(
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:35 ticket.acknowledged T by=Li
    until 11:15
    event 10:30 ticket.answer/1/target:1 high lead
    event 10:35 ticket.answer/1/target:acknowledged by=Li
    event 10:55 ticket.answer/1/target:reopened
    event 10:55 ticket.answer/1/target:2 high manager
  )");
  calls(R"(
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 10:35 ticket.acknowledged T by=Li
    until 12:00
    event 10:30 ticket.answer/1/target:1 low lead
    event 10:35 ticket.answer/1/target:acknowledged by=Li
  )");
  calls(R"(
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:35 ticket.acknowledged T by=Li
    fact 10:55 ticket.answered T
    until 12:00
    event 10:30 ticket.answer/1/target:1 high lead
    event 10:35 ticket.answer/1/target:acknowledged by=Li
  )");
}

TEST(PolicyLanguage, NamesHaveLabels) {
  const auto policy = desk();
  EXPECT_EQ(policy->labels.at("desk").en, "Service desk");
  EXPECT_EQ(policy->labels.at("ticket.answer").zh, "答复");
  EXPECT_EQ(policy->labels.at("ticket.answer").en, "");
  EXPECT_EQ(policy->labels.at("P1").en, "Urgent");
}

// What a log holds already goes on, whatever is refused today.
TEST(PolicyLanguage, WhatTookForceBeforeItWasRefusedIsLetPass) {
  PolicyText text = shipped_text("key-account");
  const std::string row = "cleared_by: [responded, ";
  text.text.replace(text.text.find(row), row.size(), row + "prioritized, ");
  EXPECT_FALSE(errors_of(text).empty());
  text.in_force = true;
  EXPECT_TRUE(errors_of(text).empty());
}

}  // namespace
}  // namespace tocsin
