// Who is told, when, and until when (contract §7). Tier A runs around the clock; 2 March 2026 is a
// Monday.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Escalation, RoutedByPriorityAndTier) {
  scenario(R"(
    show routed
    fact 03-02T10:00 ticket.opened T1 priority=P1 tier=A
    fact 10:00 ticket.opened T2 priority=P2 tier=A
    fact 10:00 ticket.opened T3 tier=B
    fact 10:00 ticket.opened T4 priority=P4 tier=C
    until 10:20
    event 10:00 routed/P1:1 high service_director,technical_expert
    event 10:05 routed/P1:2 high service_director,technical_expert
    event 10:15 routed/P1:3 high executive
    event 10:00 routed/P2:1 high service_director,technical_expert
    event 10:00 routed/P3:1 low account_manager
    event 10:00 routed/P4:1 low account_manager,service_specialist
  )");
}

TEST(Escalation, RoutedEachTimeItIsRaisedAndAtEachReopening) {
  scenario(R"(
    show routed
    fact 03-02T10:00 ticket.opened T priority=P3 tier=A
    fact 10:01 ticket.responded T
    fact 10:10 ticket.prioritized T priority=P1
    fact 10:11 ticket.responded T
    fact 10:20 ticket.prioritized T priority=P2      # lowered to it
    fact 10:30 ticket.prioritized T priority=P1
    fact 10:40 ticket.resolved T
    fact 10:50 ticket.reopened T
    fact 10:51 ticket.reopened T                     # it is open
    fact 10:52 ticket.resolved T
    fact 10:53 ticket.reopened T
    until 10:53
    event 10:00 routed/P3:1 low account_manager
    event 10:01 routed/P3:cleared
    event 10:10 routed/P1:1 high service_director,technical_expert
    event 10:11 routed/P1:cleared
    event 10:30 routed/P1~2:1 high service_director,technical_expert
    event 10:35 routed/P1~2:2 high service_director,technical_expert
    event 10:40 routed/P1~2:cleared
    event 10:50 routed/P1~3:1 high service_director,technical_expert
    event 10:52 routed/P1~3:cleared
    event 10:53 routed/P1~4:1 high service_director,technical_expert
  )");
}

TEST(Escalation, WhatClearsATicketsRouting) {
  for (const char* fact :
       {"ticket.responded T", "ticket.progressed T", "ticket.messaged T from=staff",
        "ticket.resolved T", "ticket.closed T", "ticket.cancelled T"}) {
    SCOPED_TRACE(fact);
    scenario(std::string("show routed\nfact 03-02T10:00 ticket.opened T priority=P2 tier=A\n"
                         "fact 10:01 ticket.messaged T from=customer\nfact 10:02 ticket.paused T\n"
                         "fact 10:03 ticket.assigned T person=Li\nfact 10:04 ") +
             fact +
             "\nuntil 10:04\nevent 10:00 routed/P2:1 high service_director,technical_expert\n"
             "event 10:04 routed/P2:cleared\n");
  }
}

TEST(Escalation, StepsAreTimedFromTheBreach) {
  // Missed 10:15 and 10:30 (+15 m); the target 12:00 and 12:30; the limit at 14:00, again each hour.
  scenario(R"(
    show ticket.response/1/target: ticket.resolution/1/target: ticket.resolution/1/limit:
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    until 15:00
    event 10:15 ticket.response/1/target:1 high assignee,service_director
    event 10:30 ticket.response/1/target:2 high executive
    event 12:00 ticket.resolution/1/target:1 high assignee,service_director
    event 12:30 ticket.resolution/1/target:2 high executive
    event 14:00 ticket.resolution/1/limit:1 high assignee,service_director,executive
    event 15:00 ticket.resolution/1/limit:2 high service_director,executive
  )");
}

TEST(Escalation, PastStepsAreRaisedAsOneUpToTheMomentItIsLearned) {
  for (const auto& [arrival, said] :
       {std::pair{
            "10:29:59.999",
            "event 10:29:59.999<10:15 ticket.response/1/target:1 high assignee,service_director\n"},
        {"10:30",
         "event 10:30<10:30 ticket.response/1/target:2 high "
         "assignee,service_director,executive\n"}}) {
    SCOPED_TRACE(arrival);
    std::string expected(said);
    if (const std::size_t same = expected.find("10:30<10:30"); same != std::string::npos)
      expected.erase(same + 5, 6);
    scenario(std::string("show ticket.response/1/target:\nfact 03-02T10:00@") + arrival +
             " ticket.opened T priority=P1 tier=A\nuntil " + arrival + "\n" + expected);
  }
}

TEST(Escalation, OneWorkingDayIsTheNextClosing) {
  // Reported late on Friday the 6th at 18:00: the director on Monday's closing. Low, though P1.
  scenario(R"(
    show ticket.report
    fact 03-05T17:00 ticket.opened T priority=P1 tier=A
    fact 03-05T17:30 ticket.resolved T
    until 03-09T18:00
    event 03-05T17:30 ticket.report/1/started target=03-06T18:00
    event 03-06T15:52:30 ticket.report/1/warned:target due=03-06T18:00   # 3/4 of 8 h 30: 6 h 22:30
    event 03-06T15:52:30 ticket.report/1/target/warned:1 low assignee,account_manager,technical_expert
    event 03-06T18:00 ticket.report/1/breached:target due=03-06T18:00
    event 03-06T18:00 ticket.report/1/target:1 low assignee,account_manager
    event 03-09T18:00 ticket.report/1/target:2 low service_director
  )");
}

TEST(Escalation, AnAcknowledgementClosesItOnceAndForGood) {
  scenario(R"(
    show ticket.response/1/target:
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:20 ticket.acknowledged T by=Li escalation=A/ticket/T/ticket.response/1/target
    fact 10:21 ticket.acknowledged T by=Ana escalation=A/ticket/T/ticket.response/1/target
    fact 10:40 ticket.responded T
    until 10:40
    event 10:15 ticket.response/1/target:1 high assignee,service_director
    event 10:20 ticket.response/1/target:acknowledged by=Li
  )");
}

TEST(Escalation, AnAcknowledgementAtTheInstantOfAStepComesBeforeIt) {
  for (const auto& [at, steps] :
       {std::pair{"10:29:59.999", ""},
        {"10:30", ""},
        {"10:30:00.001", "event 10:30 ticket.response/1/target:2 high executive\n"}}) {
    SCOPED_TRACE(at);
    scenario(std::string("show ticket.response/1/target:\nfact 03-02T10:00 ticket.opened T "
                         "priority=P1 tier=A\nfact ") +
             at +
             " ticket.acknowledged T by=Li escalation=A/ticket/T/ticket.response/1/target\nuntil "
             "10:45\n" +
             "event 10:15 ticket.response/1/target:1 high assignee,service_director\n" + steps +
             "event " + at + " ticket.response/1/target:acknowledged by=Li\n");
  }
}

TEST(Escalation, TheEarlierOfAcknowledgementAndStopCloses) {
  // Both learned at 10:40. At a tie it is the acknowledgement.
  for (const auto& [stop, closed] :
       {std::pair{"10:19:59.999", "event 10:40<10:19:59.999 ticket.response/1/target:cleared\n"},
        {"10:20", "event 10:40<10:20 ticket.response/1/target:acknowledged by=Li\n"},
        {"10:21", "event 10:40<10:20 ticket.response/1/target:acknowledged by=Li\n"}}) {
    SCOPED_TRACE(stop);
    scenario(
        std::string(
            "show ticket.response/1/target:\nfact 03-02T10:00 ticket.opened T priority=P1 tier=A\n"
            "fact 10:20@10:40 ticket.acknowledged T by=Li "
            "escalation=A/ticket/T/ticket.response/1/target\n"
            "fact ") +
        stop + "@10:40 ticket.responded T\nuntil 10:40\n" +
        "event 10:15 ticket.response/1/target:1 high assignee,service_director\n"
        "event 10:30 ticket.response/1/target:2 high executive\n" +
        closed);
  }
}

TEST(Escalation, UnknownClosedAndJustRaisedGroupsCannotBeAcknowledged) {
  scenario(R"(
    show routed
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.acknowledged T by=Li escalation=A/ticket/T/routed/P2        # raised at this very arrival
    fact 10:01 ticket.acknowledged T by=Li escalation=A/ticket/T/routed/P1
    fact 10:02 ticket.acknowledged T by=Li escalation=A/ticket/X/routed/P2
    fact 10:03 ticket.responded T
    fact 10:04 ticket.acknowledged T by=Li escalation=A/ticket/T/routed/P2
    until 10:04
    event 10:00 routed/P2:1 high service_director,technical_expert
    event 10:03 routed/P2:cleared
  )");
}

TEST(Escalation, PersonsAreThoseOfTheMomentItIsRaised) {
  // The last `assigned` in time counts, not the last that came; an empty list is nobody; two roles,
  // once.
  scenario(R"(
    show ticket.response/1/target:
    fact 2026-01-02T10:00 account.assigned A role=service_director person=Wang
    fact 2026-01-01T10:00@2026-01-03T10:00 account.assigned A role=service_director person=Zhao
    fact 2026-01-02T10:00@2026-01-03T10:00 account.assigned A role=executive person=["Wang","Chen"]
    fact 03-02T09:00 ticket.assigned T person=Ana       # before the creation is known
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:10 ticket.assigned T person=Wang
    fact 10:05@10:12 ticket.assigned T person=Li
    fact 10:20 account.assigned A role=executive person=[]
    until 10:30
    event 10:15 ticket.response/1/target:1 high assignee,service_director Wang
    event 10:30 ticket.response/1/target:2 high executive
  )");
}

TEST(Escalation, UrgencyIsThatOfTheGroupsTime) {
  // P3's response: 2 h. Missed 12:00 as P3; learned at 12:20 with P1 of 12:10.
  scenario(R"(
    show ticket.response/1/target:
    fact 03-02T10:00@12:20 ticket.opened T priority=P3 tier=A
    fact 12:10@12:20 ticket.prioritized T priority=P1
    until 12:20
    event 12:20<12:15 ticket.response/1/target:2 low assignee,service_director,executive
  )");
}

TEST(Escalation, NothingThatIsOverWhenItIsLearnedIsRaised) {
  scenario(R"(
    show routed ticket.response/1/b ticket.response/1/t
    fact 03-02T10:00@11:00 ticket.opened T priority=P1 tier=A
    fact 10:30@11:00 ticket.responded T
    until 11:00
    event 11:00<10:15 ticket.response/1/breached:target due=10:15
  )");
}

TEST(Escalation, LateEvidenceTakesTheBreachAndItsGroupBack) {
  scenario(R"(
    show ticket.response
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:14@10:20 ticket.responded T
    until 10:40
    event 10:00 ticket.response/1/started target=10:15
    event 10:10 ticket.response/1/warned:target due=10:15
    event 10:10 ticket.response/1/target/warned:1 high assignee,account_manager,technical_expert
    event 10:15 ticket.response/1/breached:target due=10:15
    event 10:15 ticket.response/1/target:1 high assignee,service_director
    event 10:20 ticket.response/1/withdrawn:target:1
    event 10:20<10:14 ticket.response/1/stopped:1 target=10:15:met elapsed=840000
    event 10:20 ticket.response/1/target:withdrawn
    event 10:20<10:14 ticket.response/1/target/warned:cleared
  )");
}

TEST(Escalation, ARunThatIsSplitByALateReportIsTwoGroups) {
  // Missed 10:30, 11:00, 11:30. Progressed 10:45, learned 11:40: the first run ends then; cycle 3
  // begins 10:45 and is missed 11:15, the next 11:45. Step 2 of the new group is due 11:45.
  scenario(R"(
    show ticket.progress/1/t ticket.progress/3/t ticket.progress/3/b ticket.progress/3/c ticket.progress/2/c ticket.progress/2/w
    fact 03-02T10:00 ticket.opened T priority=P2 tier=A
    fact 10:00 ticket.responded T
    fact 10:45@11:40 ticket.progressed T
    until 11:45
    event 10:20 ticket.progress/1/target/warned:1 high assignee
    event 10:30 ticket.progress/1/target:1 high assignee,account_manager
    event 10:30 ticket.progress/1/target/warned:cleared
    event 11:00 ticket.progress/1/target:2 high service_director
    event 11:30 ticket.progress/3/breached:target due=11:30
    event 11:40 ticket.progress/2/withdrawn:target:1
    event 11:40 ticket.progress/2/corrected:1 target=11:00:met elapsed=900000 at=10:45
    event 11:40 ticket.progress/3/corrected:1 target=11:15:breached elapsed=1800000 at=11:15
    event 11:40<10:45 ticket.progress/1/target:cleared
    event 11:40<11:15 ticket.progress/3/target:1 high assignee,account_manager
    event 11:45 ticket.progress/3/target:2 high service_director
  )");
}

TEST(Escalation, ABreachAtTheInstantOfAStopAndItsReopeningIsOneOfTheReopenedClock) {
  // Limit of P1 opened 10:00: 14:00. Resolved at 14:00: met. Reopened at 14:00: nothing remains,
  // due 14:00, breached after both.
  scenario(R"(
    show ticket.resolution/1/limit:
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:01 ticket.responded T
    fact 14:00 ticket.resolved T seq=1
    fact 14:00 ticket.reopened T seq=2
    until 14:01
    event 14:00 ticket.resolution/1/limit:1 high assignee,service_director,executive
    clock ticket.resolution/1 running target=12:00:breached limit=14:00:breached
  )");
}

}  // namespace
}  // namespace tocsin
