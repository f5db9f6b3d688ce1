// What the HTTP API needs from the node behind it, as plain interfaces that `app` supplies.
//
// Ingestion is asynchronous: `submit` hands a decoded request over and is answered when the batch
// that holds it is durable. Queries are synchronous and run on the API's own query threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/message.h"
#include "engine/log_port.h"
#include "events/codec.h"
#include "events/time.h"

namespace tocsin {

// ---- events in

struct SubmittedEvent {
  std::string_view original;  // its bytes as received, for the rejected stream
  Decoded decoded;            // before judge(): form and attributes only
  bool binary = false;        // attributes in the request's ce- headers, `original` is the data
};

// One request with its events, in order. The views point into `body`, so it stays where it is.
struct Submission {
  std::string body;
  HttpFields headers;  // as received, without Authorization and cookies
  std::string source;  // `http 127.0.0.1:5000`
  std::vector<SubmittedEvent> events;

  Submission() = default;
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;
};

enum class EventVerdict : std::uint8_t { kAccepted, kDuplicate, kConflict, kRejected };

struct EventOutcome {
  EventVerdict verdict = EventVerdict::kAccepted;
  std::string reason;  // of kRejected: `bad_data:priority`
};

struct SubmitResult {
  enum class Status : std::uint8_t {
    kJudged,       // durable; `events` has an outcome for each event, in order
    kUnavailable,  // nothing was kept: overload, disk full, not the time for it
  };
  Status status = Status::kJudged;
  std::vector<EventOutcome> events;
  std::string position;  // where the last accepted fact stands in the log; empty where unknown
  std::string detail;    // of kUnavailable, for people
  int retry_after_seconds = 1;
};

struct Readiness {
  bool ready = false;
  std::string detail;  // what is missing: `partition 3: 1200 records behind`
};

class NodePort {
 public:
  using SubmitDone = std::function<void(SubmitResult)>;

  virtual ~NodePort() = default;

  // From io threads; must not block. `done` is called once, from any thread.
  virtual void submit(std::unique_ptr<Submission> submission, SubmitDone done) = 0;
  // On Kafka only a partition's owner knows what is a duplicate: answers say null.
  virtual bool knows_duplicates() const = 0;
  // Caught up: what is asked now is answered from the whole log.
  virtual Readiness ready() const = 0;
  // Empty, or why this process should be restarted: the disk failed, a thread died.
  virtual std::string sick() const = 0;
  // Prometheus text format; may be empty. From query threads.
  virtual std::string metrics() const = 0;
};

// ---- questions

// A parameter that the query side refuses: 400 naming it.
struct BadParameter : std::runtime_error {
  BadParameter(std::string parameter, const std::string& detail)
      : std::runtime_error(detail), name(std::move(parameter)) {}
  std::string name;
};

inline constexpr std::size_t kLimitDefault = 100;
inline constexpr std::size_t kLimitMax = 1000;

struct PageRequest {
  std::size_t limit = kLimitDefault;
  std::string cursor;  // empty: from the beginning
};

struct ClocksRequest {
  std::string state;  // running, paused, stopped, cancelled, at_risk, overdue; empty: all
  std::string kind, clock, account, tier, role, person;
  PageRequest page;
};

struct BoardRequest {
  std::string account, kind, tier, role, person;
  std::size_t limit = kLimitDefault;  // of each list
};

struct InboxRequest {
  std::string person, role;  // one of them
  PageRequest page;
};

struct TimelineRequest {
  Offset after = -1;  // entries behind it; newest first: before it, −1 from the end
  bool newest_first = false;
  std::size_t limit = kLimitDefault;
};

struct KpisRequest {
  enum class By : std::uint8_t { kDay, kWeek, kMonth };
  By by = By::kMonth;
  std::string from, to;  // dates, both included; empty: the last 31 days, 13 weeks, 13 months
  std::string clock, account, tier, priority;
  bool per_account = false, per_tier = false, per_priority = false;
};

// Answers are JSON objects. Throws BadParameter; anything else thrown is a 500.
// Threads: any.
class QueryPort {
 public:
  virtual ~QueryPort() = default;

  virtual std::string clocks(const ClocksRequest& request) = 0;
  virtual std::string board(const BoardRequest& request) = 0;
  virtual std::string inbox(const InboxRequest& request) = 0;
  virtual std::string accounts(const PageRequest& request) = 0;
  virtual std::string kpis(const KpisRequest& request) = 0;
  virtual std::string faults(const std::string& account, std::size_t limit) = 0;
  // nullopt: nothing is known of it.
  virtual std::optional<std::string> entity(const std::string& account, const std::string& kind,
                                            const std::string& id) = 0;
  virtual std::optional<std::string> entity_timeline(const std::string& account,
                                                     const std::string& kind, const std::string& id,
                                                     const TimelineRequest& request) = 0;
  virtual std::optional<std::string> account(const std::string& account) = 0;
  virtual std::optional<std::string> account_timeline(const std::string& account,
                                                      const TimelineRequest& request) = 0;

  // The offset after the last record that answers include, by partition.
  virtual std::map<PartitionId, Offset> applied() = 0;
};

}  // namespace tocsin
