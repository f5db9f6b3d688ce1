// Milestones, requirements, projects, interactions: dues that are given (contract §5). Business
// hours 09:00–12:00 and 13:00–18:00; 2 March 2026 is a Monday.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Delivery, WarnedTwoWorkingDaysBeforeItsDue) {
  // Due Friday 6 March (the end of it): the days before Friday are Thursday, Wednesday: Wed 09:00.
  scenario(R"(
    show milestone.delivery
    fact 03-02T09:00 milestone.planned M due=2026-03-06 owner=Li
    fact 2026-01-01T00:00@03-02T09:00 account.assigned A role=account_manager person=Ana
    until 03-07T00:00
    event 03-02T09:00 milestone.delivery/1/started target=03-07T00:00
    event 03-04T09:00 milestone.delivery/1/warned:target due=03-07T00:00
    event 03-04T09:00 milestone.delivery/1/target/warned:1 low owner,account_manager,service_director Li Ana
    event 03-07T00:00 milestone.delivery/1/breached:target due=03-07T00:00
    event 03-07T00:00 milestone.delivery/1/target:1 low owner,account_manager Li Ana
  )");
}

TEST(Delivery, WarnedOverSpringFestival) {
  // Due Tuesday 24 February 12:00: the working days before are Sat 14 (made up) and Fri 13.
  scenario(R"(
    show milestone.delivery/1/w
    fact 02-02T09:00 milestone.planned M due=02-24T12:00
    until 02-20T00:00
    event 02-13T09:00 milestone.delivery/1/warned:target due=02-24T12:00
  )");
}

TEST(Delivery, MovedLaterAfterItsBreachItIsPendingAgain) {
  // Missed 3 March 12:00; moved at 13:00 to the 10th: 2 wd before are Mon 9, Fri 6 -> Friday 09:00.
  scenario(R"(
    show milestone.delivery/1/b milestone.delivery/1/r milestone.delivery/1/w milestone.delivery/1/t
    fact 03-02T09:00 milestone.planned M due=03-03T12:00 owner=Li
    fact 03-03T13:00 milestone.rescheduled M due=03-10T12:00
    until 03-10T12:00
    event 03-02T09:00 milestone.delivery/1/warned:target due=03-03T12:00
    event 03-02T09:00 milestone.delivery/1/target/warned:1 low owner,account_manager,service_director Li
    event 03-03T12:00 milestone.delivery/1/breached:target due=03-03T12:00
    event 03-03T12:00 milestone.delivery/1/target:1 low owner,account_manager Li
    event 03-03T13:00 milestone.delivery/1/retargeted:1 target=03-10T12:00
    event 03-03T13:00 milestone.delivery/1/withdrawn:target:1
    event 03-03T13:00 milestone.delivery/1/target:withdrawn
    event 03-06T09:00 milestone.delivery/1/warned:target:2 due=03-10T12:00
    event 03-06T09:00 milestone.delivery/1/target/warned~2:1 low owner,account_manager,service_director Li
    event 03-10T12:00 milestone.delivery/1/breached:target:2 due=03-10T12:00
    event 03-10T12:00 milestone.delivery/1/target~2:1 low owner,account_manager Li
  )");
}

TEST(Delivery, AMissedDueIsNotMovedIntoThePast) {
  scenario(R"(
    show milestone.delivery/1/r milestone.delivery/1/withdrawn
    fact 03-02T09:00 milestone.planned M due=03-03T12:00
    fact 03-03T13:00 milestone.rescheduled M due=03-03T12:30
    fact 03-03T14:00 milestone.rescheduled M due=03-03T14:00    # not after the instant that sets it
    until 03-03T14:00
    quiet
    clock milestone.delivery/1 running target=03-03T12:00:breached
  )");
}

TEST(Delivery, MovedIntoThePastItIsMissedThen) {
  scenario(R"(
    show milestone.delivery/1/b milestone.delivery/1/r
    fact 03-02T09:00 milestone.planned M due=03-06T12:00
    fact 03-03T13:00 milestone.rescheduled M due=03-03T12:30
    until 03-03T13:00
    event 03-03T13:00 milestone.delivery/1/retargeted:1 target=03-03T12:30
    event 03-03T13:00 milestone.delivery/1/breached:target due=03-03T12:30
  )");
}

TEST(Delivery, TheSameDueAgainIsNoRetarget) {
  scenario(R"(
    show milestone.delivery/1/r
    fact 03-02T09:00 milestone.planned M due=2026-03-06
    fact 03-03T13:00 milestone.rescheduled M due=03-07T00:00
    until 03-03T13:00
    quiet
  )");
}

TEST(Delivery, DeliveredItIsNotRescheduled) {
  scenario(R"(
    show milestone.
    fact 03-02T09:00 milestone.planned M due=03-06T12:00
    fact 03-02T10:00 milestone.delivered M
    fact 03-02T10:10 milestone.rescheduled M due=03-09T12:00
    fact 03-02T10:20 milestone.planned M due=03-09T12:00        # created once
    until 03-02T11:00
    event 03-02T09:00 milestone.delivery/1/started target=03-06T12:00
    event 03-02T10:00 milestone.delivery/1/stopped:1 target=03-06T12:00:met elapsed=3600000
  )");
}

TEST(Delivery, RectificationRunsUntilDeliveredAndStartsAnew) {
  scenario(R"(
    show milestone.rectification/1/s milestone.rectification/1/r milestone.rectification/2/s
    fact 03-02T09:00 milestone.planned M due=03-06T12:00
    fact 03-02T10:00 milestone.delivered M
    fact 03-02T11:00 milestone.rejected M rectifyBy=03-10T12:00
    fact 03-02T12:00 milestone.rejected M rectifyBy=03-11T12:00
    fact 03-03T10:00 milestone.delivered M
    fact 03-03T11:00 milestone.rejected M rectifyBy=03-12T12:00
    fact 03-03T12:00 milestone.accepted M
    fact 03-03T13:00 milestone.rejected M rectifyBy=03-13T12:00 # after the end
    until 03-03T14:00
    event 03-02T11:00 milestone.rectification/1/started target=03-10T12:00
    event 03-02T12:00 milestone.rectification/1/retargeted:1 target=03-11T12:00
    event 03-03T10:00 milestone.rectification/1/stopped:1 target=03-11T12:00:met elapsed=25200000  # 1 + 5 + 1 h
    event 03-03T11:00 milestone.rectification/2/started target=03-12T12:00
    event 03-03T12:00 milestone.rectification/2/stopped:1 target=03-12T12:00:met elapsed=3600000
  )");
}

TEST(Delivery, AConfirmationIsScheduledUntilItIsConfirmed) {
  // Due 5 March 12:00: 1 wd before is Wednesday 09:00.
  scenario(R"(
    show requirement.confirmation
    fact 03-02T09:00 requirement.captured R
    fact 03-02T10:00 requirement.scheduled R confirmBy=03-06T12:00
    fact 03-02T11:00 requirement.scheduled R confirmBy=03-05T12:00
    fact 03-04T10:00 requirement.confirmed R
    fact 03-04T11:00 requirement.scheduled R confirmBy=03-09T12:00
    until 03-04T12:00
    event 03-02T10:00 requirement.confirmation/1/started target=03-06T12:00
    event 03-02T11:00 requirement.confirmation/1/retargeted:1 target=03-05T12:00
    event 03-04T09:00 requirement.confirmation/1/warned:target due=03-05T12:00
    event 03-04T09:00 requirement.confirmation/1/target/warned:1 low account_manager
    event 03-04T10:00 requirement.confirmation/1/stopped:1 target=03-05T12:00:met elapsed=57600000  # 7 + 8 + 1 h
    event 03-04T10:00 requirement.confirmation/1/target/warned:cleared
  )");
}

TEST(Delivery, ConfirmedBeforeItWasScheduledItIsNeverScheduled) {
  scenario(R"(
    show requirement.confirmation
    fact 03-02T09:00 requirement.captured R
    fact 03-02T10:00 requirement.confirmed R
    fact 03-02T11:00 requirement.scheduled R confirmBy=03-05T12:00
    until 03-02T11:00
    quiet
    clock requirement.report/1 stopped target=03-05T18:00:met at=03-02T10:00
  )");
}

TEST(Delivery, CancelledItRunsNoMore) {
  scenario(R"(
    show requirement. project. interaction.
    fact 03-02T09:00 requirement.captured R confirmBy=2026-03-10
    fact 03-02T09:00 project.confirmed P
    fact 03-02T09:00 interaction.held I
    fact 03-02T10:00 requirement.cancelled R
    fact 03-02T10:00 project.cancelled P
    fact 03-02T10:00 interaction.cancelled I
    until 03-12T18:00
    event 03-02T09:00 requirement.report/1/started target=03-05T18:00
    event 03-02T09:00 requirement.confirmation/1/started target=03-11T00:00
    event 03-02T09:00 project.kickoff/1/started target=03-05T18:00
    event 03-02T09:00 interaction.logging/1/started target=03-02T11:00
    event 03-02T10:00 requirement.report/1/cancelled
    event 03-02T10:00 requirement.confirmation/1/cancelled
    event 03-02T10:00 project.kickoff/1/cancelled
    event 03-02T10:00 interaction.logging/1/cancelled
  )");
}

TEST(Delivery, AnAfternoonsInteractionIsLoggedTheNextMorning) {
  // Friday 17:00: 1 h, then 1 h of Monday. Warned at 3/4, after 90 min. Missed: the account manager, Tuesday's closing the
  // director.
  scenario(R"(
    show interaction.
    fact 03-06T17:00 interaction.held I
    until 03-10T18:00
    event 03-06T17:00 interaction.logging/1/started target=03-09T10:00
    event 03-09T09:30 interaction.logging/1/warned:target due=03-09T10:00
    event 03-09T09:30 interaction.logging/1/target/warned:1 low account_manager
    event 03-09T10:00 interaction.logging/1/breached:target due=03-09T10:00
    event 03-09T10:00 interaction.logging/1/target:1 low account_manager
    event 03-10T18:00 interaction.logging/1/target:2 low service_director
  )");
}

}  // namespace
}  // namespace tocsin
