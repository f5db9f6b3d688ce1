#include "events/hash.h"

#include <cstring>

#include "events/json_walk.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kC1 = 0x87c37b91114253d5ULL, kC2 = 0x4cf5ad432745937fULL;

constexpr std::uint64_t rotate(std::uint64_t x, int bits) {
  return (x << bits) | (x >> (64 - bits));
}

constexpr std::uint64_t finish(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

// The format is that of a little-endian machine.
template <class Word>
std::uint64_t read(const char* p) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Word); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
  }
  return value;
}
std::uint64_t read64(const char* p) { return read<std::uint64_t>(p); }

// Of 1 to 8 bytes, by pieces of a fixed size that overlap.
std::uint64_t read_few(const char* p, std::size_t bytes) {
  if (bytes >= 4)
    return read<std::uint32_t>(p) | read<std::uint32_t>(p + bytes - 4) << 8 * (bytes - 4);
  const auto byte = [&](std::size_t i) { return read<std::uint8_t>(p + i) << 8 * i; };
  return byte(0) | byte(bytes / 2) | byte(bytes - 1);
}

}  // namespace

std::string hex(const Hash128& hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint64_t half : {hash.high, hash.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[half >> shift & 15U];
  }
  return out;
}

Hash128 hash128(std::string_view bytes, Hash128 seed) {
  std::uint64_t h1 = seed.low, h2 = seed.high;
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 16; left -= 16, p += 16) {
    h1 ^= rotate(read64(p) * kC1, 31) * kC2;
    h1 = (rotate(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= rotate(read64(p + 8) * kC2, 33) * kC1;
    h2 = (rotate(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 8) h2 ^= rotate(read_few(p + 8, left - 8) * kC2, 33) * kC1;
  if (left > 0) h1 ^= rotate(read_few(p, left > 8 ? 8 : left) * kC1, 31) * kC2;
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 += h2;
  h2 += h1;
  return {h2, h1};
}

std::uint64_t content_hash(std::string_view type, std::string_view subject, Instant claimed,
                           std::string_view data) {
  Hash128 hash = hash128(subject, hash128(type));
  hash.high ^= static_cast<std::uint64_t>(claimed.ms);
  thread_local JsonWalker walker;
  const std::uint64_t value = data.empty() ? 0 : walker.value_hash(data);
  return finish(hash.low ^ finish(hash.high) ^ rotate(value, 17));
}

}  // namespace tocsin
