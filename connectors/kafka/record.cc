#include "connectors/kafka/record.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "connectors/kafka/murmur2.h"

namespace tocsin {
namespace {

constexpr std::string_view kAttributePrefix = "ce_";

// What Kafka adds to a record and its batch: batch header 61, lengths and deltas at most 35, and
// a length of at most 5 bytes before each name and value.
constexpr std::size_t kRecordOverheadBytes = 128;
constexpr std::size_t kHeaderOverheadBytes = 10;

std::size_t cost(std::string_view name, std::string_view value) {
  return name.size() + value.size() + kHeaderOverheadBytes;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  // Fails only when OpenSSL has no SHA-256, which is a broken installation.
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

int hops(const IntakeRecord& record) {
  const auto text = record.header(kHopsHeader);
  if (!text) return 0;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  // What is no number was not written by us.
  return error == std::errc() && end == text->data() + text->size() ? value : 0;
}

// Takes the last header of that name out of `headers`; empty where there is none.
std::string take_last(Headers& headers, std::string_view name) {
  for (auto it = headers.rbegin(); it != headers.rend(); ++it) {
    if (it->first != name) continue;
    std::string value = std::move(it->second);
    headers.erase(std::next(it).base());
    return value;
  }
  return {};
}

}  // namespace

bool IntakeRecord::tombstone() const {
  return null_value && std::none_of(headers.begin(), headers.end(), [](const auto& header) {
           return std::string_view(header.first).starts_with(kAttributePrefix);
         });
}

std::optional<std::string_view> IntakeRecord::header(std::string_view name) const {
  for (auto it = headers.rbegin(); it != headers.rend(); ++it) {
    if (it->first == name) return it->second;
  }
  return std::nullopt;
}

std::string IntakeRecord::source(std::string_view intake_topic) const {
  std::string text = "kafka ";
  if (const auto origin = header(kOriginHeader)) return text.append(*origin);
  return text.append(intake_topic) + ":" + std::to_string(partition) + ":" + std::to_string(offset);
}

std::optional<PartitionId> reroute_target(const IntakeRecord& record, std::string_view account,
                                          std::int32_t partitions) {
  const PartitionId target = partition_of(account, partitions);
  if (target == record.partition || hops(record) >= kRerouteHopsMax) return std::nullopt;
  return target;
}

Headers reroute_headers(const IntakeRecord& record, std::string_view intake_topic) {
  constexpr std::size_t kSourcePrefix = 6;  // "kafka "
  const std::string origin = record.source(intake_topic).substr(kSourcePrefix);
  const int moved = hops(record) + 1;
  Headers headers = record.headers;
  std::erase_if(headers, [](const auto& header) {
    return header.first == kOriginHeader || header.first == kHopsHeader;
  });
  headers.emplace_back(kOriginHeader, origin);
  headers.emplace_back(kHopsHeader, std::to_string(moved));
  return headers;
}

RejectedRecord reject(const IntakeRecord& record, std::string_view intake_topic, std::string reason,
                      Instant arrived) {
  RejectedRecord rejected;
  rejected.arrived = arrived;
  rejected.reason = std::move(reason);
  rejected.headers = record.headers;
  if (!record.keyless) rejected.headers.emplace_back(kOriginalKeyHeader, record.key);
  rejected.source = record.source(intake_topic);
  rejected.original = record.value;
  return rejected;
}

RejectedWire lay_out(const RejectedRecord& record, std::int64_t bytes_max) {
  RejectedWire wire;
  Headers notes{{std::string(kReasonHeader), record.reason},
                {std::string(kSourceHeader), record.source},
                {std::string(kArrivedHeader), format_rfc3339(record.arrived)}};
  // Room for the notes that a cut adds is always kept: 64 hex digits, two numbers, their names.
  constexpr std::size_t kCutNotesBytes = 256;
  std::size_t fixed = kRecordOverheadBytes + kCutNotesBytes;
  for (const auto& [name, value] : notes) fixed += cost(name, value);
  const std::size_t limit = static_cast<std::size_t>(std::max<std::int64_t>(bytes_max, 0));
  const std::size_t room = limit > fixed ? limit - fixed : 0;

  std::size_t headers_bytes = 0;
  std::size_t kept = 0;
  for (; kept < record.headers.size(); ++kept) {
    const auto& [name, value] = record.headers[kept];
    const std::size_t bytes = cost(name, value);
    // The value keeps half of the room, or all that it needs when that is less.
    const std::size_t value_share = std::min(record.original.size(), room / 2);
    if (headers_bytes + bytes + value_share > room) break;
    headers_bytes += bytes;
    wire.headers.emplace_back(name, value);
  }
  const std::size_t value_bytes = std::min(record.original.size(), room - headers_bytes);
  wire.value = std::string_view(record.original).substr(0, value_bytes);

  for (auto& note : notes) wire.headers.push_back(std::move(note));
  if (value_bytes < record.original.size()) {
    wire.cut = true;
    wire.headers.emplace_back(kOriginalLengthHeader, std::to_string(record.original.size()));
    wire.headers.emplace_back(kOriginalSha256Header, sha256_hex(record.original));
  }
  if (kept < record.headers.size()) {
    wire.cut = true;
    wire.headers.emplace_back(kHeadersCutHeader, std::to_string(record.headers.size() - kept));
  }
  return wire;
}

RejectedRecord read_rejected(std::string value, Headers headers) {
  RejectedRecord record;
  record.reason = take_last(headers, kReasonHeader);
  record.source = take_last(headers, kSourceHeader);
  record.arrived = parse_rfc3339(take_last(headers, kArrivedHeader)).value_or(Instant{});
  record.headers = std::move(headers);
  record.original = std::move(value);
  return record;
}

}  // namespace tocsin
