// How to reach Kafka: what the config's `kafka:` section holds, as every part of this folder takes
// it.
//
// A value; copy it freely. The defaults are those of docs/kafka.md.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "events/time.h"

namespace tocsin {

struct KafkaSettings {
  std::string brokers;            // `host:port,host:port`
  std::string prefix = "tocsin";  // of the topics
  std::string group = "tocsin";   // consumer group over intake; one group is one engine

  // Any librdkafka property, passed through as it is after ours: `security.protocol`,
  // `sasl.username`, `ssl.ca.location`, … A property that exactly-once depends on
  // (see docs/kafka.md) is refused here with std::invalid_argument.
  std::map<std::string, std::string> properties;

  Duration session_timeout = seconds(6);      // after which a silent node's partitions pass on
  Duration transaction_timeout = seconds(8);  // after which the broker aborts a silent writer
  Duration request_timeout = seconds(20);     // of one call here, retries included

  // Receives librdkafka's own log lines (level as in syslog: 3 error … 7 debug); called from its
  // threads. Empty: they are dropped.
  std::function<void(int level, std::string_view text)> log;

  std::string intake_topic() const { return prefix + ".intake"; }
  std::string log_topic() const { return prefix + ".log"; }
  std::string rejected_topic() const { return prefix + ".rejected"; }
  std::string control_topic() const { return prefix + ".control"; }
};

// Throws std::invalid_argument naming the property when `properties` sets one that is ours to set,
// or when a duration is outside what Kafka takes.
void check_settings(const KafkaSettings& settings);

}  // namespace tocsin
