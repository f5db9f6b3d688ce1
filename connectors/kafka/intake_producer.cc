#include "connectors/kafka/intake_producer.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "connectors/kafka/murmur2.h"
#include "connectors/kafka/rdkafka.h"
#include "connectors/kafka/topics.h"
#include "events/mutex.h"

namespace tocsin {
namespace {

constexpr Duration kServeSlice = milliseconds(100);
constexpr std::int64_t kMessageSlackBytes = 64 * 1024;

std::map<std::string, std::string> door_properties(const KafkaSettings& settings,
                                                   std::int64_t rejected_bytes_max) {
  return {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"compression.type", "zstd"},
      {"linger.ms", "0.2"},  // a burst of requests shares a batch, a single one hardly waits
      {"retry.backoff.ms", "20"},
      {"delivery.timeout.ms", std::to_string(settings.request_timeout.ms)},
      {"message.max.bytes",
       std::to_string(std::max(rejected_bytes_max, kLogMessageBytesMin) + kMessageSlackBytes)},
      {"queue.buffering.max.messages", std::to_string(IntakeProducer::kRecordsMax)},
      {"queue.buffering.max.kbytes", std::to_string(IntakeProducer::kBytesMax / 1024)},
      {"allow.auto.create.topics", "false"},
  };
}

// One request's records: the last to settle calls the completion.
class Ticket {
 public:
  Ticket(std::size_t records, IntakeProducer::Completion done, IntakeProducer::Placed placed = {})
      : left_(records), done_(std::move(done)), placed_(std::move(placed)) {}

  void placed(PartitionId partition, Offset offset) const {
    if (placed_) placed_(partition, offset);
  }

  void settle(std::string error) {
    {
      const MutexLock lock(mutex_);
      if (error_.empty()) error_ = std::move(error);
      if (--left_ > 0) return;
      error = error_;
    }
    if (done_) done_(error);
    delete this;
  }

 private:
  Mutex mutex_;
  std::size_t left_ GUARDED_BY(mutex_);
  std::string error_ GUARDED_BY(mutex_);
  IntakeProducer::Completion done_;
  IntakeProducer::Placed placed_;
};

}  // namespace

struct IntakeProducer::Impl {
  KafkaSettings settings;
  std::int64_t rejected_bytes_max;
  std::int32_t partition_total = 0;
  std::unique_ptr<rdkafka::Handle> handle;
  rdkafka::Topic intake, rejected, control;
  Mutex admission;  // send_all takes all or nothing
  std::atomic<int> records{0};
  std::atomic<std::int64_t> bytes{0};
  std::atomic<bool> stopping{false};
  std::thread server;

  static void on_delivery(rd_kafka_t* rk, const rd_kafka_message_t* message, void*) {
    auto& self = *static_cast<Impl*>(rdkafka::opaque_of(rk));
    --self.records;
    self.bytes -= static_cast<std::int64_t>(message->len);
    auto* ticket = static_cast<Ticket*>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      ticket->placed(message->partition, message->offset);
    ticket->settle(message->err == RD_KAFKA_RESP_ERR_NO_ERROR
                       ? std::string()
                       : "kafka: " + rdkafka::text_of(message->err));
  }

  bool admit(int more, std::int64_t more_bytes) {
    const MutexLock lock(admission);
    if (records + more > kRecordsMax || bytes + more_bytes > kBytesMax) return false;
    records += more;
    bytes += more_bytes;
    return true;
  }

  // For a record that was admitted; settles the ticket when librdkafka does not take it.
  void produce(const rdkafka::Topic& topic, PartitionId partition, std::string_view key,
               std::string_view value, const Headers& headers, Ticket* ticket) {
    const auto error =
        rdkafka::produce(handle->get(), topic, partition, key, value, headers, ticket);
    if (!error) return;
    --records;
    bytes -= static_cast<std::int64_t>(value.size());
    ticket->settle(std::string("kafka: ") + rd_kafka_error_string(error.get()));
  }
};

IntakeProducer::IntakeProducer(const KafkaSettings& settings, std::int64_t rejected_bytes_max)
    : impl_(new Impl) {
  impl_->settings = settings;
  impl_->rejected_bytes_max = rejected_bytes_max;
  impl_->handle = std::make_unique<rdkafka::Handle>(
      RD_KAFKA_PRODUCER, settings, door_properties(settings, rejected_bytes_max), impl_.get(),
      [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, &Impl::on_delivery); });
  rd_kafka_t* rk = impl_->handle->get();
  impl_->partition_total =
      rdkafka::partition_count(rk, settings.intake_topic(), settings.request_timeout);
  impl_->intake.reset(rd_kafka_topic_new(rk, settings.intake_topic().c_str(), nullptr));
  impl_->rejected.reset(rd_kafka_topic_new(rk, settings.rejected_topic().c_str(), nullptr));
  impl_->control.reset(rd_kafka_topic_new(rk, settings.control_topic().c_str(), nullptr));
  impl_->server = std::thread([impl = impl_.get()] {
    while (!impl->stopping) {
      rd_kafka_poll(impl->handle->get(), rdkafka::timeout_ms(kServeSlice));
    }
  });
}

IntakeProducer::~IntakeProducer() {
  impl_->stopping = true;
  impl_->server.join();
  rd_kafka_t* rk = impl_->handle->get();
  // delivery.timeout.ms bounds what is under way; what the flush leaves is purged, and reported so.
  rd_kafka_flush(rk, rdkafka::timeout_ms(impl_->settings.request_timeout));
  rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(rk, rdkafka::timeout_ms(kServeSlice));
}

bool IntakeProducer::send(std::string_view account, std::string_view event, Completion done) {
  return send_all({{account, event}}, std::move(done));
}

bool IntakeProducer::send_all(const std::vector<Event>& events, Completion done) {
  static const Headers kStructured{{"content-type", "application/cloudevents+json; charset=UTF-8"}};
  if (events.empty()) {
    if (done) done({});
    return true;
  }
  std::int64_t bytes = 0;
  for (const auto& event : events) bytes += static_cast<std::int64_t>(event.event.size());
  if (!impl_->admit(static_cast<int>(events.size()), bytes)) return false;
  auto* ticket = new Ticket(events.size(), std::move(done));  // deletes itself
  for (const auto& event : events) {
    impl_->produce(impl_->intake, partition_of(event.account, impl_->partition_total),
                   event.account, event.event,
                   event.attributes.empty() ? kStructured : event.attributes, ticket);
  }
  return true;
}

bool IntakeProducer::reject(const RejectedRecord& record, Completion done) {
  const RejectedWire wire = lay_out(record, impl_->rejected_bytes_max);
  if (!impl_->admit(1, static_cast<std::int64_t>(wire.value.size()))) return false;
  // What was refused has no account that could be trusted; its bytes spread it evenly.
  const PartitionId partition = partition_of(record.original, impl_->partition_total);
  impl_->produce(impl_->rejected, partition, {}, wire.value, wire.headers,
                 new Ticket(1, std::move(done)));
  return true;
}

bool IntakeProducer::control(std::string_view record, Placed placed, Completion done) {
  const auto count = static_cast<std::size_t>(impl_->partition_total);
  if (!impl_->admit(impl_->partition_total, static_cast<std::int64_t>(record.size() * count)))
    return false;
  auto* ticket = new Ticket(count, std::move(done), std::move(placed));  // deletes itself
  for (PartitionId p = 0; p < impl_->partition_total; ++p)
    impl_->produce(impl_->control, p, {}, record, {}, ticket);
  return true;
}

int IntakeProducer::pending() const { return impl_->records; }
std::int32_t IntakeProducer::partitions() const { return impl_->partition_total; }

}  // namespace tocsin
