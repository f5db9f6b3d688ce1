// What the commands read: secrets, tokens with scopes, lines of events; and what `send` does with
// what a node answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>

#include "app/config.h"
#include "app/event_line.h"
#include "app/secret.h"
#include "app/send.h"
#include "connectors/http/problem.h"
#include "connectors/http/server.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

TEST(Secret, ComesFromAFileTheEnvironmentOrItself) {
  const TempDirectory directory;
  std::ofstream(directory.path() / "token") << "from-a-file\n";
  std::ofstream(directory.path() / "empty") << "\n";
  const std::string base = directory.path().string();
  EXPECT_EQ(read_secret("file:token", base).value, "from-a-file");
  EXPECT_EQ(read_secret("file:" + base + "/token", "/elsewhere").value, "from-a-file");
  ::setenv("DOOR_TEST_SECRET", "from-the-environment", 1);
  EXPECT_EQ(read_secret("env:DOOR_TEST_SECRET", base).value, "from-the-environment");
  EXPECT_EQ(read_secret("itself", base).value, "itself");
  EXPECT_THAT(read_secret("file:none", base).problem, HasSubstr("none cannot be read"));
  EXPECT_THAT(read_secret("file:.", base).problem, HasSubstr("cannot be read"));
  EXPECT_THAT(read_secret("file:empty", base).problem, HasSubstr("is empty"));
  EXPECT_THAT(read_secret("env:DOOR_TEST_NONE", base).problem, HasSubstr("is not set"));
}

TEST(Tokens, HaveAPersonAScopeAndAnEnd) {
  const TempDirectory directory;
  std::ofstream(directory.path() / "crm.token") << "0123456789abcdef0123\n";
  const std::string text =
      "http:\n  tokens:\n"
      "    - {name: crm, token: 'file:crm.token', roles: [ingest], accounts: [ACME, 甲],\n"
      "       sources: [/crm/east], kinds: [ticket], person: Li Wei, expires: "
      "2027-01-01T00:00:00Z}\n"
      "    - {name: all, token: abcdefabcdefabcdef, roles: [read]}\n";
  const Config config = load_config_text(text, "tocsin.yaml", directory.path().string(), {});
  const AccessToken& crm = config.access.tokens.at(0);
  EXPECT_EQ(crm.hash, sha256("0123456789abcdef0123"));
  EXPECT_EQ(crm.person, "Li Wei");
  ASSERT_TRUE(crm.scope);
  EXPECT_EQ(crm.scope->accounts, (std::vector<std::string>{"ACME", "甲"}));
  EXPECT_FALSE(crm.scope->has_source("/crm/west"));
  EXPECT_EQ(crm.expires, parse_rfc3339("2027-01-01T00:00:00Z"));
  EXPECT_EQ(config.access.tokens.at(1).scope, nullptr);
  const std::string shown = describe(config);
  EXPECT_THAT(shown, HasSubstr("sources: [/crm/east], kinds: [ticket], expires: 2027-01-01"));
  EXPECT_THAT(shown, ::testing::Not(HasSubstr("0123456789abcdef")));
}

TEST(EventLine, ALogsFactsCountAndItsDecisionsAreLeftOut) {
  EventLine line;
  const std::string plain = R"({"specversion":"1.0","id":"1","position":"x"})";
  EXPECT_EQ(line.read(plain), EventLine::Kind::kEvent);
  EXPECT_EQ(line.text(), plain);
  const auto logged = [](std::string_view type, std::string_view more = {}) {
    return R"({"position":"0:7","event":{"specversion":"1.0","id":"1","source":"/s","type":")" +
           std::string(type) +
           R"(","subject":"T-1","partitionkey":"A","time":"2026-03-02T01:15:00.000Z",)"
           R"("recordedtime":"2026-03-02T01:15:00.000Z")" +
           std::string(more) + "}}";
  };
  const std::string fact = logged("tocsin.ticket.opened", R"(,"data":{"event":"a"})");
  EXPECT_EQ(line.read(fact), EventLine::Kind::kLogged);
  EXPECT_THAT(std::string(line.text()), ::testing::StartsWith(R"({"specversion")"));
  EXPECT_EQ(line.read(logged("tocsin.clock.breached")), EventLine::Kind::kNotAFact);
  EXPECT_EQ(line.read(logged("tocsin.engine.policy")), EventLine::Kind::kNotAFact);
  EXPECT_EQ(line.read(logged("tocsin.change.advanced", R"(,"tocsinderived":"1")")),
            EventLine::Kind::kNotAFact);
  EXPECT_EQ(line.read("{\"position\" broken"), EventLine::Kind::kEvent);
}

// A node that answers as it is told, and keeps what it was sent.
class Told : public HttpService {
 public:
  std::optional<HttpResponse> admit(HttpRequest&) override { return std::nullopt; }
  void handle(HttpRequest request, Reply reply) override {
    const std::lock_guard lock(mutex);
    const std::size_t turn = std::min(requests.size(), answers.size() - 1);
    requests.push_back(std::move(request));
    reply(answers[turn]);
  }
  std::mutex mutex;
  std::vector<HttpRequest> requests;
  std::vector<HttpResponse> answers;
};

HttpResponse json(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

class SendTest : public ::testing::Test {
 protected:
  int send(const std::string& lines) {
    HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    const auto server = HttpServer::start(options, service);
    std::istringstream in(lines);
    return send_events(in, out, errors, {server->url(), "the-token", false});
  }
  std::shared_ptr<Told> service = std::make_shared<Told>();
  std::ostringstream out, errors;
};

TEST_F(SendTest, SendsABatchAgainUntilItIsDurable) {
  service->answers = {problem(503, "unavailable", "full").response(),
                      json(202, R"({"accepted":2,"duplicates":0,"rejected":[],"conflicts":[]})")};
  EXPECT_EQ(send("{\"id\":1}\n\n{\"id\":2}\n"), 0);
  ASSERT_EQ(service->requests.size(), 2u);
  EXPECT_EQ(service->requests[1].body, "{\"id\":1}\n{\"id\":2}\n");
  EXPECT_EQ(service->requests[1].header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(service->requests[1].header("Authorization"), "Bearer the-token");
  EXPECT_EQ(service->requests[1].path, "/v1/events");
  EXPECT_EQ(out.str(), "2 accepted, 0 duplicates, 0 rejected, 0 without effect\n");
}

TEST_F(SendTest, NamesTheLinesThatWereRejected) {
  service->answers = {json(
      202,
      R"({"accepted":1,"duplicates":null,"rejected":[{"index":1,"reason":"malformed"}],"ignored":[{"index":0}]})")};
  EXPECT_EQ(send("\n{\"id\":1}\n\nbroken\n"), 3);
  EXPECT_EQ(errors.str(), "{\"line\":4,\"reason\":\"malformed\"}\n");
  EXPECT_EQ(out.str(), "1 accepted, 0 duplicates, 1 rejected, 1 without effect\n");
}

TEST_F(SendTest, GivesUpWhereTheTokenIsRefused) {
  service->answers = {problem(401, "unauthorized", "no").response()};
  EXPECT_EQ(send("{}\n"), 1);
  EXPECT_EQ(service->requests.size(), 1u);
  EXPECT_THAT(errors.str(), HasSubstr("lines 1 to 1 were not taken: 401"));
  EXPECT_THAT(errors.str(), ::testing::Not(HasSubstr("the-token")));
}

TEST_F(SendTest, SplitsWhatIsLong) {
  service->answers = {json(202, R"({"accepted":1000,"duplicates":0,"rejected":[]})"),
                      json(202, R"({"accepted":500,"duplicates":0,"rejected":[]})")};
  std::string lines;
  for (int i = 0; i < 1500; ++i) lines += "{}\n";
  EXPECT_EQ(send(lines), 0);
  EXPECT_EQ(service->requests.size(), 2u);
  EXPECT_EQ(out.str(), "1500 accepted, 0 duplicates, 0 rejected, 0 without effect\n");
}

}  // namespace
}  // namespace tocsin
