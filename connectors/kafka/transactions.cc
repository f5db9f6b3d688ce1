#include "connectors/kafka/transactions.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "connectors/kafka/rdkafka.h"
#include "connectors/kafka/topics.h"

namespace tocsin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kClaimsAtOnce = 8;
constexpr Duration kCallSlice = seconds(2);
constexpr Duration kQueueFullWait = milliseconds(10);
constexpr std::int64_t kMessageSlackBytes = 64 * 1024;

std::map<std::string, std::string> producer_properties(const KafkaSettings& settings,
                                                       const std::string& id,
                                                       std::int64_t message_bytes_max) {
  return {
      {"transactional.id", id},
      {"transaction.timeout.ms", std::to_string(settings.transaction_timeout.ms)},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"compression.type", "zstd"},
      // Commit flushes at once. Without it the first records would leave alone while the rest are
      // being produced: a transaction of many small requests.
      {"linger.ms", "100"},
      // CONCURRENT_TRANSACTIONS while the last transaction's markers are written is retried after
      // this: the default of 100 ms is the p90 of back-to-back transactions then.
      {"retry.backoff.ms", "1"},
      {"message.max.bytes", std::to_string(message_bytes_max + kMessageSlackBytes)},
      {"allow.auto.create.topics", "false"},
  };
}

bool means_fenced(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:  // the group went on without us
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__FENCED:  // another writer claimed our id
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return true;
    default:
      return false;
  }
}

enum class Outcome { kOk, kAbort, kFatal, kFenced, kTimeout };

struct CallResult {
  Outcome outcome = Outcome::kOk;
  std::string error;
  bool abortable = false;  // the producer itself is well
};

// Calls `call(timeout_ms)` until it succeeds, fails for good or `deadline` has passed. librdkafka
// goes on with a call that timed out when it is made again with the same arguments.
template <typename Call>
CallResult persist(const char* what, Clock::time_point deadline, Call call) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    const rdkafka::Error error(
        call(static_cast<int>(std::clamp<std::int64_t>(left, 1, kCallSlice.ms))));
    if (!error) return {};
    const auto code = rd_kafka_error_code(error.get());
    const std::string text = std::string(what) + ": " + rd_kafka_error_name(error.get()) + ": " +
                             rd_kafka_error_string(error.get());
    if (means_fenced(code)) {
      return {Outcome::kFenced, text, rd_kafka_error_txn_requires_abort(error.get()) != 0};
    }
    if (rd_kafka_error_is_fatal(error.get())) return {Outcome::kFatal, text};
    if (rd_kafka_error_txn_requires_abort(error.get())) return {Outcome::kAbort, text};
    if (!rd_kafka_error_is_retriable(error.get())) return {Outcome::kFatal, text};
    if (Clock::now() >= deadline) return {Outcome::kTimeout, text};
  }
}

Clock::time_point deadline_in(Duration d) { return Clock::now() + std::chrono::milliseconds(d.ms); }

using Producer = std::unique_ptr<rdkafka::Handle>;

// A producer that has claimed `id`: whoever held it can commit no more, and what it left open is
// aborted, or committed where the broker had already promised that.
Producer claim(const KafkaSettings& settings, const std::string& id, std::int64_t message_bytes_max,
               void* opaque, void (*prepare)(rd_kafka_conf_t*)) {
  auto producer = std::make_unique<rdkafka::Handle>(
      RD_KAFKA_PRODUCER, settings, producer_properties(settings, id, message_bytes_max), opaque,
      prepare);
  const auto result = persist(
      "init_transactions", deadline_in(settings.request_timeout),
      [&](int timeout_ms) { return rd_kafka_init_transactions(producer->get(), timeout_ms); });
  if (result.outcome != Outcome::kOk) {
    throw std::runtime_error("kafka: transactional id " + id + ": " + result.error);
  }
  return producer;
}

}  // namespace

struct TransactionalWriter::Impl {
  KafkaSettings settings;
  std::int64_t message_bytes_max;
  std::int64_t rejected_bytes_max;
  TransactionCounters counters;

  std::string id;  // that `producer` writes under
  Producer producer;
  rdkafka::Topic log_topic, rejected_topic, intake_topic;

  // Offsets of this transaction's log records, from the delivery reports.
  struct Span {
    Offset first = -1;
    Offset next = -1;
  };
  std::map<PartitionId, Span> spans;
  std::map<PartitionId, Offset> moved;  // the same of re-routed records

  // Marks the log's own records for the delivery report.
  static void* log_tag() {
    static char tag;
    return &tag;
  }

  static void* moved_tag() {
    static char tag;
    return &tag;
  }

  // Without a delivery report callback commit's flush sleeps in steps of 10 ms.
  static void on_delivery(rd_kafka_t* rk, const rd_kafka_message_t* message, void*) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (message->_private == moved_tag()) {
      Offset& next = static_cast<Impl*>(rdkafka::opaque_of(rk))->moved[message->partition];
      next = std::max(next, message->offset + 1);
    }
    if (message->_private != log_tag()) return;
    auto& span = static_cast<Impl*>(rdkafka::opaque_of(rk))->spans[message->partition];
    span.first = span.first < 0 ? message->offset : std::min(span.first, message->offset);
    span.next = std::max(span.next, message->offset + 1);
  }

  void drop_producer() {
    log_topic.reset();
    rejected_topic.reset();
    intake_topic.reset();
    producer.reset();
    id.clear();
  }

  CallResult send_positions(const Transaction& transaction, Clock::time_point deadline) {
    const auto list = rdkafka::new_list(static_cast<int>(transaction.parts.size()));
    const std::string topic = settings.intake_topic();
    for (const auto& part : transaction.parts) {
      rdkafka::add(list, topic, part.partition, part.intake_next);
    }
    return persist("send_offsets_to_transaction", deadline, [&](int timeout_ms) {
      return rd_kafka_send_offsets_to_transaction(producer->get(), list.get(),
                                                  transaction.membership.get(), timeout_ms);
    });
  }

  CallResult produce(const rdkafka::Topic& topic, PartitionId partition, std::string_view key,
                     std::optional<std::string_view> value, const Headers& headers, void* tag,
                     Clock::time_point deadline) {
    while (true) {
      const auto error =
          rdkafka::produce(producer->get(), topic, partition, key, value, headers, tag);
      if (!error) return {};
      if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL ||
          Clock::now() >= deadline) {
        return {Outcome::kAbort, std::string("produce: ") + rd_kafka_error_string(error.get())};
      }
      rd_kafka_poll(producer->get(), rdkafka::timeout_ms(kQueueFullWait));
    }
  }

  CallResult produce_all(const Transaction& transaction, Clock::time_point deadline) {
    CallResult result;
    const Headers none;
    for (const auto& part : transaction.parts) {
      for (std::size_t i = 0; i < part.log.size(); ++i) {
        Headers headers;
        if (i + 1 == part.log.size()) {
          headers.emplace_back(kIntakeHeader, std::to_string(part.intake_next));
        }
        result = produce(log_topic, part.partition, part.log[i].key, part.log[i].value, headers,
                         log_tag(), deadline);
        if (result.outcome != Outcome::kOk) return result;
      }
      for (const auto& record : part.rejected) {
        const RejectedWire wire = lay_out(record, rejected_bytes_max);
        if (wire.cut) ++counters.rejected_cut;
        result = produce(rejected_topic, part.partition, {}, wire.value, wire.headers, nullptr,
                         deadline);
        if (result.outcome != Outcome::kOk) return result;
      }
    }
    for (const auto& reroute : transaction.reroutes) {
      std::optional<std::string_view> value;
      if (!reroute.record.null_value) value = reroute.record.value;
      result =
          produce(intake_topic, reroute.to, reroute.key, value,
                  reroute_headers(reroute.record, settings.intake_topic()), moved_tag(), deadline);
      if (result.outcome != Outcome::kOk) return result;
    }
    return result;
  }

  // Ends a transaction that failed before its commit was asked for: it can no longer be committed.
  void abort() {
    const auto result = persist(
        "abort_transaction", deadline_in(settings.request_timeout),
        [&](int timeout_ms) { return rd_kafka_abort_transaction(producer->get(), timeout_ms); });
    // Claiming the id anew aborts it as well.
    if (result.outcome != Outcome::kOk) drop_producer();
  }

  TransactionResult failed(const CallResult& call, bool commit_was_asked) {
    TransactionResult result;
    result.error = "kafka: " + call.error;
    switch (call.outcome) {
      case Outcome::kFenced:
        result.status = CommitStatus::kFenced;
        ++counters.fenced;
        if (call.abortable) {
          abort();
        } else {
          drop_producer();
        }
        return result;
      case Outcome::kAbort:
        // Also after a commit was asked for: librdkafka says so only when the broker refused it.
        result.status = CommitStatus::kRefused;
        ++counters.refused;
        abort();
        return result;
      case Outcome::kFatal:
      case Outcome::kTimeout:
      case Outcome::kOk:
        break;
    }
    if (commit_was_asked) {
      result.status = CommitStatus::kUnknown;
      ++counters.unknown;
    } else {
      result.status = CommitStatus::kRefused;
      ++counters.refused;
    }
    drop_producer();
    return result;
  }

  void count(const Transaction& transaction) {
    ++counters.committed;
    for (const auto& part : transaction.parts) {
      counters.log_records += part.log.size();
      counters.rejected_records += part.rejected.size();
    }
    counters.rerouted += transaction.reroutes.size();
  }
};

TransactionalWriter::TransactionalWriter(const KafkaSettings& settings,
                                         std::int64_t rejected_bytes_max)
    : impl_(new Impl) {
  impl_->settings = settings;
  impl_->rejected_bytes_max = rejected_bytes_max;
  impl_->message_bytes_max = std::max(rejected_bytes_max, kLogMessageBytesMin);
}

TransactionalWriter::~TransactionalWriter() { close(); }

std::string TransactionalWriter::transactional_id(const KafkaSettings& settings,
                                                  PartitionId partition) {
  return settings.group + "-" + settings.prefix + "-" + std::to_string(partition);
}

void TransactionalWriter::open(const std::vector<PartitionId>& owned) {
  if (owned.empty()) throw std::logic_error("TransactionalWriter::open: no partition");
  const PartitionId lowest = *std::min_element(owned.begin(), owned.end());
  const std::string id = transactional_id(impl_->settings, lowest);
  if (impl_->id != id) impl_->drop_producer();

  // All at once: a claim takes half a second where it must abort what another writer left open.
  std::future<Producer> ours;
  if (!impl_->producer) {
    ours = std::async(std::launch::async, [this, &id] {
      return claim(
          impl_->settings, id, impl_->message_bytes_max, impl_.get(),
          [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, &Impl::on_delivery); });
    });
  }
  std::vector<PartitionId> others;
  std::copy_if(owned.begin(), owned.end(), std::back_inserter(others),
               [&](PartitionId p) { return p != lowest; });
  for (std::size_t begin = 0; begin < others.size(); begin += kClaimsAtOnce) {
    std::vector<std::future<void>> claims;
    for (std::size_t i = begin; i < std::min(begin + kClaimsAtOnce, others.size()); ++i) {
      claims.push_back(std::async(std::launch::async, [this, p = others[i]] {
        claim(impl_->settings, transactional_id(impl_->settings, p), impl_->message_bytes_max,
              nullptr, nullptr);
      }));
    }
    for (auto& done : claims) done.get();
  }

  if (ours.valid()) {
    impl_->producer = ours.get();
    impl_->id = id;
    ++impl_->counters.opened;
    const auto topic = [&](const std::string& name) {
      return rdkafka::Topic(rd_kafka_topic_new(impl_->producer->get(), name.c_str(), nullptr));
    };
    impl_->log_topic = topic(impl_->settings.log_topic());
    impl_->rejected_topic = topic(impl_->settings.rejected_topic());
    impl_->intake_topic = topic(impl_->settings.intake_topic());
  }
}

void TransactionalWriter::close() { impl_->drop_producer(); }
bool TransactionalWriter::ready() const { return impl_->producer != nullptr; }
const TransactionCounters& TransactionalWriter::counters() const { return impl_->counters; }
TransactionResult TransactionalWriter::commit(const Transaction& transaction) {
  if (transaction.parts.empty()) throw std::logic_error("TransactionalWriter: no partition");
  for (const auto& part : transaction.parts) {
    if (part.intake_next < 0) throw std::logic_error("TransactionalWriter: no intake position");
  }
  if (!transaction.membership) return {CommitStatus::kFenced, {}, {}, "kafka: not in the group"};
  if (!impl_->producer) return {CommitStatus::kRefused, {}, {}, "kafka: the writer is not open"};

  impl_->spans.clear();
  impl_->moved.clear();
  const auto deadline = deadline_in(impl_->settings.request_timeout);
  if (const rdkafka::Error error{rd_kafka_begin_transaction(impl_->producer->get())}) {
    const bool fenced = means_fenced(rd_kafka_error_code(error.get()));
    return impl_->failed({fenced ? Outcome::kFenced : Outcome::kFatal,
                          std::string("begin_transaction: ") + rd_kafka_error_string(error.get())},
                         false);
  }
  CallResult call = impl_->send_positions(transaction, deadline);
  if (call.outcome == Outcome::kOk) call = impl_->produce_all(transaction, deadline);
  if (call.outcome != Outcome::kOk) return impl_->failed(call, false);
  call = persist("commit_transaction", deadline, [&](int timeout_ms) {
    return rd_kafka_commit_transaction(impl_->producer->get(), timeout_ms);
  });
  if (call.outcome != Outcome::kOk) return impl_->failed(call, true);

  impl_->count(transaction);
  TransactionResult result;
  result.moved = impl_->moved;
  for (const auto& part : transaction.parts) {
    const auto span = impl_->spans[part.partition];
    result.parts.push_back({CommitStatus::kDurable, span.first, span.next, {}});
  }
  return result;
}

Transaction position_only(Membership membership, const std::map<PartitionId, Offset>& positions) {
  Transaction transaction;
  transaction.membership = std::move(membership);
  for (const auto& [partition, offset] : positions) {
    Batch batch;
    batch.partition = partition;
    batch.intake_next = offset;
    transaction.parts.push_back(std::move(batch));
  }
  return transaction;
}

}  // namespace tocsin
