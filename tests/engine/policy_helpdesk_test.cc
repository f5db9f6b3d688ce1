// A story on the second shipped policy, by hand: other kinds, facts, clocks, stages and calendars,
// with no line of C++ for any of them.
//
// Office hours in Berlin: Monday to Thursday 08:00–12:30 and 13:15–17:00, Friday to 15:30; extended
// hours: Monday to Friday 07:00–20:00, Saturday 09:00–14:00. Friday 3 April (Good Friday) and
// Monday 6 April 2026 (Easter Monday) are closed. Summer time, UTC+2, since 29 March.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_world.h"

namespace tocsin {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

class Helpdesk : public ::testing::Test {
 protected:
  Helpdesk() : world_(compiled(shipped_text("it-helpdesk"))) {}

  // Arrives when it happens.
  void told(const std::string& type, const std::string& subject, const std::string& time,
            const std::string& data = {}) {
    Given g;
    g.account = "NORD";
    g.kind = type.substr(0, type.find('.'));
    g.verb = type.substr(type.find('.') + 1);
    g.subject = subject;
    g.id = std::to_string(++count_);
    g.data = data;
    g.time = *parse_rfc3339(time);
    world_.arrive(g, g.time);
  }

  // Verdicts of one clock as `cycle state start | name due verdict … | stopped elapsed`, in UTC.
  std::vector<std::string> clock(const std::string& entity, const std::string& clock) {
    std::vector<std::string> out;
    std::istringstream lines(world_.verdicts());
    for (std::string line; std::getline(lines, line);) {
      const std::string head =
          R"({"account":"NORD","entity":")" + entity + R"(","clock":")" + clock + R"(",)";
      if (line.starts_with(head)) out.push_back(line.substr(head.size()));
    }
    return out;
  }

  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const SaidEvent& e : world_.said())
      out.push_back(e.id.substr(5) + " " + format_rfc3339(e.time));
    return out;
  }

  void until(const std::string& time) {
    world_.finish(*parse_rfc3339(time));
    ASSERT_EQ(world_.wrong(), "");
  }

  World world_;
  int count_ = 0;
};

// A silver department: extended hours. Reported Thursday 2 April 16:30, critical.
//
// answer: 15 min, 16:45; the answer at 16:45 is met, at due.
// repair: target 4 h: Thursday 16:30–20:00 is 3.5 h, then Saturday 09:00–09:30. Waiting from 18:30
// (2 h gone) to Saturday 10:00: target Saturday 12:00; limit (8 h, 6 left): Saturday 10:00–14:00 is
// 4 h, Tuesday 7 April 07:00–09:00 the rest. Fixed Saturday 12:00: both met, 4 h elapsed.
TEST_F(Helpdesk, ACriticalIncidentOverEaster) {
  told("department.joined", "NORD", "2026-04-01T08:00:00+02:00", R"({"books":"silver"})");
  told("incident.reported", "I-1", "2026-04-02T16:30:00+02:00", R"({"priority":"critical"})");
  told("incident.answered", "I-1", "2026-04-02T16:45:00+02:00");
  told("incident.waiting", "I-1", "2026-04-02T18:30:00+02:00");
  told("incident.continued", "I-1", "2026-04-04T10:00:00+02:00");
  until("2026-04-04T10:00:00+02:00");
  EXPECT_THAT(
      clock("incident/I-1", "incident.repair"),
      ElementsAre(R"("cycle":1,"state":"running","start":"2026-04-02T14:30:00.000Z","thresholds":[)"
                  R"({"name":"target","due":"2026-04-04T10:00:00.000Z","verdict":"pending"},)"
                  R"({"name":"limit","due":"2026-04-07T07:00:00.000Z","verdict":"pending"}],)"
                  R"("stopped":null,"elapsedMs":null})"));
  told("incident.fixed", "I-1", "2026-04-04T12:00:00+02:00", R"({"how":"repair"})");
  until("2026-04-04T12:00:00+02:00");
  EXPECT_THAT(
      clock("incident/I-1", "incident.answer"),
      ElementsAre(R"("cycle":1,"state":"stopped","start":"2026-04-02T14:30:00.000Z","thresholds":[)"
                  R"({"name":"target","due":"2026-04-02T14:45:00.000Z","verdict":"met"}],)"
                  R"("stopped":"2026-04-02T14:45:00.000Z","elapsedMs":900000})"));
  EXPECT_THAT(
      clock("incident/I-1", "incident.repair"),
      ElementsAre(R"("cycle":1,"state":"stopped","start":"2026-04-02T14:30:00.000Z","thresholds":[)"
                  R"({"name":"target","due":"2026-04-04T10:00:00.000Z","verdict":"met"},)"
                  R"({"name":"limit","due":"2026-04-07T07:00:00.000Z","verdict":"met"}],)"
                  R"("stopped":"2026-04-04T10:00:00.000Z","elapsedMs":14400000})"));
  // The lesson: 5 working days after 4 April are 7, 8, 9, 10 and 13 April; Monday closes at 17:00.
  EXPECT_THAT(
      clock("incident/I-1", "incident.review"),
      ElementsAre(R"("cycle":1,"state":"running","start":"2026-04-04T10:00:00.000Z","thresholds":[)"
                  R"({"name":"target","due":"2026-04-13T15:00:00.000Z","verdict":"pending"}],)"
                  R"("stopped":null,"elapsedMs":null})"));
  // Routed at once, again after 10 min while nobody answered, and then no more.
  EXPECT_THAT(ids(), Contains("incident/I-1/routed/critical:1 2026-04-02T14:30:00.000Z"));
  EXPECT_THAT(ids(), Contains("incident/I-1/routed/critical:2 2026-04-02T14:40:00.000Z"));
  EXPECT_THAT(ids(), Contains("incident/I-1/routed/critical:cleared 2026-04-02T14:45:00.000Z"));
  EXPECT_THAT(ids(), Not(Contains("incident/I-1/routed/critical:3 2026-04-02T15:00:00.000Z")));
}

// Low risk, submitted Thursday 2 April 10:00: review by the close of the next working day, Tuesday
// 7 April 17:00 (Thursday 2.5 + 3.75 h, Tuesday 4.5 + 3.75 h: 14.5 h). Nobody looks: the breach
// moves it to the board, which has 2 working days from then, until Thursday 9 April 17:00, and
// approves on Wednesday 09:00, after 1 h of office time. The rollout is set for Friday 10 April
// 18:00, a time outside office hours, and comes 1 ms late.
TEST_F(Helpdesk, AChangeClimbsItsStages) {
  told("change.submitted", "C-1", "2026-04-02T10:00:00+02:00", R"({"risk":"low","author":"Ada"})");
  told("change.approved", "C-1", "2026-04-08T09:00:00+02:00");
  told("change.scheduled", "C-1", "2026-04-08T10:00:00+02:00",
       R"({"until":"2026-04-10T18:00:00+02:00"})");
  told("change.rolled_out", "C-1", "2026-04-10T18:00:00.001+02:00");
  until("2026-04-13T00:00:00+02:00");
  EXPECT_THAT(
      clock("change/C-1", "change.review"),
      ElementsAre(
          R"("cycle":1,"state":"stopped","start":"2026-04-02T08:00:00.000Z","thresholds":[)"
          R"({"name":"target","due":"2026-04-07T15:00:00.000Z","verdict":"breached"}],)"
          R"("stopped":"2026-04-07T15:00:00.000Z","elapsedMs":52200000})"));  // 6 h and 8.25 h
  EXPECT_THAT(
      clock("change/C-1", "change.board"),
      ElementsAre(R"("cycle":1,"state":"stopped","start":"2026-04-07T15:00:00.000Z","thresholds":[)"
                  R"({"name":"target","due":"2026-04-09T15:00:00.000Z","verdict":"met"}],)"
                  R"("stopped":"2026-04-08T07:00:00.000Z","elapsedMs":3600000})"));
  EXPECT_THAT(clock("change/C-1", "change.rollout"),
              ElementsAre(::testing::HasSubstr(
                  R"("due":"2026-04-10T16:00:00.000Z","verdict":"breached")")));
  EXPECT_THAT(ids(), Contains("change/C-1/stage:review 2026-04-02T08:00:00.000Z"));
  EXPECT_THAT(ids(), Contains("change/C-1/stage:board 2026-04-07T15:00:00.000Z"));
  EXPECT_THAT(ids(), Contains("change/C-1/stage:rollout 2026-04-08T07:00:00.000Z"));
  EXPECT_THAT(ids(), Contains("change/C-1/routed/stage:board:1 2026-04-07T15:00:00.000Z"));
  // The approval clears what called the board, not what it raises itself.
  EXPECT_THAT(ids(), Contains("change/C-1/routed/stage:board:cleared 2026-04-08T07:00:00.000Z"));
  EXPECT_THAT(ids(), Contains("change/C-1/routed/stage:rollout:1 2026-04-08T07:00:00.000Z"));
  EXPECT_THAT(ids(), Contains("change/C-1/routed/stage:rollout:cleared 2026-04-08T08:00:00.000Z"));
  for (const SaidEvent& e : world_.said()) {
    if (e.id == "NORD/change/C-1/stage:board") {
      EXPECT_EQ(e.type, "tocsin.change.advanced");
      EXPECT_THAT(e.text,
                  ::testing::HasSubstr(R"("from":"review","to":"board","reason":"breach")"));
    }
  }
}

// Ordered at 15:00 on Thursday 2 April for Thursday 16 April: granted within 4 h of office time
// (standard), 15:00–17:00 and Tuesday 7 April 08:00–10:00; delivered by the end of the day wanted.
TEST_F(Helpdesk, ARequestIsDueAtTheEndOfTheDayWanted) {
  told("request.ordered", "R-1", "2026-04-02T15:00:00+02:00",
       R"({"wanted_by":"2026-04-16","for":"Ada"})");
  told("request.granted", "R-1", "2026-04-07T10:00:00+02:00");
  told("request.fulfilled", "R-1", "2026-04-16T23:59:59.999+02:00");
  until("2026-04-20T00:00:00+02:00");
  EXPECT_THAT(clock("request/R-1", "request.grant"),
              ElementsAre(::testing::HasSubstr(
                  R"({"name":"target","due":"2026-04-07T08:00:00.000Z","verdict":"met"})")));
  EXPECT_THAT(clock("request/R-1", "request.delivery"),
              ElementsAre(::testing::HasSubstr(
                  R"({"name":"limit","due":"2026-04-16T22:00:00.000Z","verdict":"met"})")));
  // Warned 2 working days before: before Thursday 16 April these are the 15th and Tuesday the 14th.
  EXPECT_THAT(ids(),
              Contains("request/R-1/request.delivery/1/warned:limit 2026-04-14T06:00:00.000Z"));
}

// Silver: a service review each quarter. Joined on 1 April, 08:00: the first full quarter is the
// third, which begins on 1 July, 00:00 in Berlin.
TEST_F(Helpdesk, TheCadenceFollowsTheTier) {
  told("department.joined", "NORD", "2026-04-01T08:00:00+02:00", R"({"books":"silver"})");
  told("department.met", "NORD", "2026-05-01T10:00:00+02:00", R"({"about":"service_review"})");
  told("department.met", "NORD", "2026-09-30T23:59:59.999+02:00", R"({"about":"service_review"})");
  until("2026-10-01T00:00:00+02:00");
  const auto found = clock("department/NORD", "department.service_review");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(
      found[0],
      R"("cycle":"2026-Q3","state":"stopped","start":"2026-06-30T22:00:00.000Z","thresholds":[)"
      R"({"name":"target","due":"2026-09-30T22:00:00.000Z","verdict":"met"}],)"
      R"("stopped":"2026-09-30T21:59:59.999Z","elapsedMs":7948799999})");
  EXPECT_THAT(found[1], ::testing::StartsWith(R"("cycle":"2026-Q4","state":"running")"));
  EXPECT_TRUE(clock("department/NORD", "department.roadmap").empty());  // gold only
}

// Two weeks running with a critical incident of the same service.
TEST_F(Helpdesk, AFaultThatRecurs) {
  told("department.joined", "NORD", "2026-04-01T08:00:00+02:00", R"({"books":"gold"})");
  told("incident.reported", "I-1", "2026-04-14T09:00:00+02:00",
       R"({"priority":"critical","service":"mail"})");
  told("incident.reported", "I-2", "2026-04-20T09:00:00+02:00",
       R"({"priority":"high","service":"mail"})");
  until("2026-04-20T09:00:00+02:00");
  EXPECT_THAT(ids(), Contains("department/NORD/fault/mail/2026-W17 2026-04-20T07:00:00.000Z"));
}

}  // namespace
}  // namespace tocsin
