#include "engine/timers/timer_wheel.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tocsin {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

constexpr std::size_t round_up(std::size_t bytes) {
  return (bytes + kHugePage - 1) / kHugePage * kHugePage;
}

}  // namespace

TimerWheel::TimerWheel(std::size_t max_slots, Instant now)
    : now_(std::clamp<std::int64_t>(now.ms, 0, kLatestDue)),
      max_slots_(std::min(max_slots, kMaxSlots)) {
  // One huge page more than needed, so that the nodes can begin at the edge of one.
  mapped_ = round_up((max_slots_ + 1) * sizeof(Node)) + kHugePage;
  mapping_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc();
  const auto address = round_up(reinterpret_cast<std::uintptr_t>(mapping_));
  nodes_ = reinterpret_cast<Node*>(address);
  // A wish only: without huge pages everything works, at half the speed.
  ::madvise(nodes_, mapped_ - kHugePage, MADV_HUGEPAGE);
}

TimerWheel::~TimerWheel() { ::munmap(mapping_, mapped_); }

void TimerWheel::use(Slot slot) {
  if (slot >= max_slots_) std::abort();  // the caller's own bound
  constexpr std::size_t kStep = kHugePage / sizeof(Node);
  high_ = std::min(max_slots_, (std::size_t{slot} / kStep + 1) * kStep);
}

void TimerWheel::schedule_outside(Slot slot, Instant due) {
  if (due.ms >= kLatestDue) return;
  ++size_;
  link(slot + 1, due.ms, kOverdue);
  overdue_ = true;
  next_event_ = now_;
}

void TimerWheel::prefault(std::size_t slots) {
  if (slots == 0) return;
  use(static_cast<Slot>(slots - 1));
  constexpr std::size_t kStep = 4096 / sizeof(Node);
  for (std::size_t i = 0; i <= slots; i += kStep) {
    static_cast<volatile Node&>(nodes_[i]).next = nodes_[i].next;
  }
}

std::size_t TimerWheel::memory() const {
  return sizeof(*this) + (high_ + 1) * sizeof(Node) +
         (run_.capacity() + gathered_.capacity() + passed_.capacity()) * sizeof(DueTimer);
}

bool TimerWheel::occupied(std::uint32_t bucket) const {
  return (bits_[bucket / kBuckets][bucket % kBuckets / 64] >> (bucket % 64) & 1) != 0;
}

// Marks the bucket as occupied, if it was not, and reckons with it.
void TimerWheel::open_bucket(std::uint32_t bucket, std::uint32_t level, std::int64_t number) {
  const std::uint32_t word = bucket % kBuckets / 64;
  bits_[level][word] |= std::uint64_t{1} << (bucket % 64);
  words_[level] |= std::uint64_t{1} << word;
  const std::int64_t event = level == 0 ? number : event_of(level, number);
  if (level > 0) upper_event_ = std::min(upper_event_, event);
  next_event_ = std::min(next_event_, event);
}

void TimerWheel::clear_bit(std::uint32_t bucket) {
  const std::uint32_t level = bucket / kBuckets, word = bucket % kBuckets / 64;
  std::uint64_t& bits = bits_[level][word];
  bits &= ~(std::uint64_t{1} << (bucket % 64));
  if (bits == 0) words_[level] &= ~(std::uint64_t{1} << word);
}

void TimerWheel::clear_if_empty(std::uint32_t bucket) {
  std::uint32_t any = 0;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) any |= heads_[bucket * kLanes + lane];
  if (any == 0 && bucket < kOverdue) clear_bit(bucket);
}

// How many buckets after `from` (on the ring, from itself being 0) the first occupied one is;
// kBuckets when the level is empty.
std::uint32_t TimerWheel::distance(std::uint32_t level, std::uint32_t from) const {
  if (words_[level] == 0) return kBuckets;
  from %= kBuckets;
  const std::uint32_t word = from / 64;
  const std::uint64_t rest = bits_[level][word] >> (from % 64);
  if (rest != 0) return static_cast<std::uint32_t>(std::countr_zero(rest));
  // The words after this one; else, round the ring, the first of all, at last the front of this
  // one.
  const std::uint64_t after = word + 1 < kWords ? words_[level] >> (word + 1) : 0;
  const auto found = static_cast<std::uint32_t>(
      after != 0 ? word + 1 + static_cast<std::uint32_t>(std::countr_zero(after))
                 : static_cast<std::uint32_t>(std::countr_zero(words_[level])));
  const std::uint32_t bit =
      found * 64 + static_cast<std::uint32_t>(std::countr_zero(bits_[level][found]));
  return (bit - from) % kBuckets;
}

// Takes up to `max` nodes (rounded up to whole rounds) off the bucket's lists and visits each.
// Leaves the rest linked, so that cancels may come before the next slice.
template <class Visit>
std::size_t TimerWheel::drain(std::uint32_t bucket, std::size_t max, Visit&& visit) {
  std::uint32_t* const heads = &heads_[bucket * kLanes];
  std::array<std::uint32_t, kLanes> id;
  std::uint32_t lanes = 0;  // those with something left
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    id[lane] = heads[lane];
    lanes |= static_cast<std::uint32_t>(id[lane] != 0) << lane;
    __builtin_prefetch(&nodes_[id[lane]], 1);
  }
  std::fill_n(heads, kLanes, 0U);
  std::size_t visited = 0;
  while (lanes != 0 && visited < max) {
    for (std::uint32_t round = lanes; round != 0; round &= round - 1) {
      const auto lane = static_cast<std::uint32_t>(std::countr_zero(round));
      const std::uint32_t current = id[lane];
      const std::uint32_t next = nodes_[current].next;
      __builtin_prefetch(&nodes_[next], 1);
      visit(current, nodes_[current].due);
      ++visited;
      id[lane] = next;
      if (next == 0) lanes ^= 1U << lane;
    }
  }
  if (lanes == 0 && bucket < kOverdue) clear_bit(bucket);
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
    heads[lane] = id[lane];
    nodes_[id[lane]].prev = kHead | (bucket * kLanes + lane);
  }
  return visited;
}

std::size_t TimerWheel::move_down(std::uint32_t bucket, std::size_t max) {
  return drain(bucket, max, [this](std::uint32_t id, std::int64_t due) { place<true>(id, due); });
}

// False when `moves` ran out before the bucket was empty.
bool TimerWheel::collect(std::uint32_t bucket, std::size_t& moves) {
  const std::size_t taken = drain(bucket, moves, [this](std::uint32_t id, std::int64_t due) {
    nodes_[id].prev = kInRun;
    gathered_.push_back({due, id});
  });
  const bool whole = taken < moves;
  moves -= std::min(moves, taken);
  return whole;
}

// Takes out all that is due at now_. False when `moves` ran out first: call again to go on.
bool TimerWheel::gather(std::size_t& moves) {
  if (overdue_) {
    if (!collect(kOverdue, moves)) return false;
    overdue_ = false;
  }
  if (!settle(moves)) return false;
  const auto tick = static_cast<std::uint32_t>(static_cast<std::uint64_t>(now_) % kBuckets);
  if (occupied(tick) && !collect(tick, moves)) return false;
  if (passed_due_ == now_) {
    const std::span<const DueTimer> found = next_passed();
    gathered_.insert(gathered_.end(), found.begin(), found.end());
  }
  return true;
}

// Takes the timers of a passed bucket out, into passed_. Of one that holds too many a rest stays.
std::size_t TimerWheel::take_out(std::uint32_t bucket) {
  passed_.clear();
  passed_at_ = 0;
  const std::size_t taken = drain(bucket, kPassed, [this](std::uint32_t id, std::int64_t due) {
    nodes_[id].prev = kInRun;
    passed_.push_back({due, id});
  });
  sort_due(passed_);
  passed_due_ = passed_.front().due;
  return taken;
}

// Takes out or moves down what stands in the buckets that now_ has entered. False when `moves` ran
// out first.
bool TimerWheel::settle(std::size_t& moves) {
  if (now_ >> kBits == settled_) return true;
  for (std::uint32_t level = kLevels - 1; level > 0; --level) {
    const auto number = static_cast<std::uint64_t>(now_) >> (kBits * level);
    const std::uint32_t bucket = level * kBuckets + static_cast<std::uint32_t>(number % kBuckets);
    if (!occupied(bucket)) continue;
    if (moves == 0) return false;
    if (passed_due_ == kNothing && is_passed(level, static_cast<std::int64_t>(number))) {
      moves -= std::min(moves, 2 * take_out(bucket));  // sorting is as much again
    }
    if (!occupied(bucket)) continue;
    moves -= std::min(moves, move_down(bucket, moves));
    if (occupied(bucket)) return false;
  }
  settled_ = now_ >> kBits;
  return true;
}

// A slice of each next bucket whose time to move down has come.
void TimerWheel::move_ahead(std::size_t& moves) {
  for (std::uint32_t level = kLevels - 1; level > 0; --level) {
    const std::int64_t number = (now_ >> (kBits * level)) + 1;
    const std::uint32_t bucket =
        level * kBuckets +
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(number) % kBuckets);
    if (event_of(level, number) > now_ || !occupied(bucket)) continue;
    moves -= std::min(moves, move_down(bucket, level == 1 ? kLowSlice : kSlice));
  }
}

void TimerWheel::find_upper_event() {
  upper_event_ = kNothing;
  for (std::uint32_t level = 1; level < kLevels; ++level) {
    const std::int64_t number = (now_ >> (kBits * level)) + 1;
    const std::uint32_t far =
        distance(level, static_cast<std::uint32_t>(static_cast<std::uint64_t>(number) % kBuckets));
    if (far < kBuckets) upper_event_ = std::min(upper_event_, event_of(level, number + far));
  }
  // What is being moved ahead goes on at the next tick.
  upper_event_ = std::max(upper_event_, now_ + 1);
}

TimerWheel::Step TimerWheel::step(std::int64_t now, std::size_t& moves) {
  until_ = std::max(until_, now);
  run_.clear();
  if (run_.capacity() > kKeptRun) run_.shrink_to_fit();
  for (;;) {
    now_ = std::max(now_, next_event_);
    if (!gather(moves)) {
      next_event_ = now_;
      return Step::kMore;
    }
    if (upper_event_ <= now_) {
      move_ahead(moves);
      find_upper_event();
    }
    const auto tick = static_cast<std::uint32_t>(static_cast<std::uint64_t>(now_) % kBuckets);
    const std::uint32_t far = distance(0, tick + 1);
    next_event_ = far < kBuckets ? std::min(upper_event_, now_ + 1 + far) : upper_event_;
    if (!gathered_.empty()) {
      if (gathered_.size() > 1) sort_due(gathered_);
      run_.swap(gathered_);
      hand_out(run_);
      return Step::kRun;
    }
    if (passed_due_ < next_event_) return Step::kRun;
    if (next_event_ > now) {
      now_ = now;
      return Step::kNothing;
    }
    if (moves == 0) return Step::kMore;
  }
}

}  // namespace tocsin
