#include "app/log_source.h"

#include <filesystem>

#include "connectors/embedded/log_directory.h"
#include "connectors/kafka/log_tail.h"

namespace tocsin {

namespace {

constexpr Duration kFollowWait = milliseconds(500);

class DirectorySource final : public LogSource {
 public:
  explicit DirectorySource(const std::string& data) : log_(std::filesystem::path(data) / "log") {}
  std::vector<PartitionId> partitions() override { return {0}; }
  Offset read(PartitionId partition, Offset from, const LogSink& sink) override {
    return log_.read(partition, from, sink);
  }
  Offset read_rejected(PartitionId, Offset from, const Rejected& sink) override {
    return log_.read_rejected(from, [&](Offset offset, const RejectedView& view) {
      RejectedRecord record;
      record.arrived = view.arrived;
      record.reason = view.reason;
      for (const auto& [name, value] : view.headers) record.headers.emplace_back(name, value);
      record.source = view.source;
      record.original = view.original;
      return sink(offset, record);
    });
  }
  bool wait() override {
    log_.wait(kFollowWait);
    return true;
  }

 private:
  LogDirectory log_;
};

class TopicSource final : public LogSource {
 public:
  explicit TopicSource(const KafkaSettings& settings) : log_(settings), rejected_(settings) {}
  std::vector<PartitionId> partitions() override {
    std::vector<PartitionId> all(static_cast<std::size_t>(log_.partitions()));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<PartitionId>(i);
    return all;
  }
  Offset read(PartitionId partition, Offset from, const LogSink& sink) override {
    return log_.read(partition, std::max(from, log_.range(partition).first), sink);
  }
  Offset read_rejected(PartitionId partition, Offset from, const Rejected& sink) override {
    return rejected_.read(partition, from, sink);
  }
  bool wait() override { return true; }  // reading the topics waits for itself

 private:
  KafkaLogReader log_;
  KafkaRejectedReader rejected_;
};

}  // namespace

std::unique_ptr<LogSource> open_log_source(const Config& config) {
  if (config.on_kafka()) return std::make_unique<TopicSource>(config.kafka);
  return std::make_unique<DirectorySource>(config.data);
}

}  // namespace tocsin
