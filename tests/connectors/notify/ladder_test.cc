// Each row of the contract's table of escalations (§7) with a roster: who is told when, by what
// channel. The engine, the roster and the outbox on one virtual clock; nobody acknowledges.
#include <boost/json.hpp>
#include <cctype>
#include <sstream>

#include "connectors/notify/naming.h"
#include "connectors/notify/notifier_events.h"
#include "engine/partition.h"
#include "engine/said/derived.h"
#include "events/codec.h"
#include "events/log_record.h"
#include "tests/connectors/notify/outbox_fixture.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin::notify {
namespace {

namespace json = boost::json;
using ::testing::ElementsAreArray;
using Lines = std::vector<std::string>;

constexpr const char* kPeople = R"(
zone: Asia/Shanghai
people:
  ann: {channels: [{via: desk}]}
  own: {channels: [{via: desk}]}
  mgr: {channels: [{via: desk}]}
  dir: {channels: [{via: desk}, {via: call, to: "+861"}]}
  exp: {channels: [{via: desk}]}
  exec: {channels: [{via: call, to: "+862"}]}
  ops: {channels: [{via: mail, to: o@x}]}
  spec: {channels: [{via: desk}]}
  cdir: {channels: [{via: desk}]}
  last: {channels: [{via: call, to: "+869"}]}
on_call:
  account_manager: mgr
  service_director: dir
  technical_expert: exp
  executive: exec
  operations_specialist: ops
  service_specialist: spec
  customer_director: cdir
last_resort: [last]
)";

// Facts are `03-02T10:00 ticket.opened T priority=P1`, times those of Shanghai in 2026.
class Story {
 public:
  explicit Story(const std::string& tier = "A")
      : partition_(default_policy()), decoder_(RecordedTime::kRead) {
    auto people =
        compile_roster("r", kPeople, [](std::string_view name) { return load_zone(name); });
    partition_.adopt(std::get<std::shared_ptr<const Roster>>(people));
    world_.roster(kPeople);
    world_.now = local("01-01T00:00");
    fact("01-01T00:00 account.tiered A tier=" + tier);
  }

  void fact(const std::string& line) {
    std::istringstream words(line);
    std::string when, type, subject, word;
    words >> when >> type >> subject;
    const Instant at = local(when);
    json::object data;
    while (words >> word) {
      std::string value = word.substr(word.find('=') + 1);
      if (value.find('T') == 5) value = format_rfc3339(local(value));
      data[word.substr(0, word.find('='))] = value;
    }
    const json::object event{{"specversion", "1.0"},
                             {"id", std::to_string(++facts_)},
                             {"source", "/crm"},
                             {"type", "tocsin." + type},
                             {"time", format_rfc3339(at)},
                             {"recordedtime", format_rfc3339(at)},
                             {"subject", subject},
                             {"partitionkey", "A"},
                             {"data", data}};
    pass({at.ms - 1});
    now_ = std::max(now_, at);
    Decoded decoded;
    Judged judged;
    decoder_.structured(json::serialize(event), {}, decoded);
    partition_.check(decoded, now_, false, judged);
    ASSERT_EQ(judged.outcome, Outcome::kAccepted) << line << ": " << judged.reason;
    partition_.take(decoded, judged);
    partition_.decide(now_, now_, sink());
  }

  // What was told of groups whose id holds `group` until then: `03-02T10:15 ann desk`.
  Lines told(const std::string& until, const std::string& group) {
    pass(local(until));
    Lines out;
    for (std::size_t i = 0; i < world_.messages.size(); ++i) {
      const Message& m = world_.messages[i];
      if (m.about != About::kRaised || m.alarms.front().group.find(group) == std::string::npos)
        continue;
      out.push_back(times_[i] + " " + m.person + " " + m.channel);
    }
    return out;
  }

 private:
  static Instant local(const std::string& text) {
    return *parse_rfc3339("2026-" + text + ":00+08:00");
  }

  // Dues and messages in the order of their instants.
  void pass(Instant end) {
    for (;;) {
      const Instant due = partition_.next_due();
      send(std::min(due, end));
      if (due > end) return;
      now_ = std::max(now_, due);
      partition_.fire(now_, now_, sink());
    }
  }

  void send(Instant until) {
    while (world_.outbox.next_wake() <= until) {
      world_.until(std::max(world_.now, world_.outbox.next_wake()));
      while (times_.size() < world_.messages.size()) {
        const std::string at = format_rfc3339(world_.now + hours(8));
        times_.push_back(at.substr(5, 11));
      }
    }
  }

  DerivedSink sink() {
    return [this](const Entity& entity, const Derived& derived, Instant recorded) {
      std::string text;
      encode(text, entity, *entity.policy, derived, recorded, false);
      LogEvent event;
      ASSERT_TRUE(read_log_record(text, event)) << text;
      if (!event.type.starts_with("tocsin.escalation.")) return;
      world_.now = std::max(world_.now, recorded);
      const json::object data = json::parse(event.data).as_object();
      const std::string group = text_of(data, "escalation");
      if (event.type.ends_with(".raised")) {
        Alarm alarm = alarm_of(event, data);
        for (const std::string language : {"zh", "en"}) {
          const std::string words = promise_words(alarm, default_policy().get(), language) + " " +
                                    reason_words(alarm, language);
          EXPECT_THAT(words, testing::Not(testing::ContainsRegex("routed|stage:|[a-z]\\.[a-z]|_")))
              << "an engine's word would be told of " << group;
        }
        world_.outbox.raised(0, std::move(alarm));
      } else if (event.type.ends_with(".reopened")) {
        world_.outbox.reopened(group);
      } else {
        world_.outbox.closed(group, About::kCleared, "", recorded);
      }
      send(recorded);
    };
  }

  World world_;
  Partition partition_;
  Decoder decoder_;
  Instant now_ = kAlways;
  int facts_ = 0;
  Lines times_;  // of world_.messages
};

struct Row {
  const char* what;
  const char* tier;
  Lines facts;
  const char* until;
  const char* group;
  Lines told;
};

const std::vector<Row> kRows = {
    {"a ticket at P1",
     "A",
     {"03-02T10:00 ticket.opened T priority=P1"},
     "03-02T11:00",
     "/routed/P1",
     {"03-02T10:00 dir desk", "03-02T10:00 exp desk", "03-02T10:02 dir call",
      "03-02T10:05 dir desk", "03-02T10:05 exp desk", "03-02T10:07 dir call",
      "03-02T10:15 exec call"}},
    {"a ticket raised to P1 and one reopened at P1 ring again",
     "A",
     {"03-02T10:00 ticket.opened T priority=P3", "03-02T10:01 ticket.prioritized T priority=P1",
      "03-02T10:02 ticket.resolved T", "03-02T10:30 ticket.reopened T"},
     "03-02T10:33",
     "/routed/P1",
     {"03-02T10:01 dir desk", "03-02T10:01 exp desk", "03-02T10:30 dir desk",
      "03-02T10:30 exp desk", "03-02T10:32 dir call"}},
    {"a ticket at P2",
     "A",
     {"03-02T10:00 ticket.opened T priority=P2"},
     "03-02T12:00",
     "/routed/P2",
     {"03-02T10:00 dir desk", "03-02T10:00 exp desk", "03-02T10:02 dir call"}},
    {"a ticket at P3 is not urgent",
     "A",
     {"03-02T10:00 ticket.opened T priority=P3"},
     "03-02T12:00",
     "/routed/P3",
     {"03-02T10:00 mgr desk"}},
    {"a ticket at P4 of tier C",
     "C",
     {"03-02T10:00 ticket.opened T priority=P4"},
     "03-02T12:00",
     "/routed/P4",
     {"03-02T10:00 mgr desk", "03-02T10:00 spec desk"}},
    {"a missed response",
     "A",
     {"03-02T10:00 ticket.opened T priority=P1", "03-02T10:00 ticket.assigned T person=ann"},
     "03-02T11:00",
     "response/1/target",
     {"03-02T10:10 ann desk", "03-02T10:10 mgr desk", "03-02T10:10 exp desk",
      "03-02T10:15 ann desk", "03-02T10:15 dir desk", "03-02T10:17 dir call",
      "03-02T10:30 exec call"}},
    {"a missed response that is not urgent goes by one channel",
     "A",
     {"03-02T10:00 ticket.opened T priority=P3"},
     "03-02T13:00",
     "response/1/target",
     {"03-02T11:20 mgr desk", "03-02T12:00 dir desk", "03-02T12:15 exec call"}},
    {"a missed resolution's target",
     "A",
     {"03-02T10:00 ticket.opened T priority=P1", "03-02T10:00 ticket.assigned T person=ann"},
     "03-02T13:00",
     "resolution/1/target",
     {"03-02T11:30 ann desk", "03-02T11:30 mgr desk", "03-02T11:30 exp desk",
      "03-02T12:00 ann desk", "03-02T12:00 dir desk", "03-02T12:02 dir call",
      "03-02T12:30 exec call"}},
    {"a missed resolution's limit rings each hour",
     "A",
     {"03-02T10:00 ticket.opened T priority=P1", "03-02T10:00 ticket.assigned T person=ann"},
     "03-02T16:01",
     "resolution/1/limit",
     {"03-02T13:00 ann desk", "03-02T13:00 mgr desk", "03-02T13:00 exp desk",
      "03-02T14:00 ann desk", "03-02T14:00 dir desk", "03-02T14:00 exec call",
      "03-02T14:02 dir call", "03-02T15:00 dir desk", "03-02T15:00 exec call",
      "03-02T15:02 dir call", "03-02T16:00 dir desk", "03-02T16:00 exec call"}},
    {"a missed reply in the chat group",
     "A",
     {"03-02T10:00 ticket.opened T priority=P3", "03-02T10:01 ticket.responded T",
      "03-02T10:05 ticket.messaged T from=customer"},
     "03-02T13:00",
     "reply/1/target",
     {"03-02T11:25 mgr desk", "03-02T12:05 mgr desk", "03-02T12:20 dir desk"}},
    {"a missed problem report",
     "A",
     {"03-02T10:00 ticket.opened T priority=P3", "03-02T10:05 ticket.resolved T"},
     "03-04T19:00",
     "report/1/target",
     {"03-03T14:16 mgr desk", "03-03T18:00 mgr desk", "03-04T18:00 dir desk"}},
    {"the first missed progress report of a run",
     "A",
     {"03-02T10:00 ticket.opened T priority=P1", "03-02T10:00 ticket.assigned T person=ann",
      "03-02T10:01 ticket.responded T"},
     "03-02T11:10",
     "progress/",
     {"03-02T10:21 ann desk", "03-02T10:31 ann desk", "03-02T10:31 mgr desk",
      "03-02T11:01 dir desk", "03-02T11:03 dir call"}},
    {"the stages of a complaint",
     "A",
     {"03-02T10:00 complaint.opened C severity=normal"},
     "03-02T15:05",
     "/routed/stage:",
     {"03-02T10:00 mgr desk", "03-02T11:00 dir desk", "03-02T11:02 dir call",
      "03-02T15:00 exec call"}},
    {"a missed third stage rings each hour",
     "A",
     {"03-02T10:00 complaint.opened C severity=major"},
     "03-03T12:05",
     "stage3/1/target",
     {"03-02T22:00 exec call", "03-03T10:00 exec call", "03-03T11:00 exec call",
      "03-03T12:00 exec call"}},
    {"half-way through the second stage",
     "A",
     {"03-02T10:00 complaint.opened C severity=normal", "03-02T10:01 complaint.rejected C"},
     "03-02T12:05",
     "stage2/1/target/warned",
     {"03-02T12:01 dir desk", "03-02T12:03 dir call"}},
    {"a missed plan after a complaint",
     "A",
     {"03-02T10:00 complaint.opened C severity=normal", "03-02T10:05 complaint.contacted C"},
     "03-04T18:05",
     "plan/1/target",
     {"03-03T14:16 mgr desk", "03-03T18:00 mgr desk", "03-04T18:00 dir desk"}},
    {"a missed milestone",
     "A",
     {"03-02T10:00 milestone.planned M due=03-05T10:00 owner=own"},
     "03-06T18:05",
     "delivery/1/target",
     {"03-03T09:00 own desk", "03-03T09:00 mgr desk", "03-03T09:00 dir desk",
      "03-05T10:00 own desk", "03-05T10:00 mgr desk", "03-06T18:00 dir desk"}},
    {"a missed task",
     "A",
     {"03-02T10:00 action.planned M due=03-05T10:00 owner=own"},
     "03-06T18:05",
     "due/1/target",
     {"03-04T09:00 own desk", "03-04T09:00 mgr desk", "03-05T10:00 own desk",
      "03-05T10:00 mgr desk", "03-06T18:00 dir desk"}},
    {"a missed sign-off",
     "A",
     {"03-02T10:00 solution.drafted S reviewBy=03-05T10:00"},
     "03-06T18:05",
     "review/1/target",
     {"03-04T09:00 mgr desk", "03-05T10:00 mgr desk", "03-06T18:00 dir desk"}},
    {"a missed birthday is told to nobody further up",
     "A",
     {"03-02T10:00 care.planned K due=03-12T10:00 owner=own"},
     "03-16T18:05",
     "occasion/1/target",
     {"03-05T09:00 own desk", "03-05T09:00 mgr desk", "03-12T10:00 own desk",
      "03-12T10:00 mgr desk"}},
    {"a missed log of an interaction",
     "A",
     {"03-02T10:00 interaction.held I"},
     "03-03T18:05",
     "logging/1/target",
     {"03-02T11:30 mgr desk", "03-02T12:00 mgr desk", "03-03T18:00 dir desk"}},
    {"an executive's visit that was not made",
     "A",
     {},
     "04-01T18:05",
     "executive_visit/2026-Q1/target",
     {"03-17T09:00 cdir desk", "04-01T00:00 cdir desk", "04-01T18:00 dir desk"}},
    {"the same of tier B",
     "B",
     {},
     "04-01T18:05",
     "executive_visit/2026-Q1/target",
     {"03-17T09:00 mgr desk", "04-01T00:00 mgr desk", "04-01T18:00 dir desk"}},
    {"another contact that was not made",
     "A",
     {},
     "03-09T18:05",
     "weekly_contact/2026-W10/target",
     {"03-06T09:00 mgr desk", "03-09T00:00 mgr desk", "03-09T18:00 dir desk"}},
    {"the organisation's weekly check",
     "A",
     {"02-27T10:00 org.activated A"},
     "03-09T18:05",
     "data_check/2026-W10/target",
     {"03-06T09:00 dir desk", "03-09T00:00 dir desk"}},
    {"the organisation's monthly audit",
     "A",
     {"02-27T10:00 org.activated A"},
     "04-01T18:05",
     "knowledge_audit/2026-03/target",
     {"03-24T09:00 exp desk", "04-01T00:00 exp desk", "04-01T18:00 dir desk"}},
    {"another duty of the organisation",
     "A",
     {"02-27T10:00 org.activated A"},
     "03-06T18:05",
     "screening/2026-03/target",
     {"03-03T09:00 ops mail", "03-06T00:00 ops mail", "03-06T18:00 dir desk"}},
    {"a fault that comes back three weeks running",
     "A",
     {"03-02T10:00 ticket.opened T1 priority=P2 module=wms",
      "03-09T10:00 ticket.opened T2 priority=P2 module=wms",
      "03-16T10:00 ticket.opened T3 priority=P2 module=wms"},
     "03-16T12:00",
     "/fault/wms/2026-W12",
     {"03-16T10:00 exp desk", "03-16T10:00 dir desk"}},
};

class Ladder : public testing::TestWithParam<Row> {};

TEST_P(Ladder, TellsWhoTheContractSays) {
  const Row& row = GetParam();
  Story story(row.tier);
  for (const std::string& fact : row.facts) story.fact(fact);
  EXPECT_THAT(story.told(row.until, row.group), ElementsAreArray(row.told)) << row.what;
}

INSTANTIATE_TEST_SUITE_P(EachRow, Ladder, testing::ValuesIn(kRows),
                         [](const testing::TestParamInfo<Row>& info) {
                           std::string name;
                           for (const char* c = info.param.what; *c != 0; ++c)
                             if (std::isalnum(static_cast<unsigned char>(*c)) != 0) name += *c;
                           return name;
                         });

// Only the progress report calls the assignee alone (its warning): whom the roster does not know fails,
// and the last resort is told.
TEST(LadderOfUnknown, AnAssigneeWhomTheRosterDoesNotKnowDoesNotHideTheLastResort) {
  Story story;
  story.fact("03-02T10:00 ticket.opened T priority=P1");
  story.fact("03-02T10:00 ticket.assigned T person=Nobody");
  story.fact("03-02T10:01 ticket.responded T");
  EXPECT_THAT(story.told("03-02T10:25", "progress/1/target/warned"),
              ElementsAreArray(Lines{"03-02T10:21 last call"}));
}

}  // namespace
}  // namespace tocsin::notify
