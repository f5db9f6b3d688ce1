// Going to and fro between priorities: each has the due that it last had there (contract §4.6 of
// version 4). Tier A runs around the clock. 2 March 2026 is a Monday.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(ToAndFro, ABreachOfTheFirstPriorityComesBackWithIt) {
  // P1: 2 h and 4 h. P2 at 12:10 counts from the start, 4 h and 24 h; back at 12:11 it is 12:00 again,
  // which has passed: breached then.
  scenario(R"(
    show ticket.resolution/1/started ticket.resolution/1/retargeted ticket.resolution/1/withdrawn ticket.resolution/1/breached
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 12:10 ticket.prioritized T priority=P2
    fact 12:11 ticket.prioritized T priority=P1
    until 12:11
    event 10:00 ticket.resolution/1/started target=12:00 limit=14:00
    event 12:00 ticket.resolution/1/breached:target due=12:00
    event 12:10 ticket.resolution/1/retargeted:1 target=14:00 limit=03-03T10:00
    event 03-02T12:10 ticket.resolution/1/withdrawn:target:1
    event 12:11 ticket.resolution/1/retargeted:2 target=12:00 limit=14:00
    event 12:11 ticket.resolution/1/breached:target:2 due=12:00
  )");
}

// Response of P1: 10:15. P3 at 10:05, back at 10:15, or a millisecond around it.
TEST(ToAndFro, BackAtTheDueOrAMillisecondAround) {
  for (const char* story :
       {"fact 10:14:59.999 ticket.prioritized T priority=P1\nfact 10:15 ticket.responded T\nuntil "
        "10:15\n"
        "clock ticket.response/1 stopped target=10:15:met at=10:15",
        "fact 10:15 ticket.prioritized T priority=P1\nfact 10:15 ticket.responded T id=z\nuntil "
        "10:15\n"
        "clock ticket.response/1 stopped target=10:15:met at=10:15",
        "fact 10:15 ticket.prioritized T priority=P1\nfact 10:15:00.001 ticket.responded T\nuntil "
        "10:16\n"
        "clock ticket.response/1 stopped target=10:15:breached at=10:15:00.001",
        // At the instant of the change only the stop says that it was missed.
        "fact 10:15:00.001 ticket.prioritized T priority=P1\nfact 10:15:00.001 ticket.responded T "
        "id=z\nuntil 10:16\n"
        "clock ticket.response/1 stopped target=10:15:breached at=10:15:00.001"}) {
    scenario(std::string("fact 03-02T10:00 ticket.opened T priority=P1 tier=A\n"
                         "fact 10:05 ticket.prioritized T priority=P3\n") +
             story);
  }
}

TEST(ToAndFro, PausesAndEndsMoveTheDueOfThePriorityThatWasLeft) {
  // P1 until 10:30; resolved from 11:00 to 12:00 as P2: P1's 12:00 is 13:00 now, its 14:00 15:00.
  scenario(R"(
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:30 ticket.prioritized T priority=P2
    fact 11:00 ticket.resolved T
    fact 12:00 ticket.reopened T
    fact 12:30 ticket.prioritized T priority=P1
    until 12:30
    clock ticket.resolution/1 running target=13:00:pending limit=15:00:pending
  )");
  // One that was missed by then stays: P1's 12:00, left at 12:05, paused from 12:10 to 13:00.
  scenario(R"(
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 12:05 ticket.prioritized T priority=P2
    fact 12:10 ticket.paused T
    fact 13:00 ticket.resumed T
    fact 13:10 ticket.prioritized T priority=P1
    until 13:10
    clock ticket.resolution/1 running target=12:00:breached limit=14:50:pending
  )");
}

TEST(ToAndFro, APriorityThatIsNewInTheCycleNeverBreachesAtOnce) {
  // P3 since 10:00 has no target; P1 at 15:00 gives a fresh one, 17:00; P2 at 15:10 counts from the
  // start where that is later than what it has: 14:00 is not, so min(17:00, 19:10).
  scenario(R"(
    fact 03-02T10:00 ticket.opened T priority=P3 tier=A
    fact 15:00 ticket.prioritized T priority=P1
    fact 15:10 ticket.prioritized T priority=P2
    until 15:10
    clock ticket.resolution/1 running target=17:00:pending limit=03-03T10:00:pending
  )");
}

TEST(ToAndFro, AnotherCycleKnowsNothingOfIt) {
  // A second message from the customer starts another reply: P1 in it is new.
  scenario(R"(
    fact 03-02T10:00 ticket.opened T priority=P1 tier=A
    fact 10:00 ticket.messaged T from=customer id=m1
    fact 10:05 ticket.prioritized T priority=P3
    fact 10:06 ticket.messaged T from=staff
    fact 10:10 ticket.messaged T from=customer id=m2
    fact 10:40 ticket.prioritized T priority=P1
    until 10:40
    clock ticket.reply/2 running target=10:55:pending
  )");
}

}  // namespace
}  // namespace tocsin
