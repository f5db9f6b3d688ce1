#include "app/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace tocsin {
namespace {

// What a pipe that is ready takes without waiting.
constexpr std::size_t kPiece = 4096;

// The character that begins at `at`: its code point and length; bytes that are no UTF-8 as they are.
std::pair<std::uint32_t, std::size_t> code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(at);
  if (first >= 0xC2 && first < 0xE0) return {(first & 0x1F) << 6 | (byte(at + 1) & 0x3F), 2};
  if (first >= 0xE0 && first < 0xF0)
    return {(first & 0x0F) << 12 | (byte(at + 1) & 0x3F) << 6 | (byte(at + 2) & 0x3F), 3};
  return {first, 1};
}

bool acts_on_a_terminal(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, size] = code_point(text, at);
    const bool lone_byte = size == 1 && c >= 0x80;  // part of a longer one
    if (!lone_byte && acts_on_a_terminal(c)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else {
      out += text.substr(at, size);
    }
    at += size;
  }
  return out;
}

Written write_while_taken(int fd, std::string_view text, std::chrono::milliseconds patience) {
  while (!text.empty()) {
    pollfd ready{fd, POLLOUT, 0};
    const int n = ::poll(&ready, 1, static_cast<int>(patience.count()));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) return {Taken::kNotYet, text};
    if (n < 0 || (ready.revents & POLLOUT) == 0) return {Taken::kNever, text};
    const ssize_t written = ::write(fd, text.data(), std::min(text.size(), kPiece));
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0) return {errno == ENOSPC ? Taken::kNotYet : Taken::kNever, text};
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

LineWriter::LineWriter(int fd, std::size_t waiting_bytes_max)
    : fd_(fd), waiting_bytes_max_(waiting_bytes_max), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

void LineWriter::write(std::string_view line) {
  std::string text = printable(line);
  text += '\n';
  const MutexLock lock(mutex_);
  if (waiting_bytes_ + text.size() > waiting_bytes_max_) {
    ++dropped_;
    return;
  }
  waiting_bytes_ += text.size();
  waiting_.push_back(std::move(text));
}

std::int64_t LineWriter::dropped() const {
  const MutexLock lock(mutex_);
  return dropped_;
}

// As long as it takes, or until kLast after the end. False: it is not to be had any more.
bool LineWriter::put(std::string_view text) {
  std::chrono::milliseconds waited{};
  for (;;) {
    const Written written = write_while_taken(fd_, text, kEvery);
    if (written.taken == Taken::kAll) return true;
    if (written.taken == Taken::kNever) return false;
    text = written.rest;
    MutexLock lock(mutex_);
    if (ending_ && (waited += kEvery) > kLast) return false;
    woken_.wait_for(lock, std::chrono::milliseconds(1));  // a full disk says so at once
  }
}

void LineWriter::run() {
  std::vector<std::string> taken;
  for (bool last = false; !last;) {
    std::int64_t lacking = 0;
    {
      MutexLock lock(mutex_);
      woken_.wait_for(lock, kEvery, [&]() REQUIRES(mutex_) { return ending_; });
      last = ending_;
      taken.swap(waiting_);
      waiting_bytes_ = 0;
      lacking = dropped_ - std::exchange(told_, dropped_);
    }
    if (lacking > 0)
      taken.push_back("(" + std::to_string(lacking) + " lines that nobody read in time)\n");
    const bool all = std::all_of(taken.begin(), taken.end(),
                                 [this](const std::string& line) { return put(line); });
    taken.clear();
    if (!all) return;  // what comes is dropped when waiting_bytes_max wait
  }
}

}  // namespace tocsin
