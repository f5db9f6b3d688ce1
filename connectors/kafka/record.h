// Records as they stand in the intake topic, and what becomes of those that cannot be decided here.
//
// Everything here is pure: values and functions over them, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/log_port.h"
#include "events/time.h"

namespace tocsin {

using Headers = std::vector<std::pair<std::string, std::string>>;  // in order, names may repeat

struct IntakeRecord {
  PartitionId partition = 0;
  Offset offset = 0;
  std::string key;    // empty where there was none (`keyless` tells it from an empty one)
  std::string value;  // empty for a tombstone too
  Headers headers;
  Instant timestamp;  // as the producer or broker stamped it; never used to decide anything
  bool keyless = false;
  bool null_value = false;

  // No value and no `ce_` header: skipped and counted (contract §3). A null value with `ce_`
  // headers is a binary-mode event without data.
  bool tombstone() const;
  // The last header of that name, bytes exactly as they came; nullopt where there is none.
  std::optional<std::string_view> header(std::string_view name) const;
  // `kafka tocsin.intake:3:17`; for a re-routed record the place where it was first published.
  std::string source(std::string_view intake_topic) const;
};

// --- Re-routing
// ------------------------------------------------------------------------------------

// A record published to the wrong partition, on its way to the right one in the same transaction
// that moves the position past it.
struct Reroute {
  PartitionId to = 0;
  std::string key;  // the account, so that any later copy by key lands right
  IntakeRecord record;
};

// Marks a record that was re-routed: `<topic>:<partition>:<offset>` of its first publication, and
// how often it was moved. Once is enough for ever, since the target is computed by one function;
// the hop limit ends what a forged header or two nodes of different mind could begin.
inline constexpr std::string_view kOriginHeader = "tocsin-origin";
inline constexpr std::string_view kHopsHeader = "tocsin-hops";
inline constexpr int kRerouteHopsMax = 3;

// Where `record` of `account` must go; nullopt when it is right where it is, or was moved
// kRerouteHopsMax times already.
std::optional<PartitionId> reroute_target(const IntakeRecord& record, std::string_view account,
                                          std::int32_t partitions);

// The headers that the moved copy carries: the record's own, with the two marks set.
Headers reroute_headers(const IntakeRecord& record, std::string_view intake_topic);

// --- Rejected records
// ------------------------------------------------------------------------------

// A rejected record on Kafka: the value is the original bytes, the headers are the original ones in
// their order, then these. Readers take the last of a name, so that a forged one has no effect.
inline constexpr std::string_view kReasonHeader = "tocsin-reason";
inline constexpr std::string_view kSourceHeader = "tocsin-source";
inline constexpr std::string_view kArrivedHeader = "tocsin-arrived";  // RFC 3339
inline constexpr std::string_view kOriginalKeyHeader =
    "tocsin-key";  // by reject(IntakeRecord) only
// Only where the original was cut:
inline constexpr std::string_view kOriginalLengthHeader = "tocsin-original-length";
inline constexpr std::string_view kOriginalSha256Header = "tocsin-original-sha256";  // hex
inline constexpr std::string_view kHeadersCutHeader =
    "tocsin-headers-cut";  // how many were left out

// A record of intake as a rejected one, with its key kept as a header.
RejectedRecord reject(const IntakeRecord& record, std::string_view intake_topic, std::string reason,
                      Instant arrived);

struct RejectedWire {
  std::string_view value;  // a prefix of record.original
  Headers headers;
  bool cut = false;
};

// Lays `record` out so that it fits into `bytes_max`, the topic's max.message.bytes, uncompressed:
// first the value is cut, then original headers from the last backwards, and both are noted.
// The views live as long as `record`.
RejectedWire lay_out(const RejectedRecord& record, std::int64_t bytes_max);

// The way back, for `tocsin rejected`. `original` is what there is (a prefix where it was cut: the
// length and hash headers then stay among the headers).
RejectedRecord read_rejected(std::string value, Headers headers);

}  // namespace tocsin
