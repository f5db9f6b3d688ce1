// Listening, the io threads, and stopping.
#include "connectors/http/server.h"

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <stdexcept>

#include "connectors/http/connection.h"
#include "events/mutex.h"
#include "projections/rows/time_slice.h"

namespace tocsin {
namespace http {

Loop::Loop(std::shared_ptr<Shared> shared_state)
    : shared(std::move(shared_state)), sweep_timer_(context) {}

void Loop::run() {
  thread_id_.store(std::this_thread::get_id());
  context.run();
  thread_id_.store({});
}

void Loop::adopt(asio::ip::tcp::socket socket, std::string address, Seat seat) {
  // A refusal inside TLS would cost a handshake.
  if (draining_ || (seat == Seat::kRefused && shared->tls()))
    return shared->seats.give_back(address, seat);
  const auto connection =
      std::make_shared<Connection>(*this, std::move(socket), std::move(address), seat);
  connections_.insert(connection);
  connection->start();
}

void Loop::forget(Connection* connection) {
  connections_.erase(connection->shared_from_this());
  if (draining_ && connections_.empty()) sweep_timer_.cancel();
}

void Loop::drain() {
  draining_ = true;
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) {
    connection->drain();
  }
  if (connections_.empty()) sweep_timer_.cancel();
}

void Loop::abort() {
  if (!connections_.empty()) shared->log("drain_timeout", "", std::to_string(connections_.size()));
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) {
    connection->close();
  }
  sweep_timer_.cancel();
}

const std::string& Loop::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_ || date_.empty()) {
    static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[64];
    // Not strftime: its names depend on the locale.
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    date_ = text;
    date_second_ = now;
  }
  return date_;
}

// Deadlines are looked at this often: a quarter of the shortest one, so that none is missed by
// much.
Clock::duration Loop::sweep_interval() const {
  const HttpServerOptions& o = shared->options;
  Duration shortest = seconds(4);
  for (const Duration timeout : {o.header_timeout, o.body_timeout, o.idle_timeout, o.write_timeout,
                                 o.linger_timeout, o.heartbeat}) {
    shortest = std::min(shortest, timeout);
  }
  return chrono_of(std::max(milliseconds(5), Duration{shortest.ms / 4}));
}

void Loop::start_sweep() {
  sweep_timer_.expires_after(sweep_interval());
  sweep_timer_.async_wait([this](boost::system::error_code) {
    if (draining_ && connections_.empty()) return;  // and with that run() ends
    sweep();
    start_sweep();
  });
}

void Loop::sweep() {
  const auto now = Clock::now();
  for (const auto& connection : std::vector(connections_.begin(), connections_.end())) {
    connection->check_deadlines(now);
  }
}

namespace {

using asio::ip::tcp;

std::shared_ptr<asio::ssl::context> tls_context(const HttpServerOptions& options) {
  if (options.tls_certificate.empty() && options.tls_key.empty()) return nullptr;
  if (options.tls_certificate.empty() || options.tls_key.empty())
    throw std::runtime_error("TLS needs both a certificate and a key");
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                       asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression);
  boost::system::error_code error;
  context->use_certificate_chain_file(options.tls_certificate, error);
  if (error)
    throw std::runtime_error("TLS certificate " + options.tls_certificate + ": " + error.message());
  context->use_private_key_file(options.tls_key, asio::ssl::context::pem, error);
  if (error) throw std::runtime_error("TLS key " + options.tls_key + ": " + error.message());
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    throw std::runtime_error("TLS key " + options.tls_key + " is not that of the certificate");
  return context;
}

}  // namespace
}  // namespace http

using namespace http;

ListenAddress read_listen_address(std::string_view listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = listen.substr(0, colon), port = listen.substr(colon + 1);
  unsigned number = 0;
  if (port.empty() || port.size() > 5) return {};
  for (const char c : port) {
    if (c < '0' || c > '9') return {};
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  if (number > 65535) return {};
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return {};
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error) return {};
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  const bool loopback =
      mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback()
             : address.is_loopback();
  return {std::string(host), static_cast<std::uint16_t>(number), loopback};
}

struct HttpServer::Impl {
  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Loop>> loops;
  std::vector<std::thread> threads;
  std::unique_ptr<tcp::acceptor> acceptor;
  std::unique_ptr<asio::steady_timer> accept_pause;
  std::size_t next_loop = 0;
  tcp::endpoint endpoint;
  std::atomic<bool> stopping{false};
  bool stopped = false;

  Mutex mutex;
  Changed ended;
  std::size_t running GUARDED_BY(mutex) = 0;

  void listen();
  void accept();
  void stop();
};

void HttpServer::Impl::listen() {
  const HttpServerOptions& options = shared->options;
  const ListenAddress address = read_listen_address(options.listen);
  if (address.address.empty()) {
    throw std::runtime_error("cannot listen on `" + options.listen +
                             "`: not ADDR:PORT with an IP address, such as 127.0.0.1:8080");
  }
  acceptor = std::make_unique<tcp::acceptor>(loops[0]->context);
  accept_pause = std::make_unique<asio::steady_timer>(loops[0]->context);
  const tcp::endpoint wanted(asio::ip::make_address(address.address), address.port);
  try {
    acceptor->open(wanted.protocol());
    acceptor->set_option(tcp::acceptor::reuse_address(true));
    acceptor->bind(wanted);
    acceptor->listen(1024);
    endpoint = acceptor->local_endpoint();
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot listen on " + options.listen + ": " + error.code().message());
  }
}

void HttpServer::Impl::accept() {
  // The socket belongs to the loop that it will live on.
  Loop* const loop = loops[next_loop++ % loops.size()].get();
  acceptor->async_accept(
      loop->context, [this, loop](boost::system::error_code error, tcp::socket socket) {
        if (stopping) return;
        if (error) {
          // Out of descriptors, as a rule: connections in the backlog wait until some are free.
          if (error != asio::error::connection_aborted)
            shared->log("accept_failed", "", error.message());
          accept_pause->expires_after(std::chrono::milliseconds(50));
          accept_pause->async_wait([this](boost::system::error_code) {
            if (!stopping) accept();
          });
          return;
        }
        Counters& counters = shared->counters;
        add(counters.connections_total);
        boost::system::error_code gone;
        const auto remote = socket.remote_endpoint(gone);
        std::string address = gone ? "unknown" : remote.address().to_string();
        const Seat seat = shared->seats.take(address);
        if (seat != Seat::kServed) {
          add(counters.connections_refused);
          shared->log("connection_refused", address,
                      std::to_string(counters.connections_open) + " connections are open");
        }
        if (seat != Seat::kNone) {
          asio::dispatch(loop->context, [loop, seat, address = std::move(address),
                                         socket = std::move(socket)]() mutable {
            loop->adopt(std::move(socket), std::move(address), seat);
          });
        }
        accept();
      });
}

void HttpServer::Impl::stop() {
  if (stopped) return;
  stopped = true;
  stopping = true;
  asio::post(loops[0]->context, [this] {
    boost::system::error_code ignored;
    acceptor->close(ignored);
    accept_pause->cancel();
  });
  for (const auto& loop : loops) {
    asio::post(loop->context, [loop = loop.get()] { loop->drain(); });
  }
  {
    MutexLock lock(mutex);
    const auto all_ended = [this]() REQUIRES(mutex) { return running == 0; };
    if (!ended.wait_for(lock, chrono_of(shared->options.drain_timeout), all_ended)) {
      for (const auto& loop : loops) {
        asio::post(loop->context, [loop = loop.get()] { loop->abort(); });
      }
    }
  }
  for (std::thread& thread : threads) thread.join();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { stop(); }

void HttpServer::stop() { impl_->stop(); }

void HttpServer::reload_tls() { impl_->shared->set_tls(tls_context(impl_->shared->options)); }

void check_tls(const HttpServerOptions& options) { tls_context(options); }

std::unique_ptr<HttpServer> HttpServer::start(const HttpServerOptions& options,
                                              std::shared_ptr<HttpService> service) {
  auto impl = std::make_unique<Impl>();
  impl->shared = std::make_shared<Shared>(options);
  impl->shared->service = std::move(service);
  impl->shared->set_tls(tls_context(options));
  for (int i = 0; i < std::max(1, options.threads); ++i) {
    impl->loops.push_back(std::make_shared<Loop>(impl->shared));
  }
  impl->listen();
  impl->accept();
  {
    const MutexLock lock(impl->mutex);
    impl->running = impl->loops.size();
  }
  for (const auto& loop : impl->loops) {
    loop->start_sweep();
    impl->threads.emplace_back([loop, state = impl.get()] {
      ask_for_time_slice(kShortSlice);
      loop->run();
      const MutexLock lock(state->mutex);
      --state->running;
      state->ended.notify_all();
    });
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->endpoint.port(); }

std::string HttpServer::url() const {
  const std::string address = impl_->endpoint.address().to_string();
  return (impl_->shared->tls() ? "https://" : "http://") +
         (impl_->endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(port());
}

HttpServerStats HttpServer::stats() const {
  const Counters& c = impl_->shared->counters;
  HttpServerStats stats;
  stats.connections_open = c.connections_open;
  stats.connections_total = c.connections_total;
  stats.connections_refused = c.connections_refused;
  stats.requests = c.requests;
  for (std::size_t i = 0; i < c.answers_by_class.size(); ++i)
    stats.answers_by_class[i] = c.answers_by_class[i];
  stats.timeouts = c.timeouts;
  stats.parse_errors = c.parse_errors;
  stats.streams_open = c.streams_open;
  stats.body_bytes_held = impl_->shared->bodies.held();
  stats.bytes_read = c.bytes_read;
  stats.bytes_written = c.bytes_written;
  return stats;
}

}  // namespace tocsin
