// An audit log of ServiceNow incidents as facts (docs/servicenow.md has the mapping).
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "connectors/crm/csv.h"
#include "connectors/crm/servicenow/import.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHeader =
    "number,incident_state,reopen_count,sys_mod_count,made_sla,caller_id,opened_at,sys_updated_at,"
    "contact_type,category,priority,assigned_to,sys_updated_by,closed_code\n";

TEST(Csv, QuotesLineEndsAndAMark) {
  std::istringstream in(
      "\xef\xbb\xbf"
      "a,b\r\n\"x,\"\"y\"\"\nz\",2\n\n3,4");
  CsvReader csv(in);
  EXPECT_EQ(csv.column("b"), 1);
  EXPECT_EQ(csv.column("c"), -1);
  std::vector<std::string> row;
  ASSERT_TRUE(csv.next(row));
  EXPECT_EQ(row, (std::vector<std::string>{"x,\"y\"\nz", "2"}));
  ASSERT_TRUE(csv.next(row));
  EXPECT_EQ(row, (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(csv.line(), 5);
  EXPECT_FALSE(csv.next(row));
  EXPECT_EQ(csv.error(), "");
}

TEST(ServiceNow, ALogWithoutItsColumnsIsNone) {
  std::istringstream in("number,priority\nINC1,1\n");
  std::ostringstream errors;
  const auto read = read_incidents(in, "Asia/Shanghai", errors);
  ASSERT_TRUE(std::holds_alternative<std::string>(read));
  EXPECT_THAT(std::get<std::string>(read), HasSubstr("no column"));
}

TEST(ServiceNow, AnIncidentOpensInItsZoneWithItsPriority) {
  std::istringstream in(std::string(kHeader) +
                        "INC1,New,0,0,true,Caller 1,29-02-2016 09:16,29-02-2016 09:23,Phone,"
                        "Category 5,1 - Critical,Resolver 1,Updated by 1,?\n"
                        "INC2,New,0,0,true,Caller 1,bad,29-02-2016 09:23,Phone,Category 5,"
                        "3 - Moderate,?,Updated by 1,?\n");
  std::ostringstream errors, out;
  const auto read = read_incidents(in, "Asia/Shanghai", errors);
  ASSERT_TRUE(std::holds_alternative<IncidentLog>(read)) << std::get<std::string>(read);
  const auto& log = std::get<IncidentLog>(read);
  EXPECT_EQ(log.rows, 2);
  EXPECT_EQ(log.left_out, 1);
  EXPECT_THAT(errors.str(), HasSubstr("line 3 left out"));
  write_facts(log, {}, out);
  EXPECT_THAT(out.str(), HasSubstr("\"type\":\"tocsin.ticket.opened\""));
  EXPECT_THAT(out.str(), HasSubstr("\"time\":\"2016-02-29T01:16:00.000Z\""));
  EXPECT_THAT(out.str(), HasSubstr("\"priority\":\"P1\""));
}

TEST(ServiceNow, AComparisonNeedsVerdicts) {
  ImportOptions options;
  options.file = "/nonexistent.csv";
  std::ostringstream out, errors;
  EXPECT_EQ(import_servicenow(options, out, errors), 2);
  EXPECT_THAT(errors.str(), HasSubstr("cannot read"));
}

}  // namespace
}  // namespace tocsin
