// The embedded log against the disk below it: batches of 1, 64 and 1000 records of 400 bytes,
// committed one after another, beside bare pwrite + fdatasync of as many bytes into an allocated
// file, the two taking turns in the same run. Prints commits and megabytes a second, p50 and p99 of
// a commit, and the ratio of the medians.
//
//   bench_embedded_log [DIRECTORY]      (default: the directory for temporary files)
#include "connectors/embedded/embedded_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRecordBytes = 400;
constexpr std::int64_t kAllocateBytes = 16 << 20;

double micros_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

struct Figures {
  std::vector<double> micros;

  double percentile(double p) {
    std::sort(micros.begin(), micros.end());
    return micros[static_cast<std::size_t>(p * static_cast<double>(micros.size() - 1))];
  }
  double mean() const {
    double sum = 0;
    for (double m : micros) sum += m;
    return sum / static_cast<double>(micros.size());
  }
  void print(const char* name, int records, double batch_bytes) {
    std::printf("%5d %-20s %9.0f %9.1f %9.0f %9.0f\n", records, name, 1e6 / mean(),
                batch_bytes / mean(), percentile(0.5), percentile(0.99));
  }
};

// Appends `bytes` and makes them durable; allocates ahead as the log does.
class BareFile {
 public:
  explicit BareFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {}
  ~BareFile() { ::close(fd_); }
  void append(const std::string& bytes) {
    const auto size = static_cast<std::int64_t>(bytes.size());
    if (at_ + size > allocated_ && ::posix_fallocate(fd_, allocated_, kAllocateBytes) == 0) {
      allocated_ += kAllocateBytes;
    }
    if (::pwrite(fd_, bytes.data(), bytes.size(), at_) != size || ::fdatasync(fd_) != 0) {
      std::perror("bare file");
      std::exit(1);
    }
    at_ += size;
  }

 private:
  int fd_;
  std::int64_t at_ = 0, allocated_ = 0;
};

void run(const std::filesystem::path& directory, int records, int commits) {
  tocsin::Batch batch;
  for (int i = 0; i < records; ++i) {
    batch.append("account-17", std::string(kRecordBytes - 10, 'x'));
  }
  tocsin::FrameEncoder encoder;
  const std::string frame(encoder.encode(batch, 0, 0, 0, 1));

  tocsin::EmbeddedLogOptions options;
  options.allocate_bytes = kAllocateBytes;
  auto log = tocsin::EmbeddedLog::open(directory / "log", options);
  BareFile bare(directory / "bare");
  Figures ours, peer;
  for (int i = 0; i < commits; ++i) {
    auto begin = Clock::now();
    if (log->commit(batch).status != tocsin::CommitStatus::kDurable) std::exit(1);
    ours.micros.push_back(micros_since(begin));
    begin = Clock::now();
    bare.append(frame);
    peer.micros.push_back(micros_since(begin));
  }
  ours.print("commit", records, static_cast<double>(frame.size()));
  peer.print("pwrite+fdatasync", records, static_cast<double>(frame.size()));
  std::printf("      ratio of p50 %.2f, %.1f bytes a record on disk\n",
              ours.percentile(0.5) / peer.percentile(0.5),
              static_cast<double>(frame.size()) / records);

  const auto begin = Clock::now();
  std::int64_t count = 0, bytes = 0;
  log->read(0, 0, [&](tocsin::Offset, std::string_view key, std::string_view value) {
    ++count;
    bytes += static_cast<std::int64_t>(key.size() + value.size());
    return true;
  });
  const double micros = micros_since(begin);
  std::printf("      read back %.1f M records/s, %.0f MB/s\n", static_cast<double>(count) / micros,
              static_cast<double>(bytes) / micros);
  log.reset();
  std::filesystem::remove_all(directory / "log");
  std::filesystem::remove(directory / "bare");
}

}  // namespace

int main(int argc, char** argv) {
  std::string name = (std::filesystem::path(argc > 1 ? argv[1] : "") / "").string();
  if (argc < 2) name = std::filesystem::temp_directory_path().string() + "/";
  name += "bench-embedded-log-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    std::perror(name.c_str());
    return 1;
  }
  std::printf("batch %-20s %9s %9s %9s %9s\n", "", "commits/s", "MB/s", "p50 us", "p99 us");
  run(name, 1, 3000);
  run(name, 64, 3000);
  run(name, 1000, 1000);
  std::filesystem::remove_all(name);
}
