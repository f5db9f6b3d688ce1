// Brokers in memory: intake, log, rejected and control of some partitions, a consumer group with
// generations, and transactions that fence as the real ones do (docs/kafka.md, T1 to T4):
//
//   - a writer whose transactional id was claimed by another is fenced
//   - one whose membership is of an older generation is fenced, when its transaction holds a position;
//     without one it commits
//   - a commit may be refused, or its outcome be unknown: done or not
//
// A node that is not polled for a while is expelled when the world says so, and learns it at its next
// poll. One thread; waiting lets the world's time pass.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connectors/kafka/backend.h"
#include "connectors/kafka/transactions.h"
#include "tests/sim/random.h"

namespace tocsin::sim {

struct SimRecord {
  Offset offset = 0;
  std::string key, value;
  Headers headers;
  Offset intake_next = -1;
};

class SimBroker {
 public:
  // `pass`: lets so much time pass.
  SimBroker(std::int32_t partitions, Random& random, std::function<void(Duration)> pass);

  // What commits may do other than succeed, in percent.
  struct Trouble {
    std::uint64_t refused = 0, unknown = 0;
    bool silent = false;  // nothing is answered: calls that ask throw
  };
  Trouble trouble;
  // Called when a node's commit is on its way to the brokers: whatever happens to the group before it is
  // there.
  std::function<void(int process)> before_commit;

  std::int32_t partitions() const { return partitions_; }
  Offset publish(PartitionId partition, std::string key, std::string value);
  void publish_control(const std::string& value);

  // A backend for one process; when the process dies, `expel` its members and forget the backend.
  std::unique_ptr<KafkaBackend> connect(int process);
  // The group goes on without it; it hears of it at its next poll, if there is one.
  void expel(int process);
  void rebalance();

  const std::vector<SimRecord>& log(PartitionId partition) const {
    return log_.at(at(partition)).records;
  }
  const std::vector<std::string>& rejected() const { return rejected_; }
  std::size_t fenced() const { return fenced_; }

 private:
  friend class SimIntake;
  friend class SimWriter;
  friend class SimReader;
  friend class SimFollower;
  struct Topic {
    std::vector<SimRecord> records;
    Offset end = 0;
    // The first record at or behind `from`; null: none.
    const SimRecord* find(Offset from) const;
    Offset append(SimRecord record);
  };
  struct Member {
    int process = 0;
    std::int64_t generation = 0;  // that it knows of
    std::vector<PartitionId> assigned;
    bool in_group = true, told = false, lost = false;
  };
  static std::size_t at(PartitionId partition) { return static_cast<std::size_t>(partition); }

  const std::int32_t partitions_;
  Random& random_;
  std::function<void(Duration)> pass_;
  std::vector<Topic> intake_, log_, control_;
  std::map<PartitionId, Offset> committed_;
  std::map<PartitionId, std::int64_t> epochs_;  // of transactional ids
  std::map<int, Member> members_;               // by number
  int next_member_ = 1;
  std::int64_t generation_ = 0;
  std::vector<std::string> rejected_;  // as they came
  std::size_t fenced_ = 0;
};

}  // namespace tocsin::sim
