// A partition with its log and its store, that is killed at random moments.
//
// Time moves as in World (tests/engine/property_world.h). After every step what changed is handed
// over to the store, with the place in the log up to which it stands. A kill loses the last
// hand-overs; what starts then loads what is stored, follows the rest of the log, and goes on. At
// any moment what is stored must be what the log alone leads to, byte for byte.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/partition.h"
#include "engine/said/derived.h"
#include "events/log_record.h"
#include "tests/engine/map_store.h"
#include "tests/engine/property_world.h"

namespace tocsin {

class KeptWorld {
 public:
  explicit KeptWorld(std::shared_ptr<const Policy> policy)
      : policy_(std::move(policy)), decoder_(RecordedTime::kRead) {
    sink_ = [this](const Entity& e, const Derived& d, Instant recorded) { hear(e, d, recorded); };
    partition_ = std::make_unique<Partition>(policy_, &store_);
  }

  // Dues after `held` before now wait, as after a start (contract §4.9).
  void hold(Duration held) { held_ = held; }

  void arrive(const Given& given, Instant arrival) {
    if (arrival > now_) {
      finish({arrival.ms - 1});
      now_ = arrival;
    }
    decoder_.structured(line_of(given), {}, decoded_);
    partition_->check(decoded_, arrival, true, judged_);
    if (judged_.outcome != Outcome::kAccepted) return;
    partition_->take(decoded_, judged_);
    append_fact_record(log_.emplace_back(), decoded_.fact, judged_.stamps);
    accepted_.insert(given.id);
  }

  void decide() {
    if (now_ == kAlways) return;
    partition_->decide(now_, released(), sink_);
    keep();
  }

  void finish(Instant until) {
    decide();
    for (Instant due = partition_->next_due();
         due != kNever && due + held_ <= until && wrong_.empty(); due = partition_->next_due()) {
      now_ = std::max(due + held_, now_);
      partition_->fire(released(), now_, sink_, 1);
      keep();
    }
  }

  // Everything that was handed over in the last `lost` steps is gone with the process.
  void kill(std::size_t lost) {
    while (!pending_.empty() && lost > 0) {
      pending_.pop_back();
      --lost;
    }
    while (!pending_.empty()) write_one();
    partition_ = std::make_unique<Partition>(policy_, &store_);
    written_ = 0;
    LogEvent record;
    for (std::size_t i = applied_; i < log_.size(); ++i) {
      if (!read_log_record(log_[i], record)) return wrong("cannot be read back: " + log_[i]);
      partition_->evolve(record);
    }
    partition_->settle(last_record(), true);
    kept_ = applied_;
    keep();
    for (const auto& [key, stored] : store_.entities) {
      const auto& [account, kind, id] = key;
      if (stored.second != kNever) partition_->expect(stored.second, account, kind, id);
    }
  }

  // What is stored, against the log. What needs no word may be behind in either.
  void compare() {
    while (!pending_.empty()) write_one();
    if (applied_ == 0) return;
    LogEvent record;
    MapStore want, have = store_;
    Partition anew(policy_, &want), as_stored(policy_, &have);
    for (std::size_t i = 0; i < applied_; ++i) {
      read_log_record(log_[i], record);
      anew.evolve(record);
    }
    anew.settle(record.decided, false);
    hand_over(anew, want);
    pass_silently(anew, want, record.decided);
    pass_silently(as_stored, have, record.decided);
    if (const std::string differs = difference(want, have); !differs.empty()) wrong(differs);
  }

  // Of what is written, everything is forgotten.
  void forget() {
    for (int i = 0; i < 3; ++i) partition_->evict(0, written_);
  }

  const std::string& wrong() const { return wrong_; }

 private:
  struct HandOver {
    std::uint64_t number = 0;
    std::size_t log = 0;  // records up to which it stands
    MapStore changes;
  };

  Instant released() const { return {now_.ms - held_.ms}; }

  Instant last_record() {
    LogEvent record;
    if (log_.empty() || !read_log_record(log_.back(), record)) return now_;
    return record.decided;
  }

  void hear(const Entity& e, const Derived& event, Instant recorded) {
    std::string line;
    encode(line, e, *e.policy, event, recorded, true);
    LogEvent read;
    if (!read_log_record(line, read)) return wrong("no record: " + line);
    if (!ids_.insert(std::string(read.id)).second) wrong("id occurs twice: " + line);
    log_.push_back(line);
  }

  // What is handed over is written some steps later. Without a record there is nothing to write.
  void keep() {
    constexpr std::size_t kBehindMax = 4;
    if (log_.size() == kept_) return;
    kept_ = log_.size();
    HandOver& next = pending_.emplace_back();
    next.number = hand_over(*partition_, next.changes);
    next.log = log_.size();
    while (pending_.size() > kBehindMax) write_one();
  }

  void write_one() {
    const HandOver& first = pending_.front();
    for (const auto& [key, bytes] : first.changes.entities) store_.entities[key] = bytes;
    for (const auto& [key, bytes] : first.changes.accounts) store_.accounts[key] = bytes;
    applied_ = first.log;
    written_ = first.number;
    pending_.pop_front();
  }

  void wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  std::shared_ptr<const Policy> policy_;
  MapStore store_;
  std::unique_ptr<Partition> partition_;
  DerivedSink sink_;
  Decoder decoder_;
  Decoded decoded_;
  Judged judged_;
  Instant now_{kAlways};
  Duration held_;
  std::vector<std::string> log_;
  std::size_t applied_ = 0;  // records of the log that the store has
  std::size_t kept_ = 0;     // and that were handed over to it
  std::deque<HandOver> pending_;
  std::uint64_t written_ = 0;
  std::set<std::string> ids_, accepted_;
  std::string wrong_;
};

}  // namespace tocsin
