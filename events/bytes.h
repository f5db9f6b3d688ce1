// Compact values for rows and snapshots: variable-length integers and counted strings.
//
// Unsigned integers take 7 bits a byte, lowest first (LEB128); signed ones are zigzag-mapped
// before. A reader throws std::runtime_error when a row ends early: we wrote it, so it is
// damaged.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "events/time.h"

namespace tocsin {

inline void put_unsigned(std::string& out, std::uint64_t value) {
  if (value < 0x80) return out.push_back(static_cast<char>(value));
  char bytes[10];
  std::size_t n = 0;
  for (; value >= 0x80; value >>= 7) bytes[n++] = static_cast<char>(value | 0x80);
  bytes[n++] = static_cast<char>(value);
  out.append(bytes, n);
}

inline void put_signed(std::string& out, std::int64_t value) {
  put_unsigned(out,
               (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

inline void put_text(std::string& out, std::string_view text) {
  put_unsigned(out, text.size());
  out += text;
}

inline void put_optional(std::string& out, const std::optional<Instant>& t) {
  out.push_back(t ? '\1' : '\0');
  if (t) put_signed(out, t->ms);
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  bool at_end() const { return left_.empty(); }
  std::string_view rest() const { return left_; }

  std::uint8_t byte() {
    if (left_.empty()) throw std::runtime_error("a row of the store ends early");
    const auto value = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return value;
  }

  std::uint64_t unsigned_int() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = byte();
      value |= std::uint64_t{b & 0x7Fu} << shift;
      if ((b & 0x80u) == 0) return value;
    }
    throw std::runtime_error("a row of the store holds no integer where one is due");
  }

  std::int64_t signed_int() {
    const std::uint64_t value = unsigned_int();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }

  Instant instant() { return {signed_int()}; }

  std::optional<Instant> optional_instant() {
    if (byte() == 0) return std::nullopt;
    return instant();
  }

  std::string_view view() {
    const std::uint64_t n = unsigned_int();
    if (n > left_.size()) throw std::runtime_error("a row of the store ends early");
    const std::string_view taken = left_.substr(0, n);
    left_.remove_prefix(n);
    return taken;
  }
  std::string text() { return std::string(view()); }

 private:
  std::string_view left_;
};

}  // namespace tocsin
