#include "events/codec.h"

#include <gtest/gtest.h>

#include <random>

#include "events/reasons.h"
#include "tests/events/members.h"

namespace tocsin {
namespace {

const Instant kArrival = *parse_rfc3339("2026-03-02T02:00:00Z");

Decoded decode(std::string_view json, RecordedTime recorded = RecordedTime::kIgnored,
               std::string_view key = {}) {
  Decoder decoder(recorded);
  Decoded out;
  decoder.structured(json, key, out);
  return out;
}

std::string reason(std::string_view json, RecordedTime recorded = RecordedTime::kIgnored) {
  Decoded out = decode(json, recorded);
  if (!out.form_error.empty()) return std::string(out.form_error);
  return std::string(judge(out, kArrival));
}

std::string reason_with(std::string Members::*member, std::string value) {
  Members m;
  m.*member = std::move(value);
  return reason(m.json());
}

std::string data_of(std::string_view data) {
  const Decoded out = decode(Members{.rest = "\"data\":" + std::string(data)}.json());
  EXPECT_EQ(out.form_error, "") << data;
  return out.fact.data;
}

TEST(Structured, AGoodFact) {
  Decoded out = decode(
      R"( {"specversion":"1.0", "id":"f-1","source":"/crm","type":"tocsin.ticket.opened",
           "time":"2026-03-02T09:15:00.1239+08:00","subject":"T-1","partitionkey":"ACC-1","sequence":"07",
           "datacontenttype":"application/json","traceparent":"00-ab","weight": 1.50,"gone":null,
           "data":{ "priority" : "P1", "title" : "\u6253\u4e0d\u5f00 \/ \"x\"", "n" : [ 1e3 , -0.0 ] } } )");
  ASSERT_EQ(out.form_error, "");
  EXPECT_TRUE(out.has_identity);
  ASSERT_EQ(judge(out, kArrival), "");
  EXPECT_EQ(out.fact.account, "ACC-1");
  EXPECT_EQ(out.fact.subject, "T-1");
  EXPECT_EQ(out.fact.type, "tocsin.ticket.opened");
  EXPECT_EQ(out.fact.kind, "ticket");
  EXPECT_EQ(out.fact.verb, "opened");
  EXPECT_EQ(out.fact.source, "/crm");
  EXPECT_EQ(out.fact.id, "f-1");
  EXPECT_EQ(out.fact.sequence, "07");
  EXPECT_EQ(format_rfc3339(out.fact.time), "2026-03-02T01:15:00.123Z");
  EXPECT_EQ(out.fact.recorded, kArrival);
  EXPECT_EQ(out.fact.data, R"({"priority":"P1","title":"打不开 / \"x\"","n":[1e3,-0.0]})");
  EXPECT_EQ(out.fact.extensions, R"("traceparent":"00-ab","weight":1.50)");
}

TEST(Structured, MissingInTheContractsOrder) {
  EXPECT_EQ(reason("{}"), "missing_attribute:specversion");
  Members m;
  m.specversion = m.id = m.source = m.type = m.time = m.subject = m.partitionkey = "null";
  for (const auto& [member, name] : std::vector<std::pair<std::string Members::*, std::string>>{
           {&Members::specversion, "specversion"},
           {&Members::id, "id"},
           {&Members::source, "source"},
           {&Members::type, "type"},
           {&Members::time, "time"},
           {&Members::subject, "subject"},
           {&Members::partitionkey, "partitionkey"}}) {
    EXPECT_EQ(reason(m.json()), "missing_attribute:" + name);
    EXPECT_EQ(reason_with(member, ""), "missing_attribute:" + name);
    m.*member = "5";  // all missing ones are named before the first bad one
  }
  EXPECT_EQ(reason(m.json()), "bad_attribute:specversion");
}

TEST(Structured, BadInTheContractsOrder) {
  Members m;
  m.specversion = m.id = m.source = m.type = m.time = m.subject = m.partitionkey = R"("")";
  m.rest = R"("sequence":[],"recordedtime":"soon")";
  const Members good;
  for (const auto& [member, name] : std::vector<std::pair<std::string Members::*, std::string>>{
           {&Members::specversion, "specversion"},
           {&Members::id, "id"},
           {&Members::source, "source"},
           {&Members::type, "type"},
           {&Members::time, "time"},
           {&Members::subject, "subject"},
           {&Members::partitionkey, "partitionkey"}}) {
    EXPECT_EQ(reason(m.json(), RecordedTime::kRead), "bad_attribute:" + name);
    for (const char* bad : {"5", "true", "[\"x\"]", "{\"a\":1}", "\"\"", R"("a\u0000b")",
                            R"("a\u007f")", R"("a\u0085")", R"("\n")"}) {
      EXPECT_EQ(reason_with(member, bad), "bad_attribute:" + name) << bad;
    }
    m.*member = good.*member;
  }
  EXPECT_EQ(reason(m.json(), RecordedTime::kRead), "bad_attribute:sequence");
  m.rest = R"("sequence":"","recordedtime":"soon")";
  EXPECT_EQ(reason(m.json(), RecordedTime::kRead), "bad_attribute:sequence");
  m.rest = R"("sequence":null,"recordedtime":"soon")";
  EXPECT_EQ(reason(m.json(), RecordedTime::kRead), "bad_attribute:recordedtime");
}

TEST(Structured, SpecVersionIsExactly10) {
  for (const char* version : {R"("1")", R"("1.0.0")", R"("0.3")", R"("2.0")", "1.0", R"(" 1.0")"}) {
    EXPECT_EQ(reason_with(&Members::specversion, version), "bad_attribute:specversion") << version;
  }
}

TEST(Structured, TypesOfTheEngineAreRefusedFromOutside) {
  for (const char* type :
       {"tocsin.clock.started", "tocsin.clock.corrected", "tocsin.complaint.advanced",
        "tocsin.complaint.withdrawn", "tocsin.fault.recurring", "tocsin.escalation.acknowledged",
        "tocsin.notification.failed", "tocsin.engine.policy", "tocsin.engine.x.y"}) {
    EXPECT_EQ(reason_with(&Members::type, '"' + std::string(type) + '"'), "bad_attribute:type")
        << type;
  }
  for (const char* type :
       {"tocsin.clock.wound", "tocsin.complaint.opened", "tocsin.engineering.started",
        "tocsin.engine", "com.example.ticket", "Tocsin.clock.started"}) {
    EXPECT_EQ(reason_with(&Members::type, '"' + std::string(type) + '"'), "") << type;
  }
}

TEST(Structured, KindAndVerb) {
  const auto parts = [](const std::string& type) {
    const Decoded out = decode(Members{.type = '"' + type + '"'}.json());
    return out.fact.kind + '|' + out.fact.verb;
  };
  EXPECT_EQ(parts("tocsin.ticket.opened"), "ticket|opened");
  EXPECT_EQ(parts("tocsin.合同.签署"), "合同|签署");
  for (const char* type :
       {"com.example.opened", "tocsin.ticket", "tocsin.ticket.opened.v2", "tocsin..opened",
        "tocsin.ticket.", "tocsin.a/b.opened", "tocsin.a b.opened", "tocsin.a%2Fb.c"}) {
    EXPECT_EQ(parts(type), "event|" + std::string(type));
  }
}

TEST(Structured, SubjectOfAccountAndOrgFactsIsThePartitionKey) {
  const auto with = [](const char* type, const char* subject, const char* key) {
    return reason(Members{.type = type, .subject = subject, .partitionkey = key}.json());
  };
  EXPECT_EQ(with(R"("tocsin.account.tiered")", R"("ACC")", R"("ACC")"), "");
  EXPECT_EQ(with(R"("tocsin.account.tiered")", R"("B")", R"("ACC")"), "bad_attribute:subject");
  EXPECT_EQ(with(R"("tocsin.account.anything")", R"("B")", R"("ACC")"), "bad_attribute:subject");
  EXPECT_EQ(with(R"("tocsin.org.activated")", R"("B")", R"("ORG")"), "bad_attribute:subject");
  EXPECT_EQ(with(R"("tocsin.duty.completed")", R"("screening")", R"("ORG")"), "");
  EXPECT_EQ(with(R"("tocsin.accounts.tiered")", R"("B")", R"("ACC")"), "");
  // Nothing to compare with: the key's own fault is named.
  EXPECT_EQ(with(R"("tocsin.account.tiered")", R"("B")", "7"), "bad_attribute:partitionkey");
}

TEST(Structured, TimeInFuture) {
  // 02:00:00 + 5 min = 02:05:00 is the last instant that is cut; 1 ms more is refused.
  Decoded out = decode(Members{.time = R"("2026-03-02T02:05:00.000Z")"}.json());
  EXPECT_EQ(judge(out, kArrival), "");
  EXPECT_EQ(out.fact.time, kArrival);
  EXPECT_EQ(out.fact.claimed, kArrival + minutes(5));
  EXPECT_EQ(reason_with(&Members::time, R"("2026-03-02T02:05:00.001Z")"), "time_in_future");
  out = decode(Members{.time = R"("2026-03-02T01:59:59.999Z")"}.json());
  EXPECT_EQ(judge(out, kArrival), "");
  EXPECT_EQ(out.fact.time, kArrival - milliseconds(1));
  EXPECT_EQ(out.fact.claimed, out.fact.time);
  // What is wrong with an attribute comes first.
  EXPECT_EQ(reason(Members{.time = R"("2030-01-01T00:00:00Z")", .rest = R"("sequence":1)"}.json()),
            "bad_attribute:sequence");
}

TEST(Structured, RecordedTimeIsIgnoredUnlessAskedFor) {
  for (const char* value : {"5", "null", R"("")", R"("soon")", R"("2026-01-01T00:00:00Z")", "{}"}) {
    const Decoded out = decode(Members{.rest = "\"recordedtime\":" + std::string(value)}.json());
    EXPECT_EQ(out.attribute_error, "");
    EXPECT_FALSE(out.recorded);
    EXPECT_EQ(out.fact.extensions, "");
  }
}

TEST(Structured, SimulatedArrival) {
  const Instant early = kArrival - hours(1), late = kArrival + hours(1);
  const Decoded given = decode(Members{.rest = R"("recordedtime":"2026-03-02T02:00:00Z")"}.json(),
                               RecordedTime::kRead);
  EXPECT_EQ(simulated_arrival(given, early), kArrival);
  EXPECT_EQ(simulated_arrival(given, late), late);
  const Decoded absent = decode(Members{}.json(), RecordedTime::kRead);
  EXPECT_EQ(simulated_arrival(absent, kAlways), *parse_rfc3339("2026-03-02T01:15:00Z"));
  EXPECT_EQ(simulated_arrival(absent, late), late);
}

TEST(Structured, IdentityStandsWithoutTheRest) {
  Decoded out = decode(Members{.type = "7", .time = "", .subject = R"("")"}.json());
  EXPECT_TRUE(out.has_identity);
  EXPECT_EQ(out.attribute_error, "missing_attribute:time");
  for (const auto member : {&Members::id, &Members::source, &Members::partitionkey}) {
    for (const char* bad : {"", "null", "7", R"("")"}) {
      Members m;
      m.*member = bad;
      EXPECT_FALSE(decode(m.json()).has_identity) << m.json();
    }
  }
}

TEST(Structured, NothingOfTheLastFactShinesThrough) {
  Decoder decoder;
  Decoded out;
  decoder.structured(Members{.rest = R"("sequence":"9","ext":1,"data":{"a":1})"}.json(), {}, out);
  decoder.structured("{}", {}, out);
  EXPECT_EQ(out.fact.id + out.fact.account + out.fact.source + out.fact.subject + out.fact.type +
                out.fact.kind + out.fact.verb + out.fact.sequence + out.fact.data +
                out.fact.extensions,
            "");
}

TEST(Structured, TheKafkaKeyStandsInForAMissingPartitionKeyOnly) {
  Decoder decoder;
  Decoded out;
  decoder.structured(Members{.partitionkey = ""}.json(), "KEY", out);
  EXPECT_EQ(judge(out, kArrival), "");
  EXPECT_EQ(out.fact.account, "KEY");
  decoder.structured(Members{.partitionkey = "null"}.json(), "KEY", out);
  EXPECT_EQ(out.fact.account, "KEY");
  decoder.structured(Members{}.json(), "KEY", out);
  EXPECT_EQ(out.fact.account, "ACC");
  decoder.structured(Members{.partitionkey = "5"}.json(), "KEY", out);
  EXPECT_EQ(judge(out, kArrival), "bad_attribute:partitionkey");
  decoder.structured(Members{.partitionkey = ""}.json(), "\xff", out);
  EXPECT_EQ(judge(out, kArrival), "bad_attribute:partitionkey");
  decoder.structured(Members{.partitionkey = ""}.json(), "", out);
  EXPECT_EQ(judge(out, kArrival), "missing_attribute:partitionkey");
}

TEST(Structured, Malformed) {
  const std::string good = Members{}.json();
  ASSERT_EQ(reason(good), "");
  ASSERT_EQ(reason(" \r\n\t" + good + " \n"), "");
  std::vector<std::string> bad = {"",
                                  " ",
                                  "null",
                                  "5",
                                  "\"x\"",
                                  "[]",
                                  '[' + good + ']',
                                  good + good,
                                  good + ',',
                                  good + " x",
                                  good + "\x01",
                                  "\xef\xbb\xbf" + good,
                                  good.substr(1),
                                  good + '}',
                                  "{]",
                                  "{\"a\":1",
                                  "{\"a\"",
                                  "{",
                                  "}",
                                  "{\"a\":}",
                                  "{\"a\" 1}",
                                  "{a:1}",
                                  "{'a':1}",
                                  "{\"a\":1,}",
                                  "{,\"a\":1}",
                                  "{\"a\":1 \"b\":2}",
                                  "{1:2}"};
  for (const char* value : {"tru",
                            "truee",
                            "nul",
                            "nulll",
                            "falsey",
                            "True",
                            "01",
                            "-",
                            "+1",
                            "1.",
                            ".5",
                            "1e",
                            "1e+",
                            "0x1",
                            "1_0",
                            "NaN",
                            "Infinity",
                            "--1",
                            "1 2",
                            "\"a",
                            "\"a\nb\"",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"\\u12g4\"",
                            "\"\\ud800\"",
                            "\"\\udc00\"",
                            "\"\\ud800x\"",
                            "\"\\ud800\\u0041\"",
                            "\"\\ud800\\ud800\"",
                            "\"\xff\"",
                            "\"\xc0\x80\"",
                            "\"\xed\xa0\x80\"",
                            "[1",
                            "[1,",
                            "[1,]",
                            "[,1]",
                            "[1 2]",
                            "[1}",
                            "{\"a\":1]",
                            "{]}",
                            "{\"a\":{\"b\":1}",
                            "[]]",
                            "\"a\"b",
                            "1\"a\"",
                            "[\"a\"\"b\"]",
                            "\"a\" \"b\"",
                            "//x"}) {
    bad.push_back(Members{.rest = "\"data\":" + std::string(value)}.json());
    bad.push_back(Members{.rest = "\"data\":[" + std::string(value) + "]"}.json());
    bad.push_back(Members{.rest = "\"ext\":" + std::string(value)}.json());
    bad.push_back(Members{.rest = "\"recordedtime\":" + std::string(value)}.json());
    bad.push_back(Members{.id = value}.json());
  }
  bad.push_back(Members{.rest = R"("a\ud800":1)"}.json());
  bad.push_back(Members{.rest = R"("data":{"a\udc00":1})"}.json());
  bad.push_back(Members{.rest = R"("a\x":1)"}.json());
  for (const std::string& text : bad) EXPECT_EQ(reason(text), "malformed") << text;
}

TEST(Structured, EveryJsonValueIsKept) {
  for (const char* value :
       {"true", "false", "0", "-0", "1", "-1.5e-3", "1E400", "123456789012345678901234567890",
        "\"\"", "\"a\"", "[]", "{}", "[[],{}]", "[1,\"b\",null,{\"c\":[true]}]",
        "{\"a\":{\"a\":1,\"a\":2}}", "18446744073709551615"}) {
    EXPECT_EQ(data_of(value), value);
  }
  EXPECT_EQ(data_of("null"), "");
  EXPECT_EQ(data_of(" [ 1 , { \"a b\" : \" c \" } ] "), R"([1,{"a b":" c "}])");
  EXPECT_EQ(data_of(R"("\u0000\u001f\u007f\b\f\n\r\t\"\\\/\ud83d\ude00")"),
            "\"\\u0000\\u001f\x7f\\b\\f\\n\\r\\t\\\"\\\\/😀\"");
  EXPECT_EQ(data_of(R"({"\u0061\"":1})"), R"({"a\"":1})");
}

TEST(Structured, OfEqualNamesTheLastCounts) {
  EXPECT_EQ(data_of(R"({"a":1,"b":2,"\u0061":3})"), R"({"b":2,"a":3})");
  const Decoded out = decode(
      Members{.rest = R"("id":"2","x":1,"i\u0064":"3","x":2,"data":1,"data":{"k":[]})"}.json());
  EXPECT_EQ(out.fact.id, "3");
  EXPECT_EQ(out.fact.extensions, R"("x":2)");
  EXPECT_EQ(out.fact.data, R"({"k":[]})");
  EXPECT_EQ(reason(Members{.rest = R"("id":null)"}.json()), "missing_attribute:id");
  std::string many, kept;
  for (int i = 0; i < 40; ++i)
    many += "\"k" + std::to_string(i % 30) + "\":" + std::to_string(i) + ',';
  for (int i = 10; i < 40; ++i)
    kept += "\"k" + std::to_string(i % 30) + "\":" + std::to_string(i) + ',';
  many.pop_back();
  kept.pop_back();
  EXPECT_EQ(data_of('{' + many + '}'), '{' + kept + '}');
}

TEST(Structured, DataInBase64IsReadAsJson) {
  // {"a":1}
  const Decoded out = decode(Members{.rest = R"("data_base64":"eyJhIjoxfQ==")"}.json());
  EXPECT_EQ(out.fact.data, R"({"a":1})");
  EXPECT_EQ(decode(Members{.rest = R"("data":null,"data_base64":"eyJhIjoxfQ==")"}.json()).fact.data,
            R"({"a":1})");
  EXPECT_EQ(decode(Members{.rest = R"("data":1,"data_base64":null)"}.json()).fact.data, "1");
  EXPECT_EQ(decode(Members{.rest = R"("data_base64":"bnVsbA==")"}.json()).fact.data, "");  // null
  for (const char* bad : {R"("eyJhIjoxfQ=")", R"("eyJhIjoxf")", R"("eyJhIjox")", R"("!!!!")",
                          R"("")", "5", R"("====")", R"("eyJhIjoxfQ==","data":{})"}) {
    EXPECT_EQ(reason(Members{.rest = "\"data_base64\":" + std::string(bad)}.json()), "malformed")
        << bad;
  }
}

TEST(Structured, SizeIsThatOfTheEventAsReceived) {
  const auto sized = [](std::size_t size) {
    const std::string empty = Members{.rest = R"("data":"")"}.json();
    return Members{.rest = "\"data\":\"" + std::string(size - empty.size(), 'x') + '"'}.json();
  };
  EXPECT_EQ(sized(kEventBytesMax).size(), 262'144u);
  EXPECT_EQ(reason(sized(kEventBytesMax)), "");
  EXPECT_EQ(reason(sized(kEventBytesMax + 1)), "too_large");
  EXPECT_EQ(reason(std::string(kEventBytesMax + 1, '[')), "too_large");
}

TEST(Structured, DeepNestingIsRefusedNotFollowed) {
  const auto nested = [](std::size_t depth, char open, char close) {
    const std::string inside = open == '[' ? "" : "\"a\":";
    std::string data;
    for (std::size_t i = 0; i < depth; ++i) data += (i > 0 && open == '{' ? inside : "") + open;
    return data + std::string(depth, close);
  };
  for (const auto& [open, close] : {std::pair{'[', ']'}, std::pair{'{', '}'}}) {
    EXPECT_EQ(reason(Members{.rest = "\"data\":" + nested(511, open, close)}.json()), "");
    EXPECT_EQ(reason(Members{.rest = "\"data\":" + nested(512, open, close)}.json()), "malformed");
    EXPECT_EQ(
        reason(Members{.rest = "\"data\":" + nested(60'000 / (open == '{' ? 2 : 1), open, close)}
                   .json()),
        "malformed");
    EXPECT_EQ(reason(std::string(200'000, open)), "malformed");
    EXPECT_EQ(reason(Members{.rest = "\"x\":" + std::string(200'000, open)}.json()), "malformed");
  }
}

TEST(Structured, OurStampsAreIgnoredFromOutside) {
  EXPECT_EQ(
      decode(Members{.rest = R"("tocsintier":"A","tocsin":1,"tocsi":2)"}.json()).fact.extensions,
      R"("tocsi":2)");
}

TEST(Structured, ContentTypeIsKeptWhenItSaysSomething) {
  EXPECT_EQ(
      decode(Members{.rest = R"("datacontenttype":"application/json")"}.json()).fact.extensions,
      "");
  const Decoded out =
      decode(Members{.rest = R"("datacontenttype":"text/plain","data":"{}")"}.json());
  EXPECT_EQ(out.fact.extensions, R"("datacontenttype":"text/plain")");
  EXPECT_EQ(out.fact.data, R"("{}")");
}

TEST(Structured, AnyBytesGiveAnAnswer) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string good =
      Members{
          .rest =
              R"("sequence":"1","x":[1,{"y":null}],"data":{"a":"\ud83d\ude00","b":[1.5e3,true]})"}
          .json();
  const std::string alphabet = "{}[]\",:\\u09ntfe- \n\x01\xff\xc3";
  Decoder decoder(RecordedTime::kRead);
  Decoded out;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = good;
    for (std::uint64_t n = 1 + random() % 3; n > 0; --n) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 5);
          break;
        default:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    decoder.structured(text, {}, out);
    if (out.form_error.empty() && judge(out, kArrival).empty()) {
      EXPECT_FALSE(out.fact.id.empty() || out.fact.account.empty());
    }
  }
}

TEST(Explain, EveryReasonHasWords) {
  for (const std::string_view r : kBad) EXPECT_FALSE(explain(r).empty()) << r;
  for (const std::string_view r : kMissing) EXPECT_FALSE(explain(r).empty()) << r;
  for (const std::string_view r : {kTooLarge, kMalformed, kTimeInFuture, kBadData})
    EXPECT_FALSE(explain(r).empty());
  EXPECT_NE(explain("bad_attribute:time").find("2026-03-02T09:15:00+08:00"),
            std::string_view::npos);
  EXPECT_FALSE(explain("bad_data:priority").empty());
}

}  // namespace
}  // namespace tocsin
