// What the HTTP API needs from the node behind it, as a plain interface that `app` supplies.
// (Questions are asked of the views: question.h.)
//
// Ingestion is asynchronous: `submit` hands a decoded request over and is answered when the batch
// that holds it is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/message.h"
#include "events/codec.h"

namespace tocsin {

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

}  // namespace tocsin
