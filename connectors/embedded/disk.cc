#include "connectors/embedded/disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tocsin {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr std::size_t kMarkBytes = 4096;
constexpr std::string_view kMarkMagic = "TOCSINM1";
constexpr std::size_t kMarkCountAt = 64;  // a cache line of its own

[[noreturn]] void throw_errno(const char* what, const std::filesystem::path& path) {
  throw std::system_error(errno, std::generic_category(), std::string(what) + " " + path.string());
}

int open_or_throw(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  if (fd < 0) throw_errno("cannot open", path);
  return fd;
}

int allocate(int fd, std::int64_t from, std::int64_t bytes) {
  return ::posix_fallocate(fd, from, bytes);
}

int write_all(int fd, std::int64_t at, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return EIO;
    at += n;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

int sync_data(int fd) { return ::fdatasync(fd) == 0 ? 0 : errno; }

int truncate_to(int fd, std::int64_t bytes) { return ::ftruncate(fd, bytes) == 0 ? 0 : errno; }

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::filesystem::path lock_path(const std::filesystem::path& directory) {
  return directory / "lock";
}

std::filesystem::path mark_path(const std::filesystem::path& directory) {
  return directory / "durable";
}

void* map_or_throw(const File& file, int protection) {
  void* page = ::mmap(nullptr, kMarkBytes, protection, MAP_SHARED, file.fd(), 0);
  if (page == MAP_FAILED) throw_errno("cannot map", file.path());
  return page;
}

bool has_mark(const File& file) {
  char magic[kMarkMagic.size()];
  return file.size() == static_cast<std::int64_t>(kMarkBytes) &&
         file.read_at(0, magic, sizeof magic) == sizeof magic &&
         std::string_view(magic, sizeof magic) == kMarkMagic;
}

std::uint64_t* count_in(void* page) {
  return reinterpret_cast<std::uint64_t*>(static_cast<char*>(page) + kMarkCountAt);
}

}  // namespace

const DiskCalls& real_disk_calls() {
  static const DiskCalls calls{allocate, write_all, sync_data, truncate_to};
  return calls;
}

bool means_disk_full(int error) { return error == ENOSPC || error == EDQUOT || error == EFBIG; }

File File::open_read_only(const std::filesystem::path& path) {
  return File(open_or_throw(path, O_RDONLY), path);
}

File File::open_read_write(const std::filesystem::path& path) {
  return File(open_or_throw(path, O_RDWR), path);
}

File File::create(const std::filesystem::path& path) {
  return File(open_or_throw(path, O_RDWR | O_CREAT | O_TRUNC), path);
}

std::optional<File> File::open_direct(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
  if (fd < 0 && errno == EINVAL) return std::nullopt;
  if (fd < 0) throw_errno("cannot open", path);
  return File(fd, path);
}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

std::int64_t File::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) throw_errno("cannot examine", path_);
  return info.st_size;
}

std::size_t File::read_at(std::int64_t at, char* to, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::pread(fd_, to + done, bytes - done, at + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_errno("cannot read", path_);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

int sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

DirectoryLock::DirectoryLock(const std::filesystem::path& directory)
    : file_([&] {
        const std::filesystem::path path = lock_path(directory);
        const int fd = open_or_throw(path, O_RDWR | O_CREAT);
        ::close(fd);
        return File::open_read_write(path);
      }()) {
  // An open-file-description lock: it also keeps out a second log in the same process.
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file_.fd(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) throw_errno("cannot lock", file_.path());
    char owner[32] = {};
    file_.read_at(0, owner, sizeof owner - 1);
    throw std::runtime_error(directory.string() + " is in use by process " + owner);
  }
  const std::string pid = std::to_string(::getpid());
  // On a full disk the id may be missing; the lock holds all the same.
  if (::ftruncate(file_.fd(), 0) == 0) write_all(file_.fd(), 0, pid);
}

bool DirectoryLock::is_held(const std::filesystem::path& directory) {
  const int fd = ::open(lock_path(directory).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock lock = whole_file(F_RDLCK);
  const bool asked = ::fcntl(fd, F_OFD_GETLK, &lock) == 0;
  ::close(fd);
  return asked && lock.l_type != F_UNLCK;
}

DurableMark DurableMark::open_for_writer(const std::filesystem::path& directory) {
  const std::filesystem::path path = mark_path(directory);
  if (std::filesystem::exists(path)) {
    File file = File::open_read_write(path);
    if (has_mark(file)) return DurableMark(map_or_throw(file, PROT_READ | PROT_WRITE));
  }
  // Made under another name so that a reader never maps a half-made one. The page is written, not
  // only allocated: a store into a mapped hole on a full disk would be a fatal signal.
  const std::filesystem::path fresh = directory / "durable.new";
  File file = File::create(fresh);
  std::string page(kMarkBytes, '\0');
  page.replace(0, kMarkMagic.size(), kMarkMagic);
  if (const int error = write_all(file.fd(), 0, page); error != 0) {
    errno = error;
    throw_errno("cannot write", fresh);
  }
  std::filesystem::rename(fresh, path);
  return DurableMark(map_or_throw(file, PROT_READ | PROT_WRITE));
}

std::optional<DurableMark> DurableMark::open_for_reader(const std::filesystem::path& directory) {
  const std::filesystem::path path = mark_path(directory);
  if (!std::filesystem::exists(path)) return std::nullopt;
  File file = File::open_read_only(path);
  if (!has_mark(file)) return std::nullopt;
  return DurableMark(map_or_throw(file, PROT_READ));
}

DurableMark::~DurableMark() {
  if (page_ != nullptr) ::munmap(page_, kMarkBytes);
}

std::uint64_t DurableMark::batches() const {
  return __atomic_load_n(count_in(page_), __ATOMIC_ACQUIRE);
}

void DurableMark::set_batches(std::uint64_t count) {
  __atomic_store_n(count_in(page_), count, __ATOMIC_RELEASE);
}

}  // namespace tocsin
