// Answers of the API over a real store.
#include <gmock/gmock.h>

#include "tests/connectors/http/api_fixture.h"

namespace tocsin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AnswersTest : public ApiTest {
 protected:
  AnswersTest() {
    store.fill();
    start();
  }
};

TEST_F(AnswersTest, ClocksByDueInPages) {
  const Answer first = client->get("/v1/clocks?state=running&limit=1");
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_THAT(first.body,
              HasSubstr(R"("account":"acme","entity":"ticket/T-2","clock":"ticket.response")"));
  EXPECT_THAT(first.body, Not(HasSubstr("T-1")));
  EXPECT_THAT(first.body, HasSubstr(R"("as_of_offset":{"0":6})"));
  const std::size_t begin = first.body.find("\"cursor\":\"") + 10;
  const std::string cursor = first.body.substr(begin, first.body.find('"', begin) - begin);
  const Answer second = client->get("/v1/clocks?state=running&limit=1&cursor=" + cursor);
  EXPECT_THAT(second.body, HasSubstr("ticket/T-1"));
  EXPECT_THAT(second.body, HasSubstr("\"cursor\":null"));
  // A cursor of one list is none of another; nor is half of one.
  for (const std::string& bad : {std::string("x"), std::string("%21"), cursor.substr(0, 12)}) {
    const Answer answer = client->get("/v1/clocks?state=running&cursor=" + bad);
    EXPECT_TRUE(answer.status == 400) << bad << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"field\":\"cursor\""));
  }
  EXPECT_EQ(client->get("/v1/accounts?cursor=" + cursor).status, 400);
  EXPECT_EQ(client->get("/v1/inbox?role=executive&cursor=" + cursor).status, 400);
}

TEST_F(AnswersTest, CursorOfAnAccountsClocks) {
  const Answer first = client->get("/v1/clocks?account=acme&limit=1");
  const std::size_t begin = first.body.find("\"cursor\":\"") + 10;
  const std::string cursor = first.body.substr(begin, first.body.find('"', begin) - begin);
  const Answer second = client->get("/v1/clocks?account=acme&limit=1&cursor=" + cursor);
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_THAT(second.body, HasSubstr("ticket/T-3"));
}

TEST_F(AnswersTest, Inboxes) {
  const Answer all = client->get("/v1/inbox");
  EXPECT_EQ(all.status, 200) << all.body;
  EXPECT_LT(all.body.find("\"g2\""), all.body.find("\"g1\"")) << "what is due first";
  // Once, though two roles were called.
  EXPECT_EQ(all.body.find("\"g1\""), all.body.rfind("\"g1\""));
  const Answer role = client->get("/v1/inbox?role=service_director");
  EXPECT_THAT(role.body, HasSubstr("\"g1\""));
  EXPECT_THAT(role.body, Not(HasSubstr("\"g2\"")));
  EXPECT_THAT(client->get("/v1/inbox?person=%E6%9D%8E").body, HasSubstr("\"g2\""));
  EXPECT_THAT(client->get("/v1/inbox?limit=1").body, Not(HasSubstr("\"g1\"")));
  EXPECT_THAT(client->get("/v1/inbox?account=acme").body, Not(HasSubstr("\"g1\"")));
  EXPECT_THAT(client->get("/v1/inbox?state=acknowledged").body, HasSubstr("\"escalations\":[]"));
}

TEST_F(AnswersTest, Entities) {
  const Answer known = client->get("/v1/entities/a%2Fb/ticket/T-1");
  EXPECT_EQ(known.status, 200);
  EXPECT_THAT(known.body, HasSubstr(R"("account":"a/b","entity":"ticket/T-1")"));
  EXPECT_EQ(client->get("/v1/entities/a/ticket/T-1").status, 404);
  // Of a kind that no policy mentions: its facts are there.
  const Answer plain = client->get("/v1/entities/acme/other/X-1");
  EXPECT_EQ(plain.status, 200);
  EXPECT_THAT(plain.body, HasSubstr(R"("position":"0:5")"));
  EXPECT_THAT(plain.body, HasSubstr(R"("created":false)"));
  const Answer timeline = client->get("/v1/entities/acme/other/X-1/timeline?after=0:4");
  EXPECT_THAT(timeline.body, HasSubstr(R"("position":"0:5")"));
  EXPECT_THAT(client->get("/v1/entities/acme/other/X-1/timeline?after=0:5").body,
              HasSubstr(R"("timeline":[])"));
  EXPECT_EQ(client->get("/v1/entities/acme/other/X-2/timeline").status, 404);
  EXPECT_THAT(client->get("/v1/accounts/acme/timeline").body, HasSubstr("tocsin.other.seen"));
  EXPECT_EQ(client->get("/v1/accounts/nobody").status, 404);
}

TEST_F(AnswersTest, BoardAndAccounts) {
  const Answer board = client->get("/v1/board?tier=A");
  EXPECT_EQ(board.status, 200);
  EXPECT_THAT(board.body, HasSubstr("\"running\":2"));
  EXPECT_THAT(client->get("/v1/accounts").body, HasSubstr("\"accounts\":["));
  EXPECT_EQ(client->get("/v1/faults").status, 200);
}

// The met due of T-3 lies on 2026-03-02 in Shanghai: 01:15 UTC is 09:15 there.
TEST_F(AnswersTest, Kpis) {
  const Answer day = client->get("/v1/kpis?by=day&from=2026-03-02&to=2026-03-02");
  EXPECT_EQ(day.status, 200) << day.body;
  EXPECT_THAT(day.body, HasSubstr("\"period\":\"2026-03-02\""));
  EXPECT_THAT(day.body, HasSubstr("\"met\":1"));
  EXPECT_THAT(client->get("/v1/kpis?by=day&from=2026-03-03&to=2026-03-03").body,
              Not(HasSubstr("\"met\":1")));
  EXPECT_THAT(client->get("/v1/kpis?by=week").body, HasSubstr("2026-W10"));
  EXPECT_THAT(client->get("/v1/kpis").body, HasSubstr("\"period\":\"2026-03\""));
  for (const std::string_view bad :
       {"from=2026-02-30", "to=2026-13-01", "from=2026-03-03&to=2026-03-02", "from=1990-01-01"})
    EXPECT_EQ(client->get("/v1/kpis?" + std::string(bad)).status, 400) << bad;
}

TEST_F(AnswersTest, MinOffsetIsOfTheViews) {
  EXPECT_EQ(client->get("/v1/board?min_offset=0:5").status, 200);
}

}  // namespace
}  // namespace tocsin::test
