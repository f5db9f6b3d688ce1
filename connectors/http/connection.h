// Inside the server: one connection. Reads and parses (connection.cc, with Beast), writes and ends
// (connection_write.cc). Not for users of connectors/http.
//
// A request that was dispatched has a slot in `slots_`; slots are written from the front as they
// become ready, so answers keep the order of requests whatever order the service has.
//
// The end comes in one of two ways: `close()` at once, or `linger()`: our side of the connection is
// shut, what the client still sends is dropped for a while, so that the client reads the last
// answer and no reset destroys it.
//
// Threads: the loop's, except complete(), which is what a Reply calls through the loop.
#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <deque>
#include <optional>
#include <span>

#include "connectors/http/loop.h"
#include "connectors/http/stream_reply.h"

namespace tocsin::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `seat` was taken for `address` and is given back at the end.
  Connection(Loop& loop, asio::ip::tcp::socket socket, std::string address, Seat seat);
  ~Connection();

  void start();
  void complete(std::uint64_t number, HttpResponse response);
  void drain();
  void close();
  void check_deadlines(Clock::time_point now);

 private:
  struct Parser;  // Beast's, one at a time
  using Error = boost::system::error_code;
  enum class Phase : std::uint8_t { kHandshake, kServing, kLinger, kClosed };

  struct Slot {
    std::uint64_t number = 0;
    bool ready = false;
    bool interim = false;  // 100 Continue
    bool head = false;     // of a HEAD request
    bool last = false;     // the connection ends after it
    bool old = false;      // HTTP/1.0
    HttpResponse response;
  };

  // Reading (connection.cc).
  void read_some();
  void on_read(Error error, std::size_t bytes);
  void parse();
  bool parse_once();  // true: go on with what is in the buffer
  void begin_request();
  void admit();
  void dispatch();
  void parse_failed(Error error);
  void refuse(HttpResponse response, bool last);
  bool may_begin() const;
  bool make_room();
  bool in_request() const;  // some bytes of a request are here, but not all

  // Writing (connection_write.cc).
  Slot& new_slot();
  Slot* find_slot(std::uint64_t number);
  void pump();
  void fill_output();
  void append_head(const Slot& slot, bool streaming);
  void begin_stream(Slot& slot);
  void fill_from_stream();
  void append_chunk(std::string_view data);
  void write_some(std::size_t from);
  void on_written(Error error, std::size_t from, std::size_t bytes);
  void after_write();

  // Ending (connection_write.cc).
  void linger();
  void shut_our_side();
  void linger_read();
  void timed_out();

  template <class Handler>
  void async_read(asio::mutable_buffer buffer, Handler handler);
  template <class Handler>
  void async_write(asio::const_buffer buffer, Handler handler);
  asio::ip::tcp::socket& tcp() { return tls_ ? tls_->next_layer() : plain_; }

  Loop& loop_;
  Shared& shared_;
  const std::shared_ptr<asio::ssl::context> tls_context_;
  asio::ip::tcp::socket plain_;
  std::unique_ptr<asio::ssl::stream<asio::ip::tcp::socket>> tls_;
  std::string remote_;
  Phase phase_ = Phase::kServing;

  // Input.
  std::string input_;
  std::size_t input_begin_ = 0, input_end_ = 0;
  std::unique_ptr<Parser> parser_;
  bool admitted_ = false;
  HttpRequest request_;
  std::optional<HttpResponse> refusal_;  // answered when the body has been dropped
  bool reading_ = false;
  bool parsing_ = false;
  bool input_ended_ = false;   // the client sends nothing more
  bool input_closed_ = false;  // we take no more requests
  bool draining_ = false;
  const std::string address_;
  const Seat seat_;
  BodyBytes::Share body_share_;
  std::size_t linger_bytes_ = 0;

  // Output.
  std::deque<Slot> slots_;
  std::uint64_t next_number_ = 0;
  std::string output_;
  bool writing_ = false;
  bool last_queued_ = false;  // the connection ends when output_ is written
  std::shared_ptr<StreamReply> stream_;
  bool stream_chunked_ = false;
  std::vector<StreamReply::Chunk> chunks_;

  // When patience ends; max() where nothing is waited for.
  Clock::time_point read_deadline_ = Clock::time_point::max();
  Clock::time_point write_deadline_ = Clock::time_point::max();
  Clock::time_point last_write_;
};

template <class Handler>
void Connection::async_read(asio::mutable_buffer buffer, Handler handler) {
  if (tls_) {
    tls_->async_read_some(buffer, std::move(handler));
  } else {
    plain_.async_read_some(buffer, std::move(handler));
  }
}

template <class Handler>
void Connection::async_write(asio::const_buffer buffer, Handler handler) {
  if (tls_) {
    tls_->async_write_some(buffer, std::move(handler));
  } else {
    plain_.async_write_some(buffer, std::move(handler));
  }
}

}  // namespace tocsin::http
