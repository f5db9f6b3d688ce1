#include "connectors/kafka/log_tail.h"

#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "connectors/kafka/rdkafka.h"
#include "connectors/kafka/record.h"
#include "connectors/kafka/transactions.h"
#include "events/mutex.h"

namespace tocsin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration kPollSlice = milliseconds(20);
constexpr Duration kSettleStep = milliseconds(5);

std::map<std::string, std::string> reader_properties(const KafkaSettings& settings,
                                                     const char* isolation) {
  return {
      // librdkafka wants a group's name for assign(); nothing is ever committed to it.
      {"group.id", settings.group + "-log-reader"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"isolation.level", isolation},
      {"enable.partition.eof", "true"},
      {"fetch.error.backoff.ms", "20"},
      {"fetch.wait.max.ms", "100"},
      {"queued.max.messages.kbytes", "16384"},  // a partition
      {"allow.auto.create.topics", "false"},
  };
}

void assign(rd_kafka_t* rk, const std::string& topic, const std::map<PartitionId, Offset>& from) {
  const auto list = rdkafka::new_list(static_cast<int>(from.size()) + 1);
  for (const auto& [partition, offset] : from) rdkafka::add(list, topic, partition, offset);
  const auto code = rd_kafka_assign(rk, list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("kafka: reading " + topic + ": " + rdkafka::text_of(code));
  }
}

std::string where(const std::string& topic, PartitionId partition, Offset offset) {
  return topic + ":" + std::to_string(partition) + ":" + std::to_string(offset);
}

void check_held(const std::string& topic, PartitionId partition, Offset from, PositionRange range) {
  if (from < range.first) {
    throw LogLost("kafka: " + where(topic, partition, from) + " is gone, the first record is now " +
                  std::to_string(range.first) + ": the log has lost its beginning");
  }
  if (from > range.end) {
    throw LogLost("kafka: " + where(topic, partition, from) + " is beyond the log's end " +
                  std::to_string(range.end) + ": this is not the log that was read before");
  }
}

PositionRange range_of(rd_kafka_t* rk, const std::string& topic, PartitionId partition,
                       Duration timeout) {
  return {rdkafka::list_offsets(rk, topic, {partition}, rdkafka::kEarliest, timeout).at(partition),
          rdkafka::list_offsets(rk, topic, {partition}, rdkafka::kLatest, timeout).at(partition)};
}

// What poll() met: a record, a partition's end (offset alone), or nothing.
struct Met {
  enum class What { kNothing, kRecord, kEnd } what = What::kNothing;
  PartitionId partition = 0;
  Offset next = 0;  // position after it
};

// Errors that librdkafka retries by itself are `kNothing`.
Met classify(const rd_kafka_message_t& message, const std::string& topic) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {Met::What::kRecord, message.partition, message.offset + 1};
  }
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    return {Met::What::kEnd, message.partition, message.offset};
  }
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
      message.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
      message.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      message.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
      message.err == RD_KAFKA_RESP_ERR__FATAL) {
    throw std::runtime_error("kafka: reading " + topic + ":" + std::to_string(message.partition) +
                             ": " + rd_kafka_message_errstr(&message));
  }
  return {};
}

std::string_view key_of(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.key), message.key_len};
}
std::string_view value_of(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.payload), message.len};
}

Offset intake_next_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return -1;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_header_get_last(headers, kIntakeHeader.data(), &value, &size) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return -1;
  }
  Offset offset = -1;
  const auto* text = static_cast<const char*>(value);
  const auto [end, error] = std::from_chars(text, text + size, offset);
  return error == std::errc() && end == text + size ? offset : -1;
}

// A consumer of one topic that reads stretches.
class StretchReader {
 public:
  StretchReader(const KafkaSettings& settings, std::string topic)
      : settings_(settings),
        topic_(std::move(topic)),
        handle_(RD_KAFKA_CONSUMER, settings, reader_properties(settings, "read_committed")) {
    rd_kafka_poll_set_consumer(handle_.get());
  }
  ~StretchReader() { rd_kafka_consumer_close(handle_.get()); }

  template <typename Sink>
  Offset read(PartitionId partition, Offset from, const Sink& sink) {
    const MutexLock lock(mutex_);
    const PositionRange range = range_of(rk(), topic_, partition, settings_.request_timeout);
    check_held(topic_, partition, from, range);
    if (from >= range.end) return from;
    assign(rk(), topic_, {{partition, from}});
    Offset next = from;
    const auto patience = std::chrono::milliseconds(settings_.request_timeout.ms);
    auto deadline = Clock::now() + patience;
    while (next < range.end) {
      const rdkafka::Message message(rd_kafka_consumer_poll(rk(), rdkafka::timeout_ms(kPollSlice)));
      const Met met = message ? classify(*message, topic_) : Met{};
      if (met.what == Met::What::kNothing) {
        if (Clock::now() < deadline) continue;
        throw std::runtime_error("kafka: no answer from " + settings_.brokers + " while reading " +
                                 where(topic_, partition, next));
      }
      deadline = Clock::now() + patience;
      if (met.what == Met::What::kRecord && met.next > range.end) break;
      next = met.next;
      if (met.what == Met::What::kRecord && !sink(*message)) return next;
    }
    rd_kafka_assign(rk(), nullptr);
    // Beyond range.end only where the last thing met was the partition's new end.
    return std::max(next, range.end);
  }

  rd_kafka_t* rk() const { return handle_.get(); }
  const KafkaSettings& settings() const { return settings_; }
  const std::string& topic() const { return topic_; }

 private:
  KafkaSettings settings_;
  std::string topic_;
  rdkafka::Handle handle_;
  Mutex mutex_;
};

}  // namespace

struct KafkaLogReader::Impl {
  explicit Impl(const KafkaSettings& settings) : log(settings, settings.log_topic()) {}
  StretchReader log;
  std::unique_ptr<rdkafka::Handle> uncommitted;  // sees the end of all records; made when needed
};

KafkaLogReader::KafkaLogReader(const KafkaSettings& settings) : impl_(new Impl(settings)) {}
KafkaLogReader::~KafkaLogReader() = default;

Offset KafkaLogReader::read(PartitionId partition, Offset from, const LogSink& sink) {
  return impl_->log.read(partition, from, [&](const rd_kafka_message_t& message) {
    return sink(message.offset, key_of(message), value_of(message));
  });
}

std::int32_t KafkaLogReader::partitions() {
  return rdkafka::partition_count(impl_->log.rk(), impl_->log.topic(),
                                  impl_->log.settings().request_timeout);
}

PositionRange KafkaLogReader::range(PartitionId partition) {
  return range_of(impl_->log.rk(), impl_->log.topic(), partition,
                  impl_->log.settings().request_timeout);
}

Offset KafkaLogReader::settled_end(PartitionId partition, Duration wait) {
  const auto& settings = impl_->log.settings();
  if (!impl_->uncommitted) {
    impl_->uncommitted = std::make_unique<rdkafka::Handle>(
        RD_KAFKA_CONSUMER, settings, reader_properties(settings, "read_uncommitted"));
  }
  const auto deadline = Clock::now() + std::chrono::milliseconds(wait.ms);
  while (true) {
    // The end of all records first: what is committed by the later look is then everything up to
    // it.
    const auto end = [&](rd_kafka_t* rk) {
      return rdkafka::list_offsets(rk, impl_->log.topic(), {partition}, rdkafka::kLatest,
                                   settings.request_timeout)
          .at(partition);
    };
    const Offset all = end(impl_->uncommitted->get());
    const Offset committed = end(impl_->log.rk());
    if (committed >= all) return committed;
    if (Clock::now() >= deadline) {
      throw std::runtime_error("kafka: " + where(impl_->log.topic(), partition, committed) +
                               " is still undecided: a transaction there does not end");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kSettleStep.ms));
  }
}

struct KafkaRejectedReader::Impl {
  explicit Impl(const KafkaSettings& settings) : topic(settings, settings.rejected_topic()) {}
  StretchReader topic;
};

KafkaRejectedReader::KafkaRejectedReader(const KafkaSettings& settings)
    : impl_(new Impl(settings)) {}
KafkaRejectedReader::~KafkaRejectedReader() = default;

Offset KafkaRejectedReader::read(PartitionId partition, Offset from, const Sink& sink) {
  return impl_->topic.read(partition, from, [&](const rd_kafka_message_t& message) {
    IntakeRecord record = rdkafka::to_record(message);
    return sink(record.offset, read_rejected(std::move(record.value), std::move(record.headers)));
  });
}

std::int32_t KafkaRejectedReader::partitions() {
  return rdkafka::partition_count(impl_->topic.rk(), impl_->topic.topic(),
                                  impl_->topic.settings().request_timeout);
}

struct LogFollower::Impl {
  Impl(const KafkaSettings& settings, std::string topic)
      : settings(settings),
        topic(std::move(topic)),
        handle(RD_KAFKA_CONSUMER, settings, reader_properties(settings, "read_committed")) {
    rd_kafka_poll_set_consumer(handle.get());
  }
  KafkaSettings settings;
  std::string topic;
  rdkafka::Handle handle;
  rdkafka::Message message;  // keeps the last entry's views alive

  mutable Mutex mutex;
  std::map<PartitionId, Offset> positions GUARDED_BY(mutex);
};

LogFollower::LogFollower(const KafkaSettings& settings)
    : LogFollower(settings, settings.log_topic()) {}
LogFollower::LogFollower(const KafkaSettings& settings, std::string topic)
    : impl_(new Impl(settings, std::move(topic))) {}

LogFollower::~LogFollower() {
  impl_->message.reset();
  rd_kafka_consumer_close(impl_->handle.get());
}

void LogFollower::follow(const std::map<PartitionId, Offset>& from) {
  for (const auto& [partition, offset] : from) {
    if (position(partition) == offset) continue;
    check_held(
        impl_->topic, partition, offset,
        range_of(impl_->handle.get(), impl_->topic, partition, impl_->settings.request_timeout));
  }
  assign(impl_->handle.get(), impl_->topic, from);
  const MutexLock lock(impl_->mutex);
  impl_->positions = from;
}

std::optional<LogEntry> LogFollower::poll(Duration wait) {
  // A partition's end does not end a caller's stretch of reading while records wait behind it.
  for (;; wait = Duration{}) {
    impl_->message.reset(rd_kafka_consumer_poll(impl_->handle.get(), rdkafka::timeout_ms(wait)));
    if (!impl_->message) return std::nullopt;
    const Met met = classify(*impl_->message, impl_->topic);
    if (met.what == Met::What::kNothing) return std::nullopt;
    {
      const MutexLock lock(impl_->mutex);
      const auto it = impl_->positions.find(met.partition);
      // Left over from an assignment that is gone.
      if (it == impl_->positions.end() || met.next < it->second) continue;
      if (met.what == Met::What::kRecord && met.next == it->second) continue;
      it->second = met.next;
    }
    if (met.what == Met::What::kEnd) continue;
    const auto& message = *impl_->message;
    return LogEntry{message.partition, message.offset, key_of(message), value_of(message),
                    intake_next_of(message)};
  }
}

Offset LogFollower::position(PartitionId partition) const {
  const MutexLock lock(impl_->mutex);
  const auto it = impl_->positions.find(partition);
  return it == impl_->positions.end() ? -1 : it->second;
}

PositionRange LogFollower::range(PartitionId partition) {
  return range_of(impl_->handle.get(), impl_->topic, partition, impl_->settings.request_timeout);
}

std::int32_t LogFollower::partitions() {
  return rdkafka::partition_count(impl_->handle.get(), impl_->topic,
                                  impl_->settings.request_timeout);
}

}  // namespace tocsin
