// How a ticket's clocks run: pauses, re-targets, reopenings, rests, warnings (contract §4.2 to
// §4.7). Business hours are 09:00–12:00 and 13:00–18:00; tier A runs around the clock. 2 March 2026
// is a Monday.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Ticket, APauseAcrossClosingKeepsWhatRemained) {
  // 4 h from 14:00: 18:00. Paused 16:00 with 2 h left; resumed Tuesday 11:00: 1 h to lunch, 1 h
  // after. Limit: 22 h left are 6 of Tuesday, 8 of Wednesday and 8 of Thursday.
  scenario(R"(
    show ticket.resolution
    fact 03-02T14:00 ticket.opened T priority=P2
    fact 16:00 ticket.paused T
    fact 03-03T11:00 ticket.resumed T
    until 11:00
    event 03-02T14:00 ticket.resolution/1/started target=18:00 limit=03-05T14:00
    event 03-02T16:00 ticket.resolution/1/paused:1
    event 03-03T11:00 ticket.resolution/1/resumed:1 target=14:00 limit=03-05T18:00
    fact 03-03T14:00 ticket.resolved T
    until 14:00
    clock ticket.resolution/1 stopped target=14:00:met limit=03-05T18:00:met at=03-03T14:00 elapsed=14400000
  )");
}

TEST(Ticket, LooseningWhilePausedKeepsThePause) {
  // P1 10:00, paused 10:30. At 11:00, as if resumed: full is 4 h less 30 min from 11:00, 14:30;
  // that is 3 h 30 to run, of the limit 23 h 30. Resumed 12:00.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.paused T
    fact 11:00 ticket.prioritized T priority=P2
    fact 12:00 ticket.resumed T
    until 12:00
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:30 ticket.resolution/1/paused:1
    event 11:00 ticket.resolution/1/retargeted:1 target=- limit=-
    event 12:00 ticket.resolution/1/resumed:1 target=15:30 limit=03-03T11:30
  )");
}

TEST(Ticket, TighteningWhilePausedNeverBreachesAtOnce) {
  // P2 10:00, paused 10:30 with 3 h 30 left: as if resumed at 15:00 it were due 18:30. P1: full is
  // 2 h less 30 min from 15:00, 16:30; fresh 17:00: min(18:30, 17:00) = 17:00, 2 h to run.
  // Limit: 23 h 30 left -> 14:30 tomorrow; full 18:30, fresh 19:00: 4 h to run.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 10:30 ticket.paused T
    fact 15:00 ticket.prioritized T priority=P1
    fact 16:00 ticket.resumed T
    until 16:00
    event 10:00 ticket.resolution/1/started target=14:00 limit=03-03T10:00
    event 03-02T10:30 ticket.resolution/1/paused:1
    event 15:00 ticket.resolution/1/retargeted:1 target=- limit=-
    event 16:00 ticket.resolution/1/resumed:1 target=18:00 limit=20:00
  )");
}

TEST(Ticket, TighteningIsNeverLaterThanItWas) {
  // P2 10:00: 14:00. P1 at 13:30: full 12:00 is past, fresh 15:30, so min(14:00, 15:30) = 14:00: no
  // change; the limit of tomorrow 10:00 becomes min(10:00, fresh 17:30). P1 at 11:00 instead: full
  // 12:00 is before 14:00: min(14:00, 13:00).
  scenario(R"(
    show ticket.resolution/1/r
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 13:30 ticket.prioritized T priority=P1
    until 13:30
    event 13:30 ticket.resolution/1/retargeted:1 target=14:00 limit=17:30
  )");
  scenario(R"(
    show ticket.resolution/1/r
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 11:00 ticket.prioritized T priority=P1
    until 11:00
    event 11:00 ticket.resolution/1/retargeted:1 target=13:00 limit=15:00
  )");
}

TEST(Ticket, AChangeThatLeavesTheDuesIsNoRetarget) {
  // The reply of P3 and of P4 has 2 h alike.
  scenario(R"(
    show ticket.reply
    fact 03-02T10:00 ticket.opened T priority=P3 tier=A
    fact 10:30 ticket.messaged T from=customer
    fact 10:40 ticket.prioritized T priority=P4
    until 10:40
    event 10:30 ticket.reply/1/started target=12:30
  )");
}

TEST(Ticket, WithoutAnAllowanceItIsCancelledAndStartsAnewLater) {
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.paused T
    fact 10:40 ticket.prioritized T priority=P4
    fact 11:00 ticket.prioritized T priority=P2
    fact 11:30 ticket.resumed T
    until 11:30
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:30 ticket.resolution/1/paused:1
    event 10:40 ticket.resolution/1/cancelled
    event 11:00 ticket.resolution/2/started target=- limit=-
    event 11:00 ticket.resolution/2/paused:1
    event 11:30 ticket.resolution/2/resumed:1 target=15:30 limit=03-03T11:30
    clock ticket.resolution/1 cancelled target=-:pending limit=-:pending
  )");
}

TEST(Ticket, ACancelledClockRunsOnAtTheReopening) {
  // 30 min were used when P4 cancelled it; resolved, and reopened at P2 in force since 12:00: it
  // runs on with 1 h 30 to 14:30, then P2: full = 4 h less 30 min from 13:00 = 16:30, limit 23
  // h 30.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.prioritized T priority=P4
    fact 11:00 ticket.resolved T
    fact 12:00 ticket.prioritized T priority=P2
    fact 13:00 ticket.reopened T
    until 13:00
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:30 ticket.resolution/1/cancelled
    event 13:00 ticket.resolution/1/resumed:1 target=14:30 limit=16:30
    event 13:00 ticket.resolution/1/retargeted:1 target=16:30 limit=03-03T12:30
    clock ticket.resolution/1 running target=03-02T16:30:pending limit=03-03T12:30:pending
  )");
}

TEST(Ticket, ReopenedWithoutAnAllowanceItIsCancelledAgain) {
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.resolved T
    fact 10:40 ticket.prioritized T priority=P4
    fact 11:00 ticket.reopened T
    until 11:30
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:30 ticket.resolution/1/stopped:1 target=12:00:met limit=14:00:met elapsed=1800000
    event 11:00 ticket.resolution/1/cancelled
  )");
}

TEST(Ticket, WithoutAResolutionClockTheReopeningStartsOne) {
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P4 tier=A
    fact 10:30 ticket.resolved T
    fact 10:40 ticket.prioritized T priority=P1
    until 10:50
    quiet
    fact 11:00 ticket.reopened T
    until 11:00
    event 11:00 ticket.resolution/1/started target=13:00 limit=15:00
  )");
}

TEST(Ticket, AReopeningOfAClosedTicketIgnoresWhatCameAfterTheEnd) {
  // Closed 10:30 as P1 with 1 h 30 left; the pause and P3 of 10:40 are facts after the end.
  scenario(R"(
    show ticket.resolution ticket.progress routed
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.closed T
    fact 10:40 ticket.prioritized T priority=P3
    fact 10:41 ticket.paused T
    fact 11:00 ticket.reopened T
    until 11:00
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:00 routed/P1:1 high service_director,technical_expert
    event 10:05 routed/P1:2 high service_director,technical_expert
    event 10:15 routed/P1:3 high executive
    event 10:30 ticket.resolution/1/stopped:1 target=12:00:met limit=14:00:met elapsed=1800000
    event 10:30 routed/P1:cleared
    event 11:00 ticket.resolution/1/resumed:1 target=12:30 limit=14:30
    event 11:00 ticket.progress/1/started target=11:30
    event 11:00 routed/P1~2:1 high service_director,technical_expert
  )");
}

TEST(Ticket, AnUsedUpBudgetIsMissedAtTheReopening) {
  // Resolved exactly at the target: met, nothing left. Facts come before dues, so it is missed
  // then.
  scenario(R"(
    show ticket.resolution/1/s ticket.resolution/1/r ticket.resolution/1/b
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 12:00 ticket.resolved T
    fact 12:30 ticket.reopened T
    until 12:30
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 12:00 ticket.resolution/1/stopped:1 target=12:00:met limit=14:00:met elapsed=7200000
    event 12:30 ticket.resolution/1/resumed:1 target=12:30 limit=14:30
    event 12:30 ticket.resolution/1/breached:target due=12:30
  )");
}

TEST(Ticket, ARestEndsWithProgressedOrReopenedOnly) {
  // 48 breaches in a row, each 30 min, end at 10:00 a day later; a response wakes nothing.
  scenario(R"(
    show ticket.progress/48 ticket.progress/49
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:00 ticket.responded T
    fact 03-03T10:10 ticket.responded T
    fact 03-03T10:20 ticket.prioritized T priority=P3
    fact 03-03T10:30 ticket.prioritized T priority=P1
    until 11:00
    event 03-03T09:30 ticket.progress/48/started target=10:00
    event 10:00 ticket.progress/48/breached:target due=10:00
    event 10:00 ticket.progress/48/stopped:1 target=10:00:breached elapsed=1800000
    fact 11:10 ticket.resolved T
    fact 11:20 ticket.reopened T
    until 11:20
    event 11:20 ticket.progress/49/started target=11:50
  )");
}

TEST(Ticket, ARunOfBreachesIsOneGroup) {
  // Missed 10:30 and 11:00; progressed 11:10 ends the run; missed again 11:40: another group.
  scenario(R"(
    show ticket.progress/1/target ticket.progress/2/target ticket.progress/3/target ticket.progress/4/target
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.responded T
    fact 11:10 ticket.progressed T
    until 11:40
    event 10:20 ticket.progress/1/target/warned:1 high assignee
    event 10:30 ticket.progress/1/target:1 high assignee,account_manager
    event 10:30 ticket.progress/1/target/warned:cleared
    event 11:00 ticket.progress/1/target:2 high service_director
    event 11:10 ticket.progress/1/target:cleared
    event 11:30 ticket.progress/4/target/warned:1 high assignee
    event 11:40 ticket.progress/4/target:1 high assignee,account_manager
    event 11:40 ticket.progress/4/target/warned:cleared
    fact 11:50 ticket.prioritized T priority=P3
    until 11:50
    event 11:50 ticket.progress/4/target:cleared
  )");
}

TEST(Ticket, AReportIsCancelledByTheReopeningAndStartsAnew) {
  scenario(R"(
    show ticket.report
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.resolved T
    fact 10:35 ticket.closed T                  # resolved already: no second report
    fact 11:00 ticket.reopened T
    fact 11:10 ticket.closed T
    fact 11:20 ticket.reported T                # counts after the end
    until 11:20
    event 10:30 ticket.report/1/started target=03-03T18:00
    event 03-02T11:00 ticket.report/1/cancelled
    event 11:10 ticket.report/2/started target=03-03T18:00
    event 03-02T11:20 ticket.report/2/stopped:1 target=03-03T18:00:met elapsed=600000
  )");
}

TEST(Ticket, RaisedWhileResolvedTheReportStartsThen) {
  // P4 needs no report; its start fact happened, its stop fact not.
  scenario(R"(
    show ticket.report
    fact 03-02T10:00 ticket.opened T priority=P4 tier=A
    fact 10:30 ticket.resolved T
    fact 11:00 ticket.prioritized T priority=P3
    fact 12:00 ticket.prioritized T priority=P4
    until 12:00
    event 11:00 ticket.report/1/started target=03-03T18:00
    event 03-02T12:00 ticket.report/1/cancelled
  )");
}

TEST(Ticket, ACustomersMessageWhileResolvedWantsAReply) {
  scenario(R"(
    show ticket.reply
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.resolved T
    fact 10:40 ticket.messaged T from=customer
    fact 10:50 ticket.closed T
    fact 10:55 ticket.messaged T from=customer  # not while closed
    until 10:55
    event 10:40 ticket.reply/1/started target=10:55
    event 10:50 ticket.reply/1/stopped:1 target=10:55:met elapsed=600000
  )");
}

TEST(Ticket, FactsThatWaitForTheCreationCountAtIt) {
  // The staff's message of 09:30 and P1 of 09:40 come, in their order, right behind the opening.
  scenario(R"(
    show ticket.response ticket.resolution ticket.progress
    fact 03-02T09:30 ticket.messaged T from=staff
    fact 09:40 ticket.prioritized T priority=P1
    until 09:50
    quiet
    fact 10:00 ticket.opened T priority=P2 tier=A
    until 10:00
    event 10:00 ticket.response/1/started target=10:30
    event 10:00 ticket.response/1/stopped:1 target=10:30:met elapsed=0
    event 10:00 ticket.resolution/1/started target=14:00 limit=03-03T10:00
    event 03-02T10:00 ticket.resolution/1/retargeted:1 target=12:00 limit=14:00
    event 10:00 ticket.progress/1/started target=10:30
  )");
}

TEST(Ticket, ACreationLearnedLaterButEarlierInTimeTakesOver) {
  // Created at 09:00 as P2: target 13:00 around the clock, limit a day later.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    until 10:30
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    fact 09:00@11:00 ticket.opened T priority=P2 tier=A
    until 11:00
    event 11:00 ticket.resolution/1/retargeted:1 target=13:00 limit=03-03T09:00 late
  )");
}

TEST(Ticket, WarnedOncePerThresholdAndOnceMoreWhenItIsMovedLater) {
  // Response P1 10:15: warned 10:10. P2 at 10:12: 10:30, its 2/3 are 10:20, ahead: once more. P3 at
  // 10:25: 12:00, 2/3 at 11:20, ahead: once more. P2 at 10:30 has the due that it had there,
  // 10:30: it is missed at once, and nothing is warned any more.
  scenario(R"(
    show ticket.response/1/r ticket.response/1/w
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:12 ticket.prioritized T priority=P2
    fact 10:25 ticket.prioritized T priority=P3
    fact 10:30 ticket.prioritized T priority=P2
    until 11:00
    event 10:10 ticket.response/1/warned:target due=10:15
    event 10:12 ticket.response/1/retargeted:1 target=10:30
    event 10:20 ticket.response/1/warned:target:2 due=10:30
    event 10:25 ticket.response/1/retargeted:2 target=12:00
    event 10:30 ticket.response/1/retargeted:3 target=10:30
  )");
}

}  // namespace
}  // namespace tocsin
