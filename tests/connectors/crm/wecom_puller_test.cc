// The puller of 微信客服 against a vendor that says what a test tells it to: page after page, until it
// works, and after a restart from where it was.
#include "connectors/crm/wecom_puller.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "tests/connectors/crm/adapter_fixture.h"
#include "tests/connectors/http/server_fixture.h"

namespace tocsin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Keeps the ids of facts; refuses as often as it is told.
class PulledFacts : public InputPort {
 public:
  void submit(std::unique_ptr<Submission> submission, SubmitDone done) override {
    SubmitResult result;
    {
      const std::lock_guard lock(mutex_);
      if (refuse > 0) {
        --refuse;
        result.status = SubmitResult::Status::kUnavailable;
      } else {
        for (SubmittedEvent& event : submission->events) {
          if (event.decoded.fact.verb == "messaged") messages_.push_back(event.decoded.fact.id);
          result.events.emplace_back();
        }
      }
    }
    done(std::move(result));
  }
  void submit_own(OwnRecord, OwnDone done) override { done({}); }
  std::vector<std::string> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

  int refuse = 0;

 private:
  std::mutex mutex_;
  std::vector<std::string> messages_;
};

class WecomPullerTest : public ServerTest {
 protected:
  WecomPullerTest() {
    service->on_handle = [this](HttpRequest request, Reply reply) { reply(answer(request)); };
    start();
    InboundOptions in;
    in.adapters["wecom"] = {adapter(source_text("connectors/crm/adapters/wecom.yaml")), {}, false};
    in.now = [] { return kArrival; };
    in.policy = [] { return default_policy(); };
    inbound = std::make_unique<Inbound>(in, facts);
    file = std::filesystem::temp_directory_path() / ("wecom-" + std::to_string(::getpid()));
    std::filesystem::remove(file);
  }
  ~WecomPullerTest() override {
    puller.reset();
    std::filesystem::remove(file);
  }

  // The next of `answers`; when there are no more, an empty page.
  HttpResponse answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex);
    if (request.path == "/cgi-bin/gettoken")
      return text(R"({"errcode":0,"access_token":"at)" + std::to_string(++tokens) + "\"}");
    asked.push_back(request.query.at(0).second + " " + request.body);
    if (answers.empty())
      return text(R"({"errcode":0,"next_cursor":"end","has_more":0,"msg_list":[]})");
    const std::string next = answers.front();
    answers.pop_front();
    return text(next, next == "busy" ? 503 : 200);
  }
  static std::string page(const std::string& message, const std::string& cursor, int more) {
    return R"({"errcode":0,"next_cursor":")" + cursor + R"(","has_more":)" + std::to_string(more) +
           R"(,"msg_list":[{"msgid":")" + message +
           R"(","external_userid":"wmX","send_time":1772413200,"origin":3,"msgtype":"text","text":{"content":"x"}}]})";
  }
  void begin() {
    WecomPullerOptions options;
    options.adapter = "wecom";
    options.url = "http://127.0.0.1:" + std::to_string(port());
    options.corp_id = "ww1";
    options.secret = "s";
    options.now = [] { return kArrival; };
    options.report = [](std::string_view, std::string_view, std::string_view) {};
    options.cursors = file;
    options.busy_wait = options.retry_wait = milliseconds(2);
    puller = std::make_unique<WecomPuller>(options, *inbound);
  }
  void event() { puller->event(R"({"Event":"kf_msg_or_event","OpenKfId":"wk1","Token":"T"})"); }
  std::vector<std::string> all_asked() {
    const std::lock_guard lock(mutex);
    return asked;
  }
  bool comes(const std::string& message) {
    return eventually([&] {
      const auto there = facts.messages();
      return !there.empty() && there.back() == "messaged/" + message;
    });
  }
  bool asks(std::size_t times) {
    return eventually([&] { return all_asked().size() >= times; });
  }

  std::mutex mutex;
  std::deque<std::string> answers;
  std::vector<std::string> asked;  // the access token and the body of each sync_msg
  int tokens = 0;
  PulledFacts facts;
  std::filesystem::path file;
  std::unique_ptr<Inbound> inbound;
  std::unique_ptr<WecomPuller> puller;
};

TEST_F(WecomPullerTest, PagesFollowEachOtherByTheirCursor) {
  answers = {page("m1", "c1", 1), page("m2", "c2", 0)};
  begin();
  event();
  ASSERT_TRUE(comes("m2"));
  EXPECT_THAT(all_asked(),
              ElementsAre(R"(at1 {"token":"T","limit":1000,"open_kfid":"wk1"})",
                          R"(at1 {"cursor":"c1","token":"T","limit":1000,"open_kfid":"wk1"})"));
}

TEST_F(WecomPullerTest, ATokenThatIsNoLongerTakenIsFetchedOnceMore) {
  for (const char* code : {"40001", "40014", "42001"}) {
    asked.clear();
    tokens = 0;
    answers = {"{\"errcode\":" + std::string(code) + "}", page(code, "c", 0)};
    begin();
    event();
    ASSERT_TRUE(comes(code));
    ASSERT_EQ(all_asked().size(), 2u) << code;
    EXPECT_THAT(all_asked()[0], HasSubstr("at1 "));
    EXPECT_THAT(all_asked()[1], HasSubstr("at2 "));
    puller.reset();
    std::filesystem::remove(file);
  }
}

TEST_F(WecomPullerTest, WhatFailsIsTriedAgainUntilItWorks) {
  facts.refuse = 1;
  answers = {R"({"errcode":45009})",
             R"({"errcode":45033})",
             "busy",
             "<html>",
             R"({"errcode":42001})",
             R"({"errcode":42001})",
             R"({"errcode":95000})",
             page("m1", "c1", 0),  // its facts are not kept
             page("m1", "c1", 0)};
  for (int n = 0; n < 20; ++n) answers.push_front("busy");
  begin();
  event();
  ASSERT_TRUE(comes("m1"));
  EXPECT_EQ(facts.messages().size(), 1u);
  EXPECT_EQ(all_asked().size(), 29u);
  for (const std::string& body : all_asked()) EXPECT_THAT(body, Not(HasSubstr("cursor")));
}

TEST_F(WecomPullerTest, ARestartGoesOnWhereItWasWithoutAnEvent) {
  answers = {page("m1", "c1", 0)};
  begin();
  event();
  ASSERT_TRUE(comes("m1"));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(file); }));
  puller.reset();
  answers = {page("m2", "c2", 0)};
  begin();
  ASSERT_TRUE(comes("m2"));
  EXPECT_THAT(all_asked().back(), HasSubstr(R"( {"cursor":"c1","limit":1000,"open_kfid":"wk1"})"));
}

TEST_F(WecomPullerTest, AFileThatIsNoneIsAsIfThereWereNone) {
  std::ofstream(file) << "not json";
  answers = {page("m1", "c1", 0)};
  begin();
  event();
  ASSERT_TRUE(comes("m1"));
  EXPECT_THAT(all_asked().front(), Not(HasSubstr("cursor")));
}

TEST_F(WecomPullerTest, OtherEventsAskForNothing) {
  begin();
  puller->event(R"({"Event":"subscribe","OpenKfId":"wk1"})");
  puller->event("no json");
  event();
  ASSERT_TRUE(asks(1));
  puller->stop();
  EXPECT_EQ(all_asked().size(), 1u);
}

}  // namespace
}  // namespace tocsin::test
