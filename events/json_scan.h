// Finding where JSON values end, without reading them: for splitting batches and for records that
// we wrote ourselves. Strings and brackets are followed, nothing else is checked.
//
// Pure functions on [p, end); none reads at or past `end`. Cost: one pass, at most once a byte.
#pragma once

#include <cstring>

namespace tocsin::json_scan {

inline const char* skip_space(const char* p, const char* end) {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) ++p;
  return p;
}

// `p` is behind an opening quote. The closing quote, or nullptr when there is none.
inline const char* closing_quote(const char* p, const char* end) {
  for (const char* from = p; from != end;) {
    const auto* quote =
        static_cast<const char*>(std::memchr(from, '"', static_cast<std::size_t>(end - from)));
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

}  // namespace tocsin::json_scan
