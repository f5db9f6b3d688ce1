// Sends the events that one rule chooses, at least once, in the log's order, resumable.
//
// Promises
//  1. What was committed after the rule first ran is sent until the other side takes it, or says for
//     good that it will not (3xx, 4xx but 401, 408, 425, 429): that is counted and told.
//  2. How far it came stands in the log (`tocsin.engine.pushed`, at most once a second): another
//     node, or this one after a crash, goes on there. What lies between may be sent twice, with the
//     same webhook-id.
//  3. Events of an entity are sent in their order; here all of a rule are.
//
// Only partitions that this node owns are sent. Threads: one of its own; `wake` and figures from any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "connectors/crm/push_rule.h"
#include "engine/input_port.h"
#include "engine/log_port.h"
#include "events/mutex.h"

namespace tocsin {

struct PusherOptions {
  std::shared_ptr<const PushRule> rule;
  LogReader* log = nullptr;
  InputPort* node = nullptr;
  std::function<std::vector<PartitionId>()> owned;
  // How far it came, as the log says; nullopt: it never ran.
  std::function<std::optional<Offset>(PartitionId)> position;
  // The end of the log as committed.
  std::function<Offset(PartitionId)> end;
  std::function<void(std::string_view level, std::string_view event, std::string_view detail)>
      report;
  Duration retry_min = milliseconds(500), retry_max = minutes(2);
  Duration patience = seconds(10);  // of one request
};

class Pusher {
 public:
  explicit Pusher(PusherOptions options);
  ~Pusher();

  void wake();
  void stop();

  struct Figures {
    std::int64_t sent = 0, failed = 0, tries = 0;
  };
  Figures figures() const;
  const std::string& name() const { return options_.rule->name(); }

 private:
  struct Chosen {
    Offset offset;
    std::string record;
  };
  void run();
  bool work(PartitionId partition);  // true: something was done
  // False: stopping.
  bool send(const std::string& record);
  bool pause(Duration how_long);
  void remember(PartitionId partition, Offset next, bool now);

  PusherOptions options_;
  std::map<PartitionId, Offset> next_, remembered_;
  std::chrono::steady_clock::time_point remembered_at_{};
  std::atomic<std::int64_t> sent_{0}, failed_{0}, tries_{0};
  Mutex mutex_;
  Changed woken_;
  bool stopping_ GUARDED_BY(mutex_) = false, more_ GUARDED_BY(mutex_) = true;
  std::thread thread_;
};

}  // namespace tocsin
