// The log against the kernel: processes killed with -9, full file systems, limits.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <random>

#include "tests/connectors/embedded/log_fixture.h"

namespace tocsin {
namespace {

constexpr int kBatchRecordsMax = 20;

// Commits batches until it is killed; tells each acknowledged end through the pipe.
[[noreturn]] void write_until_killed(const std::filesystem::path& directory, int pipe,
                                     unsigned seed) {
  std::mt19937 random(seed);
  EmbeddedLogOptions options;
  options.segment_bytes_max = 64 << 10;
  options.allocate_bytes = 8 << 10;
  options.direct_bytes = 2 << 10;  // some go past the page cache, some through it
  auto log = EmbeddedLog::open(directory, options);
  for (Offset next = log->next_offset();;) {
    const int count = 1 + static_cast<int>(random() % kBatchRecordsMax);
    const CommitResult result = log->commit(batch_of(next, count, 20 + random() % 400));
    if (result.status != CommitStatus::kDurable) ::_exit(1);
    next = result.next;
    if (::write(pipe, &next, sizeof next) != sizeof next) ::_exit(1);
  }
}

TEST(CrashTest, KilledAtAnyMomentNothingAcknowledgedIsLost) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  TempDirectory directory;
  Offset acknowledged = 0;
  for (int round = 0; round < 30; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const auto child_seed = static_cast<unsigned>(random());
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(directory.path(), pipe[1], child_seed);
    }
    ::close(pipe[1]);
    // Killed after a random number of acknowledgements, somewhere within the next commit.
    const int rounds_to_live = static_cast<int>(random() % 40);
    for (int i = 0; i < rounds_to_live; ++i) {
      ASSERT_EQ(::read(pipe[0], &acknowledged, sizeof acknowledged),
                static_cast<ssize_t>(sizeof acknowledged));
    }
    LogDirectory other(directory.path());
    const std::size_t seen_while_running = read_all(other).size();
    EXPECT_GE(seen_while_running, static_cast<std::size_t>(acknowledged));
    ::kill(child, SIGKILL);
    while (::read(pipe[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));

    const auto without_writer = read_all(other);
    auto log = EmbeddedLog::open(directory.path());
    const auto seen = read_all(*log);
    ASSERT_GE(seen.size(), static_cast<std::size_t>(acknowledged)) << "round " << round;
    ASSERT_GE(seen.size(), seen_while_running);
    ASSERT_EQ(seen, without_writer);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i].offset, static_cast<Offset>(i));
      ASSERT_TRUE(seen[i].value.starts_with("{\"id\":\"" + std::to_string(i) + "\"}"));
    }
    acknowledged = static_cast<Offset>(seen.size());
  }
}

// Fills until refused, makes room, and goes on.
void fill_and_go_on(const std::filesystem::path& directory,
                    const std::function<void()>& make_room) {
  EmbeddedLogOptions options;
  options.segment_bytes_max = 200 << 10;
  options.allocate_bytes = 64 << 10;
  auto log = EmbeddedLog::open(directory, options);
  Offset next = 0;
  CommitResult result;
  while ((result = log->commit(batch_of(next, 10, 500))).status == CommitStatus::kDurable) {
    next = result.next;
    ASSERT_LT(next, 100'000) << "the disk never filled";
  }
  EXPECT_EQ(result.status, CommitStatus::kRefused) << result.error;
  EXPECT_GT(next, 1000);
  EXPECT_EQ(log->commit(batch_of(next, 10, 500)).status, CommitStatus::kRefused);
  EXPECT_EQ(read_all(*log).size(), static_cast<std::size_t>(next));
  {
    LogDirectory other(directory);
    EXPECT_EQ(read_all(other).size(), static_cast<std::size_t>(next));
  }
  make_room();
  result = log->commit(batch_of(next, 10, 500));
  EXPECT_EQ(result.status, CommitStatus::kDurable) << result.error;
  EXPECT_EQ(result.first, next);
  log.reset();
  log = EmbeddedLog::open(directory, options);
  EXPECT_EQ(log->recovery().cut_bytes, 0);
  const auto seen = read_all(*log);
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(next + 10));
  EXPECT_EQ(seen.back().value, value_of(next + 9, 500));
}

TEST(CrashTest, AFullFileSystemRefusesAndRecovers) {
  TempDirectory mount_point;
  if (::mount("tmpfs", mount_point.path().c_str(), "tmpfs", 0, "size=2m") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  const auto ballast = mount_point.path() / "ballast";
  write_bytes(ballast, std::string(500'000, 'x'));
  fill_and_go_on(mount_point.path() / "log", [&] { std::filesystem::remove(ballast); });
  EXPECT_EQ(::umount2(mount_point.path().c_str(), MNT_DETACH), 0);
}

TEST(CrashTest, AFileSizeLimitRefusesAndRecovers) {
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit low = before;
  low.rlim_cur = 1'000'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  TempDirectory directory;
  EmbeddedLogOptions options;  // one segment only, so that the limit is met within it
  options.allocate_bytes = 64 << 10;
  auto log = EmbeddedLog::open(directory.path(), options);
  Offset next = 0;
  CommitResult result;
  while ((result = log->commit(batch_of(next, 10, 500))).status == CommitStatus::kDurable) {
    next = result.next;
    ASSERT_LT(next, 100'000);
  }
  EXPECT_EQ(result.status, CommitStatus::kRefused);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(log->commit(batch_of(next, 10, 500)).status, CommitStatus::kDurable);
  log.reset();
  log = EmbeddedLog::open(directory.path());
  EXPECT_EQ(read_all(*log).size(), static_cast<std::size_t>(next + 10));
}

}  // namespace
}  // namespace tocsin
