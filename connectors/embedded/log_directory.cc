#include "connectors/embedded/log_directory.h"

#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace tocsin {

LogDirectory::LogDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {
  if (!std::filesystem::is_directory(directory_)) {
    throw std::runtime_error("there is no log in " + directory_.string());
  }
}

void LogDirectory::refresh() {
  if (!mark_) {
    if (auto found = DurableMark::open_for_reader(directory_)) mark_.emplace(std::move(*found));
  }
  const auto paths = LogSegment::list(directory_);
  for (std::size_t i = segments_.size(); i < paths.size(); ++i) {
    segments_.push_back(LogSegment::open(paths[i]));
  }
}

std::uint64_t LogDirectory::durable_batches() {
  const std::uint64_t marked = mark_ ? mark_->batches() : 0;
  if (DirectoryLock::is_held(directory_) || segments_.empty()) return marked;
  // No writer: all whole frames count, once they are surely on disk. They are found before they are
  // made durable, so that nothing that a writer starting meanwhile adds is taken for durable.
  LogSegment& last = *segments_.back();
  FrameCursor cursor(last, last.seek(Stream::kLog, std::numeric_limits<Offset>::max()));
  while (cursor.next() == FrameCursor::Step::kFrame) {
  }
  const std::uint64_t whole = cursor.position().sequence;
  if (whole < marked) return marked;  // reading on meets the damage and says where it is
  if (whole == marked || ::fdatasync(last.file().fd()) != 0) return std::min(whole, marked);
  return whole;
}

ReadEnd LogDirectory::read_stream(Stream stream, Offset from, const LogSink* log,
                                  const RejectedSink* rejected) {
  refresh();
  const std::uint64_t batches = durable_batches();
  ReadEnd end{from, 0, false};
  for (int listing = 0; listing < kListingsMax; ++listing) {
    end = read_segments(segments_, batches, stream, end.next, log, rejected);
    if (end.stopped || end.sequence >= batches) break;
    const std::size_t known = segments_.size();
    refresh();
    if (segments_.size() == known) {
      if (known == 0) break;
      const LogSegment& last = *segments_.back();
      throw LogDamaged(last.file().path(), last.file().size(),
                       "batch " + std::to_string(end.sequence) + " is missing");
    }
  }
  seen_ = end.sequence;
  return end;
}

Offset LogDirectory::read(PartitionId partition, Offset from, const LogSink& sink) {
  if (partition != 0) throw std::runtime_error("the embedded log has partition 0 only");
  return read_stream(Stream::kLog, from, &sink, nullptr).next;
}

Offset LogDirectory::read_rejected(Offset from, const RejectedSink& sink) {
  return read_stream(Stream::kRejected, from, nullptr, &sink).next;
}

bool LogDirectory::wait(Duration timeout) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::milliseconds(timeout.ms);
  for (;;) {
    refresh();
    if (mark_ && mark_->batches() > seen_) return true;
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(kFollowPollMs));
  }
}

}  // namespace tocsin
