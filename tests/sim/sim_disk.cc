#include "tests/sim/sim_disk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace tocsin::sim {
namespace {

constexpr std::int64_t kSector = 512;
SimDisk* current = nullptr;

}  // namespace

SimDisk::SimDisk(Random& random) : random_(random) { current = this; }
SimDisk::~SimDisk() {
  if (current == this) current = nullptr;
}

std::string SimDisk::path_of(int fd) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).string();
}

SimDisk::Pending& SimDisk::pending(int fd) {
  const auto [at, fresh] = pending_.try_emplace(path_of(fd));
  if (fresh) {
    struct stat found {};
    ::fstat(fd, &found);
    at->second.size = found.st_size;
  }
  return at->second;
}

void SimDisk::note(int fd, std::int64_t at, std::string_view bytes) {
  std::string before(bytes.size(), '\0');
  const ssize_t read = ::pread(fd, before.data(), before.size(), at);
  before.resize(static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
  pending(fd).writes.push_back({at, std::move(before), std::string(bytes)});
}

SimDisk::Write SimDisk::Write::part(std::int64_t from, std::int64_t to) const {
  const auto cut = [&](const std::string& bytes) {
    const auto begin = std::min(static_cast<std::size_t>(from - at), bytes.size());
    return bytes.substr(begin, static_cast<std::size_t>(to - from));
  };
  return {from, cut(before), cut(after), lost};
}

void SimDisk::Pending::flushed() {
  std::vector<Write> left;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!writes[i].lost) continue;
    std::vector<Write> parts = {writes[i]};
    for (std::size_t j = i + 1; j < writes.size(); ++j) {
      if (writes[j].lost) continue;
      const std::int64_t from = writes[j].at, to = from + writes[j].size();
      std::vector<Write> outside;
      for (const Write& part : parts) {
        const std::int64_t end = part.at + part.size();
        if (part.at < from) outside.push_back(part.part(part.at, std::min(end, from)));
        if (end > to) outside.push_back(part.part(std::max(part.at, to), end));
      }
      parts = std::move(outside);
    }
    left.insert(left.end(), parts.begin(), parts.end());
  }
  writes = std::move(left);
}

bool SimDisk::counts_down() {
  ++made_;
  return crash_in_ > 0 && --crash_in_ == 0;
}

int SimDisk::allocate(int fd, std::int64_t from, std::int64_t bytes) {
  if (current->counts_down()) throw Crash{};
  if (current->full_) return ENOSPC;
  current->pending(fd);
  return real_disk_calls().allocate(fd, from, bytes);
}

int SimDisk::write_all(int fd, std::int64_t at, std::string_view bytes) {
  const bool dies = current->counts_down();
  struct stat found {};
  ::fstat(fd, &found);
  const bool full = current->full_ && at + static_cast<std::int64_t>(bytes.size()) > found.st_size;
  if (dies || full) bytes = bytes.substr(0, current->random_.below(bytes.size() + 1));
  current->note(fd, at, bytes);
  const int error = real_disk_calls().write_all(fd, at, bytes);
  if (dies) throw Crash{};
  return full ? ENOSPC : error;
}

int SimDisk::sync_data(int fd) {
  const bool dies = current->counts_down();
  if (dies && current->random_.chance(50)) throw Crash{};
  if (current->breaks_) {
    current->breaks_ = false;
    for (Write& write : current->pending(fd).writes) write.lost = true;
    return EIO;  // and who asks again is told that all is well, which is a lie
  }
  current->pending(fd).flushed();
  if (dies) throw Crash{};
  return 0;
}

int SimDisk::truncate(int fd, std::int64_t bytes) {
  if (current->counts_down()) throw Crash{};
  struct stat found {};
  ::fstat(fd, &found);
  if (found.st_size > bytes) {
    std::string tail(static_cast<std::size_t>(found.st_size - bytes), '\0');
    const ssize_t read = ::pread(fd, tail.data(), tail.size(), bytes);
    tail.resize(static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
    current->pending(fd).writes.push_back({bytes, std::move(tail), {}});
  }
  return real_disk_calls().truncate(fd, bytes);
}

void SimDisk::lose_power() {
  for (auto& [path, pending] : pending_) {
    if (!std::filesystem::exists(path)) continue;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (auto write = pending.writes.rbegin(); write != pending.writes.rend(); ++write) {
      // Either all of it, or some of its sectors.
      const bool whole = random_.chance(30);
      const std::int64_t size = write->size();
      for (std::int64_t from = 0; from < size;) {
        const std::int64_t to =
            std::min(size, (write->at + from + kSector) / kSector * kSector - write->at);
        if (!whole && random_.chance(50)) {
          std::string old(static_cast<std::size_t>(to - from), '\0');
          const auto begin = static_cast<std::size_t>(from);
          if (begin < write->before.size()) {
            const std::string_view kept = std::string_view(write->before).substr(begin, old.size());
            std::copy(kept.begin(), kept.end(), old.begin());
          }
          file.seekp(write->at + from);
          file.write(old.data(), static_cast<std::streamsize>(old.size()));
        }
        from = to;
      }
    }
  }
  pending_.clear();
}

}  // namespace tocsin::sim
