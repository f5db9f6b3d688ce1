// Every mistake in an adapter's file is found, with its line and what was meant.
#include <gtest/gtest.h>

#include "tests/connectors/crm/adapter_fixture.h"

namespace tocsin::test {
namespace {

const std::string kGood = "adapter: a\nsource: /a\nsubject: id\naccount: account\ntime: at\n";

void expect(const std::string& yaml, const std::string& line, const std::string& text) {
  const std::string found = mistakes(yaml);
  std::istringstream lines(found);
  bool there = false;
  for (std::string one; std::getline(lines, one);)
    there |= one.starts_with(line + ":") && one.find(text) != std::string::npos;
  EXPECT_TRUE(there) << "no `" << text << "` on line " << line << " in:\n" << found << yaml;
}

TEST(AdapterMistakes, AreNamedByLine) {
  const std::string event = "events:\n  - {fact: responded}\n";
  expect("", "1", "empty");
  expect("- a\n", "1", "map");
  expect(kGood, "1", "state");
  expect("adapter: A b\n" + kGood.substr(11) + event, "1", "small letters");
  expect("adapter: a\nsource: /tocsin/x\nsubject: id\naccount: a\ntime: at\n" + event, "2",
         "/tocsin/");
  expect(kGood + "zone: Asia/Shangai\n" + event, "6", "Asia/Shangai");
  expect(kGood + "kind: tickets\n" + event, "6", "tickets");
  expect(kGood + "kind: complaint\nstate: {is: s}\n", "7", "tickets only");
  expect(kGood + "time: x\n" + event, "6", "twice");
  expect(kGood + "events:\n  - {fact: prioritized}\n", "7", "priority");
  expect(kGood + "events:\n  - {fact: messaged, data: {from: {const: client}}}\n", "7", "client");
  expect(kGood + "events:\n  - {fact: responded, when: {}}\n", "7", "condition");
  expect(kGood + "events:\n  - {fact: responded, when: {a..b: x}}\n", "7", "no path");
  expect(kGood + "events:\n  - {fact: responded, when: {a: {nott: x}}}\n", "7", "nott");
  expect(kGood + "events:\n  - {fact: responded, id: {path: a, match: \"(\"}}\n", "7",
         "regular expression");
  expect(kGood + "events:\n  - {fact: responded, id: {path: a, match: \"a\"}}\n", "7", "group");
  expect(kGood + "events:\n  - {fact: responded, id: {path: a, unmapped: ignore}}\n", "7",
         "unmapped");
  expect(kGood + "events:\n  - {fact: responded, id: {const: a, map: m}}\n", "7", "alone");
  expect(kGood + "events:\n  - {fact: responded, data: {x: {path: a, as: local}}}\n", "7",
         "as: local");
  expect(kGood + "state: {when: {a: b}}\n", "6", "says nothing");
  expect(kGood + "state: {is: {const: done}}\n", "6", "done");
  expect(kGood + "state: {is: {path: a, default: opened}}\n", "6", "opened");
  expect(kGood + "state: {priority: {path: a, default: P9}}\n", "6", "P9");
  expect(kGood + "state: {is: a, isnt: b}\n", "6", "isnt");
  expect(kGood + "ignore: {when: {a: b}}\n" + event, "6", "list");
  expect(kGood + "maps: {m: {}}\n" + event, "6", "empty");
  expect(kGood + "encoding: latin1\n" + event, "6", "latin1");
  expect(kGood + "verify: {scheme: hmac}\n" + event, "6", "header");
  expect(kGood + "verify: {scheme: hmac, header: X, algorithm: md5}\n" + event, "6", "md5");
  expect(kGood + "verify: {scheme: hmac, header: X, over: [bodi]}\n" + event, "6", "bodi");
  expect(kGood + "verify: {scheme: hmac, header: X, timestamp: X-T}\n" + event, "6",
         "header.X-Timestamp");
  expect(kGood + "verify: {scheme: hmac, header: X, window: soon}\n" + event, "6", "duration");
  expect(kGood + "verify: {scheme: token}\n" + event, "6", "query");
  expect(kGood + "verify: {scheme: basic, header: X}\n" + event, "6", "header");
  expect(kGood + "verify: {scheme: hmak}\n" + event, "6", "hmak");
  expect(kGood + event + "tests:\n  - {payload: a.json}\n", "9", "facts");
  expect(
      kGood + event + "tests:\n  - {payload: a.json, facts: [], verdict: {ticket.respons: met}}\n",
      "9", "ticket.respons");
  expect(kGood + event +
             "tests:\n  - {payload: a.json, facts: [], verdict: {ticket.response: late}}\n",
         "9", "late");
}

// What should be a word and is a list or a map: its field, what stands there and what may, once.
TEST(AdapterMistakes, AListOrAMapInThePlaceOfAWordIsNamedOnce) {
  const std::string event = "events:\n  - {fact: responded}\n";
  const std::string hmac = "verify: {scheme: hmac, header: X, ";
  const std::vector<std::pair<std::string, std::string>> places = {
      {"kind: %\n" + event, "kind must be text"},
      {"zone: %\n" + event, "zone must be text"},
      {"encoding: %\n" + event, "encoding must be text"},
      {"prefix: %\n" + event, "prefix must be text"},
      {"each: %\n" + event, "each must be a path"},
      {"verify: {scheme: %}\n" + event, "verify scheme must be text"},
      {"verify: {scheme: token, header: X, prefix: %}\n" + event, "verify prefix must be text"},
      {hmac + "algorithm: %}\n" + event, "verify algorithm must be text"},
      {hmac + "encoding: %}\n" + event, "verify encoding must be text"},
      {hmac + "prefix: %}\n" + event, "verify prefix must be text"},
      {hmac + "timestamp: header.X, window: %}\n" + event, "verify window must be a duration"},
      {"state: {is: {path: %}}\n", "state is path must be a path"},
      {"state: {is: s, priority: {path: p, default: %}}\n",
       "state priority must be one of P1, P2, P3, P4"},
      {"state: {is: {path: s, match: %}}\n", "state is match must be a regular expression"},
      {"events: [{fact: %}]\n", "events fact must be text"},
  };
  for (const auto& [text, said] : places) {
    for (const auto& [bad, name] : {std::pair{"[x, y]", "a list"}, {"{x: y}", "a map"}}) {
      std::string yaml = text;
      yaml.replace(yaml.find('%'), 1, bad);
      const std::string told = mistakes(kGood + yaml);
      EXPECT_TRUE(told.starts_with("6: " + said)) << told;
      EXPECT_TRUE(told.ends_with(std::string(", not ") + name + "\n")) << told;
      EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
    }
  }
}

TEST(AdapterMistakes, AFileWithoutAnyIsRead) {
  EXPECT_EQ(mistakes(kGood + "events:\n  - {fact: responded}\n"), "");
  EXPECT_EQ(adapter(kGood + "events:\n  - {fact: responded}\n")->tag.size(), 14u);
}

}  // namespace
}  // namespace tocsin::test
