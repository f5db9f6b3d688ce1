// librdkafka's C API behind owning types. Only the .cc files of this folder include this header.
//
// Every list, handle, error and message that librdkafka hands out is owned by a unique_ptr here: a
// topic partition list that leaks makes rd_kafka_destroy hang for ever (librdkafka 2.0.2).
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/record.h"
#include "connectors/kafka/settings.h"
#include "engine/log_port.h"

namespace tocsin::rdkafka {

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* p) const {
    destroy(p);
  }
};
using Message = std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      Destroy<rd_kafka_topic_partition_list_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

// An rd_kafka_conf_t under construction.
class Conf {
 public:
  Conf();
  ~Conf();
  Conf(const Conf&) = delete;
  Conf& operator=(const Conf&) = delete;

  // Throws std::invalid_argument with librdkafka's own words.
  void set(const std::string& name, const std::string& value);
  rd_kafka_conf_t* get() { return conf_; }
  rd_kafka_conf_t* release();  // rd_kafka_new took it

 private:
  rd_kafka_conf_t* conf_;
};

// One librdkafka instance. `settings` is copied, since its log callback outlives the constructor.
class Handle {
 public:
  // `properties` come before settings.properties, which may refine but not contradict them
  // (check_settings). `prepare` may set callbacks on the conf. Throws std::runtime_error.
  Handle(rd_kafka_type_t type, const KafkaSettings& settings,
         const std::map<std::string, std::string>& properties, void* opaque = nullptr,
         void (*prepare)(rd_kafka_conf_t*) = nullptr);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  rd_kafka_t* get() const { return rk_; }
  void* opaque() const { return context_->opaque; }

 private:
  struct Context {
    KafkaSettings settings;
    void* opaque;
  };
  friend void* opaque_of(const rd_kafka_t* rk);
  static void on_log(const rd_kafka_t* rk, int level, const char* facility, const char* text);

  std::unique_ptr<Context> context_;
  rd_kafka_t* rk_ = nullptr;
};

// The `opaque` that the Handle of `rk` was made with, for callbacks.
void* opaque_of(const rd_kafka_t* rk);

PartitionList new_list(int capacity = 8);
void add(const PartitionList& list, const std::string& topic, PartitionId partition, Offset offset);

inline int timeout_ms(Duration d) { return static_cast<int>(d.ms); }
inline std::string text_of(rd_kafka_resp_err_t code) { return rd_kafka_err2str(code); }

// Errors that pass: librdkafka mends them by itself, or the same request succeeds a little later.
bool passing(rd_kafka_resp_err_t code);

// Partition count of an existing topic. Throws std::runtime_error naming the topic.
std::int32_t partition_count(rd_kafka_t* rk, const std::string& topic, Duration timeout);

// Ends of the partitions as they are now: Offset kEarliest or kLatest (the last stable offset where
// the instance's isolation.level is read_committed). Asks again while errors pass, for `timeout` in
// all. Throws std::runtime_error.
inline constexpr Offset kEarliest = -2;
inline constexpr Offset kLatest = -1;
std::map<PartitionId, Offset> list_offsets(rd_kafka_t* rk, const std::string& topic,
                                           const std::vector<PartitionId>& partitions, Offset which,
                                           Duration timeout);

// Produces to an explicit partition; key and value are copied. No `value` makes a tombstone,
// an empty one does not; an empty key is none. A null Error: librdkafka has taken it.
Error produce(rd_kafka_t* rk, const Topic& topic, PartitionId partition, std::string_view key,
              std::optional<std::string_view> value, const Headers& headers, void* opaque);

// A consumed message as a value.
IntakeRecord to_record(const rd_kafka_message_t& message);

}  // namespace tocsin::rdkafka
