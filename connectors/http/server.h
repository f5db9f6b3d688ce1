// An HTTP/1.1 server: sockets in, HttpService called, answers out. Plain interface; Asio and Beast
// stay in connection*.cc and server.cc.
//
// Promises:
//  1. Answers leave a connection in the order of its requests, however the service answers them.
//     Requests of one connection are handed to the service in order, up to `pipeline_max` at a
//     time.
//  2. What is too large, too slow, too many or malformed is answered where the protocol allows it
//     (413, 431, 408, 503, 400), then the connection is closed; nothing of such a request reaches
//     the service's `handle`.
//  3. Memory for a connection: `header_bytes_max` and a read buffer, one body of at most
//     `body_bytes_max` in the making, the bodies in the service's hands, kOutputBytesMax to write.
//     Of bodies `bodies_bytes_max` in all; beyond it 503. A client that does not read its answers
//     is not read from either.
//  4. One address has at most `connections_per_address` connections, and three quarters of all;
//     what the service calls vital is answered beyond it and when all are taken (seats.h).
//  5. stop(): no new connections; requests that were begun are answered (`drain_timeout` at most),
//     streams end, all threads are gone when it returns.
//
// Supported: keep-alive, pipelining, chunked bodies, Expect: 100-continue, HEAD (the service
// answers as to GET; the body stays here), HTTP/1.0, TLS 1.2 and 1.3. Not: HTTP/2, ranges,
// compression, upgrades.
//
// Threads: start and stop from one; port, stats from any. One connection lives on one io thread.
// Cost: some 15 µs a request on the io thread, most of it system calls (bench_http_server).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/http/message.h"
#include "events/time.h"

namespace tocsin {

// What waits to be written on one connection before its requests are left unread.
inline constexpr std::size_t kOutputBytesMax = 256 * 1024;
// A refused body up to this size is read and dropped, so that the connection lives on.
inline constexpr std::size_t kDiscardBytesMax = 64 * 1024;
// After the last answer of a connection, what the client still sends is dropped up to this size, so
// that it gets to read the answer.
inline constexpr std::size_t kLingerBytesMax = 64 << 20;
// Connections beyond connections_max that are told so; further ones are just closed.
inline constexpr int kRefusedConnectionsMax = 64;

struct HttpServerOptions {
  std::string listen = "127.0.0.1:8080";  // ADDR:PORT, `[::1]:8080`, `localhost:8080`; port 0: any
  int threads = 1;
  std::string tls_certificate, tls_key;  // PEM files; both or neither
  std::size_t body_bytes_max = 8 << 20;
  std::size_t header_bytes_max = 16 << 10;
  int connections_max = 4096;
  int connections_per_address = 256;
  // Of bodies that are being read or whose requests are not answered yet, in all.
  std::size_t bodies_bytes_max = 256 << 20;
  int pipeline_max = 64;
  Duration header_timeout = seconds(10);  // of a header from its first byte; of a TLS handshake
  Duration body_timeout = seconds(60);    // of a body from its header
  Duration idle_timeout = seconds(75);    // between requests
  Duration write_timeout = seconds(30);   // without a byte taken by the client
  Duration linger_timeout = seconds(5);   // of a connection after its last answer
  Duration heartbeat = seconds(15);       // of silence on a stream
  Duration drain_timeout = seconds(10);
  // Receives what is worth a line: `event` is a short fixed word
  // (`connection_refused`, `accept_failed`, `drain_timeout`). From io threads.
  std::function<void(std::string_view event, std::string_view client, std::string_view detail)> log;
};

// Since the start; each figure is exact, together they are not one instant.
struct HttpServerStats {
  std::int64_t connections_open = 0, connections_total = 0, connections_refused = 0;
  std::int64_t requests = 0;
  std::int64_t answers_by_class[6] = {};  // [2]: 2xx
  std::int64_t timeouts = 0, parse_errors = 0;
  std::int64_t streams_open = 0;
  std::int64_t body_bytes_held = 0;
  std::int64_t bytes_read = 0, bytes_written = 0;
};

// `127.0.0.1:8080` → its parts. The address is empty when `listen` is unusable.
struct ListenAddress {
  std::string address;  // an IP address
  std::uint16_t port = 0;
  bool loopback = false;
};
ListenAddress read_listen_address(std::string_view listen);

// Throws std::runtime_error where the certificate or key of the options cannot be used.
void check_tls(const HttpServerOptions& options);

class HttpServer {
 public:
  // Listens and serves from its own threads. Throws std::runtime_error naming what is wrong:
  // the address, the certificate, the key.
  static std::unique_ptr<HttpServer> start(const HttpServerOptions& options,
                                           std::shared_ptr<HttpService> service);
  ~HttpServer();  // stops

  void stop();
  // Reads certificate and key anew, for connections that begin from now on; nothing without TLS.
  // Throws std::runtime_error naming what is wrong, and then the old ones stay.
  void reload_tls();
  std::uint16_t port() const;
  std::string url() const;  // `http://127.0.0.1:8080`
  HttpServerStats stats() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
