#include "projections/write/sought_rows.h"

#include <utility>

#include "projections/rows/time_slice.h"

namespace tocsin {
namespace {

constexpr std::size_t kRowsBetweenLooks = 256;  // whether it should stop

std::uint64_t mark_of_row(std::string_view key) {
  KeyReader reader(key);
  if (reader.family() == Family::kEntity) return mark_of(reader.partition(), reader.entity());
  reader.text();  // its account
  return mark_of(reader.hash());
}

}  // namespace

SoughtRows::SoughtRows(std::shared_ptr<const TableSnapshot> rows,
                       std::vector<PartitionId> partitions, const SoughtOptions& options)
    : filter_(options.first_keys, options.bytes_max) {
  if (partitions.empty()) {
    entities_filled_ = identities_filled_ = true;
    return;
  }
  thread_ =
      std::thread([this, rows = std::move(rows), partitions = std::move(partitions)]() mutable {
        give_way(kFillingNice);
        fill(std::move(rows), partitions);
      });
}

SoughtRows::~SoughtRows() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

// Identities first: every fact asks for one, and their rows are short.
void SoughtRows::fill(std::shared_ptr<const TableSnapshot> rows,
                      const std::vector<PartitionId>& partitions) {
  try {
    for (const auto& [family, filled] : {std::pair{Family::kSeen, &identities_filled_},
                                         std::pair{Family::kEntity, &entities_filled_}}) {
      for (const PartitionId partition : partitions) {
        if (!read(*rows, partition, family)) return;
      }
      *filled = true;
    }
  } catch (const std::exception&) {
    // A disk that cannot be read: those who ask will meet it, and the store says so.
  }
}

bool SoughtRows::read(const TableSnapshot& rows, PartitionId partition, Family family) {
  const std::string prefix = Key(partition, family).take();
  std::size_t n = 0;
  for (RowCursor row = rows.sweep(prefix, after_prefix(prefix)); row.valid(); row.next()) {
    filter_.insert(mark_of_row(row.key()));
    if (++n % kRowsBetweenLooks == 0 && stopping_) return false;
  }
  return true;
}

void SoughtRows::add(AppliedBatch& batch) {
  std::vector<std::uint64_t> marks;
  marks.reserve(batch.entities.size());
  for (const EntityChange& change : batch.entities) {
    marks.push_back(mark_of(batch.partition, change.key));
    filter_.prefetch(marks.back());
  }
  const bool known = entities_filled_;
  for (std::size_t i = 0; i < marks.size(); ++i)
    batch.entities[i].first_row = filter_.insert(marks[i]) && known;
  for (const SeenRow& seen : batch.seen) filter_.prefetch(mark_of(seen.identity));
  for (const SeenRow& seen : batch.seen) filter_.insert(mark_of(seen.identity));
  // Events may come alone, of an entity that did not change.
  const EntityName* last = nullptr;
  for (const TimelineRow& row : batch.timeline) {
    if (last == nullptr || *last != row.entity)
      filter_.insert(mark_of(batch.partition, row.entity));
    last = &row.entity;
  }
}

}  // namespace tocsin
