#include "connectors/embedded/frame.h"

#include <lz4.h>

#include <bit>
#include <cstring>
#include <stdexcept>

#include "connectors/embedded/crc32c.h"

namespace tocsin {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::string_view kSegmentMagic = "TOCSINLG";
constexpr std::uint32_t kFrameMagic = 0x48435442;   // "BTCH"
constexpr std::uint32_t kPackedMagic = 0x5A435442;  // "BTCZ"
constexpr std::size_t kAlignment = 8;
constexpr std::size_t kLengthsBytes = 8;  // in front of a packed payload: plain, packed
constexpr std::size_t kPackedFrom = 128;  // bytes: less does not pack
constexpr std::size_t kPackedSaves = 16;  // bytes at least, or it is not worth it

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

template <typename Out, typename T>
void put(Out& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out += std::string_view(bytes, sizeof value);
}

template <typename T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void put_length(ByteBuffer& out, std::string_view bytes) {
  put(out, static_cast<std::uint32_t>(bytes.size()));
}

std::uint32_t seeded_crc(std::uint64_t log_id, std::string_view bytes) {
  char seed[sizeof log_id];
  std::memcpy(seed, &log_id, sizeof log_id);
  return crc32c(crc32c(0, {seed, sizeof seed}), bytes);
}

// Reads forward through a payload; running past its end means that the writer and this reader
// disagree about the format, for the checksum has matched.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T take() {
    return load<T>(take_bytes(sizeof(T)).data());
  }

  std::string_view take_bytes(std::size_t n) {
    if (n > bytes_.size()) throw std::runtime_error("a frame's records exceed its payload");
    std::string_view taken = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return taken;
  }

 private:
  std::string_view bytes_;
};

std::size_t log_record_bytes(const LogRecord& r) { return 8 + r.key.size() + r.value.size(); }

std::size_t rejected_record_bytes(const RejectedRecord& r) {
  std::size_t n = 24 + r.reason.size() + r.source.size() + r.original.size();
  for (const auto& [name, value] : r.headers) n += 8 + name.size() + value.size();
  return n;
}

void put_rejected(ByteBuffer& out, const RejectedRecord& r) {
  put(out, r.arrived.ms);
  put_length(out, r.reason);
  put_length(out, r.source);
  put_length(out, r.original);
  put(out, static_cast<std::uint32_t>(r.headers.size()));
  for (const auto& [name, value] : r.headers) {
    put_length(out, name);
    put_length(out, value);
    out += name;
    out += value;
  }
  out += r.reason;
  out += r.source;
  out += r.original;
}

void skip_log_records(Cursor& cursor, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto key_bytes = cursor.take<std::uint32_t>();
    const auto value_bytes = cursor.take<std::uint32_t>();
    cursor.take_bytes(std::size_t{key_bytes} + value_bytes);
  }
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string out(kSegmentMagic);
  put(out, header.version);
  put(out, header.partition);
  put(out, header.log_id);
  put(out, header.first_sequence);
  put(out, header.first_offset);
  put(out, header.first_rejected);
  out.resize(kSegmentHeaderBytes - 4, '\0');
  put(out, crc32c(0, out));
  return out;
}

HeaderStatus decode_segment_header(std::string_view bytes, SegmentHeader& header) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) {
    return HeaderStatus::kNotASegment;
  }
  const char* at = bytes.data() + kSegmentMagic.size();
  header.version = load<std::uint32_t>(at);
  // A newer version may keep its checksum elsewhere, so its number is judged first.
  if (header.version > kLogFormatVersion) return HeaderStatus::kNewerVersion;
  const std::string_view summed = bytes.substr(0, kSegmentHeaderBytes - 4);
  if (crc32c(0, summed) != load<std::uint32_t>(bytes.data() + summed.size())) {
    return HeaderStatus::kDamaged;
  }
  header.partition = load<PartitionId>(at + 4);
  header.log_id = load<std::uint64_t>(at + 8);
  header.first_sequence = load<std::uint64_t>(at + 16);
  header.first_offset = load<Offset>(at + 24);
  header.first_rejected = load<Offset>(at + 32);
  return HeaderStatus::kValid;
}

namespace {

// Zeros up to the next multiple of the alignment.
void pad(ByteBuffer& out) {
  constexpr std::string_view kZeros("\0\0\0\0\0\0\0", kAlignment - 1);
  const std::size_t size = out.view().size();
  out += kZeros.substr(0, aligned(size) - size);
}

// Puts the batch behind the place of a header. False when it is too long.
bool put_batch(const Batch& batch, ByteBuffer& out) {
  out.clear();
  std::size_t payload_bytes = 0;
  for (const LogRecord& r : batch.log) payload_bytes += log_record_bytes(r);
  for (const RejectedRecord& r : batch.rejected) payload_bytes += rejected_record_bytes(r);
  payload_bytes = aligned(payload_bytes);
  if (kFrameHeaderBytes + payload_bytes > kFrameBytesMax) return false;

  out.room(kFrameHeaderBytes + payload_bytes);
  out.advance(kFrameHeaderBytes);
  for (const LogRecord& r : batch.log) {
    put_length(out, r.key);
    put_length(out, r.value);
    out += r.key;
    out += r.value;
  }
  for (const RejectedRecord& r : batch.rejected) put_rejected(out, r);
  pad(out);
  return true;
}

// The same packed, in `out`. False when that is no shorter.
bool pack_batch(std::string_view plain, ByteBuffer& out) {
  const std::string_view payload = plain.substr(kFrameHeaderBytes);
  if (payload.size() < kPackedFrom) return false;
  const std::size_t room = payload.size() - kPackedSaves;
  out.clear();
  char* const begin = out.room(kFrameHeaderBytes + kLengthsBytes + room + kAlignment);
  const int packed = LZ4_compress_default(payload.data(), begin + kFrameHeaderBytes + kLengthsBytes,
                                          static_cast<int>(payload.size()), static_cast<int>(room));
  if (packed <= 0) return false;
  const std::uint32_t lengths[2] = {static_cast<std::uint32_t>(payload.size()),
                                    static_cast<std::uint32_t>(packed)};
  std::memcpy(begin + kFrameHeaderBytes, lengths, kLengthsBytes);
  out.advance(kFrameHeaderBytes + kLengthsBytes + static_cast<std::size_t>(packed));
  pad(out);
  return true;
}

}  // namespace

std::string_view FrameEncoder::encode(const Batch& batch, std::uint64_t sequence,
                                      Offset first_offset, Offset first_rejected,
                                      std::uint64_t log_id, bool pack) {
  if (!put_batch(batch, plain_)) return {};
  const bool packs = pack && pack_batch(plain_, packed_);
  ByteBuffer& out = packs ? packed_ : plain_;
  const std::string_view payload = out.view().substr(kFrameHeaderBytes);
  std::string rest;  // the header behind its own checksum
  put(rest, seeded_crc(log_id, payload));
  put(rest, static_cast<std::uint32_t>(payload.size()));
  put(rest, static_cast<std::uint32_t>(batch.log.size()));
  put(rest, static_cast<std::uint32_t>(batch.rejected.size()));
  put(rest, sequence);
  put(rest, first_offset);
  put(rest, first_rejected);
  std::string header;
  put(header, packs ? kPackedMagic : kFrameMagic);
  put(header, seeded_crc(log_id, rest));
  header += rest;
  std::memcpy(out.begin(), header.data(), kFrameHeaderBytes);
  return out;
}

bool unpack(std::string_view payload, std::string& out) {
  if (payload.size() < kLengthsBytes) return false;
  const auto plain = load<std::uint32_t>(payload.data());
  const auto packed = load<std::uint32_t>(payload.data() + sizeof plain);
  if (plain > kFrameBytesMax || packed > payload.size() - kLengthsBytes) return false;
  out.resize(plain);
  return LZ4_decompress_safe(payload.data() + kLengthsBytes, out.data(), static_cast<int>(packed),
                             static_cast<int>(plain)) == static_cast<int>(plain);
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint64_t log_id) {
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  const char* at = bytes.data();
  const auto magic = load<std::uint32_t>(at);
  if (magic != kFrameMagic && magic != kPackedMagic) return std::nullopt;
  if (load<std::uint32_t>(at + 4) != seeded_crc(log_id, bytes.substr(8, kFrameHeaderBytes - 8))) {
    return std::nullopt;
  }
  FrameHeader header;
  header.packed = magic == kPackedMagic;
  header.payload_crc = load<std::uint32_t>(at + 8);
  header.payload_bytes = load<std::uint32_t>(at + 12);
  header.log_count = load<std::uint32_t>(at + 16);
  header.rejected_count = load<std::uint32_t>(at + 20);
  header.sequence = load<std::uint64_t>(at + 24);
  header.first_offset = load<Offset>(at + 32);
  header.first_rejected = load<Offset>(at + 40);
  if (header.frame_bytes() > kFrameBytesMax) return std::nullopt;
  return header;
}

bool payload_matches(const FrameHeader& header, std::string_view payload, std::uint64_t log_id) {
  return payload.size() == header.payload_bytes &&
         seeded_crc(log_id, payload) == header.payload_crc;
}

bool for_each_record(const FrameHeader& header, std::string_view payload, const LogSink& sink) {
  Cursor cursor(payload);
  for (std::uint32_t i = 0; i < header.log_count; ++i) {
    const auto key_bytes = cursor.take<std::uint32_t>();
    const auto value_bytes = cursor.take<std::uint32_t>();
    const std::string_view key = cursor.take_bytes(key_bytes);
    const std::string_view value = cursor.take_bytes(value_bytes);
    if (!sink(header.first_offset + i, key, value)) return false;
  }
  return true;
}

bool for_each_rejected(const FrameHeader& header, std::string_view payload,
                       const RejectedSink& sink) {
  if (header.rejected_count == 0) return true;
  Cursor cursor(payload);
  skip_log_records(cursor, header.log_count);
  for (std::uint32_t i = 0; i < header.rejected_count; ++i) {
    RejectedView view;
    view.arrived.ms = cursor.take<std::int64_t>();
    const auto reason_bytes = cursor.take<std::uint32_t>();
    const auto source_bytes = cursor.take<std::uint32_t>();
    const auto original_bytes = cursor.take<std::uint32_t>();
    const auto header_count = cursor.take<std::uint32_t>();
    for (std::uint32_t h = 0; h < header_count; ++h) {
      const auto name_bytes = cursor.take<std::uint32_t>();
      const auto value_bytes = cursor.take<std::uint32_t>();
      const std::string_view name = cursor.take_bytes(name_bytes);
      view.headers.emplace_back(name, cursor.take_bytes(value_bytes));
    }
    view.reason = cursor.take_bytes(reason_bytes);
    view.source = cursor.take_bytes(source_bytes);
    view.original = cursor.take_bytes(original_bytes);
    if (!sink(header.first_rejected + i, view)) return false;
  }
  return true;
}

}  // namespace tocsin
