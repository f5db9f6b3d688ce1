// The table of contract §4.8, row by row: what was announced, what is true, what is said now. All
// on P1 tickets of tier A (around the clock) on Monday 2 March 2026: response 10:15, target 12:00,
// limit 14:00 of 10:00.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Difference, NothingAnnouncedIsToldWithItsTrueTime) {
  scenario(R"(
    show ticket.response
    fact 03-02T10:00@10:30 ticket.opened T priority=P1 tier=A
    until 10:30
    event 10:30<10:00 ticket.response/1/started target=10:15
    event 10:30<10:15 ticket.response/1/breached:target due=10:15
    event 10:30 ticket.response/1/target:2 high assignee,service_director,executive
  )");
}

TEST(Difference, ABreachWithAnotherDueIsTheSame) {
  // Created 09:55 in truth: due 10:10, missed anyway.
  scenario(R"(
    show ticket.response/1/b ticket.response/1/r ticket.response/1/withdrawn ticket.response/1/t
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    until 10:15
    event 10:10 ticket.response/1/target/warned:1 high assignee,account_manager,technical_expert
    event 10:15 ticket.response/1/breached:target due=10:15
    event 10:15 ticket.response/1/target:1 high assignee,service_director
    fact 09:55@10:20 ticket.opened T priority=P1 tier=A
    until 10:20
    event 10:20 ticket.response/1/retargeted:1 target=10:10 late
    clock ticket.response/1 running target=10:10:breached
  )");
}

TEST(Difference, RunningIsPausedAndPausedRuns) {
  // The pause of 10:20 and then the resumption of 10:40, each learned 5 min later.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:20@10:25 ticket.paused T
    fact 10:40@10:45 ticket.resumed T
    until 10:45
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:25<10:20 ticket.resolution/1/paused:1
    event 10:45<10:40 ticket.resolution/1/resumed:1 target=12:20 limit=14:20
  )");
}

TEST(Difference, AnEarlierPauseThanTheOneToldIsToldWhenItRuns) {
  // Paused 10:30 to 10:40 was told; the pause began at 10:10: 1 h 50 from 10:40.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.paused T
    fact 10:40 ticket.resumed T
    until 10:40
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:30 ticket.resolution/1/paused:1
    event 10:40 ticket.resolution/1/resumed:1 target=12:10 limit=14:10
    fact 10:10@10:50 ticket.paused T
    until 10:50
    event 10:50<10:10 ticket.resolution/1/paused:2
    event 10:50 ticket.resolution/1/resumed:2 target=12:30 limit=14:30
  )");
}

TEST(Difference, AnEarlierPauseThanTheOneThatStandsSaysNothing) {
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.paused T
    until 10:40
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:30 ticket.resolution/1/paused:1
    fact 10:10@10:50 ticket.paused T
    until 10:50
    quiet
    fact 11:00 ticket.resumed T
    until 11:00
    event 11:00 ticket.resolution/1/resumed:1 target=12:50 limit=14:50
  )");
}

TEST(Difference, AMissedTargetThatWasPausedInTimeIsWithdrawn) {
  // Paused 11:00 with 1 h left, learned 12:10.
  scenario(R"(
    show ticket.resolution/1/p ticket.resolution/1/withdrawn ticket.resolution/1/r ticket.resolution/1/target:
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 11:00@12:10 ticket.paused T
    until 12:10
    event 12:00 ticket.resolution/1/target:1 high assignee,service_director
    event 12:10<11:00 ticket.resolution/1/paused:1
    event 12:10 ticket.resolution/1/withdrawn:target:1
    event 12:10 ticket.resolution/1/target:withdrawn
    clock ticket.resolution/1 paused target=-:pending limit=-:pending
  )");
}

TEST(Difference, ALateRetargetIsToldAtItsTimeAndWhatFollowsNow) {
  // P2 since 10:05, learned 10:20: the response is due 10:30, and was not missed.
  scenario(R"(
    show ticket.response/1/r ticket.response/1/withdrawn ticket.response/1/target: ticket.response/1/target~
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:05@10:20 ticket.prioritized T priority=P2
    until 10:30
    event 10:15 ticket.response/1/target:1 high assignee,service_director
    event 10:20<10:05 ticket.response/1/retargeted:1 target=10:30
    event 10:20 ticket.response/1/withdrawn:target:1
    event 10:20 ticket.response/1/target:withdrawn
    event 10:30 ticket.response/1/target~2:1 high assignee,service_director
  )");
}

TEST(Difference, StoppedBecomesCancelledAndCancelledStopped) {
  scenario(R"(
    show ticket.reply
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:00 ticket.messaged T from=customer
    fact 10:10 ticket.responded T
    fact 10:05@10:20 ticket.cancelled T
    fact 10:02@10:30 ticket.responded T
    until 10:30
    event 10:00 ticket.reply/1/started target=10:15
    event 10:10 ticket.reply/1/stopped:1 target=10:15:met elapsed=600000
    event 10:20<10:05 ticket.reply/1/cancelled
    event 10:30<10:02 ticket.reply/1/stopped:2 target=10:15:met elapsed=120000
  )");
}

TEST(Difference, AnotherResultOfAStopIsCorrected) {
  scenario(R"(
    show ticket.response
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:09 ticket.responded T
    fact 10:08@10:20 ticket.responded T
    until 10:20
    event 10:00 ticket.response/1/started target=10:15
    event 10:09 ticket.response/1/stopped:1 target=10:15:met elapsed=540000
    event 10:20 ticket.response/1/corrected:1 target=10:15:met elapsed=480000 at=10:08
  )");
}

TEST(Difference, AnotherStartIsARetarget) {
  // Resolved 10:30; in truth the ticket was closed at 10:20: the report runs since then.
  scenario(R"(
    show ticket.report
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.resolved T
    until 10:30
    event 10:30 ticket.report/1/started target=03-03T18:00
    fact 03-02T10:20@11:00 ticket.closed T          # resolved after the end does not count
    until 11:00
    event 03-02T11:00 ticket.report/1/retargeted:1 target=03-03T18:00 late
  )");
}

TEST(Difference, AClockThatNeverWasIsTakenBack) {
  // The customer's message of 10:10 came after the ticket was closed at 10:05.
  scenario(R"(
    show ticket.reply
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:10 ticket.messaged T from=customer
    fact 10:05@10:30 ticket.closed T
    until 10:30
    event 10:10 ticket.reply/1/started target=10:25
    event 10:20 ticket.reply/1/warned:target due=10:25
    event 10:20 ticket.reply/1/target/warned:1 high assignee,account_manager,technical_expert
    event 10:25 ticket.reply/1/breached:target due=10:25
    event 10:25 ticket.reply/1/target:1 high assignee,account_manager
    event 10:30 ticket.reply/1/withdrawn:target:1
    event 10:30 ticket.reply/1/cancelled
    event 10:30 ticket.reply/1/target:withdrawn
    event 10:30 ticket.reply/1/target/warned:cleared
    clock ticket.reply/1 none
  )");
}

TEST(Difference, ABreachAndItsWithdrawalLearnedTogetherAreNeither) {
  scenario(R"(
    show ticket.response
    fact 03-02T10:00@10:25 ticket.opened T priority=P1 tier=A
    fact 10:20@10:25 ticket.prioritized T priority=P2
    until 10:25
    event 10:25<10:00 ticket.response/1/started target=10:15
    event 10:25<10:10 ticket.response/1/warned:target due=10:30
    event 10:25<10:10 ticket.response/1/target/warned:1 high assignee,account_manager,technical_expert
    event 10:25<10:20 ticket.response/1/retargeted:1 target=10:30
  )");
}

TEST(Difference, OfAClockThatHasEndedOnlyTheEndIsTold) {
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:10@11:00 ticket.paused T
    fact 10:20@11:00 ticket.resumed T
    fact 10:30@11:00 ticket.prioritized T priority=P2
    fact 10:40@11:00 ticket.resolved T
    fact 10:45@11:00 ticket.reopened T
    fact 10:50@11:00 ticket.closed T
    until 11:00
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 11:00<10:50 ticket.resolution/1/stopped:1 target=14:15:met limit=03-03T10:15:met elapsed=2100000
  )");
}

TEST(Difference, WhatIsInForceByTierIsReadAgainOnce) {
  // C until then: 10 min to lunch and 5 after. A, learned 12:04: 15 min around the clock, for good.
  scenario(R"(
    show ticket.response
    fact 03-02T11:50 ticket.opened T priority=P1
    fact 12:04 account.tiered A tier=A
    fact 12:05 account.tiered A tier=B
    until 12:05
    event 11:50 ticket.response/1/started target=13:05
    event 12:00 ticket.response/1/warned:target due=13:05
    event 12:00 ticket.response/1/target/warned:1 high assignee,account_manager,technical_expert
    event 12:04 ticket.response/1/retargeted:1 target=12:05 late
    event 12:05 ticket.response/1/breached:target due=12:05
    event 12:05 ticket.response/1/target:1 high assignee,service_director
  )");
}

}  // namespace
}  // namespace tocsin
