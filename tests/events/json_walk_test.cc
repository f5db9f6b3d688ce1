// The walker accepts what RFC 8259 calls JSON and nothing else; what it copies and hashes is tested with
// the codec (codec_test.cc).
#include "events/json_walk.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <random>
#include <string>

namespace tocsin {
namespace {

// nullopt: refused.
std::optional<std::string> copied(std::string_view text) {
  JsonWalker walker;
  std::string out;
  if (!walker.copy_text(text, out)) return std::nullopt;
  return out;
}

TEST(JsonWalk, CopiesCompact) {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> cases[] = {
      {"1", "1"},
      {" \n\t\r-0.5e+10 ", "-0.5e+10"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"[ ]", "[]"},
      {"{ }", "{}"},
      {"[true , false,null]", "[true,false,null]"},
      {R"({ "a" : [ 1 , { "b" : "c d" } ] , "e" : "" })", R"({"a":[1,{"b":"c d"}],"e":""})"},
      {R"("\u0041\u00e9\u5ba2\ud83d\ude00\/\b")", R"("Aé客😀/\b")"},
      {R"({ "\u0061" : 1 , "b" : "\n", "c" : 2 })", R"({"a":1,"b":"\n","c":2})"},
      {R"({"a":1,"b":2,"\u0061":3})", R"({"b":2,"a":3})"},  // the last of a name
      {R"([{"a":1,"a":2}])", R"([{"a":1,"a":2}])"},         // but not deeper down
      {R"({ "x" : { "a" : 1 , "a" : 2 } , "x" : 3 })", R"({"x":3})"},
      {"\"\x7f é 客\"", "\"\x7f é 客\""},
      {R"("\u0000")", R"("\u0000")"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(copied(text), wanted) << text;
}

TEST(JsonWalk, RefusesWhatIsNoJson) {
  using namespace std::string_literals;
  const std::string cases[] = {"",
                               " ",
                               "{",
                               "[",
                               "\"",
                               "\"a",
                               "\"\\",
                               "\"\\\"",
                               "{\"a\"",
                               "{\"a\":",
                               "{\"a\":1",
                               "{\"a\":1,",
                               "{\"a\":1,}",
                               "{,}",
                               "{a:1}",
                               "{\"a\" 1}",
                               "{\"a\":1 \"b\":2}",
                               "{1:2}",
                               "[1,]",
                               "[,1]",
                               "[1 2]",
                               "]",
                               "}",
                               "[}",
                               "{]",
                               "1 2",
                               "1,2",
                               "{}{}",
                               "tru",
                               "truE",
                               "nul",
                               "falsey",
                               "nullx",
                               "True",
                               "01",
                               "-",
                               "+1",
                               "1.",
                               ".5",
                               "1e",
                               "1e+",
                               "0x1",
                               "--1",
                               "1a",
                               "NaN",
                               "Infinity",
                               "'a'",
                               "\"\n\"",
                               "\"\t\"",
                               "\"a\0b\""s,
                               "1\0"s,
                               "\0"s,
                               "[1]\0"s,
                               "\"\\x\"",
                               "\"\\u12\"",
                               "\"\\u12g4\"",
                               "\"\\u-123\"",
                               "\"\\ud800\"",
                               "\"\\udc00\"",
                               "\"\\ud800\\u0041\"",
                               "\"\\ud800\\ue000\"",
                               "\"\\ud800x\"",
                               "\"\\ud83d\\ud83d\"",
                               "\"\x80\"",
                               "\"\xc3\"",
                               "\"\xed\xa0\x80\"",
                               "\"\xf5\x80\x80\x80\"",
                               "\"\xc0\xaf\"",
                               "\xef\xbb\xbf{}",
                               "{\"\xff\":1}",
                               "[1]\x80",
                               "/*a*/1",
                               "{\"\\u00\":1}",
                               "\v1",
                               "[1,\f2]"};
  for (const std::string& text : cases) EXPECT_EQ(copied(text), std::nullopt) << text;
}

// Two readers that share nothing: ours, and simdjson's DOM, which also reads numbers. What one of them
// takes for JSON the other does, whatever was done to a good text.
TEST(JsonWalk, AgreesWithAnotherReader) {
  const std::string good[] = {
      R"({"id":"a","n":[1,2.5,-3e2],"t":true,"f":false,"z":null,"o":{"x":{}, "y":[ ]},"s":"é客 \n\u5ba2"})",
      R"( [ "a long text without anything to escape in it", "another, with \"quotes\" in it" , 0 ] )",
      R"("\\\"\/\b\f\n\r\t\u0020 and text behind it that is longer than sixteen bytes")"};
  const std::string pieces[] = {"\"", "\\",  "{", "}",   "[",    "]",    ",",      ":",    " ",
                                "\n", "1",   "-", "e",   ".",    "null", "true",   "\xc3", "é",
                                "客", "\\u", "a", "\\n", "\x01", "\x7f", "\"k\":", "[]",   "0"};
  std::mt19937 random(1);
  const auto below = [&](std::size_t n) { return random() % n; };
  simdjson::dom::parser other;
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = good[below(std::size(good))];
    for (std::size_t changes = below(3) + 1; changes > 0; --changes) {
      const std::string& piece = pieces[below(std::size(pieces))];
      const std::size_t at = below(text.size());
      text.replace(at, std::min(below(3), text.size() - at), below(4) == 0 ? "" : piece);
      if (text.empty()) text = "0";
    }
    const auto verdict = other.parse(text).error();
    if (verdict == simdjson::NUMBER_ERROR) continue;  // too large for it, perhaps
    const auto ours = copied(text);
    ASSERT_EQ(ours.has_value(), verdict == simdjson::SUCCESS) << text;
    if (!ours) continue;
    ++accepted;
    EXPECT_EQ(copied(*ours), ours) << text;  // what is compact stays as it is
    JsonWalker walker;
    const std::string nested = "[" + text + "]";  // where two members may have one name
    EXPECT_EQ(walker.value_hash(nested), walker.value_hash(copied(nested).value_or(""))) << text;
  }
  EXPECT_GT(accepted, 10'000);
}

}  // namespace
}  // namespace tocsin
