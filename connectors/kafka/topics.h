// The four topics: making them, and refusing to run on others.
//
// Their settings are correctness. Kafka's defaults delete the log after seven days, and compaction
// by key would leave one record an account; so `run` checks what it finds before it reads a record.
//
//   <prefix>.intake    any producer writes it; a node reads it as a member of the consumer group
//   <prefix>.log       the truth: kept for ever
//   <prefix>.rejected  what was refused, original bytes: kept for ever, takes twice intake's size
//   <prefix>.control   what is to stand in every partition's log (policies, rosters, overrides), one
//                      record a partition; its owner makes it one of the log
//
// Threads: any; every call makes its own connection and blocks for at most
// settings.request_timeout a request. Cost: some 50 ms.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/settings.h"

namespace tocsin {

struct TopicPlan {
  std::int32_t partitions = 12;
  std::int32_t replication = 3;  // clipped to nothing: more than there are brokers is an error
};

// A topic as it is on the broker.
struct TopicFound {
  std::int32_t partitions = 0;   // 0: there is no such topic
  std::int32_t replication = 0;  // the least of its partitions
  std::map<std::string, std::string> config;
};

// One reason not to run.
struct TopicFault {
  std::string topic;
  std::string setting;  // `retention.ms`, `partitions`, …
  std::string found;
  std::string wanted;
  // `topic tocsin.log: retention.ms is 604800000, wanted -1`
  std::string text() const;
};

struct TopicsChecked {
  std::vector<TopicFault> faults;     // empty: run
  std::vector<std::string> warnings;  // it runs, but someone should know (replication below 3)
  std::int32_t partitions = 0;
  std::int64_t rejected_bytes_max = 0;  // largest record that .rejected takes
};

// What .log and .rejected take at least: a fact of 256 KiB whose attributes all need JSON escapes.
inline constexpr std::int64_t kLogMessageBytesMin = 2 * 1024 * 1024;
// What .intake takes at least: every event that is not too_large, or it could not be re-routed.
inline constexpr std::int64_t kIntakeMessageBytesMin = 512 * 1024;
inline constexpr std::int64_t kIntakeMessageBytes = 1024 * 1024 + 12;  // Kafka's own default

// Creates what is missing. A topic that exists is left as it is (check_topics judges it).
// Returns the names of those created. Throws std::runtime_error with the broker's reason.
std::vector<std::string> create_topics(const KafkaSettings& settings, const TopicPlan& plan);

// The settings that create_topics gives a topic (one of the four names).
std::map<std::string, std::string> wanted_config(const KafkaSettings& settings,
                                                 const std::string& topic,
                                                 std::int32_t replication);

// Reads the four topics from the broker and judges them. `partitions_in_log` is the count that the
// log itself remembers (record `tocsin.engine.partitions`), when it does: another count would send
// an account's facts elsewhere than its past. Throws std::runtime_error when the broker cannot be
// asked.
TopicsChecked check_topics(const KafkaSettings& settings,
                           std::optional<std::int32_t> partitions_in_log);

// The judgement alone; pure.
TopicsChecked judge_topics(const KafkaSettings& settings,
                           const std::map<std::string, TopicFound>& found,
                           std::optional<std::int32_t> partitions_in_log);

}  // namespace tocsin
