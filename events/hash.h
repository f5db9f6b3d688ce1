// Hashes that decide identity: of a fact among those of its account, and of a fact's content.
//
// Both are stable: they may be stored, and never change for a given input. The function is
// MurmurHash3_x64_128 (Austin Appleby, public domain), which is fast on short keys; it does not
// withstand somebody who makes collisions on purpose, who here can only lose facts of his own.
//
// Threads: pure functions, except that content_hash keeps a parser per thread.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "events/fact.h"

namespace tocsin {

struct Hash128 {
  std::uint64_t high = 0, low = 0;
  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

// `seed` may be the hash of what comes before: hash128(b, hash128(a)) tells (a, b) from every other
// pair, ("ab", "c") from ("a", "bc") too.
Hash128 hash128(std::string_view bytes, Hash128 seed = {});

// 32 hexadecimal digits.
std::string hex(const Hash128& hash);

// Of (source, id): who the fact is within its account.
inline Hash128 identity_hash(std::string_view source, std::string_view id) {
  return hash128(id, hash128(source));
}

// Of (type, subject, time as received, data): equal facts with equal identity are a duplicate,
// unequal ones a conflict. Data counts as its JSON value: white space, the order of members and the
// way in which a string is escaped or a number written (1, 1.0, 1e0) make no difference; integers
// of more than 15 digits count by their digits. Of two members with the same name both count. Cost:
// reads `data` again, about 0.5 µs for 200 bytes: meant for when a duplicate shows up.
std::uint64_t content_hash(std::string_view type, std::string_view subject, Instant claimed,
                           std::string_view data);
inline std::uint64_t content_hash(const Fact& fact) {
  return content_hash(fact.type, fact.subject, fact.claimed, fact.data);
}

}  // namespace tocsin

template <>
struct std::hash<tocsin::Hash128> {
  std::size_t operator()(const tocsin::Hash128& h) const noexcept { return h.low; }
};
