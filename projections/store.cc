#include "projections/store.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <thread>
#include <utility>

#include "events/bytes.h"
#include "events/mutex.h"
#include "projections/rows/time_slice.h"
#include "projections/write/foreseen.h"
#include "projections/write/pending.h"
#include "projections/write/unwritten_dues.h"
#include "projections/write/write_behind.h"

namespace tocsin {
namespace {

using Clock = std::chrono::steady_clock;

// Rows of another format are not read but made anew.
constexpr std::int64_t kStoreFormat = 17;
// When much waits, more is waited for, so many intervals in all: larger writes cost less.
constexpr int kPatience = 10;
constexpr std::size_t kRecentBytes = 16u << 20;
constexpr PartitionId kNoPartition = -1;  // sorts behind all others

std::string format_key() { return Key(kNoPartition, Family::kMeta).text("format").take(); }

Clock::time_point deadline(Duration timeout) {
  return Clock::now() + std::chrono::milliseconds(timeout.ms);
}

bool holds_this_format(const Table& table) {
  const std::optional<std::string> format = table.get(format_key());
  return format && ByteReader(*format).signed_int() == kStoreFormat;
}

std::shared_ptr<Table> open_table(const std::filesystem::path& directory,
                                  const StoreOptions& options) {
  std::shared_ptr<Table> table = Table::open(directory, options.table);
  if (holds_this_format(*table)) return table;
  const bool fresh = !table->snapshot()->rows("", "\xff\xff\xff\xff\xff").valid();
  if (!fresh) {
    if (!options.remove_unusable)
      throw std::runtime_error(directory.string() +
                               " holds a store of another format; it can be removed and is then "
                               "made anew from the log");
    table.reset();
    std::filesystem::remove_all(directory);
    return open_table(directory, options);
  }
  std::string value;
  put_signed(value, kStoreFormat);
  table->write({{format_key(), value}});
  return table;
}

}  // namespace

class Store::Impl {
 public:
  Impl(const std::filesystem::path& directory, const StoreOptions& options)
      : options_(options), table_(open_table(directory, options)) {
    read_bookkeeping();
    publish(table_->snapshot(), 0);
    sought_ = std::make_unique<SoughtRows>(table_->snapshot(), view().partitions(), options.sought);
    writer_ = std::thread([this] {
      ask_for_time_slice(kLongSlice);
      write_until_stopped();
    });
  }

  ~Impl() {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    writer_.join();
  }

  bool keeps_records() const { return options_.keep_records; }

  Offset applied(PartitionId partition) const { return offset_in(view().applied(), partition); }

  bool wait_for_writing(std::size_t bytes, Duration timeout) const {
    MutexLock lock(mutex_);
    return wait_for_write(lock, deadline(timeout), [&] { return waiting_bytes_ <= bytes; });
  }

  void apply_as_one(std::vector<AppliedBatch> batches) {
    for (AppliedBatch& batch : batches) sought_->add(batch);
    MutexLock lock(mutex_);
    wait_for_room(lock);
    const bool first = active_->empty();
    if (first) oldest_ = Clock::now();
    for (AppliedBatch& batch : batches) {
      if (batch.next < handed_over_[batch.partition]) {
        throw std::logic_error("a batch goes back behind what was applied");
      }
      handed_over_[batch.partition] = batch.next;
      foreseen_.came(batch);
      active_->add(std::move(batch));
    }
    ++generation_;
    if (first || active_->bytes() >= options_.write_bytes || waiters_ > 0) work_.notify_all();
    if (active_->bytes() >= options_.write_bytes_max) {
      full_.push_back({std::move(active_), generation_, oldest_});
      active_ = take_spare();
    }
    count_waiting();
  }

  bool busy() const {
    const MutexLock lock(mutex_);
    return asking_ == 0 && !is_wanted() && (held_ || waiting_bytes_ >= options_.busy_bytes);
  }

  bool is_wanted() const REQUIRES(mutex_) { return Clock::now() < wanted_until_; }

  void want() {
    const MutexLock lock(mutex_);
    wanted_until_ = Clock::now() + std::chrono::milliseconds(kWantedMs);
    work_.notify_all();
  }

  void foresee(PartitionId partition, Offset next, const std::vector<SubjectRow>& subjects) {
    const MutexLock lock(mutex_);
    foreseen_.add(partition, next, subjects);
  }

  template <typename Find>
  auto find_pending(Find find) const -> decltype(find(std::declval<const Pending&>())) {
    const MutexLock lock(mutex_);
    if (auto found = find(*active_)) return found;
    for (auto full = full_.rbegin(); full != full_.rend(); ++full) {
      if (auto found = find(*full->pending)) return found;
    }
    if (writing_) return find(*writing_);
    return std::nullopt;
  }

  std::optional<std::string> load_entity(PartitionId partition, const EntityName& entity) const {
    if (!sought_->may_hold(partition, entity)) return std::nullopt;
    const Key key = Key(partition, Family::kEntity).entity(entity);
    const auto pending = find_pending([&](const Pending& p) -> std::optional<std::string> {
      const auto found = p.entities().find(key.bytes());
      if (found == p.entities().end() || !found->second.changed()) return std::nullopt;
      return std::string(found->second.state);
    });
    if (pending) return pending;
    const std::optional<std::string> row = table_->get(key.bytes());
    if (!row) return std::nullopt;
    const EntityRow parts = split_entity_row(*row);
    if (!is_known(parts.projection)) return std::nullopt;
    return std::string(parts.state);
  }

  std::optional<std::string> load_account(PartitionId partition, std::string_view account) const {
    const Key key = Key(partition, Family::kAccount).text(account);
    auto pending = find_pending([&](const Pending& p) -> std::optional<std::string> {
      const auto found = p.accounts().find(key.bytes());
      if (found == p.accounts().end()) return std::nullopt;
      return std::string(found->second);
    });
    if (!pending) return table_->get(key.bytes());
    return pending->empty() ? std::nullopt : pending;
  }

  std::optional<std::uint64_t> seen(PartitionId partition, std::string_view account,
                                    const Hash128& identity) const {
    if (!sought_->may_hold(identity)) return std::nullopt;
    const Key key = Key(partition, Family::kSeen).text(account).hash(identity);
    const auto pending = find_pending([&](const Pending& p) -> std::optional<std::uint64_t> {
      const auto found = p.seen().find(key.bytes());
      if (found == p.seen().end()) return std::nullopt;
      return found->second;
    });
    if (pending) return pending;
    const std::optional<std::string> row = table_->get(key.bytes());
    if (!row) return std::nullopt;
    return ByteReader(*row).unsigned_int();
  }

  std::optional<std::string> subject_account(const Hash128& subject) const {
    std::optional<SubjectRow> latest;
    for (const PartitionId partition : view().partitions()) {
      const Key key = Key(partition, Family::kSubject).hash(subject);
      auto row = find_pending([&](const Pending& p) -> std::optional<std::string> {
        const auto found = p.subjects().find(key.bytes());
        if (found == p.subjects().end()) return std::nullopt;
        return std::string(found->second);
      });
      if (!row) row = table_->get(key.bytes());
      if (!row) continue;
      SubjectRow read = decode_subject(*row);
      if (!latest || read.recorded > latest->recorded) latest = std::move(read);
    }
    const MutexLock lock(mutex_);
    auto soon = foreseen_.subject(subject);
    if (soon && (!latest || soon->recorded > latest->recorded)) latest = std::move(soon);
    if (!latest) return std::nullopt;
    return std::move(latest->account);
  }

  void scan_due(PartitionId partition, Instant from, Instant to, const DueSink& sink) const {
    UnwrittenDues unwritten(partition, from, to);
    MutexLock lock(mutex_);
    if (writing_) unwritten.add(*writing_);
    for (const Full& full : full_) unwritten.add(*full.pending);
    unwritten.add(*active_);
    const ReadView view = this->view();
    lock.unlock();
    unwritten.walk(view, sink);
  }

  // Takes no lock under which changes are taken over: a question does not wait for those.
  ReadView view() const {
    const MutexLock lock(view_mutex_);
    return *view_;
  }

  bool refresh(Duration timeout, std::size_t bytes_max) const {
    if (waiting_bytes_ > bytes_max) return false;
    MutexLock lock(mutex_);
    if (waiting_bytes_ > bytes_max) return false;
    if (bytes_max < kEverything && foreseen_.any()) return false;
    const std::uint64_t target = generation_;
    const std::map<PartitionId, Offset> to = foreseen_.ends();
    return wait_for_write(lock, deadline(timeout), [&]() REQUIRES(mutex_) {
      return written_generation_ >= target &&
             std::all_of(to.begin(), to.end(), [&](const auto& p) REQUIRES(mutex_) {
               return offset_in(written_to_, p.first) >= p.second;
             });
    });
  }

  bool wait_applied(PartitionId partition, Offset offset, Duration timeout) const {
    MutexLock lock(mutex_);
    return wait_for_write(lock, deadline(timeout), [&]() REQUIRES(mutex_) {
      return offset_in(written_to_, partition) >= offset;
    });
  }

  void flush() {
    constexpr Duration kLong = hours(1);
    if (!refresh(kLong, kEverything))
      throw std::runtime_error("the store does not write: " + problem());
    table_->flush();
  }

  std::string problem() const {
    const MutexLock lock(mutex_);
    return problem_;
  }

  bool blocked() const {
    const MutexLock lock(mutex_);
    return !problem_.empty() && crowded();
  }

  bool damaged() const { return table_->damaged(); }

  void hold_back(bool held) {
    const MutexLock lock(mutex_);
    if (std::exchange(held_, held) && !held) work_.notify_all();
  }

  Duration views_age() const {
    const MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    const bool waits = writing_ || !full_.empty() || !active_->empty();
    const auto since =
        std::min(waits ? waiting_since() : now, foreseen_.any() ? foreseen_.since() : now);
    return milliseconds(std::chrono::duration_cast<std::chrono::milliseconds>(now - since).count());
  }

  bool crowded() const { return waiting_bytes_ > options_.pending_bytes_max / 2; }

  std::size_t waiting_bytes() const { return waiting_bytes_; }

  Table& table() { return *table_; }
  const SoughtRows& sought() const { return *sought_; }

 private:
  static Offset offset_in(const std::map<PartitionId, Offset>& offsets, PartitionId partition) {
    const auto found = offsets.find(partition);
    return found == offsets.end() ? 0 : found->second;
  }

  void read_bookkeeping() REQUIRES(mutex_) {
    const auto snapshot = table_->snapshot();
    RowCursor rows = snapshot->rows("", format_key());
    // From one partition's bookkeeping to the next, past everything else.
    while (rows.valid()) {
      const PartitionId partition = KeyReader(rows.key()).partition();
      const std::string meta = Key(partition, Family::kMeta).take();
      for (rows.seek(meta); rows.valid() && rows.key().starts_with(meta); rows.next()) {
        std::string prefix;
        if (is_applied_key(rows.key())) {
          handed_over_[partition] = written_to_[partition] = ByteReader(rows.value()).signed_int();
        } else if (is_low_water_key(rows.key(), prefix)) {
          low_water_[prefix] = rows.value();
        }
      }
      rows.seek(after_prefix(meta.substr(0, 4)));
    }
  }

  void publish(std::shared_ptr<const TableSnapshot> snapshot, std::uint64_t generation)
      REQUIRES(mutex_) {
    std::optional<ReadView> next(std::in_place, std::move(snapshot),
                                 std::make_shared<const LowWater>(low_water_), written_to_);
    {
      const MutexLock lock(view_mutex_);
      view_.swap(next);
    }
    written_generation_ = generation;
  }

  void count_waiting() REQUIRES(mutex_) {
    std::size_t bytes = active_->bytes() + (writing_ ? writing_->bytes() : 0);
    for (const Full& full : full_) bytes += full.pending->bytes();
    waiting_bytes_ = bytes;
  }

  std::unique_ptr<Pending> take_spare() REQUIRES(mutex_) {
    if (spare_) return std::move(spare_);
    return std::make_unique<Pending>();
  }

  // Sets `writing_` to what waits longest; says of which generation it is.
  std::uint64_t take_oldest() REQUIRES(mutex_) {
    if (full_.empty()) {
      writing_ = std::move(active_);
      writing_oldest_ = oldest_;
      active_ = take_spare();
      return generation_;
    }
    const std::uint64_t generation = full_.front().generation;
    writing_ = std::move(full_.front().pending);
    writing_oldest_ = full_.front().oldest;
    full_.pop_front();
    return generation;
  }

  void wait_for_room(MutexLock& lock) const REQUIRES(mutex_) {
    if (waiting_bytes_ <= options_.pending_bytes_max) return;
    ++waiters_;
    work_.notify_all();
    written_.wait(lock, [&] { return waiting_bytes_ <= options_.pending_bytes_max; });
    --waiters_;
  }

  template <typename Done>
  bool wait_for_write(MutexLock& lock, Clock::time_point until, Done done) const REQUIRES(mutex_) {
    if (done()) return true;
    ++waiters_;
    ++asking_;
    work_.notify_all();
    const bool reached = written_.wait_until(lock, until, done);
    --waiters_;
    --asking_;
    return reached;
  }

  void write_until_stopped() {
    MutexLock lock(mutex_);
    for (;;) {
      wait_for_work(lock);
      wait_while_held(lock);
      const auto urgent = [&]() REQUIRES(mutex_) {
        return stopping_ || waiters_ > 0 || !full_.empty() ||
               active_->bytes() >= options_.write_bytes;
      };
      const auto interval = std::chrono::milliseconds(options_.write_interval.ms);
      work_.wait_until(lock, oldest_ + interval, urgent);
      if (active_->bytes() > options_.little_bytes)
        work_.wait_until(lock, oldest_ + kPatience * interval, urgent);
      if (active_->empty() && full_.empty()) {
        if (stopping_) return;
        continue;
      }
      const std::uint64_t generation = take_oldest();
      const Pending& pending = *writing_;
      const std::map<PartitionId, Offset> written = written_to_;
      lock.unlock();
      const std::shared_ptr<const TableSnapshot> snapshot = write(pending, written);
      lock.lock();
      if (snapshot == nullptr) return;  // stopped while the disk refuses
      for (const auto& [partition, offset] : writing_->applied()) written_to_[partition] = offset;
      publish(snapshot, generation);
      if (!unflushed_) unflushed_since_ = Clock::now();
      unflushed_ = true;
      spare_ = std::move(writing_);
      spare_->clear();
      count_waiting();
      written_.notify_all();
      const auto interval_max = std::chrono::milliseconds(options_.durable_interval.ms);
      if (Clock::now() >= unflushed_since_ + interval_max) begin_flush();
    }
  }

  // When the first of what waits came.
  Clock::time_point waiting_since() const REQUIRES(mutex_) {
    if (writing_) return writing_oldest_;
    return full_.empty() ? oldest_ : full_.front().oldest;
  }

  void wait_while_held(MutexLock& lock) REQUIRES(mutex_) {
    const std::size_t most = std::min(options_.held_bytes_max, options_.pending_bytes_max / 8 * 3);
    work_.wait_until(lock, waiting_since() + std::chrono::milliseconds(options_.held_interval.ms),
                     [&]() REQUIRES(mutex_) {
                       return !held_ || stopping_ || waiters_ > 0 || is_wanted() ||
                              waiting_bytes_ >= most;
                     });
  }

  void wait_for_work(MutexLock& lock) REQUIRES(mutex_) {
    const auto has_work = [&]() REQUIRES(mutex_) {
      return stopping_ || !active_->empty() || !full_.empty();
    };
    const auto quiet = std::chrono::milliseconds(kQuietMs);
    if (unflushed_ && !work_.wait_for(lock, quiet, has_work)) begin_flush();
    work_.wait(lock, has_work);
  }

  void begin_flush() REQUIRES(mutex_) {
    unflushed_ = false;
    const MutexReleased others_may(mutex_);
    table_->begin_flush();
  }

  // Tries until it succeeds; null when the store is closed before. Without the mutex.
  // `written` changes on this thread alone.
  std::shared_ptr<const TableSnapshot> write(const Pending& pending,
                                             const std::map<PartitionId, Offset>& written) {
    for (;;) {
      try {
        PreparedWrite prepared = prepare_write(pending, *table_, recent_, low_water_, written,
                                               options_.keep_records, rows_arena_);
        table_->write(prepared.rows);
        remember_rows(prepared.rows, recent_);
        low_water_ = std::move(prepared.low_water);
        return finish(prepared.fronts);
      } catch (const std::exception& e) {
        MutexLock lock(mutex_);
        problem_ = e.what();
        if (work_.wait_for(lock, std::chrono::milliseconds(kRetryMs),
                           [&]() REQUIRES(mutex_) { return stopping_; })) {
          return nullptr;
        }
      }
      table_->resume();
    }
  }

  // From here on nothing may fail: the rows are there, and preparing them again would count twice.
  std::shared_ptr<const TableSnapshot> finish(const std::vector<std::string>& fronts) noexcept {
    auto snapshot = table_->snapshot();
    try {
      raise_low_water(fronts, *snapshot, low_water_);
    } catch (const std::exception&) {
      // Keys that are too low cost time and nothing else.
    }
    const MutexLock lock(mutex_);
    problem_.clear();
    return snapshot;
  }

  const StoreOptions options_;
  const std::shared_ptr<Table> table_;
  std::unique_ptr<SoughtRows> sought_;
  LowWater low_water_;               // of the writing thread
  Arena rows_arena_;                 // of the writing thread
  RecentRows recent_{kRecentBytes};  // of the writing thread

  mutable Mutex mutex_;  // guards what follows
  mutable Changed work_, written_;
  struct Full {
    std::unique_ptr<Pending> pending;
    std::uint64_t generation = 0;  // of its last batch
    Clock::time_point oldest;      // of its first
  };
  // What comes in; what came in before, the oldest first; what is written, or null; what was
  // written and is used again, or null.
  std::unique_ptr<Pending> active_ GUARDED_BY(mutex_) = std::make_unique<Pending>();
  std::deque<Full> full_ GUARDED_BY(mutex_);
  std::unique_ptr<Pending> writing_ GUARDED_BY(mutex_), spare_ GUARDED_BY(mutex_);
  Clock::time_point oldest_ GUARDED_BY(mutex_), writing_oldest_
      GUARDED_BY(mutex_);  // of what comes in and of what is written
  bool held_ GUARDED_BY(mutex_) = false;
  Foreseen foreseen_ GUARDED_BY(mutex_);
  std::map<PartitionId, Offset> handed_over_ GUARDED_BY(mutex_), written_to_ GUARDED_BY(mutex_);
  std::uint64_t generation_ GUARDED_BY(mutex_) = 0, written_generation_ GUARDED_BY(mutex_) = 0;
  mutable int waiters_ GUARDED_BY(mutex_) = 0;  // who hands over, too
  mutable int asking_ GUARDED_BY(mutex_) = 0;   // of them who asks
  Clock::time_point wanted_until_ GUARDED_BY(mutex_);
  std::string problem_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool unflushed_ GUARDED_BY(mutex_) = false;  // something was written since the last flush began
  Clock::time_point unflushed_since_ GUARDED_BY(mutex_);

  std::atomic<std::size_t> waiting_bytes_ = 0;  // changed with mutex_ held

  mutable Mutex view_mutex_;  // taken last; guards view_ alone
  std::optional<ReadView> view_ GUARDED_BY(view_mutex_);

  std::thread writer_;
};

std::unique_ptr<Store> Store::open(const std::filesystem::path& directory,
                                   const StoreOptions& options) {
  try {
    return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(directory, options)));
  } catch (const DamagedTable&) {
    if (!options.remove_unusable) throw;
  }
  std::filesystem::remove_all(directory);
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(directory, options)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

bool Store::keeps_records() const { return impl_->keeps_records(); }
Offset Store::applied(PartitionId partition) const { return impl_->applied(partition); }
void Store::apply(AppliedBatch batch) {
  std::vector<AppliedBatch> one;
  one.push_back(std::move(batch));
  impl_->apply_as_one(std::move(one));
}
void Store::apply_as_one(std::vector<AppliedBatch> batches) {
  impl_->apply_as_one(std::move(batches));
}
bool Store::busy() const { return impl_->busy(); }
void Store::want() { impl_->want(); }
void Store::foresee(PartitionId partition, Offset next, const std::vector<SubjectRow>& subjects) {
  impl_->foresee(partition, next, subjects);
}
std::optional<std::string> Store::load_entity(PartitionId partition,
                                              const EntityName& entity) const {
  return impl_->load_entity(partition, entity);
}
std::optional<std::string> Store::load_account(PartitionId partition,
                                               std::string_view account) const {
  return impl_->load_account(partition, account);
}
std::optional<std::uint64_t> Store::seen(PartitionId partition, std::string_view account,
                                         const Hash128& identity) const {
  return impl_->seen(partition, account, identity);
}
std::optional<std::string> Store::subject_account(const Hash128& subject) const {
  return impl_->subject_account(subject);
}
void Store::scan_due(PartitionId partition, Instant from, Instant to, const DueSink& sink) const {
  impl_->scan_due(partition, from, to, sink);
}
ReadView Store::view() const { return impl_->view(); }
bool Store::refresh(Duration timeout, std::size_t bytes_max) const {
  return impl_->refresh(timeout, bytes_max);
}
bool Store::wait_applied(PartitionId partition, Offset offset, Duration timeout) const {
  return impl_->wait_applied(partition, offset, timeout);
}
void Store::flush() { impl_->flush(); }
std::string Store::problem() const { return impl_->problem(); }
std::uint64_t Store::bytes_on_disk() const { return impl_->table().bytes_on_disk(); }
std::size_t Store::sought_bytes() const { return impl_->sought().bytes(); }
bool Store::sought_filled() const { return impl_->sought().filled(); }
void Store::hold_back(bool held) { impl_->hold_back(held); }
Duration Store::views_age() const { return impl_->views_age(); }
bool Store::blocked() const { return impl_->blocked(); }
bool Store::damaged() const { return impl_->damaged(); }
bool Store::crowded() const { return impl_->crowded(); }
std::size_t Store::waiting_bytes() const { return impl_->waiting_bytes(); }
bool Store::wait_for_writing(std::size_t bytes, Duration timeout) const {
  return impl_->wait_for_writing(bytes, timeout);
}
void Store::compact() { impl_->table().compact(); }

}  // namespace tocsin
