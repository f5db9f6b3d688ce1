// The rows of one write, brought into the order of their keys.
//
// Rows are put entity by entity, in the order of entities, and those of one entity in the order of
// their keys. So within a run, the rows of one prefix behind which an instant and then the entity
// stand (keys.h: dues, clocks, groups), those of one instant come in order, and sorting by the
// instant is enough: comparing whole keys, which have long beginnings in common and lie scattered,
// took a fifth of the store's writing. Other rows are a run a family, and sorted by their keys.
//
// One write's; one thread. The keys must outlive it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "projections/rows/table.h"

namespace tocsin {

struct RowRun {
  std::string prefix;
  bool by_instant = false;     // which stands behind the prefix
  bool queue = false;          // read_view.h
  std::string* low = nullptr;  // for whoever puts: the low-water key of a queue
  std::vector<Write> rows;
};

class RowRuns {
 public:
  // Of the row with this key. It stays where it is.
  RowRun& run(std::string_view key);
  void put(const Write& row) { run(row.key).rows.push_back(row); }
  // All of them, in order.
  std::vector<Write> take_sorted();

 private:
  std::vector<std::unique_ptr<RowRun>> runs_;
  boost::unordered_flat_map<std::string_view, RowRun*> by_prefix_;
};

}  // namespace tocsin
