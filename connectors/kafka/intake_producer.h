// The HTTP door on Kafka: accepted events go durably into intake, refused ones into rejected.
//
// Promises
//  1. A completion with an empty error means durable: acknowledged by all in-sync replicas.
//  2. Each completion is called exactly once: from this producer's own thread, from send() itself when
//     librdkafka refuses the record, or from the destructor, which waits for what is under way for
//     settings.request_timeout at most. A record that failed may be there all the same; the client
//     tries again and the engine drops the copy.
//  3. An event goes to the partition of its account (murmur2.h); records of one account stay in the
//     order of the calls. A record is written once by this producer however often it had to try.
//
// These records are in no transaction: intake is an inbox, duplicates there are harmless.
//
// Threads: any. Bounds: kRecordsMax records and kBytesMax bytes under way; beyond them send()
// returns false at once and the caller answers 503 with Retry-After.
// Cost: 2 µs a call; durable after 0.5 ms on one broker, 3 ms on three.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/record.h"
#include "connectors/kafka/settings.h"
#include "engine/log_port.h"

namespace tocsin {

class IntakeProducer {
 public:
  using Completion = std::function<void(const std::string& error)>;

  static constexpr int kRecordsMax = 200'000;
  static constexpr int kBytesMax = 256 * 1024 * 1024;

  // `rejected_bytes_max`: TopicsChecked::rejected_bytes_max. Throws std::runtime_error.
  IntakeProducer(const KafkaSettings& settings, std::int64_t rejected_bytes_max);
  ~IntakeProducer();

  // `event`: a structured CloudEvent in JSON. False: too much is under way; `done` is not called.
  bool send(std::string_view account, std::string_view event, Completion done);

  // A whole request: all of it or nothing is taken; `done` is called once, when all are durable or
  // the first has failed for good (then with its error: some may be durable).
  struct Event {
    std::string_view account;
    std::string_view event;  // structured, or the data of an event in binary mode
    Headers attributes{};    // binary mode's; none: structured
  };
  bool send_all(const std::vector<Event>& events, Completion done);

  bool reject(const RejectedRecord& record, Completion done);

  // Writes `record` once to every partition of the control topic. `placed` is told where, partition by
  // partition, from this producer's thread and before `done`.
  using Placed = std::function<void(PartitionId, Offset)>;
  bool control(std::string_view record, Placed placed, Completion done);

  // Under way now.
  int pending() const;
  std::int32_t partitions() const;  // of the intake topic

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
