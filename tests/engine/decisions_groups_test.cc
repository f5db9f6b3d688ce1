// What became of escalations in version 4 of the contract (§7, §14): acknowledgements that run out,
// calls for the next step, excuses, breaches that a reopening raises again, routings that end,
// missed periods that are made up for, delays in hours and without pauses. Tier A runs around the
// clock; 2 March 2026 is a Monday.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Groups, AcknowledgedIsNotDone) {
  // Missed 10:15, taken 10:20: without an answer it is open again at 10:50, and the next step comes
  // at once. The answer of that very instant comes first.
  for (const auto& [answer, again] :
       {std::pair{"10:49:59.999", false}, {"10:50", false}, {"10:50:00.001", true}}) {
    SCOPED_TRACE(answer);
    scenario(std::string("show ticket.response/1/target:\n"
                         "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\n"
                         "fact 10:20 ticket.acknowledged T by=Li "
                         "escalation=A/ticket/T/ticket.response/1/target\nfact ") +
             answer + " ticket.responded T\nuntil 11:30\n" +
             "event 10:15 ticket.response/1/target:1 high assignee,service_director\n"
             "event 10:20 ticket.response/1/target:acknowledged by=Li\n" +
             (again ? std::string("event 10:50 ticket.response/1/target:reopened\n"
                                  "event 10:50 ticket.response/1/target:2 high executive\n") +
                          "event " + answer + " ticket.response/1/target:cleared\n"
                    : ""));
  }
}

TEST(Groups, AnAcknowledgementRunsOutOnlyWhileItIsUrgent) {
  // P3 is answered within 2 h; raised to P1 at 12:10, it is taken then: 30 min count, by the
  // priority of that instant.
  for (const auto& [raised, again] :
       {std::pair{"12:09:59.999", true}, {"12:10", true}, {"12:10:00.001", false}}) {
    SCOPED_TRACE(raised);
    scenario(std::string("show ticket.response/1/target:r\n"
                         "fact 03-02T10:00 ticket.opened T priority=P3 tier=A\n"
                         "fact 12:10@12:11 ticket.acknowledged T by=Li "
                         "escalation=A/ticket/T/ticket.response/1/target\nfact ") +
             raised + "@12:11 ticket.prioritized T priority=P1\nuntil 13:00\n" +
             (again ? "event 12:40 ticket.response/1/target:reopened\n" : "quiet\n"));
  }
}

TEST(Groups, WhenAllStepsWereToldTheLastIsToldAgain) {
  scenario(R"(
    show ticket.response/1/target:
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:31 ticket.acknowledged T by=Li escalation=A/ticket/T/ticket.response/1/target
    fact 11:10 ticket.acknowledged T by=Li escalation=A/ticket/T/ticket.response/1/target
    until 11:40
    event 10:15 ticket.response/1/target:1 high assignee,service_director
    event 10:30 ticket.response/1/target:2 high executive
    event 10:31 ticket.response/1/target:acknowledged by=Li
    event 11:01 ticket.response/1/target:reopened
    event 11:01 ticket.response/1/target:3 high executive
    event 11:10 ticket.response/1/target:acknowledged:2 by=Li
    event 11:40 ticket.response/1/target:reopened:2
    event 11:40 ticket.response/1/target:4 high executive
  )");
}

TEST(Groups, OneAcknowledgementTakesAllThatBeganBeforeIt) {
  // The warning of 10:10 is older than an acknowledgement of that instant plus 1 ms; what falls due
  // at an instant comes after its facts.
  for (const auto& [at, warning] :
       {std::pair{"10:09:59.999", false}, {"10:10", false}, {"10:10:00.001", true}}) {
    SCOPED_TRACE(at);
    scenario(std::string("show routed/P1:a ticket.response/1/target/warned:a\n"
                         "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\nfact ") +
             at + "@10:12 ticket.acknowledged T by=Li\nuntil 10:12\n" + "event 10:12<" + at +
             " routed/P1:acknowledged by=Li\n" +
             (warning ? "event 10:12<" + std::string(at) +
                            " ticket.response/1/target/warned:acknowledged by=Li\n"
                      : ""));
  }
}

TEST(Groups, SomebodyCallsForTheNextStep) {
  // Step 2 would come at 10:05, step 3 at 10:15: called for at 10:02, and ten minutes after it.
  scenario(R"(
    show routed
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:02 ticket.escalated T by=Li
    until 10:20
    event 10:00 routed/P1:1 high service_director,technical_expert
    event 10:02 routed/P1:2 high service_director,technical_expert
    event 10:12 routed/P1:3 high executive
  )");
}

TEST(Groups, AStepOfThatInstantIsTheOneThatIsCalledFor) {
  for (const auto& [at, second, third] :
       {std::tuple{"10:04:59.999", "10:04:59.999", "10:14:59.999"},
        {"10:05", "10:05", "10:15"},
        {"10:05:00.001", "10:05", "10:05:00.001"}}) {
    SCOPED_TRACE(at);
    scenario(std::string("show routed/P1:2 routed/P1:3\n"
                         "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\nfact ") +
             at + " ticket.escalated T by=Li escalation=A/ticket/T/routed/P1\nuntil 10:20\n" +
             "event " + second + " routed/P1:2 high service_director,technical_expert\n" +
             "event " + third + " routed/P1:3 high executive\n");
  }
}

TEST(Groups, AnExcuseClearsTheGroupOfItsBreachForGood) {
  // Missed 10:15; one of that very instant is not before it.
  for (const auto& [at, clears] :
       {std::pair{"10:14:59.999", false}, {"10:15", true}, {"10:15:00.001", true}}) {
    SCOPED_TRACE(at);
    scenario(std::string("show ticket.response/1/target:\n"
                         "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\nfact ") +
             at + "@10:20 ticket.excused T clock=ticket.response reason=flood\nuntil 10:40\n" +
             "event 10:15 ticket.response/1/target:1 high assignee,service_director\n" +
             (clears ? "event 10:20<" + std::string(at) + " ticket.response/1/target:cleared\n"
                     : "event 10:30 ticket.response/1/target:2 high executive\n"));
  }
}

TEST(Groups, ABreachThatStandsAtAReopeningRingsAgain) {
  // Target missed 12:00, resolved 12:10, reopened 13:00: a second group from then on. Reopened
  // at 12:55 already, as is learned at 13:40, that of 13:00 was none: the third group is that one's.
  scenario(R"(
    show ticket.resolution/1/target: ticket.resolution/1/target~
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 12:10 ticket.resolved T
    fact 13:00 ticket.reopened T
    fact 12:55@13:40 ticket.reopened T
    until 14:00
    event 12:00 ticket.resolution/1/target:1 high assignee,service_director
    event 12:10 ticket.resolution/1/target:cleared
    event 13:00 ticket.resolution/1/target~2:1 high assignee,service_director
    event 13:30 ticket.resolution/1/target~2:2 high executive
    event 13:40 ticket.resolution/1/target~2:withdrawn
    event 13:40<13:25 ticket.resolution/1/target~3:2 high assignee,service_director,executive
  )");
}

TEST(Groups, APriorityThatChangesEndsTheRouting) {
  for (const auto& [at, third] :
       {std::pair{"10:14:59.999", false}, {"10:15", false}, {"10:15:00.001", true}}) {
    SCOPED_TRACE(at);
    scenario(std::string("show routed/P1:3 routed/P1:c routed/P2\n"
                         "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\nfact ") +
             at + " ticket.prioritized T priority=P2\nuntil 11:00\n" +
             (third ? "event 10:15 routed/P1:3 high executive\n" : "") + "event " + at +
             " routed/P1:cleared\n");
  }
}

TEST(Groups, ARoutingsDelaysCountTheHoursOfTheTier) {
  // Tier B, Friday 17:58: two minutes on Friday, three on Monday; 17:55 + 5 min is 18:00 exactly.
  scenario(R"(
    show routed
    fact 03-06T17:55 ticket.opened S priority=P1 tier=B
    fact 03-06T17:58 ticket.opened T priority=P1 tier=B
    until 03-09T10:00
    event 03-06T17:55 routed/P1:1 high service_director,technical_expert
    event 03-06T18:00 routed/P1:2 high service_director,technical_expert
    event 03-09T09:10 routed/P1:3 high executive
    event 03-06T17:58 routed/P1:1 high service_director,technical_expert
    event 03-09T09:03 routed/P1:2 high service_director,technical_expert
    event 03-09T09:13 routed/P1:3 high executive
  )");
}

TEST(Groups, PausesAreLeftOutOfDelays) {
  // Missed 12:00, step 2 after 30 min. A pause that begins at 12:30 takes it along; one of 12:10 to
  // 13:00 leaves 20 min.
  for (const auto& [begin, end, second] : {std::tuple{"12:10", "13:00", "13:20"},
                                           {"12:30", "12:40", "12:40"},
                                           {"12:30:00.001", "12:40", "12:30"}}) {
    SCOPED_TRACE(begin);
    scenario(std::string("show ticket.resolution/1/target:2\n"
                         "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\nfact ") +
             begin + " ticket.paused T\nfact " + end + " ticket.resumed T\nuntil 14:00\nevent " +
             second + " ticket.resolution/1/target:2 high executive\n");
  }
}

TEST(Groups, AMissedWeekIsMadeUpForByTheNextContact) {
  // W11 is missed on Monday the 16th at 00:00; step 2 at 18:00.
  for (const auto& [at, second] :
       {std::pair{"17:59:59.999", false}, {"18:00", false}, {"18:00:00.001", true}}) {
    SCOPED_TRACE(at);
    scenario(std::string("show account.weekly_contact/2026-W11/target:\n"
                         "fact 03-06T09:00 account.tiered A tier=A\nfact 03-16T") +
             at + " account.contacted A kind=weekly_contact\nuntil 03-17T09:00\n" +
             "event 03-16T00:00 account.weekly_contact/2026-W11/target:1 low account_manager\n" +
             (second ? "event 03-16T18:00 account.weekly_contact/2026-W11/target:2 low "
                       "service_director\n"
                     : "") +
             "event 03-16T" + at + " account.weekly_contact/2026-W11/target:cleared\n");
  }
}

TEST(Groups, TheLimitOfAnUrgentTicketRingsEachHour) {
  scenario(R"(
    show ticket.resolution/1/limit:
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:01 ticket.responded T
    until 16:30
    event 14:00 ticket.resolution/1/limit:1 high assignee,service_director,executive
    event 15:00 ticket.resolution/1/limit:2 high service_director,executive
    event 16:00 ticket.resolution/1/limit:3 high service_director,executive
  )");
}

TEST(Groups, NobodyIsTheAssigneeWhoWasTakenOff) {
  scenario(R"(
    show ticket.response/1/target:1
    fact 03-01T10:00 account.assigned A role=service_director person=Wang
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:01 ticket.assigned T person=Li
    fact 10:15 ticket.unassigned T
    until 10:15
    event 10:15 ticket.response/1/target:1 high assignee,service_director Wang
  )");
}

TEST(Groups, AnAlarmSaysWhatItIsAbout) {
  scenario(R"(
    show routed/P1:1 ticket.response/1/target:1
    fact 03-01T10:00 account.tiered A tier=A name=Acme
    fact 03-02T10:00 ticket.opened T priority=P1 title=Stopped url=https://crm/T
    until 10:15
    text routed/P1:1 "reason":"routed","title":"Stopped","priority":"P1","tier":"A","accountName":"Acme","link":"https://crm/T","next":{"step":2,"at":"2026-03-02T02:05:00.000Z"}}
    text ticket.response/1/target:1 "accountName":"Acme","clock":"ticket.response","cycle":1,"threshold":"target","due":"2026-03-02T02:15:00.000Z","link":"https://crm/T","next":{"step":2,"at":"2026-03-02T02:30:00.000Z"}}
  )");
}

}  // namespace
}  // namespace tocsin
