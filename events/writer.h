// Writing compact JSON: functions that append to a string, for everything this product puts out.
//
// The bytes are those of Python's json.dumps(ensure_ascii=False, separators=(",", ":")): no white
// space, UTF-8 as it is, and in strings only `"`, `\` and U+0000–U+001F escaped (`\n`, `\r`, `\t`,
// `\b`, `\f`, else `\u00xx`). The caller gives valid UTF-8 and sets the commas, or lets JsonObject
// do it:
//
//   JsonObject(out).text("clock", "ticket.response").number("cycle", 1).close();
//   // {"clock":"ticket.response","cycle":1}
//
// Threads: no shared state. Cost: a string without anything to escape is one scan and one copy.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "events/time.h"

namespace tocsin {

// The contents of a JSON string, without its quotes.
void append_json_escaped(std::string& out, std::string_view text);

// The same with its quotes.
void append_json_string(std::string& out, std::string_view text);

void append_int(std::string& out, std::int64_t value);

// `"2026-03-02T01:15:00.000Z"`, with its quotes.
void append_json_time(std::string& out, Instant t);

// Text of many small pieces: gathered in a block on the stack, appended to `out` when the block is
// full and by `flush`, which must come last.
class TextBlock {
 public:
  explicit TextBlock(std::string& out) : out_(out) {}
  TextBlock(const TextBlock&) = delete;
  TextBlock& operator=(const TextBlock&) = delete;

  // In line, so that a literal becomes a few stores.
  [[gnu::always_inline]] TextBlock& raw(std::string_view text) {
    if (text.size() > room()) [[unlikely]] {
      return spill(text);
    }
    if (!text.empty()) std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
    return *this;
  }
  // The contents of a JSON string; with its quotes; the same of a time, and a number.
  TextBlock& escaped(std::string_view text);
  TextBlock& string(std::string_view text) { return raw("\"").escaped(text).raw("\""); }
  // What is known to hold nothing that is escaped, with quotes.
  TextBlock& plain(std::string_view text) { return raw("\"").raw(text).raw("\""); }
  TextBlock& time(Instant t);
  TextBlock& number(std::int64_t value);

  void flush() {
    out_.append(block_.data(), end_);
    end_ = block_.data();
    last_time_ = nullptr;
  }

 private:
  std::size_t room() const {
    return static_cast<std::size_t>(block_.data() + block_.size() - end_);
  }
  TextBlock& spill(std::string_view text);
  // False when the block is too small for it, and then is empty.
  bool make_room(std::size_t bytes) {
    if (bytes <= room()) return true;
    flush();
    return bytes <= block_.size();
  }

  std::string& out_;
  std::array<char, 1024> block_;
  char* end_ = block_.data();
  // The time that was written last, while it is in the block: an event says most of its times twice.
  const char* last_time_ = nullptr;
  std::size_t last_time_bytes_ = 0;
  Instant last_instant_;
};

// An object under construction at the end of `out`. Names are written as they are: plain ASCII.
// Whatever is appended to `out` directly between `name` and the next member is that member's value.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  JsonObject& name(std::string_view name);
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::int64_t value);
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& time(std::string_view name, Instant value);
  JsonObject& null(std::string_view name);
  JsonObject& raw(std::string_view name, std::string_view json);
  // Members that are JSON already: `"a":1,"b":2`. Nothing when empty.
  JsonObject& members(std::string_view json);
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace tocsin
