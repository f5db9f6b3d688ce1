// What a CHECK says before it ends the process.
#include "events/check.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(CheckDeathTest, AMistakeOfOurOwnIsSaidAndEndsTheProcess) {
  const int first = 2, next = 1;
  CHECK(first >= next);
  EXPECT_DEATH(CHECK(next >= first), "check_test.cc.*next >= first");
}

}  // namespace
}  // namespace tocsin
