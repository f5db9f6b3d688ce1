// One question to a node over HTTP, for commands.
//
// Threads: any. Blocks until it is answered, kAnswerSeconds at most.
#pragma once

#include <string>

namespace tocsin {

struct HttpAsk {
  std::string method = "GET", url, token, content_type, body;
};

struct HttpAnswer {
  long status = 0;  // 0: none came, `error` says why
  std::string body, error;
};

HttpAnswer ask_http(const HttpAsk& ask);

// `text` as part of a URL's query.
std::string url_encoded(const std::string& text);

// `file:PATH`, `env:NAME`, or the token itself. Throws std::runtime_error.
std::string token_of(const std::string& given);

}  // namespace tocsin
