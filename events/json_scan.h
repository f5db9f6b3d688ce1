// Finding where JSON values end, without reading them: for splitting batches and for records that
// we wrote ourselves. Strings and brackets are followed, nothing else is checked. Members and
// elements are those of compact JSON, names without escapes unless they need them.
//
// Pure functions on [p, end); none reads at or past `end`. Cost: one pass, at most once a byte.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "events/byte_scan.h"

namespace tocsin::json_scan {

inline const char* skip_space(const char* p, const char* end) {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) ++p;
  return p;
}

// The next quote; null: there is none. It is near most of the time.
inline const char* next_quote(const char* p, const char* end) {
  for (; end - p >= 16; p += 16) {
    const Bytes16 bytes = byte_scan::load16(p);
    if (const char* const quote = byte_scan::first_marked(p, bytes == '"')) return quote;
  }
  return p == end
             ? nullptr
             : static_cast<const char*>(std::memchr(p, '"', static_cast<std::size_t>(end - p)));
}

// `p` is behind an opening quote. The closing quote, or nullptr when there is none.
inline const char* closing_quote(const char* p, const char* end) {
  for (const char* from = p; from != end;) {
    const char* const quote = next_quote(from, end);
    if (quote == nullptr) return nullptr;
    const char* before = quote;
    while (before != from && before[-1] == '\\') --before;
    if ((quote - before) % 2 == 0) return quote;
    from = quote + 1;
  }
  return nullptr;
}

inline bool ends_scalar(char c) {
  switch (c) {
    case ',':
    case ':':
    case '"':
    case '[':
    case ']':
    case '{':
    case '}':
    case ' ':
    case '\n':
    case '\t':
    case '\r':
      return true;
    default:
      return false;
  }
}

// The end of the value that begins at `p`; `p` itself when none begins there; nullptr when a string
// or bracket stays open.
inline const char* skip_value(const char* p, const char* end) {
  if (p == end) return nullptr;
  if (*p == '"') {
    const char* quote = closing_quote(p + 1, end);
    return quote == nullptr ? nullptr : quote + 1;
  }
  if (*p != '{' && *p != '[') {
    while (p != end && !ends_scalar(*p)) ++p;
    return p;
  }
  int depth = 0;
  for (; p != end; ++p) {
    switch (*p) {
      case '"':
        p = closing_quote(p + 1, end);
        if (p == nullptr) return nullptr;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return p + 1;
        break;
      default:
        break;
    }
  }
  return nullptr;
}

struct Member {
  std::string_view name, value;  // the name without quotes; the value as written
};

// Calls visit(member) for each first-level member of an object, until it returns false. False: no
// object.
template <class Visit>
bool each_member(std::string_view object, Visit&& visit) {
  if (object.empty() || object.front() != '{') return false;
  const char* end = object.data() + object.size();
  const char* p = object.data() + 1;
  while (p < end && *p != '}') {
    if (*p == ',') ++p;
    const char* quote = closing_quote(p + 1, end);
    if (quote == nullptr || quote + 1 >= end) return false;
    const std::string_view name(p + 1, static_cast<std::size_t>(quote - p - 1));
    const char* value = quote + 2;  // behind the colon
    const char* behind = skip_value(value, end);
    if (behind == nullptr) return false;
    if (!visit(Member{name, {value, static_cast<std::size_t>(behind - value)}})) return true;
    p = behind;
  }
  return true;
}

// Calls visit(value) for each element of an array, until it returns false. False: no array.
template <class Visit>
bool each_element(std::string_view array, Visit&& visit) {
  if (array.empty() || array.front() != '[') return false;
  const char* end = array.data() + array.size();
  for (const char* p = array.data() + 1; p < end && *p != ']';) {
    if (*p == ',') ++p;
    const char* behind = skip_value(p, end);
    if (behind == nullptr || behind == p) return false;
    if (!visit(std::string_view(p, static_cast<std::size_t>(behind - p)))) return true;
    p = behind;
  }
  return true;
}

// Appends the contents of a string that our writer wrote, its escapes undone: `\"`, `\\`, `\n` …
// `\u00xx`. False when an escape is none of these.
bool unescape(std::string_view text, std::string& out);

}  // namespace tocsin::json_scan
