#include "connectors/embedded/recovery.h"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin {
namespace {

constexpr std::size_t kFrameAlignment = 8;

// Everything from `at` to the end of the file, without the zeros at its end. A segment's tail is at
// most one segment or one frame long.
std::string tail_bytes(const File& file, std::int64_t at) {
  std::string bytes(static_cast<std::size_t>(std::max<std::int64_t>(0, file.size() - at)), '\0');
  bytes.resize(file.read_at(at, bytes.data(), bytes.size()));
  const std::size_t last = bytes.find_last_not_of('\0');
  bytes.resize(last == std::string::npos ? 0 : last + 1);
  return bytes;
}

// Whether a frame of a batch after `sequence` begins somewhere in `tail`. A batch is only begun
// when the one before it is durable, so such a frame proves that what lies before it was whole
// once.
bool holds_later_frame(std::string_view tail, std::uint64_t sequence, std::uint64_t log_id) {
  for (std::size_t i = kFrameAlignment; i + kFrameHeaderBytes <= tail.size();
       i += kFrameAlignment) {
    const auto header = decode_frame_header(tail.substr(i), log_id);
    if (header && header->sequence > sequence) return true;
  }
  return false;
}

// Throws unless what stands behind the last whole frame may be cut.
void judge_tail(const LogSegment& segment, const FramePosition& end, std::uint64_t durable_batches,
                RecoveryReport& report) {
  const File& file = segment.file();
  const std::string tail = tail_bytes(file, end.at);
  report.file = file.path();
  report.cut_at = end.at;
  report.cut_bytes = static_cast<std::int64_t>(tail.size());
  report.missing_batches = durable_batches > end.sequence ? durable_batches - end.sequence : 0;
  if (tail.empty()) return;
  if (holds_later_frame(tail, end.sequence, segment.header().log_id)) {
    throw LogDamaged(
        file.path(), end.at,
        fmt::format("batch {} fails its checksum and later batches follow it", end.sequence));
  }
  if (report.missing_batches == 0) return;
  // The batch was durable once. If the file still has room for all of it, its bytes were altered.
  const auto header = decode_frame_header(tail, segment.header().log_id);
  const std::int64_t left = file.size() - end.at;
  const bool whole_length = header ? left >= static_cast<std::int64_t>(header->frame_bytes())
                                   : left >= static_cast<std::int64_t>(kFrameHeaderBytes);
  if (whole_length) {
    throw LogDamaged(file.path(), end.at,
                     fmt::format("batch {} was acknowledged as durable and fails its checksum (to "
                                 "give it up, remove the file `durable` and start again)",
                                 end.sequence));
  }
}

}  // namespace

void check_chain(const Segments& segments, PartitionId partition) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SegmentHeader& header = segments[i]->header();
    const std::filesystem::path& path = segments[i]->file().path();
    if (header.partition != partition) {
      throw LogDamaged(path, 0, fmt::format("holds partition {}", header.partition));
    }
    if (header.log_id != segments[0]->header().log_id) {
      throw LogDamaged(path, 0, "belongs to another log");
    }
    if (i == 0 && (header.first_sequence != 0 || header.first_offset != 0)) {
      throw LogDamaged(path, 0,
                       fmt::format("the log's first segment is missing; this one begins "
                                   "with offset {}",
                                   header.first_offset));
    }
    if (i > 0 && header.first_offset < segments[i - 1]->header().first_offset) {
      throw LogDamaged(path, 0, "begins before the segment that precedes it");
    }
  }
}

FramePosition verify_tail(const Segments& segments, std::int64_t verify_bytes,
                          std::uint64_t durable_batches, RecoveryReport& report) {
  std::size_t i = segments.size() - 1;
  for (std::int64_t bytes = segments[i]->file().size(); i > 0 && bytes < verify_bytes;) {
    bytes += segments[--i]->file().size();
  }
  for (;; ++i) {
    LogSegment& segment = *segments[i];
    FrameCursor cursor(segment, segment.first());
    FrameCursor::Step step = FrameCursor::Step::kFrame;
    report.unproven_from = segment.first().at;
    while (step == FrameCursor::Step::kFrame) {
      if (cursor.position().sequence <= durable_batches)
        report.unproven_from = cursor.position().at;
      step = cursor.next();
    }
    const FramePosition& end = cursor.position();
    if (i + 1 == segments.size()) {
      judge_tail(segment, end, durable_batches, report);
      return end;
    }
    const FramePosition following = segments[i + 1]->first();
    if (step == FrameCursor::Step::kInvalid || end.sequence != following.sequence ||
        end.offset != following.offset || end.rejected != following.rejected) {
      throw LogDamaged(segment.file().path(), end.at,
                       fmt::format("batch {} fails its checksum or is missing; the next segment "
                                   "begins with batch {}",
                                   end.sequence, following.sequence));
    }
  }
}

}  // namespace tocsin
