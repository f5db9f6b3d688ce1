#include "tests/sim/sim_broker.h"

#include <algorithm>
#include <stdexcept>

#include "connectors/kafka/murmur2.h"

namespace tocsin::sim {
namespace {

// A membership is a generation; the pointer is never looked through.
Membership membership_of(std::int64_t generation) {
  const auto held = std::make_shared<std::int64_t>(generation);
  return {held, reinterpret_cast<const rd_kafka_consumer_group_metadata_s*>(held.get())};
}
std::int64_t generation_of(const Membership& membership) {
  return membership ? *reinterpret_cast<const std::int64_t*>(membership.get()) : -1;
}

}  // namespace

const SimRecord* SimBroker::Topic::find(Offset from) const {
  const auto found = std::lower_bound(records.begin(), records.end(), from,
                                      [](const SimRecord& r, Offset o) { return r.offset < o; });
  return found == records.end() ? nullptr : &*found;
}

Offset SimBroker::Topic::append(SimRecord record) {
  record.offset = end++;
  records.push_back(std::move(record));
  return end - 1;
}

SimBroker::SimBroker(std::int32_t partitions, Random& random, std::function<void(Duration)> pass)
    : partitions_(partitions),
      random_(random),
      pass_(std::move(pass)),
      intake_(at(partitions)),
      log_(at(partitions)),
      control_(at(partitions)) {}

Offset SimBroker::publish(PartitionId partition, std::string key, std::string value) {
  return intake_[at(partition)].append({0,
                                        std::move(key),
                                        std::move(value),
                                        {{"content-type", "application/cloudevents+json"}},
                                        -1});
}

void SimBroker::publish_control(const std::string& value) {
  for (Topic& topic : control_) topic.append({0, {}, value, {}, -1});
}

void SimBroker::expel(int process) {
  for (auto& [number, member] : members_) {
    if (member.process == process && member.in_group) {
      member.in_group = false;
      member.lost = true;
      member.told = false;
    }
  }
  rebalance();
}

void SimBroker::rebalance() {
  ++generation_;
  std::vector<Member*> in;
  for (auto& [number, member] : members_) {
    member.assigned.clear();
    if (member.in_group) in.push_back(&member);
  }
  for (PartitionId p = 0; !in.empty() && p < partitions_; ++p)
    in[random_.below(in.size())]->assigned.push_back(p);
  for (Member* member : in) member->told = false;
}

class SimIntake final : public IntakePort {
 public:
  SimIntake(SimBroker& broker, int process, IntakeCallbacks callbacks)
      : broker_(broker), callbacks_(std::move(callbacks)), number_(broker.next_member_++) {
    broker_.members_[number_].process = process;
    broker_.rebalance();
  }
  ~SimIntake() override {
    broker_.members_.erase(number_);
    broker_.rebalance();
  }
  std::optional<IntakeRecord> poll(Duration wait) override {
    hear();
    for (auto& [partition, position] : positions_) {
      if (paused_.count(partition) > 0) continue;
      const SimRecord* const record = broker_.intake_[SimBroker::at(partition)].find(position);
      if (record == nullptr) {
        position = std::max(position, broker_.intake_[SimBroker::at(partition)].end);
        continue;
      }
      position = record->offset + 1;
      IntakeRecord found;
      found.partition = partition;
      found.offset = record->offset;
      found.key = record->key;
      found.value = record->value;
      found.headers = record->headers;
      return found;
    }
    broker_.pass_(wait);
    return std::nullopt;
  }
  void start(const std::map<PartitionId, Offset>& positions) override {
    for (const auto& [partition, offset] : positions) positions_[partition] = offset;
  }
  void pause(const std::vector<PartitionId>& partitions) override {
    paused_.insert(partitions.begin(), partitions.end());
  }
  void resume(const std::vector<PartitionId>& partitions) override {
    for (const PartitionId p : partitions) paused_.erase(p);
  }
  void seek(PartitionId partition, Offset offset) override { positions_[partition] = offset; }
  Offset position(PartitionId partition) const override {
    const auto found = positions_.find(partition);
    return found == positions_.end() ? -1 : found->second;
  }
  Membership membership() const override { return membership_; }
  void rejoin() override {
    leave();
    SimBroker::Member& me = broker_.members_[number_];
    me.in_group = true;
    me.lost = false;
    broker_.rebalance();
  }
  void leave() override {
    revoke(false);
    broker_.members_[number_].in_group = false;
    broker_.rebalance();
  }
  std::map<PartitionId, Offset> committed(const std::vector<PartitionId>& partitions) override {
    answered();
    std::map<PartitionId, Offset> found;
    for (const PartitionId p : partitions) {
      if (broker_.committed_.count(p) > 0) found[p] = broker_.committed_[p];
    }
    return found;
  }
  std::map<PartitionId, PositionRange> ranges(const std::vector<PartitionId>& partitions) override {
    answered();
    std::map<PartitionId, PositionRange> found;
    for (const PartitionId p : partitions) found[p] = {0, broker_.intake_[SimBroker::at(p)].end};
    return found;
  }
  std::uint64_t probe(const std::vector<PartitionId>& partitions) override {
    probe_.number++;
    probe_.ends.clear();
    for (const PartitionId p : partitions) probe_.ends[p] = broker_.intake_[SimBroker::at(p)].end;
    return probe_.number;
  }
  IntakeProbe probed(std::uint64_t, Duration) const override { return probe_; }
  Offset last_seen_end(PartitionId partition) const override {
    return broker_.intake_[SimBroker::at(partition)].end;
  }

 private:
  void answered() const {
    if (broker_.trouble.silent) throw std::runtime_error("no answer from the brokers");
  }
  void revoke(bool lost) {
    if (!assigned_.empty()) callbacks_.on_revoked(assigned_, lost);
    assigned_.clear();
    positions_.clear();
    paused_.clear();
  }
  void hear() {
    SimBroker::Member& me = broker_.members_[number_];
    if (me.told) return;
    me.told = true;
    revoke(me.lost);
    if (me.lost) {  // it joins anew by itself
      me.lost = false;
      me.in_group = true;
      broker_.rebalance();
      me.told = true;
    }
    me.generation = broker_.generation_;
    membership_ = membership_of(me.generation);
    assigned_ = me.assigned;
    callbacks_.on_assigned(assigned_);
  }

  SimBroker& broker_;
  IntakeCallbacks callbacks_;
  const int number_;
  std::vector<PartitionId> assigned_;
  std::map<PartitionId, Offset> positions_;
  std::set<PartitionId> paused_;
  Membership membership_;
  IntakeProbe probe_;
};

class SimWriter final : public WriterPort {
 public:
  SimWriter(SimBroker& broker, int process) : broker_(broker), process_(process) {}
  void open(const std::vector<PartitionId>& owned) override {
    if (broker_.trouble.silent) throw std::runtime_error("no answer from the brokers");
    for (const PartitionId p : owned) ++broker_.epochs_[p];
    id_ = *std::min_element(owned.begin(), owned.end());
    epoch_ = broker_.epochs_[id_];
  }
  void close() override { id_ = -1; }
  TransactionResult commit(const Transaction& transaction) override {
    if (broker_.before_commit) broker_.before_commit(process_);
    const bool holds_positions =
        std::any_of(transaction.parts.begin(), transaction.parts.end(),
                    [](const Batch& part) { return part.intake_next >= 0; });
    const bool old = generation_of(transaction.membership) != broker_.generation_;
    if (id_ < 0 || broker_.epochs_[id_] != epoch_ || (holds_positions && old)) {
      ++broker_.fenced_;
      ++counters_.fenced;
      return failed(CommitStatus::kFenced);
    }
    if (broker_.random_.chance(broker_.trouble.refused)) return failed(CommitStatus::kRefused);
    const bool unknown = broker_.random_.chance(broker_.trouble.unknown);
    if (unknown && broker_.random_.chance(50)) return failed(CommitStatus::kUnknown);
    TransactionResult result = apply(transaction);
    if (unknown) return failed(CommitStatus::kUnknown);
    ++counters_.committed;
    return result;
  }
  const TransactionCounters& counters() const override { return counters_; }

 private:
  static TransactionResult failed(CommitStatus status) {
    TransactionResult result;
    result.status = status;
    result.error = "as the test wants it";
    return result;
  }
  TransactionResult apply(const Transaction& transaction) {
    TransactionResult result;
    for (const Batch& part : transaction.parts) {
      SimBroker::Topic& log = broker_.log_[SimBroker::at(part.partition)];
      CommitResult& placed = result.parts.emplace_back();
      for (std::size_t i = 0; i < part.log.size(); ++i) {
        const bool last = i + 1 == part.log.size();
        const Offset offset = log.append({0,
                                          std::string(part.log[i].key),
                                          std::string(part.log[i].value),
                                          {},
                                          last ? part.intake_next : -1});
        placed.first = placed.first < 0 ? offset : placed.first;
        placed.next = offset + 1;
      }
      ++log.end;  // the marker
      for (const RejectedRecord& rejected : part.rejected)
        broker_.rejected_.push_back(rejected.original);
      if (part.intake_next >= 0) broker_.committed_[part.partition] = part.intake_next;
    }
    for (const Reroute& reroute : transaction.reroutes) {
      SimBroker::Topic& intake = broker_.intake_[SimBroker::at(reroute.to)];
      result.moved[reroute.to] =
          intake.append({0, reroute.key, reroute.record.value,
                         reroute_headers(reroute.record, "tocsin.intake"), -1}) +
          1;
      ++counters_.rerouted;
    }
    return result;
  }

  SimBroker& broker_;
  const int process_;
  PartitionId id_ = -1;
  std::int64_t epoch_ = 0;
  TransactionCounters counters_;
};

class SimReader final : public SettledLogReader {
 public:
  explicit SimReader(SimBroker& broker) : broker_(broker) {}
  Offset read(PartitionId partition, Offset from, const LogSink& sink) override {
    const SimBroker::Topic& log = broker_.log_[SimBroker::at(partition)];
    for (const SimRecord* r = log.find(from); r != nullptr; r = log.find(r->offset + 1)) {
      if (!sink(r->offset, r->key, r->value)) return r->offset + 1;
    }
    return std::max(from, log.end);
  }
  PositionRange range(PartitionId partition) override {
    return {0, broker_.log_[SimBroker::at(partition)].end};
  }
  Offset settled_end(PartitionId partition, Duration) override {
    if (broker_.trouble.silent) throw std::runtime_error("no answer from the brokers");
    return broker_.log_[SimBroker::at(partition)].end;
  }

 private:
  SimBroker& broker_;
};

class SimFollower final : public FollowerPort {
 public:
  SimFollower(SimBroker& broker, std::vector<SimBroker::Topic>& topics)
      : broker_(broker), topics_(topics) {}
  void follow(const std::map<PartitionId, Offset>& from) override { positions_ = from; }
  std::optional<LogEntry> poll(Duration wait) override {
    for (auto& [partition, position] : positions_) {
      const SimBroker::Topic& topic = topics_[SimBroker::at(partition)];
      const SimRecord* const record = topic.find(position);
      if (record == nullptr) {
        position = std::max(position, topic.end);
        continue;
      }
      position = record->offset + 1;
      held_ = *record;
      return LogEntry{partition, held_.offset, held_.key, held_.value, held_.intake_next};
    }
    broker_.pass_(wait);
    return std::nullopt;
  }
  Offset position(PartitionId partition) const override {
    const auto found = positions_.find(partition);
    return found == positions_.end() ? -1 : found->second;
  }
  PositionRange range(PartitionId partition) override {
    return {0, topics_[SimBroker::at(partition)].end};
  }

 private:
  SimBroker& broker_;
  std::vector<SimBroker::Topic>& topics_;
  std::map<PartitionId, Offset> positions_;
  SimRecord held_;  // keeps the last entry's views alive
};

std::unique_ptr<KafkaBackend> SimBroker::connect(int process) {
  class Backend final : public KafkaBackend {
   public:
    Backend(SimBroker& broker, int process) : broker_(broker), process_(process) {}
    std::unique_ptr<IntakePort> join(IntakeCallbacks callbacks) override {
      return std::make_unique<SimIntake>(broker_, process_, std::move(callbacks));
    }
    std::unique_ptr<WriterPort> writer() override {
      return std::make_unique<SimWriter>(broker_, process_);
    }
    std::unique_ptr<SettledLogReader> log() override {
      return std::make_unique<SimReader>(broker_);
    }
    std::unique_ptr<FollowerPort> follow_log() override {
      return std::make_unique<SimFollower>(broker_, broker_.log_);
    }
    std::unique_ptr<FollowerPort> follow_control() override {
      return std::make_unique<SimFollower>(broker_, broker_.control_);
    }

   private:
    SimBroker& broker_;
    const int process_;
  };
  return std::make_unique<Backend>(*this, process);
}

}  // namespace tocsin::sim
