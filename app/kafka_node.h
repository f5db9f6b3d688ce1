// The node on Kafka: every node follows every partition of the log; the owner of a partition of the
// intake decides about it (docs/kafka.md).
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "app/config.h"
#include "app/node.h"

namespace tocsin {

// Throws std::runtime_error in words for whoever starts the node: brokers not reached, topics
// missing or set wrongly, partition count changed.
std::unique_ptr<Node> make_kafka_node(const Config& config, const ConfiguredPolicy& policy,
                                      const std::string& roster, std::shared_ptr<Clock> clock,
                                      NodeReport report);

}  // namespace tocsin
