// What a fact's type is to a policy that does not mention it, and what its sender may have meant.
//
// Threads: pure. Cost: a look through the policy's types; nearest_type some 50 µs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/policy/policy.h"
#include "events/fact.h"

namespace tocsin {

// Why a fact has no effect.
enum class Miss : std::uint8_t {
  kNone,  // the policy mentions its type
  kForm,  // the type is no `tocsin.<kind>.<verb>`
  kKind,  // no such kind
  kVerb,  // the kind has no such verb
};

Miss miss_of(const Policy& policy, const Fact& fact);

// `tocsin.ticket.opened` for `tocsin.tickets.open`; empty when no type of the policy is near.
std::string nearest_type(const Policy& policy, std::string_view type);

}  // namespace tocsin
