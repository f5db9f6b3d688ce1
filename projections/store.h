// The projections of this node: the state of every entity and account, the index of dues, what was
// seen, and all views, in one RocksDB database, written behind the log.
//
// The log is the truth; this is a cache of its meaning. The engine's thread hands over what a batch
// changed (`apply`), already durable in the log; a background thread turns many such batches into
// one sorted write that carries the offset up to which the log is now applied. After a crash the
// rows and that offset are those of some earlier moment, together, and the log from there is
// applied again. A store in another format, or none, begins at offset 0: everything is made anew
// from the log.
//
// Promises
//  1. Rows and `applied` always agree: a batch is in all rows or in none.
//  2. load_*, seen and due rows include everything applied before the call, written or not.
//  3. Views (ReadView) are those of one moment, and say of which offset. `refresh` makes that moment
//     include everything applied so far.
//  4. Applying the same batches gives the same rows, however they were grouped into writes:
//  `hashes`.
//  5. Memory for what is not yet written is bounded by pending_bytes_max (beside the last batch,
//  and the rows that are made of write_bytes_max of it); at the bound `apply` waits.
//
// The caller applies each partition's batches in order, without gaps, beginning at `applied`.
//
// Threads: `apply` from any one thread a partition, and `load_entity` too; everything else from any
// thread.
// Cost: apply about 3 µs an entity; writing behind some 10 µs an entity changed, on the other
// thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log_port.h"
#include "events/hash.h"
#include "events/time.h"
#include "projections/rows/applied_batch.h"
#include "projections/rows/keys.h"
#include "projections/rows/projection.h"
#include "projections/rows/read_view.h"
#include "projections/rows/subjects.h"
#include "projections/rows/table.h"
#include "projections/write/sought_rows.h"

namespace tocsin {

struct StoreOptions {
  TableOptions table;
  SoughtOptions sought;
  // Whether timelines hold the records themselves. False: queries fetch them from the log by
  // offset, which suits a log on the same disk and halves the bytes written.
  bool keep_records = true;
  // A store in another format, or a damaged one, is removed and begun anew, for a caller that reads
  // the log again.
  bool remove_unusable = false;
  // What waits is applied again after a crash.
  std::size_t pending_bytes_max = 256u << 20;
  // A write is begun when so much waits, or something waits for so long (ten times as long when it
  // is more than `little_bytes`), or a reader asks.
  std::size_t write_bytes = 16u << 20;
  std::size_t write_bytes_max = 64u << 20;  // that one write holds, and its last batch
  std::size_t little_bytes = 1u << 20;
  std::size_t busy_bytes = 16u << 20;  // while so much waits it is `busy`
  Duration write_interval = milliseconds(50);
  // What is written is made durable after so long at the latest, so that little is applied again
  // after a crash; sooner when nothing comes for kQuietMs, or when a buffer is full.
  Duration durable_interval = seconds(5);
  // While it is held back a write is begun only when so much waits (three eighths of
  // pending_bytes_max at most), or something waits for so long, or a reader asks.
  std::size_t held_bytes_max = 512u << 20;
  Duration held_interval = seconds(10);
};

// What a room needs of a store; another one stands in its place where a test makes disks fail.
class StorePort {
 public:
  // Calls sink(due, entity) for every entity with from ≤ next_due < to, in order of due, until it
  // returns false. Rows before the remembered low-water key are known to be gone and are not
  // walked.
  using DueSink = tocsin::DueSink;

  virtual ~StorePort() = default;
  // Whether timelines hold the records themselves; else only those that views are made from
  // (is_read_by_views) need to be handed over.
  virtual bool keeps_records() const = 0;
  // The offset after the last applied record as readers see it; 0 for an unknown partition.
  virtual Offset applied(PartitionId partition) const = 0;
  // Takes the batches over: all of them come to be in the rows, or none. Of an entity that several change
  // the last counts. Throws std::logic_error when one goes back behind what was applied.
  virtual void apply_as_one(std::vector<AppliedBatch> batches) = 0;
  // It has enough to write, and nobody asks for more: what can be kept back may be.
  virtual bool busy() const { return false; }
  // Records up to `next` are in the log and come with a later batch; who asks for one of the subjects
  // is told before.
  virtual void foresee(PartitionId, Offset /*next*/, const std::vector<SubjectRow>& /*subjects*/) {}
  // What was handed over counts, written or not.
  virtual std::optional<std::string> load_entity(PartitionId partition,
                                                 const EntityName& entity) const = 0;
  virtual std::optional<std::string> load_account(PartitionId partition,
                                                  std::string_view account) const = 0;
  virtual std::optional<std::uint64_t> seen(PartitionId partition, std::string_view account,
                                            const Hash128& identity) const = 0;
  virtual void scan_due(PartitionId partition, Instant from, Instant to,
                        const DueSink& sink) const = 0;
  // Calls `visit` for every entity of a partition that was handed over, in order of its key.
  using EntitySink = std::function<void(const EntityKey&)>;
  virtual void each_entity(PartitionId partition, const EntitySink& visit) const = 0;
  virtual std::size_t waiting_bytes() const = 0;  // to be written
  // Writing waits, within bounds, while something more pressing wants the processor: a burst of dues is
  // told first and shown afterwards, from views that are the older for it.
  virtual void hold_back(bool) {}
  // What keeps the store from writing (a full disk), in words; empty when all is well. Writing is
  // tried again every kRetryMs.
  virtual std::string problem() const = 0;
  // Something was read that makes no sense, by whomever; that threw DamagedTable. The store is made
  // anew when it is opened the next time with `remove_unusable`.
  virtual bool damaged() const = 0;
  // There is a problem, and `apply` may soon have to wait for its end.
  virtual bool blocked() const = 0;
  // Half of what may wait to be written does. What can wait should, so that `apply` need not.
  virtual bool crowded() const = 0;
  // Waits until at most so many bytes wait to be written, at most `timeout`.
  virtual bool wait_for_writing(std::size_t bytes, Duration timeout) const = 0;
};

class Store final : public StorePort {
 public:
  // Throws std::runtime_error when the database cannot be opened.
  static std::unique_ptr<Store> open(const std::filesystem::path& directory,
                                     const StoreOptions& options = {});
  // Writes what is pending and makes it durable.
  ~Store() override;

  bool keeps_records() const override;
  Offset applied(PartitionId partition) const override;
  void apply(AppliedBatch batch);  // by itself
  void apply_as_one(std::vector<AppliedBatch> batches) override;
  bool busy() const override;
  void foresee(PartitionId partition, Offset next,
               const std::vector<SubjectRow>& subjects) override;
  std::optional<std::string> load_entity(PartitionId partition,
                                         const EntityName& entity) const override;
  std::optional<std::string> load_account(PartitionId partition,
                                          std::string_view account) const override;
  std::optional<std::uint64_t> seen(PartitionId partition, std::string_view account,
                                    const Hash128& identity) const override;
  // Where a CRM's subject was seen last, in whatever partition.
  std::optional<std::string> subject_account(const Hash128& subject) const;
  void scan_due(PartitionId partition, Instant from, Instant to,
                const DueSink& sink) const override;
  // Waits until what was handed over is written, at most kEveryWait.
  static constexpr Duration kEveryWait = seconds(60);
  void each_entity(PartitionId partition, const EntitySink& visit) const override;

  // The views as last written.
  ReadView view() const;
  // Waits until views include everything applied or foreseen before the call, at most `timeout`; not at all
  // when more than `bytes_max` wait to be written, or anything is foreseen where that is less than
  // everything. False: not yet.
  static constexpr std::size_t kEverything = SIZE_MAX;
  bool refresh(Duration timeout, std::size_t bytes_max = kEverything) const;
  // Somebody waits for the newest views and asks again: for the next kWantedMs nothing is held back, and
  // the store is not `busy`.
  void want();
  static constexpr int kWantedMs = 200;
  // Waits until `applied(partition)` ≥ `offset`, at most `timeout`.
  bool wait_applied(PartitionId partition, Offset offset, Duration timeout) const;

  // Makes everything applied so far survive a crash.
  void flush();

  // One sum over the rows of each family, independent of their order, without the store's own
  // bookkeeping. Two stores with the same batches have the same.
  struct FamilyHash {
    std::uint64_t rows = 0, hash = 0;
    friend bool operator==(const FamilyHash&, const FamilyHash&) = default;
  };
  std::map<Family, FamilyHash> hashes() const;

  std::string problem() const override;
  bool damaged() const override;
  bool blocked() const override;
  bool crowded() const override;
  std::size_t waiting_bytes() const override;
  void hold_back(bool held) override;
  // How long what is not in the views yet has waited; zero when all is there.
  Duration views_age() const;
  bool wait_for_writing(std::size_t bytes, Duration timeout) const override;
  std::uint64_t bytes_on_disk() const;
  // Of the filter of what may be there; whether it knows all rows yet.
  std::size_t sought_bytes() const;
  bool sought_filled() const;
  void compact();

  static constexpr int kRetryMs = 500;
  static constexpr int kQuietMs = 1000;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Puts the store made in `scratch` into the place of the one in `directory`. Both must be closed. A
// crash in between leaves an empty place, which the log fills again.
void replace_store(const std::filesystem::path& scratch, const std::filesystem::path& directory);

}  // namespace tocsin
