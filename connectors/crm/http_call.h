// One HTTP request to somebody else, waited for: pushes, pullers, commands against a running node.
//
// No redirect is followed; at most kAnswerBytesMax of an answer is read; `timeout` is for all of it.
// Errors are libcurl's words and hold no URL, which may hold a secret.
//
// Threads: an HttpCaller belongs to one; keep it, it reuses its connections.
#pragma once

#include <memory>
#include <string>

#include "connectors/http/message.h"
#include "events/time.h"

namespace tocsin {

struct CallAnswer {
  int status = 0;  // 0: there was no answer, `error` says why
  std::string body;
  std::string error;
  int retry_after_seconds = 0;  // 0: not said
};

class HttpCaller {
 public:
  static constexpr std::size_t kAnswerBytesMax = 8u << 20;

  HttpCaller();
  ~HttpCaller();

  CallAnswer call(const std::string& method, const std::string& url, const HttpFields& headers,
                  const std::string& body, Duration timeout);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
