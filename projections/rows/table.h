// One RocksDB database as an ordered map of byte strings with snapshots: the only place that knows
// RocksDB.
//
// Promises: a write is applied whole or not at all. The write-ahead log is off: after a crash the
// last writes may be missing, but never a write without all those before it (one column family,
// memtables flushed in order; docs/adr/0031). `flush` and the destructor make everything written
// durable.
//
// Errors: std::runtime_error with RocksDB's words. A table in which something was read that makes
// no sense refuses to be opened again (DamagedTable). Threads: any; one writer at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// What was read makes no sense. Of `open` and of everything that reads.
struct DamagedTable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// UINT64_MAX where the system does not say.
std::uint64_t free_bytes_of_disk(const std::filesystem::path& directory);

struct TableOptions {
  std::size_t block_cache_bytes = 128u << 20;
  // RocksDB keeps up to four buffers of this size before writers wait for the disk; what they hold
  // is replayed from the log after a crash.
  std::size_t write_buffer_bytes = 64u << 20;
  // Bytes free on the directory's disk; a write that would not fit is refused before it is tried.
  std::function<std::uint64_t(const std::filesystem::path&)> free_bytes = &free_bytes_of_disk;
};

struct Write {
  std::string_view key;
  std::optional<std::string_view> value;  // empty: remove the key
};

// Which RocksDB this is, and whether it was built with assertions: "7.8.3", "7.8.3 with assertions".
std::string rocksdb_build();

class Table;

// Walks rows in key order. Not thread safe. Holds what it reads, so it should not live long.
class RowCursor {
 public:
  RowCursor(RowCursor&&) noexcept;
  ~RowCursor();
  void seek(std::string_view key);
  bool valid() const;  // throws when the disk failed
  void next();
  std::string_view key() const;
  std::string_view value() const;
  // From valid or not: to the last row before `key`.
  void seek_before(std::string_view key);
  void previous();

 private:
  friend class TableSnapshot;
  struct Impl;
  explicit RowCursor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The table as it was at one moment. Any thread.
class TableSnapshot {
 public:
  ~TableSnapshot();
  std::optional<std::string> get(std::string_view key) const;
  // Rows with from ≤ key < to.
  RowCursor rows(std::string_view from, std::string_view to) const;
  // The same, of many rows that nobody reads again soon: past the cache.
  RowCursor sweep(std::string_view from, std::string_view to) const;

 private:
  friend class Table;
  struct Impl;
  RowCursor walk(std::string_view from, std::string_view to, bool keep) const;
  explicit TableSnapshot(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Table : public std::enable_shared_from_this<Table> {
 public:
  // Throws DamagedTable when it cannot be read any more.
  static std::shared_ptr<Table> open(const std::filesystem::path& directory,
                                     const TableOptions& options);
  ~Table();

  std::optional<std::string> get(std::string_view key) const;
  // Keys in ascending order are several times cheaper than others.
  void write(const std::vector<Write>& writes);
  void flush();
  // The same without waiting for it; does nothing when there is no room on the disk.
  void begin_flush();
  // Something was read that makes no sense.
  bool damaged() const;
  // After a write failed: true when the cause is gone and writing may be tried again.
  bool resume();
  std::shared_ptr<const TableSnapshot> snapshot() const;
  std::uint64_t bytes_on_disk() const;
  // Merges all levels; for measurements.
  void compact();

 private:
  friend class RowCursor;
  friend class TableSnapshot;
  struct Impl;
  explicit Table(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
