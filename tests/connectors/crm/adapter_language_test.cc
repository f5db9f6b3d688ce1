// adapters.md, sentence by sentence, where reference adapters do without.
#include <gtest/gtest.h>

#include "tests/connectors/crm/adapter_fixture.h"

namespace tocsin::test {
namespace {

const std::string kHead = R"("id":"T-1","account":"acme","at":"2026-03-02T01:00:00Z")";

std::string state_of(const std::string& rest) {
  return small("maps:\n  s: {new: open, hold: paused, done: resolved, gone: closed}\nstate:\n" +
               rest);
}

TEST(AdapterLanguage, TheDigitsOfOrderStandBeforeEverySequence) {
  Stream stream(small("order: source.pos\nevents:\n  - {fact: responded}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"source":{"pos":1543}})"),
            "responded acme/T-1 01:00:00 00000000000000001543.00\n");
  EXPECT_EQ(stream.take("{" + kHead + "}"), "responded acme/T-1 01:00:00 00\n");
}

TEST(AdapterLanguage, OrderByArrivalTakesItsMilliseconds) {
  Stream stream(small("order: {const: arrival}\nevents:\n  - {fact: responded}\n"));
  EXPECT_EQ(stream.take("{" + kHead + "}"),
            "responded acme/T-1 01:00:00 00000001772414100000.00\n");
}

TEST(AdapterLanguage, EveryStateBlockWhoseConditionHoldsSpeaks) {
  Stream stream(
      state_of("  - {is: {path: status, map: s}}\n"
               "  - {when: {changed: {contains: owner}}, assignee: owner.name}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"status":"new","owner":null,"changed":["status"]})"),
            "reopened acme/T-1 01:00:00 00\nresumed acme/T-1 01:00:00 01\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"owner":null,"changed":["status","owner"]})"),
            "unassigned acme/T-1 01:00:00 00\n");
}

TEST(AdapterLanguage, AWaitEndsEveryOtherWordFirst) {
  Stream stream(
      small("maps:\n  s: {hold: paused, open: open}\n"
            "  w: {caller: customer, parts: vendor, change: change}\n"
            "state: {is: {path: status, map: s}, wait: {path: why, map: w}}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"status":"hold","why":"parts"})"),
            "reopened acme/T-1 01:00:00 00\n"
            "resumed acme/T-1 01:00:00 01 {\"wait\":\"customer\"}\n"
            "resumed acme/T-1 01:00:00 02 {\"wait\":\"change\"}\n"
            "paused acme/T-1 01:00:00 03 {\"wait\":\"vendor\"}\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"status":"open"})"),
            "reopened acme/T-1 01:00:00 00\nresumed acme/T-1 01:00:00 01\n");
}

TEST(AdapterLanguage, EndStatesHaveDataOfTheirOwn) {
  Stream stream(
      state_of("  is: {path: status, map: s}\n  closed: {data: {satisfaction: score}}\n"
               "  resolved: {data: {cause: why}}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"status":"gone","score":4})"),
            "closed acme/T-1 01:00:00 00 {\"satisfaction\":4}\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"status":"done"})"), "resolved acme/T-1 01:00:00 00\n");
}

TEST(AdapterLanguage, ConditionsCompareWithOtherPathsExpressionsAndLists) {
  Stream stream(
      small("events:\n"
            "  - {fact: messaged, when: {author: {same: asker}}, data: {from: {const: customer}}}\n"
            "  - {fact: responded, when: {author: {not_same: asker}, kind: {match: \"^pub\"}}}\n"
            "  - {fact: progressed, when: {any: [{tags: {contains: report}}, {kind: [report, "
            "note]}]}}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"author":7,"asker":"7"})"),
            "messaged acme/T-1 01:00:00 00 {\"from\":\"customer\"}\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"author":7,"asker":8,"kind":"public"})"),
            "responded acme/T-1 01:00:00 00\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"author":1,"asker":1,"tags":["a","report"]})"),
            "messaged acme/T-1 01:00:00 00 {\"from\":\"customer\"}\n"
            "progressed acme/T-1 01:00:00 01\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"author":[1],"asker":[1]})"), "rejected: no_rule\n");
}

TEST(AdapterLanguage, WhatIsNotOursGivesNothingAndIsNotRejected) {
  Stream stream(
      "adapter: small\nsource: /s\nsubject: id\ntime: at\n"
      "account: {path: org, map: orgs, unmapped: ignore}\nmaps: {orgs: {7: acme}}\n"
      "events: [{fact: responded}]\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"org":"7"})"), "responded acme/T-1 01:00:00 00\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"org":8})"), "not ours\n");
  EXPECT_EQ(stream.take("{" + kHead + "}"), "rejected: missing:account\n");
}

TEST(AdapterLanguage, AWallClockWrittenAsANumberCountsInTheZone) {
  const std::string rest =
      "source: /s\nsubject: id\naccount: account\nevents: [{fact: responded}]\n";
  Stream stream("adapter: small\nzone: Asia/Shanghai\ntime: {path: at, as: local}\n" + rest);
  // 2018-06-20 06:37:03 in the database's DATETIME, as Debezium writes it.
  const auto at = [&](const std::string& number) {
    return stream.take(R"({"id":"T-1","account":"acme","at":)" + number + "}");
  };
  EXPECT_EQ(at("1529476623000"), "responded acme/T-1 22:37:03 00\n");
  EXPECT_EQ(at("1529476623000000"), "responded acme/T-1 22:37:03 00\n");
  EXPECT_EQ(at("1529476623000000000"), "responded acme/T-1 22:37:03 00\n");
  EXPECT_EQ(at("1529476623"), "responded acme/T-1 22:37:03 00\n");
}

TEST(AdapterLanguage, APrefixStandsBeforeEverySubject) {
  Stream stream(small("prefix: west-\nstate: {opened: {data: {title: title}}}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"title":"x"})"),
            "opened acme/west-T-1 01:00:00 00 {\"title\":\"x\"}\n");
  EXPECT_EQ(stream.ids.front(), "west-T-1/opened");
}

TEST(AdapterLanguage, TimesInEveryFormThatSystemsWrite) {
  Stream stream(
      "adapter: small\nsource: /s\nsubject: id\naccount: account\ntime: at\n"
      "zone: Asia/Shanghai\nevents: [{fact: responded}]\n");
  const auto at = [&](const std::string& text) {
    const std::string out = stream.take(R"({"id":"T","account":"a","at":)" + text + "}");
    return out.starts_with("responded") ? out.substr(14, 8) : out.substr(0, out.size() - 1);
  };
  EXPECT_EQ(at(R"("2026-03-02T09:05:00+08:00")"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02T09:05:00.123+0800")"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02T09:05:00+08")"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02 09:05:00 +0800")"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02 01:05:00 UTC")"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02t01:05:00z")"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02 09:05:00")"), "01:05:00");
  EXPECT_EQ(at(R"("2026/3/2 9:05")"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02")"), "16:00:00");
  EXPECT_EQ(at("1772413500"), "01:05:00");
  EXPECT_EQ(at("\"1772413500.9\""), "01:05:00");
  EXPECT_EQ(at("1772413500000"), "01:05:00");
  EXPECT_EQ(at("1.7724135E9"), "01:05:00");
  EXPECT_EQ(at(R"("2026-03-02T09:05:60Z")"), "rejected: bad_time:2026-03-02T09:05:60Z");
  EXPECT_EQ(at(R"("03/02/2026 09:05 AM")"), "rejected: bad_time:03/02/2026 09:05 AM");
  EXPECT_EQ(at(R"("2026-02-30")"), "rejected: bad_time:2026-02-30");
  EXPECT_EQ(at("null"), "rejected: missing:time");
  EXPECT_EQ(at(R"({"a":1})"), "rejected: missing:time");
}

TEST(AdapterLanguage, ALocalTimeWithoutAZoneIsRejected) {
  Stream stream(small("events: [{fact: responded}]\n"));
  EXPECT_EQ(stream.take(R"({"id":"T","account":"a","at":"2026-03-02 09:05:00"})"),
            "rejected: time_without_zone\n");
}

TEST(AdapterLanguage, ALocalTimeThatOccursTwiceIsTheFirstAndOneInAGapIsItsEnd) {
  Stream stream(
      "adapter: small\nsource: /s\nsubject: id\naccount: account\ntime: at\n"
      "zone: America/New_York\nevents: [{fact: responded}]\n");
  EXPECT_EQ(stream.take(R"({"id":"T","account":"a","at":"2025-11-02 01:30:00"})"),
            "responded a/T 05:30:00 00\n");
  EXPECT_EQ(stream.take(R"({"id":"T","account":"a","at":"2025-03-09 02:30:00"})"),
            "responded a/T 07:00:00 00\n");
}

TEST(AdapterLanguage, EmptyCountsAsAbsentButAComparisonSeesEmptyText) {
  Stream stream(
      small("events:\n  - {fact: responded, when: {a: \"\"}, data: {x: a, y: b, z: c, n: d}}\n"
            "  - {fact: progressed, when: {a: absent, b: absent}}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"a":"","b":{},"c":[],"d":0})"),
            "responded acme/T-1 01:00:00 00 {\"n\":0}\nprogressed acme/T-1 01:00:00 01\n");
}

TEST(AdapterLanguage, ValuesKeepTheirKindAndNumbersTheirText) {
  Stream stream(
      small("maps: {m: {\"3\": 5, x: \"5\", y: yes, z: true}}\n"
            "events:\n  - {fact: responded, data: {a: n, b: {path: k, map: m}, c: {path: l, map: "
            "m}, d: {path: o, "
            "map: m}, e: {path: q, map: m}, f: {const: 1.50}, g: list}}\n"));
  EXPECT_EQ(
      stream.take(
          "{" + kHead +
          R"(,"n":1446377590381088769.10,"k":3,"l":"x","o":"y","q":"z","list":[1, {"a":null}]})"),
      "responded acme/T-1 01:00:00 00 {\"a\":1446377590381088769.10,\"b\":5,\"c\":\"5\",\"d\":"
      "\"yes\",\"e\":true,\"f\":1.50,\"g\":[1,{\"a\":null}]}\n");
}

TEST(AdapterLanguage, PathsGoThroughListsByPlaceAndByMember) {
  Stream stream(
      small("events:\n  - {fact: responded, data: {a: l.1.v, b: \"l[n=x].v\", c: 'm.\"x.y\"', d: "
            "header.x-one, "
            "e: $.id, f: \"l[n=none].v\"}}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"l":[{"n":"x","v":1},{"n":7,"v":2}],"m":{"x.y":3}})",
                        {{"X-One", "h"}}),
            "responded acme/T-1 01:00:00 00 {\"a\":2,\"b\":1,\"c\":3,\"d\":\"h\",\"e\":\"T-1\"}\n");
}

TEST(AdapterLanguage, MatchComesBeforeMapAndNoMatchIsAbsent) {
  Stream stream(
      small("maps: {p: {\"2\": P2}}\nevents:\n"
            "  - {fact: prioritized, data: {priority: {path: p, match: \"^([0-9]) -\", map: p, "
            "default: P4}}}\n"));
  EXPECT_EQ(stream.take("{" + kHead + R"(,"p":"2 - High"})"),
            "prioritized acme/T-1 01:00:00 00 {\"priority\":\"P2\"}\n");
  EXPECT_EQ(stream.take("{" + kHead + R"(,"p":"none"})"),
            "prioritized acme/T-1 01:00:00 00 {\"priority\":\"P4\"}\n");
}

TEST(AdapterLanguage, NobodyIsAssignedWhereTheParentIsThere) {
  const std::string one = "  assignee: [ticket.owner.email, \"people[role=owner].name\"]\n";
  Stream stream(small("state:\n" + one));
  const auto take = [&](const std::string& rest) { return stream.take("{" + kHead + rest + "}"); };
  EXPECT_EQ(take(R"(,"ticket":{"owner":null})"), "unassigned acme/T-1 01:00:00 00\n");
  EXPECT_EQ(take(R"(,"people":[])"), "unassigned acme/T-1 01:00:00 00\n");
  EXPECT_EQ(take(R"(,"ticket":{})"), "");
  EXPECT_EQ(take(R"(,"ticket":{"owner":{"email":7}})"),
            "assigned acme/T-1 01:00:00 00 {\"person\":\"7\"}\n");
}

TEST(AdapterLanguage, EachGivesARunAnElementWithItsPlace) {
  Stream good(
      "adapter: small\nsource: /s\neach: tickets\nsubject: id\naccount: $.account\ntime: $.at\n"
      "ignore: [{when: {$.type: ping}}]\nevents: [{fact: responded}]\n");
  EXPECT_EQ(
      good.take("{" + kHead + R"(,"tickets":[{"id":1},{},{"id":3}]})"),
      "responded acme/1 01:00:00 0000.00\nrejected: missing:subject\nresponded acme/3 01:00:00 "
      "0002.00\n");
  EXPECT_EQ(good.take("{" + kHead + R"(,"tickets":{"id":1}})"),
            "responded acme/1 01:00:00 0000.00\n");
  EXPECT_EQ(good.take("{" + kHead + R"(,"tickets":[]})"), "");
  EXPECT_EQ(good.take("{" + kHead + R"(,"tickets":"x"})"), "rejected: missing:each\n");
  EXPECT_EQ(good.take(R"({"type":"ping"})"), "");
}

TEST(AdapterLanguage, AMoveCancelsThereAndTellsAllHere) {
  Stream stream(small("events: [{fact: responded, id: n}]\n"));
  stream.take("{" + kHead + R"(,"n":1})");
  stream.take("{" + kHead + R"(,"n":1})");
  EXPECT_EQ(stream.take(R"({"id":"T-1","account":"beta","at":"2026-03-02T01:10:00Z","n":2})"),
            "cancelled acme/T-1 01:10:00 00 {\"reason\":\"moved\"}\n"
            "responded beta/T-1 01:00:00 00\n"
            "responded beta/T-1 01:10:00 00\n");
}

TEST(AdapterLanguage, TheAccountOfASubjectIsKnownOrHasAName) {
  Stream known(
      "adapter: small\nsource: /s\nsubject: id\ntime: at\n"
      "account: {first: [account], else: known}\nevents: [{fact: responded}]\n");
  EXPECT_EQ(known.take(R"({"id":"T","at":1772413500})"), "rejected: missing:account\n");
  known.take(R"({"id":"T","at":1772413500,"account":"a"})");
  EXPECT_EQ(known.take(R"({"id":"T","at":1772413500})"), "responded a/T 01:05:00 00\n");
  Stream named(
      "adapter: small\nsource: /s\nsubject: id\ntime: at\n"
      "account: {first: [account], else: others}\nevents: [{fact: responded}]\n");
  EXPECT_EQ(named.take(R"({"id":"T","at":1772413500})"), "responded others/T 01:05:00 00\n");
}

}  // namespace
}  // namespace tocsin::test
