// `tocsin roster check` and `tocsin oncall` on files.
#include "app/roster_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/config.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

class RosterCommands : public testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = (directory_.path() / "roster.yaml").string();
    std::ofstream(path) << text;
    return path;
  }

  std::string oncall(const std::string& path, const std::string& at, const std::string& role) {
    OncallFlags flags;
    flags.roster = path;
    flags.at = at;
    flags.role = role;
    testing::internal::CaptureStdout();
    const int status = command_oncall(Config{}, flags);
    const std::string said = testing::internal::GetCapturedStdout();
    EXPECT_EQ(status, 0) << said;
    return said;
  }

  std::string checked(const std::string& text, int wanted) {
    const std::string path = file(text);
    testing::internal::CaptureStderr();
    EXPECT_EQ(command_roster_check(path, ""), wanted);
    return testing::internal::GetCapturedStderr();
  }

 private:
  TempDirectory directory_;
};

constexpr const char* kShifts = R"(
zone: Europe/Berlin
people: {a: {name: Anna}, b: {}, c: {}}
roles:
  service_director:
    rotation: {people: [a, b], every: day, hand_over: "02:30", from: 2026-03-27}
  executive:
    rotation:
      - {people: [a, b], every: 2 weeks, hand_over: "Mon 09:00", from: 2026-03-02}
      - {people: [c], every: week, hand_over: "Mon 00:00", from: 2026-03-02, hours: {sat-sun: ["00:00-24:00"]}}
away: [{person: b, from: 2026-04-01, until: 2026-04-01}]
last_resort: [c]
)";

// Computed by hand. Summer time begins on 2026-03-29 at 02:00, which is 03:00: a hand-over at 02:30
// is then at 03:00; it ends on 2026-10-25 at 03:00, which is 02:00: the first 02:30 counts.
TEST_F(RosterCommands, SayWhoIsOnCallOverChangesOfTheClock) {
  const std::string path = file(kShifts);
  const auto director = [&](const char* at) { return oncall(path, at, "service_director"); };
  EXPECT_EQ(director("2026-03-28T02:29+01:00"), "service_director\ta\n");
  EXPECT_EQ(director("2026-03-28T02:30+01:00"), "service_director\tb\n");
  EXPECT_EQ(director("2026-03-29T01:59:59+01:00"), "service_director\tb\n");
  EXPECT_EQ(director("2026-03-29T03:00+02:00"), "service_director\ta\n");
  EXPECT_EQ(director("2026-03-30T02:30+02:00"), "service_director\tb\n");
  EXPECT_EQ(director("2026-04-01T12:00+02:00"), "service_director\ta\n") << "b is away";
  EXPECT_EQ(director("2026-04-02T02:29+02:00"), "service_director\tb\n") << "b is back";
  EXPECT_EQ(director("2026-10-25T02:29+02:00"), "service_director\tb\n");
  EXPECT_EQ(director("2026-10-25T02:30+02:00"), "service_director\ta\n");
  EXPECT_EQ(director("2026-10-25T02:15+01:00"), "service_director\ta\n");
  const auto executive = [&](const char* at) { return oncall(path, at, "executive"); };
  EXPECT_EQ(executive("2026-03-13T12:00+01:00"), "executive\ta\n");
  EXPECT_EQ(executive("2026-03-14"), "executive\tc\n") << "a weekend's own layer";
  EXPECT_EQ(executive("2026-03-16T08:59+01:00"), "executive\ta\n");
  EXPECT_EQ(executive("2026-03-16T09:00+01:00"), "executive\tb\n");
}

TEST_F(RosterCommands, TellEveryMistakeAtOnceWithItsLine) {
  const std::string said = checked(R"(people:
  li.wei: {name: Li, chanels: [{via: desk}]}
roles:
  technical_xpert: {fallback: [li.wei]}
overrides: [{role: executive, person: li.wei, from: 2026-03-07, until: 2026-03-06}]
away: [{person: li.weii, from: 2026-10-01}]
)",
                                   2);
  EXPECT_THAT(said, HasSubstr(":2: people li.wei: unknown key `chanels`"));
  EXPECT_THAT(said, HasSubstr(":4: unknown role `technical_xpert`"));
  EXPECT_THAT(said, HasSubstr(":5: overrides: `until` is not after `from`"));
  EXPECT_THAT(said, HasSubstr(":6: away person: `li.weii` is not among `people`"));
  EXPECT_THAT(said, HasSubstr("`last_resort` is missing"));
}

}  // namespace
}  // namespace tocsin
