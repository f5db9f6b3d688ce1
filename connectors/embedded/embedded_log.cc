#include "connectors/embedded/embedded_log.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <system_error>
#include <utility>

#include "events/check.h"
#include "events/mutex.h"

namespace tocsin {
namespace {

constexpr PartitionId kPartition = 0;
constexpr std::string_view kUnfinishedSuffix = ".new";
constexpr std::size_t kDirectChunk = 1 << 20;

std::int64_t whole_blocks(std::int64_t bytes) {
  constexpr auto kBlock = static_cast<std::int64_t>(kDiskBlock);
  return (bytes + kBlock - 1) / kBlock * kBlock;
}

std::filesystem::path made(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  return directory;
}

std::uint64_t random_log_id() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

std::unique_ptr<EmbeddedLog> EmbeddedLog::open(const std::filesystem::path& directory,
                                               const EmbeddedLogOptions& options) {
  std::unique_ptr<EmbeddedLog> log(new EmbeddedLog(made(directory), options));
  log->recover();
  return log;
}

EmbeddedLog::EmbeddedLog(std::filesystem::path directory, const EmbeddedLogOptions& options)
    : directory_(std::move(directory)),
      options_(options),
      lock_(directory_),
      mark_(DurableMark::open_for_writer(directory_)) {}

EmbeddedLog::~EmbeddedLog() = default;

void EmbeddedLog::recover() {
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (entry.path().string().ends_with(kUnfinishedSuffix)) std::filesystem::remove(entry.path());
  }
  for (const auto& path : LogSegment::list(directory_)) segments_.push_back(LogSegment::open(path));
  if (segments_.empty()) {
    log_id_ = random_log_id();
    recovery_.missing_batches = mark_.batches();
    refuse_loss();
    mark_.set_batches(0);
    return;
  }
  log_id_ = segments_.front()->header().log_id;
  check_chain(segments_, kPartition);
  end_ = verify_tail(segments_, options_.verify_bytes_at_open, mark_.batches(), recovery_);
  refuse_loss();

  file_ = File::open_read_write(segments_.back()->file().path());
  direct_ = File::open_direct(file_->path());
  allocated_ = file_->size();
  int error = 0;
  if (recovery_.cut_bytes > 0) {
    error = options_.disk->truncate(file_->fd(), end_.at);
    allocated_ = end_.at;
  }
  // The last batches may be whole in the page cache only, when the process was killed before its
  // fdatasync, or that failed; whoever reads them from now on may rely on them.
  if (error == 0) error = write_again(recovery_.unproven_from);
  if (error == 0) error = options_.disk->sync_data(file_->fd());
  if (error == 0) error = sync_directory(directory_);
  if (error != 0) {
    throw std::runtime_error(
        fmt::format("cannot settle {}: {}", file_->path().string(), std::strerror(error)));
  }
  mark_.set_batches(end_.sequence);
  show();
}

// After an fdatasync that failed the system takes for written what is not: another one writes only what
// was written anew. A disk that is full even for what stands on it already keeps nobody from starting.
int EmbeddedLog::write_again(std::int64_t from) {
  constexpr std::int64_t kPiece = 1 << 20;
  std::string bytes;
  for (std::int64_t at = from; at < end_.at; at += kPiece) {
    bytes.resize(static_cast<std::size_t>(std::min(kPiece, end_.at - at)));
    bytes.resize(file_->read_at(at, bytes.data(), bytes.size()));
    const int error = options_.disk->write_all(file_->fd(), at, bytes);
    if (error != 0) return means_disk_full(error) ? 0 : error;
  }
  return 0;
}

void EmbeddedLog::show() {
  const MutexLock lock(mutex_);
  readable_ = segments_;
  readable_end_ = end_;
}

void EmbeddedLog::refuse_loss() const {
  if (recovery_.missing_batches == 0 || options_.accept_loss) return;
  throw AcknowledgedLost(fmt::format(
      "the log in {} has lost its end: {} batches are missing that were acknowledged; restore "
      "them from a copy, or start once with --accept-loss to go on without them",
      directory_.string(), recovery_.missing_batches));
}

bool EmbeddedLog::still_there() {
  if (!file_) return std::filesystem::exists(directory_ / "lock");
  struct stat opened {};
  struct stat found {};
  const bool same = ::fstat(file_->fd(), &opened) == 0 &&
                    ::stat(file_->path().c_str(), &found) == 0 && opened.st_dev == found.st_dev &&
                    opened.st_ino == found.st_ino;
  if (!same) {
    const MutexLock lock(mutex_);
    failed_ = true;
  }
  return same;
}

CommitResult EmbeddedLog::commit(const Batch& batch) {
  if (failed()) return refuse(EIO, "the log stopped after a failure of the disk");
  if (batch.partition != kPartition) return refuse(EINVAL, "no such partition");
  if (batch.log.empty() && batch.rejected.empty()) {
    return {CommitStatus::kDurable, end_.offset, end_.offset, {}};
  }
  // A segment of the first format goes on in it until it is full.
  const bool packs =
      options_.pack && (!file_ || segments_.back()->header().version >= kFirstPackedVersion);
  frame_ = encoder_.encode(batch, end_.sequence, end_.offset, end_.rejected, log_id_, packs);
  if (frame_.empty() || encoder_.plain_bytes() > options_.batch_bytes_max) {
    CommitResult result = refuse(EMSGSIZE, "the batch exceeds the longest frame");
    result.too_large = true;
    return result;
  }
  const auto frame_bytes = static_cast<std::int64_t>(frame_.size());
  const bool fits = file_ && (end_.at + frame_bytes <= options_.segment_bytes_max ||
                              end_.at == static_cast<std::int64_t>(kSegmentHeaderBytes));
  if (!fits) {
    if (const int error = start_segment(); error != 0)
      return fail_or_refuse(error, "no new segment");
  }
  if (const int error = make_room(frame_bytes); error != 0)
    return fail_or_refuse(error, "no space");
  if (const int error = write_frame(); error != 0) return fail_or_refuse(error, "the write failed");
  if (!still_there())
    return fail_or_refuse(ENOENT, "the data directory is gone, or another stands in its place");
  FramePosition end = end_;
  end.at += frame_bytes;
  ++end.sequence;
  end.offset += static_cast<Offset>(batch.log.size());
  end.rejected += static_cast<Offset>(batch.rejected.size());
  const CommitResult result{CommitStatus::kDurable, end_.offset, end.offset, {}};
  publish(end);
  return result;
}

int EmbeddedLog::write_frame() {
  if (const int error = write_bytes(); error != 0) {
    // Whatever part of it was written must not stand before the next batch.
    const int undo = options_.disk->truncate(file_->fd(), end_.at);
    allocated_ = end_.at;
    return undo != 0 ? EIO : error;
  }
  return flush(*file_);
}

// Whatever it is that keeps a flush from succeeding, what was written may be there or not.
int EmbeddedLog::flush(const File& file) {
  const int error = options_.disk->sync_data(file.fd());
  if (error != 0) {
    const MutexLock lock(mutex_);
    failed_ = true;
  }
  return error;
}

int EmbeddedLog::write_bytes() {
  if (goes_direct()) {
    const int error = write_direct();
    if (error != EINVAL) return error;
    direct_.reset();  // the file system wants other blocks
  }
  return options_.disk->write_all(file_->fd(), end_.at, frame_);
}

// Writes the block in which the frame begins again as it is, and fills the last one with zeros, as
// they stand behind the last frame in any case.
int EmbeddedLog::write_direct() {
  if (!chunk_) chunk_.reset(static_cast<char*>(std::aligned_alloc(kDiskBlock, kDirectChunk)));
  if (!chunk_) return ENOMEM;
  char* const chunk = chunk_.get();
  std::int64_t at =
      end_.at / static_cast<std::int64_t>(kDiskBlock) * static_cast<std::int64_t>(kDiskBlock);
  auto filled = static_cast<std::size_t>(end_.at - at);
  try {
    if (file_->read_at(at, chunk, filled) != filled) return EIO;
  } catch (const std::system_error& e) {
    return e.code().value();
  }
  for (std::string_view left = frame_; !left.empty();) {
    const std::size_t taken = std::min(left.size(), kDirectChunk - filled);
    std::memcpy(chunk + filled, left.data(), taken);
    left.remove_prefix(taken);
    filled += taken;
    const auto bytes = static_cast<std::size_t>(whole_blocks(static_cast<std::int64_t>(filled)));
    std::memset(chunk + filled, 0, bytes - filled);
    if (const int error = options_.disk->write_all(direct_->fd(), at, {chunk, bytes}); error != 0)
      return error;
    at += static_cast<std::int64_t>(bytes);
    filled = 0;
  }
  return 0;
}

int EmbeddedLog::make_room(std::int64_t bytes) {
  std::int64_t needed = end_.at + bytes;
  if (goes_direct()) needed = whole_blocks(needed);
  if (needed <= allocated_) return 0;
  const std::int64_t ahead =
      std::max(needed, std::min(allocated_ + options_.allocate_bytes, options_.segment_bytes_max));
  // When the disk has no room for a whole step it may still have some for this batch.
  for (const std::int64_t wanted : {ahead, needed}) {
    const int error = options_.disk->allocate(file_->fd(), allocated_, wanted - allocated_);
    if (error == 0) {
      allocated_ = wanted;
      return 0;
    }
    // A failed allocation may have kept a part; a size that cannot be restored does no harm, for
    // behind the last frame there are zeros either way.
    options_.disk->truncate(file_->fd(), allocated_);
    if (wanted == needed || !means_disk_full(error)) return error;
  }
  return 0;
}

int EmbeddedLog::seal_segment() {
  if (int error = options_.disk->truncate(file_->fd(), end_.at); error != 0) return error;
  allocated_ = end_.at;
  return flush(*file_);
}

int EmbeddedLog::start_segment() {
  if (file_) {
    if (const int error = seal_segment(); error != 0) return error;
  }
  SegmentHeader header;
  header.partition = kPartition;
  header.log_id = log_id_;
  header.first_sequence = end_.sequence;
  header.first_offset = end_.offset;
  header.first_rejected = end_.rejected;
  const std::filesystem::path path = directory_ / LogSegment::file_name(end_.sequence);
  std::filesystem::path unfinished = path;
  unfinished += kUnfinishedSuffix;
  int error = 0;
  try {
    const File file = File::create(unfinished);
    const std::string bytes = encode_segment_header(header);
    error = options_.disk->allocate(file.fd(), 0, kSegmentHeaderBytes);
    if (error == 0) error = options_.disk->write_all(file.fd(), 0, bytes);
    if (error == 0) error = flush(file);
    if (error == 0) {
      std::filesystem::rename(unfinished, path);
      error = sync_directory(directory_);
      // The name may be gone after a power failure, together with what would be written under it.
      if (error != 0) {
        const MutexLock lock(mutex_);
        failed_ = true;
        return error;
      }
      adopt_segment(path, kSegmentHeaderBytes);
      return 0;
    }
  } catch (const std::system_error& e) {
    error = e.code().value();
  }
  std::error_code ignored;  // a leftover is removed at the next open
  std::filesystem::remove(unfinished, ignored);
  return error;
}

void EmbeddedLog::adopt_segment(const std::filesystem::path& path, std::int64_t allocated) {
  file_ = File::open_read_write(path);
  direct_ = File::open_direct(path);
  allocated_ = allocated;
  segments_.push_back(LogSegment::open(path));
  end_.at = kSegmentHeaderBytes;
  show();
}

void EmbeddedLog::publish(const FramePosition& end) {
  CHECK(end.sequence == end_.sequence + 1 && end.at > end_.at);  // batches follow each other
  segments_.back()->note(end_);
  end_ = end;
  {
    const MutexLock lock(mutex_);
    readable_end_ = end;
  }
  mark_.set_batches(end.sequence);
}

// A disk that fails at anything but for want of room is not trusted with another batch.
CommitResult EmbeddedLog::fail_or_refuse(int error, const char* what) {
  if (!means_disk_full(error) && error != EMFILE && error != ENFILE) {
    const MutexLock lock(mutex_);
    failed_ = true;
  }
  CommitResult result = refuse(error, what);
  if (failed()) result.status = CommitStatus::kUnknown;
  return result;
}

CommitResult EmbeddedLog::refuse(int error, const char* what) const {
  CommitResult result;
  result.status = CommitStatus::kRefused;
  result.error = fmt::format("{}: {}", what, std::strerror(error));
  return result;
}

Offset EmbeddedLog::read(PartitionId partition, Offset from, const LogSink& sink) {
  if (partition != kPartition) throw std::runtime_error("the embedded log has partition 0 only");
  MutexLock lock(mutex_);
  const Segments segments = readable_;
  const std::uint64_t batches = readable_end_.sequence;
  lock.unlock();
  return read_segments(segments, batches, Stream::kLog, from, &sink, nullptr).next;
}

Offset EmbeddedLog::read_rejected(Offset from, const RejectedSink& sink) {
  MutexLock lock(mutex_);
  const Segments segments = readable_;
  const std::uint64_t batches = readable_end_.sequence;
  lock.unlock();
  return read_segments(segments, batches, Stream::kRejected, from, nullptr, &sink).next;
}

Offset EmbeddedLog::next_offset() const {
  const MutexLock lock(mutex_);
  return readable_end_.offset;
}

Offset EmbeddedLog::next_rejected() const {
  const MutexLock lock(mutex_);
  return readable_end_.rejected;
}

std::uint64_t EmbeddedLog::batches() const {
  const MutexLock lock(mutex_);
  return readable_end_.sequence;
}

bool EmbeddedLog::failed() const {
  const MutexLock lock(mutex_);
  return failed_;
}

std::int64_t EmbeddedLog::bytes_on_disk() const {
  const MutexLock lock(mutex_);
  std::int64_t bytes = 0;
  for (const auto& segment : readable_) bytes += segment->file().size();
  return bytes;
}

}  // namespace tocsin
