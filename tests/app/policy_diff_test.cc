// What changes from one policy to another, in words.
#include "app/policy_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/policy/compile/written_out.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

PolicyText with(const std::string& from, const std::string& to) {
  PolicyText text = shipped_text("key-account");
  const std::size_t at = text.text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.text.replace(at, from.size(), to), text;
}

std::vector<std::string> sentences(const Policy& was, const Policy& is) {
  std::vector<std::string> out;
  for (const PolicyChange& change : policy_diff(was, is)) out.push_back(change.sentence);
  return out;
}

// For programs: each change's JSON.
std::vector<std::string> details(const Policy& was, const Policy& is) {
  std::vector<std::string> out;
  for (const PolicyChange& change : policy_diff(was, is)) append_change(out.emplace_back(), change);
  return out;
}

TEST(PolicyDiff, APolicyIsTheSameWithItsCalendarsWrittenOut) {
  const auto alone = compiled(written_out(shipped_text("key-account")));
  EXPECT_NE(alone->hash, default_policy()->hash);
  EXPECT_THAT(sentences(*default_policy(), *alone), IsEmpty());
  EXPECT_THAT(sentences(*alone, *default_policy()), IsEmpty());
}

TEST(PolicyDiff, ACommentIsADifferenceOfTheTextAlone) {
  const auto other = compiled(with("policy: key-account", "policy: key-account  # ours"));
  EXPECT_THAT(sentences(*default_policy(), *other),
              ElementsAre("the texts differ, in nothing that is compared here"));
}

TEST(PolicyDiff, AnotherAllowanceIsSaid) {
  const auto other =
      compiled(with("{target: 15m}, P2: {target: 30m}", "{target: 20m}, P2: {target: 30m}"));
  EXPECT_THAT(sentences(*default_policy(), *other),
              ElementsAre("ticket.response target at P1: 15 min becomes 20 min"));
}

TEST(PolicyDiff, AnAllowanceByTierIsComparedForEachTier) {
  const std::string of_all = "{P1: {target: 15m}, P2: {target: 30m}";
  const std::string text = shipped_text("key-account").text;
  const std::size_t at = text.find("allow: " + of_all);
  ASSERT_NE(at, std::string::npos);
  const std::string same = text.substr(at + 7, text.find('\n', at) - at - 7);
  std::string other = same;
  other.replace(other.find("15m"), 3, "20m");
  const auto by_tier = compiled(
      with("allow: " + same, "allow: {A: " + same + ", B: " + same + ", C: " + other + "}"));
  EXPECT_THAT(sentences(*default_policy(), *by_tier),
              ElementsAre("ticket.response target at P1 for tier C: 15 min becomes 20 min"));
  EXPECT_THAT(
      details(*default_policy(), *by_tier),
      ElementsAre(R"({"text":"ticket.response target at P1 for tier C: 15 min becomes 20 min",)"
                  R"("change":"allows","clock":"ticket.response","threshold":"target",)"
                  R"("priority":"P1","tier":"C","from":"15m","to":"20m"})"));
}

TEST(PolicyDiff, EachChangeIsSaidInWordsAndInThePolicysOwnLanguage) {
  struct Case {
    const char* from;
    const char* to;
    const char* sentence;
    const char* detail;  // without the sentence
  };
  const std::vector<Case> cases = {
      {"hours: {A: 24x7, B: business", "hours: {A: 24x7, B: 24x7",
       "tier B has the hours: business becomes 24x7",
       R"("change":"tier_hours","tier":"B","from":"business","to":"24x7"})"},
      {"urgent: [P1, P2]", "urgent: [P1]", "P2 is urgent: yes becomes no",
       R"("change":"urgent","priority":"P2","from":true,"to":false})"},
      {"target: 95%", "target: 92.5%", "the target of the figures: 95 % becomes 92.5 %",
       R"("change":"target","from":0.95,"to":0.925})"},
      {"satisfaction, target: 4.5", "satisfaction, target: 4.6",
       "the target of figure satisfaction: 4.5 becomes 4.6",
       R"("change":"figure_target","figure":"satisfaction","from":4.5,"to":4.6})"},
      {"start: [messaged from=customer]", "start: [messaged]",
       "ticket.reply starts by: messaged customer becomes messaged",
       R"("change":"starts","clock":"ticket.reply","from":["messaged is=customer"],"to":["messaged"]})"},
      {"warn: 2/3\n    breach: {steps: [{tell: [assignee, service_director]}",
       "warn: [1/2, 30m before]\n    breach: {steps: [{tell: [assignee, service_director]}",
       "ticket.response is warned of: at 2/3 of the time becomes at 1/2 of the time, 30 min before",
       R"("change":"warns","clock":"ticket.response","from":["2/3"],"to":["1/2","30m before"]})"},
      {"{after: 15m, tell: [executive]}], ack_timeout",
       "{after: 20m, hours: tier, tell: [executive]}], ack_timeout",
       "a breach of ticket.response target calls: assignee, service_director; +15 min executive "
       "becomes assignee, service_director; +20 min (the tier's hours) executive",
       R"("change":"breach","clock":"ticket.response","threshold":"target",)"
       R"("from":[{"steps":[{"tell":["assignee","service_director"]},{"after":"15m","tell":["executive"]}]}],)"
       R"("to":[{"steps":[{"tell":["assignee","service_director"]},)"
       R"({"after":"20m","hours":"tier","tell":["executive"]}]}]})"},
      {"[executive]}], ack_timeout: {P1: 30m, P2: 30m}}\n\n  ticket.resolution",
       "[executive]}], ack_timeout: {P1: 30m}}\n\n  ticket.resolution",
       "who takes a breach of ticket.response target has it: P1: 30 min, P2: 30 min becomes P1: 30 "
       "min",
       R"("change":"ack_timeout","clock":"ticket.response","threshold":"target",)"
       R"("from":{"P1":"30m","P2":"30m"},"to":{"P1":"30m"}})"},
      {"warning: {steps: [{tell: [assignee, account_manager]}], urgent_also: [technical_expert]}",
       "warning: {steps: [{tell: [assignee, account_manager]}]}", nullptr,
       R"("to":[{"steps":[{"tell":["assignee","account_manager"]}]}]})"},
      {"recurring_fault: {weeks: 3", "recurring_fault: {weeks: 2",
       "weeks until a fault of ticket is recurring: 3 becomes 2",
       R"("change":"fault_weeks","kind":"ticket","from":3,"to":2})"},
      {"breach: {enters: 2}", "breach: {enters: 3}",
       "a breach of complaint.stage1 leads to stage: 2 becomes 3",
       R"("change":"breach_enters","clock":"complaint.stage1","from":"2","to":"3"})"},
      {"ticket.progress:\n    start: [responded, messaged from=staff, reopened]",
       "ticket.progress:\n    start: [first responded, messaged from=staff, reopened]",
       "ticket.progress starts by: messaged staff, reopened, responded becomes first responded, "
       "messaged staff, reopened",
       R"("from":["messaged is=staff","reopened","responded"],)"
       R"("to":["first responded","messaged is=staff","reopened"]})"},
  };
  for (const Case& one : cases) {
    const auto changes = policy_diff(*default_policy(), *compiled(with(one.from, one.to)));
    ASSERT_FALSE(changes.empty()) << one.to;
    if (one.sentence != nullptr) {
      EXPECT_EQ(changes.size(), 1u) << one.to;
      EXPECT_EQ(changes.front().sentence, one.sentence);
    }
    std::string detail;
    append_change(detail, changes.front());
    EXPECT_TRUE(detail.ends_with(one.detail)) << detail;
  }
}

TEST(PolicyDiff, ACadenceThatIsNewSaysWhomItReaches) {
  PolicyText text = shipped_text("key-account");
  text.text += "\n";
  const std::string clocks = "\nclocks:\n";
  text.text.insert(
      text.text.find(clocks) + clocks.size(),
      "  project.check: {every: month, count: 1, match: reviewed}\n"
      "  account.check: {every: month, count: 1, match: contacted kind=weekly_contact}\n");
  EXPECT_THAT(
      sentences(*default_policy(), *compiled(text)),
      UnorderedElementsAre("clock account.check (each month) is new",
                           "clock project.check (each month) is new; what is open has it with "
                           "--to-open only"));
}

}  // namespace
}  // namespace tocsin
