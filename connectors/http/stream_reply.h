// An answer without end: chunks for one client, in order, until somebody ends it (Server-Sent
// Events).
//
// The one who answers puts a StreamReply into an HttpResponse, gives it to the Reply, keeps the
// other shared_ptr and sends; the server takes chunks at the client's pace.
//
// Promises:
//  1. Chunks arrive whole, in the order of `send`, until the end; nothing is sent after it.
//  2. At most `queue_bytes_max` wait for a client. The one that does not keep up loses what waits,
//     gets `farewell` and the end: it is dropped, the others do not wait for it, and it can come
//     back and ask for what it missed.
//  3. `send` never blocks.
//  4. `on_end` is called exactly once, when the client has gone, was dropped, or the server stops;
//     from an io thread or from within `send`, with no lock of this class held.
//
// Threads: any.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/mutex.h"

namespace tocsin {

struct StreamReplyOptions {
  std::size_t queue_bytes_max = 1 << 20;
  std::string
      heartbeat;         // sent when the stream has been silent for the server's heartbeat interval
  std::string farewell;  // the last thing a dropped client gets
  std::function<void(std::string_view reason)> on_end;
  // Called whenever the server has taken all that waited; from an io thread, without a lock.
  std::function<void()> on_empty;
};

class StreamReply {
 public:
  using Chunk = std::shared_ptr<const std::string>;

  explicit StreamReply(StreamReplyOptions options) : options_(std::move(options)) {}

  // False: it is over, the chunk was not taken.
  bool send(Chunk chunk);
  bool send(std::string chunk) {
    return send(std::make_shared<const std::string>(std::move(chunk)));
  }
  // Ends it after what waits.
  void finish();
  // Ends it at once: what waits is not sent.
  void cut(std::string_view reason);
  bool over() const;
  std::size_t waiting_bytes() const;

  // The server's side.
  // `wake` is called when there is something to take after `take` left nothing.
  void attach(std::function<void()> wake);
  // Appends to `out` what waits, at least one chunk, but not much more than `bytes_max`. True: the
  // end comes right after it.
  bool take(std::vector<Chunk>& out, std::size_t bytes_max);
  // The client has gone, or is to go.
  void abandon(std::string_view reason);
  const std::string& heartbeat() const { return options_.heartbeat; }

 private:
  std::function<void()> end() REQUIRES(mutex_);  // who is to be woken, or nobody
  void tell_end(const std::function<void()>& wake, std::string_view reason) const;

  const StreamReplyOptions options_;
  mutable Mutex mutex_;
  std::vector<Chunk> queue_ GUARDED_BY(mutex_);
  std::size_t queue_begin_ GUARDED_BY(mutex_) = 0, queue_bytes_ GUARDED_BY(mutex_) = 0;
  std::function<void()> wake_ GUARDED_BY(mutex_);
  bool waiting_ GUARDED_BY(mutex_) = false;  // the server found nothing and wants to be woken
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin
