// Who plays a role when: every instant here was computed by hand, from a printed calendar and the
// zones' announced changes.
#include "engine/policy/roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/calendar/zone_load.h"
#include "engine/policy/compile/roster.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::variant<std::shared_ptr<const Roster>, std::vector<PolicyError>> compiled(
    const std::string& text) {
  return compile_roster("roster.yaml", text, [](std::string_view name) { return load_zone(name); });
}

std::shared_ptr<const Roster> roster_of(const std::string& text) {
  const auto result = compiled(text);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&result)) {
    for (const PolicyError& e : *errors) ADD_FAILURE() << e.line << ": " << e.reason;
    return std::make_shared<const Roster>();
  }
  return std::get<std::shared_ptr<const Roster>>(result);
}

Instant at(const char* text) {
  const auto instant = parse_rfc3339(text);
  EXPECT_TRUE(instant) << text;
  return instant.value_or(Instant{});
}

std::vector<std::string> on_call(const Roster& roster, const char* instant,
                                 const char* role = "boss") {
  Roster::Persons persons;
  roster.on_call(role, at(instant), persons);
  return {persons.begin(), persons.end()};
}

constexpr const char* kWeekly = R"(
zone: Asia/Shanghai
roles:
  boss:
    rotation: {people: [wang, zheng], every: week, hand_over: "Mon 09:00", from: 2026-03-02}
    fallback: [li, sun]
away:
  - {person: zheng, from: 2026-03-12, until: 2026-03-13}
  - {person: wang, from: 2026-03-13T00:00+08:00, until: 2026-03-13T12:00:00+08:00}
  - {person: li, from: 2026-03-13, until: 2026-03-13}
overrides:
  - {role: boss, person: zheng, from: 2026-03-07T09:00+08:00, until: 2026-03-08T09:00+08:00}
)";

TEST(Roster, AWeeklyRotationIsHandedOverOnMondayAtNine) {
  const auto roster = roster_of(kWeekly);
  EXPECT_THAT(on_call(*roster, "2026-03-01T15:59:59.999Z"), IsEmpty());  // Sunday, before `from`
  EXPECT_THAT(on_call(*roster, "2026-03-01T16:00:00Z"), ElementsAre("wang"));  // Monday 00:00
  EXPECT_THAT(on_call(*roster, "2026-03-02T01:00:00Z"), ElementsAre("wang"));
  EXPECT_THAT(on_call(*roster, "2026-03-09T00:59:59.999Z"), ElementsAre("wang"));
  EXPECT_THAT(on_call(*roster, "2026-03-09T01:00:00Z"), ElementsAre("zheng"));
  EXPECT_THAT(on_call(*roster, "2026-03-16T00:59:59.999Z"), ElementsAre("zheng"));
  EXPECT_THAT(on_call(*roster, "2026-03-16T01:00:00Z"), ElementsAre("wang"));
  EXPECT_THAT(on_call(*roster, "2027-03-01T01:00:00Z"), ElementsAre("wang"));  // 52 weeks later
}

TEST(Roster, AnOverrideHoldsFromItsInstantUntilBeforeItsEnd) {
  const auto roster = roster_of(kWeekly);
  EXPECT_THAT(on_call(*roster, "2026-03-07T00:59:59.999Z"), ElementsAre("wang"));
  EXPECT_THAT(on_call(*roster, "2026-03-07T01:00:00Z"), ElementsAre("zheng"));
  EXPECT_THAT(on_call(*roster, "2026-03-08T00:59:59.999Z"), ElementsAre("zheng"));
  EXPECT_THAT(on_call(*roster, "2026-03-08T01:00:00Z"), ElementsAre("wang"));
  const auto more = roster->with(
      {{"o-1", "boss", "sun", at("2026-03-07T02:00:00Z"), at("2026-03-07T03:00:00Z"), "zhao"}});
  EXPECT_THAT(on_call(*more, "2026-03-07T02:30:00Z"), ElementsAre("sun"));  // the later wins
  EXPECT_THAT(on_call(*more, "2026-03-07T03:00:00Z"), ElementsAre("zheng"));
}

TEST(Roster, WhoeverIsAwayIsPassedOverForTheNextOfTheRotation) {
  const auto roster = roster_of(kWeekly);
  EXPECT_THAT(on_call(*roster, "2026-03-11T15:59:59.999Z"), ElementsAre("zheng"));
  EXPECT_THAT(on_call(*roster, "2026-03-11T16:00:00Z"), ElementsAre("wang"));  // 12 March 00:00
  EXPECT_THAT(on_call(*roster, "2026-03-12T16:00:00Z"), IsEmpty());            // both are away
  EXPECT_THAT(on_call(*roster, "2026-03-13T04:00:00Z"), ElementsAre("wang"));
  EXPECT_THAT(on_call(*roster, "2026-03-13T15:59:59.999Z"), ElementsAre("wang"));
  EXPECT_THAT(on_call(*roster, "2026-03-13T16:00:00Z"), ElementsAre("zheng"));  // `until` is a day
}

TEST(Roster, AFallbackIsPassedOverForTheNextOfItsList) {
  const auto roster = roster_of(kWeekly);
  Roster::Persons persons;
  roster->resolve("boss", {}, at("2026-03-12T16:00:00Z"), persons);
  EXPECT_THAT(persons, ElementsAre("sun"));  // li is away too
  persons.clear();
  const std::vector<std::string> assigned = {"zheng", "chen"};  // what is resolved points into it
  roster->resolve("boss", assigned, at("2026-03-12T16:00:00Z"), persons);
  EXPECT_THAT(persons, ElementsAre("chen"));  // who plays it for the account comes first
  persons.clear();
  roster->resolve("nobody's", {}, at("2026-03-12T16:00:00Z"), persons);
  EXPECT_THAT(persons, IsEmpty());
}

TEST(Roster, AHandOverInTheGapOfSpringIsAtItsEnd) {
  const auto daily = roster_of(
      "zone: America/New_York\n"
      "roles: {boss: {rotation: {people: [a, b], every: day, hand_over: \"02:30\", "
      "from: 2026-03-07}}}\n");
  EXPECT_THAT(on_call(*daily, "2026-03-07T07:30:00Z"), ElementsAre("a"));  // 02:30 EST
  EXPECT_THAT(on_call(*daily, "2026-03-08T06:59:59.999Z"), ElementsAre("a"));
  EXPECT_THAT(on_call(*daily, "2026-03-08T07:00:00Z"), ElementsAre("b"));  // 03:00 EDT
  EXPECT_THAT(on_call(*daily, "2026-03-09T06:29:59.999Z"), ElementsAre("b"));
  EXPECT_THAT(on_call(*daily, "2026-03-09T06:30:00Z"), ElementsAre("a"));  // 02:30 EDT
}

TEST(Roster, AHandOverThatOccursTwiceInAutumnIsAtItsFirst) {
  const auto weekly = roster_of(
      "zone: Europe/Berlin\n"
      "roles: {boss: {rotation: {people: [a, b], every: week, hand_over: \"Sun 02:30\", "
      "from: 2026-10-18}}}\n");
  EXPECT_THAT(on_call(*weekly, "2026-10-18T00:30:00Z"), ElementsAre("a"));
  EXPECT_THAT(on_call(*weekly, "2026-10-25T00:29:59.999Z"), ElementsAre("a"));
  EXPECT_THAT(on_call(*weekly, "2026-10-25T00:30:00Z"), ElementsAre("b"));  // 02:30 CEST
  EXPECT_THAT(on_call(*weekly, "2026-10-25T01:30:00Z"), ElementsAre("b"));  // 02:30 CET
  EXPECT_THAT(on_call(*weekly, "2026-11-01T01:29:59.999Z"), ElementsAre("b"));
  EXPECT_THAT(on_call(*weekly, "2026-11-01T01:30:00Z"), ElementsAre("a"));
}

TEST(Roster, TwoWeeksAreCountedFromTheirBeginningAlsoOverWeek53) {
  // 2026 has 53 ISO weeks: counting even and odd week numbers would hand over twice in a row.
  const auto roster = roster_of(
      "zone: Asia/Shanghai\n"
      "roles: {boss: {rotation: {people: [a, b, c], every: 2 weeks, hand_over: \"Mon 09:00\", "
      "from: 2026-12-14}}}\n");
  EXPECT_THAT(on_call(*roster, "2026-12-28T00:59:59.999Z"), ElementsAre("a"));
  EXPECT_THAT(on_call(*roster, "2026-12-28T01:00:00Z"), ElementsAre("b"));  // week 53
  EXPECT_THAT(on_call(*roster, "2027-01-04T01:00:00Z"), ElementsAre("b"));  // week 1
  EXPECT_THAT(on_call(*roster, "2027-01-11T00:59:59.999Z"), ElementsAre("b"));
  EXPECT_THAT(on_call(*roster, "2027-01-11T01:00:00Z"), ElementsAre("c"));
  EXPECT_THAT(on_call(*roster, "2027-01-25T01:00:00Z"), ElementsAre("a"));
}

TEST(Roster, ARotationThatBeginsInMidWeekIsHandedOverOnTheNextDay) {
  const auto roster = roster_of(
      "zone: Asia/Shanghai\n"
      "roles: {boss: {rotation: {people: [a, b], hand_over: \"Mon 09:00\", from: 2026-03-04}}}\n");
  EXPECT_THAT(on_call(*roster, "2026-03-03T15:59:59.999Z"), IsEmpty());
  EXPECT_THAT(on_call(*roster, "2026-03-03T16:00:00Z"), ElementsAre("a"));  // Wednesday
  EXPECT_THAT(on_call(*roster, "2026-03-09T01:00:00Z"), ElementsAre("b"));
}

TEST(Roster, TheLaterLayerWinsInItsHours) {
  const auto roster = roster_of(R"(
zone: Asia/Shanghai
roles:
  boss:
    rotation:
      - {people: [night], from: 2026-01-01}
      - {people: [day, noon], every: day, hand_over: "09:00", from: 2026-03-02, hours: {mon-fri: ["09:00-18:00"]}}
      - {people: [lunch], from: 2026-03-02, hours: ["12:00-13:00"]}
away: [{person: noon, from: 2026-03-03, until: 2026-03-03}, {person: day, from: 2026-03-03, until: 2026-03-03}]
)");
  EXPECT_THAT(on_call(*roster, "2026-03-02T00:59:59.999Z"), ElementsAre("night"));
  EXPECT_THAT(on_call(*roster, "2026-03-02T01:00:00Z"), ElementsAre("day"));
  EXPECT_THAT(on_call(*roster, "2026-03-02T04:00:00Z"), ElementsAre("lunch"));
  EXPECT_THAT(on_call(*roster, "2026-03-02T09:59:59.999Z"), ElementsAre("day"));
  EXPECT_THAT(on_call(*roster, "2026-03-02T10:00:00Z"), ElementsAre("night"));
  EXPECT_THAT(on_call(*roster, "2026-03-03T01:00:00Z"), ElementsAre("night"));  // both are away
  EXPECT_THAT(on_call(*roster, "2026-03-04T01:00:00Z"), ElementsAre("day"));
  EXPECT_THAT(on_call(*roster, "2026-03-05T01:00:00Z"), ElementsAre("noon"));
  EXPECT_THAT(on_call(*roster, "2026-03-07T01:00:00Z"), ElementsAre("night"));  // Saturday
  EXPECT_THAT(on_call(*roster, "2026-03-07T04:30:00Z"), ElementsAre("lunch"));  // each day
}

TEST(Roster, TheNextChangeMissesNoHandOverNoHourAndNoAbsence) {
  const auto roster = roster_of(kWeekly);
  std::vector<std::string> changes;
  for (Instant t = at("2026-03-01T00:00:00Z"); changes.size() < 9;) {
    t = roster->next_change("boss", t);
    changes.push_back(format_rfc3339(t).substr(5, 11));
  }
  EXPECT_THAT(changes,
              ElementsAre("03-01T16:00", "03-07T01:00", "03-08T01:00", "03-09T01:00", "03-11T16:00",
                          "03-12T16:00", "03-13T04:00", "03-13T16:00", "03-16T01:00"));
}

TEST(Roster, TheShortFormStillWorks) {
  const auto roster = roster_of(
      "on_call: {boss: Wang Fang, expert: [Zhao Lei, Ana]}\n"
      "fallback: {boss: Duty desk}\n"
      "away: [Wang Fang]\n");
  EXPECT_THAT(on_call(*roster, "2026-03-02T00:00:00Z"), IsEmpty());
  EXPECT_THAT(on_call(*roster, "2026-03-02T00:00:00Z", "expert"), ElementsAre("Zhao Lei", "Ana"));
  Roster::Persons persons;
  const std::vector<std::string> one = {"Wang Fang"};  // what is resolved points into it
  roster->resolve("boss", one, Instant{0}, persons);
  EXPECT_THAT(persons, ElementsAre("Duty desk"));
}

TEST(Roster, APersonIsKnownByIdNameOrAlias) {
  const auto roster = roster_of(R"(
people:
  wang.fang: {name: 王芳, aliases: [Wang Fang, Fanny], language: zh}
  li.wei:
away: [Fanny]
last_resort: [王芳, li.wei]
)");
  EXPECT_EQ(roster->id_of("王芳"), "wang.fang");
  EXPECT_EQ(roster->id_of("Fanny"), "wang.fang");
  EXPECT_EQ(roster->id_of("Somebody"), "Somebody");
  EXPECT_EQ(roster->person("Somebody"), nullptr);
  EXPECT_THAT(roster->words_for("Fanny"), ElementsAre("Fanny", "wang.fang", "王芳", "Wang Fang"));
  EXPECT_THAT(roster->words_for("li.wei"), ElementsAre("li.wei"));
  EXPECT_THAT(roster->words_for("Somebody"), ElementsAre("Somebody"));
  ASSERT_NE(roster->person("Wang Fang"), nullptr);
  EXPECT_EQ(roster->person("Wang Fang")->language, "zh");
  EXPECT_TRUE(roster->is_away("Wang Fang", Instant{0}));
  Roster::Persons persons;
  const std::vector<std::string> two = {"Wang Fang", "Ana"};  // what is resolved points into it
  roster->resolve("boss", two, Instant{0}, persons);
  EXPECT_THAT(persons, ElementsAre("Ana"));
  persons.clear();
  roster->everybodys_last_resort(Instant{0}, persons);
  EXPECT_THAT(persons, ElementsAre("li.wei"));
}

TEST(Roster, TheLastResortIsToldEvenWhereAllAreAway) {
  const auto roster = roster_of("away: [a, b]\nlast_resort: [a, b]\n");
  Roster::Persons persons;
  roster->everybodys_last_resort(Instant{0}, persons);
  EXPECT_THAT(persons, ElementsAre("a", "b"));
}

TEST(Roster, ChannelsAndDigestsAreRead) {
  const auto roster = roster_of(R"(
zone: Asia/Shanghai
people:
  ana: {zone: America/New_York, channels: [{via: desk, mention: ana, private: true}, {via: call, to: "+861", after: 90s}, mail], low: {digest: "09:30"}}
)");
  const Person& ana = *roster->person("ana");
  ASSERT_EQ(ana.channels.size(), 3U);
  EXPECT_TRUE(ana.channels[0].is_private);
  EXPECT_EQ(ana.channels[0].mention, "ana");
  EXPECT_EQ(ana.channels[1].after, seconds(90));
  EXPECT_EQ(ana.channels[2].via, "mail");
  EXPECT_EQ(ana.digest, minutes(570));
  EXPECT_EQ(ana.zone->name(), "America/New_York");
}

struct Mistake {
  const char* text;
  int line;
  const char* reason;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.reason; }

class RosterMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(RosterMistakes, AreReportedWithTheirLine) {
  const auto result = compiled(GetParam().text);
  const auto* errors = std::get_if<std::vector<PolicyError>>(&result);
  ASSERT_NE(errors, nullptr);
  ASSERT_EQ(errors->size(), 1U) << (*errors)[1].reason;
  EXPECT_EQ(errors->front().line, GetParam().line) << errors->front().reason;
  EXPECT_THAT(errors->front().reason, HasSubstr(GetParam().reason));
}

#define LAYER(what) "roles:\n  boss:\n    rotation: {people: [a], from: 2026-03-02, " what "}\n"
INSTANTIATE_TEST_SUITE_P(
    All, RosterMistakes,
    ::testing::Values(
        Mistake{"\nlast_resorts: [a]\n", 2, "did you mean `last_resort`"},
        Mistake{"zone: Asia/Shangai\n", 1, "Asia/Shangai"},
        Mistake{"people:\n  a: {name: X}\n  b: {aliases: [X]}\n", 3, "also means a"},
        Mistake{"people:\n  a: {language: fr}\n", 2, "zh or en"},
        Mistake{"people:\n  a: {channels: [{to: x}]}\n", 2, "`via` is missing"},
        Mistake{"people:\n  a: {channels: [mail, {via: mail}]}\n", 2, "twice"},
        Mistake{"people:\n  a: {channels: [{via: x, after: soon}]}\n", 2,
                "after must be a duration like 90s or 2m, not `soon`"},
        Mistake{"people:\n  a: {low: {digest: \"24:00\"}}\n", 2,
                "digest must be a time of day like 09:00, not `24:00`"},
        Mistake{LAYER("every: 3 days"), 3,
                "every must be day, week or 2 weeks … 104 weeks, not `3 days`"},
        Mistake{LAYER("hand_over: \"Monday 09:00\", every: month"), 3, "month"},
        Mistake{LAYER("hand_over: \"Funday 09:00\""), 3,
                "hand_over must be like \"Mon 09:00\", not `Funday 09:00`"},
        Mistake{LAYER("hand_over: \"09:00\""), 3, "a weekday is missing"},
        Mistake{LAYER("every: day, hand_over: \"Mon 09:00\""), 3, "only a time"},
        Mistake{LAYER("hours: {mon-fry: [\"09:00-12:00\"]}"), 3, "not `mon-fry`"},
        Mistake{"roles:\n  boss:\n    rotation: {people: [a]}\n", 3, "`from` is missing"},
        Mistake{"roles:\n  boss:\n    rotation: {people: [a], from: 2026-02-30}\n", 3,
                "from must be a date like 2026-03-02, not `2026-02-30`"},
        Mistake{"away:\n  - {person: a, from: 2026-10-02, until: 2026-10-01}\n", 2, "not after"},
        Mistake{"away:\n  - {person: a, from: yesterday}\n", 2,
                "from must be a date like 2026-10-01 or an instant like 2026-10-01T09:00+08:00, "
                "not `yesterday`"},
        Mistake{"overrides:\n  - {role: b, person: a, from: 2026-10-01}\n", 2,
                "`until` is missing"},
        Mistake{"- a\n", 1, "a roster is a map"}));
#undef LAYER

TEST(RosterCheck, FindsARoleThatNobodyKnowsWithItsLine) {
  const auto roster = roster_of(
      "last_resort: [Duty Desk]\non_call:\n  expert: Zhao Lei\n  service_directr: Wang Fang\n");
  Policy policy;
  policy.roles = {"expert", "service_director"};
  const RosterFindings found = check_roster(*roster, policy, Instant{0}, "r.yaml");
  ASSERT_EQ(found.mistakes.size(), 1U);
  EXPECT_EQ(found.mistakes[0].line, 4);
  EXPECT_THAT(found.mistakes[0].reason, HasSubstr("did you mean `service_director`?"));
  ASSERT_EQ(found.empty.size(), 1U);
  EXPECT_THAT(found.empty[0].reason, HasSubstr("nobody plays `service_director` from"));
}

TEST(RosterCheck, FindsGapsOverlapsPeopleWithoutAChannelAndWhoIsNotKnown) {
  const auto roster = roster_of(R"(
zone: Asia/Shanghai
people: {a: {channels: [desk]}, b: }
roles:
  boss:
    rotation:
      - {people: [a], from: 2026-03-02, hours: {mon-fri: ["09:00-18:00"]}}
      - {people: [a], from: 2026-03-02, hours: {mon-fri: ["09:00-12:00"]}}
      - {people: [c], from: 2026-03-02, hours: {mon-fri: ["11:00-13:00"]}}
    fallback: b
  other: {on_call: [a]}
)");
  Policy policy;
  policy.roles = {"boss", "other"};
  const std::vector<std::string> channels{"mail"};
  const auto found = check_roster(*roster, policy, at("2026-03-02T01:00:00Z"), "r.yaml", &channels);
  std::vector<std::string> mistakes, notes;
  for (const PolicyError& e : found.mistakes)
    mistakes.push_back(std::to_string(e.line) + " " + e.reason);
  for (const PolicyError& e : found.notes) notes.push_back(std::to_string(e.line) + " " + e.reason);
  EXPECT_THAT(mistakes, ElementsAre(HasSubstr("9 roles boss rotation people: `c` is not among"),
                                    HasSubstr("`last_resort` is missing"),
                                    HasSubstr("3 people a: no channel `desk`")));
  EXPECT_THAT(found.empty, IsEmpty());
  EXPECT_THAT(
      notes,
      ElementsAre(HasSubstr("5 a gap in the rotation of `boss` from 2026-03-02T10:00Z to "
                            "2026-03-03T01:00Z, and 19 times more"),
                  HasSubstr("overlap from 2026-03-02T03:00Z to 2026-03-02T04:00Z, and 19 times"),
                  HasSubstr("3 `b` has no channel")));
}

}  // namespace
}  // namespace tocsin
