// Every kind of mistake in a policy is reported with its line, a reason, and nothing besides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/policy/compile/yaml.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/small_policy.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

int line_of(const std::string& text, std::size_t at) {
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

PolicyText text_of(std::string text) {
  PolicyText out;
  out.name = "small.yaml";
  out.text = std::move(text);
  return out;
}

struct Mistake {
  const char* what;
  const char* from;    // in kSmallPolicy, once
  const char* to;      // instead
  const char* reason;  // what the one error says
  int below = 0;       // lines below the place
};

std::ostream& operator<<(std::ostream& out, const Mistake& m) { return out << m.what; }

class PolicyMistakes : public ::testing::TestWithParam<Mistake> {};

TEST(PolicyMistake, TheSmallPolicyIsSound) {
  EXPECT_TRUE(errors_of(text_of(kSmallPolicy)).empty());
}

TEST_P(PolicyMistakes, IsReportedAlone) {
  const Mistake& m = GetParam();
  std::string text = kSmallPolicy;
  const std::size_t at = text.find(m.from);
  ASSERT_NE(at, std::string::npos);
  ASSERT_EQ(text.find(m.from, at + 1), std::string::npos) << "the place is not the only one";
  text.replace(at, std::string(m.from).size(), m.to);
  const auto errors = errors_of(text_of(text));
  ASSERT_FALSE(errors.empty());
  std::string all;
  for (const PolicyError& e : errors) all += std::to_string(e.line) + ": " + e.reason + "\n";
  EXPECT_EQ(errors.size(), 1U) << all;
  EXPECT_THAT(errors[0].reason, HasSubstr(m.reason));
  EXPECT_EQ(errors[0].line, line_of(text, at) + m.below) << all;
  EXPECT_EQ(errors[0].file, "small.yaml");
}

// clang-format off
const Mistake kMistakes[] = {
    // ---- the file
    {"UnknownKey", "target: 95%", "targets: 95%", "the policy: unknown key `targets` (did you mean `target`?)"},
    {"KeyTwice", "target: 95%", "tiers: [X]", "`tiers` is there twice, first on line 5"},
    {"KeyThatIsNoText", "target: 95%", "[a]: 95%", "a key must be text"},
    {"SecondDocument", "target: 95%", "target: 95%\n---\npolicy: other", "only one document", 1},
    {"NoYaml", "urgent: [P1]", "urgent: [P1", "not readable as YAML", 1},
    {"NoName", "policy: small\n", "", "the policy: `policy` is missing"},
    // ---- its words
    {"NameTwice", "tiers: [A, B]", "tiers: [A, B, A]", "tiers: `A` is there twice"},
    {"NameWithSpace", "roles: [assignee, owner,", "roles: [assignee, owner, \"an other\",", "a name has no spaces"},
    {"EmptyList", "urgent: [P1]", "urgent: {P1: true}", "urgent must be a list"},
    {"ThreeThresholds", "thresholds: [target, limit]", "thresholds: [target, limit, last]", "at most 2 names"},
    {"WarnedTwiceAtOnce", "warn: 2/3", "warn: [2/3, 4/6]", "ticket.answer warn: `4/6` is there twice"},
    {"FigureOfNothing", "threshold: limit, beside: target}", "threshold: limit, beside: target}\n  promises: {clock: ticket.promise, threshold: limit}",
     "figures promises threshold: none of its clocks has a `limit`", 1},
    {"UrgentUnknown", "urgent: [P1]", "urgent: [P9]", "urgent: unknown priority `P9`"},
    {"DefaultTierUnknown", "default_tier: B", "default_tier: D", "default_tier: unknown tier `D`"},
    {"HoursMissing", "hours: {A: 24x7, B: business}", "hours: {A: 24x7}", "hours: those of tier `B` are missing"},
    {"HoursUnknownCalendar", "hours: {A: 24x7, B: business}", "hours: {A: 24x7, B: busines}", "unknown calendar `busines` (did you mean `business`?)"},
    {"HoursUnknownTier", "hours: {A: 24x7, B: business}", "hours: {A: 24x7, B: business, C: business}", "hours: unknown tier `C`"},
    {"WorkingDaysUnknown", "working_days: business", "working_days: weekdays", "working_days: unknown calendar `weekdays`"},
    {"TargetNoPercentage", "target: 95%", "target: 0.95", "target must be a percentage"},
    {"TargetTooLarge", "target: 95%", "target: 101%", "target must be a percentage"},
    {"QuietWithoutOffset", "2026-01-01T00:00:00Z", "2026-01-01", "quiet_before must be an instant"},
    // ---- calendars
    {"ZoneUnknown", "zone: Asia/Shanghai", "zone: Asia/Shangai", "no time zone `Asia/Shangai`"},
    {"ZoneMissing", "    zone: Asia/Shanghai\n", "", "calendar business: `zone` is missing", -1},
    {"HolidayAndWorkday", "workdays: [2026-01-04,", "workdays: [2026-01-01,", "2026-01-01 is a workday here and a holiday on line 17"},
    {"WorkdayTwice", "workdays: [2026-01-04,", "workdays: [2026-02-14,", "2026-02-14 is a workday on line 18 already"},
    {"NoDate", "holidays: [2026-01-01,", "holidays: [2026-02-30,", "calendar business holidays must be a date like 2026-02-17, not `2026-02-30`"},
    {"HoursBackwards", "09:00-12:00\", \"13:00", "12:00-09:00\", \"13:00", "closes before it opens"},
    {"HoursNoTime", "09:00-12:00\", \"13:00", "9-12\", \"13:00", "calendar business hours mon-fri must be like 09:00-12:00, not `9-12`"},
    {"HoursNoWeekday", "mon-fri", "mon-fry", "must be of a weekday like sat, or a range like mon-fri, not `mon-fry`"},
    {"NeverOpens", "{mon-fri: [\"09:00-12:00\", \"13:00-18:00\"]}", "{}", "it never opens"},
    {"ConfirmedNoYear", "confirmed: [2026]", "confirmed: [soon]", "calendar business confirmed must be years like 2026, not `soon`"},
    {"CalendarUnknownKey", "confirmed: [2026]", "comfirmed: [2026]", "calendar business: unknown key `comfirmed`"},
    {"CalendarFileMissing", "  24x7: always", "  24x7: always\n  other: calendars/none.yaml", "there is no file `calendars/none.yaml`", 1},
    {"CalendarCalledTier", "  24x7: always", "  24x7: always\n  tier: always", "`tier` already means", 1},
    {"CalendarNoMap", "  24x7: always", "  24x7: always\n  other: [1]", "calendar other must be a map", 1},
    // ---- kinds and facts
    {"KindReserved", "  change:\n    stages", "  fault: {facts: {made: {creates: true}}}\n  change:\n    stages", "`fault` is kept for the product's own events"},
    {"NothingCreates", "tiered: {creates: true, data", "tiered: {data", "account: no fact creates it", -1},
    {"FactUnknownKey", "joined: {always: true, data: {role!", "joined: {allways: true, data: {role!", "account.joined: unknown key `allways` (did you mean `always`?)"},
    {"FormUnknown", "satisfaction: 1..5}}", "satisfaction: 1..5, note: txt}}", "ticket.closed.note: unknown form `txt`"},
    {"ScoreBackwards", "closed: {data: {satisfaction: 1..5}}", "closed: {data: {satisfaction: 1..5, other: 5..1}}", "unknown form `5..1`"},
    {"TwoDues", "promised: {data: {by!: due}}", "promised: {data: {by!: due, or: due, also: due}}", "only one field may have the form of due, and `by` has"},
    {"TwoChoices", "from!: [customer, staff]}", "from!: [customer, staff], how: [chat]}", "only one field may have the form of a list of words"},
    {"WordTwice", "subjects: [screening, audit]", "subjects: [screening, screening]", "`screening` is there twice"},
    {"FieldTwice", "promised: {data: {by!: due}}", "promised: {data: {by!: due, by: any}}", "field `by` is there twice"},
    {"FlagNoFlag", "assigned: {always: true", "assigned: {always: yes", "ticket.assigned always must be true or false"},
    {"AcknowledgesNothing", "escalation!: group", "escalation!: any", "needs a field of the form `group`"},
    {"OwnEvent", "      approved:\n    routing", "      approved:\n      withdrawn:\n    routing", "change.withdrawn is one of the product's own events", 1},
    {"DottedFact", "      promised: {data", "      duty.promised: {}\n      promised: {data", "a name with a dot"},
    {"AboutOther", "about: account", "about: tenant", "account about must be `account`, not `tenant`"},
    {"AssigneeWithoutPerson", "assignee: assigned", "assignee: paused", "`paused` has no field of the form `person`"},
    {"VerbUnknown", "resolved: [resolved]\n    reopened", "resolved: [resolvd]\n    reopened", "unknown fact of ticket `resolvd` (did you mean `resolved`?)"},
    {"EndedUnknown", "ended: {closed: [reopened],", "ended: {shut: [], closed: [reopened],", "ticket ended: unknown fact of ticket `shut`"},
    {"DefaultPriorityUnknown", "default: P2", "default: P3", "unknown priority `P3`"},
    {"UrgencyOfKind", "    assignee: assigned", "    urgency: low\n    assignee: assigned", "ticket urgency must be `high`, of a kind, not `low`"},
    {"TierWithoutField", "tier: tiered", "tier: visited", "`visited` has no field of the form `tier`"},
    // ---- stages
    {"StageUnknown", "to: approved}", "to: aproved}", "unknown stage `aproved` (did you mean `approved`?)"},
    {"MoveBackwards", "from: [asked], to: approved}", "from: [approved], to: approved}", "a move goes to a later stage"},
    {"MoveWithoutFrom", "from: [asked], to: approved}", "to: approved}", "`from` is missing"},
    {"NoFirstStage", "- {on: asked, to: asked}", "- {on: asked, from: [asked], to: approved}", "no move enters a first stage", -2},
    {"EntersEarlier", "breach: {enters: approved}", "breach: {enters: asked}", "enters a later stage"},
    // ---- who is told
    {"RoleUnknown", "{after: 5m, tell: [expert]}", "{after: 5m, tell: [expret]}", "unknown role `expret` (did you mean `expert`?)"},
    {"TellsNobody", "{after: 5m, tell: [expert]}", "{after: 5m, tell: []}", "a step tells nobody"},
    {"TellMissing", "{after: 5m, tell: [expert]}", "{after: 5m}", "`tell` is missing"},
    {"AfterMissing", "{after: 5m, tell: [expert]}", "{tell: [expert]}", "only the first step has no `after`"},
    {"AfterNoDuration", "{after: 5m, tell: [expert]}", "{after: soon, tell: [expert]}", "after must be a duration like 90s, 15m, 2h, 1d or 3wd, not `soon`"},
    {"AfterFirst", "steps: [{tell: [manager]}, {after: 5m", "steps: [{after: 1m, tell: [manager]}, {after: 5m", "the first step is told at once"},
    {"StepsOutOfOrder", "{after: 5m, tell: [expert]}]", "{after: 5m, tell: [expert]}, {after: 5m, tell: [manager]}]", "steps come one after the other"},
    {"TimesTooMany", "{after: 5m, tell: [expert]}", "{after: 5m, tell: [expert], times: 5000}", "a whole number from 1 to 1000"},
    {"OnUnknown", "on: [opened, raised]", "on: [opened, lowered]", "ticket routing P1 on must be of opened, raised and reopened, not `lowered`"},
    {"RoutingUnknownPriority", "      P1: {on:", "      P7: {on:", "unknown priority `P7`"},
    {"RoutingPriorityOfUnprioritised", "      stage asked: {steps", "      P1: {steps", "change has no `priorities`"},
    {"RoutingNeverCleared", "      cleared_by: [approved]\n", "", "`cleared_by` is missing", -2},
    {"AssigneeOfNobody", "stage asked: {steps: [{tell: [manager]}]}", "stage asked: {steps: [{tell: [assignee]}]}", "change has no `assignee`"},
    {"OwnerOfNothing", "stage asked: {steps: [{tell: [manager]}]}", "stage asked: {steps: [{tell: [owner]}]}", "no creating fact of change has a field of the form `owner`"},
    {"WarningWithSteps", "warning: {steps: [{tell: [assignee]}],", "warning: {steps: [{tell: [assignee]}, {after: 1h, tell: [expert]}],", "a warning has one step"},
    {"ThresholdOfBreachUnknown", "breach: {steps: [{tell: [assignee]}, {after: 1wd, tell: [manager]}]}", "breach: {target: {steps: [{tell: [assignee]}]}, limt: {steps: [{tell: [manager]}]}}", "unknown threshold `limt`"},
    {"FaultWithoutModule", "module: module", "module: any", "`opened` has no field of the form `module`", 15},
    {"FaultWeeks", "weeks: 3", "weeks: 0", "weeks must be a whole number from 1 to 52"},
    // ---- clocks
    {"ClockOfNoKind", "  ticket.promise:", "  tickt.promise:", "there is no kind `tickt`"},
    {"ClockWithoutDot", "  ticket.promise:", "  promise:", "a clock is called like `ticket.response`"},
    {"ClockUnknownKey", "    grace: 30s", "    graze: 30s", "unknown key `graze` (did you mean `grace`?)"},
    {"StartMissing", "    start: [stage asked]\n", "", "`start` is missing", -2},
    {"StartUnknownFact", "start: [promised]", "start: [promissed]", "unknown fact of ticket `promissed`"},
    {"WordUnknown", "messaged from=customer unless-resolved", "messaged from=client unless-resolved", "unknown from `client`"},
    {"ConditionUnknown", "messaged from=customer unless-resolved", "messaged from=customer if-open", "unknown condition `if-open`"},
    {"ConditionTwice", "messaged from=customer unless-resolved", "messaged from=customer from=staff", "`from` is there twice"},
    {"FieldWithoutWords", "messaged from=customer unless-resolved", "messaged by=customer unless-resolved", "no field `by` with words"},
    {"StopAtStage", "    stop: [approved]", "    stop: [stage approved]", "entering a stage counts only where a clock starts"},
    {"FirstInStop", "    stop: [resolved]", "    stop: [first resolved]", "`first` counts only where a clock starts"},
    {"HoursOfPriorityMissing", "hours: {P1: tier, P2: business}", "hours: {P2: business}", "hours of `P1` are missing"},
    {"AllowNoDuration", "limit: 1h}", "limit: 1hour}", "ticket.answer allow P1 limit must be a duration like 90s, 15m, 2h, 1d or 3wd, or `given` (`given FIELD`) by the fact that starts it, not `1hour`"},
    {"AllowNothing", "limit: 1h}", "limit: 0h}", "fact that starts it, not `0h`"},
    {"AllowTooLong", "limit: 1h}", "limit: 9999999999h}", "not `9999999999h`"},
    {"AllowUnknownThreshold", "limit: 1h}", "limits: 1h}", "unknown threshold `limits` (did you mean `limit`?)"},
    {"TargetAfterLimit", "limit: 1h}", "limit: 10m}", "`target` is longer than `limit`"},
    {"AllowByPriorityOfUnprioritised", "allow: {target: 4h}", "allow: {P1: {target: 4h}}", "allow by priority, but change has no `priorities`"},
    {"AllowMissing", "    allow: {target: 30m}\n", "", "ticket.progress: `allow` is missing", -6},
    {"WorkingDaysElsewhere", "allow: {target: 4h}", "allow: {target: 4wd}", "need the policy's `working_days` as hours"},
    {"GivenByNobody", "allow: {target: 4h}", "allow: {target: given}", "`given`, but entering a stage has no field of the form `due`"},
    {"GivenMaybe", "promised: {data: {by!: due}}", "promised: {data: {by: due}}", "`promised` may lack its due; start with `with-due`", 58},
    {"SetByWithoutDue", "set_by: [promised]", "set_by: [paused]", "`paused` has no field of the form `due`"},
    {"WarnNoFraction", "warn: 2/3", "warn: 3/2", "ticket.answer warn must be a fraction below 1, like 2/3, or like `30m before` or `2wd before`, or a list of such, not `3/2`"},
    {"WarnNoDays", "warn: 1wd before", "warn: 1 before", "a list of such, not `1 before`"},
    {"GraceInDays", "grace: 30s", "grace: 2wd", "grace must be a time like 30s or 5m, not `2wd`"},
    {"UrgencyOfClock", "urgency: low", "urgency: high", "urgency must be `low`, of a clock, not `high`"},
    {"RestsForEver", "rest_after: 10, woken_by: [reopened]", "rest_after: 10", "it would rest for ever"},
    {"NotWhileOther", "not_while: resolved", "not_while: paused", "not_while must be `resolved`, not `paused`"},
    {"PausesNothing", "    stop: [approved]\n", "    stop: [approved]\n    pauses: true\n", "`pauses`, but change has no `paused`", 1},
    {"NeverLaterThanNothing", "    stop: [approved]\n", "    stop: [approved]\n    never_later: true\n", "nothing sets its due", 1},
    {"PausesInWaitsWithoutWords", "pauses: true", "pauses: [customer]", "no fact under `paused` of ticket has a field of the form `wait`"},
    {"WarnAgainWithoutWarn", "rest_after: 10,", "rest_after: 10, warn_again: false,", "warn_again does nothing without `warn`"},
    {"GivenOfAnotherName", "allow: {target: given}", "allow: {target: given until}", "`promised` has no due of that name"},
    {"WarningWithoutWarn", "    stop: [approved]\n", "    stop: [approved]\n    warning: {steps: [{tell: [manager]}]}\n", "`warning` does nothing without `warn`", 1},
    {"ClearedByWhatRaises", "cleared_by: [messaged from=staff, resolved]", "cleared_by: [messaged from=staff, prioritized]", "cleared_by holds `prioritized`, which also raises"},
    {"RaisedToTheLowest", "P1: {on: [opened, raised]", "P2: {on: [opened, raised]", "no priority is lower"},
    {"WorkingDaysOfNoTier", "working_days: business", "working_days: {default: business, Z: business}", "unknown tier `Z`"},
    {"LabelOfNothing", "quiet_before: 2026-01-01T00:00:00Z", "labels: {tickt: {en: Ticket}}", "nothing is called so"},
    // ---- what can do nothing, or silences what raises
    {"BreachOfNoThreshold", "    set_by: [promised]\n", "    set_by: [promised]\n    breach: {limit: {steps: [{tell: [manager]}]}}\n", "ticket.promise breach limit: nothing is allowed by this name; allowed is `target`", 1},
    {"BreachOfNoThresholdOfACadence", "breach: {by_tier: {A: [{tell: [manager]}], B: [{tell: [expert]}]}}", "breach: {limit: {steps: [{tell: [manager]}]}}", "account.visit breach limit: nothing is allowed by this name; allowed is `target`"},
    {"UnlessWhatAlwaysCounted", "start: [promised]", "start: [promised]\n    unless: [opened]", "ticket.promise unless: `opened` always counted before `promised`, which never starts it then", 1},
    {"NotWhileWhatStartsIt", "  change.approval:\n", "  ticket.review: {start: [resolved], not_while: resolved, allow: {target: 1h}}\n  change.approval:\n", "ticket.review not_while does nothing at `resolved`, which starts it, and resolves"},
    {"RevivedByWhatCreatesNothing", "revived: [tiered]", "revived: [visited]", "account revived: `visited` creates nothing, so it revives nothing; allowed is what creates: `tiered`"},
    {"RevivedWhatNeverEnds", "    ended: {closed: []}\n    periods", "    periods", "`revived` does nothing, for nothing ends it", -1},
    {"TwoDuesAndNoneNamed", "promised: {data: {by!: due}}", "promised: {data: {by!: due, until!: due}}", "ticket.promise: `promised` carries two dues: write `given by` or `given until`", 58},
    // ---- cadences
    {"EveryUnknown", "A: month", "A: fortnight", "account.visit every A must be week, month, quarter or half-year, not `fortnight`"},
    {"CountWithoutPeriod", "every: {A: month, B: quarter}", "every: {A: month}", "a count for tier `B`, but no period", 1},
    {"CountNoNumber", "count: {A: 2,", "count: {A: two,", "a whole number from 0 to 1000"},
    {"MatchMissing", "    match: visited\n", "", "account.visit: `match` is missing", -3},
    {"DueUnknown", "due: day 5", "due: day 32", "day 1 to day 31"},
    {"NoPeriodsBegin", "    periods_begin: [tiered]\n", "", "account has no `periods_begin`", 36},
    // ---- figures
    {"FigureOfNoClock", "{clock: ticket.answer,", "{clock: ticket.anser,", "unknown clock `ticket.anser` (did you mean `ticket.answer`?)"},
    {"FigureOfNoScore", "ticket.closed satisfaction", "ticket.closed happiness", "no field `happiness` with a range of numbers"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Each, PolicyMistakes, ::testing::ValuesIn(kMistakes),
                         [](const auto& m) { return m.param.what; });

TEST(PolicyMistake, FiveMistakesAreFiveErrors) {
  std::string text = kSmallPolicy;
  const auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("roles: [assignee, owner, manager",
          "roles: [assignee, owner, boss");  // and its four uses go
  for (std::size_t at = text.find("[manager]"); at != std::string::npos;
       at = text.find("[manager]")) {
    text.replace(at, 9, "[boss]");
  }
  replace("default_tier: B", "default_tier: Z");
  replace("zone: Asia/Shanghai", "zone: Asia/Nowhere");
  replace("from!: [customer, staff]", "from!: [customer, customer, staff]");
  replace("warn: 2/3", "warn: often");
  replace("match: visited", "match: seen");
  const auto errors = errors_of(text_of(text));
  std::string all;
  for (const PolicyError& e : errors) all += std::to_string(e.line) + ": " + e.reason + "\n";
  ASSERT_EQ(errors.size(), 5U) << all;
  EXPECT_EQ(errors[0].line, 6);
  EXPECT_EQ(errors[1].line, 15);
  EXPECT_THAT(errors[2].reason, HasSubstr("`customer` is there twice"));
  EXPECT_THAT(errors[3].reason, HasSubstr("`often`"));
  EXPECT_THAT(errors[4].reason, HasSubstr("unknown fact of account `seen`"));
}

TEST(PolicyMistake, ACalendarsFileIsNamedWithItsOwnLine) {
  PolicyText text = shipped_text("key-account");
  std::string& file = text.files.at("calendars/cn-business.yaml");
  const std::size_t at = file.find("zone: Asia/Shanghai");
  file.replace(at, 19, "zone: Mars/Olympus");
  const auto errors = errors_of(text);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].file, "calendars/cn-business.yaml");
  EXPECT_EQ(errors[0].line, line_of(file, at));
}

TEST(PolicyMistake, SixtyFiveFactsAreTooMany) {
  std::string text = kSmallPolicy;
  std::string more;
  for (int i = 0; i < 64; ++i) more += "      fact" + std::to_string(i) + ":\n";
  const std::size_t at = text.find("      approved:\n    routing");
  text.insert(at, more);
  const auto errors = errors_of(text_of(text));
  ASSERT_EQ(errors.size(), 1U) << errors.back().reason;
  EXPECT_THAT(errors[0].reason, HasSubstr("change facts: more than 64"));
}

// ---- what a text may do to the reader itself
// -----------------------------------------------------

TEST(PolicyMistake, TextsThatLeadNowhereAreRefused) {
  std::string deep(200, '[');
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i)
      bomb += std::string(i == 0 ? "*" : ",*") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  for (const std::string& text :
       {std::string(), std::string("- a\n- b\n"), std::string("42"), std::string("\xff\xfe"),
        std::string("a: &a [*a]\n"), std::string("a: *b\n"), deep, bomb,
        std::string(kYamlBytesMax + 1, ' '), std::string("%YAML 9.9\n---\na: b"),
        std::string("? {a: b}\n: c\n"), std::string("\0a: b", 5)}) {
    EXPECT_FALSE(errors_of(text_of(text)).empty()) << text.substr(0, 60);
    EXPECT_TRUE(policy_includes(text).empty());
  }
}

TEST(PolicyMistake, AliasesRepeatWhatCameBefore) {
  std::string text = kSmallPolicy;
  const auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("breach: {steps: [{tell: [assignee]}, {after: 1wd, tell: [manager]}]}",
          "breach: &told {steps: [{tell: [manager]}]}");
  replace("    due: day 5\n    breach: {by_tier: {A: [{tell: [manager]}], B: [{tell: [expert]}]}}",
          "    due: day 5\n    breach: *told");
  EXPECT_TRUE(errors_of(text_of(text)).empty());
  const auto policy = compiled(text_of(text));
  for (const KindSpec& kind : policy->kinds) {
    if (kind.name != "account") continue;
    EXPECT_EQ(kind.clocks.front().on_breach[ThresholdCode(0)].ladder.steps.size(), 1U);
  }
}

// What looks like nothing and is not: each starts, stops or forbids something.
TEST(PolicyMistake, WhatDoesSomethingIsNotRefused) {
  for (const char* clock :
       {"{start: [promised], unless: [promised], allow: {target: 1h}}",  // the first alone
        "{start: [promised], cancel: [promised], allow: {target: 1h}}",  // each begins anew
        "{start: [resolved], cancel: [resolved], allow: {target: 1h}}",  // it outlives a reopening
        "{start: [opened], unless: [opened], allow: {P1: {target: 1h}}}",  // not at a raise to P1
        "{start: [opened], not_while: resolved, stop: [resolved], allow: {target: 1h}}"}) {
    std::string text = kSmallPolicy;
    text.insert(text.find("  change.approval:\n"), std::string("  ticket.more: ") + clock + "\n");
    const auto errors = errors_of(text_of(text));
    EXPECT_TRUE(errors.empty()) << clock << ": " << errors[0].reason;
  }
}

}  // namespace
}  // namespace tocsin
