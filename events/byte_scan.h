// Looking at all bytes of a short text at once, sixteen in a register: what the compiler's vector types
// make of it is SSE2 on x86-64 and NEON on ARM.
//
//   any_byte("a/b", [](Bytes16 b) { return b == '/'; });   // true
//
// Pure; any thread. any_byte reads nothing outside the text. Cost: some ten instructions for up to 32
// bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tocsin {

using Bytes16 [[gnu::vector_size(16)]] = std::uint8_t;
using SignedBytes16 [[gnu::vector_size(16)]] = std::int8_t;

namespace byte_scan {

inline Bytes16 load16(const char* from) {
  Bytes16 bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

// The first and the last N bytes of a text that has at least so many: 2 N fill the register or repeat.
template <class Word>
Bytes16 ends(std::string_view text) {
  Word pieces[sizeof(Bytes16) / sizeof(Word)];
  std::memcpy(&pieces[0], text.data(), sizeof(Word));
  std::memcpy(&pieces[1], text.data() + text.size() - sizeof(Word), sizeof(Word));
  for (std::size_t i = 2; i < sizeof(Bytes16) / sizeof(Word); ++i) pieces[i] = pieces[0];
  Bytes16 bytes;
  std::memcpy(&bytes, pieces, sizeof bytes);
  return bytes;
}

template <class Mask>
bool any(Mask mask) {
  std::uint64_t halves[2];
  std::memcpy(halves, &mask, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

// The first of sixteen bytes from `p` on that is marked; null: none is.
template <class Mask>
const char* first_marked(const char* p, Mask marks) {
  std::uint64_t halves[2];
  std::memcpy(halves, &marks, sizeof halves);
  if constexpr (std::endian::native == std::endian::big) {
    for (std::uint64_t& half : halves) half = __builtin_bswap64(half);
  }
  if (halves[0] != 0) return p + std::countr_zero(halves[0]) / 8;
  if (halves[1] != 0) return p + 8 + std::countr_zero(halves[1]) / 8;
  return nullptr;
}

}  // namespace byte_scan

// Whether `test`, given sixteen bytes, marks one of the text's. Bytes may be given to it twice.
template <class Test>
bool any_byte(std::string_view text, Test test) {
  using namespace byte_scan;
  const std::size_t size = text.size();
  if (size >= 16) {
    auto found = test(load16(text.data() + size - 16));
    for (std::size_t i = 0; i + 16 < size; i += 16) found |= test(load16(text.data() + i));
    return any(found);
  }
  if (size >= 8) return any(test(ends<std::uint64_t>(text)));
  if (size >= 4) return any(test(ends<std::uint32_t>(text)));
  if (size >= 2) return any(test(ends<std::uint16_t>(text)));
  return size == 1 && any(test(Bytes16{} + static_cast<std::uint8_t>(text[0])));
}

// The first byte from `p` on that `test` marks. One must come; reads up to 15 bytes past it.
template <class Test>
const char* find_byte(const char* p, Test test) {
  for (;; p += 16) {
    if (const char* const found = byte_scan::first_marked(p, test(byte_scan::load16(p))))
      return found;
  }
}

}  // namespace tocsin
