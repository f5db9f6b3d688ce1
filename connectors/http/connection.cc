// Reading: bytes to requests to the service. The only file that knows Beast.
#include "connectors/http/connection.h"

#include <boost/asio/post.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstring>

#include "connectors/http/problem.h"
#include "connectors/http/target.h"

namespace tocsin::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr std::size_t kInputBytesMin = 8 * 1024;
constexpr std::size_t kInputBytesMax = 64 * 1024;

// The state behind a Reply: it finds the way back to the connection, if there still is one.
class PendingReply {
 public:
  PendingReply(std::shared_ptr<Shared> shared, BodyBytes::Share body, std::weak_ptr<Loop> loop,
               std::weak_ptr<Connection> connection, std::uint64_t number)
      : shared_(std::move(shared)),
        body_(std::move(body)),
        loop_(std::move(loop)),
        connection_(std::move(connection)),
        number_(number) {}
  PendingReply(const PendingReply&) = delete;
  PendingReply& operator=(const PendingReply&) = delete;

  ~PendingReply() {
    if (!answered_.exchange(true))
      deliver(problem(500, "no-answer", "the request was not answered").response());
  }

  void answer(HttpResponse response) {
    if (answered_.exchange(true)) return;
    body_.release();
    deliver(std::move(response));
  }

 private:
  void deliver(HttpResponse response) {
    const auto loop = loop_.lock();
    if (loop && loop->in_thread()) {
      arrive(connection_, number_, std::move(response));
    } else if (loop) {
      asio::post(loop->context, [connection = connection_, number = number_,
                                 response = std::move(response)]() mutable {
        arrive(connection, number, std::move(response));
      });
    } else if (response.stream) {
      response.stream->abandon("client gone");
    }
  }

  static void arrive(const std::weak_ptr<Connection>& to, std::uint64_t number,
                     HttpResponse response) {
    if (const auto connection = to.lock()) {
      connection->complete(number, std::move(response));
    } else if (response.stream) {
      response.stream->abandon("client gone");
    }
  }

  const std::shared_ptr<Shared> shared_;  // outlives the share
  BodyBytes::Share body_;
  const std::weak_ptr<Loop> loop_;
  const std::weak_ptr<Connection> connection_;
  const std::uint64_t number_;
  std::atomic<bool> answered_{false};
};

std::string endpoint_text(const asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

HttpResponse too_many_connections() {
  return problem(503, "too-many-connections",
                 "the server, or your address, has as many connections as it may have")
      .retry_after(1)
      .response();
}

}  // namespace

struct Connection::Parser {
  using Request = beast_http::request_parser<beast_http::string_body>;
  std::optional<Request> current;

  void begin(const HttpServerOptions& options) {
    current.emplace();
    current->header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
    current->body_limit(options.body_bytes_max);
    current->eager(false);
  }
};

Connection::Connection(Loop& loop, asio::ip::tcp::socket socket, std::string address, Seat seat)
    : loop_(loop),
      shared_(*loop.shared),
      tls_context_(shared_.tls()),
      plain_(std::move(socket)),
      remote_(endpoint_text(plain_)),
      parser_(std::make_unique<Parser>()),
      address_(std::move(address)),
      seat_(seat),
      last_write_(Clock::now()) {
  if (tls_context_) {
    tls_ = std::make_unique<asio::ssl::stream<asio::ip::tcp::socket>>(std::move(plain_),
                                                                      *tls_context_);
  }
  add(shared_.counters.connections_open);
}

Connection::~Connection() {
  shared_.seats.give_back(address_, seat_);
  add(shared_.counters.connections_open, -1);
}

void Connection::start() {
  Error ignored;
  tcp().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (seat_ == Seat::kRefused) return refuse(too_many_connections(), true);
  if (tls_) {
    phase_ = Phase::kHandshake;
    read_deadline_ = Clock::now() + chrono_of(shared_.options.header_timeout);
    tls_->async_handshake(asio::ssl::stream_base::server,
                          [this, self = shared_from_this()](Error error) {
                            if (phase_ == Phase::kClosed) return;
                            if (error || draining_) return close();
                            phase_ = Phase::kServing;
                            read_deadline_ = Clock::now() + chrono_of(shared_.options.idle_timeout);
                            read_some();
                          });
    return;
  }
  read_deadline_ = Clock::now() + chrono_of(shared_.options.idle_timeout);
  read_some();
}

// Room for the next read. False: the buffer is full of what no parser takes.
bool Connection::make_room() {
  if (input_begin_ == input_end_) input_begin_ = input_end_ = 0;
  const bool in_body = parser_->current && admitted_;
  const std::size_t wanted = in_body ? kInputBytesMax : kInputBytesMin;
  if (input_.size() < wanted) input_.resize(wanted);
  if (input_end_ < input_.size()) return true;
  if (input_begin_ > 0) {
    std::memmove(input_.data(), input_.data() + input_begin_, input_end_ - input_begin_);
    input_end_ -= input_begin_;
    input_begin_ = 0;
    return true;
  }
  const std::size_t most = std::max(kInputBytesMax, shared_.options.header_bytes_max + 1);
  if (input_.size() >= most) return false;
  input_.resize(std::min(most, input_.size() * 2));
  return true;
}

void Connection::read_some() {
  if (reading_ || input_ended_ || phase_ != Phase::kServing) return;
  if (!make_room()) return parse_failed(beast_http::error::buffer_overflow);
  reading_ = true;
  async_read(asio::buffer(input_.data() + input_end_, input_.size() - input_end_),
             [this, self = shared_from_this()](Error error, std::size_t bytes) {
               reading_ = false;
               on_read(error, bytes);
             });
}

void Connection::on_read(Error error, std::size_t bytes) {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kLinger) return shut_our_side();
  add(shared_.counters.bytes_read, static_cast<std::int64_t>(bytes));
  input_end_ += bytes;
  if (error) {
    // A client may shut its side and still read our answers; one with a stream has left.
    input_ended_ = input_closed_ = true;
    const bool broken = error != asio::error::eof && error != asio::ssl::error::stream_truncated;
    if (broken || stream_ || (slots_.empty() && !writing_)) return close();
    parser_->current.reset();
    read_deadline_ = Clock::time_point::max();
    return;
  }
  if (input_closed_ || stream_) {
    input_begin_ = input_end_ = 0;
    return read_some();
  }
  parse();
}

void Connection::parse() {
  if (parsing_) return;
  parsing_ = true;
  while (phase_ == Phase::kServing && !input_closed_ && parse_once()) {
  }
  parsing_ = false;
  if (phase_ != Phase::kServing) return;
  pump();
  // Not read from while it may not begin a request, unless it is in the midst of one.
  if (phase_ == Phase::kServing && (parser_->current || input_closed_ || may_begin())) read_some();
}

bool Connection::may_begin() const {
  return !input_closed_ && !draining_ && !stream_ &&
         slots_.size() < static_cast<std::size_t>(shared_.options.pipeline_max) &&
         output_.size() < kOutputBytesMax;
}

bool Connection::parse_once() {
  if (!parser_->current) {
    // Some clients send an empty line after a body (RFC 9112 §2.2).
    while (input_begin_ < input_end_ &&
           (input_[input_begin_] == '\r' || input_[input_begin_] == '\n')) {
      ++input_begin_;
    }
    if (input_begin_ == input_end_ || !may_begin()) return false;
    begin_request();
  }
  if (input_begin_ == input_end_) return false;
  Error error;
  input_begin_ += parser_->current->put(
      asio::const_buffer(input_.data() + input_begin_, input_end_ - input_begin_), error);
  if (error == beast_http::error::need_more) return false;
  if (error) {
    parse_failed(error);
    return false;
  }
  if (!admitted_ && parser_->current->is_header_done()) admit();
  if (parser_->current && !body_share_.grow_to(parser_->current->get().body().size())) {
    refuse(problem(503, "overloaded", "more of bodies is under way than the server may hold")
               .retry_after(1)
               .response(),
           true);
    return false;
  }
  if (parser_->current && parser_->current->is_done()) dispatch();
  return true;
}

void Connection::begin_request() {
  parser_->begin(shared_.options);
  admitted_ = false;
  refusal_.reset();
  body_share_ = BodyBytes::Share(shared_.bodies);
  request_ = HttpRequest{};
  read_deadline_ = Clock::now() + chrono_of(shared_.options.header_timeout);
}

// The header is complete: the service may refuse, and a client that waits for it is told to go on.
void Connection::admit() {
  admitted_ = true;
  auto& parser = *parser_->current;
  const auto& message = parser.get();
  request_.method = std::string(message.method_string());
  request_.target = std::string(message.target());
  request_.remote = remote_;
  for (const auto& field : message) {
    request_.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  const std::string_view expect = request_.header("Expect");
  const bool waits = equal_ignoring_case(expect, "100-continue");
  std::optional<HttpResponse> refusal;
  if (!read_target(request_)) {
    refusal =
        problem(400, "bad-target", "the request target is no path that can be read").response();
  } else if (!expect.empty() && !waits) {
    refusal = problem(417, "bad-expectation", "only Expect: 100-continue is understood").response();
  } else if (const auto coding = request_.header("Transfer-Encoding");
             !coding.empty() && !equal_ignoring_case(coding, "chunked")) {
    // Where its body ends, nobody knows (RFC 9112 §6.1).
    return refuse(problem(501, "not-implemented", "the only transfer coding is chunked").response(),
                  true);
  } else if (seat_ == Seat::kVitalOnly && !shared_.service->is_vital(request_)) {
    return refuse(too_many_connections(), true);
  } else {
    refusal = shared_.service->admit(request_);
  }
  if (parser.is_done()) {
    refusal_ = std::move(refusal);
    return;
  }
  if (refusal) {
    const auto length = parser.content_length();
    if (waits || !length || *length > kDiscardBytesMax) {
      add(shared_.counters.requests);
      return refuse(std::move(*refusal), true);
    }
    refusal_ = std::move(refusal);
  } else if (waits && input_begin_ == input_end_ && message.version() >= 11) {
    Slot& slot = new_slot();
    slot.interim = slot.ready = true;
  }
  read_deadline_ = Clock::now() + chrono_of(shared_.options.body_timeout);
}

void Connection::dispatch() {
  auto& message = parser_->current->get();
  read_deadline_ = Clock::time_point::max();
  add(shared_.counters.requests);
  Slot& slot = new_slot();
  slot.old = message.version() < 11;
  slot.head = request_.method == "HEAD";
  slot.last = !message.keep_alive() || seat_ == Seat::kVitalOnly;
  input_closed_ = slot.last;
  const std::uint64_t number = slot.number;
  request_.body = std::move(message.body());
  parser_->current.reset();
  if (refusal_) {
    HttpResponse refusal = std::move(*refusal_);
    refusal_.reset();
    return complete(number, std::move(refusal));
  }
  const auto pending = std::make_shared<PendingReply>(
      loop_.shared, std::move(body_share_), loop_.weak_from_this(), weak_from_this(), number);
  shared_.service->handle(std::move(request_), [pending](HttpResponse response) {
    pending->answer(std::move(response));
  });
}

void Connection::parse_failed(Error error) {
  if (error == beast_http::error::body_limit) {
    return refuse(problem(413, "too-large",
                          "a request body may have at most " +
                              std::to_string(shared_.options.body_bytes_max) + " bytes")
                      .response(),
                  true);
  }
  add(shared_.counters.parse_errors);
  if (error == beast_http::error::header_limit) {
    refuse(problem(431, "header-too-large",
                   "a request header may have at most " +
                       std::to_string(shared_.options.header_bytes_max) + " bytes")
               .response(),
           true);
  } else if (error == beast_http::error::bad_version) {
    refuse(problem(505, "bad-version", "this server speaks HTTP/1.1").response(), true);
  } else {
    refuse(problem(400, "bad-request", "not an HTTP/1.1 request: " + error.message()).response(),
           true);
  }
}

// Answers in the service's place.
void Connection::refuse(HttpResponse response, bool last) {
  parser_->current.reset();
  body_share_.release();
  read_deadline_ = Clock::time_point::max();
  Slot& slot = new_slot();
  slot.last = last;
  if (last) input_closed_ = true;
  complete(slot.number, std::move(response));
}

bool Connection::in_request() const { return parser_->current.has_value(); }

void Connection::timed_out() {
  if (phase_ != Phase::kLinger) add(shared_.counters.timeouts);
  if (phase_ != Phase::kServing || !parser_->current) return close();
  refuse(
      problem(408, "too-slow",
              admitted_ ? "the body took too long to arrive" : "the header took too long to arrive")
          .response(),
      true);
  read_some();
}

}  // namespace tocsin::http
