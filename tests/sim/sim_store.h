// A store in memory that writes behind as the real one does: what was handed over counts at once, is
// written some batches later, in order, together with the offset up to which it goes, and what was not
// written is gone when the process dies. What is not there is denied by the real store's filter, which is
// filled anew after each death, some rows with every write.
//
// One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "projections/store.h"
#include "projections/write/sought_filter.h"

namespace tocsin::sim {

class SimStore final : public StorePort {
 public:
  // ---- what the world does to it
  // Writes the oldest `batches` of what waits.
  void write(std::size_t batches) {
    fill(kFilledAtOnce);
    for (; batches > 0 && !waiting_.empty(); --batches) {
      for (const AppliedBatch& batch : waiting_.front()) put(written_, batch);
      waiting_.pop_front();
    }
  }
  std::size_t waiting() const { return waiting_.size(); }
  void die() {
    waiting_.clear();
    known_ = written_;
    begin_to_fill();
  }
  void lose_everything() {
    waiting_.clear();
    known_ = written_ = {};
    begin_to_fill();
  }
  void block(std::string why) { problem_ = std::move(why); }
  bool held() const { return held_; }
  void be_busy(bool busy) { busy_ = busy; }

  // ---- StorePort
  bool keeps_records() const override { return false; }
  Offset applied(PartitionId partition) const override {
    const auto at = known_.applied.find(partition);
    return at == known_.applied.end() ? 0 : at->second;
  }
  void apply_as_one(std::vector<AppliedBatch> batches) override {
    for (const AppliedBatch& batch : batches) {
      if (batch.next < applied(batch.partition)) throw std::logic_error("the store goes back");
      for (const EntityChange& e : batch.entities) sought_->insert(mark_of(batch.partition, e.key));
      for (const SeenRow& s : batch.seen) sought_->insert(mark_of(s.identity));
      put(known_, batch);
    }
    waiting_.push_back(std::move(batches));
  }
  bool busy() const override { return busy_ || held_; }
  std::optional<std::string> load_entity(PartitionId partition,
                                         const EntityName& key) const override {
    if (!may_hold(mark_of(partition, key))) return std::nullopt;
    const auto at = known_.entities.find(key_of(partition, key));
    return at == known_.entities.end() ? std::nullopt : std::optional(at->second.state);
  }
  std::optional<std::string> load_account(PartitionId partition,
                                          std::string_view account) const override {
    const auto at = known_.accounts.find({partition, std::string(account)});
    return at == known_.accounts.end() ? std::nullopt : std::optional(at->second);
  }
  void each_entity(PartitionId partition, const EntitySink& visit) const override {
    for (const auto& [at, entity] : known_.entities) {
      if (std::get<0>(at) == partition) visit({std::get<1>(at), std::get<2>(at), std::get<3>(at)});
    }
  }
  std::optional<std::uint64_t> seen(PartitionId partition, std::string_view account,
                                    const Hash128& identity) const override {
    if (!may_hold(mark_of(identity))) return std::nullopt;
    const auto at =
        known_.seen.find({partition, std::string(account), identity.low, identity.high});
    return at == known_.seen.end() ? std::nullopt : std::optional(at->second);
  }
  void scan_due(PartitionId partition, Instant from, Instant to,
                const DueSink& sink) const override {
    std::multimap<Instant, EntityKey> due;
    for (const auto& [key, row] : known_.entities) {
      const auto& [p, account, kind, id] = key;
      if (p == partition && from <= row.due && row.due < to)
        due.emplace(row.due, EntityKey{account, kind, id});
    }
    for (const auto& [at, key] : due) {
      if (!sink(at, key)) return;
    }
  }
  void hold_back(bool held) override { held_ = held; }
  std::size_t waiting_bytes() const override { return 0; }
  bool damaged() const override { return false; }
  bool blocked() const override { return !problem_.empty(); }
  std::string problem() const override { return problem_; }
  bool crowded() const override { return blocked(); }
  bool wait_for_writing(std::size_t, Duration) const override { return !blocked(); }

 private:
  static constexpr std::size_t kFilledAtOnce = 3;

  void begin_to_fill() {
    sought_ = std::make_unique<SoughtFilter>(kFirstKeys, kBytesMax);
    to_fill_.clear();
    for (const auto& [key, _] : known_.entities)
      to_fill_.push_back(
          mark_of(std::get<0>(key), EntityKey{std::get<1>(key), {}, std::get<3>(key)}));
    for (const auto& [key, _] : known_.seen)
      to_fill_.push_back(mark_of(Hash128{std::get<3>(key), std::get<2>(key)}));
  }
  void fill(std::size_t most) {
    for (; most > 0 && !to_fill_.empty(); --most) {
      sought_->insert(to_fill_.back());
      to_fill_.pop_back();
    }
  }
  bool may_hold(std::uint64_t mark) const { return !to_fill_.empty() || sought_->may_hold(mark); }

  struct Row {
    std::string state;
    Instant due;
  };
  using Key = std::tuple<PartitionId, std::string, std::string, std::string>;
  struct State {
    std::map<PartitionId, Offset> applied;
    std::map<Key, Row> entities;
    std::map<std::pair<PartitionId, std::string>, std::string> accounts;
    std::map<std::tuple<PartitionId, std::string, std::uint64_t, std::uint64_t>, std::uint64_t>
        seen;
  };
  static Key key_of(PartitionId partition, const EntityName& key) {
    return {partition, std::string(key.account), std::string(key.kind), std::string(key.id)};
  }
  static void put(State& to, const AppliedBatch& batch) {
    for (const EntityChange& e : batch.entities)
      to.entities[key_of(batch.partition, e.key)] = {std::string(e.state), e.next_due};
    for (const AccountChange& a : batch.accounts) {
      if (a.state.empty()) {
        to.accounts.erase({batch.partition, a.account});
      } else {
        to.accounts[{batch.partition, a.account}] = a.state;
      }
    }
    for (const SeenRow& s : batch.seen)
      to.seen[{batch.partition, std::string(s.account), s.identity.low, s.identity.high}] =
          s.content;
    to.applied[batch.partition] = batch.next;
  }

  State known_, written_;
  std::deque<std::vector<AppliedBatch>> waiting_;
  static constexpr std::size_t kFirstKeys = 16,
                               kBytesMax = 1 << 12;  // many layers, and soon no room
  std::unique_ptr<SoughtFilter> sought_ = std::make_unique<SoughtFilter>(kFirstKeys, kBytesMax);
  std::vector<std::uint64_t> to_fill_;  // what it lacks of `known_`
  bool held_ = false, busy_ = false;
  std::string problem_;
};

}  // namespace tocsin::sim
