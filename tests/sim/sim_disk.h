// A disk under the embedded log that fails on command: it is full, it breaks, the process dies at any of
// its calls, and what was not flushed is lost or torn when the power goes.
//
// Files are real (give it a directory in memory); what a power failure would lose is what was written
// since the last flush of its file, and each sector of that may survive or not. What a flush failed to
// write no later one writes, unless it is written again, though the system says so and shows it.
//
// DiskCalls are plain functions, so one disk at a time is in use: the last one made. One thread.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/embedded/disk.h"
#include "tests/sim/random.h"

namespace tocsin::sim {

// The process dies here. Nothing of it may catch this.
struct Crash {};

class SimDisk {
 public:
  explicit SimDisk(Random& random);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;

  const DiskCalls* calls() const { return &calls_; }

  // From now on calls that need room fail with ENOSPC, some after a part was written.
  void full(bool yes) { full_ = yes; }
  // The next flush fails with EIO.
  void break_next_flush() { breaks_ = true; }
  // The process dies in the n-th call from now, before or after it had its effect.
  void crash_in(std::uint64_t calls) { crash_in_ = calls; }
  void no_crash() { crash_in_ = 0; }

  // The power failed: sectors that were not flushed survive or not.
  void lose_power();
  // The process alone died: the system still has everything.
  void process_died() {}

  std::uint64_t calls_made() const { return made_; }

 private:
  struct Write {
    std::int64_t at;
    std::string before, after;  // before: as it was, shorter where the file ended
    bool lost = false;          // a flush failed: the system takes it for written
    std::int64_t size() const {
      return static_cast<std::int64_t>(std::max(before.size(), after.size()));
    }
    Write part(std::int64_t from, std::int64_t to) const;
  };
  struct Pending {
    std::int64_t size = 0;  // when it was flushed last
    std::vector<Write> writes;
    void flushed();  // all but what is lost and was not written again
  };
  static int allocate(int fd, std::int64_t from, std::int64_t bytes);
  static int write_all(int fd, std::int64_t at, std::string_view bytes);
  static int sync_data(int fd);
  static int truncate(int fd, std::int64_t bytes);
  static std::string path_of(int fd);
  Pending& pending(int fd);
  void note(int fd, std::int64_t at, std::string_view bytes);
  bool counts_down();  // true: die in this call

  Random& random_;
  DiskCalls calls_{allocate, write_all, sync_data, truncate};
  bool full_ = false, breaks_ = false;
  std::uint64_t crash_in_ = 0, made_ = 0;
  std::map<std::string, Pending> pending_;  // by path
};

}  // namespace tocsin::sim
