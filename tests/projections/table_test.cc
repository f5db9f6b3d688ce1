#include "projections/rows/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "damage.h"
#include "projections/rows/time_slice.h"
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
    std::vector<std::string> keys;
    for (int i = begin; i < begin + 50'000; ++i) keys.push_back(row_key(2 * i));
    std::vector<Write> rows;
    for (const std::string& key : keys) rows.push_back({key, "value"});
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

// A write of so many bytes goes past memory as a file of its own.
TEST(Table, ALargeWriteComesBetweenSmallOnesAsIfItWereOne) {
  constexpr int kRows = 100'000;
  const TempDirectory directory;
  const std::string large(100, 'l');
  std::vector<std::string> keys;
  for (int i = 0; i < kRows; ++i) keys.push_back(row_key(i));
  {
    const auto table = Table::open(directory.path(), {});
    table->write({{keys[0], "small"}, {keys[1], "small"}, {keys[2], "small"}});
    const auto before = table->snapshot();
    std::vector<Write> rows{{keys[0], std::nullopt}};
    for (int i = 1; i < kRows; ++i) rows.push_back({keys[static_cast<std::size_t>(i)], large});
    table->write(rows);
    EXPECT_GT(table->bytes_on_disk(), 0u) << "it is a file";
    EXPECT_EQ(before->get(keys[1]), "small");
    EXPECT_EQ(before->get(keys.back()), std::nullopt);
    EXPECT_EQ(table->get(keys[1]), large);
    table->write({{keys[1], std::nullopt}, {keys[2], "small again"}});
  }
  const auto table = Table::open(directory.path(), {});
  EXPECT_EQ(table->get(keys[0]), std::nullopt);
  EXPECT_EQ(table->get(keys[1]), std::nullopt);
  EXPECT_EQ(table->get(keys[2]), "small again");
  EXPECT_EQ(table->get(keys[3]), large);
  EXPECT_EQ(table->get(keys.back()), large);
}

// RocksDB gives a file that comes ready made its own name first and takes the old one away then.
TEST(Table, AKillWhileAFileIsTakenInDestroysNothing) {
  constexpr int kRows = 50'000;
  const TempDirectory directory;
  const std::string large(200, 'l'), larger(210, 'm');
  const auto write = [&](Table& table, int first, const std::string& value) {
    std::vector<std::string> keys;
    std::vector<Write> rows;
    for (int i = 0; i < kRows; ++i) keys.push_back(row_key(first + 2 * i));
    for (const std::string& key : keys) rows.push_back({key, value});
    table.write(rows);
  };
  {
    const auto table = Table::open(directory.path(), {});
    write(*table, 0, large);
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path().extension() == ".sst")
      std::filesystem::create_hard_link(entry.path(), directory.path() / "incoming");
  }
  ASSERT_TRUE(std::filesystem::exists(directory.path() / "incoming"));
  {
    const auto table = Table::open(directory.path(), {});
    write(*table, 1, larger);
  }
  const auto table = Table::open(directory.path(), {});
  EXPECT_EQ(table->get(row_key(0)), large);
  EXPECT_EQ(table->get(row_key(1)), larger);
}

TEST(Table, OneInWhichDamageWasReadIsNotOpenedAgain) {
  constexpr int kRows = 100'000;
  const TempDirectory directory;
  std::vector<std::string> keys;
  std::vector<Write> rows;
  for (int i = 0; i < kRows; ++i) keys.push_back(row_key(i));
  for (const std::string& key : keys) rows.push_back({key, std::string_view(key).substr(3)});
  Table::open(directory.path(), {})->write(rows);
  damage(directory.path());
  {
    const auto table = Table::open(directory.path(), {});
    const auto read_all = [&] {
      for (RowCursor cursor = table->snapshot()->rows("", "1"); cursor.valid();) cursor.next();
    };
    EXPECT_FALSE(table->damaged());
    EXPECT_THROW(read_all(), DamagedTable);
    EXPECT_TRUE(table->damaged());
  }
  EXPECT_THROW(Table::open(directory.path(), {}), DamagedTable);
}

// The nice value of the calling thread.
int nice_of_thread() {
  return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
}

TEST(TimeSlice, WhoGivesWayKeepsALargerNiceValueAndPassesItOn) {
  std::thread([] {
    constexpr int kLargest = 19;
    const int before = nice_of_thread(), wanted = std::min(before + 1, kLargest);
    give_way(wanted);
    EXPECT_EQ(nice_of_thread(), wanted);
    std::thread([&] { EXPECT_EQ(nice_of_thread(), wanted) << "passed on"; }).join();
    give_way(before - 1);
    EXPECT_EQ(nice_of_thread(), wanted) << "a larger one is kept";
  }).join();
}

}  // namespace
}  // namespace tocsin
