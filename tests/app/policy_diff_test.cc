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

TEST(PolicyDiff, APolicyIsTheSameWithItsCalendarsWrittenOut) {
  const auto alone = compiled(written_out(shipped_text("key-account")));
  EXPECT_NE(alone->hash, default_policy()->hash);
  EXPECT_THAT(policy_diff(*default_policy(), *alone), IsEmpty());
  EXPECT_THAT(policy_diff(*alone, *default_policy()), IsEmpty());
}

TEST(PolicyDiff, ACommentIsADifferenceOfTheTextAlone) {
  const auto other = compiled(with("policy: key-account", "policy: key-account  # ours"));
  EXPECT_THAT(policy_diff(*default_policy(), *other),
              ElementsAre("the texts differ, in nothing that is compared here"));
}

TEST(PolicyDiff, AnotherAllowanceIsSaid) {
  const auto other =
      compiled(with("{target: 15m}, P2: {target: 30m}", "{target: 20m}, P2: {target: 30m}"));
  EXPECT_THAT(policy_diff(*default_policy(), *other),
              ElementsAre("ticket.response target at P1: 15 min becomes 20 min"));
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
      policy_diff(*default_policy(), *compiled(text)),
      UnorderedElementsAre("clock account.check (each month) is new",
                           "clock project.check (each month) is new; what is open has it with "
                           "--to-open only"));
}

}  // namespace
}  // namespace tocsin
