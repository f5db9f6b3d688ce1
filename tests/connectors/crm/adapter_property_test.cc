// Any JSON and any headers: facts or one named reason, never a crash; the same payload twice gives
// the same facts; hostile payloads are refused in one way.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <tuple>

#include "events/json_walk.h"
#include "tests/connectors/crm/adapter_fixture.h"

namespace tocsin::test {
namespace {

const std::string kAll =
    "adapter: all\nsource: /all\nzone: Asia/Shanghai\neach: list\nsubject: [id, $.id]\n"
    "account: {first: [account, $.account], else: known}\ntime: [at, $.at, {const: arrival}]\n"
    "order: n\nprefix: p-\n"
    "maps: {s: {open: open, hold: paused, \"1\": resolved, closed: closed}, w: {a: b, c: d}, p: "
    "{\"1\": P1, x: P2}}\n"
    "ignore: [{when: {drop: true}}]\n"
    "state:\n  - {when: {s: exists}, is: {path: s, map: s}, wait: {path: w, map: w, default: z}, "
    "priority: {path: p, map: p}, "
    "assignee: o.0.name, opened: {time: c, data: {t: t, all: .}}, closed: {data: {satisfaction: "
    "n}}}\n"
    "events:\n"
    "  - {fact: responded, when: {a: {same: b}, header.x-a: {not: n}}, id: i, time: at}\n"
    "  - {fact: progressed, when: {any: [{l: {contains: 1}}, {t: {match: \"^.x\"}}]}, data: {x: l, "
    "y: {path: t, match: \"(.)\"}}}\n";

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::string value(int depth) {
    static const char* const kScalars[] = {"null",
                                           "true",
                                           "false",
                                           "0",
                                           "-1.5e3",
                                           "1772413200",
                                           "1772413200123",
                                           "\"\"",
                                           "\"open\"",
                                           "\"hold\"",
                                           "\"closed\"",
                                           "\"1\"",
                                           "1",
                                           "\"x\"",
                                           "\"2026-03-02 09:00:00\"",
                                           "\"2026-03-02T09:00:00+0800\"",
                                           "\"\\u5ba2\\n\"",
                                           "\"a\"",
                                           "99999999999999999999999999",
                                           "\"T-1\""};
    const int kind = pick(10);
    if (depth <= 0 || kind < 6) return kScalars[pick(static_cast<int>(std::size(kScalars)))];
    return kind < 8 ? list(depth) : object(depth);
  }
  std::string object(int depth) {
    static const char* const kNames[] = {"id", "account", "at",   "s",    "w",   "p",
                                         "o",  "c",       "t",    "l",    "a",   "b",
                                         "i",  "n",       "drop", "list", "name"};
    std::string out = "{";
    for (int n = pick(9); n > 0; --n)
      out += (out.size() > 1 ? "," : "") + ("\"" + std::string(kNames[pick(17)]) + "\":") +
             value(depth - 1);
    return out + "}";
  }
  std::string payload() {
    std::string out = R"({"id":"T-1","account":"acme","at":1772413200,"list":[)";
    for (int n = pick(4); n > 0; --n) out += object(3) + (n > 1 ? "," : "");
    return out + "]}";
  }
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

 private:
  std::string list(int depth) {
    std::string out = "[";
    for (int n = pick(4); n > 0; --n) out += (out.size() > 1 ? "," : "") + value(depth - 1);
    return out + "]";
  }
  std::mt19937 random_;
};

unsigned seed_of_run() {
  const char* given = std::getenv("TOCSIN_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("TOCSIN_SEED=%u\n", seed);
  return seed;
}

// What is made of the parts is what a node would read from the text.
void expect_read_alike(const Decoded& made, const std::string& text, const std::string& fault) {
  static Decoder decoder;
  Decoded read;
  decoder.structured(text, {}, read);
  ASSERT_EQ(made.form_error, read.form_error) << text;
  if (!read.form_error.empty()) return;
  const std::string_view why = judge(read, kArrival);
  EXPECT_EQ(made.attribute_error, read.attribute_error) << text;
  if (!why.empty()) {
    EXPECT_EQ(fault, why) << text;
  }
  EXPECT_EQ(made.has_identity, read.has_identity) << text;
  EXPECT_EQ(made.recorded, read.recorded);
  EXPECT_EQ(made.tombstone, read.tombstone);
  const Fact &a = made.fact, &b = read.fact;
  EXPECT_EQ(std::tie(a.account, a.subject, a.type, a.kind, a.verb, a.source, a.id, a.sequence,
                     a.time, a.recorded, a.claimed, a.data, a.extensions),
            std::tie(b.account, b.subject, b.type, b.kind, b.verb, b.source, b.id, b.sequence,
                     b.time, b.recorded, b.claimed, b.data, b.extensions))
      << text;
}

TEST(AdapterProperty, AnyJsonGivesFactsOrAReasonAndTheSameAgain) {
  Maker maker(seed_of_run());
  const auto read = adapter(kAll);
  Evaluator evaluator;
  FactCheck check(default_policy());
  Decoded decoded;
  int facts = 0, reasons = 0;
  for (int n = 0; n < 4000; ++n) {
    const std::string body = maker.pick(5) == 0 ? maker.value(5) : maker.payload();
    const auto run = [&](std::string& out) {
      SubjectMemory memory;
      const std::string why =
          evaluator.run(*read, {body, {}, kArrival}, memory, [&](AdapterRun&& one) {
            if (one.outcome == AdapterRun::Outcome::kRejected) {
              EXPECT_FALSE(one.reason.empty()) << body;
              EXPECT_TRUE(one.facts.empty()) << body;
              ++reasons;
              out += one.reason + "\n";
            }
            for (const GivenFact& given : memory.give(one)) {
              std::string text;
              append_given(text, *read, given);
              const std::string fault = check.check(text, *read, given, kArrival, decoded);
              EXPECT_TRUE(fault.empty() || fault.starts_with("bad_data:") ||
                          fault == "time_in_future" || fault.starts_with("bad_attribute:"))
                  << fault << " " << text;
              expect_read_alike(decoded, text, fault);
              ++facts;
              out += text + "\n";
            }
          });
      out += why;
    };
    std::string first, second;
    run(first);
    run(second);
    ASSERT_EQ(first, second) << body;
  }
  EXPECT_GT(facts, 100);
  EXPECT_GT(reasons, 100);
}

TEST(AdapterProperty, WhatEventsCannotHoldIsRefusedHoweverItIsRead) {
  const auto read = adapter(
      "adapter: a\nsource: /a\nsubject: id\naccount: account\ntime: at\n"
      "events: [{fact: responded, id: n, data: {x: [header.x-text, x], y: y}}]\n");
  const std::string deep(kNestingMax - 3, '['), end(kNestingMax - 3, ']');
  const std::string large(kEventBytesMax, 'x'), long_name(kAttributeBytesMax + 1, 'n');
  const auto payload = [](const std::string& more) {
    return R"({"at":"2026-03-02T01:00:00Z",)" + more + "}";
  };
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {R"("id":"T","account":"a","x":"钱 \u0001 \"\\ /","y":1e400)", "", ""},
      {R"("id":"T","account":"a","x":{"a":[{}],"a":[]},"y":[1,{"b":null}])", "", ""},
      {R"("id":"T","account":"a","x":)" + deep + end, "", ""},
      {R"("id":"T","account":"a","x":")" + large + '"', "", "too_large"},
      {R"("id":"T","account":"a")", "caf\xe9", "malformed"},
      {R"("id":"T","account":"a")", "caf\xc3\xa9", ""},
      {R"("id":"T\u0001","account":"a")", "", "bad_attribute:subject"},
      {R"("id":"T\u0085","account":"a")", "", "bad_attribute:subject"},
      {R"("id":"T","account":")" + long_name + '"', "", "bad_attribute:partitionkey"},
      {R"("id":"T","account":"a","n":")" + long_name + '"', "", "bad_attribute:id"},
  };
  Evaluator evaluator;
  FactCheck check(default_policy());
  for (const auto& [members, header, wanted] : cases) {
    SubjectMemory memory;
    const std::vector<HeaderView> headers = {{"X-Text", header}};
    const std::string body = payload(members);
    int facts = 0;
    evaluator.run(*read, {body, headers, kArrival}, memory, [&](AdapterRun&& run) {
      for (const GivenFact& given : memory.give(run)) {
        std::string text;
        append_given(text, *read, given);
        Decoded decoded;
        const std::string fault = check.check(text, *read, given, kArrival, decoded);
        EXPECT_EQ(fault, wanted) << body.substr(0, 200);
        expect_read_alike(decoded, text, fault);
        ++facts;
      }
    });
    EXPECT_EQ(facts, 1) << body.substr(0, 200);
  }
}

TEST(AdapterProperty, AnyBytesGiveAReason) {
  Maker maker(seed_of_run());
  const auto read = adapter(kAll);
  Evaluator evaluator;
  for (int n = 0; n < 2000; ++n) {
    std::string body = maker.payload();
    for (int k = maker.pick(4); k >= 0 && !body.empty(); --k)
      body[static_cast<std::size_t>(maker.pick(static_cast<int>(body.size())))] =
          static_cast<char>(maker.pick(256));
    SubjectMemory memory;
    evaluator.run(*read, {body, {}, kArrival}, memory, [&](AdapterRun&& one) { memory.give(one); });
  }
}

TEST(AdapterProperty, HostilePayloadsAreRefusedInOneWay) {
  Stream stream(kAll);
  EXPECT_EQ(stream.take(std::string(10 << 20, ' ')), "rejected: too_large\n");
  EXPECT_EQ(stream.take(std::string(1000, '[') + std::string(1000, ']')), "rejected: malformed\n");
  EXPECT_EQ(stream.take("{\"list\":\"\xff\xfe\"}"), "rejected: malformed\n");
  EXPECT_EQ(stream.take("{\"list\":[]"), "rejected: malformed\n");
  EXPECT_EQ(stream.take(""), "rejected: malformed\n");
  std::string many = "{\"list\":[{}";
  for (int n = 1; n < 100'000; ++n) many += ",{}";
  EXPECT_EQ(stream.take(many + "]}"), "rejected: too_large\n");
}

// Snapshots in any order and with losses: the newest one's state, where an ended ticket changes only
// by a snapshot that is open or paused. The engine orders facts; here it is shown that what an
// adapter states is enough for that.
TEST(AdapterProperty, ASnapshotStatesAllThatTheTicketIs) {
  Stream stream(
      small("maps: {s: {o: open, p: paused, r: resolved, c: closed, x: cancelled}}\n"
            "state: {is: {path: s, map: s}, priority: p, assignee: o.name, opened: {time: c}}\n"));
  const auto verbs = [&](const std::string& state) {
    const std::string out = stream.take(
        R"({"id":"T","account":"a","at":1772413500,"c":1772413200,"p":"P2","o":null,"s":")" +
        state + "\"}");
    std::string words;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);)
      words += line.substr(0, line.find(' ')) + " ";
    return words;
  };
  EXPECT_EQ(verbs("o"), "opened reopened prioritized unassigned resumed ");
  EXPECT_EQ(verbs("p"), "opened reopened prioritized unassigned paused ");
  EXPECT_EQ(verbs("r"), "opened prioritized unassigned resolved ");
  EXPECT_EQ(verbs("c"), "opened prioritized unassigned closed ");
  EXPECT_EQ(verbs("x"), "opened prioritized unassigned cancelled ");
}

}  // namespace
}  // namespace tocsin::test
