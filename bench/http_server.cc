// Requests a second of the HTTP server on one io thread, as wrk sees it, beside bare epoll: a loop
// that answers every read with fixed bytes, which is what these two cores could do at best.
//
//   bench_http_server [seconds]       needs wrk
//
// The peer parses nothing: the ratio says what HTTP costs here.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "connectors/http/server.h"

namespace {

constexpr int kConnections = 64;

class Echo : public tocsin::HttpService {
 public:
  std::optional<tocsin::HttpResponse> admit(tocsin::HttpRequest&) override { return std::nullopt; }
  void handle(tocsin::HttpRequest request, tocsin::Reply reply) override {
    tocsin::HttpResponse response;
    response.status = request.body.empty() ? 200 : 202;
    response.content_type = "application/json";
    response.body = "{\"accepted\":1,\"duplicates\":0,\"rejected\":[]}";
    reply(std::move(response));
  }
};

// Answers each piece of input with one fixed response.
class BareEpoll {
 public:
  BareEpoll() {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::listen(listener_, 1024);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    epoll_ = ::epoll_create1(0);
    watch(listener_);
    thread_ = std::thread([this] { run(); });
  }
  ~BareEpoll() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
    ::close(epoll_);
  }
  int port() const { return port_; }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  void run() {
    const std::string answer =
        "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 43\r\n\r\n"
        "{\"accepted\":1,\"duplicates\":0,\"rejected\":[]}\n";
    char input[65536];
    while (!stopping_) {
      epoll_event events[kConnections];
      const int n = ::epoll_wait(epoll_, events, kConnections, 100);
      for (int i = 0; i < n; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener_) {
          const int client = ::accept(listener_, nullptr, nullptr);
          const int on = 1;
          ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          watch(client);
        } else if (::read(fd, input, sizeof input) <= 0 ||
                   ::write(fd, answer.data(), answer.size()) < 0) {
          ::close(fd);
        }
      }
    }
  }

  int listener_ = -1, epoll_ = -1, port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

void load(const char* what, int port, const std::string& script, const std::string& seconds) {
  std::printf("%s\n", what);
  std::fflush(stdout);
  const std::string command = "wrk -t1 -c" + std::to_string(kConnections) + " -d" + seconds +
                              "s --latency " + (script.empty() ? "" : "-s " + script + " ") +
                              "http://127.0.0.1:" + std::to_string(port) +
                              "/v1/events | grep -E 'Requests/sec|99%|Non-2xx'";
  if (std::system(command.c_str()) != 0) std::printf("  wrk is missing or failed\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string seconds = argc > 1 ? argv[1] : "5";
  const std::string script = "/tmp/tocsin-bench-post-" + std::to_string(::getpid()) + ".lua";
  std::ofstream(script) << "wrk.method = 'POST'\n"
                           "wrk.headers['Content-Type'] = 'application/cloudevents+json'\n"
                           "wrk.body = string.rep('x', 420)\n";
  tocsin::HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  {
    const auto server = tocsin::HttpServer::start(options, std::make_shared<Echo>());
    load("GET, one io thread", server->port(), "", seconds);
    load("POST of 420 bytes, one io thread", server->port(), script, seconds);
  }
  BareEpoll bare;
  load("POST of 420 bytes, bare epoll", bare.port(), script, seconds);
  ::unlink(script.c_str());
}
