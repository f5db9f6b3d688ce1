#include "connectors/kafka/record.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "connectors/kafka/murmur2.h"

namespace tocsin {
namespace {

constexpr std::int32_t kPartitions = 12;

IntakeRecord record_at(PartitionId partition, Offset offset) {
  IntakeRecord record;
  record.partition = partition;
  record.offset = offset;
  record.key = "ACME";
  record.value = R"({"a":1})";
  record.headers = {{"ce_id", "1"}, {"content-type", "application/json"}};
  return record;
}

// What a broker counts of a record: lay_out must stay under the limit with Kafka's own overhead.
std::size_t wire_bytes(const RejectedWire& wire) {
  constexpr std::size_t kBatchAndRecordBytes = 61 + 35;
  return std::accumulate(wire.headers.begin(), wire.headers.end(),
                         wire.value.size() + kBatchAndRecordBytes,
                         [](std::size_t sum, const auto& header) {
                           return sum + header.first.size() + header.second.size() + 10;
                         });
}

std::string last(const Headers& headers, std::string_view name) {
  std::string value = "(none)";
  for (const auto& [key, text] : headers) {
    if (key == name) value = text;
  }
  return value;
}

TEST(IntakeRecord, IsATombstoneOnlyWithoutValueAndAttributes) {
  IntakeRecord record = record_at(0, 0);
  EXPECT_FALSE(record.tombstone());
  record.value.clear();
  record.null_value = true;
  EXPECT_FALSE(record.tombstone()) << "a binary event without data";
  record.headers = {{"content-type", "application/json"}, {"cause", "delete"}};
  EXPECT_TRUE(record.tombstone());
  record.null_value = false;
  EXPECT_FALSE(record.tombstone()) << "an empty value is malformed, not a tombstone";
}

TEST(IntakeRecord, GivesTheLastHeaderOfAName) {
  IntakeRecord record = record_at(0, 0);
  record.headers.emplace_back("ce_id", "2");
  EXPECT_EQ(record.header("ce_id"), "2");
  EXPECT_EQ(record.header("CE_ID"), std::nullopt);
}

TEST(Reroute, LeavesARecordOfTheRightPartition) {
  // partition_of("ACME", 12) = 1, as Java's partitioner says.
  EXPECT_EQ(reroute_target(record_at(1, 5), "ACME", kPartitions), std::nullopt);
  EXPECT_EQ(reroute_target(record_at(0, 5), "ACME", kPartitions), 1);
}

TEST(Reroute, RemembersWhereTheRecordWasPublishedFirst) {
  IntakeRecord record = record_at(0, 5);
  record.headers = reroute_headers(record, "tocsin.intake");
  EXPECT_EQ(record.header(kOriginHeader), "tocsin.intake:0:5");
  EXPECT_EQ(record.header(kHopsHeader), "1");
  EXPECT_EQ(record.header("ce_id"), "1");
  record.partition = 1;
  record.offset = 77;
  EXPECT_EQ(record.source("tocsin.intake"), "kafka tocsin.intake:0:5");
  EXPECT_EQ(reroute_target(record, "ACME", kPartitions), std::nullopt);
}

// Two nodes that disagreed, or a producer that forges the mark, must not make a record travel for
// ever.
TEST(Reroute, EndsAfterAFewHops) {
  IntakeRecord record = record_at(0, 5);
  int moved = 0;
  while (reroute_target(record, "ACME", kPartitions)) {
    record.headers = reroute_headers(record, "tocsin.intake");
    ASSERT_LE(++moved, kRerouteHopsMax);
  }
  EXPECT_EQ(moved, kRerouteHopsMax);
  record.headers = {{std::string(kHopsHeader), "rubbish"}};
  EXPECT_EQ(reroute_target(record, "ACME", kPartitions), 1);
}

TEST(Rejected, KeepsBytesHeadersKeyAndReason) {
  IntakeRecord record = record_at(3, 17);
  record.value = std::string("\0\xff{", 3);
  const auto rejected = reject(record, "tocsin.intake", "malformed", Instant{1'000});
  const auto wire = lay_out(rejected, 1 << 20);
  EXPECT_FALSE(wire.cut);
  EXPECT_EQ(wire.value, record.value);
  EXPECT_EQ(last(wire.headers, kOriginalKeyHeader), "ACME");

  const auto back = read_rejected(std::string(wire.value), wire.headers);
  EXPECT_EQ(back.reason, "malformed");
  EXPECT_EQ(back.source, "kafka tocsin.intake:3:17");
  EXPECT_EQ(back.arrived, Instant{1'000});
  EXPECT_EQ(back.original, record.value);
  EXPECT_EQ(back.headers, rejected.headers);
}

TEST(Rejected, IsNotMisledByForgedHeaders) {
  IntakeRecord record = record_at(3, 17);
  record.headers.emplace_back(kReasonHeader, "forged");
  const auto wire = lay_out(reject(record, "t", "malformed", Instant{0}), 1 << 20);
  EXPECT_EQ(read_rejected("", wire.headers).reason, "malformed");
}

TEST(Rejected, CutsWhatDoesNotFitAndSaysSo) {
  constexpr std::int64_t kLimit = 10'000;
  RejectedRecord record;
  record.reason = "too_large";
  record.source = "kafka t:0:0";
  record.headers = {{"ce_id", "1"}};
  record.original.assign(20'000, 'x');
  const auto wire = lay_out(record, kLimit);
  EXPECT_TRUE(wire.cut);
  EXPECT_LE(wire_bytes(wire), static_cast<std::size_t>(kLimit));
  EXPECT_GT(wire.value.size(), 9'000u);
  EXPECT_EQ(last(wire.headers, kOriginalLengthHeader), "20000");
  // printf 'x%.0s' {1..20000} | sha256sum
  EXPECT_EQ(last(wire.headers, kOriginalSha256Header),
            "42e8bc96b8eec8c4e5d503483ba0cb843ce95243c8ca8575ffc69cd25d12c61c");
  EXPECT_EQ(last(wire.headers, "ce_id"), "1");
}

TEST(Rejected, FitsAtEverySizeAroundTheLimit) {
  constexpr std::int64_t kLimit = 4'096;
  RejectedRecord record;
  record.reason = "malformed";
  record.source = "kafka t:0:0";
  bool whole = false;
  bool cut = false;
  for (std::size_t size = 3'000; size < 5'000; ++size) {
    record.original.assign(size, 'x');
    const auto wire = lay_out(record, kLimit);
    ASSERT_LE(wire_bytes(wire), static_cast<std::size_t>(kLimit)) << size;
    ASSERT_EQ(wire.cut, wire.value.size() < size);
    (wire.cut ? cut : whole) = true;
  }
  EXPECT_TRUE(whole);
  EXPECT_TRUE(cut);
}

TEST(Rejected, LeavesOutHeadersThatAreTooManyAfterHalfOfTheRoom) {
  constexpr std::int64_t kLimit = 10'000;
  RejectedRecord record;
  record.reason = "malformed";
  const auto name = [](int i) { return std::string("h").append(std::to_string(i)); };
  for (int i = 0; i < 300; ++i) record.headers.emplace_back(name(i), "0123456789");
  record.original.assign(20'000, 'x');
  const auto wire = lay_out(record, kLimit);
  EXPECT_LE(wire_bytes(wire), static_cast<std::size_t>(kLimit));
  EXPECT_GT(wire.value.size(), 4'000u);
  const int cut = std::stoi(last(wire.headers, kHeadersCutHeader));
  EXPECT_GT(cut, 0);
  EXPECT_EQ(last(wire.headers, name(300 - cut)), "(none)");
  EXPECT_EQ(last(wire.headers, name(299 - cut)), "0123456789");
}

}  // namespace
}  // namespace tocsin
