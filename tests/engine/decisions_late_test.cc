// Facts that are learned late, after something was announced that is not true (contract §4.8).
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

// Monday 2 March 2026; the complaint's account has no tier: C, business hours.
TEST(Late, AStageThatWasTakenBackIsRoutedWhenItIsEnteredAgain) {
  scenario(R"(
    show stage: routed/stage:2
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 10:30 complaint.contacted C              # in stage 2: stage 1 was missed at 10:00
    until 10:59
    event 09:00 stage:1 from=-
    event 10:00 stage:2 from=1
    event 10:00 routed/stage:2:1 high service_director
    event 10:30 routed/stage:2:cleared
    fact 09:30@11:00 complaint.contacted C        # stage 1 was met
    until 11:30
    event 11:00 stage:2:withdrawn:1 from=1
    fact 12:00 complaint.rejected C
    until 12:00
    event 12:00 stage:2:2 from=1
    event 12:00 routed/stage:2~2:1 high service_director
  )");
}

TEST(Late, AWithdrawnStageNamesTheStageItWasSaidToComeFrom) {
  // 09:00 -> 2 at 10:00 -> 4 h: 2 to 12:00, 2 from 13:00 -> 3 at 15:00.
  scenario(R"(
    show stage: routed
    fact 03-02T09:00 complaint.opened C severity=normal
    until 15:30
    event 09:00 stage:1 from=-
    event 09:00 routed/stage:1:1 high account_manager
    event 10:00 stage:2 from=1
    event 10:00 routed/stage:1:cleared
    event 10:00 routed/stage:2:1 high service_director
    event 15:00 stage:3 from=2
    event 15:00 routed/stage:2:cleared
    event 15:00 routed/stage:3:1 high executive
    fact 10:00@16:00 complaint.contacted C        # facts come before dues
    until 16:00
    event 16:00 stage:2:withdrawn:1 from=1
    event 16:00 stage:3:withdrawn:1 from=2
    event 16:00 routed/stage:3:withdrawn
  )");
}

TEST(Late, AnEarlierStopBeforeAKnownReopeningIsOnlyARetarget) {
  // P1 on 24x7: target 12:00, limit 14:00. Closed 10:30 with 1 h 30 left, reopened 11:00: 12:30.
  // Resolved 10:15, learned 11:10: 1 h 45 were left at the reopening: 12:45 and 14:45.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.closed T
    fact 11:00 ticket.reopened T
    until 11:00
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 10:30 ticket.resolution/1/stopped:1 target=12:00:met limit=14:00:met elapsed=1800000
    event 11:00 ticket.resolution/1/resumed:1 target=12:30 limit=14:30
    fact 10:15@11:10 ticket.resolved T
    until 11:10
    event 11:10 ticket.resolution/1/retargeted:1 target=12:45 limit=14:45 late
    clock ticket.resolution/1 running target=12:45:pending limit=14:45:pending
  )");
}

TEST(Late, AStopAndItsReopeningLearnedTogetherAreBothTold) {
  // 15 min were over at the stop: 1 h 45 are left at 10:40 -> 12:25, and 3 h 45 -> 14:25.
  scenario(R"(
    show ticket.resolution
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    until 10:30
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    fact 10:15@11:00 ticket.resolved T
    fact 10:40@11:00 ticket.reopened T
    until 11:00
    event 11:00<10:15 ticket.resolution/1/stopped:1 target=12:00:met limit=14:00:met elapsed=900000
    event 11:00<10:40 ticket.resolution/1/resumed:1 target=12:25 limit=14:25
  )");
}

// The target was missed at 12:00, before the pause that was learned with it: its due is what the
// breach says, and nothing else needs telling.
TEST(Late, ABreachLearnedWithAPauseAfterItNeedsNoRetarget) {
  scenario(R"(
    show ticket.resolution/1/started ticket.resolution/1/paused ticket.resolution/1/b ticket.resolution/1/r
    fact 03-02T10:00@12:45 ticket.opened T priority=P1 tier=A
    fact 12:30@12:45 ticket.paused T
    until 13:00
    event 12:45<10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 12:45<12:30 ticket.resolution/1/paused:1
    event 12:45<12:00 ticket.resolution/1/breached:target due=12:00
    clock ticket.resolution/1 paused target=12:00:breached limit=-:pending
  )");
}

// Contacted 09:10 wants a plan, cancelled with stage 1. Committed 09:05: none is wanted, and
// nothing is to be said of a clock that was cancelled. Contacted 09:03: it is wanted after all.
TEST(Late, AClockThatWasCancelledIsTakenBackWithoutAWordAndStartsAgain) {
  scenario(R"(
    show complaint.plan
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.contacted C
    fact 09:20 complaint.rejected C
    until 09:20
    event 09:10 complaint.plan/1/started target=03-03T18:00
    event 03-02T09:20 complaint.plan/1/cancelled
    fact 09:05@09:30 complaint.committed C due=12:00
    until 09:30
    quiet
    clock complaint.plan/1 none
    fact 09:03@09:40 complaint.contacted C
    until 09:40
    event 09:40<09:03 complaint.plan/1/started:2 target=03-03T18:00
    event 03-02T09:40<09:05 complaint.plan/1/stopped:1 target=03-03T18:00:met elapsed=120000
  )");
}

TEST(Late, ARetargetBeforeASecondBreachLeavesThatOne) {
  // Due 03-03: breached at its end; on the 5th set to the 6th: withdrawn; breached again. On the
  // 9th it is learned that it was also set, on the 4th, to the 9th: that takes the first breach
  // back, which was taken back already, and nothing of the second.
  scenario(R"(
    show milestone.delivery/1/started milestone.delivery/1/breached milestone.delivery/1/retargeted milestone.delivery/1/withdrawn milestone.delivery/1/target~3
    fact 03-02T10:00 milestone.planned M due=2026-03-03
    fact 03-05T10:00 milestone.rescheduled M due=2026-03-06
    until 03-08T10:00
    event 03-02T10:00 milestone.delivery/1/started target=03-04T00:00
    event 03-04T00:00 milestone.delivery/1/breached:target due=03-04T00:00
    event 03-05T10:00 milestone.delivery/1/retargeted:1 target=03-07T00:00
    event 03-05T10:00 milestone.delivery/1/withdrawn:target:1
    event 03-07T00:00 milestone.delivery/1/breached:target:2 due=03-07T00:00
    fact 03-04T10:00@03-09T10:00 milestone.rescheduled M due=2026-03-09
    until 03-09T10:00
    event 03-09T10:00<03-04T10:00 milestone.delivery/1/retargeted:2 target=03-10T00:00
    event 03-09T10:00 milestone.delivery/1/retargeted:3 target=03-07T00:00 late
  )");
}

TEST(Late, AnEarlierOpeningThatMovesACancelSaysNothingAnew) {
  // `cancelled` of 10:00 waits for the creation, 11:00, and counts then; with a creation at 09:00
  // it counts at 10:00. Cancelled it was told, cancelled it is.
  scenario(R"(
    fact 03-02T10:00 milestone.cancelled M
    fact 11:00 milestone.planned M due=2026-03-20
    until 11:30
    event 03-02T11:00 milestone.delivery/1/started target=03-21T00:00
    event 03-02T11:00 milestone.delivery/1/cancelled
    fact 03-02T09:00@12:00 milestone.planned M due=2026-03-20
    until 12:00
    quiet
  )");
}

TEST(Late, AnEarlierOpeningDoesNotTellARetargetAgain) {
  // What was told at 10:42 stays told; what changes is the start.
  scenario(R"(
    show requirement.confirmation/1/started requirement.confirmation/1/retargeted
    fact 03-02T10:32@10:37 requirement.captured R confirmBy=2026-03-09
    fact 10:42 requirement.scheduled R confirmBy=2026-03-06
    until 10:50
    event 03-02T10:37<10:32 requirement.confirmation/1/started target=03-10T00:00
    event 03-02T10:42 requirement.confirmation/1/retargeted:1 target=03-07T00:00
    fact 03-02T09:02@11:00 requirement.scheduled R confirmBy=2026-03-03
    fact 09:00@12:00 requirement.captured R
    until 12:00
    event 03-02T11:00<10:32 requirement.confirmation/1/retargeted:2 target=03-04T00:00
    event 03-02T11:00 requirement.confirmation/1/retargeted:3 target=03-07T00:00 late
    event 03-02T12:00 requirement.confirmation/1/retargeted:4 target=03-07T00:00 late
  )");
}

TEST(Late, ACorrectionIsWrittenAsAStopAndThenItsInstant) {
  // 10:00 + 10 min = 600,000 ms; P1 around the clock is due at 10:15.
  scenario(R"(
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:12 ticket.responded T
    fact 10:10@11:00 ticket.responded T
    until 11:00
    text ticket.response/1/corrected:1 "cycle":1,"elapsedMs":600000,"thresholds":[{"name":"target","due":"2026-03-02T02:15:00.000Z","verdict":"met"}],"stopped":"2026-03-02T02:10:00.000Z","start":"2026-03-02T02:00:00.000Z"}
  )");
}

}  // namespace
}  // namespace tocsin
