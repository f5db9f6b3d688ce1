// The alarm of a recurring fault of an account that never had a tier: such an account is an entity
// without a creation, which exists only for what was announced about it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/policy_life.h"
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

// Faults call `whom`.
std::string desk(const std::string& whom) {
  return kDeskBegin + R"(  ticket:
    priorities: {default: P2, changed_by: prioritized}
    ended: {closed: [], cancelled: []}
    cancelled: [cancelled]
    facts:
      opened: {creates: true, data: {priority: priority, module: module}}
      prioritized: {data: {priority!: priority}}
      closed:
      cancelled:
    recurring_fault: {weeks: 3, priorities: [P1], not: [cancelled], steps: [{tell: [)" +
         whom + R"(]}]}
  account:
    about: account
    ended: {closed: []}
    tier: tiered
    team: assigned
    facts:
      tiered: {creates: true, data: {tier!: tier}}
      assigned: {always: true, data: {role!: role, person!: persons}}
      closed:
      acknowledged: {acknowledges: true, data: {by!: person, escalation: group}}
      escalated: {escalates: true, data: {by!: person, escalation: group}}
clocks:
  ticket.answer: {start: [opened], stop: [closed], allow: {P1: {target: 1000h}}}
)";
}

Given fact(const std::string& id, const std::string& type, const std::string& subject, Instant time,
           const std::string& data) {
  Given given;
  given.account = "A";
  given.kind = type.substr(0, type.find('.'));
  given.verb = type.substr(type.find('.') + 1);
  given.subject = subject;
  given.id = id;
  given.time = time;
  given.data = data;
  return given;
}

using Lines = std::vector<std::string>;
constexpr std::int64_t kWeek = std::int64_t{7} * 24 * 60;
constexpr Instant in(std::int64_t minutes) { return {kBegin.ms + minutes * 60'000}; }
const std::string kPay = R"({"priority":"P1","module":"pay"})";
const std::string kFault = "A/account/A/fault/pay/2026-W12";

// The third week's ticket makes a fault of it, at 2026-03-16T02:00Z.
void recur(Life& life) {
  for (int week = 0; week < 3; ++week) {
    life.wait_until(in(week * kWeek));
    const std::string n = std::to_string(week);
    life.arrive(fact("o" + n, "ticket.opened", "T" + n, in(week * kWeek), kPay), in(week * kWeek));
  }
  life.finish(in(2 * kWeek));
  life.heard();
}

Given acknowledged(Instant at, const std::string& group) {
  return fact("ack", "account.acknowledged", "A", at,
              group.empty() ? R"({"by":"Li"})" : R"({"by":"Li","escalation":")" + group + "\"}");
}

const Lines kAcknowledged = {"2026-03-16T02:10:00.000Z tocsin.escalation.acknowledged " + kFault +
                             ":acknowledged"};
TEST(FaultGroups, OfAnAccountWithoutATierIsAcknowledgedByName) {
  Life life(desk("lead"));
  recur(life);
  life.arrive(acknowledged(in(2 * kWeek + 10), kFault), in(2 * kWeek + 10));
  life.finish(in(2 * kWeek + 60));
  EXPECT_EQ(life.heard(), kAcknowledged);
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

TEST(FaultGroups, OfAnAccountWithoutATierIsAcknowledgedAsOneOfAll) {
  Life life(desk("lead"));
  recur(life);
  life.arrive(acknowledged(in(2 * kWeek + 10), ""), in(2 * kWeek + 10));
  life.finish(in(2 * kWeek + 60));
  EXPECT_EQ(life.heard(), kAcknowledged);
  EXPECT_EQ(life.wrong(), "");
}

// It has one step, and `escalated` does not count before its entity is created.
TEST(FaultGroups, HasNoNextStepThatCouldBeCalledFor) {
  Life life(desk("lead"));
  recur(life);
  life.restart();
  life.replay();
  life.arrive(fact("e", "account.escalated", "A", in(2 * kWeek + 5), R"({"by":"Li"})"),
              in(2 * kWeek + 5));
  life.finish(in(2 * kWeek + 60));
  EXPECT_EQ(life.heard(), Lines{});
  life.restart();
  life.arrive(acknowledged(in(2 * kWeek + 61), ""), in(2 * kWeek + 61));
  life.finish(in(2 * kWeek + 62));
  EXPECT_EQ(life.heard().size(), 1U);
  EXPECT_EQ(life.wrong(), "");
}

TEST(FaultGroups, IsAcknowledgedAfterTheAccountWasForgotten) {
  for (const bool restarts : {true, false}) {
    Life life(desk("lead"));
    recur(life);
    life.arrive(fact("early", "account.acknowledged", "A", in(2 * kWeek + 1),
                     R"({"by":"Li","escalation":"other"})"),
                in(2 * kWeek + 1));
    life.finish(in(2 * kWeek + 2));
    if (restarts) {
      life.restart();
    } else {
      life.replay();
    }
    life.arrive(acknowledged(in(2 * kWeek + 10), kFault), in(2 * kWeek + 10));
    life.finish(in(2 * kWeek + 60));
    EXPECT_EQ(life.heard(), kAcknowledged);
    EXPECT_EQ(life.wrong(), "");
  }
}

TEST(FaultGroups, IsAcknowledgedAfterThePolicyChanged) {
  for (const bool to_open : {false, true}) {
    Life life(desk("lead"));
    recur(life);
    life.put_in_force(desk("manager"), to_open);
    life.finish(in(2 * kWeek + 5));
    EXPECT_EQ(life.heard(), Lines{});
    life.replay();
    life.restart();
    life.arrive(acknowledged(in(2 * kWeek + 10), kFault), in(2 * kWeek + 10));
    life.finish(in(2 * kWeek + 60));
    EXPECT_EQ(life.heard(), kAcknowledged);
    life.replay();
    EXPECT_EQ(life.wrong(), "");
  }
}

TEST(FaultGroups, IsTheSameWhenTheAccountGetsItsTierLater) {
  Life life(desk("lead"));
  recur(life);
  life.arrive(fact("t", "account.tiered", "A", in(2 * kWeek + 5), R"({"tier":"A"})"),
              in(2 * kWeek + 5));
  life.arrive(acknowledged(in(2 * kWeek + 10), kFault), in(2 * kWeek + 10));
  life.finish(in(2 * kWeek + 60));
  EXPECT_EQ(life.heard(), kAcknowledged);
  life.replay();
  life.restart();
  EXPECT_EQ(life.wrong(), "");
}

// A fact is judged before what arrived earlier is decided, as `simulate` does: that decision makes
// the account's entity.
TEST(FaultGroups, OfAnAcknowledgementThatWasJudgedBeforeTheFaultWasDecided) {
  Partition partition(compiled(text_named(desk("lead"))));
  Decoder decoder(RecordedTime::kRead);
  Lines heard;
  const DerivedSink sink = [&](const Entity& e, const Derived& event, Instant) {
    heard.push_back(event_type(e.spec(), event.type) + " " + std::string(event.cause).substr(9));
  };
  std::vector<Decoded> decoded(4);
  std::vector<Judged> judged(4);
  const std::vector<Given> facts = {fact("o0", "ticket.opened", "T0", in(0), kPay),
                                    fact("o1", "ticket.opened", "T1", in(kWeek), kPay),
                                    fact("o2", "ticket.opened", "T2", in(2 * kWeek), kPay),
                                    acknowledged(in(2 * kWeek + 10), kFault)};
  for (std::size_t i = 0; i < facts.size(); ++i) {
    decoder.structured(line_of(facts[i]), {}, decoded[i]);
    partition.check(decoded[i], facts[i].time, false, judged[i]);
    ASSERT_EQ(judged[i].reason, "");
    if (i > 0) partition.decide(facts[i - 1].time, facts[i - 1].time, sink);
    partition.take(decoded[i], judged[i]);
  }
  partition.decide(facts.back().time, facts.back().time, sink);
  ASSERT_GE(heard.size(), 3U);
  EXPECT_EQ(heard.back(), std::string("tocsin.escalation.acknowledged ack"));
  // What a fault came of is the opening that made it recur.
  EXPECT_EQ(heard[heard.size() - 3].substr(0, 22), "tocsin.fault.recurring");
  EXPECT_EQ(heard[heard.size() - 3].back(), '2');
  EXPECT_EQ(heard[heard.size() - 2].back(), '2');
}

}  // namespace
}  // namespace tocsin
