// Refusals in words that a program and a person can read: application/problem+json (RFC 9457).
//
//   problem(400, "bad-parameter", "limit must be a number from 1 to
//   1000").field("limit").response()
//
// gives 400 with {"type":"urn:tocsin:problem:bad-parameter","title":"Bad parameter","status":400,
// "detail":"limit must …","field":"limit"}. The types are listed in docs/http.md. Everything given
// is escaped; bytes that are not UTF-8 are replaced.
//
// Threads: values.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/message.h"

namespace tocsin {

class Problem {
 public:
  // `name`: words with hyphens; they make the type and the title.
  Problem(int status, std::string_view name, std::string_view detail);

  Problem& field(std::string_view name) { return member("field", name); }
  Problem& reason(std::string_view reason) { return member("reason", reason); }
  Problem& member(std::string_view name, std::string_view text);
  // Members that are JSON already: `"accepted":0,"duplicates":0`.
  Problem& members(std::string_view json);
  Problem& header(std::string_view name, std::string_view value);
  Problem& retry_after(int seconds);

  HttpResponse response() const;

 private:
  int status_;
  std::string json_;  // without the closing brace
  HttpFields headers_;
};

inline Problem problem(int status, std::string_view name, std::string_view detail) {
  return Problem(status, name, detail);
}

// `Bad Request` for 400; `Unknown` for a status that the product does not use.
std::string_view status_text(int status);

// The same text with what is not UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace tocsin
