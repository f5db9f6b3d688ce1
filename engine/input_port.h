// The way into a node, the same for all who bring something: HTTP, notifiers, adapters, the demonstration.
//
// Facts are handed over as they were received and decoded, and answered when the batch that holds them is
// durable. Records of the engine's own (a policy, a roster, an override, settings) are answered when they
// stand in the log of every partition: before that they count nowhere.
//
// Threads: any; a call must not block. An answer is called once, from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/log_port.h"
#include "engine/policy/known_types.h"
#include "events/codec.h"

namespace tocsin {

// ---- facts

struct SubmittedEvent {
  std::string_view original;  // its bytes as received, for the rejected stream
  Decoded decoded;            // before judge(): form and attributes only; or `forbidden:…`
  bool binary = false;        // attributes in the headers (`ce-…`), `original` is the data
};

// What somebody sent at once, in order. The views point into `body`, so it stays where it is.
struct Submission {
  std::string body;
  std::vector<std::pair<std::string, std::string>>
      headers;         // of those received, none that may be a key
  std::string source;  // `http 127.0.0.1:5000`
  std::string by;      // the name of the token that it came with; empty: none
  std::vector<SubmittedEvent> events;
  std::deque<std::string> texts;  // what views of the events may point into beside `body`

  Submission() = default;
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;
};

inline constexpr std::size_t kRejectedHeaderBytesMax = 4096;

// Those headers that stand with a rejected record: the first ones, kRejectedHeaderBytesMax of names
// and values at most; the last value is cut.
std::vector<std::pair<std::string, std::string>> rejected_headers(
    const std::vector<std::pair<std::string, std::string>>& kept);

enum class EventVerdict : std::uint8_t { kAccepted, kDuplicate, kConflict, kRejected };

struct EventOutcome {
  EventVerdict verdict = EventVerdict::kAccepted;
  std::string reason{};     // of kRejected: `bad_data:priority`
  std::string detail{};     // of `bad_data`, for people: the value met, the words allowed
  Miss miss = Miss::kNone;  // of kAccepted: why it has no effect
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

// ---- records of the engine's own

struct OwnRecord {
  std::string type;     // `tocsin.engine.roster`
  std::string subject;  // what it is about, in a word: the policy's name, a person; may be empty
  // A JSON object. A policy's begins with its version, `{"version":0,`, which each partition sets.
  std::string data;
  // On Kafka its place in the topic through which it came; −1: none.
  Offset control = -1;
};

// What became of a message to a person, for the log of one partition: about an entity, without effect
// on it (`tocsin.notification.delivered`).
struct OutcomeRecord {
  PartitionId partition = 0;
  std::string type, id, account, entity_kind, entity_id;
  std::string data;  // a JSON object
};

struct OwnResult {
  enum class Status : std::uint8_t {
    kDurable,      // in the log of every partition
    kRefused,      // by a partition that cannot take it: `detail` says why; it counts nowhere there
    kUnavailable,  // not in the log of those that are `missing`, where it may still come to be
  };
  Status status = Status::kDurable;
  std::vector<PartitionId> missing;
  std::string detail;  // for people; empty when durable
};

class InputPort {
 public:
  using SubmitDone = std::function<void(SubmitResult)>;
  using OwnDone = std::function<void(OwnResult)>;

  virtual ~InputPort() = default;
  virtual void submit(std::unique_ptr<Submission> submission, SubmitDone done) = 0;
  virtual void submit_own(OwnRecord record, OwnDone done) = 0;
  // Into the logs of partitions that this node decides about; kUnavailable where it does not.
  virtual void submit_outcomes(std::vector<OutcomeRecord> records, OwnDone done) {
    (void)records;
    done({OwnResult::Status::kUnavailable, {}, "this way in takes no outcomes"});
  }
};

}  // namespace tocsin
