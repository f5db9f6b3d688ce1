#include "connectors/http/stream_reply.h"

#include <algorithm>
#include <utility>

namespace tocsin {

bool StreamReply::send(Chunk chunk) {
  MutexLock lock(mutex_);
  if (ended_) return false;
  if (queue_bytes_ + chunk->size() > options_.queue_bytes_max) {
    queue_.clear();
    queue_begin_ = queue_bytes_ = 0;
    if (!options_.farewell.empty())
      queue_.push_back(std::make_shared<const std::string>(options_.farewell));
    const auto wake = end();
    lock.unlock();
    tell_end(wake, "too slow");
    return false;
  }
  queue_bytes_ += chunk->size();
  queue_.push_back(std::move(chunk));
  if (std::exchange(waiting_, false)) {
    const auto wake = wake_;
    lock.unlock();
    if (wake) wake();
  }
  return true;
}

void StreamReply::finish() { abandon("finished"); }

void StreamReply::cut(std::string_view reason) {
  {
    const MutexLock lock(mutex_);
    if (ended_) return;
    queue_.clear();
    queue_begin_ = queue_bytes_ = 0;
  }
  abandon(reason);
}

void StreamReply::abandon(std::string_view reason) {
  std::function<void()> wake;
  {
    const MutexLock lock(mutex_);
    if (ended_) return;
    wake = end();
  }
  tell_end(wake, reason);
}

std::function<void()> StreamReply::end() {
  ended_ = true;
  return std::exchange(waiting_, false) ? wake_ : std::function<void()>{};
}

void StreamReply::tell_end(const std::function<void()>& wake, std::string_view reason) const {
  if (wake) wake();
  if (options_.on_end) options_.on_end(reason);
}

bool StreamReply::over() const {
  const MutexLock lock(mutex_);
  return ended_;
}

std::size_t StreamReply::waiting_bytes() const {
  const MutexLock lock(mutex_);
  return queue_bytes_;
}

void StreamReply::attach(std::function<void()> wake) {
  const MutexLock lock(mutex_);
  wake_ = std::move(wake);
}

bool StreamReply::take(std::vector<Chunk>& out, std::size_t bytes_max) {
  MutexLock lock(mutex_);
  std::size_t bytes = 0;
  while (queue_begin_ < queue_.size() && bytes < bytes_max) {
    Chunk& chunk = queue_[queue_begin_++];
    bytes += chunk->size();
    out.push_back(std::move(chunk));
  }
  queue_bytes_ -= std::min(bytes, queue_bytes_);
  if (queue_begin_ == queue_.size()) {
    queue_.clear();
    queue_begin_ = 0;
    waiting_ = out.empty() && !ended_;
    const bool end = ended_;
    lock.unlock();
    if (bytes > 0 && !end && options_.on_empty) options_.on_empty();
    return end;
  }
  return false;
}

}  // namespace tocsin
