// The record by which a policy takes force, as another node reads it.
#include "app/policy_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/engine/policy_fixture.h"

namespace tocsin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string why(const std::string& data) {
  try {
    policy_of_record(data, {});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "read";
}

TEST(PolicyRecord, IsReadAsItWasWritten) {
  const std::string data =
      policy_data(shipped_text("key-account"), *default_policy(), 7, true, "Li");
  const auto read = policy_of_record(data, {42});
  EXPECT_EQ(read->version, 7);
  EXPECT_EQ(read->hash, default_policy()->hash);
  EXPECT_EQ(read->in_force_from.ms, 42);
  EXPECT_TRUE(read->to_open);
}

// A node that is older than the one that took the policy says what it does not understand.
TEST(PolicyRecord, OfALaterVersionNamesWhatIsNotUnderstood) {
  PolicyText text = shipped_text("key-account");
  text.text += "of_a_later_version: 30d\n";
  EXPECT_THAT(why(policy_data(text, *default_policy(), 2, false, "")),
              AllOf(HasSubstr("cannot be read by this version"),
                    HasSubstr("unknown key `of_a_later_version`")));
}

}  // namespace
}  // namespace tocsin
