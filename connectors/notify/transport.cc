#include "connectors/notify/transport.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace tocsin::notify {

namespace {

constexpr std::size_t kHandlesKept = 64;

// Loopback, private, link-local and the like.
bool is_private(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    const std::uint32_t ip = ntohl(v4.sin_addr.s_addr);
    const std::uint32_t a = ip >> 24, b = ip >> 16 & 0xffU;
    return a == 0 || a == 10 || a == 127 || (a == 100 && b >= 64 && b < 128) ||
           (a == 169 && b == 254) || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) ||
           a >= 224;
  }
  if (address.sa_family != AF_INET6) return true;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, v6.s6_addr + 12, 4);
    return is_private(reinterpret_cast<const sockaddr&>(v4));
  }
  return IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6) ||
         IN6_IS_ADDR_MULTICAST(&v6) || (v6.s6_addr[0] & 0xfeU) == 0xfc;
}

curl_socket_t open_public(void*, curlsocktype, curl_sockaddr* address) {
  if (is_private(address->addr)) return CURL_SOCKET_BAD;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

struct Job {
  std::uint64_t id = 0;
  Outgoing request;
  Answer answer;
  std::size_t uploaded = 0;
  curl_slist* headers = nullptr;
  curl_slist* recipients = nullptr;

  ~Job() {
    curl_slist_free_all(headers);
    curl_slist_free_all(recipients);
  }
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  Job& job = *static_cast<Job*>(user);
  const std::size_t room = Transport::kAnswerMax - job.answer.body.size();
  job.answer.body.append(data, std::min(size * count, room));
  // What is longer is not read, yet is no failure of the message.
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  constexpr std::string_view kName = "retry-after:";
  Job& job = *static_cast<Job*>(user);
  const std::string_view line(data, size * count);
  if (line.size() > kName.size() &&
      std::equal(kName.begin(), kName.end(), line.begin(), [](char want, char c) {
        return want == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
      })) {
    std::string_view value = line.substr(kName.size());
    const std::size_t first = value.find_first_not_of(" \t");
    const std::size_t last = value.find_last_not_of(" \t\r\n");
    if (first != std::string_view::npos)
      job.answer.retry_after = value.substr(first, last - first + 1).substr(0, 100);
  }
  return size * count;
}

std::size_t give_body(char* to, std::size_t size, std::size_t count, void* user) {
  Job& job = *static_cast<Job*>(user);
  const std::size_t n = std::min(size * count, job.request.body.size() - job.uploaded);
  std::memcpy(to, job.request.body.data() + job.uploaded, n);
  job.uploaded += n;
  return n;
}

}  // namespace

struct Transport::Impl {
  CURLM* multi = nullptr;
  std::vector<CURL*> idle;
  std::unordered_map<CURL*, std::unique_ptr<Job>> jobs;
  std::vector<std::pair<std::uint64_t, Answer>> done;

  void set_http(CURL* easy, Job& job);
  void set_mail(CURL* easy, Job& job);
  void finish(CURL* easy, CURLcode code);
};

Transport::Transport() : impl_(std::make_unique<Impl>()) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  impl_->multi = ready ? curl_multi_init() : nullptr;
  if (impl_->multi == nullptr) throw std::runtime_error("libcurl cannot be used");
  curl_multi_setopt(impl_->multi, CURLMOPT_MAXCONNECTS, 128L);
}

Transport::~Transport() {
  for (auto& [easy, job] : impl_->jobs) {
    curl_multi_remove_handle(impl_->multi, easy);
    curl_easy_cleanup(easy);
  }
  for (CURL* const easy : impl_->idle) curl_easy_cleanup(easy);
  curl_multi_cleanup(impl_->multi);
}

void Transport::Impl::set_http(CURL* easy, Job& job) {
  const Outgoing& request = job.request;
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  for (const auto& [name, value] : request.headers)
    job.headers = curl_slist_append(job.headers, (name + ": " + value).c_str());
  job.headers = curl_slist_append(job.headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job.headers);
  if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    if (request.method != "POST")
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (request.public_only) curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_public);
}

void Transport::Impl::set_mail(CURL* easy, Job& job) {
  const Outgoing& request = job.request;
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, request.from.c_str());
  job.recipients = curl_slist_append(nullptr, request.to.c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, job.recipients);
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
  curl_easy_setopt(easy, CURLOPT_READDATA, &job);
  if (request.must_tls) curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!request.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request.password.c_str());
  }
}

void Transport::begin(std::uint64_t id, Outgoing request) {
  auto job = std::make_unique<Job>();
  job->id = id;
  job->request = std::move(request);
  CURL* easy = nullptr;
  if (impl_->idle.empty()) {
    easy = curl_easy_init();
  } else {
    easy = impl_->idle.back();
    impl_->idle.pop_back();
    curl_easy_reset(easy);
  }
  curl_easy_setopt(easy, CURLOPT_URL, job->request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(kPatience.ms));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnect.ms));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Tocsin");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, job.get());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, job.get());
  // As curl itself does: an authority of one's own.
  if (const char* bundle = std::getenv("CURL_CA_BUNDLE"); bundle != nullptr)
    curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
  if (job->request.by == Outgoing::By::kMail) {
    impl_->set_mail(easy, *job);
  } else {
    impl_->set_http(easy, *job);
  }
  impl_->jobs.emplace(easy, std::move(job));
  curl_multi_add_handle(impl_->multi, easy);
}

void Transport::Impl::finish(CURL* easy, CURLcode code) {
  const auto it = jobs.find(easy);
  Job& job = *it->second;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  const bool mail = job.request.by == Outgoing::By::kMail;
  if (code == CURLE_OK) {
    job.answer.status = mail ? 250 : static_cast<int>(status);
  } else if (mail && status >= 400 && status < 600) {
    job.answer.status = static_cast<int>(status);
  } else {
    job.answer.error = curl_easy_strerror(code);
    job.answer.hopeless = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
  }
  done.emplace_back(job.id, std::move(job.answer));
  curl_multi_remove_handle(multi, easy);
  jobs.erase(it);
  if (idle.size() < kHandlesKept) {
    idle.push_back(easy);
  } else {
    curl_easy_cleanup(easy);
  }
}

std::vector<std::pair<std::uint64_t, Answer>> Transport::wait(Duration most) {
  int running = 0, left = 0;
  curl_multi_perform(impl_->multi, &running);
  const auto collect = [&] {
    while (const CURLMsg* message = curl_multi_info_read(impl_->multi, &left)) {
      if (message->msg == CURLMSG_DONE) impl_->finish(message->easy_handle, message->data.result);
    }
  };
  collect();
  if (impl_->done.empty()) {
    const auto ms = static_cast<int>(std::clamp<std::int64_t>(most.ms, 0, 60'000));
    curl_multi_poll(impl_->multi, nullptr, 0, ms, nullptr);
    curl_multi_perform(impl_->multi, &running);
    collect();
  }
  return std::exchange(impl_->done, {});
}

void Transport::wake() { curl_multi_wakeup(impl_->multi); }

std::size_t Transport::under_way() const { return impl_->jobs.size(); }

}  // namespace tocsin::notify
