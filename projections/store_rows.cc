// What a store says of all its rows.
#include "events/hash.h"
#include "projections/store.h"

namespace tocsin {

std::map<Family, Store::FamilyHash> Store::hashes() const {
  std::map<Family, FamilyHash> sums;
  const ReadView view = this->view();
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kMeta).take().substr(0, 4);
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      const auto family = static_cast<Family>(rows.key()[kKeyPrefixBytes - 1]);
      if (family == Family::kMeta) continue;
      const Hash128 hash = hash128(rows.value(), hash128(rows.key()));
      FamilyHash& sum = sums[family];
      ++sum.rows;
      sum.hash += hash.low ^ hash.high;
    }
  }
  return sums;
}

void Store::each_entity(PartitionId partition, const EntitySink& visit) const {
  wait_for_writing(0, kEveryWait);
  const ReadView written = view();
  for (RowCursor row = written.rows(Key(partition, Family::kEntity).take()); row.valid();
       row.next()) {
    KeyReader key(row.key());
    visit(key.entity());
  }
}

}  // namespace tocsin
