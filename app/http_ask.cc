#include "app/http_ask.h"

#include <curl/curl.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace tocsin {

namespace {

constexpr std::size_t kAnswerBytesMax = 256u << 20;
constexpr long kConnectSeconds = 10, kAnswerSeconds = 120;

std::size_t take(const char* data, std::size_t size, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + size * count > kAnswerBytesMax) return 0;
  body.append(data, size * count);
  return size * count;
}

}  // namespace

HttpAnswer ask_http(const HttpAsk& ask) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw std::runtime_error("libcurl cannot be used");
  CURL* c = curl.get();
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  if (!ask.content_type.empty())
    list = curl_slist_append(list, ("Content-Type: " + ask.content_type).c_str());
  if (!ask.token.empty())
    list = curl_slist_append(list, ("Authorization: Bearer " + ask.token).c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  HttpAnswer answer;
  curl_easy_setopt(c, CURLOPT_URL, ask.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(c, CURLOPT_TIMEOUT, kAnswerSeconds);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer.body);
  if (ask.method == "POST") {
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, ask.body.data());
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(ask.body.size()));
  }
  const CURLcode code = curl_easy_perform(c);
  if (code != CURLE_OK) {
    answer.error = curl_easy_strerror(code);
    return answer;
  }
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

std::string url_encoded(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::string token_of(const std::string& given) {
  if (given.starts_with("env:")) {
    const char* value = std::getenv(given.substr(4).c_str());
    if (value == nullptr) throw std::runtime_error("there is no variable " + given.substr(4));
    return value;
  }
  if (!given.starts_with("file:")) return given;
  std::ifstream in(given.substr(5));
  std::string token;
  if (!std::getline(in, token)) throw std::runtime_error("cannot read " + given.substr(5));
  return token;
}

}  // namespace tocsin
