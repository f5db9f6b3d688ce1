// What a fact's data must be: the reasons `bad_data:<field>` in the table's order (contract §3).
#include "engine/entity/data_read.h"
#include "tests/engine/scenario.h"

namespace tocsin {
namespace {

struct Data {
  const char* type;
  const char* data;  // JSON without blanks
  const char* reason;
};

class BadData : public ::testing::TestWithParam<Data> {};

TEST_P(BadData, IsRefusedWithItsField) {
  const Data& d = GetParam();
  const std::string reason(d.reason);
  scenario(std::string("fact 03-02T10:00 ") + d.type + " X data=" + d.data + "\nrefused " +
           (reason == "accepted" ? reason : "bad_data:" + reason));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadData,
    ::testing::Values(
        Data{"account.tiered", "{}", "tier"}, Data{"account.tiered", R"({"tier":"D"})", "tier"},
        Data{"account.tiered", R"({"tier":"a"})", "tier"},
        Data{"account.tiered", R"({"tier":1})", "tier"},
        Data{"account.tiered", R"({"tier":null})", "tier"},
        Data{"account.tiered", R"({"tier":"A","name":1})", "accepted"},
        Data{"account.tiered", "[]", "data"}, Data{"account.tiered", "\"A\"", "data"},
        Data{"account.tiered", "7", "data"}, Data{"account.assigned", R"({"person":7})", "role"},
        Data{"account.assigned", R"({"role":"executive"})", "person"},
        Data{"account.assigned", R"({"role":"executive","person":7})", "person"},
        Data{"account.assigned", R"({"role":"executive","person":["Li",7]})", "person"},
        Data{"account.assigned", R"({"role":"executive","person":[]})", "accepted"},
        Data{"account.assigned", R"({"role":"executive","person":["Li","Ana"]})", "accepted"},
        Data{"account.contacted", "{}", "kind"},
        Data{"account.contacted", R"({"kind":"visit"})", "kind"},
        Data{"account.contacted", R"({"kind":"executive_visit","by":1})", "accepted"},
        Data{"ticket.opened", "{}", "accepted"},
        Data{"ticket.opened", R"({"priority":"P5"})", "priority"},
        Data{"ticket.opened", R"({"priority":1})", "priority"},
        Data{"ticket.opened", R"({"priority":"P5","tier":"X"})", "priority"},
        Data{"ticket.opened", R"({"priority":"P1","tier":"X"})", "tier"},
        Data{"ticket.opened", R"({"title":1,"module":2})", "accepted"},
        Data{"ticket.prioritized", "{}", "priority"},
        Data{"ticket.prioritized", R"({"priority":"P0"})", "priority"},
        Data{"ticket.assigned", "{}", "person"},
        Data{"ticket.assigned", R"({"person":["Li"]})", "person"},
        Data{"ticket.messaged", "{}", "from"}, Data{"ticket.messaged", R"({"from":"bot"})", "from"},
        Data{"ticket.closed", R"({"satisfaction":0})", "satisfaction"},
        Data{"ticket.closed", R"({"satisfaction":6})", "satisfaction"},
        Data{"ticket.closed", R"({"satisfaction":"5"})", "satisfaction"},
        Data{"ticket.closed", R"({"satisfaction":4.5})", "satisfaction"},
        Data{"ticket.closed", R"({"satisfaction":1})", "accepted"},
        Data{"ticket.closed", "{}", "accepted"},
        Data{"ticket.acknowledged", R"({"escalation":"x"})", "by"},
        Data{"ticket.acknowledged", R"({"by":"Li","escalation":""})", "escalation"},
        Data{"complaint.opened", R"({"reason":"x"})", "severity"},
        Data{"complaint.opened", R"({"severity":"minor"})", "severity"},
        Data{"complaint.classified", "{}", "severity"}, Data{"complaint.committed", "{}", "due"},
        Data{"complaint.committed", R"({"due":"soon"})", "due"},
        Data{"complaint.committed", R"({"due":"2026-03-02T10:00:00"})", "due"},
        Data{"complaint.committed", R"({"due":"2026-02-29"})", "due"},
        Data{"complaint.committed", R"({"due":"2026-2-28"})", "due"},
        Data{"complaint.committed", R"({"due":20260302})", "due"},
        Data{"complaint.committed", R"({"due":"2026-02-28"})", "accepted"},
        Data{"complaint.committed", R"({"due":"2026-03-02t10:00:00z"})", "accepted"},
        Data{"requirement.captured", R"({"confirmBy":"x"})", "confirmBy"},
        Data{"requirement.captured", R"({"importance":"x"})", "accepted"},
        Data{"requirement.scheduled", "{}", "confirmBy"},
        Data{"milestone.planned", R"({"owner":"Li"})", "due"},
        Data{"milestone.rescheduled", R"({"due":""})", "due"},
        Data{"milestone.planned", R"({"due":"2099-12-31T23:59:59.999Z"})", "accepted"},
        Data{"milestone.planned", R"({"due":"2100-01-01T00:00:00Z"})", "due"},
        Data{"milestone.planned", R"({"due":"2099-12-31"})", "accepted"},  // 16:00Z
        Data{"milestone.planned", R"({"due":"2100-01-01"})", "due"},
        Data{"milestone.planned", R"({"due":"9999-12-31T23:59:59.999-00:01"})", "due"},
        Data{"milestone.planned", R"({"due":"1970-01-01T00:00:00Z"})", "accepted"},
        Data{"milestone.planned", R"({"due":"1969-12-31T23:59:59.999Z"})", "due"},
        Data{"milestone.planned", R"({"due":"1969-12-31"})", "due"},
        Data{"milestone.rejected", R"({"items":[]})", "rectifyBy"},
        Data{"milestone.planned", R"({"due":"2026-03-06","owner":7})", "accepted"},
        Data{"milestone.acknowledged", "{}", "by"}, Data{"org.acknowledged", "{}", "by"},
        Data{"org.activated", "{}", "accepted"}, Data{"org.activated", "[1]", "data"},
        // A kind or verb that no policy mentions is not checked.
        Data{"ticket.sneezed", "[1]", "accepted"},
        Data{"visit.planned", R"({"due":7})", "accepted"}));

// In words: what was met, and what is allowed.
TEST(BadData, NamesWhatIsAllowed) {
  const auto policy = default_policy();
  const auto detail = [&](const std::string& type, const std::string& data) {
    const TypeRef& ref = policy->types.find(type)->second;
    Fact fact;
    fact.data = data;
    ReadData read;
    read_data(*policy, policy->kinds[ref.kind].verbs[ref.verb], fact, read);
    return read.bad + ": " + read.detail;
  };
  EXPECT_EQ(detail("ticket.excused", R"({"clock":"ticket.respons","reason":"x"})"),
            "bad_data:clock: clock is \"ticket.respons\"; allowed is one of ticket.progress, "
            "ticket.reply, ticket.report, ticket.resolution, ticket.response");
  EXPECT_EQ(detail("project.excused", R"({"reason":"x"})"),
            "bad_data:clock: clock is missing; allowed is one of project.kickoff, "
            "project.monthly_review, project.weekly_report");
  // A cadence of two periods is one clock.
  EXPECT_EQ(detail("account.excused", R"({"clock":"x","reason":"x"})"),
            "bad_data:clock: clock is \"x\"; allowed is one of account.business_review, "
            "account.executive_visit, account.information_package, account.monthly_review, "
            "account.strategy_meeting, account.weekly_contact");
  EXPECT_EQ(
      detail("ticket.excused", R"({"clock":"ticket.response","reason":"x","threshold":"limit"})"),
      "bad_data:threshold: threshold is \"limit\"; allowed is one of target");
  EXPECT_EQ(
      detail("ticket.excused", R"({"clock":"ticket.resolution","reason":"x","threshold":"end"})"),
      "bad_data:threshold: threshold is \"end\"; allowed is one of target, limit");
}

}  // namespace
}  // namespace tocsin
