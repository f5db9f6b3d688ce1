// Batches, and the binary modes of HTTP and Kafka.
#include <gtest/gtest.h>

#include "events/codec.h"
#include "tests/events/members.h"

namespace tocsin {
namespace {

const Instant kArrival = *parse_rfc3339("2026-03-02T02:00:00Z");

TEST(Batch, IsSplitIntoTheBytesOfItsElements) {
  std::vector<std::string_view> events;
  const auto split = [&](std::string_view body) { return split_batch(body, events, 4); };
  EXPECT_EQ(split("[]"), SplitResult::kSplit);
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(split(" [ ] "), SplitResult::kSplit);
  EXPECT_EQ(split("\n[ {\"a\":\"]}\\\"\"} ,5, [1,[2]],\"x\\\\\" ] "), SplitResult::kSplit);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0], "{\"a\":\"]}\\\"\"}");
  EXPECT_EQ(events[1], "5");
  EXPECT_EQ(events[2], "[1,[2]]");
  EXPECT_EQ(events[3], "\"x\\\\\"");
  EXPECT_EQ(split("[1,2,3,4,5]"), SplitResult::kTooMany);
  EXPECT_EQ(split("[{\"a\":tru},{\"b\"},2]"), SplitResult::kSplit);  // elements are judged alone
  for (const char* bad : {"", " ", "{}", "null", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[\"a]",
                          "[{]", "[]]", "[] x", "[1]2", "[\"\\\"]", "[1:2]"}) {
    EXPECT_EQ(split(bad), SplitResult::kMalformed) << bad;
  }
}

class Binary : public testing::Test {
 protected:
  std::vector<HeaderView> headers = {
      {"ce_specversion", "1.0"},  {"ce_id", "1"},
      {"ce_source", "/crm"},      {"ce_type", "tocsin.ticket.opened"},
      {"ce_subject", "票/1 %41"}, {"ce_time", "2026-03-02T09:15:00+08:00"}};
  Decoder decoder;
  Decoded out;
  std::string kafka(std::string_view key, std::optional<std::string_view> value) {
    decoder.kafka(headers, key, value, out);
    return std::string(out.form_error.empty() ? judge(out, kArrival) : out.form_error);
  }
  std::string http(std::string_view body) {
    decoder.http_binary(headers, body, out);
    return std::string(out.form_error.empty() ? judge(out, kArrival) : out.form_error);
  }
};

TEST_F(Binary, KafkaHeadersArePlainUtf8) {
  headers.push_back({"ce_myext", "a\"b"});
  EXPECT_EQ(kafka("ACC", R"({ "priority":"P1" })"), "");
  EXPECT_EQ(out.fact.subject, "票/1 %41");
  EXPECT_EQ(out.fact.account, "ACC");
  EXPECT_EQ(out.fact.data, R"({"priority":"P1"})");
  EXPECT_EQ(out.fact.extensions, R"("myext":"a\"b")");
  headers.push_back({"ce_partitionkey", "OTHER"});
  EXPECT_EQ(kafka("ACC", std::nullopt), "");
  EXPECT_EQ(out.fact.account, "OTHER");
  EXPECT_EQ(out.fact.data, "");
  headers.push_back({"ce_subject", "\xff"});
  EXPECT_EQ(kafka("ACC", ""), "bad_attribute:subject");
}

TEST_F(Binary, KafkaReasons) {
  EXPECT_EQ(kafka("", "{}"), "missing_attribute:partitionkey");
  EXPECT_EQ(kafka("ACC", "{"), "malformed");
  EXPECT_EQ(kafka("ACC", "1],[2"), "malformed");
  EXPECT_EQ(kafka("ACC", "null"), "");
  EXPECT_EQ(out.fact.data, "");
  headers.push_back({"ce_sequence", ""});
  EXPECT_EQ(kafka("ACC", "{}"), "bad_attribute:sequence");
  EXPECT_EQ(kafka("ACC", std::string(kEventBytesMax, ' ')), "too_large");
}

TEST_F(Binary, KafkaModes) {
  const std::string event = Members{}.json();
  // The body wins over repeated attributes; capitals do not matter.
  headers.push_back({"Content-Type", "Application/CloudEvents+JSON; charset=UTF-8"});
  EXPECT_EQ(kafka("KEY", event), "");
  EXPECT_EQ(out.fact.subject, "T-1");
  EXPECT_EQ(kafka("KEY", std::nullopt), "malformed");
  EXPECT_EQ(kafka("KEY", '[' + event + ']'), "malformed");
  headers.clear();
  EXPECT_EQ(kafka("KEY", event), "");
  EXPECT_FALSE(out.tombstone);
  EXPECT_EQ(kafka("KEY", "x"), "malformed");
  EXPECT_EQ(kafka("KEY", "{}"), "missing_attribute:specversion");
  EXPECT_EQ(kafka("KEY", ""), "malformed");
  decoder.kafka(headers, "KEY", std::nullopt, out);
  EXPECT_TRUE(out.tombstone);
}

TEST_F(Binary, HeadersAreNoPlaceForData) {  // found by fuzzing
  headers.push_back({"ce_data_base64", "e30="});
  headers.push_back({"ce_data", "{}"});
  EXPECT_EQ(kafka("ACC", R"({"priority":"P1"})"), "");
  EXPECT_EQ(out.fact.data, R"({"priority":"P1"})");
  EXPECT_EQ(out.fact.extensions, "");
}

TEST_F(Binary, HttpHeadersArePercentDecodedOnce) {
  headers = {{"CE-SpecVersion", "1.0"},
             {"ce-id", "\"a\\\"%20b\""},
             {"ce-source", "/crm"},
             {"ce-type", "tocsin.ticket.opened"},
             {"ce-time", "2026-03-02T09:15:00%2B08:00"},
             {"ce-partitionkey", " Euro%20%e2%82%AC%20%F0%9F%98%80 "},
             {"ce-subject", "ticket%2Ftest%20%E4%B8%80%2541"},
             {"host", "localhost"},
             {"content-type", "application/vnd.x+json"}};
  EXPECT_EQ(http(R"({"a":1})"), "");
  EXPECT_EQ(out.fact.id, "a\" b");
  EXPECT_EQ(out.fact.account, "Euro € 😀");
  EXPECT_EQ(out.fact.subject, "ticket/test 一%41");
  EXPECT_EQ(out.fact.extensions, R"("datacontenttype":"application/vnd.x+json")");
  EXPECT_EQ(http(R"({"a":1)"), "malformed");
  for (const char* bad :
       {"%C0%A0", "%FF", "%", "%4", "%zz", "a%", "\"a\\\"", "%00", "\xff", "", " "}) {
    headers[6].value = bad;
    EXPECT_EQ(http("{}"), "bad_attribute:subject") << bad;
  }
}

TEST_F(Binary, TextThatIsNotJson) {
  headers.push_back({"content-type", "text/plain"});
  EXPECT_EQ(kafka("ACC", "{ not json"), "");
  EXPECT_EQ(out.fact.data, R"("{ not json")");
  EXPECT_EQ(out.fact.extensions, R"("datacontenttype":"text/plain")");
  EXPECT_EQ(kafka("ACC", "\xff"), "malformed");
}

TEST(ContentModes, OfHttp) {
  const std::vector<HeaderView> none = {{"host", "x"}}, binary = {{"Ce-Id", "1"}};
  EXPECT_EQ(http_content_mode("Application/CloudEvents+JSON;charset=utf-8", none),
            ContentMode::kStructured);
  EXPECT_EQ(http_content_mode("application/cloudevents-batch+json", binary), ContentMode::kBatch);
  EXPECT_EQ(http_content_mode("application/json", binary), ContentMode::kBinary);
  EXPECT_EQ(http_content_mode("", binary), ContentMode::kBinary);
  EXPECT_EQ(http_content_mode("application/json", none), ContentMode::kJson);
  EXPECT_EQ(http_content_mode("application/cloudevents+avro", binary), ContentMode::kUnsupported);
}

}  // namespace
}  // namespace tocsin
