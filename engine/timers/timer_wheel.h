// Timers: which clock's due comes next, for millions of dues at once.
//
// The caller gives each timer a slot, a small dense number of its own (the index of the clock it
// belongs to), and schedules at most one due for it. `advance` hands out what has come due.
//
// Promises:
//  1. Never early, and once: a timer fires in the first `advance` whose `now` is its due or later,
//     unless that call stops at its limits; then in the next.
//  2. In order of due; equal dues in order of slot. What the sink itself schedules, due at or
//     before now, fires in the same `advance`, after what had been found due before.
//  3. `advance` works in slices: it stops after `max_fires` timers, or once kMaxMoves inner moves
//     are done, and says that there is more. Only sorting the timers of one millisecond is not cut,
//     some 10 ns each.
//  4. The same calls give the same fires, on every machine.
// The caller: time given to `advance` is monotone; a `now` before the time reached does nothing. A
// due at or before now, also a negative one, fires in the next `advance`; one of kLatestDue or
// later, as kNever, is no timer. Threads: one at a time.
//
// How it works. Time is read in digits of 8 bits; level l has a bucket for each value of the digit
// at place l, doubled to 512, so that a level holds two turns of it, this one and the next. A timer
// stands at the lowest level at which its due lies within them (or one higher, after a carry);
// level 0 holds exact milliseconds. A bucket is moved down in slices during the last quarter of the
// one before it, so that no turn comes with a pause.
// Example at now = 0x1234: dues 0x1250 and 0x1312 stand at level 0, 0x2000 at level 1.
//
// A bucket of level 1 or 2 (256 ms, 65 s) that one call goes past as a whole is not moved down:
// when time enters it, its timers are taken out and sorted in one (`passed_`), and handed out as
// time reaches them, each instant's together with what the levels hold for it from the sink.
//
// A bucket is eight lists, chosen by the slot's low bits: moving down walks all eight at once, so
// that their cache misses overlap. A node is 16 bytes; the first of a list names the list as its
// `prev`, so cancelling needs no look at the bucket.
//
// Invariants, with n = now >> 8l:
//  1. At level l, from 1 on, bucket n is empty, except while a move down is cut short; nothing
//     fires until it is done.
//  2. A timer at level l has due >> 8(l+1) equal to now >> 8(l+1), or one more.
//  3. A bucket's bit is set exactly while one of its lists is not empty.
//  4. next_event_ is at or before the next instant at which anything has to be done in the levels.
//     It counts from a bucket's start, never from the earliest due in it, which a cancel may take
//     away.
//  5. What is left in passed_ is in order, at or after now and not after until_.
//  6. An entry of a run or of passed_ stands for its timer while that is kInRun with the same due;
//     else the timer was cancelled or rescheduled meanwhile.
//
// Cost: O(1) each; figures and the peers in docs/timers.md. Memory: 16 bytes a slot up to the
// highest one used, in huge pages where the machine has them, 100 KB, and 16 bytes for each timer
// taken out and not yet handed out.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/timers/timer_wheel_sort.h"
#include "events/time.h"

namespace tocsin {

class TimerWheel {
 public:
  using Slot = std::uint32_t;

  static constexpr std::int64_t kLatestDue = std::int64_t{1} << 48;  // year 10889
  static constexpr std::size_t kMaxSlots = (std::size_t{1} << 31) - 2;
  static constexpr std::size_t kMaxMoves = 32'768;  // a call; some 1 ms
  static constexpr std::size_t kSlice = 512;        // moved ahead at one tick from a level
  static constexpr std::size_t kLowSlice = 4096;    // from level 1, which has 64 ticks for it
  static constexpr std::size_t kPassed = 16'384;    // taken out of a passed bucket in one
  static constexpr std::size_t kKeptRun = 65'536;   // timers that a run's buffer keeps room for

  // Address space for `max_slots` slots is taken at once, memory only as slots are used. Throws
  // std::bad_alloc. `now` ≥ 1970.
  explicit TimerWheel(std::size_t max_slots, Instant now = {0});
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // `slot` is not scheduled.
  void schedule(Slot slot, Instant due);
  // No effect when it is not scheduled. Also takes back what is due but was not handed out yet.
  void cancel(Slot slot);
  void reschedule(Slot slot, Instant due) {
    cancel(slot);
    schedule(slot, due);
  }
  bool scheduled(Slot slot) const { return slot < high_ && nodes_[slot + 1].prev != kIdle; }
  // Only for a scheduled slot.
  Instant due(Slot slot) const { return {nodes_[slot + 1].due}; }

  // Calls `sink(slot, due)` for at most `max_fires` timers that are due at `now`; they are no
  // longer scheduled when it is called, and it may schedule and cancel at will. True: there is more
  // to do, call again with the same or a later `now`.
  template <class Sink>
  bool advance(Instant now, Sink&& sink, std::size_t max_fires = SIZE_MAX);

  // In `advance`: the slot that comes after `n` others, as far as that is known; it may be cancelled
  // until then.
  std::optional<Slot> coming(std::size_t n) const {
    if (n >= static_cast<std::size_t>(run_end_ - run_at_)) return std::nullopt;
    return Slot{run_at_[n].id - 1};
  }

  // When to call `advance` again at the latest: not after the earliest due, perhaps before it. At
  // or before the last `advance` when there is work left; kNever when nothing is scheduled.
  Instant next() const;

  std::size_t size() const { return size_; }
  std::size_t memory() const;  // bytes

  // Takes the memory for slots below `slots` now rather than bit by bit.
  void prefault(std::size_t slots);
  // Hints before a batch of cancels: first the slots, some 30 calls later their neighbours.
  void prefetch(Slot slot) const { __builtin_prefetch(&nodes_[slot + 1], 1); }
  void prefetch_neighbours(Slot slot) const;

 private:
  struct Node {
    std::int64_t due;
    std::uint32_t next;  // slot + 1; 0: the last
    std::uint32_t prev;  // slot + 1, or kHead | list for the first; or kIdle, kInRun
  };
  static_assert(sizeof(Node) == 16);
  enum class Step : std::uint8_t { kNothing, kRun, kMore };

  static constexpr std::uint32_t kLanes = 8;
  static constexpr std::uint32_t kBits = 8;  // of a digit
  static constexpr std::uint32_t kBuckets = 2U << kBits;
  static constexpr std::uint32_t kWords = kBuckets / 64;
  static_assert(kWords <= 64);
  static constexpr std::uint32_t kLevels = (48 + kBits - 1) / kBits;
  static constexpr std::uint32_t kPassedLevel = 2;               // the highest to be taken out
  static constexpr std::uint32_t kOverdue = kLevels * kBuckets;  // a bucket of its own
  static constexpr std::uint32_t kHead = 1U << 31;
  static constexpr std::uint32_t kIdle = 0;  // what fresh memory holds
  static constexpr std::uint32_t kInRun = UINT32_MAX;
  static constexpr std::int64_t kNothing = INT64_MAX;

  void use(Slot slot);
  void schedule_outside(Slot slot, Instant due);
  bool link(std::uint32_t id, std::int64_t due, std::uint32_t bucket);
  template <bool exact>
  std::uint32_t level_of(std::int64_t due) const;
  template <bool exact>
  void place(std::uint32_t id, std::int64_t due);
  void open_bucket(std::uint32_t bucket, std::uint32_t level, std::int64_t number);
  void clear_if_empty(std::uint32_t bucket);
  bool occupied(std::uint32_t bucket) const;
  void clear_bit(std::uint32_t bucket);
  std::uint32_t distance(std::uint32_t level, std::uint32_t from) const;
  template <class Visit>
  std::size_t drain(std::uint32_t bucket, std::size_t max, Visit&& visit);
  std::size_t move_down(std::uint32_t bucket, std::size_t max);
  bool collect(std::uint32_t bucket, std::size_t& moves);
  bool gather(std::size_t& moves);
  Step step(std::int64_t now, std::size_t& moves);
  bool settle(std::size_t& moves);
  std::size_t take_out(std::uint32_t bucket);
  std::span<const DueTimer> next_passed();
  void hand_out(std::span<const DueTimer> run);
  void move_ahead(std::size_t& moves);
  void find_upper_event();

  // Whether the bucket with number `n` (due >> 8·level, level ≥ 1) may be taken out in one.
  bool is_passed(std::uint32_t level, std::int64_t n) const {
    return level <= kPassedLevel && (n + 1) << kBits * level <= until_ + 1;
  }
  // The instant at which it wants to be taken out, or else moved down.
  std::int64_t event_of(std::uint32_t level, std::int64_t n) const {
    const std::uint32_t shift = kBits * level;
    return (n << shift) - (is_passed(level, n) ? 0 : std::int64_t{1} << (shift - 2));
  }

  Node* nodes_ = nullptr;  // [slot + 1]; 0 is written where there is no neighbour
  std::size_t high_ = 0;   // slots below it have memory
  std::int64_t now_ = 0;
  std::int64_t next_event_ = kNothing;
  std::int64_t upper_event_ = kNothing;  // the same for levels ≥ 1
  std::int64_t settled_ = -1;            // now_ >> kBits when invariant 1 was last made true
  bool overdue_ = false;                 // something may stand in kOverdue
  std::size_t size_ = 0;
  std::int64_t until_ = 0;             // how far `advance` was told to go
  const DueTimer* run_at_ = nullptr;   // found due, in order, not yet handed out; in run_ or
  const DueTimer* run_end_ = nullptr;  // passed_
  std::vector<DueTimer> run_;
  std::vector<DueTimer> gathered_;  // the next run while it is being taken out
  std::vector<DueTimer> passed_;  // the timers of a passed bucket; from passed_at_ on still to come
  std::size_t passed_at_ = 0;
  std::int64_t passed_due_ = kNothing;  // of the first of those
  std::array<std::array<std::uint64_t, kWords>, kLevels> bits_{};
  std::array<std::uint64_t, kLevels> words_{};  // which words of bits_ are not 0
  alignas(64) std::array<std::uint32_t, (kOverdue + 1) * kLanes> heads_{};
  std::size_t max_slots_ = 0;
  std::size_t mapped_ = 0;
  void* mapping_ = nullptr;
};

// Puts the timer at the front of its list. False when the list was empty: then the bucket may be
// new.
inline bool TimerWheel::link(std::uint32_t id, std::int64_t due, std::uint32_t bucket) {
  const std::uint32_t list = bucket * kLanes + id % kLanes;
  const std::uint32_t first = heads_[list];
  nodes_[id] = {due, first, kHead | list};
  nodes_[first].prev = id;
  heads_[list] = id;
  return first != 0;
}

// The lowest level for `due`, or one above it where two carries meet; `exact`: the lowest.
template <bool exact>
inline std::uint32_t TimerWheel::level_of(std::int64_t due) const {
  const auto d = static_cast<std::uint64_t>(due), n = static_cast<std::uint64_t>(now_);
  std::uint32_t level = (63U - static_cast<std::uint32_t>(std::countl_zero((d ^ n) | 1))) / kBits;
  const auto next_bucket = [&] {
    return level > 0 && (d >> kBits * level) - (n >> kBits * level) == 1;
  };
  // Without a branch, as it cannot be foretold; a second step is rare.
  level -= static_cast<std::uint32_t>(next_bucket());
  if constexpr (exact) {
    while (next_bucket()) --level;
  }
  return level;
}

// For due > now, or = now where its bucket of level 0 is still to fire.
template <bool exact>
inline void TimerWheel::place(std::uint32_t id, std::int64_t due) {
  const std::uint32_t level = level_of<exact>(due);
  const std::uint64_t number = static_cast<std::uint64_t>(due) >> kBits * level;
  const std::uint32_t bucket = level * kBuckets + static_cast<std::uint32_t>(number % kBuckets);
  if (!link(id, due, bucket)) open_bucket(bucket, level, static_cast<std::int64_t>(number));
}

inline void TimerWheel::schedule(Slot slot, Instant due) {
  if (slot >= high_) [[unlikely]] {
    use(slot);
  }
  if (due.ms <= now_ || due.ms >= kLatestDue) [[unlikely]] {
    schedule_outside(slot, due);
    return;
  }
  ++size_;
  place<false>(slot + 1, due.ms);
}

inline void TimerWheel::cancel(Slot slot) {
  if (slot >= high_) return;
  Node& node = nodes_[slot + 1];
  const std::uint32_t prev = node.prev, next = node.next;
  if (prev == kIdle) return;
  node.prev = kIdle;
  --size_;
  if (prev == kInRun) return;
  nodes_[next].prev = prev;
  if (prev < kHead) {
    nodes_[prev].next = next;
    return;
  }
  heads_[prev - kHead] = next;
  if (next == 0) clear_if_empty((prev - kHead) / kLanes);
}

inline void TimerWheel::prefetch_neighbours(Slot slot) const {
  const Node& node = nodes_[slot + 1];
  __builtin_prefetch(&nodes_[node.next], 1);
  if (node.prev < kHead) __builtin_prefetch(&nodes_[node.prev], 1);
}

// Takes those of the first instant off passed_, which is not at its end.
inline std::span<const DueTimer> TimerWheel::next_passed() {
  const std::int64_t due = passed_due_;
  const std::size_t begin = passed_at_;
  do ++passed_at_;
  while (passed_at_ < passed_.size() && passed_[passed_at_].due == due);
  passed_due_ = passed_at_ < passed_.size() ? passed_[passed_at_].due : kNothing;
  return {&passed_[begin], passed_at_ - begin};
}

inline void TimerWheel::hand_out(std::span<const DueTimer> run) {
  run_at_ = run.data();
  run_end_ = run_at_ + run.size();
}

template <class Sink>
bool TimerWheel::advance(Instant now, Sink&& sink, std::size_t max_fires) {
  now.ms = std::min(now.ms, kLatestDue);
  if (now.ms < now_) return false;
  std::size_t moves = kMaxMoves;
  for (;;) {
    while (run_at_ != run_end_) {
      const auto [due, id] = *run_at_;
      Node& node = nodes_[id];
      const bool stands = node.prev == kInRun && node.due == due;
      if (stands && max_fires == 0) return true;
      ++run_at_;
      if (!stands) continue;
      --max_fires;
      --size_;
      node.prev = kIdle;
      sink(Slot{id - 1}, Instant{due});
    }
    if (now.ms < std::min(next_event_, passed_due_)) {
      now_ = now.ms;
      return false;
    }
    if (passed_due_ < next_event_) {
      now_ = passed_due_;
      hand_out(next_passed());
      continue;
    }
    const Step did = step(now.ms, moves);
    if (did != Step::kRun) return did == Step::kMore;
  }
}

inline Instant TimerWheel::next() const {
  if (run_at_ != run_end_) return {now_};
  const std::int64_t next = std::min(next_event_, passed_due_);
  return next == kNothing ? kNever : Instant{next};
}

}  // namespace tocsin
