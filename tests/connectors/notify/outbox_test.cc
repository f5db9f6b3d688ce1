// Whom the outbox tells what, when and by which channel, on virtual time.
#include "connectors/notify/outbox.h"

#include <boost/json.hpp>

#include "tests/connectors/notify/outbox_fixture.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin::notify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Outbox, WhoSleepsThroughTheFirstMessageIsReachedByTheSecondTwoMinutesLater) {
  World world;
  world.outbox.raised(0, world.alarm("g", {"wang"}));
  world.pass(hours(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 wang desk", "2:00 wang call"));
  EXPECT_THAT(world.outcomes, ElementsAre("0:00 wang desk delivered", "2:00 wang call delivered"));
}

TEST(Outbox, WhoAcknowledgesIsNotCalledAnyMoreAndTheOthersHearOfIt) {
  World world;
  world.outbox.raised(0, world.alarm("g", {"wang", "sun"}));
  world.pass(minutes(1));
  world.outbox.closed("g", About::kAcknowledged, "sun", world.now);
  world.pass(hours(1));
  EXPECT_THAT(world.sent,
              ElementsAre("0:00 wang desk", "0:00 sun mail", "1:00 wang desk acknowledged"));
}

TEST(Outbox, WhatStandsOpenElsewhereIsClosedAlsoForWhoTookIt) {
  World world({{"desk", {{}, true, true, true}}, {"call", {{}, false, false}}, {"mail", {}}});
  world.outbox.raised(0, world.alarm("g", {"wang", "sun"}));
  world.pass(minutes(1));
  EXPECT_THAT(world.outbox.called("g"), ElementsAre("wang", "sun"));
  world.outbox.closed("g", About::kAcknowledged, "王芳", world.now);  // by name
  world.pass(hours(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 wang desk", "0:00 sun mail",
                                      "1:00 wang desk acknowledged", "1:00 sun mail acknowledged"));
  EXPECT_THAT(world.outbox.called("g"), IsEmpty());
}

TEST(Outbox, NobodyIsPhonedBecauseItIsOver) {
  World world;
  world.outbox.raised(0, world.alarm("g", {"zheng", "sun"}));
  world.pass(minutes(1));
  world.outbox.closed("g", About::kCleared, "", world.now);
  world.pass(hours(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 zheng call", "0:00 sun mail", "1:00 sun mail cleared"));
}

TEST(Outbox, AChannelThatFailsForGoodGivesWayToTheNextAtOnce) {
  World world;
  world.answers["desk"] = World::never();
  world.outbox.raised(0, world.alarm("g", {"wang"}));
  world.pass(hours(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 wang desk", "0:00 wang call"));
  EXPECT_THAT(world.outcomes,
              ElementsAre("0:00 wang desk failed status 400", "0:00 wang call delivered"));
}

TEST(Outbox, TheThirdFailureGivesWayTooAndTheChannelIsTriedOn) {
  World world;
  world.answers["desk"] = World::again();
  world.outbox.raised(0, world.alarm("g", {"wang"}));
  world.pass(minutes(5));
  EXPECT_THAT(world.sent,
              ElementsAre("0:00 wang desk", "0:05 wang desk", "0:15 wang desk", "0:15 wang call",
                          "0:45 wang desk", "2:00 wang desk", "4:00 wang desk"));
  world.answers["desk"] = World::delivered();
  world.pass(minutes(5));
  EXPECT_THAT(world.outcomes, ElementsAre("0:15 wang desk failed status 500",
                                          "0:15 wang call delivered", "6:00 wang desk delivered"));
}

TEST(Outbox, ARetryWaitsAsLongAsItIsAskedTo) {
  World world;
  world.answers["call"] = {Verdict::Kind::kTryAgain, "status 429", seconds(30), false};
  world.outbox.raised(0, world.alarm("g", {"zheng"}));
  world.pass(seconds(59));
  EXPECT_THAT(world.sent, ElementsAre("0:00 zheng call", "0:30 zheng call"));
}

TEST(Outbox, WhenNobodyIsReachedTheFallbackThenTheLastResortAreTold) {
  World world;
  world.outbox.raised(0, world.alarm("g", {"mute", "Nobody We Know"}));
  world.pass(seconds(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 sun mail"));
  EXPECT_THAT(world.outcomes,
              ElementsAre("0:00 mute none failed no_channel",
                          "0:00 Nobody We Know none failed no_channel", "0:00 sun mail delivered"));
  World worse;
  worse.answers["mail"] = World::never();
  worse.outbox.raised(0, worse.alarm("g", {"mute"}));
  worse.pass(seconds(1));
  EXPECT_THAT(worse.sent, ElementsAre("0:00 sun mail", "0:00 last call"));
  EXPECT_EQ(worse.outbox.figures().unheard, 0);
  World worst;
  worst.answers["mail"] = worst.answers["call"] = World::never();
  worst.outbox.raised(0, worst.alarm("g", {"mute"}));
  worst.pass(seconds(1));
  EXPECT_EQ(worst.outbox.figures().unheard, 1);
}

TEST(Outbox, WhatIsNotUrgentWaitsForThePersonsHourAndGoesAsOne) {
  World world;
  world.pass(minutes(1));
  for (const char* group : {"a", "b", "c"})
    world.outbox.raised(0, world.alarm(group, {"li"}, false));
  world.outbox.raised(0, world.alarm("d", {"sun"}, false));
  world.pass(hours(25));
  EXPECT_THAT(world.sent, ElementsAre("1:00 sun mail", "1440:00 li mail x3"));
  EXPECT_THAT(world.outcomes, SizeIs(4));  // each alarm has its outcome
}

// Their own zone, else the roster's, else the policy's: in the words and for a person's hour.
TEST(Outbox, TimesAreTheReaders) {
  const auto told = [](const std::string& zone, const std::string& own, bool policy) {
    World world;
    world.roster(zone + "people:\n  ann: {" + own +
                 "channels: [{via: mail}], low: {digest: \"10:00\"}}\n");
    if (policy) world.outbox.policy(default_policy());
    Alarm one = world.alarm("g", {"ann"}, false);
    one.due = world.now;
    world.outbox.raised(0, one);
    world.pass(hours(24));
    return world.sent.at(0) + ": " +
           std::string(values_of(world.messages.at(0), world.now).at("dueLocal").as_string());
  };
  const std::string roster = "zone: Asia/Kolkata\n", own = "zone: Europe/Berlin, ";
  EXPECT_EQ(told(roster, own, true), "480:00 ann mail: 2026-03-02 02:00 UTC+1");
  EXPECT_EQ(told(roster, "", true), "210:00 ann mail: 2026-03-02 06:30 UTC+5:30");
  EXPECT_EQ(told("", own, true), "480:00 ann mail: 2026-03-02 02:00 UTC+1");
  EXPECT_EQ(told("", "", true), "60:00 ann mail: 2026-03-02 09:00 UTC+8");
  EXPECT_EQ(told("", "", false), "540:00 ann mail: 2026-03-02 01:00 UTC");
}

TEST(Outbox, SwitchingOnTellsNobodyOfThePast) {
  World world;
  Outbox& outbox = world.outbox;
  outbox.forget(0);
  outbox.raised(0, world.alarm("old", {"wang"}));
  outbox.switched_on(0);
  outbox.own({0}, world.now);
  world.pass(minutes(10));
  EXPECT_THAT(world.sent, IsEmpty());
  outbox.raised(0, world.alarm("old", {"wang"}, true, 2));  // its next step is new
  outbox.raised(0, world.alarm("new", {"zheng"}));
  world.pass(seconds(1));
  EXPECT_THAT(world.sent, ElementsAre("10:00 wang desk", "10:00 zheng call"));
}

TEST(Outbox, APartitionOfAnotherNodeSendsNothingUntilItIsOurs) {
  World world;
  world.outbox.switched_on(1);
  world.outbox.raised(1, world.alarm("g", {"wang"}));
  world.pass(minutes(1));
  EXPECT_THAT(world.sent, IsEmpty());
  world.outbox.own({0, 1}, world.now);
  world.pass(seconds(1));
  EXPECT_THAT(world.sent, ElementsAre("1:00 wang desk"));
  world.outbox.own({0}, world.now);
  world.pass(minutes(10));
  EXPECT_THAT(world.sent, SizeIs(1));
}

TEST(Outbox, ACrashBetweenTheMessageAndItsOutcomeSendsItAgainWithTheSameId) {
  World first;
  first.outbox.raised(0, first.alarm("g", {"wang"}));
  first.pass(seconds(1));
  World second;  // the outcome never reached the log
  second.outbox.raised(0, second.alarm("g", {"wang"}));
  second.pass(seconds(1));
  EXPECT_EQ(first.messages[0].id, second.messages[0].id);
  World third;  // it did
  third.outbox.forget(0);
  third.outbox.switched_on(0);
  third.outbox.raised(0, third.alarm("g", {"wang"}));
  third.outbox.told(first.log[0], third.now);
  third.outbox.own({0}, third.now);
  third.pass(minutes(3));
  EXPECT_THAT(third.sent, ElementsAre("2:00 wang call"));
}

TEST(Outbox, TenThousandOwedMessagesDoNotDelayAnUrgentOne) {
  World world;
  for (int i = 0; i < 10'000; ++i)
    world.outbox.raised(
        0, world.alarm("g" + std::to_string(i), {i % 2 == 0 ? "sun" : "zheng"}, i % 2 != 0));
  world.now = world.now + hours(2);
  Alarm fresh = world.alarm("fresh", {"wang"});
  world.outbox.raised(0, fresh);
  const auto sends = world.outbox.take_sends(world.now, 2);
  ASSERT_THAT(sends, SizeIs(2));
  EXPECT_EQ(sends[0].message.person, "wang");   // urgent, the newest first
  EXPECT_EQ(sends[1].message.person, "zheng");  // urgent before what is not
  std::vector<bool> urgent;                     // of each message, in the order of sending
  for (;;) {
    const auto more = world.outbox.take_sends(world.now, 100);
    if (more.empty()) break;
    for (const Send& send : more) urgent.push_back(send.message.high);
    for (const Send& send : more) world.outbox.result(send.id, World::delivered(), world.now);
  }
  // 4,999 urgent ones one by one, then 5,000 stale ones in ten digests.
  EXPECT_EQ(urgent.size(), 4'999u + 10);
  EXPECT_TRUE(std::is_partitioned(urgent.begin(), urgent.end(), [](bool high) { return high; }));
}

TEST(Outbox, BeyondALimitUrgentMessagesGoAsOneDigest) {
  World world({{"desk", {{18, 18}, true, true}}, {"call", {}}, {"mail", {}}});
  for (int i = 0; i < 100; ++i)
    world.outbox.raised(0, world.alarm("g" + std::to_string(i), {"wang"}));
  world.pass(seconds(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 wang desk x100"));
  EXPECT_THAT(world.outcomes, SizeIs(100));
}

TEST(Outbox, ALimitIsTheChannelsWhoeverItIsFor) {
  World world({{"desk", {{4, 4}, false, true}}});
  std::string people;
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
    people += std::string("  ") + id + ": {channels: [{via: desk, to: to-" + id + "}]}\n";
  }
  world.roster("people:\n" + people);
  world.outbox.raised(0, world.alarm("g", {"a", "b", "c", "d", "e", "f"}));
  world.pass(seconds(1));
  EXPECT_THAT(world.sent, SizeIs(4));
  world.pass(minutes(1));
  EXPECT_THAT(world.sent, SizeIs(6));
}

TEST(Outbox, WhatIsNotUrgentLeavesRoomForWhatIs) {
  World world({{"desk", {{4, 4}, true, true}}, {"call", {}}, {"mail", {{4, 4}, false, true}}});
  for (int i = 0; i < 4; ++i)
    world.outbox.raised(0, world.alarm("l" + std::to_string(i), {"sun"}, false));
  world.pass(milliseconds(500));
  EXPECT_THAT(world.sent, SizeIs(3));
  world.outbox.raised(0, world.alarm("h", {"sun"}));
  world.pass(milliseconds(400));
  EXPECT_THAT(world.sent, SizeIs(4));
}

TEST(Outbox, AReopenedGroupCallsByItsNextStepOnly) {
  World world;
  world.outbox.raised(0, world.alarm("g", {"wang"}));
  world.pass(seconds(10));
  world.outbox.closed("g", About::kAcknowledged, "wang", world.now);
  world.pass(minutes(30));
  world.outbox.reopened("g");
  world.outbox.raised(0, world.alarm("g", {"zheng"}, true, 2));
  world.pass(hours(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 wang desk", "30:10 zheng call"));
}

TEST(Outbox, AChannelThatHangsDoesNotHoldTheNextOne) {
  World world;
  world.hangs["desk"] = true;
  world.outbox.raised(0, world.alarm("g", {"wang"}));
  world.pass(minutes(5));
  EXPECT_THAT(world.sent, ElementsAre("0:00 wang desk", "2:00 wang call"));
}

TEST(Outbox, AChannelThatHangsHoldsNoOtherUpNorWhatIsNotUrgentWhatIs) {
  World world;
  std::string people =
      "people:\n  ann: {channels: [{via: mail}]}\n  eve: {channels: [{via: call}]}\n";
  for (int i = 0; i < 300; ++i) {
    const std::string id = "p" + std::to_string(i);
    people += "  " + id + ": {channels: [{via: call, to: \"" + id + "\"}]}\n";
  }
  world.roster(people);
  world.hangs["call"] = true;
  for (int i = 0; i < 300; ++i)
    world.outbox.raised(0, world.alarm("g" + std::to_string(i), {"p" + std::to_string(i)}, false));
  world.pass(seconds(1));
  EXPECT_THAT(world.sent, SizeIs(Outbox::kLowPerChannel)) << "each to another destination";
  world.sent.clear();
  world.outbox.raised(0, world.alarm("h", {"ann", "eve"}));
  world.pass(seconds(1));
  EXPECT_THAT(world.sent, ElementsAre("0:01 ann mail", "0:01 eve call"));
  // Urgent ones that wait for a channel that hangs do not hold up what is not.
  for (int i = 0; i < 50; ++i)
    world.outbox.raised(0, world.alarm("u" + std::to_string(i), {"p" + std::to_string(i)}));
  world.outbox.raised(0, world.alarm("l", {"ann"}, false));
  world.pass(seconds(2));
  EXPECT_EQ(world.sent.back(), "0:02 ann mail");
}

TEST(Outbox, WhatIsWorthOneMoreAttemptHasOne) {
  World world;
  Verdict once_more;
  once_more.attempts_max = 2;
  world.answers["desk"] = once_more;
  world.outbox.raised(0, world.alarm("g", {"wang"}));
  world.pass(minutes(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 wang desk", "0:05 wang desk", "0:05 wang call"));
}

TEST(Outbox, ANoticeOfAChannelThatFailsGoesByAnother) {
  World world;
  world.roster(
      "people: {last: {language: zh, channels: [{via: desk}, {via: call, to: x}, {via: mail, to: "
      "y}]}}\n"
      "last_resort: [last]\n");
  world.answers["call"] = World::never();
  world.outbox.notice({"channel `desk` fails", "渠道 `desk` 发送失败"}, "desk", world.now);
  world.pass(minutes(1));
  EXPECT_THAT(world.sent, ElementsAre("0:00 last call notice", "0:00 last mail notice"));
  EXPECT_EQ(world.messages.back().notice, "渠道 `desk` 发送失败");
}

}  // namespace
}  // namespace tocsin::notify
