// One segment file of the embedded log, opened for reading, with a sparse index over its frames;
// and the walk over frames that every reader and the recovery share.
//
// Invariants of a log's segments, oldest first:
//  1. File `log-<20 digits>.segment` bears its first batch's sequence; it came into its place by a
//     rename after its header was durable, so a bad header is damage, never a torn write.
//  2. A segment's first sequence and offsets are those that follow the one before it.
//  3. Only the last one is written to, and only behind its last frame.
//
// Threads: all of LogSegment may be called from any thread; a FrameCursor and a read have one
// owner. Cost: the index holds 32 bytes per kIndexStrideBytes of log that was passed over so far.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/embedded/disk.h"
#include "connectors/embedded/frame.h"
#include "events/mutex.h"

namespace tocsin {

inline constexpr std::int64_t kIndexStrideBytes = 64 << 10;

// The log on disk is not what was written; the text names file and byte offset.
class LogDamaged : public std::runtime_error {
 public:
  LogDamaged(const std::filesystem::path& file, std::int64_t at, const std::string& what);
};

// Where a frame begins and what it would begin with.
struct FramePosition {
  std::int64_t at = 0;  // byte in the segment file
  std::uint64_t sequence = 0;
  Offset offset = 0;
  Offset rejected = 0;

  FramePosition after(const FrameHeader& h) const {
    return {at + static_cast<std::int64_t>(h.frame_bytes()), h.sequence + 1, h.next_offset(),
            h.next_rejected()};
  }
};

enum class Stream { kLog, kRejected };

class LogSegment {
 public:
  // Reads and checks the header. Throws LogDamaged, or std::runtime_error for a newer version.
  static std::shared_ptr<LogSegment> open(const std::filesystem::path& path);
  static std::string file_name(std::uint64_t first_sequence);
  // The segments in `directory`, oldest first, as files; opens none.
  static std::vector<std::filesystem::path> list(const std::filesystem::path& directory);

  const File& file() const { return file_; }
  const SegmentHeader& header() const { return header_; }
  FramePosition first() const;
  // The last known frame that begins at or before `offset` of the stream.
  FramePosition seek(Stream stream, Offset offset) const;
  // Tells the index where a frame begins.
  void note(const FramePosition& position);

 private:
  LogSegment(File file, SegmentHeader header);
  File file_;
  SegmentHeader header_;
  mutable Mutex mutex_;
  std::vector<FramePosition> index_ GUARDED_BY(mutex_);  // by position; never empty
};

using Segments = std::vector<std::shared_ptr<LogSegment>>;

// Steps over the frames of one segment and verifies each.
class FrameCursor {
 public:
  enum class Step {
    kFrame,    // header() and records() are the frame's until the next call
    kEnd,      // zeros or the end of the file: no frame was begun here
    kInvalid,  // bytes that are no whole frame; position() says where
  };
  FrameCursor(LogSegment& segment, const FramePosition& from);
  Step next();
  const FramePosition& position() const { return position_; }  // of the frame after
  const FrameHeader& header() const { return header_; }
  // Its payload, unpacked. Throws LogDamaged.
  std::string_view records();

 private:
  // The bytes from position_ on, at least `bytes` of them unless the file ends before.
  std::string_view window(std::size_t bytes);

  LogSegment& segment_;
  FramePosition position_;
  FrameHeader header_;
  std::string_view payload_;
  std::string unpacked_;
  std::string buffer_;
  std::int64_t buffer_at_ = 0;
};

// How far a read came.
struct ReadEnd {
  Offset next = 0;             // in the stream that was read
  std::uint64_t sequence = 0;  // of the batch where it ended
  bool stopped = false;        // the sink ended it
};

// Hands the records of `stream` from offset `from` on, in batches below `batches`, to the sink that
// is not null. Ends early, without error, when the last segment ends before `batches` is reached (a
// newer segment may exist meanwhile). Throws LogDamaged for everything else that is not as written.
ReadEnd read_segments(const Segments& segments, std::uint64_t batches, Stream stream, Offset from,
                      const LogSink* log_sink, const RejectedSink* rejected_sink);

}  // namespace tocsin
