#include "connectors/crm/http_call.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <mutex>

namespace tocsin {
namespace {

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  const std::size_t all = size * count;
  if (body.size() + all > HttpCaller::kAnswerBytesMax) return 0;
  body.append(bytes, all);
  return all;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* into) {
  constexpr std::string_view kName = "retry-after:";
  const std::string_view line(bytes, size * count);
  if (line.size() > kName.size() && equal_ignoring_case(line.substr(0, kName.size()), kName)) {
    const std::string_view value = line.substr(kName.size());
    const std::size_t first = std::min(value.find_first_not_of(' '), value.size());
    std::from_chars(value.data() + first, value.data() + value.size(), *static_cast<int*>(into));
  }
  return line.size();
}

}  // namespace

struct HttpCaller::Impl {
  Impl() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    curl = curl_easy_init();
  }
  ~Impl() { curl_easy_cleanup(curl); }
  CURL* curl;
};

HttpCaller::HttpCaller() : impl_(std::make_unique<Impl>()) {}
HttpCaller::~HttpCaller() = default;

CallAnswer HttpCaller::call(const std::string& method, const std::string& url,
                            const HttpFields& headers, const std::string& body, Duration timeout) {
  CallAnswer answer;
  CURL* curl = impl_->curl;
  curl_easy_reset(curl);
  curl_slist* list = nullptr;
  for (const auto& [name, value] : headers)
    list = curl_slist_append(list, (name + ": " + value).c_str());
  list = curl_slist_append(list, "Expect:");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.ms));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.retry_after_seconds);
  if (method != "GET") {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
  } else {
    answer.error = curl_easy_strerror(code);
  }
  curl_slist_free_all(list);
  return answer;
}

}  // namespace tocsin
