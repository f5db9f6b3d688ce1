// Dues in years whose holidays are not published: 2024-2026 are confirmed, 2027 is not.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(UnconfirmedYears, ADueInOneIsNoticedOnce) {
  // 2026-12-31 is a Thursday. P3 of tier C: the reply by 2 h; the limit of 3 wd from it: Fri, Mon,
  // Tue: 2027-01-05T18:00.
  scenario(R"(
    fact 12-30T10:00 ticket.opened T priority=P2 tier=C
    fact 12-31T09:00 ticket.opened U priority=P3 tier=C
    fact 12-31T09:10 ticket.opened V priority=P3 tier=C
    until 12-31T09:20
    unconfirmed 2027
    clock ticket.resolution/1 running limit=2027-01-05T18:00:pending
  )");
}

TEST(UnconfirmedYears, TheEndOfTheLastConfirmedYearIsCertain) {
  // P1: limit 4 h from 17:00: 1 h that day, 3 h on Thu 2026-12-31: 12:00.
  scenario(R"(
    fact 2026-12-30T17:00 ticket.opened T priority=P1 tier=C
    until 17:00
    unconfirmed
    fact 2026-12-31T17:45 ticket.opened U priority=P1 tier=A
    until 17:45
    unconfirmed
  )");
}

TEST(UnconfirmedYears, ClocksAlwaysOpenAndGivenDuesAreCertain) {
  scenario(R"(
    fact 12-31T23:00 ticket.opened T priority=P1 tier=A
    fact 23:01 milestone.planned M due=2027-03-01
    until 23:30
    unconfirmed
  )");
}

TEST(UnconfirmedYears, ARetargetAndAResumeCountToo) {
  // P2 tier C, Thu 2026-12-31T16:00: target 4 h: 2 h today, 2 h on Fri 2027-01-01 (no holiday
  // known).
  scenario(R"(
    fact 12-31T09:00 ticket.opened T priority=P1 tier=C
    until 09:00
    unconfirmed
    fact 16:00 ticket.prioritized T priority=P2
    until 16:00
    unconfirmed 2027
  )");
  scenario(R"(
    fact 12-31T09:00 ticket.opened T priority=P1 tier=C
    fact 09:10 ticket.paused T
    until 09:10
    unconfirmed
    fact 17:30 ticket.resumed T
    until 17:30
    unconfirmed 2027
  )");
}

TEST(UnconfirmedYears, BeforeTheFirstConfirmedYearToo) {
  scenario(R"(
    fact 2023-06-01T09:00 ticket.opened T priority=P1 tier=C
    until 09:00
    unconfirmed 2023
  )");
}

}  // namespace
}  // namespace tocsin
