// The page behind an acknowledge link: what it asks, and what it still says when somebody took it.
#include "connectors/notify/ack_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/notify/notifier_events.h"
#include "engine/calendar/zone_load.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin::notify {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using State = AckView::State;

const Instant kNow = *parse_rfc3339("2026-03-02T01:15:00Z");

// To wang (and li); without a person: to the group that both read.
AckView view(const char* language, bool of_a_group, State state = State::kOpen) {
  AckView out;
  out.language = language;
  out.policy = default_policy();
  out.alarm = example_message(language, kNow).alarms.front();
  out.state = state;
  out.by = "Li Wei";
  if (of_a_group) {
    out.choices = {{"wang.fang", "王芳"}, {"li.wei", "Li Wei"}};
    out.others = {"王芳", "Li Wei"};
  } else {
    out.person_name = "王芳";
    out.others = {"Li Wei"};
  }
  return out;
}

TEST(AckPage, APersonsOwnLinkHasOneButton) {
  const std::string page = ack_page(view("en", false), kNow);
  EXPECT_THAT(page, HasSubstr("<button type=\"submit\">I take it – 王芳</button>"));
  EXPECT_THAT(page, HasSubstr("<dt>Also called</dt><dd>Li Wei</dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>Next step</dt><dd>2026-03-02 09:27 UTC+8</dd>"));
}

TEST(AckPage, TheLinkOfAGroupHasAButtonForEachWhoWasCalled) {
  const std::string page = ack_page(view("zh", true), kNow);
  EXPECT_THAT(page, HasSubstr("name=\"person\" value=\"wang.fang\">接手 – 王芳</button>"));
  EXPECT_THAT(page, HasSubstr("name=\"person\" value=\"li.wei\">接手 – Li Wei</button>"));
  EXPECT_THAT(page, HasSubstr("<dd>响应，目标</dd>"));
  EXPECT_THAT(page, HasSubstr("<dd>2026-03-02 09:12 UTC+8（已超时 3 分钟）</dd>"));
  EXPECT_THAT(page, Not(HasSubstr("radio")));
  EXPECT_THAT(page, Not(HasSubstr("已通知"))) << "the buttons name them";
}

TEST(AckPage, WhatIsTakenOrOverHasNoButtonAndNoNextStep) {
  for (const State state : {State::kTaken, State::kAlready, State::kOver}) {
    for (const bool of_a_group : {false, true}) {
      const std::string page = ack_page(view("en", of_a_group, state), kNow);
      EXPECT_THAT(page, Not(HasSubstr("<button")));
      EXPECT_THAT(page, Not(HasSubstr("Next step")));
      EXPECT_THAT(page, HasSubstr(of_a_group ? "<dt>Called</dt><dd>王芳, Li Wei</dd>"
                                             : "<dt>Also called</dt><dd>Li Wei</dd>"));
    }
  }
}

TEST(AckPage, WhatCouldNotBeRecordedCanBePressedAgain) {
  for (const bool of_a_group : {false, true}) {
    const std::string page = ack_page(view("en", of_a_group, State::kTryAgain), kNow);
    EXPECT_THAT(page, HasSubstr("cannot be recorded now"));
    EXPECT_THAT(page, HasSubstr("<button"));
    EXPECT_THAT(page, HasSubstr("Next step"));
  }
}

TEST(AckPage, TimesAreTheReaders) {
  AckView theirs = view("en", false);
  theirs.zone = std::make_shared<const Zone>(std::get<Zone>(load_zone("America/St_Johns")));
  EXPECT_THAT(ack_page(theirs, kNow), HasSubstr("2026-03-01 21:42 UTC-3:30"));
}

}  // namespace
}  // namespace tocsin::notify
