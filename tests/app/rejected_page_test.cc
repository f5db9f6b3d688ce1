#include "app/rejected_page.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "events/base64.h"

namespace tocsin {
namespace {

namespace json = boost::json;

// Partitions of what was rejected, in memory.
class Shelf : public LogSource {
 public:
  std::map<PartitionId, std::vector<RejectedRecord>> held;

  std::vector<PartitionId> partitions() override {
    std::vector<PartitionId> out;
    for (const auto& [partition, records] : held) out.push_back(partition);
    return out;
  }
  Offset read(PartitionId, Offset from, const LogSink&) override { return from; }
  Offset read_rejected(PartitionId partition, Offset from, const Rejected& sink) override {
    const auto& records = held[partition];
    for (; from < static_cast<Offset>(records.size()); ++from)
      if (!sink(from, records[static_cast<std::size_t>(from)])) break;
    return from;
  }
  bool wait() override { return true; }

  void add(PartitionId partition, std::int64_t at, std::string reason,
           std::string original = "{}") {
    held[partition].push_back({{at}, std::move(reason), {}, "http 10.0.0.1", std::move(original)});
  }
};

json::object page(Shelf& shelf, RejectedQuery query) {
  return json::parse(rejected_page(shelf, query, {1'000}).body).as_object();
}

std::string positions(const json::object& page) {
  std::string out;
  for (const json::value& row : page.at("rejected").as_array())
    out += std::string(row.at("position").as_string()) + " ";
  return out;
}

TEST(RejectedPage, TheNewestOfAllPartitionsComesFirst) {
  Shelf shelf;
  shelf.add(0, 10, "bad_data:priority");
  shelf.add(0, 30, "bad_time");
  shelf.add(1, 20, "bad_data");
  EXPECT_EQ(positions(page(shelf, {})), "0:1 1:0 0:0 ");
  EXPECT_TRUE(page(shelf, {}).at("cursor").is_null());
}

TEST(RejectedPage, CursorsLeadThroughAllOfItOnce) {
  Shelf shelf;
  for (int i = 0; i < 7; ++i) shelf.add(i % 2, i / 3, "bad_data");
  RejectedQuery query;
  query.limit = 2;
  std::string seen;
  for (int pages = 0; pages < 4; ++pages) {
    const json::object one = page(shelf, query);
    seen += positions(one);
    if (one.at("cursor").is_null()) break;
    query.cursor = std::string(one.at("cursor").as_string());
  }
  RejectedQuery all;
  EXPECT_EQ(seen, positions(page(shelf, all)));
}

TEST(RejectedPage, AReasonIsSaidWholeOrByItsFirstWord) {
  Shelf shelf;
  shelf.add(0, 1, "bad_data:priority");
  shelf.add(0, 2, "bad_data");
  shelf.add(0, 3, "bad_dataset");
  EXPECT_EQ(positions(page(shelf, {"bad_data", 100, ""})), "0:1 0:0 ");
  EXPECT_EQ(positions(page(shelf, {"bad_data:priority", 100, ""})), "0:0 ");
}

TEST(RejectedPage, OriginalsAreGivenByteForByteAndBounded) {
  Shelf shelf;
  const std::string bytes("\xff\x00 not text", 11);
  shelf.add(0, 1, "bad_json", bytes);
  const json::object one = page(shelf, {});
  std::string back;
  ASSERT_TRUE(decode_base64(one.at("rejected").at(0).at("original").as_string(), back));
  EXPECT_EQ(back, bytes);
  for (int i = 0; i < 20; ++i) shelf.add(0, 2 + i, "bad_data", std::string(1u << 20, 'x'));
  const json::object big = page(shelf, {});
  EXPECT_LE(big.at("rejected").as_array().size(), 8u);
  EXPECT_FALSE(big.at("cursor").is_null());
}

TEST(RejectedPage, WrongParametersAreNamed) {
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"limit", "0"},
                                    {"limit", "1001"},
                                    {"limit", "x"},
                                    {"cursor", "0:17"},
                                    {"what", "1"}}) {
    HttpRequest request;
    request.query = {{name, value}};
    RejectedQuery query;
    const auto wrong = read_rejected_query(request, query);
    ASSERT_TRUE(wrong) << name << value;
    EXPECT_EQ(wrong->first, name);
  }
}

}  // namespace
}  // namespace tocsin
