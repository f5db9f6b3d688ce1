// Cadences and duties, and recurring faults (contract §6). Weeks begin on Monday; 2 March 2026 is
// one. Period clocks run around the clock: a week has 604,800,000 ms.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Period, MetUpToTheLastMillisecond) {
  for (const auto& [at, verdict] :
       {std::pair{"03-15T23:59:59.999", "met"}, {"03-16T00:00", "breached"}}) {
    SCOPED_TRACE(at);
    // W11 is 9 to 15 March. A fact at its end belongs to W12, and stops that at once.
    const bool met = std::string(verdict) == "met";
    scenario(std::string("fact 03-03T10:00 account.tiered A tier=C\nfact ") + at +
             " account.contacted A kind=weekly_contact\nuntil 03-16T00:00\n"
             "clock account.weekly_contact/2026-W10 none\n"
             "clock account.weekly_contact/2026-W11 stopped target=03-16T00:00:" +
             verdict + " at=" + at + " elapsed=" + (met ? "604799999" : "604800000") +
             "\nclock account.weekly_contact/2026-W12 " +
             (met ? "running target=03-23T00:00:pending\n"
                  : "stopped target=03-23T00:00:met at=03-16T00:00 elapsed=0\n"));
  }
}

TEST(Period, AFactAtTheFirstInstantCounts) {
  scenario(R"(
    show account.weekly_contact/2026-W11
    fact 03-03T10:00 account.tiered A tier=C
    fact 03-08T23:59:59.999 account.contacted A kind=weekly_contact
    fact 03-09T00:00 account.contacted A kind=weekly_contact
    until 03-09T00:00
    event 03-09T00:00 account.weekly_contact/2026-W11/started target=03-16T00:00
    event 03-09T00:00 account.weekly_contact/2026-W11/stopped:1 target=03-16T00:00:met elapsed=0
  )");
}

TEST(Period, CountTwoWantsTwo) {
  // A: two business reviews a month. March has one: breached at its end; 5 wd before 1 April 00:00
  // are 30, 27, 26, 25, 24 March.
  scenario(R"(
    show account.business_review/2026-03
    fact 02-10T10:00 account.tiered A tier=A
    fact 03-05T10:00 account.contacted A kind=business_review
    until 04-01T00:00
    event 03-01T00:00 account.business_review/2026-03/started target=04-01T00:00
    event 03-24T09:00 account.business_review/2026-03/warned:target due=04-01T00:00
    event 03-24T09:00 account.business_review/2026-03/target/warned:1 low account_manager
    event 04-01T00:00 account.business_review/2026-03/breached:target due=04-01T00:00
    event 04-01T00:00 account.business_review/2026-03/stopped:1 target=04-01T00:00:breached elapsed=2678400000
    event 04-01T00:00 account.business_review/2026-03/target/warned:cleared
    event 04-01T00:00 account.business_review/2026-03/target:1 low account_manager
    fact 03-31T23:59:59.999@04-01T09:00 account.contacted A kind=business_review
    until 04-01T09:00
    event 04-01T09:00 account.business_review/2026-03/withdrawn:target:1
    event 04-01T09:00 account.business_review/2026-03/corrected:1 target=04-01T00:00:met elapsed=2678399999 at=03-31T23:59:59.999
    event 04-01T09:00 account.business_review/2026-03/target:withdrawn
  )");
}

TEST(Period, TheTierAtTheFirstInstantDecides) {
  // B from 1 March: one review a month; C from 1 April, at its first instant: by the quarter.
  scenario(R"(
    fact 02-10T10:00 account.tiered A tier=B
    fact 04-01T00:00 account.tiered A tier=C
    until 04-02T00:00
    clock account.business_review/2026-03 stopped target=04-01T00:00:breached
    clock account.business_review/2026-04 none
    clock account.business_review/2026-Q2 running target=07-01T00:00:pending
    clock account.executive_visit/2026-Q2 none
    clock account.strategy_meeting/2026-H1 none
    clock account.monthly_review/2026-04 running target=05-01T00:00:pending
    clock account.information_package/2026-04 running target=05-01T00:00:pending
  )");
}

TEST(Period, ALateTierTakesBackWhatItDoesNotPromise) {
  // C since 31 March, learned on 2 April: no executive visit in Q2.
  scenario(R"(
    show account.executive_visit/2026-Q2
    fact 02-10T10:00 account.tiered A tier=B
    until 04-02T00:00
    event 04-01T00:00 account.executive_visit/2026-Q2/started target=07-01T00:00
    fact 03-31T10:00@04-02T09:00 account.tiered A tier=C
    until 04-02T09:00
    event 04-02T09:00 account.executive_visit/2026-Q2/cancelled
    clock account.executive_visit/2026-Q2 none
  )");
}

TEST(Period, ClosedAtThePeriodsEndCancelsAndStartsNone) {
  scenario(R"(
    show account.weekly_contact
    fact 03-03T10:00 account.tiered A tier=C
    fact 03-16T00:00 account.closed A
    fact 03-25T10:00 account.tiered A tier=C
    until 03-30T00:00
    event 03-09T00:00 account.weekly_contact/2026-W11/started target=03-16T00:00
    event 03-13T09:00 account.weekly_contact/2026-W11/warned:target due=03-16T00:00
    event 03-13T09:00 account.weekly_contact/2026-W11/target/warned:1 low account_manager
    event 03-16T00:00 account.weekly_contact/2026-W11/cancelled
    event 03-16T00:00 account.weekly_contact/2026-W11/target/warned:cleared
    event 03-30T00:00 account.weekly_contact/2026-W14/started target=04-06T00:00
  )");
}

TEST(Period, OnlyPeriodsAfterTheArrivalAreFull) {
  // Tiered on 3 March, learned on the 10th: W12 is the first; an arrival at its first instant is in
  // time.
  scenario(R"(
    fact 03-03T10:00@03-10T10:00 account.tiered A tier=C
    until 03-17T00:00
    clock account.weekly_contact/2026-W11 none
    clock account.weekly_contact/2026-W12 running
  )");
  scenario(R"(
    fact 03-03T10:00@03-16T00:00 account.tiered A tier=C
    until 03-17T00:00
    clock account.weekly_contact/2026-W12 running
  )");
}

// A duty that was done under a name that nobody owes would be breached all the same.
TEST(Period, ADutyThatThereIsNotIsRefused) {
  scenario(R"(
    fact 02-10T10:00 org.activated A
    fact 03-02T10:00 duty.completed screening
    refused accepted
    fact 03-02T10:01 duty.completed screening_
    refused bad_attribute:subject
    fact 03-02T10:02 duty.completed A
    refused bad_attribute:subject
  )");
}

TEST(Period, DutiesOfTheOrganisation) {
  // Screening by the end of the 5th, reviews of the 10th. 2 wd before 6 March 00:00: Wed 4, Tue 3.
  scenario(R"(
    show org.screening/2026-03 org.tier_review/2026-03/s org.insight_report/2026-03/s
    fact 02-10T10:00 org.activated A
    fact 03-06T00:00 duty.completed screening
    fact 03-10T23:59:59.999 duty.completed tier_review
    fact 03-11T00:00 duty.completed insight_report          # facts come before dues
    until 03-11T00:00
    event 03-01T00:00 org.screening/2026-03/started target=03-06T00:00
    event 03-01T00:00 org.tier_review/2026-03/started target=03-11T00:00
    event 03-01T00:00 org.insight_report/2026-03/started target=03-11T00:00
    event 03-03T09:00 org.screening/2026-03/warned:target due=03-06T00:00
    event 03-03T09:00 org.screening/2026-03/target/warned:1 low operations_specialist
    event 03-06T00:00 org.screening/2026-03/stopped:1 target=03-06T00:00:met elapsed=432000000
    event 03-06T00:00 org.screening/2026-03/target/warned:cleared
    event 03-10T23:59:59.999 org.tier_review/2026-03/stopped:1 target=03-11T00:00:met elapsed=863999999
    event 03-11T00:00 org.insight_report/2026-03/stopped:1 target=03-11T00:00:met elapsed=864000000
  )");
}

TEST(Period, TheCoordinationMeetingIsOnTheFirstWorkingDay) {
  // W08 (16 to 22 February) has none: nothing is promised. W09 begins with Tuesday 24: 25 February 00:00.
  scenario(R"(
    show org.coordination_meeting/2026-W07/started org.coordination_meeting/2026-W08/started org.coordination_meeting/2026-W09/started
    fact 02-01T10:00 org.activated A
    until 02-23T00:00
    event 02-09T00:00 org.coordination_meeting/2026-W07/started target=02-10T00:00
    event 02-23T00:00 org.coordination_meeting/2026-W09/started target=02-25T00:00
  )");
}

TEST(Period, OtherDutiesAndTheirPeriods) {
  scenario(R"(
    fact 2025-12-01T10:00 org.activated A
    until 2026-01-06T00:00
    clock org.retiering/2026-Q1 running target=04-01T00:00:pending
    clock org.problem_review/2026-W02 running target=01-12T00:00:pending
    clock org.data_check/2026-W02 running target=01-12T00:00:pending
    clock org.knowledge_update/2026-W02 running target=01-12T00:00:pending
    clock org.knowledge_audit/2026-01 running target=02-01T00:00:pending
  )");
}

TEST(Period, AProjectReportsFromItsKickoffToItsEnd) {
  // Kicked off before it was confirmed: the facts wait, and the first full week after 4 March is
  // W11.
  scenario(R"(
    show project.weekly_report
    fact 03-02T10:00 project.kickedoff P
    fact 03-04T10:00 project.confirmed P
    fact 03-10T10:00 project.reported P
    fact 03-18T10:00 project.completed P
    until 03-30T00:00
    event 03-09T00:00 project.weekly_report/2026-W11/started target=03-16T00:00
    event 03-10T10:00 project.weekly_report/2026-W11/stopped:1 target=03-16T00:00:met elapsed=122400000  # 34 h
    event 03-16T00:00 project.weekly_report/2026-W12/started target=03-23T00:00
    event 03-18T10:00 project.weekly_report/2026-W12/cancelled
  )");
}

TEST(Fault, ThreeWeeksRunningIsRecurring) {
  // W10, W11, W12; the cancelled one does not count, the P3 does not, the other module does not.
  scenario(R"(
    show fault
    fact 03-02T10:00 ticket.opened T1 priority=P1 module=pay/x
    fact 03-09T10:00 ticket.opened T2 priority=P2 module=pay/x
    fact 03-16T10:00 ticket.opened T3 priority=P1 module=pay/x
    fact 03-16T10:00 ticket.cancelled T3
    fact 03-16T11:00 ticket.opened T4 priority=P3 module=pay/x
    fact 03-16T12:00 ticket.opened T5 priority=P1 module=other
    until 03-16T13:00
    quiet
    fact 03-17T10:00 ticket.opened T6 priority=P1 module=pay/x
    until 03-17T10:00
    event 03-17T10:00 fault/pay%2Fx/2026-W12 2026-W10 2026-W11 2026-W12
    event 03-17T10:00 fault/pay%2Fx/2026-W12:1 low technical_expert,service_director
    fact 03-18T10:00 ticket.opened T7 priority=P1 module=pay/x
    fact 03-18T11:00 ticket.cancelled T6
    until 03-18T12:00
    quiet                                                    # once a week; and it stays
    fact 03-23T10:00 ticket.opened T8 priority=P1 module=pay/x
    until 03-23T10:00
    event 03-23T10:00 fault/pay%2Fx/2026-W13 2026-W11 2026-W12 2026-W13
    event 03-23T10:00 fault/pay%2Fx/2026-W13:1 low technical_expert,service_director
  )");
}

TEST(Fault, TheMissingWeekMayComeLast) {
  scenario(R"(
    show fault
    fact 03-02T10:00 ticket.opened T1 priority=P1 module=pay
    fact 03-16T10:00 ticket.opened T3 priority=P1 module=pay
    fact 03-15T23:59:59.999@03-18T10:00 ticket.opened T2 priority=P2 module=pay
    until 03-18T10:00
    event 03-18T10:00<03-16T10:00 fault/pay/2026-W12 2026-W10 2026-W11 2026-W12
    event 03-18T10:00<03-16T10:00 fault/pay/2026-W12:1 low technical_expert,service_director
  )");
}

TEST(Fault, ATicketThatWasOpenedEarlierMovesItsWeek) {
  // T3 turns out to be opened in W11, as P3: W12 is empty, W11 does not count.
  scenario(R"(
    show fault
    fact 03-02T10:00 ticket.opened T1 priority=P1 module=pay
    fact 03-16T10:00 ticket.opened T3 priority=P1 module=pay
    fact 03-12T10:00@03-17T10:00 ticket.opened T3 priority=P3 module=pay
    fact 03-10T10:00@03-17T11:00 ticket.opened T2 priority=P1 module=pay
    until 03-18T10:00
    quiet
  )");
}

}  // namespace
}  // namespace tocsin
