// A server on loopback whose answers a test decides.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "connectors/http/message.h"
#include "connectors/http/server.h"
#include "tests/connectors/http/client.h"

namespace tocsin::test {

// Answers at once with what `on_handle` says; without it keeps requests until the test answers
// them.
class TestService : public HttpService {
 public:
  struct Held {
    HttpRequest request;
    Reply reply;
  };

  std::function<std::optional<HttpResponse>(HttpRequest&)> on_admit;
  std::function<void(HttpRequest, Reply)> on_handle;

  std::optional<HttpResponse> admit(HttpRequest& request) override {
    return on_admit ? on_admit(request) : std::nullopt;
  }
  void handle(HttpRequest request, Reply reply) override {
    if (on_handle) return on_handle(std::move(request), std::move(reply));
    const std::lock_guard lock(mutex_);
    held_.push_back({std::move(request), std::move(reply)});
    more_.notify_all();
  }

  // The oldest request that is held; waits for one.
  Held next() {
    std::unique_lock lock(mutex_);
    if (!more_.wait_for(lock, std::chrono::seconds(10), [this] { return !held_.empty(); })) {
      ADD_FAILURE() << "no request came";
      return {{}, [](HttpResponse) {}};
    }
    Held held = std::move(held_.front());
    held_.pop_front();
    return held;
  }
  std::size_t held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Held> held_;
};

inline HttpResponse text(std::string body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

// Waits for a condition that another thread makes true.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options.listen = "127.0.0.1:0"; }

  void start() { server = HttpServer::start(options, service); }
  // Answers every request with its method, target and body.
  void start_echo() {
    service->on_handle = [](HttpRequest request, Reply reply) {
      reply(text(request.method + " " + request.target + " " + request.body));
    };
    start();
  }
  std::uint16_t port() const { return server->port(); }

  HttpServerOptions options;
  std::shared_ptr<TestService> service = std::make_shared<TestService>();
  std::unique_ptr<HttpServer> server;
};

}  // namespace tocsin::test
