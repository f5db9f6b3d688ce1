#include "connectors/template/mustache.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace tocsin {
namespace {

std::string rendered(std::string_view text, std::string_view values,
                     Escape escape = Escape::kHtml) {
  const auto parsed = Mustache::parse(text);
  if (const auto* why = std::get_if<std::string>(&parsed)) return "refused: " + *why;
  return std::get<Mustache>(parsed).render(boost::json::parse(values), escape);
}

// From the specification's examples: https://github.com/mustache/spec.
TEST(Mustache, WritesValues) {
  EXPECT_EQ(rendered("Hello, {{subject}}!", R"({"subject": "world"})"), "Hello, world!");
  EXPECT_EQ(rendered("{{a.b.c}} {{ a.x }}", R"({"a": {"b": {"c": 85}}})"), "85 ");
  EXPECT_EQ(rendered("{{x}}|{{{x}}}|{{&x}}", R"({"x": "& \" < >"})"),
            "&amp; &quot; &lt; &gt;|& \" < >|& \" < >");
  EXPECT_EQ(rendered("{{n}} {{f}} {{t}} {{z}}", R"({"n": 15, "f": 1.5, "t": true, "z": null})"),
            "15 1.5 true ");
}

TEST(Mustache, ASectionIsWrittenForEachOrOnceOrNot) {
  EXPECT_EQ(rendered("{{#l}}{{n}},{{/l}}", R"({"l": [{"n": 1}, {"n": 2}]})"), "1,2,");
  EXPECT_EQ(rendered("{{#l}}<{{.}}>{{/l}}", R"({"l": ["a", "b"]})"), "<a><b>");
  EXPECT_EQ(rendered("{{#o}}{{x}}{{y}}{{/o}}", R"({"x": 1, "y": 2, "o": {"x": 3}})"), "32");
  EXPECT_EQ(rendered("{{#a}}a{{/a}}{{^a}}no{{/a}}", R"({"a": false})"), "no");
  EXPECT_EQ(rendered("{{#a}}a{{/a}}{{^a}}no{{/a}}", R"({"a": []})"), "no");
  EXPECT_EQ(rendered("{{#a}}a{{/a}}{{^a}}no{{/a}}", R"({"a": ""})"), "no");
  EXPECT_EQ(rendered("{{#a}}a{{/a}}{{^a}}no{{/a}}", R"({"a": 0})"), "a");
  EXPECT_EQ(rendered("{{^a.b}}no{{/a.b}}", R"({"a": {}})"), "no");
}

TEST(Mustache, ATagAloneOnItsLineTakesTheLine) {
  EXPECT_EQ(rendered("a\n  {{#x}}  \nb\n{{/x}}\nc\n", R"({"x": true})"), "a\nb\nc\n");
  EXPECT_EQ(rendered("a\r\n{{! words }}\r\nc", "{}"), "a\r\nc");
  EXPECT_EQ(rendered("a {{! words }} c", "{}"), "a  c");
  EXPECT_EQ(rendered("{{#x}}\nb\n{{/x}}", R"({"x": true})"), "b\n");
}

TEST(Mustache, DelimitersCanBeOthers) {
  EXPECT_EQ(rendered("{{=<% %>=}}(<% x %>){{x}}<%={{ }}=%>{{x}}", R"({"x": 1})"), "(1){{x}}1");
}

TEST(Mustache, AValueInAJsonBodyIsEscapedAsJson) {
  const std::string body =
      rendered(R"({"title": "{{t}}", "n": {{n}}, "all": {{{o}}}})",
               R"({"t": "a \"b\"\\\n\u0001客户", "n": 3, "o": {"k": ["v"]}})", Escape::kJson);
  const auto parsed = boost::json::parse(body);
  EXPECT_EQ(parsed.at("title").as_string(), "a \"b\"\\\n\x01客户");
  EXPECT_EQ(parsed.at("n").as_int64(), 3);
  EXPECT_EQ(parsed.at("all").at("k").at(0).as_string(), "v");
}

TEST(Mustache, AValueIsNeverReadAsATemplate) {
  EXPECT_EQ(rendered("{{x}}", R"({"x": "{{y}}", "y": 1})"), "{{y}}");
  EXPECT_EQ(rendered("a={{x}}", R"({"x": "b&c=d/é"})", Escape::kUrl), "a=b%26c%3Dd%2F%C3%A9");
}

TEST(Mustache, MistakesAreRefusedWithTheirLine) {
  EXPECT_EQ(rendered("a\n{{#x}}", "{}"), "refused: line 2: {{#x}} is not closed");
  EXPECT_EQ(rendered("a\n{{/x}}", "{}"), "refused: line 2: {{/x}} closes nothing");
  EXPECT_EQ(rendered("{{#x}}{{#y}}{{/x}}{{/y}}", "{}"), "refused: line 1: {{/x}} closes nothing");
  EXPECT_EQ(rendered("{{x", "{}"), "refused: line 1: a tag is not closed");
  EXPECT_EQ(rendered("{{}}", "{}"), "refused: line 1: `` is no name");
  EXPECT_EQ(rendered("{{> other}}", "{}"),
            "refused: line 1: partials are not part of the language");
}

TEST(Mustache, AResultThatGrowsWithoutBoundIsRefused) {
  std::string list = "[";
  for (int i = 0; i < 300; ++i) list += i == 0 ? "1" : ",1";
  const auto parsed = Mustache::parse("{{#l}}{{#l}}{{#l}}{{.}}{{/l}}{{/l}}{{/l}}");
  EXPECT_THROW(
      std::get<Mustache>(parsed).render(boost::json::parse("{\"l\":" + list + "]}"), Escape::kNone),
      std::length_error);
}

}  // namespace
}  // namespace tocsin
