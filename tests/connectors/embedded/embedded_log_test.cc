#include "connectors/embedded/embedded_log.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cerrno>
#include <random>
#include <thread>

#include "tests/connectors/embedded/log_fixture.h"

namespace tocsin {
namespace {

using testing::HasSubstr;

// The calls of the disk that a test replaces while it runs.
std::function<int()> on_sync;
std::function<int(std::string_view)> on_write;
std::function<int(std::int64_t)> on_allocate;

const DiskCalls& hooked_disk() {
  static const DiskCalls calls{
      [](int fd, std::int64_t from, std::int64_t bytes) {
        const int error = on_allocate ? on_allocate(bytes) : 0;
        return error != 0 ? error : real_disk_calls().allocate(fd, from, bytes);
      },
      [](int fd, std::int64_t at, std::string_view bytes) {
        const int error = on_write ? on_write(bytes) : 0;
        if (error == 0) return real_disk_calls().write_all(fd, at, bytes);
        // As a full disk does it: a part arrives, then the error.
        real_disk_calls().write_all(fd, at, bytes.substr(0, bytes.size() / 2));
        return error;
      },
      [](int fd) {
        const int error = on_sync ? on_sync() : 0;
        return error != 0 ? error : real_disk_calls().sync_data(fd);
      },
      real_disk_calls().truncate};
  return calls;
}

class EmbeddedLogTest : public testing::Test {
 protected:
  ~EmbeddedLogTest() override {
    on_sync = nullptr;
    on_write = nullptr;
    on_allocate = nullptr;
  }
  static EmbeddedLogOptions small() {
    EmbeddedLogOptions options;
    options.segment_bytes_max = 4096;
    options.allocate_bytes = 1024;
    options.pack = false;  // frames as long as their records
    options.disk = &hooked_disk();
    return options;
  }
  std::unique_ptr<EmbeddedLog> open(const EmbeddedLogOptions& options = small()) {
    return EmbeddedLog::open(directory_.path(), options);
  }
  TempDirectory directory_;
};

RejectedRecord odd_rejected() {
  RejectedRecord r;
  r.arrived = Instant{1'772'413'200'123};
  r.reason = "bad_data:priority";
  r.headers = {{"content-type", "application/cloudevents+json"}, {"x-empty", ""}, {"x-empty", "2"}};
  r.source = "http 127.0.0.1:5000";
  r.original = std::string("\0\xff{\"a\":\n", 7);
  return r;
}

TEST_F(EmbeddedLogTest, GivesBackWhatWasCommittedWithGrowingOffsets) {
  auto log = open();
  const CommitResult first = log->commit(batch_of(0, 3));
  EXPECT_EQ(first.status, CommitStatus::kDurable);
  EXPECT_EQ(first.first, 0);
  EXPECT_EQ(first.next, 3);
  const CommitResult second = log->commit(batch_of(3, 2));
  EXPECT_EQ(second.first, 3);
  EXPECT_EQ(second.next, 5);
  const auto seen = read_all(*log);
  ASSERT_EQ(seen.size(), 5u);
  for (Offset i = 0; i < 5; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)],
              (SeenRecord{i, "account-" + std::to_string(i % 7), value_of(i)}));
  }
}

TEST_F(EmbeddedLogTest, KeepsEverythingOverReopeningAndManySegments) {
  constexpr Offset kRecords = 500;  // of about 60 bytes in segments of 4 KiB: eight or more
  {
    auto log = open();
    for (Offset i = 0; i < kRecords; i += 5) {
      ASSERT_EQ(log->commit(batch_of(i, 5)).status, CommitStatus::kDurable);
    }
  }
  auto log = open();
  EXPECT_GE(LogSegment::list(directory_.path()).size(), 8u);
  EXPECT_EQ(log->next_offset(), kRecords);
  for (Offset from : {Offset{0}, Offset{1}, Offset{4}, Offset{5}, Offset{77}, kRecords - 1}) {
    const auto seen = read_all(*log, from);
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(kRecords - from)) << from;
    EXPECT_EQ(seen.front().offset, from);
    EXPECT_EQ(seen.back().value, value_of(kRecords - 1));
  }
  EXPECT_TRUE(read_all(*log, kRecords).empty());
}

TEST_F(EmbeddedLogTest, ReadReturnsWhereToGoOn) {
  auto log = open();
  log->commit(batch_of(0, 10));
  int left = 4;
  const LogSink four = [&](Offset, std::string_view, std::string_view) { return --left > 0; };
  EXPECT_EQ(log->read(0, 2, four), 6);  // 2, 3, 4, 5
  const LogSink all = [](Offset, std::string_view, std::string_view) { return true; };
  EXPECT_EQ(log->read(0, 6, all), 10);
  EXPECT_EQ(log->read(0, 10, all), 10);
  EXPECT_EQ(log->read(0, 99, all), 99);
}

TEST_F(EmbeddedLogTest, RejectedRecordsHaveTheirOwnOffsetsAndExactBytes) {
  auto log = open();
  Batch both = batch_of(0, 2);
  both.rejected = {odd_rejected()};
  Batch only;
  only.rejected = {odd_rejected(), odd_rejected()};
  only.rejected[1].original.clear();
  log->commit(both);
  const CommitResult result = log->commit(only);
  EXPECT_EQ(result.status, CommitStatus::kDurable);
  EXPECT_EQ(result.first, 2);
  EXPECT_EQ(result.next, 2);
  log->commit(batch_of(2, 1));
  log.reset();
  log = open();
  const auto seen = read_all_rejected(*log);
  ASSERT_EQ(seen.size(), 3u);
  const RejectedRecord r = odd_rejected();
  EXPECT_EQ(seen[0], (SeenRejected{0, r.arrived.ms, r.reason, r.headers, r.source, r.original}));
  EXPECT_EQ(seen[1].offset, 1);
  EXPECT_EQ(seen[2].original, "");
  EXPECT_EQ(read_all_rejected(*log, 2).size(), 1u);
  EXPECT_EQ(read_all(*log).size(), 3u);
  EXPECT_EQ(log->next_rejected(), 3);
}

TEST_F(EmbeddedLogTest, AnEmptyBatchWritesNothing) {
  auto log = open();
  log->commit(batch_of(0, 1));
  const CommitResult result = log->commit(Batch{});
  EXPECT_EQ(result.status, CommitStatus::kDurable);
  EXPECT_EQ(result.next, 1);
  EXPECT_EQ(log->batches(), 1u);
}

TEST_F(EmbeddedLogTest, ABatchLongerThanASegmentGetsOneOfItsOwn) {
  auto log = open();
  log->commit(batch_of(0, 1));
  EXPECT_EQ(log->commit(batch_of(1, 1, 20'000)).status, CommitStatus::kDurable);
  EXPECT_EQ(log->commit(batch_of(2, 1)).status, CommitStatus::kDurable);
  EXPECT_EQ(LogSegment::list(directory_.path()).size(), 3u);
  log.reset();
  log = open();
  EXPECT_EQ(read_all(*log)[1].value, value_of(1, 20'000));
}

TEST_F(EmbeddedLogTest, ABatchBeyondTheLongestFrameIsRefusedAndTheLogGoesOn) {
  auto log = open(EmbeddedLogOptions{});
  EXPECT_EQ(log->commit(batch_of(0, 1, kFrameBytesMax)).status, CommitStatus::kRefused);
  EXPECT_EQ(log->commit(batch_of(0, 1)).status, CommitStatus::kDurable);
}

TEST_F(EmbeddedLogTest, ASecondWriterIsRefusedByName) {
  auto log = open();
  try {
    open();
    FAIL() << "a second writer came in";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("in use by process " + std::to_string(::getpid())));
  }
  log.reset();
  EXPECT_NO_THROW(open());
}

TEST_F(EmbeddedLogTest, NobodySeesABatchBeforeItIsDurable) {
  auto log = open();
  log->commit(batch_of(0, 2));
  LogDirectory other(directory_.path());
  std::size_t here = 99, there = 99;
  on_sync = [&] {
    // The frame is written as a whole; only the disk has not confirmed it.
    here = read_all(*log).size();
    there = read_all(other).size();
    return 0;
  };
  log->commit(batch_of(2, 2));
  EXPECT_EQ(here, 2u);
  EXPECT_EQ(there, 2u);
  on_sync = nullptr;
  EXPECT_EQ(read_all(*log).size(), 4u);
  EXPECT_EQ(read_all(other).size(), 4u);
}

TEST_F(EmbeddedLogTest, AFullDiskRefusesTheBatchAndNothingOfItStays) {
  auto log = open();
  log->commit(batch_of(0, 2));
  on_write = [](std::string_view) { return ENOSPC; };
  const CommitResult refused = log->commit(batch_of(2, 2));
  EXPECT_EQ(refused.status, CommitStatus::kRefused);
  EXPECT_THAT(refused.error, HasSubstr("No space left"));
  EXPECT_FALSE(log->failed());
  EXPECT_EQ(read_all(*log).size(), 2u);
  {
    // As after a crash in this situation.
    TempDirectory copy;
    std::filesystem::copy(directory_.path(), copy.path(), std::filesystem::copy_options::recursive);
    auto reopened = EmbeddedLog::open(copy.path(), small());
    EXPECT_EQ(reopened->next_offset(), 2);
    EXPECT_EQ(reopened->recovery().cut_bytes, 0);
  }
  on_write = nullptr;
  EXPECT_EQ(log->commit(batch_of(2, 2)).status, CommitStatus::kDurable);
  EXPECT_EQ(read_all(*log).size(), 4u);
}

TEST_F(EmbeddedLogTest, NoRoomForAStepAheadIsNoReasonToRefuseASmallBatch) {
  auto log = open();
  on_allocate = [](std::int64_t bytes) { return bytes > 500 ? ENOSPC : 0; };
  EXPECT_EQ(log->commit(batch_of(0, 1)).status, CommitStatus::kDurable);
  EXPECT_EQ(log->commit(batch_of(1, 20)).status, CommitStatus::kRefused);  // over 1 KB
  EXPECT_EQ(log->commit(batch_of(1, 2)).status, CommitStatus::kDurable);
  EXPECT_EQ(read_all(*log).size(), 3u);
}

TEST_F(EmbeddedLogTest, NoRoomForANewSegmentIsRefusedUntilThereIs) {
  auto log = open();
  Offset next = 0;
  on_allocate = [](std::int64_t bytes) {
    return bytes == static_cast<std::int64_t>(kSegmentHeaderBytes) ? ENOSPC : 0;
  };
  EXPECT_EQ(log->commit(batch_of(0, 1)).status, CommitStatus::kRefused);
  EXPECT_TRUE(LogSegment::list(directory_.path()).empty());
  on_allocate = nullptr;
  EXPECT_EQ(log->commit(batch_of(next++, 1)).status, CommitStatus::kDurable);
  EXPECT_EQ(read_all(*log).size(), 1u);
}

// At a segment's end, at the beginning of the next, for its room, for its bytes.
TEST_F(EmbeddedLogTest, ADiskThatFailsWhereverItIsAskedStopsTheLog) {
  for (int failing = 0; failing < 4; ++failing) {
    TempDirectory directory;
    EmbeddedLogOptions options = small();
    options.segment_bytes_max = 2000;
    auto log = EmbeddedLog::open(directory.path(), options);
    ASSERT_EQ(log->commit(batch_of(0, 5, 200)).status, CommitStatus::kDurable);
    int syncs = 0;
    if (failing < 2) on_sync = [&] { return syncs++ == failing ? EIO : 0; };
    if (failing == 2) on_allocate = [](std::int64_t) { return EIO; };
    if (failing == 3) on_write = [](std::string_view) { return EIO; };
    EXPECT_EQ(log->commit(batch_of(5, 5, 200)).status, CommitStatus::kUnknown) << failing;
    EXPECT_TRUE(log->failed()) << failing;
    on_sync = nullptr;
    on_allocate = nullptr;
    on_write = nullptr;
    EXPECT_EQ(log->commit(batch_of(5, 5, 200)).status, CommitStatus::kRefused) << failing;
  }
}

TEST_F(EmbeddedLogTest, AFailedSyncIsUnknownAndStopsTheLogUntilItIsReopened) {
  auto log = open();
  log->commit(batch_of(0, 2));
  on_sync = [] { return EIO; };
  EXPECT_EQ(log->commit(batch_of(2, 2)).status, CommitStatus::kUnknown);
  on_sync = nullptr;
  EXPECT_TRUE(log->failed());
  EXPECT_EQ(log->commit(batch_of(2, 2)).status, CommitStatus::kRefused);
  EXPECT_EQ(read_all(*log).size(), 2u);
  log.reset();
  log = open();
  // It was unknown: here the bytes had reached the file, so the batch is there, whole.
  EXPECT_EQ(log->next_offset(), 4);
  EXPECT_EQ(log->commit(batch_of(4, 1)).status, CommitStatus::kDurable);
  EXPECT_EQ(read_all(*log).size(), 5u);
}

TEST_F(EmbeddedLogTest, ReadersBesideTheWriterSeeWholeBatchesInOrder) {
  auto log = open();
  constexpr Offset kRecords = 6000;
  constexpr int kBatch = 10;
  std::atomic<bool> failed = false;
  const auto follow = [&](auto& source, auto&& wait) {
    Offset next = 0;
    while (next < kRecords && !failed) {
      wait();
      const Offset reached =
          source.read(0, next, [&](Offset offset, std::string_view, std::string_view value) {
            if (offset != next || value != value_of(offset)) failed = true;
            ++next;
            return true;
          });
      if (reached != next || next % kBatch != 0) failed = true;
    }
  };
  std::thread inside([&] { follow(*log, [] { std::this_thread::yield(); }); });
  std::thread outside([&] {
    LogDirectory other(directory_.path());
    follow(other, [&] { other.wait(seconds(10)); });
  });
  for (Offset i = 0; i < kRecords; i += kBatch) {
    ASSERT_EQ(log->commit(batch_of(i, kBatch)).status, CommitStatus::kDurable);
  }
  inside.join();
  outside.join();
  EXPECT_FALSE(failed);
}

// Batches past the page cache and through it share blocks; readers see each as it was written,
// while it happens, afterwards and after a start.
TEST_F(EmbeddedLogTest, LargeBatchesGoPastThePageCacheAndReadAsOthers) {
  EmbeddedLogOptions options = small();
  options.segment_bytes_max = 4 << 20;
  options.direct_bytes = 3000;
  std::size_t whole_blocks = 0, others = 0;
  on_write = [&](std::string_view bytes) {
    const bool block = bytes.size() % kDiskBlock == 0 &&
                       reinterpret_cast<std::uintptr_t>(bytes.data()) % kDiskBlock == 0;
    ++(block ? whole_blocks : others);
    return 0;
  };
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  auto log = open(options);
  std::atomic<Offset> committed = 0;
  std::atomic<bool> failed = false, done = false;
  std::vector<std::size_t> sizes;  // of the records, in order
  std::thread reader([&] {
    while (!done && !failed) {
      Offset next = 0;
      const Offset at_least = committed;
      log->read(0, 0, [&](Offset offset, std::string_view, std::string_view value) {
        const std::string start = "{\"id\":\"" + std::to_string(offset) + "\"}";
        failed = failed || offset != next++ || !value.starts_with(start);
        return !failed;
      });
      if (next < at_least) failed = true;
    }
  });
  for (int i = 0; i < 150; ++i) {
    // From a small batch to one of more than a chunk.
    const std::size_t size = 20 + random() % (i % 30 == 7 ? 300'000 : 1500);
    const auto first = static_cast<Offset>(sizes.size());
    EXPECT_EQ(log->commit(batch_of(first, 5, size)).status, CommitStatus::kDurable);
    sizes.insert(sizes.end(), 5, size);
    committed = first + 5;
  }
  done = true;
  reader.join();
  EXPECT_FALSE(failed);
  const auto expect_all = [&] {
    const auto seen = read_all(*log);
    ASSERT_EQ(seen.size(), sizes.size());
    for (std::size_t i = 0; i < seen.size(); ++i)
      ASSERT_EQ(seen[i].value, value_of(static_cast<Offset>(i), sizes[i]));
  };
  expect_all();
  log.reset();
  log = open(options);
  EXPECT_EQ(log->recovery().cut_bytes, 0);
  expect_all();
  const bool possible = File::open_direct(LogSegment::list(directory_.path()).back()).has_value();
  EXPECT_EQ(whole_blocks > 50, possible);
  EXPECT_GT(others, 10u);
}

TEST_F(EmbeddedLogTest, ALargeBatchThatFindsNoRoomHalfWayLeavesNothing) {
  EmbeddedLogOptions options = small();
  options.segment_bytes_max = 8 << 20;
  options.direct_bytes = 3000;
  auto log = open(options);
  ASSERT_EQ(log->commit(batch_of(0, 3)).status, CommitStatus::kDurable);
  int writes = 0;
  on_write = [&](std::string_view) { return ++writes == 2 ? ENOSPC : 0; };
  EXPECT_EQ(log->commit(batch_of(3, 5, 500'000)).status, CommitStatus::kRefused);
  EXPECT_FALSE(log->failed());
  EXPECT_EQ(log->commit(batch_of(3, 5, 500'000)).status, CommitStatus::kDurable);
  log.reset();
  log = open(options);
  EXPECT_EQ(log->recovery().cut_bytes, 0);
  const auto seen = read_all(*log);
  ASSERT_EQ(seen.size(), 8u);
  EXPECT_EQ(seen[7].value, value_of(7, 500'000));
}

}  // namespace
}  // namespace tocsin
