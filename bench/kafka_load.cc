// Load on a node that runs on Kafka, and what a committed reader sees of it: cheap enough that it
// does not take from the node and the broker on the same two cores what they are measured for.
//
//   TOCSIN_KAFKA_BOOTSTRAP=… bench_kafka_load PREFIX answer N
//   TOCSIN_KAFKA_BOOTSTRAP=… bench_kafka_load PREFIX lateness FACTS_PER_SECOND SECONDS
//   TOCSIN_KAFKA_BOOTSTRAP=… bench_kafka_load PREFIX open N
//
//   answer    publishes tickets one at a time: publish → its first derived event seen
//   lateness  publishes tickets at a rate, each tenth due kDueIn later: of their breaches, decided
//   −
//             due and seen − due
//   open      publishes tickets with clocks that run for hours, as fast as intake takes them
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "connectors/kafka/log_tail.h"
#include "connectors/kafka/murmur2.h"
#include "connectors/kafka/rdkafka.h"
#include "events/log_record.h"
#include "events/time.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::system_clock;

constexpr Duration kResponse = minutes(15);  // of a P1
constexpr Duration kDueIn = seconds(3);
constexpr int kAccounts = 1000;
constexpr auto kPatience = std::chrono::seconds(30);

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

Instant now() { return Instant{now_us() / 1000}; }

void show(const char* what, std::vector<double> ms) {
  if (ms.empty()) return;
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double q) {
    return ms[static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1))];
  };
  std::printf("%-36s p50 %6.1f  p90 %6.1f  p99 %6.1f  p99.9 %6.1f  max %6.1f ms (%zu)\n", what,
              at(0.5), at(0.9), at(0.99), at(0.999), ms.back(), ms.size());
}

class Load {
 public:
  // `linger_ms`: librdkafka's default where facts come in streams.
  Load(KafkaSettings settings, const char* linger_ms)
      : settings_(std::move(settings)),
        producer_(RD_KAFKA_PRODUCER, settings_,
                  {{"linger.ms", linger_ms}, {"queue.buffering.max.messages", "1000000"}}),
        topic_(rd_kafka_topic_new(producer_.get(), settings_.intake_topic().c_str(), nullptr)),
        reader_(settings_),
        follower_(settings_),
        partitions_(follower_.partitions()) {
    std::map<PartitionId, Offset> from;
    for (PartitionId p = 0; p < partitions_; ++p) from[p] = reader_.range(p).end;
    follower_.follow(from);
  }

  void publish(const std::string& subject, std::int64_t account, Instant time,
               const char* priority) {
    const std::string name = "C" + std::to_string(account % kAccounts);
    const std::string value =
        R"({"specversion":"1.0","id":")" + subject +
        R"(","source":"/crm/bench","type":"tocsin.ticket.opened","subject":")" + subject +
        R"(","partitionkey":")" + name + R"(","time":")" + format_rfc3339(time) +
        R"(","data":{"priority":")" + priority + R"(","tier":"A"}})";
    while (rdkafka::produce(producer_.get(), topic_, partition_of(name, partitions_), name, value,
                            kStructured, nullptr))
      rd_kafka_poll(producer_.get(), 10);
    rd_kafka_poll(producer_.get(), 0);
  }

  void flush() { rd_kafka_flush(producer_.get(), 60'000); }

  // Calls `seen` for derived events until it returns true; false after kPatience without one.
  template <typename Seen>
  bool read(Seen seen) {
    auto deadline = Clock::now() + kPatience;
    LogEvent event;
    while (Clock::now() < deadline) {
      const auto entry = follower_.poll(milliseconds(100));
      if (!entry) continue;
      deadline = Clock::now() + kPatience;
      if (read_log_record(entry->value, event) && !event.is_fact() && seen(event)) return true;
    }
    return false;
  }

 private:
  inline static const Headers kStructured{{"content-type", "application/cloudevents+json"}};
  KafkaSettings settings_;
  rdkafka::Handle producer_;
  rdkafka::Topic topic_;
  KafkaLogReader reader_;
  LogFollower follower_;
  std::int32_t partitions_;
};

// One name a run, so that a second run on the same topics publishes new facts.
std::string run_name() { return std::to_string(now().ms % 1'000'000'000) + "-"; }

int answer(Load& load, int n) {
  std::mt19937 random(1);
  std::vector<double> ms;
  const std::string run = "A" + run_name();
  for (int i = 0; i < n; ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));  // think time
    const std::string subject = run + std::to_string(i);
    const std::int64_t begin = now_us();
    load.publish(subject, i, now(), "P3");
    if (!load.read([&](const LogEvent& e) { return e.subject == subject; })) return 1;
    if (i >= n / 10) ms.push_back(static_cast<double>(now_us() - begin) / 1000);
  }
  show("publish to answer seen", std::move(ms));
  return 0;
}

int lateness(Load& load, int rate, int seconds) {
  const int n = rate * seconds;
  const std::string run = "L" + run_name();
  const std::int64_t begin = now_us();
  double took_s = 0;
  std::thread publisher([&] {
    for (int i = 0; i < n; ++i) {
      while (i > (now_us() - begin) * rate / 1'000'000)
        std::this_thread::sleep_for(std::chrono::microseconds(500));
      const bool soon = i % 10 == 0;
      load.publish(run + std::to_string(i), i, soon ? now() + kDueIn - kResponse : now(),
                   soon ? "P1" : "P3");
    }
    load.flush();
    took_s = static_cast<double>(now_us() - begin) / 1e6;
  });
  // Of the time of full load alone.
  const Instant last{begin / 1000 + seconds * 1000};
  std::vector<double> decided, seen;
  const std::size_t all = static_cast<std::size_t>(n / 10);
  std::size_t breaches = 0;
  const bool complete = load.read([&](const LogEvent& e) {
    if (e.type != "tocsin.clock.breached" || !e.subject.starts_with(run)) return false;
    if (e.time < last) {
      decided.push_back(static_cast<double>((e.recorded - e.time).ms));
      seen.push_back(static_cast<double>(now_us() - e.time.ms * 1000) / 1000);
    }
    return ++breaches == all;
  });
  publisher.join();
  std::printf("lateness at %.0f facts/s, of dues within the load\n", n / took_s);
  show("  decided - due", std::move(decided));
  show("  seen by a committed reader - due", std::move(seen));
  return complete ? 0 : 1;
}

int open(Load& load, int n) {
  const std::string run = "O" + run_name();
  for (int i = 0; i < n; ++i) load.publish(run + std::to_string(i), i, now(), "P3");
  load.flush();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const char* bootstrap = std::getenv("TOCSIN_KAFKA_BOOTSTRAP");
  if (bootstrap == nullptr) {
    std::fprintf(stderr, "set TOCSIN_KAFKA_BOOTSTRAP (scripts/kafka up prints it)\n");
    return 3;
  }
  const std::string what = argc > 3 ? argv[2] : "";
  if (what.empty() || (what == "lateness" && argc < 5)) {
    std::fprintf(stderr, "bench_kafka_load PREFIX answer N | lateness RATE SECONDS | open N\n");
    return 2;
  }
  KafkaSettings settings;
  settings.brokers = bootstrap;
  settings.prefix = settings.group = argv[1];
  Load load(settings, what == "answer" ? "0" : "5");
  const int n = std::atoi(argv[3]);
  if (what == "answer") return answer(load, n);
  if (what == "lateness") return lateness(load, n, std::atoi(argv[4]));
  return open(load, n);
}
