// Inside the server: one io thread with its connections. Not for users of connectors/http.
//
// Threads: everything but `context` and the counters belongs to the loop's thread.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "connectors/http/seats.h"
#include "connectors/http/server.h"
#include "events/mutex.h"

namespace tocsin::http {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

inline std::chrono::milliseconds chrono_of(Duration duration) {
  return std::chrono::milliseconds(duration.ms);
}

struct Counters {
  std::atomic<std::int64_t> connections_open{0}, connections_total{0}, connections_refused{0};
  std::atomic<std::int64_t> requests{0}, timeouts{0}, parse_errors{0};
  std::array<std::atomic<std::int64_t>, 6> answers_by_class{};
  std::atomic<std::int64_t> streams_open{0};
  std::atomic<std::int64_t> bytes_read{0}, bytes_written{0};
};

inline void add(std::atomic<std::int64_t>& counter, std::int64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

// What all loops and connections of a server share.
struct Shared {
  explicit Shared(const HttpServerOptions& given)
      : options(given),
        seats(given.connections_max, given.connections_per_address, kRefusedConnectionsMax),
        bodies(given.bodies_bytes_max) {}

  const HttpServerOptions options;
  std::shared_ptr<HttpService> service;
  Counters counters;
  Seats seats;
  BodyBytes bodies;

  // Of the connections that begin from now on; null: no TLS, and then always so.
  std::shared_ptr<asio::ssl::context> tls() const {
    const MutexLock lock(tls_mutex_);
    return tls_;
  }
  void set_tls(std::shared_ptr<asio::ssl::context> context) {
    const MutexLock lock(tls_mutex_);
    tls_.swap(context);
  }

  void log(std::string_view event, std::string_view client, std::string_view detail) const {
    if (options.log) options.log(event, client, detail);
  }

 private:
  mutable Mutex tls_mutex_;
  std::shared_ptr<asio::ssl::context> tls_ GUARDED_BY(tls_mutex_);
};

class Connection;

class Loop : public std::enable_shared_from_this<Loop> {
 public:
  explicit Loop(std::shared_ptr<Shared> shared);

  // In the loop's thread, or before it runs.
  void adopt(asio::ip::tcp::socket socket, std::string address, Seat seat);
  void forget(Connection* connection);
  void drain();  // asks every connection to end; the loop returns from run() after the last
  void abort();  // closes every connection
  const std::string& date();  // of the Date header, this second

  void start_sweep();
  bool in_thread() const {
    return thread_id_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  void run();

  const std::shared_ptr<Shared> shared;  // outlives what waits in `context`
  asio::io_context context{1};

 private:
  void sweep();
  Clock::duration sweep_interval() const;

  asio::steady_timer sweep_timer_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  bool draining_ = false;
  std::string date_;
  std::time_t date_second_ = 0;
  std::atomic<std::thread::id> thread_id_{};
};

}  // namespace tocsin::http
