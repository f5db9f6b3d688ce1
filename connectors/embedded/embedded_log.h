// The log of an embedded installation: one partition (0) in one directory, for one writing process.
//
// Beyond the promises of engine/log_port.h:
//  1. `commit` answers kDurable after fdatasync, and a batch (log and rejected records together) is
//     then there whole, whatever is killed. One call is one fdatasync: callers gather batches.
//  2. kRefused means that nothing of the batch is on disk and that the next commit may work: the disk
//     is full. kUnknown means that the disk failed; from then on every commit is refused until the
//     log is opened anew (a failed fdatasync says nothing about later ones). `failed()` tells the
//     two apart.
//  3. Readers, here and in other processes (log_directory.h), see durable whole batches only.
//  4. A torn tail is cut at open and reported; other damage throws LogDamaged with file and byte.
//     Frames older than `verify_bytes_at_open` are verified when they are read: `read(0, 0, …)`
//     with a sink that returns true is a check of everything.
//  5. Nothing is ever deleted.
//  6. A directory that was removed, moved away or mounted over is met by the next commit: what goes
//     into files that nobody can find again is not durable.
//
// Threads: `commit` from one thread at a time; all else from any thread, also during a commit.
// Cost: a commit copies the batch once, one pwrite (of a large batch one a MiB, past the page
// cache), one fdatasync; each segment costs one more of each.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "connectors/embedded/disk.h"
#include "connectors/embedded/recovery.h"
#include "connectors/embedded/segment.h"
#include "engine/log_port.h"
#include "events/mutex.h"
#include "events/time.h"

namespace tocsin {

struct EmbeddedLogOptions {
  // A segment is closed when the next batch would not fit; a batch longer than this gets one alone.
  std::int64_t segment_bytes_max = 128 << 20;
  // Space is allocated ahead in steps of this, so that a commit changes no file size.
  std::int64_t allocate_bytes = 16 << 20;
  // A frame of so many bytes goes past the page cache, where the file system can: copying it there
  // costs ten times the processor time, and nobody reads a bulk load again soon.
  std::size_t direct_bytes = 256 << 10;
  std::int64_t verify_bytes_at_open = 16 << 20;
  // A batch that is longer before it is packed is refused as too large; at most kFrameBytesMax.
  std::size_t batch_bytes_max = kFrameBytesMax;
  bool pack = true;  // frames, where that makes them smaller
  // Opens also when batches are missing that were acknowledged; else that throws AcknowledgedLost.
  bool accept_loss = false;
  const DiskCalls* disk = &real_disk_calls();
};

class EmbeddedLog final : public LogReader {
 public:
  // Creates the directory when it is missing. Throws std::runtime_error: in use, damaged, newer
  // format, or no access.
  static std::unique_ptr<EmbeddedLog> open(const std::filesystem::path& directory,
                                           const EmbeddedLogOptions& options = {});
  ~EmbeddedLog() override;

  CommitResult commit(const Batch& batch);

  Offset read(PartitionId partition, Offset from, const LogSink& sink) override;
  // The same for the rejected stream, which has offsets of its own.
  Offset read_rejected(Offset from, const RejectedSink& sink);

  Offset next_offset() const;
  Offset next_rejected() const;
  std::uint64_t batches() const;  // durable ones so far

  // The disk failed, or the files are no longer those that were opened: no commit will be tried again.
  bool failed() const;
  // Looks whether they are; a commit does so too, before it answers.
  bool still_there();
  const RecoveryReport& recovery() const { return recovery_; }
  std::int64_t bytes_on_disk() const;

 private:
  EmbeddedLog(std::filesystem::path directory, const EmbeddedLogOptions& options);
  void recover();
  // 0, or an errno value after which nothing of the batch is on disk (or `failed_` is set).
  int start_segment();
  int seal_segment();
  int make_room(std::int64_t bytes);
  int write_again(std::int64_t from);
  int write_frame();
  bool goes_direct() const { return direct_ && frame_.size() >= options_.direct_bytes; }
  int write_bytes();
  int write_direct();
  int flush(const File& file);
  CommitResult refuse(int error, const char* what) const;
  CommitResult fail_or_refuse(int error, const char* what);
  void refuse_loss() const;
  void publish(const FramePosition& end);
  void show();  // to the readers what the writing thread has
  void adopt_segment(const std::filesystem::path& path, std::int64_t allocated);

  const std::filesystem::path directory_;
  const EmbeddedLogOptions options_;
  const DirectoryLock lock_;
  DurableMark mark_;
  RecoveryReport recovery_;

  // Of the writing thread.
  std::uint64_t log_id_ = 0;
  Segments segments_;
  FramePosition end_;           // where the next batch goes; all before it is durable
  std::optional<File> file_;    // the last segment
  std::optional<File> direct_;  // the same past the page cache
  std::int64_t allocated_ = 0;  // its size
  FrameEncoder encoder_;
  std::string_view frame_;  // of the encoder
  struct Free {
    void operator()(char* block) const { std::free(block); }
  };
  std::unique_ptr<char, Free> chunk_;  // on its way past the page cache

  // Of everybody: what may be read.
  mutable Mutex mutex_;
  Segments readable_ GUARDED_BY(mutex_);
  FramePosition readable_end_ GUARDED_BY(mutex_);
  bool failed_ GUARDED_BY(mutex_) = false;
};

}  // namespace tocsin
