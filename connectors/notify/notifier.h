// The notifier: the outbox with a log, a clock and a network around it.
//
// It hears what is committed (`observe`), reads of the log what was there before, sends what the
// outbox calls for, and puts what came of it into the log. One thread does all of that; everybody
// else hands it something and goes on. Sends go out only for partitions that `owned` names, while that
// is sure, and whose log has been read to the end.
//
// Threads: `observe` from whoever commits; routes from io threads; `metrics` from any. `stop` before
// what the ports use goes away. Bounds: kFeedBytesMax of what was committed wait to be heard (more is
// read from the log again), kParallel sends at a time, kTasksMax requests of people, kRememberedMax
// outcomes and ends of groups are remembered for questions.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "connectors/http/module_route.h"
#include "connectors/notify/ack_page.h"
#include "connectors/notify/ack_token.h"
#include "connectors/notify/figures.h"
#include "connectors/notify/outbox.h"
#include "connectors/notify/push_store.h"
#include "connectors/notify/settings.h"
#include "connectors/notify/texts.h"
#include "connectors/notify/transport.h"
#include "engine/input_port.h"
#include "engine/log_port.h"
#include "events/mutex.h"
#include "projections/read/query.h"

namespace tocsin::notify {

inline constexpr std::string_view kSwitchedOnType = "tocsin.engine.notify";
inline constexpr std::string_view kBrowserType = "tocsin.engine.notify_browser";
inline constexpr std::string_view kAllClearType = "tocsin.engine.told";

// Partitions of this node whose log it decides about, surely until then by the clock since boot.
struct OwnedPartitions {
  std::set<PartitionId> partitions;
  std::int64_t until_ms = INT64_MAX;
};

// Of which source an entity is; all of one moment.
using SourceOf = std::function<std::string(const std::string& account, const std::string& kind,
                                           const std::string& id)>;

struct NotifierPorts {
  std::function<Instant()> now;
  LogReader* log = nullptr;
  std::function<OwnedPartitions()> owned;
  std::function<std::int64_t()> since_boot_ms;
  // Whether the node can decide and deliver: what the heartbeat stands for.
  std::function<bool()> healthy;
  // Into the logs of their partitions, durable before `done(true)`; from any thread.
  std::function<void(std::vector<OutcomeRecord>, std::function<void(bool)> done)> record;
  // An engine's own record into every partition's log, durable before `done(true)`.
  std::function<void(std::string type, std::string data, std::function<void(bool)> done)>
      record_everywhere;
  // A CloudEvent from a person; `done` when it is durable, or not.
  std::function<void(std::string event, std::function<void(bool)> done)> submit_fact;
  std::function<std::shared_ptr<const Roster>()> roster;
  std::function<std::shared_ptr<const Policy>()> policy;  // in force: what things are called
  std::function<SourceOf()> sources;                      // for whoever sees some sources only
  std::function<void(std::string_view level, std::string_view event, const std::string& detail)>
      report;
  std::function<void(const std::string& line)> print;
};

class Notifier {
 public:
  static constexpr std::size_t kFeedBytesMax = 64u << 20;
  static constexpr std::size_t kParallel = 128;
  static constexpr std::size_t kTasksMax = 10'000;
  static constexpr std::size_t kRememberedMax = 10'000;
  static constexpr std::size_t kReachedMax = 100'000;

  // Throws std::runtime_error in words for whoever starts the node. `data`: a directory for keys and
  // subscriptions.
  Notifier(Settings settings, const std::string& data, NotifierPorts ports);
  ~Notifier();

  // Records before `ends` are read from the log; later ones are observed.
  void start(std::map<PartitionId, Offset> ends);
  void stop();

  // A committed record. Cheap for those that are none of the notifier's business.
  void observe(PartitionId partition, Offset offset, std::string_view type,
               std::string_view record);
  static bool concerns(std::string_view type);

  // What was come to with each who was told of a group; a delivery holds whatever failed. From any
  // thread; the last kReachedMax are known.
  std::vector<Reached> reached(const std::string& group) const;

  std::vector<ModuleRoute> routes();
  std::string metrics() const { return figures_.text(); }

  // What a channel would send, for `tocsin notify preview`. Throws std::runtime_error.
  static std::string preview(const Settings& settings, const std::string& channel,
                             const std::string& language, std::shared_ptr<const Policy> policy,
                             Instant now);

 private:
  struct Fed {
    PartitionId partition;
    Offset offset;
    std::string record;
  };
  struct Flight {  // a send with the requests that it takes
    std::uint64_t send = 0;
    const Channel* channel = nullptr;
    std::vector<Outgoing> rest;  // the last is next
    std::string endpoint;        // of a subscription
    std::string person;
  };
  struct Ended {
    About about = About::kCleared;
    std::string by;
  };
  struct Health {
    Instant failing_since{kNever};
    bool told = false;
  };

  void run();
  void read_log(PartitionId partition, Offset end);
  void take(PartitionId partition, Offset offset, std::string_view record);
  void take_fed();
  void take_tasks();
  void take_event(PartitionId partition, std::string_view record);
  void send_ready(Instant now, std::int64_t owned_until_ms);
  void begin(Send send, Instant now);
  void next_request(std::uint64_t flight);
  void take_answers(Duration most);
  void concluded(Flight flight, const Verdict& verdict, Instant now);
  void watch_channel(const std::string& channel, bool delivered, Instant now);
  void record_told(Instant now);
  void switch_on(Instant now);
  void beat(Instant now);
  void complete(Message& message) const;
  std::string page_of(const Alarm& alarm) const;
  bool ask(std::function<void()> task);
  void remember(const Told& told, Instant at);
  void submit_acknowledged(const AckClaim& claim, const std::string& person,
                           std::function<void(bool)> done);

  // notifier_routes.cc
  void get_ack(ModuleCall call);
  void post_ack(ModuleCall call);
  void answer_ack(const ModuleCall& call, AckView view, int status);
  AckView view_of(const AckClaim& claim) const;
  void post_pagerduty(ModuleCall call);
  void post_push(ModuleCall call);
  void forget_browser(const std::string& person, const std::string& endpoint);
  void get_push_key(ModuleCall call);
  void post_test(ModuleCall call);
  void get_deliveries(ModuleCall call);

  const Settings settings_;
  const NotifierPorts ports_;
  PushStore push_;
  AckTokens tokens_;
  Texts texts_;
  std::map<std::string, std::unique_ptr<Channel>> channels_;
  Transport transport_;
  Outbox outbox_;
  Figures figures_;

  // Of the thread alone.
  std::map<PartitionId, Offset> next_;
  std::set<PartitionId> read_;
  std::unordered_map<std::uint64_t, Flight> flights_;
  std::uint64_t next_flight_ = 1;
  std::vector<Told> unrecorded_;
  std::unordered_map<std::string, Alarm> alarms_;  // of open groups
  std::unordered_map<std::string, Ended> ended_;
  std::deque<std::string> ended_order_;
  std::map<std::string, Health> health_;
  std::unordered_map<std::string, AckClaim> incidents_;  // by PagerDuty's key
  std::deque<std::string> incidents_order_;
  struct Remembered {
    std::uint64_t number;
    Told told;
    Instant at;
  };
  std::uint64_t next_delivery_ = 1;
  std::deque<Remembered> deliveries_;  // the newest last
  Instant next_beat_{kAlways}, next_switch_{kAlways}, next_own_{kAlways};
  bool fed_again_ = false;

  using Call = std::tuple<std::string, int, std::string>;  // group, step, person
  mutable Mutex reached_mutex_;                            // guards the two below
  std::map<Call, Reached> reached_ GUARDED_BY(reached_mutex_);
  std::deque<Call> reached_order_ GUARDED_BY(reached_mutex_);

  Mutex mutex_;  // guards what follows
  std::vector<Fed> fed_ GUARDED_BY(mutex_);
  std::size_t fed_bytes_ GUARDED_BY(mutex_) = 0;
  std::set<PartitionId> overflowed_ GUARDED_BY(mutex_);
  std::vector<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  std::vector<Told> not_recorded_ GUARDED_BY(mutex_);  // to be tried again
  bool recording_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
  std::map<PartitionId, Offset> ends_;
};

}  // namespace tocsin::notify
