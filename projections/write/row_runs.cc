#include "projections/write/row_runs.h"

#include <algorithm>
#include <boost/sort/spreadsort/string_sort.hpp>
#include <cassert>
#include <cstdint>

#include "projections/rows/keys.h"
#include "projections/rows/read_view.h"

namespace tocsin {
namespace {

bool before(const Write& a, const Write& b) { return a.key < b.key; }

void sort_by_key(std::vector<Write>& rows) {
  if (std::is_sorted(rows.begin(), rows.end(), before)) return;
  const auto letter = [](const Write& row, std::size_t at) {
    return static_cast<unsigned char>(row.key[at]);
  };
  const auto length = [](const Write& row) { return row.key.size(); };
  boost::sort::spreadsort::string_sort(rows.begin(), rows.end(), letter, length, before);
}

// Appends the rows to `out`.
void sort_by_instant(const RowRun& run, std::vector<Write>& out) {
  struct Place {
    std::int64_t instant;
    const Write* row;
  };
  std::vector<Place> places;
  places.reserve(run.rows.size());
  for (const Write& row : run.rows)
    places.push_back({instant_at(row.key, run.prefix.size()).ms, &row});
  const auto earlier = [](const Place& a, const Place& b) { return a.instant < b.instant; };
  if (!std::is_sorted(places.begin(), places.end(), earlier))
    std::stable_sort(places.begin(), places.end(), earlier);
  for (const Place& p : places) out.push_back(*p.row);
}

}  // namespace

RowRun& RowRuns::run(std::string_view key) {
  const std::size_t instant = place_of_instant(key);
  const std::string_view prefix = key.substr(0, instant > 0 ? instant : kKeyPrefixBytes);
  if (const auto known = by_prefix_.find(prefix); known != by_prefix_.end()) return *known->second;
  RowRun& run = *runs_.emplace_back(std::make_unique<RowRun>());
  run.prefix = prefix;
  run.by_instant = instant > 0;
  run.queue = !queue_prefix(key).empty();
  by_prefix_.emplace(run.prefix, &run);
  return run;
}

std::vector<Write> RowRuns::take_sorted() {
  // No prefix begins another one.
  std::sort(runs_.begin(), runs_.end(),
            [](const auto& a, const auto& b) { return a->prefix < b->prefix; });
  std::size_t count = 0;
  for (const auto& run : runs_) count += run->rows.size();
  std::vector<Write> rows;
  rows.reserve(count);
  for (const auto& run : runs_) {
    if (run->by_instant) {
      sort_by_instant(*run, rows);
    } else {
      sort_by_key(run->rows);
      rows.insert(rows.end(), run->rows.begin(), run->rows.end());
    }
  }
  assert(std::is_sorted(rows.begin(), rows.end(), before));
  return rows;
}

}  // namespace tocsin
