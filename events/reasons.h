// The reasons for which a record is rejected (contract §3), in the order in which they are tried.
//
// too_large, malformed, missing_attribute:<name>, bad_attribute:<name>, time_in_future come from
// the codec; bad_data:<field> from the engine, which knows the policy's fields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin {

inline constexpr std::string_view kTooLarge = "too_large";
inline constexpr std::string_view kMalformed = "malformed";
inline constexpr std::string_view kTimeInFuture = "time_in_future";
// `forbidden:acknowledged`, `forbidden:account`: what the sender's token does not allow.
inline constexpr std::string_view kForbiddenPrefix = "forbidden:";
inline constexpr std::string_view kBadDataPrefix = "bad_data:";
inline constexpr std::string_view kBadData = "bad_data:data";  // data that is no object

// In the contract's order; the first kRequired are required.
enum class Attribute : std::uint8_t {
  kSpecVersion,
  kId,
  kSource,
  kType,
  kTime,
  kSubject,
  kPartitionKey,
  kSequence,
  kRecordedTime,
};
inline constexpr std::size_t kAttributes = 9;
inline constexpr std::size_t kRequired = 7;

inline constexpr std::array<std::string_view, kAttributes> kAttributeNames = {
    "specversion", "id",           "source",   "type",        "time",
    "subject",     "partitionkey", "sequence", "recordedtime"};

inline constexpr std::array<std::string_view, kRequired> kMissing = {
    "missing_attribute:specversion", "missing_attribute:id",   "missing_attribute:source",
    "missing_attribute:type",        "missing_attribute:time", "missing_attribute:subject",
    "missing_attribute:partitionkey"};

inline constexpr std::array<std::string_view, kAttributes> kBad = {
    "bad_attribute:specversion",  "bad_attribute:id",       "bad_attribute:source",
    "bad_attribute:type",         "bad_attribute:time",     "bad_attribute:subject",
    "bad_attribute:partitionkey", "bad_attribute:sequence", "bad_attribute:recordedtime"};

// What a CRM developer reads beside the reason: `time: not RFC 3339 with an offset …`.
std::string_view explain(std::string_view reason);

}  // namespace tocsin
