#include "app/kafka_node.h"

#include <stdexcept>

namespace tocsin {

std::unique_ptr<Node> make_kafka_node(const Config&, const PolicyText&, NodeReport) {
  throw std::runtime_error("this build cannot run on Kafka yet");
}

}  // namespace tocsin
