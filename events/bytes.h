// Compact values for rows and snapshots: variable-length integers and counted strings.
//
// Unsigned integers take 7 bits a byte, lowest first (LEB128); signed ones are zigzag-mapped
// before. A reader throws std::runtime_error when a row ends early: we wrote it, so it is
// damaged.
//
// Pure; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
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

// Bytes that are made one after the other, and used again: what is put costs a store, where a string
// looks after its room and its end with every byte.
class ByteBuffer {
 public:
  void clear() { size_ = 0; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  operator std::string_view() const { return view(); }
  char* begin() { return bytes_.get(); }

  void push_back(char c) {
    *room(1) = c;
    ++size_;
  }
  void append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(room(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  ByteBuffer& operator+=(std::string_view text) {
    append(text);
    return *this;
  }
  // Where the next bytes go, with room for so many; `advance` says how many were put there.
  char* room(std::size_t bytes) {
    if (size_ + bytes > capacity_) [[unlikely]]
      grow(bytes);
    return bytes_.get() + size_;
  }
  void advance(std::size_t bytes) { size_ += bytes; }

 private:
  // Out of line, so that what puts a byte is short enough to stand where it is called.
  [[gnu::noinline, gnu::cold]] void grow(std::size_t bytes) {
    constexpr std::size_t kLeast = 1024;
    const std::size_t capacity = std::max({kLeast, capacity_ * 2, size_ + bytes});
    auto more = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(more.get(), bytes_.get(), size_);
    bytes_ = std::move(more);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0, capacity_ = 0;
};

[[gnu::noinline]] inline void put_long(ByteBuffer& out, std::uint64_t value) {
  constexpr std::size_t kLongest = 10;
  char* const begin = out.room(kLongest);
  char* at = begin;
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  out.advance(static_cast<std::size_t>(at - begin));
}

// In line, as most take one byte.
[[gnu::always_inline]] inline void put_unsigned(ByteBuffer& out, std::uint64_t value) {
  if (value >= 0x80) return put_long(out, value);
  out.push_back(static_cast<char>(value));
}

// `Out`: a string or a buffer.
template <typename Out>
void put_signed(Out& out, std::int64_t value) {
  put_unsigned(out,
               (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

template <typename Out>
void put_text(Out& out, std::string_view text) {
  put_unsigned(out, text.size());
  out += text;
}

template <typename Out>
void put_optional(Out& out, const std::optional<Instant>& t) {
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
