// The samples that come with the contract, where they are at hand: every rejected line of a stream
// has the expected reason, and no other line has one. What needs the policy (bad_data) is left out.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "events/codec.h"
#include "events/reasons.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::map<int, std::string> expected_reasons(const fs::path& path) {
  std::map<int, std::string> reasons;
  std::istringstream in(contents(path));
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() != '{') continue;
    const auto object = boost::json::parse(line).as_object();
    reasons[static_cast<int>(object.at("line").as_int64())] =
        object.at("reason").as_string().c_str();
  }
  return reasons;
}

TEST(Samples, ReasonsAgree) {
  const fs::path samples = fs::path(TOCSIN_SOURCE_DIR) / ".." / "shared" / "conformance";
  if (!fs::exists(samples)) {
    std::cout << "SKIPPED: no samples at " << samples << '\n';
    GTEST_SKIP();
  }
  int lines = 0, rejected = 0;
  for (const char* group : {"streams", "stories"}) {
    for (const auto& sample : fs::directory_iterator(samples / group)) {
      SCOPED_TRACE(sample.path().filename().string());
      const auto expected = expected_reasons(sample.path() / "rejected.jsonl");
      Decoder decoder(RecordedTime::kRead);
      Decoded decoded;
      std::set<std::string> accepted;
      Instant arrival = kAlways;
      int number = 0;
      std::istringstream in(contents(sample.path() / "facts.jsonl"));
      for (std::string line; std::getline(in, line);) {
        ++number;
        if (line.empty()) continue;
        ++lines;
        decoder.structured(line, {}, decoded);
        const std::string identity =
            decoded.fact.account + '\n' + decoded.fact.source + '\n' + decoded.fact.id;
        std::string_view reason = decoded.form_error;
        if (reason.empty() && decoded.has_identity && accepted.contains(identity)) continue;
        if (reason.empty()) reason = decoded.attribute_error;
        Instant next = arrival;
        if (reason.empty()) {
          next = simulated_arrival(decoded, arrival);
          reason = judge(decoded, next);
        }
        const auto found = expected.find(number);
        const std::string wanted = found == expected.end() ? "" : found->second;
        if (wanted.starts_with(kBadDataPrefix)) {
          EXPECT_EQ(reason, "") << "line " << number;
          continue;
        }
        EXPECT_EQ(reason, wanted) << "line " << number;
        rejected += !wanted.empty();
        if (!reason.empty()) continue;
        arrival = next;
        accepted.insert(identity);
      }
    }
  }
  std::cout << lines << " lines, " << rejected << " of them rejected as expected\n";
  EXPECT_GT(rejected, 0);
}

}  // namespace
}  // namespace tocsin
