#include "connectors/kafka/foreign_topic.h"

#include <chrono>
#include <map>
#include <stdexcept>
#include <vector>

#include "connectors/kafka/rdkafka.h"
#include "events/mutex.h"

namespace tocsin {
namespace {

constexpr int kPollMs = 100, kMoreMs = 5;
constexpr auto kAgainAfter = std::chrono::seconds(1);

// What became of the records of a batch. Shared with their answers, which may come late.
struct Answers {
  Answers(std::size_t awaited, std::size_t records) : left(awaited), kept(records) {}
  Mutex mutex;
  Changed all;
  std::size_t left GUARDED_BY(mutex);
  std::vector<bool> kept GUARDED_BY(mutex);
};

}  // namespace

struct ForeignTopic::Impl {
  std::string topic;
  std::unique_ptr<rdkafka::Handle> handle;

  // What is there, at most kBatchMax records; a first one is waited for.
  std::vector<IntakeRecord> poll() {
    std::vector<IntakeRecord> batch;
    while (batch.size() < kBatchMax) {
      const rdkafka::Message message(
          rd_kafka_consumer_poll(handle->get(), batch.empty() ? kPollMs : kMoreMs));
      if (!message) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) batch.push_back(rdkafka::to_record(*message));
    }
    return batch;
  }

  void commit(const std::map<PartitionId, Offset>& next) {
    const auto list = rdkafka::new_list(static_cast<int>(next.size()));
    for (const auto& [partition, offset] : next) rdkafka::add(list, topic, partition, offset);
    // One that fails is made up for by the next; what lies between comes again and counts once.
    rd_kafka_commit(handle->get(), list.get(), 0);
  }
};

ForeignTopic::ForeignTopic(const KafkaSettings& settings, std::string topic, std::string group,
                           Sink sink)
    : impl_(std::make_unique<Impl>()), sink_(std::move(sink)) {
  impl_->topic = std::move(topic);
  impl_->handle = std::make_unique<rdkafka::Handle>(
      RD_KAFKA_CONSUMER, settings,
      std::map<std::string, std::string>{{"group.id", std::move(group)},
                                         {"enable.auto.commit", "false"},
                                         {"auto.offset.reset", "earliest"},
                                         {"isolation.level", "read_committed"},
                                         {"partition.assignment.strategy", "range"}});
  rd_kafka_poll_set_consumer(impl_->handle->get());
  const auto list = rdkafka::new_list(1);
  rdkafka::add(list, impl_->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID);
  const auto code = rd_kafka_subscribe(impl_->handle->get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw std::runtime_error("kafka: subscribing to " + impl_->topic + ": " +
                             rdkafka::text_of(code));
  thread_ = std::thread([this] { run(); });
}

ForeignTopic::~ForeignTopic() { stop(); }

void ForeignTopic::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  if (impl_->handle) rd_kafka_consumer_close(impl_->handle->get());
  impl_->handle.reset();
}

void ForeignTopic::run() {
  while (!stopping_) {
    std::vector<IntakeRecord> batch = impl_->poll();
    std::size_t from = 0;  // of those that are not kept yet
    while (from < batch.size() && !stopping_) {
      const auto answers = std::make_shared<Answers>(batch.size() - from, batch.size());
      for (std::size_t i = from; i < batch.size(); ++i) {
        const ForeignTopic::Done done = [answers, i](bool kept) {
          const MutexLock lock(answers->mutex);
          answers->kept[i] = kept;
          if (--answers->left == 0) answers->all.notify_all();
        };
        ++records_;
        if (batch[i].null_value) {
          ++tombstones_;
          done(true);
        } else {
          sink_(batch[i], done);
        }
      }
      MutexLock lock(answers->mutex);
      while (answers->left > 0 && !stopping_) answers->all.wait_for(lock, kAgainAfter);
      std::map<PartitionId, Offset> next;
      for (; from < batch.size() && answers->kept[from]; ++from)
        next[batch[from].partition] = batch[from].offset + 1;
      lock.unlock();
      if (!next.empty()) impl_->commit(next);
      if (from < batch.size() && !stopping_) std::this_thread::sleep_for(kAgainAfter);
    }
  }
}

}  // namespace tocsin
