#include "events/log_record.h"

#include <gtest/gtest.h>

#include <random>

#include "events/codec.h"
#include "events/hash.h"
#include "events/writer.h"

namespace tocsin {
namespace {

Fact sample() {
  Fact fact;
  fact.account = "ACC-1";
  fact.subject = "T-1";
  fact.type = "tocsin.ticket.opened";
  fact.kind = "ticket";
  fact.verb = "opened";
  fact.source = "/crm";
  fact.id = "f-1";
  fact.time = fact.claimed = *parse_rfc3339("2026-03-02T01:15:00Z");
  fact.recorded = fact.time + seconds(1);
  fact.data = R"({"priority":"P1"})";
  return fact;
}

std::string written(const Fact& fact, std::string_view stamps = {}) {
  std::string out;
  append_fact_record(out, fact, stamps);
  return out;
}

void expect_equal(const Fact& a, const Fact& b) {
  EXPECT_EQ(a.account, b.account);
  EXPECT_EQ(a.subject, b.subject);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.verb, b.verb);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.sequence, b.sequence);
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.recorded, b.recorded);
  EXPECT_EQ(a.claimed, b.claimed);
  EXPECT_EQ(a.data, b.data);
  EXPECT_EQ(a.extensions, b.extensions);
}

// These bytes are in logs on disk: they must not change.
TEST(LogRecord, GoldenFact) {
  Fact fact = sample();
  EXPECT_EQ(
      written(fact, R"("tocsintier":"A","tocsinpolicy":3)"),
      R"({"specversion":"1.0","id":"f-1","source":"/crm","type":"tocsin.ticket.opened","subject":"T-1",)"
      R"("partitionkey":"ACC-1","time":"2026-03-02T01:15:00.000Z","recordedtime":"2026-03-02T01:15:01.000Z",)"
      R"("tocsintier":"A","tocsinpolicy":3,"datacontenttype":"application/json","data":{"priority":"P1"}})");
  fact.sequence = "07";
  fact.claimed = fact.time + minutes(5);
  fact.extensions = R"("traceparent":"00-ab","datacontenttype":"text/plain")";
  fact.data = R"("x")";
  EXPECT_EQ(
      written(fact),
      R"({"specversion":"1.0","id":"f-1","source":"/crm","type":"tocsin.ticket.opened","subject":"T-1",)"
      R"("partitionkey":"ACC-1","time":"2026-03-02T01:15:00.000Z","recordedtime":"2026-03-02T01:15:01.000Z",)"
      R"("sequence":"07","tocsinclaimed":"2026-03-02T01:20:00.000Z","traceparent":"00-ab",)"
      R"("datacontenttype":"text/plain","data":"x"})");
}

TEST(LogRecord, GoldenOwnEvent) {
  std::string out;
  const Fact fact = sample();
  append_own_event(
      out, {"ACC-1/ticket/T-1/ticket.response/1/breached:target", "tocsin.clock.breached", "T-1",
            "ACC-1", fact.time, fact.recorded, R"({"entity":"ticket/T-1"})"});
  EXPECT_EQ(
      out,
      R"({"specversion":"1.0","id":"ACC-1/ticket/T-1/ticket.response/1/breached:target",)"
      R"("source":"/tocsin/engine","type":"tocsin.clock.breached","subject":"T-1","partitionkey":"ACC-1",)"
      R"("time":"2026-03-02T01:15:00.000Z","recordedtime":"2026-03-02T01:15:01.000Z",)"
      R"("data":{"entity":"ticket/T-1"}})");
  LogEvent event;
  ASSERT_TRUE(read_log_record(out, event));
  EXPECT_FALSE(event.is_fact());
  EXPECT_EQ(event.id, "ACC-1/ticket/T-1/ticket.response/1/breached:target");
  EXPECT_EQ(event.type, "tocsin.clock.breached");
  EXPECT_EQ(event.subject, "T-1");
  EXPECT_EQ(event.account, "ACC-1");
  EXPECT_EQ(event.time, fact.time);
  EXPECT_EQ(event.recorded, fact.recorded);
  EXPECT_EQ(event.data, R"({"entity":"ticket/T-1"})");
}

TEST(LogRecord, AFactComesBackAsItWas) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto text = [&] {
    static const std::string_view kPieces[] = {
        "a", "/", "\"", "\\", "\n", std::string_view("\0", 1), "\x1f", "客户", "😀", " ",
        "%", "{", "]",  ",",  ":"};
    std::string out = "x";
    for (std::uint64_t n = random() % 12; n > 0; --n) out += kPieces[random() % std::size(kPieces)];
    return out;
  };
  LogEvent event;
  for (int i = 0; i < 5'000; ++i) {
    Fact fact = sample();
    fact.account = text();
    fact.subject = text();
    fact.source = text();
    fact.id = text();
    if (random() % 2) fact.sequence = text();
    if (random() % 3 == 0) {
      fact.type = fact.verb = text();
      fact.kind = "event";
    }
    if (random() % 2) fact.claimed = fact.time + milliseconds(1);
    if (random() % 2) {
      fact.data.clear();
      append_json_string(fact.data, text());
    }
    if (random() % 4 == 0) fact.data.clear();
    if (random() % 2) {
      JsonObject(fact.extensions).text("ext", text()).raw("o", R"({"a":["]}"]})").close();
      fact.extensions = fact.extensions.substr(1, fact.extensions.size() - 2);
    }
    const std::string record = written(fact, random() % 2 ? R"("tocsintier":"B")" : "");
    ASSERT_TRUE(read_log_record(record, event)) << record;
    ASSERT_TRUE(event.is_fact());
    expect_equal(to_fact(event), fact);
    // And the public codec reads the same line to the same fact.
    if (record.find("\\u") != std::string::npos || record.find("\\n") != std::string::npos)
      continue;
    Decoder decoder(RecordedTime::kRead);
    Decoded decoded;
    decoder.structured(record, {}, decoded);
    ASSERT_EQ(judge(decoded, fact.recorded), "") << record;
    EXPECT_EQ(decoded.fact.data, fact.data);
    EXPECT_EQ(decoded.fact.extensions, fact.extensions);
    EXPECT_EQ(decoded.recorded, fact.recorded);
  }
}

TEST(LogRecord, Stamps) {
  LogEvent event;
  ASSERT_TRUE(read_log_record(
      written(sample(), R"("tocsintier":"A","tocsinprovisional":true,"tocsinpolicy":12)"), event));
  EXPECT_EQ(stamp(event, "tocsintier"), "A");
  EXPECT_EQ(stamp(event, "tocsinprovisional"), "true");
  EXPECT_EQ(stamp(event, "tocsinpolicy"), "12");
  EXPECT_EQ(stamp(event, "tocsin"), "");
  EXPECT_EQ(event.format, 1);
  EXPECT_EQ(event.extensions, "");
}

TEST(LogRecord, ANewerFormatSaysSo) {
  LogEvent event;
  ASSERT_TRUE(read_log_record(written(sample(), R"("tocsinformat":2)"), event));
  EXPECT_EQ(event.format, 2);
  EXPECT_EQ(event.stamps, "");
}

TEST(LogRecord, CutAnywhereIsNoRecord) {
  Fact fact = sample();
  fact.id = "a\"\\\n";
  fact.extensions = R"("x":[1,{"y":"]"}])";
  const std::string record = written(fact, R"("tocsintier":"A")");
  LogEvent event;
  ASSERT_TRUE(read_log_record(record, event));
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(read_log_record(std::string_view(record).substr(0, size), event)) << size;
  }
  EXPECT_FALSE(read_log_record(record + 'x', event));
  for (const char* part :
       {R"("id":"a\"\\\n",)", R"("source":"/crm",)", R"("type":"tocsin.ticket.opened",)",
        R"("subject":"T-1",)", R"("partitionkey":"ACC-1",)",
        R"("time":"2026-03-02T01:15:00.000Z",)", R"("recordedtime":"2026-03-02T01:15:01.000Z",)"}) {
    std::string without = record;
    const std::size_t at = without.find(part);
    ASSERT_NE(at, std::string::npos) << part;
    EXPECT_FALSE(read_log_record(without.erase(at, std::string_view(part).size()), event)) << part;
  }
}

std::uint64_t data_hash(std::string_view data) { return content_hash("t", "s", Instant{0}, data); }

// Reference values of MurmurHash3_x64_128 with seed 0.
TEST(Hashes, AreMurmur3) {
  const Hash128 empty = hash128("");
  EXPECT_EQ(empty.low, 0u);
  EXPECT_EQ(empty.high, 0u);
  const Hash128 hello = hash128("hello");
  EXPECT_EQ(hello.low, 0xcbd8a7b341bd9b02u);
  EXPECT_EQ(hello.high, 0x5b1e906a48ae1d19u);
  const Hash128 fox = hash128("The quick brown fox jumps over the lazy dog");
  EXPECT_EQ(fox.low, 0xe34bbc7bbc071b6cu);
  EXPECT_EQ(fox.high, 0x7a433ca9c49a9347u);
}

TEST(Hashes, IdentityTellsPairsApart) {
  EXPECT_NE(identity_hash("ab", "c"), identity_hash("a", "bc"));
  EXPECT_NE(identity_hash("a", "b"), identity_hash("b", "a"));
  EXPECT_EQ(identity_hash("/crm", "1"), identity_hash("/crm", "1"));
}

TEST(Hashes, ContentIsTheJsonValue) {
  const std::uint64_t value = data_hash(R"({"a":1,"b":["x",null,{"c":true,"d":"é"}]})");
  EXPECT_EQ(value, data_hash(R"( {"b" : ["x",null,{"d":"\u00e9","c":true}], "a" : 1.0} )"));
  EXPECT_EQ(data_hash("10"), data_hash("1e1"));
  EXPECT_EQ(data_hash("0"), data_hash("-0.0"));
  const char* const different[] = {"",
                                   "null",
                                   "true",
                                   "false",
                                   "0",
                                   "1",
                                   "\"1\"",
                                   "\"\"",
                                   "[]",
                                   "{}",
                                   "[1]",
                                   "[1,2]",
                                   "[2,1]",
                                   "[[1],2]",
                                   "[[1,2]]",
                                   "{\"1\":1}",
                                   "{\"a\":1}",
                                   "{\"a\":1,\"b\":1}",
                                   "{\"a\":{\"b\":1}}",
                                   "[1,[2]]",
                                   "9007199254740993",
                                   "9007199254740992",
                                   "1e400",
                                   "1e401",
                                   "\"null\"",
                                   "{\"a\":2,\"b\":1}",
                                   "{\"a\":1,\"b\":2}",
                                   "{\"b\":1}"};
  for (const char* a : different) {
    for (const char* b : different)
      EXPECT_EQ(a == b, data_hash(a) == data_hash(b)) << a << ' ' << b;
  }
}

TEST(Hashes, ContentCoversTypeSubjectAndTime) {
  Fact fact = sample();
  const std::uint64_t hash = content_hash(fact);
  fact.time = fact.recorded;  // cutting the time is no difference
  fact.id = "another";
  fact.extensions = "\"x\":1";
  EXPECT_EQ(content_hash(fact), hash);
  for (const auto& change : std::vector<void (*)(Fact&)>{
           [](Fact& f) { f.type += 'x'; }, [](Fact& f) { f.subject += 'x'; },
           [](Fact& f) { f.claimed = f.claimed + milliseconds(1); }, [](Fact& f) { f.data = "{}"; },
           [](Fact& f) { f.data.clear(); }}) {
    Fact other = sample();
    change(other);
    EXPECT_NE(content_hash(other), hash);
  }
}

}  // namespace
}  // namespace tocsin
