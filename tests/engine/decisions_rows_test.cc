// Every row of the contract's §5: met one millisecond before the due and at it, missed one later.
//
// The arithmetic stands beside each row. Business hours are 09:00–12:00 and 13:00–18:00; tier A
// runs around the clock. 2 March 2026 is a Monday. Holidays: 15–23 February (Sunday to Monday);
// Saturdays 14 and 28 February are made up.
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

enum class Hours { kOpen, kClose, kClosed };  // business goes on; ends at the due; is over before

struct Row {
  const char* name;
  const char* given;  // facts, one a line
  const char* clock;  // `ticket.response/1`
  const char*
      thresholds;   // those before the one that is looked at, with verdicts: `target=…:breached `
  const char* due;  // `target=03-02T10:15`
  const char* stop;        // the fact that stops it: `ticket.responded T`
  std::int64_t elapsed;    // at the due: its budget in ms
  Hours hours;             // around the due
  const char* later = "";  // thresholds behind it: ` limit=…:met`
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Rows : public ::testing::TestWithParam<Row> {};

// `2026-03-02T10:15` and -1, 0 or 1 ms.
std::string moved(const std::string& due, int ms) {
  const std::string year = due.size() == 11 ? "2026-" : "";
  const Instant t = *parse_rfc3339(year + due + ":00+08:00");
  std::string text = format_rfc3339(Instant{t.ms + ms + 8 * kHour});
  text.pop_back();
  return text;
}

TEST_P(Rows, BeforeAtAndAfterTheDue) {
  const Row& row = GetParam();
  const std::string due(row.due);
  const std::string at = due.substr(due.find('=') + 1);
  for (const int ms : {-1, 0, 1}) {
    SCOPED_TRACE(std::to_string(ms) + " ms after the due");
    const std::string stop = moved(at, ms);
    const bool counts = row.hours == Hours::kOpen || (row.hours == Hours::kClose && ms < 0);
    const std::int64_t elapsed = row.elapsed + (counts ? ms : 0);
    scenario(std::string(row.given) + "\nfact " + stop + " " + row.stop + "\nuntil " + stop +
             "\nclock " + row.clock + " stopped " + row.thresholds + due +
             (ms <= 0 ? ":met" : ":breached") + row.later + " at=" + stop +
             " elapsed=" + std::to_string(elapsed) + "\n");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ticket, Rows,
    ::testing::Values(
        // 15 min around the clock, across midnight and a Sunday.
        Row{"ResponseP1A", "fact 03-07T23:50 ticket.opened T priority=P1 tier=A",
            "ticket.response/1", "", "target=03-08T00:05", "ticket.responded T", 15 * kMinute,
            Hours::kOpen},
        // 10 min to lunch at 12:00, 5 min from 13:00.
        Row{"ResponseP1OverLunch", "fact 03-02T11:50 ticket.opened T priority=P1",
            "ticket.response/1", "", "target=03-02T13:05", "ticket.progressed T", 15 * kMinute,
            Hours::kOpen},
        // 15 min to Friday 18:00, 15 from Monday 09:00.
        Row{"ResponseP2OverTheWeekend", "fact 03-06T17:45 ticket.opened T priority=P2",
            "ticket.response/1", "", "target=03-09T09:15", "ticket.messaged T from=staff",
            30 * kMinute, Hours::kOpen},
        // The default priority: 2 h from Monday 16:00 end with the day, and stay there.
        Row{"ResponseP3ToClosing", "fact 03-02T16:00 ticket.opened T", "ticket.response/1", "",
            "target=03-02T18:00", "ticket.resolved T", 2 * kHour, Hours::kClose},
        // Friday 13 February 17:00: 1 h, and 1 h of the made-up Saturday.
        Row{"ResponseP3OnAMakeUpSaturday", "fact 02-13T17:00 ticket.opened T priority=P3",
            "ticket.response/1", "", "target=02-14T10:00", "ticket.closed T", 2 * kHour,
            Hours::kOpen},
        // Saturday 14 February 17:00: 1 h, then the Spring Festival to Monday 23; Tuesday 24 09:00
        // + 1 h.
        Row{"ResponseP3OverSpringFestival", "fact 02-14T17:00 ticket.opened T priority=P3",
            "ticket.response/1", "", "target=02-24T10:00", "ticket.responded T", 2 * kHour,
            Hours::kOpen},
        // 09:00 + 3 h to lunch + 1 h.
        Row{"ResponseP4", "fact 03-02T09:00 ticket.opened T priority=P4", "ticket.response/1", "",
            "target=03-02T14:00", "ticket.responded T", 4 * kHour, Hours::kOpen},
        Row{"ResolutionP1Target", "fact 03-02T10:00 ticket.opened T priority=P1 tier=A",
            "ticket.resolution/1", "", "target=03-02T12:00", "ticket.resolved T", 2 * kHour,
            Hours::kOpen, " limit=03-02T14:00:met"},
        Row{"ResolutionP1Limit", "fact 03-02T10:00 ticket.opened T priority=P1 tier=A",
            "ticket.resolution/1", "target=03-02T12:00:breached ", "limit=03-02T14:00",
            "ticket.closed T", 4 * kHour, Hours::kOpen},
        // 4 h: 3 to lunch and 1. 24 h are three days of 8 h: Wednesday's closing.
        Row{"ResolutionP2Target", "fact 03-02T09:00 ticket.opened T priority=P2 tier=B",
            "ticket.resolution/1", "", "target=03-02T14:00", "ticket.resolved T", 4 * kHour,
            Hours::kOpen, " limit=03-04T18:00:met"},
        Row{"ResolutionP2Limit", "fact 03-02T09:00 ticket.opened T priority=P2 tier=B",
            "ticket.resolution/1", "target=03-02T14:00:breached ", "limit=03-04T18:00",
            "ticket.resolved T", 24 * kHour, Hours::kClose},
        // 3 wd after Monday: Thursday 18:00. Monday 09:30 has 7 h 30 left, then 3 days of 8 h.
        Row{"ResolutionP3", "fact 03-02T09:30 ticket.opened T priority=P3", "ticket.resolution/1",
            "", "limit=03-05T18:00", "ticket.resolved T", 31 * kHour + 30 * kMinute, Hours::kClose},
        // Tier A too: P3 is always business. Saturday 7 March: Mon 9, Tue 10, Wed 11.
        Row{"ResolutionP3OnASaturday", "fact 03-07T10:00 ticket.opened T priority=P3 tier=A",
            "ticket.resolution/1", "", "limit=03-11T18:00", "ticket.resolved T", 24 * kHour,
            Hours::kClose},
        // Thursday 12 February: Fri 13, Sat 14 (made up), Tue 24 after the festival. 1 h + 3 * 8 h.
        Row{"ResolutionP3OverSpringFestival", "fact 02-12T17:00 ticket.opened T priority=P3",
            "ticket.resolution/1", "", "limit=02-24T18:00", "ticket.resolved T", 25 * kHour,
            Hours::kClose},
        Row{"ReplyP1",
            "fact 03-02T10:00 ticket.opened T priority=P1\nfact 03-02T10:30 ticket.messaged T "
            "from=customer",
            "ticket.reply/1", "", "target=03-02T10:45", "ticket.messaged T from=staff",
            15 * kMinute, Hours::kOpen},
        // 1 h to lunch, 1 h from 13:00.
        Row{"ReplyP4",
            "fact 03-02T09:00 ticket.opened T priority=P4\nfact 03-02T11:00 ticket.messaged T "
            "from=customer",
            "ticket.reply/1", "", "target=03-02T14:00", "ticket.responded T", 2 * kHour,
            Hours::kOpen},
        // 1 wd after Monday: Tuesday 18:00; 2 h of Monday and 8 h.
        Row{"Report",
            "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\nfact 03-02T16:00 ticket.resolved "
            "T",
            "ticket.report/1", "", "target=03-03T18:00", "ticket.reported T", 10 * kHour,
            Hours::kClose},
        // Closed without resolved on Friday 13 February: the next working day is the Saturday.
        Row{"ReportAfterClosed",
            "fact 02-13T10:00 ticket.opened T priority=P3\nfact 02-13T17:00 ticket.closed T",
            "ticket.report/1", "", "target=02-14T18:00", "ticket.reported T", 9 * kHour,
            Hours::kClose}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(Complaint, Rows,
                         ::testing::Values(
                             // 1 wd after Monday; 6 h of Monday from 11:00 and 8 h.
                             Row{"Plan",
                                 "fact 03-02T10:30 complaint.opened C severity=normal\nfact "
                                 "03-02T11:00 complaint.contacted C",
                                 "complaint.plan/1", "", "target=03-03T18:00",
                                 "complaint.committed C due=2026-03-04", 14 * kHour, Hours::kClose},
                             // 24 h around the clock.
                             Row{"Stage3", "fact 03-07T20:00 complaint.opened C severity=major",
                                 "complaint.stage3/1", "", "target=03-08T20:00",
                                 "complaint.contacted C", 24 * kHour, Hours::kOpen},
                             // Contacted Monday 09:30: 3 wd are Thursday 18:00.
                             Row{"Report",
                                 "fact 03-02T09:00 complaint.opened C severity=major\nfact "
                                 "03-02T09:30 complaint.contacted C",
                                 "complaint.report/1", "", "target=03-05T18:00",
                                 "complaint.reported C", 31 * kHour + 30 * kMinute, Hours::kClose}),
                         [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Delivery, Rows,
    ::testing::Values(
        // 3 wd after Wednesday 11 February: Thu 12, Fri 13, Sat 14 (made up). 1 h + 3 * 8 h.
        Row{"RequirementReport", "fact 02-11T17:00 requirement.captured R", "requirement.report/1",
            "", "target=02-14T18:00", "requirement.reported R", 25 * kHour, Hours::kClose},
        // Monday 09:00 to Wednesday 10:00: 8 + 8 + 1 h.
        Row{"RequirementConfirmation",
            "fact 03-02T09:00 requirement.captured R confirmBy=03-04T10:00",
            "requirement.confirmation/1", "", "target=03-04T10:00", "requirement.confirmed R",
            17 * kHour, Hours::kOpen},
        // A date is the end of that day: 5 March 00:00. Three days of 8 h.
        Row{"RequirementConfirmationByDate",
            "fact 03-02T09:00 requirement.captured R\nfact 03-02T09:00 requirement.scheduled R "
            "confirmBy=2026-03-04",
            "requirement.confirmation/1", "", "target=03-05T00:00", "requirement.confirmed R",
            24 * kHour, Hours::kClosed},
        Row{"Kickoff", "fact 03-06T10:00 project.confirmed P", "project.kickoff/1", "",
            "target=03-11T18:00", "project.kickedoff P", 7 * kHour + 24 * kHour, Hours::kClose},
        Row{"Delivery", "fact 03-02T09:00 milestone.planned M due=03-03T12:00",
            "milestone.delivery/1", "", "target=03-03T12:00", "milestone.delivered M", 11 * kHour,
            Hours::kClose},
        Row{"DeliveryAcceptedAtOnce", "fact 03-02T09:00 milestone.planned M due=2026-03-03",
            "milestone.delivery/1", "", "target=03-04T00:00", "milestone.accepted M", 16 * kHour,
            Hours::kClosed},
        Row{"Rectification",
            "fact 03-02T09:00 milestone.planned M due=03-03T12:00\nfact 03-02T10:00 "
            "milestone.delivered M\n"
            "fact 03-02T11:00 milestone.rejected M rectifyBy=03-03T10:30",
            "milestone.rectification/1", "", "target=03-03T10:30", "milestone.delivered M",
            6 * kHour + 90 * kMinute, Hours::kOpen},
        // 1 h to lunch, 1 h from 13:00.
        Row{"Logging", "fact 03-02T11:00 interaction.held I", "interaction.logging/1", "",
            "target=03-02T14:00", "interaction.logged I", 2 * kHour, Hours::kOpen}),
    [](const auto& info) { return std::string(info.param.name); });

// Clocks whose breach ends them: 1 ms later the next cycle or stage is there, and it is that one
// that is stopped.
struct Ending {
  const char* name;
  const char* given;
  const char* clock;
  const char* due;  // `target=…`
  const char* stop;
  std::int64_t elapsed;
  const char* next;  // the clock that the breach starts
};

void PrintTo(const Ending& row, std::ostream* out) { *out << row.name; }

class Endings : public ::testing::TestWithParam<Ending> {};

TEST_P(Endings, BeforeAtAndAfterTheDue) {
  const Ending& row = GetParam();
  const std::string due(row.due);
  const std::string at = due.substr(due.find('=') + 1);
  for (const int ms : {-1, 0, 1}) {
    SCOPED_TRACE(std::to_string(ms) + " ms after the due");
    const std::string stop = moved(at, ms);
    const bool met = ms <= 0;
    scenario(std::string(row.given) + "\nfact " + stop + " " + row.stop + "\nuntil " + stop +
             "\nclock " + row.clock + " stopped " + due + (met ? ":met" : ":breached") + " at=" +
             (met ? stop : at) + " elapsed=" + std::to_string(row.elapsed - (ms < 0 ? 1 : 0)) +
             "\nclock " + row.next + (met ? " none" : " stopped") + "\n");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ticket, Endings,
    ::testing::Values(Ending{"Progress",
                             "fact 03-02T10:00 ticket.opened T priority=P1 tier=A\nfact "
                             "03-02T10:05 ticket.responded T",
                             "ticket.progress/1", "target=03-02T10:35", "ticket.resolved T",
                             30 * kMinute, "ticket.progress/2"},
                      // 10 min to Friday's closing, 20 from Monday 09:00.
                      Ending{"ProgressP2OverTheWeekend",
                             "fact 03-06T17:00 ticket.opened T priority=P2\nfact 03-06T17:50 "
                             "ticket.messaged T from=staff",
                             "ticket.progress/1", "target=03-09T09:20", "ticket.closed T",
                             30 * kMinute, "ticket.progress/2"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(Complaint, Endings,
                         ::testing::Values(
                             // Friday 17:30: half an hour, and half of Monday's first hour.
                             Ending{"Stage1", "fact 03-06T17:30 complaint.opened C severity=normal",
                                    "complaint.stage1/1", "target=03-09T09:30",
                                    "complaint.contacted C", kHour, "complaint.stage2/1"},
                             // Around the clock for tier A.
                             Ending{"Stage1A",
                                    "fact 2025-01-01T00:00 account.tiered A tier=A\nfact "
                                    "2025-01-01T00:01 account.closed A\n"
                                    "fact 03-06T23:30 complaint.opened C severity=normal",
                                    "complaint.stage1/1", "target=03-07T00:30",
                                    "complaint.contacted C", kHour, "complaint.stage2/1"},
                             // Rejected 11:00: 1 h to lunch, 3 h from 13:00.
                             Ending{"Stage2",
                                    "fact 03-02T10:30 complaint.opened C severity=normal\nfact "
                                    "03-02T11:00 complaint.rejected C",
                                    "complaint.stage2/1", "target=03-02T16:00",
                                    "complaint.resolved C", 4 * kHour, "complaint.stage3/1"},
                             // Contacted 12:00: 24 h around the clock.
                             Ending{"Commitment",
                                    "fact 03-02T10:30 complaint.opened C severity=normal\nfact "
                                    "03-02T11:00 complaint.rejected C\n"
                                    "fact 03-02T12:00 complaint.contacted C",
                                    "complaint.commitment/1", "limit=03-03T12:00",
                                    "complaint.resolved C", 24 * kHour, "complaint.stage3/1"},
                             // Committed to 16:00 before the contact; the last commitment holds.
                             Ending{"CommitmentMadeBeforeTheContact",
                                    "fact 03-02T10:30 complaint.opened C severity=normal\n"
                                    "fact 03-02T11:00 complaint.rejected C\nfact 03-02T11:10 "
                                    "complaint.committed C due=03-02T15:00\n"
                                    "fact 03-02T11:20 complaint.committed C due=03-02T16:00\nfact "
                                    "03-02T12:00 complaint.contacted C",
                                    "complaint.commitment/1", "limit=03-02T16:00",
                                    "complaint.closed C", 4 * kHour, "complaint.stage3/1"}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tocsin
