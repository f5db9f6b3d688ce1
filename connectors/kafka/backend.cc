#include "connectors/kafka/backend.h"

#include <utility>

#include "connectors/kafka/intake.h"
#include "connectors/kafka/log_tail.h"
#include "connectors/kafka/settings.h"
#include "connectors/kafka/transactions.h"

namespace tocsin {
namespace {

class RealKafka final : public KafkaBackend {
 public:
  RealKafka(const KafkaSettings& settings, std::int64_t rejected_bytes_max)
      : settings_(settings), rejected_bytes_max_(rejected_bytes_max) {}

  std::unique_ptr<IntakePort> join(IntakeCallbacks callbacks) override {
    return std::make_unique<IntakeConsumer>(settings_, std::move(callbacks));
  }
  std::unique_ptr<WriterPort> writer() override {
    return std::make_unique<TransactionalWriter>(settings_, rejected_bytes_max_);
  }
  std::unique_ptr<SettledLogReader> log() override {
    return std::make_unique<KafkaLogReader>(settings_);
  }
  std::unique_ptr<FollowerPort> follow_log() override {
    return std::make_unique<LogFollower>(settings_);
  }
  std::unique_ptr<FollowerPort> follow_control() override {
    return std::make_unique<LogFollower>(settings_, settings_.control_topic());
  }

 private:
  const KafkaSettings settings_;
  const std::int64_t rejected_bytes_max_;
};

}  // namespace

std::unique_ptr<KafkaBackend> real_kafka(const KafkaSettings& settings,
                                         std::int64_t rejected_bytes_max) {
  return std::make_unique<RealKafka>(settings, rejected_bytes_max);
}

}  // namespace tocsin
