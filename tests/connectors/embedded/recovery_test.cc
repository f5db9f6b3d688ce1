#include "connectors/embedded/recovery.h"

#include <gmock/gmock.h>

#include "connectors/embedded/crc32c.h"
#include "tests/connectors/embedded/log_fixture.h"

namespace tocsin {
namespace {

using testing::HasSubstr;

// Three batches in one segment, with the mark as it was after the second and after the third.
class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    TempDirectory origin;
    options_.allocate_bytes = 1024;
    {
      auto log = EmbeddedLog::open(origin.path(), options_);
      log->commit(batch_of(0, 2));
      log->commit(with_rejected(batch_of(2, 1)));
      begin_of_third_ = size_of_frames(2);
      mark_after_two_ = bytes_of(origin.path() / "durable");
      log->commit(with_rejected(batch_of(3, 2)));
      end_of_third_ = size_of_frames(3);
      mark_after_three_ = bytes_of(origin.path() / "durable");
      segment_ = bytes_of(origin.path() / name_);
    }
  }

  static Batch with_rejected(Batch batch) {
    batch.rejected.push_back({Instant{5}, "malformed", {{"h", "v"}}, "http 1", "{"});
    return batch;
  }

  // The end of the first n frames, from the format itself.
  static std::size_t size_of_frames(int n) {
    std::size_t bytes = kSegmentHeaderBytes;
    FrameEncoder encoder;
    bytes += encoder.encode(batch_of(0, 2), 0, 0, 0, 1).size();
    bytes += encoder.encode(with_rejected(batch_of(2, 1)), 1, 2, 0, 1).size();
    if (n == 3) {
      bytes += encoder.encode(with_rejected(batch_of(3, 2)), 2, 3, 1, 1).size();
    }
    return bytes;
  }

  void put(std::string_view segment, std::string_view mark) {
    write_bytes(directory_.path() / name_, segment);
    write_bytes(directory_.path() / "durable", mark);
  }

  std::string refusal() {
    try {
      EmbeddedLog::open(directory_.path(), options_);
    } catch (const LogDamaged& e) {
      return e.what();
    }
    return "";
  }

  EmbeddedLogOptions options_;
  const std::string name_ = LogSegment::file_name(0);
  TempDirectory directory_;
  std::size_t begin_of_third_ = 0, end_of_third_ = 0;
  std::string segment_, mark_after_two_, mark_after_three_;
};

TEST_F(RecoveryTest, ATornLastBatchIsCutAtEveryByte) {
  for (std::size_t cut = begin_of_third_; cut < end_of_third_; ++cut) {
    for (const bool allocated : {false, true}) {
      // Either the file ends where the write stopped, or allocated zeros follow.
      std::string bytes = segment_;
      if (allocated) {
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end(), '\0');
      } else {
        bytes.resize(cut);
      }
      const bool whole = bytes.size() >= end_of_third_ && bytes == segment_;
      put(bytes, mark_after_two_);
      {
        LogDirectory reader(directory_.path());
        EXPECT_EQ(read_all(reader).size(), whole ? 5u : 3u) << cut;
      }
      auto log = EmbeddedLog::open(directory_.path(), options_);
      ASSERT_EQ(log->next_offset(), whole ? 5 : 3) << cut;
      ASSERT_EQ(log->next_rejected(), whole ? 2 : 1) << cut;
      EXPECT_EQ(log->recovery().missing_batches, 0u);
      if (whole) continue;
      EXPECT_EQ(log->recovery().cut_at, static_cast<std::int64_t>(begin_of_third_));
      ASSERT_EQ(log->commit(batch_of(3, 1)).status, CommitStatus::kDurable);
      log.reset();
      log = EmbeddedLog::open(directory_.path(), options_);
      ASSERT_EQ(read_all(*log).size(), 4u) << cut;
      ASSERT_EQ(read_all_rejected(*log).size(), 1u) << cut;
    }
  }
}

TEST_F(RecoveryTest, ATruncatedFileIsRefusedAsOftenAsItIsTriedAndCutWhenTheLossIsAccepted) {
  put(segment_.substr(0, end_of_third_ - 8), mark_after_three_);
  for (int i = 0; i < 2; ++i) {
    try {
      EmbeddedLog::open(directory_.path());
      ADD_FAILURE() << "a loss went unsaid";
    } catch (const AcknowledgedLost& error) {
      EXPECT_THAT(error.what(), HasSubstr("1 batches are missing that were acknowledged"));
    }
  }
  EmbeddedLogOptions accept;
  accept.accept_loss = true;
  auto log = EmbeddedLog::open(directory_.path(), accept);
  EXPECT_EQ(log->next_offset(), 3);
  EXPECT_EQ(log->recovery().missing_batches, 1u);
  EXPECT_GT(log->recovery().cut_bytes, 0);
}

TEST_F(RecoveryTest, AnyAlteredBitInAnEarlierBatchIsRefusedWithFileAndByte) {
  for (std::size_t at = kSegmentHeaderBytes; at < begin_of_third_; ++at) {
    std::string bytes = segment_;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    // Without a mark it is the later batch that proves the damage.
    put(bytes, at % 2 == 0 ? mark_after_two_ : std::string());
    const std::string text = refusal();
    ASSERT_THAT(text, HasSubstr((directory_.path() / name_).string())) << at;
    const std::size_t first_frame = kSegmentHeaderBytes;
    FrameEncoder encoder;
    const std::string_view frame = encoder.encode(batch_of(0, 2), 0, 0, 0, 1);
    const std::size_t begin =
        at < first_frame + frame.size() ? first_frame : first_frame + frame.size();
    ASSERT_THAT(text, HasSubstr("at byte " + std::to_string(begin) + ":")) << at;
  }
}

TEST_F(RecoveryTest, AnAlteredBitInTheLastBatchIsRefusedWhenItWasAcknowledged) {
  for (std::size_t at = begin_of_third_; at < end_of_third_; ++at) {
    std::string bytes = segment_;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    put(bytes, mark_after_three_);
    ASSERT_THAT(refusal(), HasSubstr("at byte " + std::to_string(begin_of_third_) + ":")) << at;
  }
}

TEST_F(RecoveryTest, AnyAlteredBitInTheSegmentHeaderIsRefused) {
  for (std::size_t at = 0; at < kSegmentHeaderBytes; ++at) {
    std::string bytes = segment_;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    put(bytes, mark_after_three_);
    EXPECT_THROW(EmbeddedLog::open(directory_.path()), std::runtime_error) << at;
  }
}

TEST_F(RecoveryTest, ANewerFormatIsRefusedByItsNumber) {
  SegmentHeader header;
  header.version = kLogFormatVersion + 1;
  put(encode_segment_header(header), mark_after_two_);
  try {
    EmbeddedLog::open(directory_.path());
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("has log format version 3, this program reads up to 2"));
  }
}

TEST_F(RecoveryTest, BytesOfAForeignLogInARecordAreNotTakenForALaterBatch) {
  // A client sends the image of a frame, and the crash tears the batch that carries it.
  FrameEncoder encoder;
  const std::string image(encoder.encode(batch_of(100, 1), 9, 100, 0, /*log_id=*/1));
  for (std::size_t padding = 0; padding < 8; ++padding) {  // frames are sought at multiples of 8
    Batch bait;
    bait.rejected.push_back(
        {Instant{5}, "malformed", {}, "", std::string(64 + padding, 'x') + image + "tail"});
    TempDirectory other;
    {
      EmbeddedLogOptions options = options_;
      options.pack = false;  // as it is
      auto log = EmbeddedLog::open(other.path(), options);
      log->commit(batch_of(0, 1));
      log->commit(bait);
    }
    std::string bytes = bytes_of(other.path() / name_);
    bytes[bytes.find("tail")] = 'T';
    write_bytes(other.path() / name_, bytes);
    std::filesystem::remove(other.path() / "durable");
    EXPECT_EQ(EmbeddedLog::open(other.path(), options_)->next_offset(), 1);
  }
}

class ManySegmentsTest : public testing::Test {
 protected:
  ManySegmentsTest() {
    options_.segment_bytes_max = 2048;
    options_.pack = false;  // frames as long as their records
    auto log = EmbeddedLog::open(directory_.path(), options_);
    for (Offset i = 0; i < 200; i += 2) log->commit(batch_of(i, 2));
    paths_ = LogSegment::list(directory_.path());
  }
  EmbeddedLogOptions options_;
  TempDirectory directory_;
  std::vector<std::filesystem::path> paths_;
};

TEST_F(ManySegmentsTest, DamageInAnOldSegmentIsRefusedAtOpen) {
  ASSERT_GE(paths_.size(), 5u);
  std::string bytes = bytes_of(paths_[1]);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_bytes(paths_[1], bytes);
  try {
    EmbeddedLog::open(directory_.path(), options_);
    FAIL();
  } catch (const LogDamaged& e) {
    EXPECT_THAT(e.what(), HasSubstr(paths_[1].string() + " at byte "));
  }
}

TEST_F(ManySegmentsTest, DamageBeyondWhatOpenVerifiesIsFoundByReading) {
  std::string bytes = bytes_of(paths_[1]);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_bytes(paths_[1], bytes);
  options_.verify_bytes_at_open = 0;
  auto log = EmbeddedLog::open(directory_.path(), options_);
  EXPECT_THROW(read_all(*log), LogDamaged);
  LogDirectory reader(directory_.path());
  EXPECT_THROW(read_all(reader), LogDamaged);
}

TEST_F(ManySegmentsTest, AMissingSegmentIsRefused) {
  std::filesystem::remove(paths_[2]);
  EXPECT_THROW(EmbeddedLog::open(directory_.path(), options_), LogDamaged);
}

TEST_F(ManySegmentsTest, AMissingFirstSegmentIsRefused) {
  std::filesystem::remove(paths_[0]);
  EXPECT_THROW(EmbeddedLog::open(directory_.path(), options_), LogDamaged);
}

TEST_F(ManySegmentsTest, ASegmentThatEndsEarlyIsRefused) {
  std::filesystem::resize_file(paths_[2], std::filesystem::file_size(paths_[2]) - 1);
  EXPECT_THROW(EmbeddedLog::open(directory_.path(), options_), LogDamaged);
}

TEST_F(ManySegmentsTest, AnUnfinishedSegmentIsRemoved) {
  write_bytes(directory_.path() / (LogSegment::file_name(100) + ".new"), "half");
  auto log = EmbeddedLog::open(directory_.path(), options_);
  EXPECT_EQ(log->next_offset(), 200);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / (LogSegment::file_name(100) + ".new")));
}

TEST(Crc32cTest, AgreesWithThePublishedValueAndWithItself) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c_portable(0, "123456789"), 0xE3069283u);
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(crc32c(0, bytes), crc32c_portable(0, bytes)) << i;
    EXPECT_EQ(crc32c(crc32c(0, bytes.substr(0, bytes.size() / 3)), bytes.substr(bytes.size() / 3)),
              crc32c(0, bytes));
    bytes.push_back(static_cast<char>(i * 37));
  }
}

}  // namespace
}  // namespace tocsin
