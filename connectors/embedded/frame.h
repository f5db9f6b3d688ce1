// The bytes of the embedded log: segment headers and batch frames, encoded and decoded, no I/O.
//
// A segment file is one SegmentHeader followed by frames, each 8-byte aligned; behind the last
// frame come zeros (space allocated ahead) or the end of the file. A frame holds one committed
// batch:
//
//   FrameHeader  magic, CRC of the rest of the header, CRC of the payload, payload length, counts,
//                batch sequence, offsets of its first log record and first rejected record
//   payload      log records  {u32 key length, u32 value length, key, value}
//                rejected     {i64 arrived, u32 lengths of reason, source, original, u32 header
//                              count, {u32 name length, u32 value length, name, value}…, reason, source, original}
//                zeros up to the next multiple of 8
//
// A packed frame has another magic, and as its payload {u32 length as above, u32 length of the
// LZ4 block that it was packed into, the block, zeros up to the next multiple of 8}; lengths and checksum of its header are of what is on
// disk. Batches that packing makes no smaller stand as they are. Version 1 knows no packed frames.
//
// Integers are little-endian. Both CRCs start from the log's random id, so bytes that a client
// chose can never pass for a frame of this log. Sequences count batches 0, 1, 2 … over all
// segments.
//
// A released format is never changed; a new one gets the next version number. A reader refuses
// versions above kLogFormatVersion.
//
// Pure; any thread. The views that decoding hands out point into the given bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log_port.h"
#include "events/bytes.h"

namespace tocsin {

inline constexpr std::uint32_t kLogFormatVersion = 2;
inline constexpr std::uint32_t kFirstPackedVersion = 2;
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kFrameHeaderBytes = 48;
// A batch whose frame would be longer is refused. The engine's stay far below, but one fact can
// have thousands of consequences: an account's first tier re-reads all its tickets.
inline constexpr std::size_t kFrameBytesMax = 256u << 20;

struct SegmentHeader {
  std::uint32_t version = kLogFormatVersion;
  PartitionId partition = 0;
  std::uint64_t log_id = 0;  // random, the same in every segment of a log
  std::uint64_t first_sequence = 0;
  Offset first_offset = 0;
  Offset first_rejected = 0;
};

struct FrameHeader {
  std::uint32_t payload_crc = 0;
  std::uint32_t payload_bytes = 0;  // with padding
  std::uint32_t log_count = 0;
  std::uint32_t rejected_count = 0;
  std::uint64_t sequence = 0;
  Offset first_offset = 0;
  Offset first_rejected = 0;
  bool packed = false;

  std::size_t frame_bytes() const { return kFrameHeaderBytes + payload_bytes; }
  Offset next_offset() const { return first_offset + log_count; }
  Offset next_rejected() const { return first_rejected + rejected_count; }
};

// As a RejectedRecord, but pointing into the frame.
struct RejectedView {
  Instant arrived;
  std::string_view reason;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view source;
  std::string_view original;
};

// Gets rejected records with their offsets (0, 1, 2 …, apart from the log's). False ends the
// reading.
using RejectedSink = std::function<bool(Offset, const RejectedView&)>;

std::string encode_segment_header(const SegmentHeader& header);

enum class HeaderStatus { kValid, kNotASegment, kDamaged, kNewerVersion };
// `bytes` holds at least kSegmentHeaderBytes. On kNewerVersion only `version` is filled in.
HeaderStatus decode_segment_header(std::string_view bytes, SegmentHeader& header);

// Makes frames; holds on to the memory of the last ones. One thread at a time.
class FrameEncoder {
 public:
  // The batch's frame, until the next call; empty when it would exceed kFrameBytesMax. `pack`: where
  // that makes it smaller.
  std::string_view encode(const Batch& batch, std::uint64_t sequence, Offset first_offset,
                          Offset first_rejected, std::uint64_t log_id, bool pack = true);
  // Of the last one, before it was packed.
  std::size_t plain_bytes() const { return plain_.view().size(); }

 private:
  ByteBuffer plain_, packed_;
};

// The frame header at the start of `bytes`; nullopt when there is none of this log.
std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint64_t log_id);

// Whether `payload` (exactly payload_bytes long) is what was written under `header`.
bool payload_matches(const FrameHeader& header, std::string_view payload, std::uint64_t log_id);

// The payload of a packed frame as it was, in `out`. False when it is not what was written.
bool unpack(std::string_view payload, std::string& out);

// Walk the records of a payload that matched (and was unpacked). False when the sink ended the reading. Throw
// std::runtime_error when the payload does not hold what its header says.
bool for_each_record(const FrameHeader& header, std::string_view payload, const LogSink& sink);
bool for_each_rejected(const FrameHeader& header, std::string_view payload,
                       const RejectedSink& sink);

}  // namespace tocsin
