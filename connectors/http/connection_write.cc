// Writing: answers to bytes, in order, streams, and how a connection ends.
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <charconv>

#include "connectors/http/connection.h"
#include "connectors/http/problem.h"

namespace tocsin::http {
namespace {

// A server that stops is not held up by clients that do not close their side.
constexpr Duration kDrainLinger = milliseconds(500);

// A header must not be able to bring further headers with it.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_clean(out, name);
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

template <class Number>
void append_number(std::string& out, Number value, int base = 10) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value, base).ptr;
  out.append(digits, end);
}

}  // namespace

Connection::Slot& Connection::new_slot() {
  slots_.emplace_back();
  slots_.back().number = next_number_++;
  return slots_.back();
}

Connection::Slot* Connection::find_slot(std::uint64_t number) {
  if (slots_.empty() || number < slots_.front().number) return nullptr;
  const std::uint64_t index = number - slots_.front().number;
  return index < slots_.size() ? &slots_[index] : nullptr;
}

void Connection::complete(std::uint64_t number, HttpResponse response) {
  Slot* slot = phase_ == Phase::kServing ? find_slot(number) : nullptr;
  if (slot == nullptr || slot->ready) {
    if (response.stream) response.stream->abandon("client gone");
    return;
  }
  slot->ready = true;
  slot->response = std::move(response);
  pump();
}

void Connection::pump() {
  if (writing_ || parsing_ || phase_ != Phase::kServing) return;
  fill_output();
  if (output_.empty()) return after_write();
  writing_ = true;
  write_some(0);
}

void Connection::fill_output() {
  while (!stream_ && !last_queued_ && !slots_.empty() && slots_.front().ready &&
         output_.size() < kOutputBytesMax) {
    Slot& slot = slots_.front();
    if (slot.interim) {
      output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    } else if (slot.response.stream) {
      begin_stream(slot);
    } else {
      // What is asked of a server that drains is answered, and then it is over.
      if (draining_ && slots_.size() == 1 && !in_request()) slot.last = true;
      append_head(slot, false);
      if (!slot.head) output_ += slot.response.body;
      last_queued_ = slot.last;
    }
    slots_.pop_front();
  }
  if (stream_) fill_from_stream();
}

void Connection::append_head(const Slot& slot, bool streaming) {
  const HttpResponse& response = slot.response;
  const int status = response.status >= 100 && response.status < 600 ? response.status : 500;
  add(shared_.counters.answers_by_class[static_cast<std::size_t>(status / 100)]);
  output_ += "HTTP/1.1 ";
  append_number(output_, status);
  output_ += ' ';
  output_ += status_text(status);
  output_ += "\r\nDate: ";
  output_ += loop_.date();
  output_ += "\r\n";
  if (!response.content_type.empty()) append_field(output_, "Content-Type", response.content_type);
  if (streaming) {
    if (stream_chunked_) output_ += "Transfer-Encoding: chunked\r\n";
  } else if (status != 204 && status != 304) {
    output_ += "Content-Length: ";
    append_number(output_, response.body.size());
    output_ += "\r\n";
  }
  if (slot.last) {
    output_ += "Connection: close\r\n";
  } else if (slot.old) {
    output_ += "Connection: keep-alive\r\n";
  }
  for (const auto& [name, value] : response.headers) append_field(output_, name, value);
  output_ += "\r\n";
}

void Connection::begin_stream(Slot& slot) {
  stream_chunked_ = !slot.old;
  slot.last = true;
  input_closed_ = true;
  append_head(slot, true);
  if (slot.head || input_ended_) {
    slot.response.stream->abandon(slot.head ? "head" : "client gone");
    last_queued_ = true;
    return;
  }
  stream_ = std::move(slot.response.stream);
  add(shared_.counters.streams_open);
  stream_->attach([loop = loop_.weak_from_this(), connection = weak_from_this()] {
    const auto alive = loop.lock();
    if (!alive) return;
    asio::post(alive->context, [connection] {
      if (const auto self = connection.lock()) self->pump();
    });
  });
  if (draining_) stream_->finish();
}

void Connection::fill_from_stream() {
  chunks_.clear();
  const bool end = stream_->take(chunks_, kOutputBytesMax);
  for (const auto& chunk : chunks_) append_chunk(*chunk);
  if (!end) return;
  if (stream_chunked_) output_ += "0\r\n\r\n";
  last_queued_ = true;
  stream_.reset();
  add(shared_.counters.streams_open, -1);
}

void Connection::append_chunk(std::string_view data) {
  if (data.empty()) return;  // would read as the end
  if (stream_chunked_) {
    append_number(output_, data.size(), 16);
    output_ += "\r\n";
  }
  output_ += data;
  if (stream_chunked_) output_ += "\r\n";
}

void Connection::write_some(std::size_t from) {
  write_deadline_ = Clock::now() + chrono_of(shared_.options.write_timeout);
  async_write(asio::buffer(output_.data() + from, output_.size() - from),
              [this, from, self = shared_from_this()](Error error, std::size_t bytes) {
                on_written(error, from, bytes);
              });
}

void Connection::on_written(Error error, std::size_t from, std::size_t bytes) {
  if (phase_ == Phase::kClosed) return;
  if (error) {
    writing_ = false;
    return close();
  }
  add(shared_.counters.bytes_written, static_cast<std::int64_t>(bytes));
  if (from + bytes < output_.size()) return write_some(from + bytes);
  writing_ = false;
  output_.clear();
  if (output_.capacity() > 2 * kOutputBytesMax) output_.shrink_to_fit();
  write_deadline_ = Clock::time_point::max();
  last_write_ = Clock::now();
  if (last_queued_) return linger();
  pump();
  // There may be room again for requests that were left in the buffer.
  parse();
}

// All that was ready has been written.
void Connection::after_write() {
  if (last_queued_) return linger();
  if (stream_) return;
  if (slots_.empty() && !in_request()) {
    if (input_ended_) return close();
    if (draining_) return close();
    if (!input_closed_) read_deadline_ = Clock::now() + chrono_of(shared_.options.idle_timeout);
  }
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::kHandshake) return close();
  if (phase_ == Phase::kLinger) {
    read_deadline_ = std::min(read_deadline_, Clock::now() + chrono_of(kDrainLinger));
  } else if (stream_) {
    stream_->finish();
  } else if (slots_.empty() && !in_request() && !writing_) {
    close();
  }
}

void Connection::linger() {
  if (phase_ != Phase::kServing) return;
  phase_ = Phase::kLinger;
  write_deadline_ = Clock::time_point::max();
  read_deadline_ =
      Clock::now() + chrono_of(draining_ ? kDrainLinger : shared_.options.linger_timeout);
  if (input_ended_) return close();
  if (!reading_) return shut_our_side();
  // Two reads at a time are one too many; on_read goes on.
  Error ignored;
  tcp().cancel(ignored);
}

void Connection::shut_our_side() {
  if (!tls_) {
    Error error;
    tcp().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) return close();
    return linger_read();
  }
  tls_->async_shutdown([this, self = shared_from_this()](Error) {
    if (phase_ == Phase::kClosed) return;
    Error error;
    tcp().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) return close();
    linger_read();
  });
}

void Connection::linger_read() {
  if (input_.size() < 4096) input_.resize(4096);
  tcp().async_read_some(asio::buffer(input_),
                        [this, self = shared_from_this()](Error error, std::size_t bytes) {
                          if (phase_ == Phase::kClosed) return;
                          linger_bytes_ += bytes;
                          if (error || linger_bytes_ > kLingerBytesMax) return close();
                          linger_read();
                        });
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  phase_ = Phase::kClosed;
  Error ignored;
  tcp().close(ignored);
  if (stream_) {
    add(shared_.counters.streams_open, -1);
    stream_->abandon("client gone");
    stream_.reset();
  }
  for (Slot& slot : slots_) {
    if (slot.response.stream) slot.response.stream->abandon("client gone");
  }
  slots_.clear();
  loop_.forget(this);
}

void Connection::check_deadlines(Clock::time_point now) {
  if (phase_ == Phase::kClosed) return;
  if (now >= write_deadline_) {
    add(shared_.counters.timeouts);
    return close();
  }
  if (now >= read_deadline_) return timed_out();
  if (stream_ && !writing_ && !stream_->heartbeat().empty() &&
      now - last_write_ >= chrono_of(shared_.options.heartbeat)) {
    append_chunk(stream_->heartbeat());
    pump();
  }
}

}  // namespace tocsin::http
