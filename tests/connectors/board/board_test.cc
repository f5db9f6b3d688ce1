#include "connectors/board/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "connectors/board/files.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string header(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

HttpResponse ask(const std::string& pattern, HttpFields headers = {},
                 std::vector<std::string> parameters = {}) {
  HttpResponse answer;
  answer.status = 0;
  for (const ModuleRoute& route : board_routes(PhoneTokens(), {})) {
    if (route.pattern != pattern) continue;
    ModuleCall call;
    call.request.headers = std::move(headers);
    call.parameters = std::move(parameters);
    call.reply = [&](HttpResponse response) { answer = std::move(response); };
    route.handle(std::move(call));
    break;
  }
  return answer;
}

std::string script_name() {
  for (const BoardFile& file : board_files())
    if (file.name.starts_with("board-") && file.name.ends_with(".js"))
      return std::string(file.name);
  return {};
}

TEST(Board, EveryScreenHasAnAddressThatServesThePage) {
  for (const char* screen : {"/", "/q", "/clocks", "/e/{account}/{kind}/{id}", "/accounts",
                             "/accounts/{account}", "/director", "/figures", "/roster",
                             "/deliveries", "/rejected", "/policy", "/g/{account}/{kind}/{id}"}) {
    const HttpResponse page = ask(screen);
    EXPECT_EQ(page.status, 200) << screen;
    EXPECT_THAT(page.body, HasSubstr(script_name())) << screen;
  }
}

TEST(Board, ThePageRunsNothingButItsOwnFiles) {
  const HttpResponse page = ask("/q");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  const std::string policy = header(page, "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("script-src 'self'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  for (const char* outside : {"http://", "https://", "<style", "onload", "onclick"})
    EXPECT_THAT(page.body, Not(HasSubstr(outside)));
  for (const BoardFile& file : board_files())
    for (const char* unsafe : {"innerHTML=", "document.write", "insertAdjacentHTML"})
      if (file.name.ends_with(".js") && std::string_view(unsafe) != "innerHTML=") {
        EXPECT_EQ(file.bytes.find(unsafe), std::string_view::npos) << file.name << " " << unsafe;
      }
}

TEST(Board, HashedFilesAreKeptForGoodAndThePageIsAskedForAgain) {
  EXPECT_THAT(header(ask("/assets/{file}", {}, {script_name()}), "Cache-Control"),
              HasSubstr("immutable"));
  EXPECT_EQ(header(ask("/q"), "Cache-Control"), "no-cache");
}

TEST(Board, WhatABrowserHasIsNotSentAgain) {
  const std::string etag = header(ask("/q"), "ETag");
  ASSERT_FALSE(etag.empty());
  const HttpResponse again = ask("/q", {{"If-None-Match", etag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(ask("/q", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST(Board, WhoTakesGzipGetsIt) {
  const HttpResponse small =
      ask("/assets/{file}", {{"Accept-Encoding", "gzip, br"}}, {script_name()});
  const HttpResponse plain = ask("/assets/{file}", {}, {script_name()});
  EXPECT_EQ(header(small, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(plain, "Content-Encoding"), "");
  EXPECT_LT(small.body.size(), plain.body.size() / 2);
}

TEST(Board, AllThatAFirstVisitLoadsIsSmall) {
  constexpr std::size_t kBudget = 120 * 1024;
  std::size_t total = 0;
  for (const BoardFile& file : board_files())
    total +=
        ask("/assets/{file}", {{"Accept-Encoding", "gzip"}}, {std::string(file.name)}).body.size();
  EXPECT_LE(total, kBudget);
  EXPECT_GT(total, 10'000u);
}

TEST(Board, AFileThatIsNotThereIs404) {
  EXPECT_EQ(ask("/assets/{file}", {}, {"../board.h"}).status, 404);
}

}  // namespace
}  // namespace tocsin
