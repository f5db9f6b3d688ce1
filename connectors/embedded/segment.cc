#include "connectors/embedded/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

Offset first_of(const FramePosition& p, Stream stream) {
  return stream == Stream::kLog ? p.offset : p.rejected;
}

// Index of the segment in which reading from `from` begins.
std::size_t segment_of(const Segments& segments, Stream stream, Offset from) {
  const auto after = std::upper_bound(
      segments.begin(), segments.end(), from,
      [&](Offset wanted, const auto& s) { return wanted < first_of(s->first(), stream); });
  return after == segments.begin() ? 0 : static_cast<std::size_t>(after - segments.begin()) - 1;
}

}  // namespace

LogDamaged::LogDamaged(const std::filesystem::path& file, std::int64_t at, const std::string& what)
    : std::runtime_error(fmt::format("log damaged: {} at byte {}: {}", file.string(), at, what)) {}

LogSegment::LogSegment(File file, SegmentHeader header)
    : file_(std::move(file)), header_(header), index_{first()} {}

std::shared_ptr<LogSegment> LogSegment::open(const std::filesystem::path& path) {
  File file = File::open_read_only(path);
  std::array<char, kSegmentHeaderBytes> bytes{};
  const std::size_t n = file.read_at(0, bytes.data(), bytes.size());
  SegmentHeader header;
  switch (decode_segment_header({bytes.data(), n}, header)) {
    case HeaderStatus::kValid:
      break;
    case HeaderStatus::kNewerVersion:
      throw std::runtime_error(
          fmt::format("{} has log format version {}, this program reads up to {}: use a newer one",
                      path.string(), header.version, kLogFormatVersion));
    case HeaderStatus::kNotASegment:
      throw LogDamaged(path, 0, "not a log segment");
    case HeaderStatus::kDamaged:
      throw LogDamaged(path, 0, "the segment header fails its checksum");
  }
  if (path.filename() != file_name(header.first_sequence)) {
    throw LogDamaged(path, 0, "the segment bears another's name");
  }
  return std::shared_ptr<LogSegment>(new LogSegment(std::move(file), header));
}

std::string LogSegment::file_name(std::uint64_t first_sequence) {
  return fmt::format("log-{:020}.segment", first_sequence);
}

std::vector<std::filesystem::path> LogSegment::list(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("log-") && name.ends_with(".segment")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

FramePosition LogSegment::first() const {
  return {kSegmentHeaderBytes, header_.first_sequence, header_.first_offset,
          header_.first_rejected};
}

FramePosition LogSegment::seek(Stream stream, Offset offset) const {
  const MutexLock lock(mutex_);
  const auto after = std::upper_bound(
      index_.begin(), index_.end(), offset,
      [&](Offset wanted, const FramePosition& p) { return wanted < first_of(p, stream); });
  return after == index_.begin() ? index_.front() : *(after - 1);
}

void LogSegment::note(const FramePosition& position) {
  const MutexLock lock(mutex_);
  if (position.at >= index_.back().at + kIndexStrideBytes) index_.push_back(position);
}

FrameCursor::FrameCursor(LogSegment& segment, const FramePosition& from)
    : segment_(segment), position_(from) {}

std::string_view FrameCursor::window(std::size_t bytes) {
  const std::int64_t end = buffer_at_ + static_cast<std::int64_t>(buffer_.size());
  if (position_.at < buffer_at_ || position_.at + static_cast<std::int64_t>(bytes) > end) {
    buffer_.resize(std::max(bytes, kReadBytes));
    buffer_at_ = position_.at;
    buffer_.resize(segment_.file().read_at(buffer_at_, buffer_.data(), buffer_.size()));
  }
  return std::string_view(buffer_).substr(static_cast<std::size_t>(position_.at - buffer_at_));
}

FrameCursor::Step FrameCursor::next() {
  const std::string_view start = window(kFrameHeaderBytes);
  if (all_zero(start.substr(0, kFrameHeaderBytes))) return Step::kEnd;
  const auto header = decode_frame_header(start, segment_.header().log_id);
  if (!header || header->sequence != position_.sequence ||
      header->first_offset != position_.offset || header->first_rejected != position_.rejected) {
    return Step::kInvalid;
  }
  const std::string_view frame = window(header->frame_bytes());
  if (frame.size() < header->frame_bytes()) return Step::kInvalid;
  const std::string_view payload = frame.substr(kFrameHeaderBytes, header->payload_bytes);
  if (!payload_matches(*header, payload, segment_.header().log_id)) return Step::kInvalid;
  if (header->packed && segment_.header().version < kFirstPackedVersion) return Step::kInvalid;
  header_ = *header;
  payload_ = payload;
  segment_.note(position_);
  position_ = position_.after(header_);
  return Step::kFrame;
}

std::string_view FrameCursor::records() {
  if (!header_.packed) return payload_;
  if (!unpack(payload_, unpacked_)) {
    throw LogDamaged(segment_.file().path(),
                     position_.at - static_cast<std::int64_t>(header_.frame_bytes()),
                     fmt::format("batch {} cannot be unpacked", header_.sequence));
  }
  return unpacked_;
}

ReadEnd read_segments(const Segments& segments, std::uint64_t batches, Stream stream, Offset from,
                      const LogSink* log_sink, const RejectedSink* rejected_sink) {
  if (segments.empty()) return {from, 0, false};
  ReadEnd end;
  // Both sinks see records from `from` on, and remember where they were told to stop.
  const LogSink log = [&](Offset offset, std::string_view key, std::string_view value) {
    if (offset < from) return true;
    end.next = offset + 1;
    return (*log_sink)(offset, key, value);
  };
  const RejectedSink rejected = [&](Offset offset, const RejectedView& view) {
    if (offset < from) return true;
    end.next = offset + 1;
    return (*rejected_sink)(offset, view);
  };

  for (std::size_t i = segment_of(segments, stream, from);; ++i) {
    LogSegment& segment = *segments[i];
    FrameCursor cursor(segment, segment.seek(stream, from));
    while (cursor.position().sequence < batches) {
      const FrameCursor::Step step = cursor.next();
      if (step == FrameCursor::Step::kInvalid) {
        throw LogDamaged(segment.file().path(), cursor.position().at,
                         fmt::format("batch {} fails its checksum", cursor.position().sequence));
      }
      if (step == FrameCursor::Step::kEnd) break;
      if (first_of(cursor.position(), stream) <= from) continue;  // all of it lies before
      const bool go_on = stream == Stream::kLog
                             ? for_each_record(cursor.header(), cursor.records(), log)
                             : for_each_rejected(cursor.header(), cursor.records(), rejected);
      if (!go_on) return {end.next, cursor.position().sequence, true};
    }
    const FramePosition& reached = cursor.position();
    if (reached.sequence >= batches || i + 1 == segments.size()) {
      return {std::max(from, first_of(reached, stream)), reached.sequence, false};
    }
    const FramePosition following = segments[i + 1]->first();
    if (following.sequence != reached.sequence || following.offset != reached.offset ||
        following.rejected != reached.rejected) {
      throw LogDamaged(segment.file().path(), reached.at,
                       fmt::format("batch {} is missing, the next segment begins with {}",
                                   reached.sequence, following.sequence));
    }
  }
}

}  // namespace tocsin
