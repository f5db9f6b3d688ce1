#include "app/hand_over.h"

#include <algorithm>
#include <utility>

#include "events/check.h"

namespace tocsin {

HandOver::Part& HandOver::part(std::uint64_t id) {
  const auto found =
      std::find_if(parts_.rbegin(), parts_.rend(), [&](const Part& part) { return part.id == id; });
  if (found != parts_.rend()) return *found;
  Part& part = parts_.emplace_back();
  part.id = id;
  return part;
}

void HandOver::add(std::uint64_t id, AppliedBatch round, Offset next, std::uint64_t number) {
  const MutexLock lock(mutex_);
  if (id != 0) store_->foresee(round.partition, next, round.subjects);
  Part& to = id != 0 ? part(id) : parts_.emplace_back();
  if (id == 0) {
    to.of = 1;
    to.complete = true;
    to.number = number;
  }
  to.rounds.push_back(std::move(round));
  to.next = next;
  give();
}

void HandOver::close(std::uint64_t id, std::size_t rounds, std::uint64_t number) {
  const MutexLock lock(mutex_);
  Part& closed = part(id);
  closed.of = rounds;
  closed.number = number;
}

void HandOver::complete(std::uint64_t id, std::vector<AppliedBatch> changes) {
  const MutexLock lock(mutex_);
  Part& whole = part(id);
  whole.changes = std::move(changes);
  whole.complete = true;
  give();
}

void HandOver::forget() {
  const MutexLock lock(mutex_);
  parts_.clear();
  number_ = 0;
}

void HandOver::give() {
  while (!parts_.empty()) {
    Part& first = parts_.front();
    if (!first.complete || first.of == 0 || first.rounds.size() < first.of) return;
    CHECK(first.next >= given_);  // what is handed over goes on where the last ended
    // Entities first: of whom the store has no row yet it must know before it sees their events.
    std::vector<AppliedBatch> all = std::move(first.changes);
    for (AppliedBatch& round : first.rounds) all.push_back(std::move(round));
    for (AppliedBatch& one : all) one.next = first.next;
    if (store_ != nullptr) store_->apply_as_one(std::move(all));
    given_ = first.next;
    number_ = std::max(number_.load(), first.number);
    parts_.pop_front();
  }
}

}  // namespace tocsin
