// Records as strangers publish them, through a real broker, to the fact that the codec makes of
// them.
#include <gtest/gtest.h>

#include "connectors/kafka/murmur2.h"
#include "events/codec.h"
#include "tests/connectors/kafka/broker.h"

namespace tocsin {
namespace {

using kafka_test::Member;
using kafka_test::RealBroker;
using kafka_test::Stranger;

class Modes : public RealBroker {
 protected:
  void SetUp() override {
    RealBroker::SetUp();
    if (!IsSkipped()) create();
  }
  // Publishes, reads back as a member of the group, decodes.
  Decoded through_kafka(std::string_view key, std::optional<std::string_view> value,
                        const Headers& headers) {
    if (!member) {
      member = std::make_unique<Member>(settings, rejected_bytes_max);
      EXPECT_TRUE(member->joined(4));
      member->take_over();
    }
    Stranger(settings).publish(settings.intake_topic(), 0, key, value, headers);
    const auto record = member->next();
    Decoded decoded;
    if (!record) return decoded;
    std::vector<HeaderView> views;
    for (const auto& [name, text] : record->headers) views.push_back({name, text});
    Decoder decoder;
    decoder.kafka(
        views, record->key,
        record->null_value ? std::nullopt : std::optional<std::string_view>(record->value),
        decoded);
    EXPECT_EQ(decoded.tombstone, record->tombstone());
    return decoded;
  }
  std::unique_ptr<Member> member;
};

const Headers kBinary{{"content-type", "application/json"},
                      {"ce_specversion", "1.0"},
                      {"ce_id", "e-1"},
                      {"ce_source", "/crm/east"},
                      {"ce_type", "tocsin.ticket.opened"},
                      {"ce_time", "2026-03-02T09:15:00+08:00"},
                      {"ce_subject", "票-1"},
                      {"ce_partitionkey", "ACME"}};
constexpr std::string_view kStructured =
    R"({"specversion":"1.0","id":"e-1","source":"/crm/east","type":"tocsin.ticket.opened",)"
    R"("time":"2026-03-02T09:15:00+08:00","subject":"票-1","partitionkey":"ACME",)"
    R"("data":{"priority":"P1"}})";

void expect_the_fact(Decoded& decoded) {
  EXPECT_EQ(decoded.form_error, "");
  EXPECT_EQ(judge(decoded, Instant{1'800'000'000'000}), "");
  EXPECT_EQ(decoded.fact.account, "ACME");
  EXPECT_EQ(decoded.fact.subject, "票-1");
  EXPECT_EQ(decoded.fact.kind, "ticket");
  EXPECT_EQ(decoded.fact.verb, "opened");
  EXPECT_EQ(format_rfc3339(decoded.fact.time), "2026-03-02T01:15:00.000Z");
}

TEST_F(Modes, StructuredAndBinaryGiveTheSameFact) {
  auto structured = through_kafka(
      "ACME", kStructured, {{"content-type", "application/cloudevents+json; charset=UTF-8"}});
  expect_the_fact(structured);
  EXPECT_EQ(structured.fact.data, R"({"priority":"P1"})");
  auto binary = through_kafka("ACME", R"({"priority":"P1"})", kBinary);
  expect_the_fact(binary);
  EXPECT_EQ(binary.fact.data, R"({"priority":"P1"})");
}

// As Debezium 3.3.1's outbox router sent it with the configuration of docs/kafka.md.
TEST_F(Modes, DebeziumOutboxRecord) {
  auto decoded = through_kafka("ACME", R"({"title": "打不开", "priority": "P1"})",
                               {{"__debezium.context.connectorLogicalName", "crm"},
                                {"__debezium.context.taskId", "0"},
                                {"__debezium.context.connectorName", "postgresql"},
                                {"id", "ea129473-8b4c-419e-8b98-d737c63e194e"},
                                {"ce_id", "ea129473-8b4c-419e-8b98-d737c63e194e"},
                                {"ce_partitionkey", "ACME"},
                                {"ce_type", "tocsin.ticket.opened"},
                                {"ce_subject", "票-1"},
                                {"ce_time", "2026-03-02T01:15:00.000000Z"},
                                {"ce_specversion", "1.0"},
                                {"ce_source", "/crm/east"},
                                {"content-type", "application/json"}});
  expect_the_fact(decoded);
  EXPECT_EQ(decoded.fact.id, "ea129473-8b4c-419e-8b98-d737c63e194e");
  EXPECT_EQ(decoded.fact.data, R"({"title":"打不开","priority":"P1"})");
}

TEST_F(Modes, KeyStandsInForAMissingPartitionkey) {
  Headers headers = kBinary;
  headers.pop_back();
  auto keyed = through_kafka("ACME", "{}", headers);
  expect_the_fact(keyed);
  auto keyless = through_kafka("", "{}", headers);
  EXPECT_EQ(judge(keyless, Instant{1'800'000'000'000}), "missing_attribute:partitionkey");
}

TEST_F(Modes, NullValueIsATombstoneOnlyWithoutAttributes) {
  auto without_data = through_kafka("ACME", std::nullopt, kBinary);
  expect_the_fact(without_data);
  EXPECT_EQ(without_data.fact.data, "");
  EXPECT_TRUE(through_kafka("ACME", std::nullopt, {}).tombstone);
}

// 256 KiB is the limit of one event; a record of intake's largest size is refused, not lost.
TEST_F(Modes, ARecordOfAMegabyteIsTooLarge) {
  const std::string value = R"({"note":")" + std::string(1'000'000, 'x') + "\"}";
  EXPECT_EQ(through_kafka("ACME", value, kBinary).form_error, "too_large");
}

}  // namespace
}  // namespace tocsin
