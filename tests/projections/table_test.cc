#include "projections/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "temp_directory.h"

namespace tocsin {
namespace {

// What this process has read so far by system calls, in bytes.
std::uint64_t bytes_read() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t bytes = 0;
  io >> name >> bytes;
  return name == "rchar:" ? bytes : 0;
}

std::string row_key(int i) {
  std::string number = std::to_string(i);
  return "00001" + std::string(8 - number.size(), '0') + number;
}

// A filter of a million rows is 1.2 MB: as one block it had no room in a part of a cache of 128 MB
// and was read anew, 0.5 ms, for each question.
TEST(Table, ManyRowsAreAskedForWithoutReadingMuch) {
  constexpr int kRows = 1'000'000, kQuestions = 500;
  constexpr std::uint64_t kReadMax = 32u << 20;  // 16 KB a block, and pieces of filter and index
  const TempDirectory directory;
  TableOptions options;
  options.block_cache_bytes = 32u << 20;
  const auto table = Table::open(directory.path(), options);
  for (int begin = 0; begin < kRows; begin += 50'000) {
    std::vector<Write> rows;
    for (int i = begin; i < begin + 50'000; ++i) rows.push_back({row_key(2 * i), "value"});
    table->write(rows);
  }
  table->compact();

  const std::uint64_t before = bytes_read();
  ASSERT_GT(before, 0u);
  int found = 0;
  for (int i = 0; i < kQuestions; ++i) {
    found += table->get(row_key(i * 3989 % (2 * kRows))).has_value() ? 1 : 0;
  }
  EXPECT_EQ(found, kQuestions / 2);
  EXPECT_LT(bytes_read() - before, kReadMax);
}

}  // namespace
}  // namespace tocsin
