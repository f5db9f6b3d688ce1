// The file system as the embedded log uses it: open files, the writer's lock on a directory, and
// the mark that tells other processes how much of the log is durable.
//
// Errors throw std::system_error whose text names the file, but for the calls of DiskCalls, which
// return errno values because the log must tell "disk full" from "disk broken".
//
// Threads: a File may be read from several threads at once (pread); the rest has one owner.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin {

inline constexpr std::size_t kDiskBlock = 4096;

// The calls that can meet a full or broken disk. Tests put failing ones in their place. Each
// returns 0 or an errno value; write_all writes everything or fails, possibly after a part.
struct DiskCalls {
  int (*allocate)(int fd, std::int64_t from, std::int64_t bytes);
  int (*write_all)(int fd, std::int64_t at, std::string_view bytes);
  int (*sync_data)(int fd);
  int (*truncate)(int fd, std::int64_t bytes);
};
const DiskCalls& real_disk_calls();

// Space or quota is used up, or the file may not grow: nothing is broken, it may pass later.
bool means_disk_full(int error);

class File {
 public:
  static File open_read_only(const std::filesystem::path& path);
  static File open_read_write(const std::filesystem::path& path);
  static File create(const std::filesystem::path& path);  // truncates what is there
  // For writes past the page cache, of whole kDiskBlock-s from memory aligned to it. nullopt where
  // the file system has no such.
  static std::optional<File> open_direct(const std::filesystem::path& path);
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept;
  ~File();

  int fd() const { return fd_; }
  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const;
  // Reads up to `bytes` bytes at `at`; fewer only at the end of the file.
  std::size_t read_at(std::int64_t at, char* to, std::size_t bytes) const;

 private:
  File(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::filesystem::path path_;
};

// Makes creations, renames and removals in `directory` durable. 0 or an errno value.
int sync_directory(const std::filesystem::path& directory);

// One writer a directory: holds an exclusive lock on the file `lock` while it lives; the kernel
// drops it when the process dies. The file holds the owner's process id for people to read.
class DirectoryLock {
 public:
  // Throws std::runtime_error when another holds it; the text names its process.
  explicit DirectoryLock(const std::filesystem::path& directory);
  // Whether somebody holds it now, without disturbing who tries to take it.
  static bool is_held(const std::filesystem::path& directory);

 private:
  File file_;
};

// The file `durable`: a memory-mapped count of the batches that are durable, kept by the writer
// after each commit and read by other processes. It is a hint that survives the process, not the
// power: it is never ahead of the log on an honest disk, and may be behind or missing.
class DurableMark {
 public:
  // The writer's. Creates the file when it is missing or unreadable.
  static DurableMark open_for_writer(const std::filesystem::path& directory);
  // A reader's; nullopt when there is no such file yet.
  static std::optional<DurableMark> open_for_reader(const std::filesystem::path& directory);
  DurableMark(DurableMark&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  DurableMark& operator=(DurableMark&&) = delete;
  ~DurableMark();

  std::uint64_t batches() const;
  void set_batches(std::uint64_t count);

 private:
  explicit DurableMark(void* page) : page_(page) {}
  void* page_;
};

}  // namespace tocsin
