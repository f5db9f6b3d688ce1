// A policy as a record of the log: the whole text, the files that it names, the zones that its
// calendars need, so that every node at every time compiles the same policy from it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/policy/compile/parse.h"
#include "engine/policy/policy.h"
#include "events/time.h"

namespace tocsin {

inline constexpr std::string_view kPolicyType = "tocsin.engine.policy";

// The record's data. `to_open`: open entities live by it from then on. `by`: who put it in force;
// empty: a start did.
std::string policy_data(const PolicyText& text, const Policy& policy, std::int32_t version,
                        bool to_open, std::string_view by);

// The CloudEvent, compact JSON. Zones are read from this machine's database; throws
// std::runtime_error when one is missing.
std::string policy_record(const PolicyText& text, const Policy& policy, std::int32_t version,
                          std::int32_t partition, Instant now);

std::string policy_record_id(std::int32_t partition, std::int32_t version);

// `data` of such a record with another version. Throws std::runtime_error when it does not begin with one.
std::string with_version(std::string_view data, std::int32_t version);

// The policy in `data` of such a record, with its version, in force since that instant. Compiled once in a
// process for the same data, whatever its version. Throws std::runtime_error when this binary cannot read it.
std::shared_ptr<const Policy> policy_of_record(std::string_view data, Instant since = kAlways);

}  // namespace tocsin
