#include "events/writer.h"

#include <array>
#include <charconv>
#include <cstring>

namespace tocsin {
namespace {

// What stands after the backslash; 0 for bytes that are written as they are, 'u' for `\u00xx`.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

// Whether any of eight bytes is below 0x20, a quote or a backslash. Source: the zero-byte test of
// "Bit Twiddling Hacks" (Sean Anderson, public domain), once for each.
bool needs_escape(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const std::uint64_t quote = eight ^ (kOnes * '"'), slash = eight ^ (kOnes * '\\');
  return (((eight - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes)) & ~eight & kHighs) != 0;
}

// The first byte at or behind `i` that may need an escape, found eight at a time.
std::size_t skip_plain(std::string_view text, std::size_t i) {
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + i, 8);
    if (needs_escape(eight)) break;
  }
  return i;
}

constexpr std::size_t kDigitsMax = 24;  // of an int64

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  std::size_t written = 0;
  for (std::size_t i = skip_plain(text, 0); i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) [[likely]]
      continue;
    out.append(text, written, i - written);
    written = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      constexpr char kHex[] = "0123456789abcdef";
      const char digits[] = {'0', '0', kHex[byte >> 4], kHex[byte & 15]};
      out.append(digits, sizeof digits);
    }
  }
  out.append(text, written, text.size() - written);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void append_int(std::string& out, std::int64_t value) {
  char digits[kDigitsMax];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_json_time(std::string& out, Instant t) {
  out += '"';
  append_rfc3339(out, t);
  out += '"';
}

TextBlock& TextBlock::spill(std::string_view text) {
  flush();
  if (text.size() <= block_.size()) return raw(text);
  out_ += text;
  return *this;
}

// Copies eight or four bytes at a time while nothing needs an escape; the last may overlap those
// before them.
TextBlock& TextBlock::escaped(std::string_view text) {
  const auto slowly = [&]() -> TextBlock& {
    flush();
    append_json_escaped(out_, text);
    return *this;
  };
  const std::size_t size = text.size();
  if (!make_room(size)) return slowly();
  const auto copy_eight = [&](std::size_t at) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + at, 8);
    if (needs_escape(eight)) return false;
    std::memcpy(end_ + at, &eight, 8);
    return true;
  };
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (!copy_eight(i)) return slowly();
    }
    if (!copy_eight(size - 8)) return slowly();
  } else if (size >= 4) {
    std::uint32_t first, last;
    std::memcpy(&first, text.data(), 4);
    std::memcpy(&last, text.data() + size - 4, 4);
    if (needs_escape(first | std::uint64_t{last} << 32)) return slowly();
    std::memcpy(end_, &first, 4);
    std::memcpy(end_ + size - 4, &last, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      if (kEscapes[static_cast<unsigned char>(text[i])] != 0) return slowly();
      end_[i] = text[i];
    }
  }
  end_ += size;
  return *this;
}

TextBlock& TextBlock::time(Instant t) {
  make_room(kRfc3339Max + 2);
  *end_++ = '"';
  end_ = write_rfc3339(end_, t);
  *end_++ = '"';
  return *this;
}

TextBlock& TextBlock::number(std::int64_t value) {
  make_room(kDigitsMax);
  end_ = std::to_chars(end_, end_ + kDigitsMax, value).ptr;
  return *this;
}

JsonObject& JsonObject::name(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '"';
  out_ += name;
  out_ += "\":";
  return *this;
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  this->name(name);
  append_json_string(out_, value);
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::int64_t value) {
  this->name(name);
  append_int(out_, value);
  return *this;
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

JsonObject& JsonObject::time(std::string_view name, Instant value) {
  this->name(name);
  append_json_time(out_, value);
  return *this;
}

JsonObject& JsonObject::null(std::string_view name) { return raw(name, "null"); }

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  this->name(name);
  out_ += json;
  return *this;
}

JsonObject& JsonObject::members(std::string_view json) {
  if (json.empty()) return *this;
  if (!first_) out_ += ',';
  first_ = false;
  out_ += json;
  return *this;
}

}  // namespace tocsin
