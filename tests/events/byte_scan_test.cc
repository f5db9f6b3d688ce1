#include "events/byte_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "events/id.h"
#include "events/writer.h"

namespace tocsin {
namespace {

TEST(ByteScan, FindsAByteWhereverItStandsAndNoneWhereThereIsNone) {
  const auto slash = [](Bytes16 b) { return b == '/'; };
  for (std::size_t size = 0; size <= 70; ++size) {
    // On the heap and exactly as long, so that AddressSanitizer sees a read outside.
    const std::vector<char> plain(size, 'x');
    EXPECT_FALSE(any_byte({plain.data(), size}, slash)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<char> text = plain;
      text[at] = '/';
      EXPECT_TRUE(any_byte({text.data(), size}, slash)) << size << " " << at;
    }
  }
}

TEST(ByteScan, EachByteThatNeedsAnEscapeIsFoundInEachPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool escapes = byte < 0x20 || byte == '"' || byte == '\\';
    for (const std::size_t size : {1u, 2u, 3u, 5u, 11u, 16u, 17u, 40u}) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        std::string out, block_out;
        append_json_escaped(out, text);
        EXPECT_EQ(out != text, escapes) << byte << " " << size << " " << at;
        TextBlock block(block_out);
        block.escaped(text).flush();
        EXPECT_EQ(block_out, out);
      }
    }
  }
}

TEST(TextBlockTest, ATimeThatIsSaidAgainIsTheSameAcrossBlocks) {
  std::string out, expected;
  TextBlock block(out);
  const Instant now{1'772'413'200'123}, later{1'772'413'200'124}, far{400'000'000'000'000};
  for (int i = 0; i < 200; ++i) {
    for (const Instant t : {now, now, later, now, far, far, later}) {
      block.time(t);
      append_json_time(expected, t);
    }
  }
  block.flush();
  EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace tocsin
