#include "projections/rows/table.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "projections/rows/keys.h"
#include "projections/rows/time_slice.h"

// Hooks of RocksDB's own tests, which only a build with assertions has.
namespace rocksdb {
class SyncPoint {
 public:
  __attribute__((weak)) static SyncPoint* GetInstance();
};
}  // namespace rocksdb

namespace tocsin {
namespace {

constexpr int kWriteBuffers = 4;
constexpr int kBackgroundJobs = 2;
// Sorted runs of like size are merged, eight at once: a row is written anew twice until there are
// millions, where four at once took three times, and levels ten times as large as the one above ten
// (docs/adr/0219). Who reads asks some more runs for it.
constexpr int kLevels = 40;  // a run each
constexpr int kRunsBeforeMerge = 12;
constexpr int kMergeWidth = 8;
constexpr unsigned kSizeRatio = 10;       // % by which the next run may be larger
constexpr unsigned kAmplification = 300;  // % of the oldest run that the others may hold
constexpr int kRunsBeforeSlower = 40;
constexpr int kRunsBeforeStop = 60;
constexpr double kFilterBitsPerKey = 12;
constexpr int kCacheShardBits = 2;  // few threads read
constexpr std::uint64_t kBytesPerSync = 1u << 20;
// A file in whose window of this many rows that many are removals is compacted soon: queues (dues,
// clocks) are read from their front, where the removals lie.
constexpr std::size_t kRemovalWindowRows = 10'000;
constexpr std::size_t kRemovalsMax = 5'000;
// Kept free beside what is still in memory: RocksDB does not survive every write that finds no
// room.
constexpr std::uint64_t kSpareDiskBytes = 8u << 20;
constexpr std::uint64_t kPacking = 2;  // rows in memory take at least so much more than on disk
// A write of so many bytes becomes a file of its own: sorted as it is, it would gain nothing in
// memory but a second way through it. Smaller ones would make many small files.
constexpr std::size_t kFileBytes = 8u << 20;
constexpr std::size_t kRowsAhead = 8;  // asked for before they are written: they lie scattered
constexpr const char* kIncomingFile = "incoming";
constexpr const char* kDamagedFile = "damaged";  // what was read last made no sense

rocksdb::Slice slice(std::string_view v) { return {v.data(), v.size()}; }

void check(const rocksdb::Status& status, const char* what) {
  if (!status.ok()) {
    throw std::runtime_error(std::string("the store failed to ") + what + ": " + status.ToString());
  }
}

// Filters hold whole keys, of the families whose rows are sought before they are known to be there,
// and so are small enough to be kept in memory whole: 1.5 bytes a row. To RocksDB those are
// prefixes.
class SoughtKeys final : public rocksdb::SliceTransform {
 public:
  // Another name when other families are sought: filters made by the old one are not asked then.
  const char* Name() const override { return "tocsin.SoughtKeys.2"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return key; }
  bool InDomain(const rocksdb::Slice& key) const override {
    const std::string_view whole(key.data(), key.size());
    const FamilySpec* const family = family_of_key(whole, kKeyPrefixBytes);
    return family != nullptr && family->sought && whole.size() > kKeyPrefixBytes;
  }
};

rocksdb::Options rocksdb_options(const TableOptions& options) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes, kCacheShardBits);
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  blocks.block_size = 16 << 10;
  blocks.whole_key_filtering = false;
  // Indexes in pieces: a whole one is megabytes, finds no place in a part of the cache, and would
  // be read and checked for every question.
  blocks.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  blocks.format_version = 5;

  rocksdb::Options o;
  o.create_if_missing = true;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  o.write_buffer_size = options.write_buffer_bytes;
  o.max_write_buffer_number = kWriteBuffers;
  o.max_background_jobs = kBackgroundJobs;
  o.prefix_extractor = std::make_shared<SoughtKeys>();
  o.memtable_prefix_bloom_size_ratio = 0.05;
  o.compression = rocksdb::kLZ4Compression;
  // Writes come sorted: within a family each row is sought from where the last one went.
  o.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(kKeyPrefixBytes));
  o.compaction_style = rocksdb::kCompactionStyleUniversal;
  o.num_levels = kLevels;
  o.level0_file_num_compaction_trigger = kRunsBeforeMerge;
  o.level0_slowdown_writes_trigger = kRunsBeforeSlower;
  o.level0_stop_writes_trigger = kRunsBeforeStop;
  o.compaction_options_universal.min_merge_width = kMergeWidth;
  o.compaction_options_universal.size_ratio = kSizeRatio;
  o.compaction_options_universal.max_size_amplification_percent = kAmplification;
  o.bytes_per_sync = kBytesPerSync;
  o.allow_concurrent_memtable_write = false;  // there is one writer
  o.avoid_flush_during_shutdown = true;       // ~Table flushes when there is room
  o.info_log_level = rocksdb::WARN_LEVEL;
  o.keep_log_file_num = 4;
  o.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(kRemovalWindowRows, kRemovalsMax));
  return o;
}

}  // namespace

std::string rocksdb_build() {
  const bool assertions = &rocksdb::SyncPoint::GetInstance != nullptr;
  return rocksdb::GetRocksVersionAsString() + (assertions ? " with assertions" : "");
}

std::uint64_t free_bytes_of_disk(const std::filesystem::path& directory) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  return error ? UINT64_MAX : space.available;
}

struct Table::Impl {
  std::unique_ptr<rocksdb::DB> db;
  std::filesystem::path directory;
  decltype(TableOptions::free_bytes) free_bytes;
  mutable std::atomic<bool> damaged = false;

  // Of a read. Damage is remembered beyond the end of the process.
  void check_read(const rocksdb::Status& status) const {
    if (status.IsCorruption()) {
      damaged = true;
      std::ofstream(directory / kDamagedFile) << status.ToString() << '\n';
      throw DamagedTable("the store is damaged: " + status.ToString());
    }
    check(status, "read");
  }

  void write_in_memory(const std::vector<Write>& writes, std::size_t bytes);
  void write_as_file(const std::vector<Write>& writes);

  // Whether all that is in memory can be written out, and `more`.
  bool has_room(std::uint64_t more) const {
    std::uint64_t in_memory = 0;
    db->GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &in_memory);
    return free_bytes(directory) >= in_memory / kPacking + more + kSpareDiskBytes;
  }
};

struct TableSnapshot::Impl {
  std::shared_ptr<const Table> table;  // outlives the snapshot
  rocksdb::DB* db;
  const rocksdb::Snapshot* snapshot;
  ~Impl() { db->ReleaseSnapshot(snapshot); }
  rocksdb::ReadOptions options() const {
    rocksdb::ReadOptions o;
    o.snapshot = snapshot;
    o.total_order_seek = true;
    return o;
  }
};

struct RowCursor::Impl {
  const Table::Impl* table;
  std::string upper;
  rocksdb::Slice upper_slice;
  std::unique_ptr<rocksdb::Iterator> rows;
};

RowCursor::RowCursor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowCursor::RowCursor(RowCursor&&) noexcept = default;
RowCursor::~RowCursor() = default;
void RowCursor::seek(std::string_view key) { impl_->rows->Seek(slice(key)); }
bool RowCursor::valid() const {
  if (impl_->rows->Valid()) return true;
  impl_->table->check_read(impl_->rows->status());
  return false;
}
void RowCursor::next() { impl_->rows->Next(); }
std::string_view RowCursor::key() const { return impl_->rows->key().ToStringView(); }
std::string_view RowCursor::value() const { return impl_->rows->value().ToStringView(); }
void RowCursor::seek_before(std::string_view key) {
  impl_->rows->SeekForPrev(slice(key));
  if (impl_->rows->Valid() && impl_->rows->key() == slice(key)) impl_->rows->Prev();
}
void RowCursor::previous() { impl_->rows->Prev(); }

TableSnapshot::TableSnapshot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableSnapshot::~TableSnapshot() = default;

std::optional<std::string> TableSnapshot::get(std::string_view key) const {
  std::string value;
  const rocksdb::Status status = impl_->db->Get(impl_->options(), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  impl_->table->impl_->check_read(status);
  return value;
}

RowCursor TableSnapshot::rows(std::string_view from, std::string_view to) const {
  return walk(from, to, true);
}

RowCursor TableSnapshot::sweep(std::string_view from, std::string_view to) const {
  return walk(from, to, false);
}

RowCursor TableSnapshot::walk(std::string_view from, std::string_view to, bool keep) const {
  auto cursor = std::make_unique<RowCursor::Impl>();
  cursor->table = impl_->table->impl_.get();
  cursor->upper = to;
  cursor->upper_slice = cursor->upper;
  rocksdb::ReadOptions options = impl_->options();
  options.fill_cache = keep;
  options.iterate_upper_bound = &cursor->upper_slice;
  cursor->rows.reset(impl_->db->NewIterator(options));
  cursor->rows->Seek(slice(from));
  return RowCursor(std::move(cursor));
}

Table::Table(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::shared_ptr<Table> Table::open(const std::filesystem::path& directory,
                                   const TableOptions& options) {
  std::filesystem::create_directories(directory);
  if (std::filesystem::exists(directory / kDamagedFile))
    throw DamagedTable("the store was found damaged");
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  // By a thread of its own, from which RocksDB's inherit their slices and their share.
  std::thread([&] {
    ask_for_time_slice(kLongSlice);
    give_way(kMergingNice);
    status = rocksdb::DB::Open(rocksdb_options(options), directory.string(), &db);
  }).join();
  if (status.IsCorruption()) throw DamagedTable("the store failed to open: " + status.ToString());
  check(status, "open");
  auto impl = std::make_unique<Impl>();
  impl->db.reset(db);
  impl->directory = directory;
  impl->free_bytes = options.free_bytes;
  return std::shared_ptr<Table>(new Table(std::move(impl)));
}

Table::~Table() {
  rocksdb::FlushOptions options;
  if (impl_->has_room(0))
    impl_->db->Flush(options);  // a failure costs a longer replay, nothing else
  impl_->db->Close();
}

std::optional<std::string> Table::get(std::string_view key) const {
  std::string value;
  const rocksdb::Status status = impl_->db->Get(rocksdb::ReadOptions(), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  impl_->check_read(status);
  return value;
}

void Table::write(const std::vector<Write>& writes) {
  constexpr std::size_t kRowBytes = 16;  // beside key and value
  std::size_t bytes = 0;
  for (const Write& w : writes) bytes += kRowBytes + w.key.size() + (w.value ? w.value->size() : 0);
  if (!impl_->has_room(bytes)) throw std::runtime_error("the store finds no room on the disk");
  if (bytes < kFileBytes) return impl_->write_in_memory(writes, bytes);
  impl_->write_as_file(writes);
}

void Table::Impl::write_in_memory(const std::vector<Write>& writes, std::size_t bytes) {
  rocksdb::WriteBatch batch(bytes);
  for (const Write& w : writes) {
    check(w.value ? batch.Put(slice(w.key), slice(*w.value)) : batch.Delete(slice(w.key)), "write");
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  check(db->Write(options, &batch), "write");
}

void prefetch(const Write& row) {
  __builtin_prefetch(row.key.data());
  if (row.value) __builtin_prefetch(row.value->data());
}

// Takes its place atomically and behind all that is in memory: every write has the offsets' rows,
// so what is in memory overlaps it and becomes a file before it.
void Table::Impl::write_as_file(const std::vector<Write>& writes) {
  const std::string path = (directory / kIncomingFile).string();
  // RocksDB gives the file a second name before it takes this one away. After a crash in between
  // it is a file of the store, and writing into it would destroy what stands there.
  std::filesystem::remove(path);
  try {
    rocksdb::SstFileWriter file(rocksdb::EnvOptions(), db->GetOptions());
    check(file.Open(path), "write");
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (i + kRowsAhead < writes.size()) prefetch(writes[i + kRowsAhead]);
      const Write& w = writes[i];
      check(w.value ? file.Put(slice(w.key), slice(*w.value)) : file.Delete(slice(w.key)), "write");
    }
    check(file.Finish(), "write");
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.write_global_seqno = false;
    check(db->IngestExternalFile({path}, options), "write");
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    throw;
  }
}

void Table::flush() {
  if (!impl_->has_room(0)) throw std::runtime_error("the store finds no room on the disk");
  check(impl_->db->Flush(rocksdb::FlushOptions()), "flush");
}

void Table::begin_flush() {
  if (!impl_->has_room(0)) return;
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;  // does not wait for room in the first level either
  impl_->db->Flush(options);         // a failure costs a longer replay, nothing else
}

bool Table::damaged() const { return impl_->damaged; }

bool Table::resume() { return impl_->db->Resume().ok(); }

std::shared_ptr<const TableSnapshot> Table::snapshot() const {
  auto impl = std::make_unique<TableSnapshot::Impl>();
  impl->table = shared_from_this();
  impl->db = impl_->db.get();
  impl->snapshot = impl_->db->GetSnapshot();
  return std::shared_ptr<const TableSnapshot>(new TableSnapshot(std::move(impl)));
}

std::uint64_t Table::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  impl_->db->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  return bytes;
}

void Table::compact() {
  flush();
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  check(impl_->db->CompactRange(options, nullptr, nullptr), "compact");
}

}  // namespace tocsin
