// What a room has committed and its store does not have yet, in order.
//
// While the store is ready each round goes to it at once, with what it changed. While the store has
// enough to write, rounds are kept back and joined to a part: their events are kept, and what their
// entities became is encoded when the store is ready, once for all of the part. So an entity that
// changes five times within a second is encoded and written once, and a burst of dues is told before
// anything is made of it for the views.
//
// Invariants
//  1. The store is given parts and rounds in the order in which they were committed, a part as one.
//  2. A part is given when all of its rounds are committed and all of its entities are there.
//
// Worked example: rounds 1 and 2 are kept back in part 7, round 3 is not, and part 7 is closed. `add(7,
// …)`, `close(7, 2, …)`, `add(7, …)`, `add(0, …)`: nothing is given yet. `complete(7, …)`: rounds 1 and 2
// with their entities, as one, and then round 3.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <vector>

#include "events/mutex.h"
#include "projections/store.h"

namespace tocsin {

class HandOver {
 public:
  explicit HandOver(StorePort* store) : store_(store) {}

  // A round that is in the log, up to `next`. `part`: of which it is; 0: of none, it is whole, and
  // `number` that of its hand-over (Partition::take_changes). Without a store parts are not used.
  void add(std::uint64_t part, AppliedBatch round, Offset next, std::uint64_t number);
  // The part is of so many rounds.
  void close(std::uint64_t part, std::size_t rounds, std::uint64_t number);
  // What its entities and accounts became; later ones replace earlier ones.
  void complete(std::uint64_t part, std::vector<AppliedBatch> changes);
  // What was not given is not going to be; hand-overs are counted anew.
  void forget();

  // Where what the store was given ends.
  Offset given() const { return given_; }
  // The number of the last hand-over that it was given.
  std::uint64_t number() const { return number_; }

 private:
  struct Part {
    std::uint64_t id = 0;
    std::vector<AppliedBatch> changes, rounds;
    std::size_t of = 0;  // rounds; 0: not closed
    bool complete = false;
    Offset next = 0;
    std::uint64_t number = 0;
  };
  Part& part(std::uint64_t id) REQUIRES(mutex_);
  void give() REQUIRES(mutex_);

  StorePort* const store_;
  mutable Mutex mutex_;
  std::deque<Part> parts_ GUARDED_BY(mutex_);
  std::atomic<Offset> given_ = 0;  // changed with the mutex held
  std::atomic<std::uint64_t> number_ = 0;
};

}  // namespace tocsin
