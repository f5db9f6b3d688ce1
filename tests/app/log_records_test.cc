#include "app/log_records.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace tocsin {
namespace {

// A log in memory with gaps, which counts what is read.
class ListLog final : public LogReader {
 public:
  Offset read(PartitionId, Offset from, const LogSink& sink) override {
    ++reads;
    for (auto r = records.lower_bound(from); r != records.end(); ++r) {
      ++passed;
      if (!sink(r->first, "account", r->second)) return r->first + 1;
    }
    return records.empty() ? 0 : records.rbegin()->first + 1;
  }

  std::map<Offset, std::string> records;
  int reads = 0, passed = 0;
};

ListLog log_of(Offset records) {
  ListLog log;
  for (Offset o = 0; o < records; ++o) log.records[o] = "r" + std::to_string(o);
  return log;
}

using Texts = std::vector<std::string>;

TEST(LogRecords, ComeInTheOrderAskedFor) {
  ListLog log = log_of(20);
  EXPECT_EQ(records_at(log, 0, {3, 4, 17}), (Texts{"r3", "r4", "r17"}));
  EXPECT_EQ(log.reads, 1);
  EXPECT_EQ(records_at(log, 0, {17, 4, 3}), (Texts{"r17", "r4", "r3"}));
  EXPECT_EQ(records_at(log, 0, {}), Texts{});
}

TEST(LogRecords, FarOnesAreNotReachedByReadingAllBetween) {
  ListLog log = log_of(100'000);
  EXPECT_EQ(records_at(log, 0, {1, 50'000, 99'999}), (Texts{"r1", "r50000", "r99999"}));
  EXPECT_EQ(log.reads, 3);
  EXPECT_EQ(log.passed, 3);
}

TEST(LogRecords, WhatIsNotThereIsEmpty) {
  ListLog log = log_of(10);
  log.records.erase(4);
  EXPECT_EQ(records_at(log, 0, {3, 4, 5}), (Texts{"r3", "", "r5"}));
  EXPECT_EQ(records_at(log, 0, {9, 10, 5'000}), (Texts{"r9", "", ""}));
  ListLog none;
  EXPECT_EQ(records_at(none, 0, {0}), Texts{""});
}

}  // namespace
}  // namespace tocsin
