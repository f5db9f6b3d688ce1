// Complaints: stages, commitments, plans, reports (contract §5). The account has no tier: C,
// business hours 09:00–12:00 and 13:00–18:00. 2 March 2026 is a Monday.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

TEST(Complaint, StagesClimbByThemselves) {
  // Stage 1: 1 h, 10:00. Stage 2: 2 h to lunch, 2 h from 13:00: 15:00. Stage 3: 24 h around the
  // clock.
  scenario(R"(
    show stage: complaint.stage
    fact 03-02T09:00 complaint.opened C severity=normal
    until 15:00
    event 09:00 stage:1 from=-
    event 09:00 complaint.stage1/1/started target=10:00
    event 09:30 complaint.stage1/1/warned:target due=10:00
    event 09:30 complaint.stage1/1/target/warned:1 high account_manager
    event 10:00 complaint.stage1/1/breached:target due=10:00
    event 10:00 complaint.stage1/1/stopped:1 target=10:00:breached elapsed=3600000
    event 10:00 complaint.stage1/1/target/warned:cleared
    event 10:00 stage:2 from=1
    event 10:00 complaint.stage2/1/started target=15:00
    event 12:00 complaint.stage2/1/warned:target due=15:00      # half of 4 h
    event 12:00 complaint.stage2/1/target/warned:1 high service_director
    event 15:00 complaint.stage2/1/breached:target due=15:00
    event 15:00 complaint.stage2/1/stopped:1 target=15:00:breached elapsed=14400000
    event 15:00 complaint.stage2/1/target/warned:cleared
    event 15:00 stage:3 from=2
    event 15:00 complaint.stage3/1/started target=03-03T15:00
  )");
}

TEST(Complaint, LeavingAStageCancelsItsClocks) {
  scenario(R"(
    show complaint.stage1 complaint.plan complaint.stage2 complaint.commitment
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.contacted C
    fact 09:20 complaint.rejected C
    fact 09:30 complaint.contacted C
    fact 09:40 complaint.rejected C
    until 09:40
    event 09:00 complaint.stage1/1/started target=10:00
    event 09:10 complaint.stage1/1/stopped:1 target=10:00:met elapsed=600000
    event 09:10 complaint.plan/1/started target=03-03T18:00
    event 03-02T09:20 complaint.plan/1/cancelled
    event 09:20 complaint.stage2/1/started target=14:20
    event 09:30 complaint.stage2/1/stopped:1 target=14:20:met elapsed=600000
    event 09:30 complaint.commitment/1/started limit=03-03T09:30
    event 03-02T09:40 complaint.commitment/1/cancelled
  )");
}

TEST(Complaint, ACommitmentIsNeverLaterThanItsCap) {
  // Contacted 10:00: at most tomorrow 10:00. 20:00 sets it, the date of tomorrow (its end) does
  // not.
  scenario(R"(
    show complaint.commitment
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.rejected C
    fact 10:00 complaint.contacted C
    fact 10:10 complaint.committed C due=20:00
    fact 10:20 complaint.committed C due=2026-03-03
    until 10:20
    event 10:00 complaint.commitment/1/started limit=03-03T10:00
    event 03-02T10:10 complaint.commitment/1/retargeted:1 limit=20:00
    event 10:20 complaint.commitment/1/retargeted:2 limit=03-03T10:00
  )");
}

TEST(Complaint, ACommitmentInThePastIsMissedWhenItIsMade) {
  scenario(R"(
    show complaint.commitment stage:3
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.rejected C
    fact 10:00 complaint.contacted C
    fact 10:30 complaint.committed C due=09:00
    until 10:30
    event 10:00 complaint.commitment/1/started limit=03-03T10:00
    event 03-02T10:30 complaint.commitment/1/breached:limit due=09:00
    event 10:30 complaint.commitment/1/stopped:1 limit=09:00:breached elapsed=1800000
    event 10:30 stage:3 from=2
  )");
}

TEST(Complaint, ACommitmentBelongsToItsStage) {
  // The one made in stage 1 does not hold in stage 2.
  scenario(R"(
    show complaint.commitment
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.committed C due=11:00
    fact 09:20 complaint.rejected C
    fact 10:00 complaint.contacted C
    until 10:00
    event 10:00 complaint.commitment/1/started limit=03-03T10:00
  )");
}

TEST(Complaint, CommittedBeforeTheFirstContactNoPlanIsWanted) {
  scenario(R"(
    show complaint.plan
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.committed C due=11:00
    fact 09:20 complaint.contacted C
    until 09:30
    quiet
  )");
}

TEST(Complaint, OnlyTheFirstContactOfStage1WantsAPlan) {
  scenario(R"(
    show complaint.plan
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.contacted C
    fact 09:20 complaint.committed C due=11:00
    fact 09:30 complaint.contacted C
    until 09:30
    event 09:10 complaint.plan/1/started target=03-03T18:00
    event 03-02T09:20 complaint.plan/1/stopped:1 target=03-03T18:00:met elapsed=600000
  )");
}

TEST(Complaint, ResolvedHoldsUntilTheNextStage) {
  // Resolved in stage 1: a contact starts no plan. Rejected: stage 2 and open again.
  scenario(R"(
    show complaint.
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.resolved C
    fact 09:20 complaint.contacted C
    fact 09:30 complaint.rejected C
    fact 09:40 complaint.resolved C
    fact 09:50 complaint.contacted C
    until 09:50
    event 09:00 complaint.stage1/1/started target=10:00
    event 09:10 complaint.stage1/1/stopped:1 target=10:00:met elapsed=600000
    event 09:30 complaint.stage2/1/started target=14:30
    event 09:40 complaint.stage2/1/stopped:1 target=14:30:met elapsed=600000
  )");
}

TEST(Complaint, ClassifiedWhileResolvedEntersStage3) {
  // Resolved 09:10 in stage 1; major: stage 3, not resolved any more; a second `major` changes
  // nothing.
  scenario(R"(
    show stage: complaint.stage3 complaint.report routed/stage:3
    fact 03-02T09:00 complaint.opened C severity=normal
    fact 09:10 complaint.resolved C
    fact 09:20 complaint.classified C severity=normal
    fact 09:30 complaint.classified C severity=major
    fact 09:40 complaint.classified C severity=major
    fact 10:00 complaint.resolved C
    fact 10:10 complaint.contacted C
    fact 10:20 complaint.closed C
    until 10:20
    event 09:00 stage:1 from=-
    event 09:30 stage:3 from=1
    event 09:30 complaint.stage3/1/started target=03-03T09:30
    event 03-02T09:30 routed/stage:3:1 high executive
    event 10:00 complaint.stage3/1/stopped:1 target=03-03T09:30:met elapsed=1800000
    event 03-02T10:00 complaint.report/1/started target=03-05T18:00
    event 03-02T10:00 routed/stage:3:cleared
  )");
}

TEST(Complaint, OnlyTheFirstOfThreeWantsAReport) {
  scenario(R"(
    show complaint.report
    fact 03-02T09:00 complaint.opened C severity=major
    fact 09:10 complaint.contacted C
    fact 09:20 complaint.reported C
    fact 09:30 complaint.contacted C
    fact 09:40 complaint.resolved C
    until 09:40
    event 09:10 complaint.report/1/started target=03-05T18:00
    event 03-02T09:20 complaint.report/1/stopped:1 target=03-05T18:00:met elapsed=600000
  )");
}

TEST(Complaint, AfterTheEndOnlyTheReportCounts) {
  scenario(R"(
    show complaint.report stage:
    fact 03-02T09:00 complaint.opened C severity=major
    fact 09:10 complaint.closed C
    fact 09:20 complaint.rejected C
    fact 09:30 complaint.reported C
    fact 09:40 complaint.contacted C
    until 09:40
    event 09:00 stage:3 from=-
    event 09:10 complaint.report/1/started target=03-05T18:00
    event 03-02T09:30 complaint.report/1/stopped:1 target=03-05T18:00:met elapsed=1200000
  )");
}

TEST(Complaint, StepsAreTheExecutivesEachHour) {
  // Due 4 March 09:00; step 1 then, steps 2 to 25 hourly, the last a day later.
  std::string steps;
  for (int step = 1; step <= 25; ++step) {
    const int hour = 8 + step;
    const std::string clock = (hour % 24 < 10 ? "0" : "") + std::to_string(hour % 24);
    steps += std::string("event 03-0") + (hour < 24 ? "4T" : "5T") + clock +
             ":00 complaint.stage3/1/target:" + std::to_string(step) + " high executive\n";
  }
  scenario(
      "show complaint.stage3/1/target:\nfact 03-03T09:00 complaint.opened C severity=major\n"
      "until 03-07T09:00\n" +
      steps);
}

}  // namespace
}  // namespace tocsin
