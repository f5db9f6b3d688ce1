// Packed frames: what is read is what was written, in segments of either format.
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "tests/connectors/embedded/log_fixture.h"

namespace tocsin {
namespace {

std::vector<SeenRecord> seen_of(const Batch& batch, Offset first) {
  std::vector<SeenRecord> seen;
  for (const LogRecord& record : batch.log)
    seen.push_back({first++, std::string(record.key), std::string(record.value)});
  return seen;
}

// Of texts that pack well, of noise that does not, and of nothing.
Batch random_batch(std::mt19937& random) {
  Batch batch;
  for (auto n = 1 + random() % 20; n > 0; --n) {
    std::string value(random() % 400, 'x');
    if (random() % 3 == 0) {
      for (char& c : value) c = static_cast<char>(random());
    }
    batch.append("account-" + std::to_string(random() % 5), value);
  }
  if (random() % 4 == 0) {
    batch.rejected.push_back(
        {Instant{5}, "malformed", {{"h", "v"}}, "http", std::string(random() % 300, '{')});
  }
  return batch;
}

TEST(PackedFrameTest, IsSmallerAndHoldsTheSame) {
  FrameEncoder encoder;
  const Batch batch = batch_of(0, 50, 300);
  const std::size_t plain = encoder.encode(batch, 0, 0, 0, 1, false).size();
  const std::string packed(encoder.encode(batch, 0, 0, 0, 1));
  EXPECT_LT(packed.size(), plain / 4);
  EXPECT_EQ(packed.size() % 8, 0U);
  const auto header = decode_frame_header(packed, 1);
  ASSERT_TRUE(header && header->packed);
  const std::string_view payload = std::string_view(packed).substr(kFrameHeaderBytes);
  ASSERT_TRUE(payload_matches(*header, payload, 1));
  std::string unpacked;
  ASSERT_TRUE(unpack(payload, unpacked));
  std::vector<SeenRecord> seen;
  for_each_record(*header, unpacked, [&](Offset o, std::string_view key, std::string_view value) {
    seen.push_back({o, std::string(key), std::string(value)});
    return true;
  });
  EXPECT_EQ(seen, seen_of(batch, 0));
}

TEST(PackedFrameTest, IsRefusedWhenItIsNotWhatWasWritten) {
  FrameEncoder encoder;
  const std::string frame(encoder.encode(batch_of(0, 50, 300), 0, 0, 0, 1));
  std::string payload = frame.substr(kFrameHeaderBytes), out;
  ASSERT_TRUE(unpack(payload, out));
  EXPECT_FALSE(unpack(payload.substr(0, 7), out));
  EXPECT_FALSE(unpack(payload.substr(0, payload.size() / 2), out));
  payload[0] = static_cast<char>(payload[0] ^ 1);  // another length
  EXPECT_FALSE(unpack(payload, out));
  payload[3] = '\x7f';  // more than a frame may hold
  EXPECT_FALSE(unpack(payload, out));
}

TEST(PackedFrameTest, WhatPackingMakesNoSmallerStandsAsItIs) {
  FrameEncoder encoder;
  const std::string small(encoder.encode(batch_of(0, 1), 0, 0, 0, 1));
  ASSERT_TRUE(decode_frame_header(small, 1));
  EXPECT_FALSE(decode_frame_header(small, 1)->packed);
  std::mt19937 random(1);
  std::string noise(5000, 0);
  for (char& c : noise) c = static_cast<char>(random());
  Batch batch;
  batch.append("a", noise);
  EXPECT_FALSE(decode_frame_header(encoder.encode(batch, 0, 0, 0, 1), 1)->packed);
}

// A log that was begun by the first format goes on: its last segment takes plain frames until it is
// full, the next one packed ones; every reader sees one log.
TEST(PackedLogTest, ALogOfTheFirstFormatIsReadAndGoesOn) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << '\n';
  std::mt19937 random(seed);
  TempDirectory directory;
  SegmentHeader header;
  header.version = 1;
  header.log_id = 7;
  std::string segment = encode_segment_header(header);
  std::vector<SeenRecord> expected;
  FrameEncoder encoder;
  Offset next = 0, rejected = 0;
  std::uint64_t sequence = 0;
  const auto note = [&](const Batch& batch) {
    for (const SeenRecord& record : seen_of(batch, next)) expected.push_back(record);
    next += static_cast<Offset>(batch.log.size());
    rejected += static_cast<Offset>(batch.rejected.size());
  };
  for (int i = 0; i < 20; ++i) {
    const Batch batch = random_batch(random);
    segment += encoder.encode(batch, sequence++, next, rejected, 7, false);
    note(batch);
  }
  write_bytes(directory.path() / LogSegment::file_name(0), segment);
  EmbeddedLogOptions options;
  options.segment_bytes_max = 200'000;
  for (int start = 0; start < 4; ++start) {
    auto log = EmbeddedLog::open(directory.path(), options);
    EXPECT_EQ(log->recovery().cut_bytes, 0);
    ASSERT_EQ(read_all(*log), expected);
    for (int i = 0; i < 60; ++i) {
      const Batch batch = random_batch(random);
      ASSERT_EQ(log->commit(batch).status, CommitStatus::kDurable);
      note(batch);
    }
    ASSERT_EQ(read_all(*log), expected);
    EXPECT_EQ(static_cast<Offset>(read_all_rejected(*log).size()), rejected);
    // From any offset on.
    const auto from = static_cast<Offset>(random() % expected.size());
    const auto rest = read_all(*log, from);
    ASSERT_EQ(rest.size(), expected.size() - static_cast<std::size_t>(from));
    EXPECT_EQ(rest.front(), expected[static_cast<std::size_t>(from)]);
  }
  const auto paths = LogSegment::list(directory.path());
  ASSERT_GE(paths.size(), 2U);
  EXPECT_EQ(LogSegment::open(paths.front())->header().version, 1U);
  EXPECT_EQ(LogSegment::open(paths.back())->header().version, kLogFormatVersion);
}

TEST(PackedLogTest, APackedFrameInASegmentOfTheFirstFormatIsDamage) {
  TempDirectory directory;
  SegmentHeader header;
  header.version = 1;
  FrameEncoder encoder;
  std::string segment = encode_segment_header(header);
  segment += encoder.encode(batch_of(0, 50, 300), 0, 0, 0, 0);
  segment += encoder.encode(batch_of(50, 1), 1, 50, 0, 0);
  write_bytes(directory.path() / LogSegment::file_name(0), segment);
  EXPECT_THROW(EmbeddedLog::open(directory.path()), LogDamaged);
}

}  // namespace
}  // namespace tocsin
