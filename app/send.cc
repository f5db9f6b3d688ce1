#include "app/send.h"

#include <curl/curl.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "app/event_line.h"
#include "events/writer.h"

namespace tocsin {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchLinesMax = 1000;
constexpr std::size_t kBatchBytesMax = 4 << 20;
constexpr std::size_t kAnswerBytesMax = 8 << 20;
constexpr auto kPatience = 10min;  // with one batch that is not kept
constexpr std::chrono::milliseconds kFirstWait = 500ms, kWaitMax = 30s;
constexpr long kConnectSeconds = 10, kAnswerSeconds = 120;

struct Batch {
  std::string body;
  std::vector<std::int64_t> lines;  // number of each event's line, from 1
};

struct Answer {
  long status = 0;          // 0: none came
  std::string body, error;  // why none came
  std::chrono::seconds retry_after{0};
};

class Poster {
 public:
  explicit Poster(const SendOptions& options) : curl_(curl_easy_init(), curl_easy_cleanup) {
    if (!curl_) throw std::runtime_error("libcurl cannot be used");
    std::string url = options.url;
    while (url.ends_with('/')) url.pop_back();
    if (!url.ends_with("/v1/events")) url += "/v1/events";
    add_header("Content-Type: application/x-ndjson");
    add_header("Expect:");
    if (!options.token.empty()) add_header("Authorization: Bearer " + options.token);
    CURL* c = curl_.get();
    curl_easy_setopt(c, CURLOPT_URL, url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, kAnswerSeconds);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, &Poster::take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer_);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "tocsin-send/" TOCSIN_VERSION);
  }

  Answer post(const std::string& body) {
    answer_ = Answer{};
    CURL* c = curl_.get();
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    const CURLcode code = curl_easy_perform(c);
    if (code != CURLE_OK) {
      answer_.error = curl_easy_strerror(code);
      return std::move(answer_);
    }
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer_.status);
    curl_off_t wait = 0;
    curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait);
    answer_.retry_after = std::chrono::seconds(wait);
    return std::move(answer_);
  }

 private:
  void add_header(const std::string& text) {
    curl_slist* more = curl_slist_append(headers_.get(), text.c_str());
    if (more == nullptr) throw std::bad_alloc();
    headers_.release();
    headers_.reset(more);
  }

  static std::size_t take(char* data, std::size_t, std::size_t size, void* to) {
    std::string& body = static_cast<Answer*>(to)->body;
    if (body.size() + size > kAnswerBytesMax) return 0;
    body.append(data, size);
    return size;
  }

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_{nullptr,
                                                                       curl_slist_free_all};
  Answer answer_;
};

class Sending {
 public:
  Sending(std::ostream& out, std::ostream& errors, const SendOptions& options)
      : out_(out), errors_(errors), options_(options), poster_(options) {}

  int run(std::istream& events) {
    std::string line;
    std::int64_t number = 0;
    while (std::getline(events, line)) {
      ++number;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      if (event_line_.read(line) == EventLine::Kind::kNotAFact) continue;
      const std::string_view text = event_line_.text();
      const bool full = batch_.lines.size() == kBatchLinesMax ||
                        batch_.body.size() + text.size() + 1 > kBatchBytesMax;
      if (full && !batch_.lines.empty() && !deliver()) return 1;
      batch_.body.append(text).append("\n");
      batch_.lines.push_back(number);
    }
    if (events.bad()) {
      errors_ << "tocsin send: the file cannot be read to its end\n";
      return 1;
    }
    if (!batch_.lines.empty() && !deliver()) return 1;
    if (options_.progress) errors_ << "\n";
    out_ << accepted_ << " accepted, " << duplicates_ << " duplicates, " << rejected_
         << " rejected, " << ignored_ << " without effect\n";
    return rejected_ > 0 ? 3 : 0;
  }

 private:
  // Until it is durable; false when it will not be.
  bool deliver() {
    const auto until = Clock::now() + kPatience;
    std::chrono::milliseconds wait = kFirstWait;
    for (;;) {
      const Answer answer = poster_.post(batch_.body);
      if (answer.status == 202 || answer.status == 400) {
        if (!count(answer)) return fail(answer);
        batch_ = Batch{};
        show();
        return true;
      }
      const bool later = answer.status == 0 || answer.status == 429 || answer.status >= 500;
      if (!later || Clock::now() + wait > until) return fail(answer);
      std::this_thread::sleep_for(std::max<std::chrono::milliseconds>(wait, answer.retry_after));
      wait = std::min(wait * 2, kWaitMax);
    }
  }

  bool fail(const Answer& answer) {
    errors_ << "tocsin send: lines " << batch_.lines.front() << " to " << batch_.lines.back()
            << " were not taken: "
            << (answer.status == 0 ? answer.error
                                   : std::to_string(answer.status) + " " + answer.body)
            << "\n";
    return false;
  }

  // False: that is no answer of a node.
  bool count(const Answer& answer) {
    simdjson::dom::element root;
    std::int64_t accepted = 0, duplicates = 0;
    const simdjson::padded_string padded(answer.body);
    if (parser_.parse(padded).get(root) != simdjson::SUCCESS ||
        root["accepted"].get(accepted) != simdjson::SUCCESS)
      return false;
    accepted_ += accepted;
    if (root["duplicates"].get(duplicates) == simdjson::SUCCESS) duplicates_ += duplicates;
    simdjson::dom::array list;
    if (root["rejected"].get(list) == simdjson::SUCCESS) {
      for (const simdjson::dom::element one : list) reject(one);
    }
    if (root["ignored"].get(list) == simdjson::SUCCESS)
      ignored_ += static_cast<std::int64_t>(list.size());
    return true;
  }

  void reject(const simdjson::dom::element& one) {
    std::uint64_t index = 0;
    std::string_view reason;
    if (one["index"].get(index) != simdjson::SUCCESS || index >= batch_.lines.size() ||
        one["reason"].get(reason) != simdjson::SUCCESS)
      return;
    ++rejected_;
    std::string text;
    JsonObject(text).number("line", batch_.lines[index]).text("reason", reason).close();
    errors_ << (options_.progress ? "\r" : "") << text << "\n";
  }

  void show() {
    if (options_.progress)
      errors_ << "\r" << accepted_ + duplicates_ + rejected_ << " events" << std::flush;
  }

  std::ostream& out_;
  std::ostream& errors_;
  const SendOptions& options_;
  Poster poster_;
  EventLine event_line_;
  Batch batch_;
  simdjson::dom::parser parser_;
  std::int64_t accepted_ = 0, duplicates_ = 0, rejected_ = 0, ignored_ = 0;
};

}  // namespace

int send_events(std::istream& events, std::ostream& out, std::ostream& errors,
                const SendOptions& options) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return Sending(out, errors, options).run(events);
}

}  // namespace tocsin
