#include "events/writer.h"

#include <array>
#include <charconv>
#include <cstring>

#include "events/byte_scan.h"

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

bool needs_escape(std::string_view text) {
  return any_byte(text, [](Bytes16 b) { return (b < 0x20) | (b == '"') | (b == '\\'); });
}

constexpr std::size_t kDigitsMax = 24;  // of an int64

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  if (!needs_escape(text)) {
    out += text;
    return;
  }
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
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

TextBlock& TextBlock::escaped(std::string_view text) {
  if (!needs_escape(text)) [[likely]]
    return raw(text);
  flush();
  append_json_escaped(out_, text);
  return *this;
}

TextBlock& TextBlock::time(Instant t) {
  make_room(kRfc3339Max + 2);
  const char* const written = end_;
  if (last_time_ != nullptr && t == last_instant_) {
    std::memcpy(end_, last_time_, last_time_bytes_);
    end_ += last_time_bytes_;
    return *this;
  }
  *end_++ = '"';
  end_ = write_rfc3339(end_, t);
  *end_++ = '"';
  last_instant_ = t;
  last_time_ = written;
  last_time_bytes_ = static_cast<std::size_t>(end_ - written);
  return *this;
}

TextBlock& TextBlock::number(std::int64_t value) {
  make_room(kDigitsMax);
  if (value >= 0 && value <= 9) {  // most: the number of a cycle, a step
    *end_++ = static_cast<char>('0' + value);
    return *this;
  }
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
