// What the tests of the embedded log share: a directory that goes away, batches whose content
// follows from their number, and reading a whole log into a vector.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "connectors/embedded/embedded_log.h"
#include "connectors/embedded/log_directory.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {

struct SeenRecord {
  Offset offset;
  std::string key, value;
  bool operator==(const SeenRecord&) const = default;
};

struct SeenRejected {
  Offset offset;
  std::int64_t arrived;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string source, original;
  bool operator==(const SeenRejected&) const = default;
};

template <typename Log>
std::vector<SeenRecord> read_all(Log& log, Offset from = 0) {
  std::vector<SeenRecord> seen;
  log.read(0, from, [&](Offset offset, std::string_view key, std::string_view value) {
    seen.push_back({offset, std::string(key), std::string(value)});
    return true;
  });
  return seen;
}

template <typename Log>
std::vector<SeenRejected> read_all_rejected(Log& log, Offset from = 0) {
  std::vector<SeenRejected> seen;
  log.read_rejected(from, [&](Offset offset, const RejectedView& r) {
    SeenRejected copy{offset, r.arrived.ms,          std::string(r.reason),
                      {},     std::string(r.source), std::string(r.original)};
    for (const auto& [name, value] : r.headers) copy.headers.emplace_back(name, value);
    seen.push_back(std::move(copy));
    return true;
  });
  return seen;
}

inline std::string value_of(Offset offset, std::size_t bytes = 40) {
  std::string value = "{\"id\":\"" + std::to_string(offset) + "\"}";
  value.resize(std::max(bytes, value.size()), ' ');
  return value;
}

// `count` records that will get the offsets from `first` on.
inline Batch batch_of(Offset first, int count, std::size_t bytes = 40) {
  Batch batch;
  for (int i = 0; i < count; ++i) {
    batch.append("account-" + std::to_string((first + i) % 7), value_of(first + i, bytes));
  }
  return batch;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace tocsin
