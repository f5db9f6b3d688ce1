// Reading JSON that somebody else wrote: a strict walk over one text, in one pass.
//
// The walker visits every value, and promises:
//  1. A text is accepted only if it is one JSON value (RFC 8259) in valid UTF-8 with nothing after
//     it, no lone surrogates, nested at most kNestingMax deep. Numbers of any length and size are
//     valid.
//  2. No input makes it crash, recurse deeper than kNestingMax, or take more than O(n log n).
//  3. What it copies is compact (no white space outside strings) and keeps numbers as written;
//     a string that holds escapes is written anew with the escapes it needs (`\u5ba2` becomes 客).
//  4. Of members with the same name the last counts, in the first object level: earlier ones are
//     left out of the copy. Deeper down they are copied as they came.
//
// How: the text is copied once into a buffer that ends in zeros. No rule of JSON lets a zero pass, so
// no step has to ask whether the text is over. Strings are looked at sixteen bytes at a time; only
// those with bytes beyond ASCII are checked for UTF-8, as such bytes are nowhere else. A copy is made
// of runs as long as nothing has to be left out or written anew: one run for a compact value.
//
// Threads: a walker belongs to one thread at a time and is meant to be reused: its buffers grow to
// the largest text seen. Cost: some 3,000 instructions for a 420-byte event with 9 members.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "events/byte_scan.h"

namespace tocsin {

inline constexpr int kNestingMax = 512;

// Whether the text is one JSON number (RFC 8259 §6), however long.
bool is_json_number(std::string_view token);

constexpr bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The members of an object that is being written to a string, without braces: where each lies, so
// that those which have a later one of the same name can be taken out at the end (promise 4).
class MemberList {
 public:
  // The first member begins at `at`, if there is one.
  void start(std::size_t at);
  // A member that begins at `begin` with its name, which ends at `name_end`; then where it ends.
  void add(std::size_t begin, std::size_t name_end, std::string_view name);
  void end(std::size_t at) { members_.back().end = at; }
  // False: no two have the same name.
  bool maybe_equal() const { return maybe_equal_; }
  void keep_last_of_each_name(std::string& out);

 private:
  struct Member {
    std::size_t begin, name_end, end;
  };
  bool has_equal_names(const std::string& out) const;

  std::size_t start_ = 0;
  std::uint64_t seen_ = 0;  // bits of hashes of the names so far
  bool maybe_equal_ = false;
  std::vector<Member> members_;
  mutable std::vector<std::string_view> names_;
};

class JsonWalker {
 public:
  // Where a value begins.
  using Value = const char*;

  // Walks `text` as one object and calls visit(name, value) for each member, in order; `visit`
  // hands the value to one of the functions below, which goes to its end, and returns whether to go
  // on. The name lives until visit returns. True when the whole text was right and every visit
  // returned true.
  template <class Visit>
  bool walk_object(std::string_view text, Visit&& visit);

  // Appends a copy of the value to `out`. False: malformed.
  bool copy(Value value, std::string& out);
  // Replaces `out` with the string that the value is. False: malformed, or no string.
  bool read_string(Value value, std::string& out);

  // The same for a string of printable ASCII without escapes, which most are; false, and nothing
  // done, for every other value.
  bool read_plain(Value value, std::string& out);

  static bool is_string(Value value) { return *value == '"'; }
  // What begins like this and is not null is malformed.
  static bool is_null(Value value) { return std::memcmp(value, "null", 4) == 0; }

  // Appends a copy of `text`, which must be one whole JSON value. False: malformed.
  bool copy_text(std::string_view text, std::string& out);
  // A hash of the JSON value that `text` is (see hash.h); 0 when malformed.
  std::uint64_t value_hash(std::string_view text);

 private:
  // Goes to the first byte that is no white space.
  void open(std::string_view text);
  bool at_end();

  // The end of the printable ASCII without quotes and backslashes that begins at `p`: the closing
  // quote of most strings.
  static const char* plain_end(const char* p) {
    return find_byte(p, [](Bytes16 bytes) {
      const auto as_signed = reinterpret_cast<SignedBytes16>(bytes);  // beyond ASCII: below zero
      return (as_signed < 0x20) | (bytes == 0x7f) | (bytes == '"') | (bytes == '\\');
    });
  }

  // Each takes what begins at p_ and goes behind it. False: malformed.
  bool pass_text(std::string_view& text, std::string& unescaped) {
    if (*p_ != '"') return false;
    const char* const first = p_ + 1;
    const char* const end = plain_end(first);
    if (*end != '"') [[unlikely]]
      return pass_other_text(end, text, unescaped);
    text = {first, static_cast<std::size_t>(end - first)};
    p_ = end + 1;
    return true;
  }
  // The same where the printable ASCII ends at `from`.
  bool pass_other_text(const char* from, std::string_view& text, std::string& unescaped);
  bool pass_scalar();
  bool copy_value(int depth);
  bool hash_value(std::uint64_t& result, int depth);
  // visit(name) for each member with p_ at its value; visit() for each element.
  template <class Visit>
  bool each_member(std::string& unescaped_name, Visit&& visit);
  template <class Visit>
  bool each_element(Visit&& visit);

  void skip_space() {
    if (!is_json_space(*p_)) [[likely]]
      return;
    if (out_ != nullptr) flush();
    while (is_json_space(*p_)) ++p_;
    copied_ = p_;
  }
  void flush() {
    out_->append(copied_, p_);
    copied_ = p_;
  }
  // Where in the copy p_ is.
  std::size_t at() const { return out_->size() + static_cast<std::size_t>(p_ - copied_); }

  std::string buffer_;
  const char* p_ = nullptr;
  std::string* out_ = nullptr;    // where to it is copied, if it is
  const char* copied_ = nullptr;  // up to here it is; from here to p_ it is taken as written
  std::size_t name_at_ = 0;       // in the copy: where the name that was passed last begins
  std::string scratch_;
  MemberList members_;
};

template <class Visit>
bool JsonWalker::walk_object(std::string_view text, Visit&& visit) {
  open(text);
  std::string unescaped_name;
  return each_member(unescaped_name,
                     [&](std::string_view name) { return visit(name, Value(p_)); }) &&
         at_end();
}

template <class Visit>
bool JsonWalker::each_member(std::string& unescaped_name, Visit&& visit) {
  if (*p_ != '{') return false;
  ++p_;
  skip_space();
  if (*p_ == '}') return ++p_, true;
  for (;;) {
    std::string_view name;
    if (out_ != nullptr) name_at_ = at();
    if (!pass_text(name, unescaped_name)) return false;
    skip_space();
    if (*p_ != ':') return false;
    ++p_;
    skip_space();
    if (!visit(name)) return false;
    skip_space();
    if (*p_ == '}') return ++p_, true;
    if (*p_ != ',') return false;
    ++p_;
    skip_space();
  }
}

template <class Visit>
bool JsonWalker::each_element(Visit&& visit) {
  if (*p_ != '[') return false;
  ++p_;
  skip_space();
  if (*p_ == ']') return ++p_, true;
  for (;;) {
    if (!visit()) return false;
    skip_space();
    if (*p_ == ']') return ++p_, true;
    if (*p_ != ',') return false;
    ++p_;
    skip_space();
  }
}

}  // namespace tocsin
