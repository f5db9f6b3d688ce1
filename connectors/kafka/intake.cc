#include "connectors/kafka/intake.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <utility>

#include "connectors/kafka/rdkafka.h"
#include "events/mutex.h"

namespace tocsin {
namespace {

// A node that does not poll for so long has lost its way and must not hold partitions.
constexpr Duration kPollInterval = minutes(2);
constexpr Duration kJoinedPoll = milliseconds(10);

std::map<std::string, std::string> consumer_properties(const KafkaSettings& settings) {
  // The others learn from their next heartbeat that a node fell silent.
  const Duration heartbeat =
      milliseconds(std::max<std::int64_t>(settings.session_timeout.ms / 15, 100));
  return {
      {"group.id", settings.group},
      {"session.timeout.ms", std::to_string(settings.session_timeout.ms)},
      {"heartbeat.interval.ms", std::to_string(heartbeat.ms)},
      {"max.poll.interval.ms",
       std::to_string(std::max(kPollInterval.ms, settings.session_timeout.ms))},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"isolation.level", "read_committed"},
      // Eager: librdkafka 2.0.2's cooperative-sticky can skip records after a rebalance.
      {"partition.assignment.strategy", "range,roundrobin"},
      {"fetch.error.backoff.ms", "20"},
      {"enable.partition.eof", "true"},  // the position passes control records
      {"fetch.wait.max.ms", "100"},
      {"queued.max.messages.kbytes", "32768"},  // a partition
      {"allow.auto.create.topics", "false"},
  };
}

std::vector<PartitionId> ids(const rd_kafka_topic_partition_list_t& list) {
  std::vector<PartitionId> partitions;
  for (int i = 0; i < list.cnt; ++i) partitions.push_back(list.elems[i].partition);
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

}  // namespace

Offset choose_start(const std::string& topic, PartitionId partition,
                    std::optional<Offset> committed, std::optional<Offset> in_log,
                    PositionRange range) {
  const Offset start = std::max(committed.value_or(-1), in_log.value_or(-1));
  if (start < 0) return range.first;
  const std::string where = topic + ":" + std::to_string(partition);
  if (start < range.first) {
    throw PositionLost("kafka: records " + std::to_string(start) + "–" +
                       std::to_string(range.first - 1) + " of " + where +
                       " were deleted before they were read; facts are lost (raise the "
                       "topic's retention.ms; docs/kafka.md says how to go on)");
  }
  if (start > range.end) {
    throw PositionLost("kafka: " + where + " ends at " + std::to_string(range.end) +
                       " but was read to " + std::to_string(start) +
                       " before: the topic is not the one that this log was made from");
  }
  return start;
}

struct IntakeConsumer::Impl {
  KafkaSettings settings;
  Callbacks callbacks;
  std::string topic;
  std::int32_t partition_total = 0;

  std::vector<PartitionId> assigned;
  std::map<PartitionId, Offset> positions;  // of started partitions
  std::set<PartitionId> paused;
  Membership membership;
  bool subscribed = false;

  mutable Mutex mutex;  // guards what follows
  Changed probe_wanted;
  mutable Changed probe_answered;
  std::uint64_t probes_begun GUARDED_BY(mutex) = 0;
  std::vector<PartitionId> probe_partitions GUARDED_BY(mutex);
  bool stopping GUARDED_BY(mutex) = false;
  Probe answered GUARDED_BY(mutex);
  std::string last_error GUARDED_BY(mutex);
  std::atomic<bool> troubled = false;  // last_error is not empty

  // Before the threads that use it, so that it is destroyed after them.
  std::unique_ptr<rdkafka::Handle> handle;
  std::unique_ptr<rdkafka::Handle> asker;  // of end offsets; no member of the group
  std::thread prober;

  rd_kafka_t* rk() const { return handle->get(); }

  void note_error(const std::string& text) {
    const MutexLock lock(mutex);
    last_error = text;
    troubled = !text.empty();
  }

  void subscribe() {
    const auto list = rdkafka::new_list(1);
    rdkafka::add(list, topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID);
    const auto code = rd_kafka_subscribe(rk(), list.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error("kafka: subscribing to " + topic + ": " + rdkafka::text_of(code));
    }
    subscribed = true;
  }

  void assign(const std::map<PartitionId, Offset>& to) {
    const auto list = rdkafka::new_list(static_cast<int>(to.size()) + 1);
    for (const auto& [partition, offset] : to) rdkafka::add(list, topic, partition, offset);
    const auto code = rd_kafka_assign(rk(), list.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error("kafka: assigning partitions of " + topic + ": " +
                               rdkafka::text_of(code));
    }
    // Assigning forgets pauses.
    if (!paused.empty()) rd_kafka_pause_partitions(rk(), listed(paused).get());
  }

  template <typename Partitions>
  rdkafka::PartitionList listed(const Partitions& partitions) const {
    auto list = rdkafka::new_list(static_cast<int>(partitions.size()));
    for (const PartitionId p : partitions) {
      rdkafka::add(list, topic, p, RD_KAFKA_OFFSET_INVALID);
    }
    return list;
  }

  void gained(std::vector<PartitionId> partitions) {
    // An assignment that follows another without a revocation replaces it.
    if (!assigned.empty()) revoked(true);
    assigned = std::move(partitions);
    membership = Membership(rd_kafka_consumer_group_metadata(rk()), [](const auto* p) {
      rd_kafka_consumer_group_metadata_destroy(const_cast<rd_kafka_consumer_group_metadata_t*>(p));
    });
    // The group has its answer, and nothing is fetched before start() says from where.
    assign({});
    if (callbacks.on_assigned) callbacks.on_assigned(assigned);
  }

  void revoked(bool lost) {
    const std::vector<PartitionId> gone = std::exchange(assigned, {});
    positions.clear();
    paused.clear();
    if (callbacks.on_revoked && !gone.empty()) callbacks.on_revoked(gone, lost);
    membership.reset();
  }

  static void on_rebalance(rd_kafka_t* rk, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* list, void*) {
    auto& self = *static_cast<Impl*>(rdkafka::opaque_of(rk));
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      self.gained(ids(*list));
      return;
    }
    self.revoked(rd_kafka_assignment_lost(rk) != 0);
    rd_kafka_assign(rk, nullptr);
  }

  static void on_error(rd_kafka_t* rk, int, const char* reason, void*) {
    static_cast<Impl*>(rdkafka::opaque_of(rk))->note_error(reason);
  }

  void serve_probes() {
    std::uint64_t served = 0;
    MutexLock lock(mutex);
    while (true) {
      probe_wanted.wait(lock, [&]() REQUIRES(mutex) { return stopping || probes_begun > served; });
      if (stopping) return;
      const std::uint64_t number = probes_begun;
      const auto partitions = probe_partitions;
      lock.unlock();
      Probe probe{number, {}, {}};
      try {
        probe.ends = rdkafka::list_offsets(asker->get(), topic, partitions, rdkafka::kLatest,
                                           settings.request_timeout);
      } catch (const std::exception& e) {
        probe.error = e.what();
      }
      lock.lock();
      served = number;
      answered = std::move(probe);
      probe_answered.notify_all();
    }
  }
};

IntakeConsumer::IntakeConsumer(const KafkaSettings& settings, Callbacks callbacks)
    : impl_(new Impl) {
  impl_->settings = settings;
  impl_->callbacks = std::move(callbacks);
  impl_->topic = settings.intake_topic();
  impl_->handle =
      std::make_unique<rdkafka::Handle>(RD_KAFKA_CONSUMER, settings, consumer_properties(settings),
                                        impl_.get(), [](rd_kafka_conf_t* conf) {
                                          rd_kafka_conf_set_rebalance_cb(conf, &Impl::on_rebalance);
                                          rd_kafka_conf_set_error_cb(conf, &Impl::on_error);
                                        });
  rd_kafka_poll_set_consumer(impl_->rk());
  impl_->asker = std::make_unique<rdkafka::Handle>(RD_KAFKA_CONSUMER, settings,
                                                   consumer_properties(settings), impl_.get());
  impl_->partition_total =
      rdkafka::partition_count(impl_->rk(), impl_->topic, settings.request_timeout);
  impl_->prober = std::thread([impl = impl_.get()] { impl->serve_probes(); });
}

IntakeConsumer::~IntakeConsumer() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->probe_wanted.notify_all();
  impl_->prober.join();
  // A rebalance that is under way calls back while we leave: nothing is taken over any more.
  impl_->callbacks.on_assigned = nullptr;
  try {
    leave();
  } catch (const std::exception&) {
    // The group learns of it by the session timeout then.
  }
  impl_->callbacks.on_revoked = nullptr;
  rd_kafka_consumer_close(impl_->rk());
}

std::optional<IntakeRecord> IntakeConsumer::poll(Duration wait) {
  if (!impl_->subscribed) impl_->subscribe();
  // What is no record does not end a caller's stretch of reading while records wait behind it.
  for (;; wait = Duration{}) {
    const rdkafka::Message message(rd_kafka_consumer_poll(impl_->rk(), rdkafka::timeout_ms(wait)));
    if (!message) return std::nullopt;
    const auto it = impl_->positions.find(message->partition);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      // Left over from an assignment that is gone.
      if (it == impl_->positions.end() || message->offset < it->second) continue;
      it->second = message->offset + 1;
      if (impl_->troubled.load(std::memory_order_relaxed)) impl_->note_error({});
      return rdkafka::to_record(*message);
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (it != impl_->positions.end()) it->second = std::max(it->second, message->offset);
      continue;
    }
    const std::string text =
        "kafka: intake: " + std::string(rd_kafka_message_errstr(message.get()));
    if (!rdkafka::passing(message->err)) {
      throw std::runtime_error(text + " (" + impl_->topic + ":" +
                               std::to_string(message->partition) + ")");
    }
    impl_->note_error(text);
    return std::nullopt;
  }
}

void IntakeConsumer::start(const std::map<PartitionId, Offset>& positions) {
  for (const auto& [partition, offset] : positions) {
    if (!std::binary_search(impl_->assigned.begin(), impl_->assigned.end(), partition)) {
      throw std::logic_error("IntakeConsumer::start: partition is not assigned");
    }
    impl_->positions[partition] = offset;
  }
  impl_->assign(impl_->positions);
}

void IntakeConsumer::pause(const std::vector<PartitionId>& partitions) {
  impl_->paused.insert(partitions.begin(), partitions.end());
  rd_kafka_pause_partitions(impl_->rk(), impl_->listed(partitions).get());
}

void IntakeConsumer::resume(const std::vector<PartitionId>& partitions) {
  for (const PartitionId p : partitions) impl_->paused.erase(p);
  rd_kafka_resume_partitions(impl_->rk(), impl_->listed(partitions).get());
}

void IntakeConsumer::seek(PartitionId partition, Offset offset) {
  // Assigning anew purges what was fetched and needs no running fetcher, unlike rd_kafka_seek.
  start({{partition, offset}});
}

Offset IntakeConsumer::position(PartitionId partition) const {
  const auto it = impl_->positions.find(partition);
  return it == impl_->positions.end() ? -1 : it->second;
}

const std::vector<PartitionId>& IntakeConsumer::assigned() const { return impl_->assigned; }
Membership IntakeConsumer::membership() const { return impl_->membership; }

void IntakeConsumer::leave() {
  if (!impl_->subscribed) return;
  impl_->subscribed = false;
  rd_kafka_unsubscribe(impl_->rk());
  // The revocation is served by polling; it comes at once since we ask for it ourselves.
  const std::int64_t polls_max = impl_->settings.session_timeout.ms / kJoinedPoll.ms + 1;
  for (std::int64_t i = 0; i < polls_max && !impl_->assigned.empty(); ++i) {
    const rdkafka::Message dropped(
        rd_kafka_consumer_poll(impl_->rk(), rdkafka::timeout_ms(kJoinedPoll)));
  }
  if (!impl_->assigned.empty()) impl_->revoked(true);
}

void IntakeConsumer::rejoin() {
  leave();
  impl_->subscribe();
}

std::map<PartitionId, Offset> IntakeConsumer::committed(
    const std::vector<PartitionId>& partitions) {
  const auto list = impl_->listed(partitions);
  const auto code = rd_kafka_committed(impl_->rk(), list.get(),
                                       rdkafka::timeout_ms(impl_->settings.request_timeout));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("kafka: committed offsets of group " + impl_->settings.group + ": " +
                             rdkafka::text_of(code));
  }
  std::map<PartitionId, Offset> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& entry = list->elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw std::runtime_error("kafka: committed offset of " + impl_->topic + ":" +
                               std::to_string(entry.partition) + ": " +
                               rdkafka::text_of(entry.err));
    }
    if (entry.offset >= 0) offsets[entry.partition] = entry.offset;
  }
  return offsets;
}

std::map<PartitionId, Offset> IntakeConsumer::ends(const std::vector<PartitionId>& partitions) {
  return rdkafka::list_offsets(impl_->asker->get(), impl_->topic, partitions, rdkafka::kLatest,
                               impl_->settings.request_timeout);
}

std::map<PartitionId, PositionRange> IntakeConsumer::ranges(
    const std::vector<PartitionId>& partitions) {
  std::map<PartitionId, PositionRange> ranges;
  const auto first = rdkafka::list_offsets(impl_->asker->get(), impl_->topic, partitions,
                                           rdkafka::kEarliest, impl_->settings.request_timeout);
  for (const auto& [partition, end] : ends(partitions)) {
    ranges[partition] = {first.at(partition), end};
  }
  return ranges;
}

std::uint64_t IntakeConsumer::probe(const std::vector<PartitionId>& partitions) {
  std::uint64_t number = 0;
  {
    const MutexLock lock(impl_->mutex);
    impl_->probe_partitions = partitions;
    number = ++impl_->probes_begun;
  }
  impl_->probe_wanted.notify_one();
  return number;
}

IntakeConsumer::Probe IntakeConsumer::probed(std::uint64_t number, Duration wait) const {
  MutexLock lock(impl_->mutex);
  impl_->probe_answered.wait_for(
      lock, std::chrono::milliseconds(wait.ms),
      [&]() REQUIRES(impl_->mutex) { return impl_->answered.number >= number; });
  return impl_->answered;
}

Offset IntakeConsumer::last_seen_end(PartitionId partition) const {
  std::int64_t low = 0;
  std::int64_t high = -1;
  const auto code =
      rd_kafka_get_watermark_offsets(impl_->rk(), impl_->topic.c_str(), partition, &low, &high);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : -1;
}

std::int32_t IntakeConsumer::partitions() const { return impl_->partition_total; }

std::string IntakeConsumer::last_error() const {
  const MutexLock lock(impl_->mutex);
  return impl_->last_error;
}

}  // namespace tocsin
