#include "connectors/kafka/rdkafka.h"

#include <array>
#include <chrono>
#include <iterator>
#include <string_view>
#include <thread>
#include <utility>

namespace tocsin {
namespace {

// What exactly-once rests on; a config that could set these could silently switch it off.
constexpr std::string_view kReserved[] = {
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "isolation.level",
    "metadata.broker.list",
    "partition.assignment.strategy",
    "request.required.acks",
    "session.timeout.ms",
    "transaction.timeout.ms",
    "transactional.id",
};

void check_range(std::string_view name, Duration value, Duration min, Duration max) {
  if (value < min || value > max) {
    throw std::invalid_argument("kafka: " + std::string(name) + " is " + std::to_string(value.ms) +
                                " ms; allowed are " + std::to_string(min.ms) + "–" +
                                std::to_string(max.ms) + " ms");
  }
}

}  // namespace

void check_settings(const KafkaSettings& settings) {
  if (settings.brokers.empty()) throw std::invalid_argument("kafka.brokers is empty");
  if (settings.prefix.empty()) throw std::invalid_argument("kafka.prefix is empty");
  if (settings.group.empty()) throw std::invalid_argument("kafka.group is empty");
  for (std::string_view name : kReserved) {
    if (settings.properties.contains(std::string(name))) {
      throw std::invalid_argument("kafka.properties: " + std::string(name) +
                                  " is set by tocsin itself, because exactly-once depends on it");
    }
  }
  check_range("session_timeout", settings.session_timeout, milliseconds(500), minutes(5));
  check_range("transaction_timeout", settings.transaction_timeout, seconds(1), minutes(1));
  check_range("request_timeout", settings.request_timeout, seconds(1), minutes(5));
}

namespace rdkafka {

#ifdef __SANITIZE_THREAD__
void link_thread_interceptors();  // tsan_threads.cc
#endif

namespace {

constexpr std::size_t kErrorBytes = 512;
constexpr Duration kAskAgainStep = milliseconds(20);

}  // namespace

Conf::Conf() : conf_(rd_kafka_conf_new()) {}

Conf::~Conf() {
  if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
}

void Conf::set(const std::string& name, const std::string& value) {
  std::array<char, kErrorBytes> error{};
  if (rd_kafka_conf_set(conf_, name.c_str(), value.c_str(), error.data(), error.size()) !=
      RD_KAFKA_CONF_OK) {
    throw std::invalid_argument("kafka property " + name + ": " + error.data());
  }
}

rd_kafka_conf_t* Conf::release() { return std::exchange(conf_, nullptr); }

Handle::Handle(rd_kafka_type_t type, const KafkaSettings& settings,
               const std::map<std::string, std::string>& properties, void* opaque,
               void (*prepare)(rd_kafka_conf_t*))
    : context_(new Context{settings, opaque}) {
#ifdef __SANITIZE_THREAD__
  link_thread_interceptors();
#endif
  check_settings(settings);
  Conf conf;
  conf.set("bootstrap.servers", settings.brokers);
  conf.set("client.id", "tocsin");
  conf.set("socket.nagle.disable", "true");  // else small requests wait 40 ms for an ACK
  conf.set("reconnect.backoff.ms", "20");
  conf.set("reconnect.backoff.max.ms", "1000");
  conf.set("log.connection.close", "false");  // an idle connection's close is no news
  for (const auto& [name, value] : properties) conf.set(name, value);
  for (const auto& [name, value] : settings.properties) conf.set(name, value);
  rd_kafka_conf_set_opaque(conf.get(), context_.get());
  rd_kafka_conf_set_log_cb(conf.get(), &Handle::on_log);
  if (prepare != nullptr) prepare(conf.get());

  std::array<char, kErrorBytes> error{};
  rk_ = rd_kafka_new(type, conf.get(), error.data(), error.size());
  if (rk_ == nullptr) throw std::runtime_error("kafka client: " + std::string(error.data()));
  conf.release();
}

Handle::~Handle() { rd_kafka_destroy(rk_); }

void Handle::on_log(const rd_kafka_t* rk, int level, const char* facility, const char* text) {
  const auto& log = static_cast<const Context*>(rd_kafka_opaque(rk))->settings.log;
  if (log) log(level, std::string(facility) + ": " + text);
}

void* opaque_of(const rd_kafka_t* rk) {
  return static_cast<Handle::Context*>(rd_kafka_opaque(rk))->opaque;
}

PartitionList new_list(int capacity) {
  return PartitionList(rd_kafka_topic_partition_list_new(capacity));
}

void add(const PartitionList& list, const std::string& topic, PartitionId partition,
         Offset offset) {
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
}

std::int32_t partition_count(rd_kafka_t* rk, const std::string& topic, Duration timeout) {
  const Topic handle(rd_kafka_topic_new(rk, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto code = rd_kafka_metadata(rk, 0, handle.get(), &raw, timeout_ms(timeout));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("kafka: no metadata of topic " + topic + ": " + text_of(code));
  }
  const std::unique_ptr<const rd_kafka_metadata_t, Destroy<rd_kafka_metadata_destroy>> metadata(
      raw);
  if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto why = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                              : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    throw std::runtime_error("kafka: topic " + topic + ": " + text_of(why));
  }
  return metadata->topics[0].partition_cnt;
}

bool passing(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return true;
    default:
      return false;
  }
}

std::map<PartitionId, Offset> list_offsets(rd_kafka_t* rk, const std::string& topic,
                                           const std::vector<PartitionId>& partitions, Offset which,
                                           Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout.ms);
  while (true) {
    // ListOffsets takes −1 and −2 for "latest" and "earliest" where a timestamp would stand; for a
    // read_committed client the broker answers "latest" with the last stable offset.
    const PartitionList list = new_list(static_cast<int>(partitions.size()));
    for (const PartitionId p : partitions) add(list, topic, p, which);
    auto code = rd_kafka_offsets_for_times(rk, list.get(), timeout_ms(timeout));
    std::map<PartitionId, Offset> ends;
    for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      code = list->elems[i].err;
      ends[list->elems[i].partition] = list->elems[i].offset;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return ends;
    if (!passing(code) || std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error("kafka: offsets of topic " + topic + ": " + text_of(code));
    }
    // Asks for the leaders anew; else the next try would go to the same broker.
    static_cast<void>(partition_count(rk, topic, timeout));
    std::this_thread::sleep_for(std::chrono::milliseconds(kAskAgainStep.ms));
  }
}

IntakeRecord to_record(const rd_kafka_message_t& message) {
  IntakeRecord record;
  record.partition = message.partition;
  record.offset = message.offset;
  record.keyless = message.key == nullptr;
  if (!record.keyless) record.key.assign(static_cast<const char*>(message.key), message.key_len);
  record.null_value = message.payload == nullptr;
  if (!record.null_value) {
    record.value.assign(static_cast<const char*>(message.payload), message.len);
  }
  record.timestamp = Instant{rd_kafka_message_timestamp(&message, nullptr)};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      record.headers.emplace_back(
          name, value ? std::string(static_cast<const char*>(value), size) : std::string());
    }
  }
  return record;
}

Error produce(rd_kafka_t* rk, const Topic& topic, PartitionId partition, std::string_view key,
              std::optional<std::string_view> value, const Headers& headers, void* opaque) {
  static char empty = 0;  // a null pointer would mean no value
  void* payload = nullptr;
  if (value) payload = value->empty() ? &empty : const_cast<char*>(value->data());
  rd_kafka_headers_t* list = nullptr;
  if (!headers.empty()) {
    list = rd_kafka_headers_new(headers.size());
    for (const auto& [name, text] : headers) {
      rd_kafka_header_add(list, name.data(), static_cast<ssize_t>(name.size()), text.data(),
                          static_cast<ssize_t>(text.size()));
    }
  }
  const rd_kafka_vu_t parts[] = {
      {.vtype = RD_KAFKA_VTYPE_RKT, .u = {.rkt = topic.get()}},
      {.vtype = RD_KAFKA_VTYPE_PARTITION, .u = {.i32 = partition}},
      {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u = {.i = RD_KAFKA_MSG_F_COPY}},
      {.vtype = RD_KAFKA_VTYPE_KEY,
       .u = {.mem = {.ptr = key.empty() ? nullptr : const_cast<char*>(key.data()),
                     .size = key.size()}}},
      {.vtype = RD_KAFKA_VTYPE_VALUE,
       .u = {.mem = {.ptr = payload, .size = value ? value->size() : 0}}},
      {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u = {.ptr = opaque}},
      {.vtype = RD_KAFKA_VTYPE_HEADERS, .u = {.headers = list}},
  };
  const std::size_t count = std::size(parts) - (list == nullptr ? 1 : 0);
  Error error(rd_kafka_produceva(rk, parts, count));
  // librdkafka owns the headers of a message that it has taken, and only then.
  if (error && list != nullptr) rd_kafka_headers_destroy(list);
  return error;
}

}  // namespace rdkafka
}  // namespace tocsin
