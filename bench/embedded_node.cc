// The node on its embedded log without a network: requests are handed over in this process, as the
// HTTP server's threads do. What engine, log and store reach when no client takes their cores.
//
//   bench_embedded_node ingest [TICKETS] [REQUESTS] [FACTS] [RATE]
//                                                their lives: opened, assigned, responded,
//                                                progressed, resolved; so many requests of so many
//                                                facts wait at a time; RATE: so many facts a second
//                                                are posted, whatever waits (0: as fast as they go)
//   bench_embedded_node due [TICKETS] [cold]     so many fall due at one instant while facts come
//                                                in; `cold`: after a start, nothing in memory
//   bench_embedded_node restart [TICKETS]        so many tickets stay open
//   bench_embedded_node scale [TICKETS] [DUE]    so many tickets, two clocks each, stay open; then
//                                                DUE at one instant, 20,000 a second while 50,000
//                                                facts a second come in, and a start
//
// Beside each stands what deciding alone takes, in memory and on one core. The node's clock is the
// machine's, moved on where a day would have to be waited for. Data lies in TMPDIR and is removed.
// CPU is the process's: the making of facts included, which is printed alone.
#include "app/embedded_node.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/keep_memory.h"
#include "app/policy_load.h"
#include "app/room.h"

namespace {

using namespace tocsin;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kBatch = 1000;         // facts a request
constexpr std::size_t kOutstanding = 4;      // requests that wait at a time
constexpr std::int64_t kAnswerMs = 900'000;  // P1, tier A: answered within 15 min

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

double cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return s(used.ru_utime) + s(used.ru_stime);
}

double resident_mb() {
  std::ifstream in("/proc/self/statm");
  long size = 0, resident = 0;
  in >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// The machine's clock and a little more.
class ShiftedClock final : public Clock {
 public:
  Instant now() override { return {wall_.now().ms + shift_ms_.load()}; }
  std::chrono::milliseconds until(Instant t) override {
    return std::chrono::milliseconds(std::max<std::int64_t>(0, t.ms - now().ms));
  }
  void move(Duration on) { shift_ms_ += on.ms; }

 private:
  WallClock wall_;
  std::atomic<std::int64_t> shift_ms_{0};
};

class Sample {
 public:
  void add(double ms) {
    const std::lock_guard lock(mutex_);
    values_.push_back(ms);
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    values_.clear();
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    if (values_.empty()) return "none";
    std::sort(values_.begin(), values_.end());
    const auto at = [&](double q) {
      return values_[std::min(values_.size() - 1,
                              static_cast<std::size_t>(q * static_cast<double>(values_.size())))];
    };
    char out[120];
    std::snprintf(out, sizeof out, "p50 %.1f p99 %.1f p99.9 %.1f last %.1f ms", at(0.5), at(0.99),
                  at(0.999), values_.back());
    return out;
  }

 private:
  std::mutex mutex_;
  std::vector<double> values_;
};

std::string fact(const std::string& id, const std::string& subject, const std::string& account,
                 const char* verb, Instant time, const char* data) {
  return "{\"specversion\":\"1.0\",\"id\":\"" + id +
         "\",\"source\":\"/crm/east\",\"type\":\"tocsin.ticket." + verb + "\",\"time\":\"" +
         format_rfc3339(time) + "\",\"subject\":\"" + subject + "\",\"partitionkey\":\"" + account +
         "\",\"datacontenttype\":\"application/json\",\"data\":" + data + "}";
}

// One of 200 accounts; P1 is to be answered within 15 minutes of `time`, P3 some other day.
std::string opened(const std::string& name, int i, Instant time, bool urgent) {
  const std::string subject = name + std::to_string(i);
  return fact(subject, subject, "ACC-" + std::to_string(i % 200), "opened", time,
              urgent ? R"({"priority":"P1","tier":"A","title":"Line 3 stands still"})"
                     : R"({"priority":"P3","tier":"B","title":"Line 3 is slow"})");
}

// A node with its data, what its breaches were late, and a bounded number of waiting requests.
class Bench {
 public:
  Bench() : directory_(made()), clock_(std::make_shared<ShiftedClock>()) { open(); }
  ~Bench() {
    node_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    EmbeddedNodeOptions options;
    options.data = directory_;
    options.policy = std::get<PolicyText>(read_policy(""));
    options.clock = clock_;
    options.report = [](std::string_view level, std::string_view event, std::string_view detail) {
      std::fprintf(stderr, "%s %s %s\n", std::string(level).c_str(), std::string(event).c_str(),
                   std::string(detail).c_str());
    };
    node_ = std::make_unique<EmbeddedNode>(options);
    node_->listen([this](const Committed& record) {
      if (record.derived == nullptr || record.derived->type != DerivedType::kClockBreached) return;
      late_.add(static_cast<double>(clock_->now().ms - record.time.ms));
    });
    node_->start();
  }
  void close() { node_.reset(); }

  void submit(std::string body) {
    auto submission = std::make_unique<Submission>();
    submission->body = std::move(body);
    submission->source = "bench";
    std::vector<std::string_view> parts;
    split_batch(submission->body, parts, kBatch);
    submission->events.resize(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      submission->events[i].original = parts[i];
      decoder_.structured(parts[i], {}, submission->events[i].decoded);
    }
    const auto began = Steady::now();
    node_->submit(std::move(submission), [this, began](SubmitResult result) {
      if (result.status != SubmitResult::Status::kJudged) {
        std::fprintf(stderr, "refused: %s\n", result.detail.c_str());
        std::abort();
      }
      acknowledged_.add(seconds_since(began) * 1000);
      const std::lock_guard lock(mutex_);
      --waiting_;
      woken_.notify_one();
    });
  }
  // Waits until fewer than `most` requests wait, and counts one more.
  void enter(std::size_t most) {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [&] { return waiting_ < most; });
    ++waiting_;
  }
  void drained() {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [&] { return waiting_ == 0; });
  }

  // Waits until nothing was decided for longer than the node sleeps, and all views are written.
  void quiet() {
    for (std::int64_t before = -1;;) {
      const std::int64_t now = node_->status().counters.decisions;
      if (now == before && node_->store().refresh(seconds(1))) return;
      before = now;
      std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    }
  }

  // Waits until the store's files are merged, too: until the process hardly computes.
  static void at_rest() {
    for (double before = -1;;) {
      const double now = cpu_s();
      if (now - before < 0.02) return;
      before = now;
      std::this_thread::sleep_for(std::chrono::milliseconds(400));
    }
  }

  EmbeddedNode& node() { return *node_; }
  ShiftedClock& clock() { return *clock_; }
  Sample& late() { return late_; }
  Sample& acknowledged() { return acknowledged_; }

 private:
  static std::filesystem::path made() {
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("bench-node-" + std::to_string(getpid()));
    std::filesystem::create_directories(path);
    return path;
  }
  std::filesystem::path directory_;
  std::shared_ptr<ShiftedClock> clock_;
  std::unique_ptr<EmbeddedNode> node_;
  Decoder decoder_{RecordedTime::kIgnored};
  Sample late_, acknowledged_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::size_t waiting_ = 0;
};

using Bodies = std::vector<std::string>;

// The peer: the same decisions and records in memory on one core, without log, store and answers.
class Alone {
 public:
  Alone() : room_(options(), nullptr, {}) { room_.ensure_policy({}); }

  // Seconds that it took, with decoding.
  double take(const Bodies& all, Instant now) {
    const auto began = Steady::now();
    std::vector<std::string_view> parts;
    Decoded decoded;
    for (const std::string& body : all) {
      parts.clear();
      split_batch(body, parts, kBatch);
      for (const std::string_view part : parts) {
        decoder_.structured(part, {}, decoded);
        room_.arrive(decoded, now);
      }
      room_.decide(now, now);
      forget_batch();
    }
    return seconds_since(began);
  }
  double fire(Instant until) {
    const auto began = Steady::now();
    for (bool more = true; more; forget_batch()) more = room_.fire(until, until, kBatch);
    return seconds_since(began);
  }

 private:
  static RoomOptions options() {
    RoomOptions options;
    options.policy = std::get<PolicyText>(read_policy(""));
    return options;
  }
  void forget_batch() {
    const auto first = next_;
    next_ += static_cast<Offset>(room_.batch().log.size());
    room_.committed(room_.take_decided(), first, next_);
  }

  Room room_;
  Decoder decoder_{RecordedTime::kIgnored};
  Offset next_ = 0;
};

Bodies bodies(std::size_t n, std::size_t each, const std::function<std::string(std::size_t)>& of) {
  Bodies out;
  for (std::size_t i = 0; i < n;) {
    std::string body = "[";
    for (const std::size_t end = std::min(n, i + each); i < end; ++i)
      body.append(body.size() > 1 ? "," : "").append(of(i));
    body += ']';
    out.push_back(std::move(body));
  }
  return out;
}

void post(Bench& bench, Bodies all, std::size_t outstanding = kOutstanding) {
  for (std::string& body : all) {
    bench.enter(outstanding);
    bench.submit(std::move(body));
  }
  bench.drained();
}

void open_tickets(Bench& bench, const std::string& name, int n, Instant time, bool urgent) {
  constexpr int kStretch = 100'000;  // bodies in memory at a time
  for (int first = 0; first < n; first += kStretch) {
    const auto count = static_cast<std::size_t>(std::min(kStretch, n - first));
    post(bench, bodies(count, kBatch, [&](std::size_t i) {
           return opened(name, first + static_cast<int>(i), time, urgent);
         }));
  }
}

// Posts `body(i)` every `every`, as long as `go_on` says; false when the node did not keep up.
bool post_paced(Bench& bench, Bodies all, std::chrono::microseconds every,
                const std::function<bool()>& go_on) {
  constexpr std::size_t kBehindMax = 200;  // requests that wait
  bool kept_up = true;
  auto next = Steady::now();
  for (std::size_t i = 0; i < all.size() && go_on(); ++i, next += every) {
    std::this_thread::sleep_until(next);
    bench.enter(kBehindMax);
    bench.submit(std::move(all[i]));
    if (Steady::now() - next > std::chrono::seconds(1)) {
      kept_up = false;
      next = Steady::now();
    }
  }
  bench.drained();
  return kept_up;
}

// Five facts a ticket, posted in the order of their times; so many requests wait at a time.
void ingest(int tickets, std::size_t outstanding, std::size_t each, std::size_t rate) {
  static constexpr const char* kPriorities[] = {"P1", "P2", "P3", "P4"};
  static constexpr const char* kVerbs[] = {"opened", "assigned", "responded", "progressed",
                                           "resolved"};
  constexpr std::int64_t kFactsPerMs = 50;
  Bench bench;
  const std::size_t n = static_cast<std::size_t>(tickets) * 5;
  // They happened just now: nothing of them is due yet.
  const Instant begin =
      bench.clock().now() - milliseconds(static_cast<std::int64_t>(n) / kFactsPerMs);
  const auto of = [&](std::size_t number) {
    // Waves of 2,000 tickets, each verb by verb.
    const std::size_t wave = number / (2000 * 5), in = number % (2000 * 5), verb = in / 2000;
    const std::size_t i = wave * 2000 + in % 2000;
    const std::string subject = "T-" + std::to_string(i);
    const std::string open_data =
        std::string(R"({"priority":")") + kPriorities[i % 4] +
        R"(","tier":"A","title":"Printing is slow in hall 7","module":"print"})";
    const char* data[] = {open_data.c_str(), R"({"person":"Li Wei"})",
                          R"({"by":"Li Wei","channel":"phone"})", R"({"note":"Cause found"})",
                          R"({"cause":"Queue","solution":"Restarted"})"};
    return fact(subject + kVerbs[verb], subject, "ACC-" + std::to_string(i % 1000), kVerbs[verb],
                begin + milliseconds(static_cast<std::int64_t>(number) / kFactsPerMs), data[verb]);
  };
  Bodies all = bodies(n, each, of);
  const double alone = Alone().take(all, bench.clock().now());
  const double cpu = cpu_s();
  const auto began = Steady::now();
  bool kept_up = true;
  std::string how = std::to_string(outstanding) + " at a time";
  if (rate > 0) {
    how = std::to_string(rate) + " facts a second";
    const auto every = std::chrono::microseconds(each * 1'000'000 / rate);
    kept_up = post_paced(bench, std::move(all), every, [] { return true; });
  } else {
    post(bench, std::move(all), outstanding);
  }
  const double took = seconds_since(began), facts = static_cast<double>(n);
  const double used = cpu_s() - cpu;
  while (!bench.node().store().refresh(seconds(1))) {
  }
  std::printf(
      "%zu facts of %d tickets in batches of %zu, %s: %.0f facts/s, %.2f of deciding "
      "alone on one core (%.0f facts/s), %.1f us of CPU a fact (%.1f until the views are written); "
      "acknowledged %s%s; resident %.0f MB\n",
      n, tickets, each, how.c_str(), facts / took, alone / took, facts / alone, used / facts * 1e6,
      (cpu_s() - cpu) / facts * 1e6, bench.acknowledged().text().c_str(),
      kept_up ? "" : " (not kept up with)", resident_mb());
}

Bodies meanwhile(Bench& bench, const std::string& name, std::size_t facts, std::size_t each) {
  return bodies(facts, each, [&, time = bench.clock().now()](std::size_t i) {
    return opened(name, static_cast<int>(i), time, false);
  });
}

// Microseconds that deciding alone takes for each of as many, or 100,000, due at one instant.
double fired_alone(int tickets, Instant time) {
  const auto n = static_cast<std::size_t>(std::min(tickets, 100'000));
  Alone peer;
  peer.take(bodies(n, kBatch,
                   [&](std::size_t i) { return opened("due-", static_cast<int>(i), time, true); }),
            time);
  peer.fire(time + milliseconds(kAnswerMs - 1));
  return peer.fire(time + milliseconds(kAnswerMs)) / static_cast<double>(n) * 1e6;
}

void many_at_once(Bench& bench, int tickets, bool cold) {
  const Instant time = bench.clock().now();
  const double alone_us = fired_alone(tickets, time);
  auto began = Steady::now();
  open_tickets(bench, "due-", tickets, time, true);
  bench.quiet();
  std::printf("%d tickets opened: %.0f a second with their views; resident %.0f MB\n", tickets,
              tickets / seconds_since(began), resident_mb());
  if (cold) {
    bench.close();
    bench.open();
  }
  // Their warnings are told on the way.
  bench.clock().move(time + milliseconds(kAnswerMs * 2 / 3) - bench.clock().now());
  began = Steady::now();
  bench.quiet();
  std::printf("%d warned within %.1f s; resident %.0f MB\n", tickets, seconds_since(began),
              resident_mb());
  Bench::at_rest();  // what the warnings left behind is done when five minutes later they fall due
  Bodies load = meanwhile(bench, "meanwhile-", 500'000, 50);
  bench.acknowledged().clear();
  bench.late().clear();
  bench.clock().move(time + milliseconds(kAnswerMs - 1000) - bench.clock().now());
  const double cpu = cpu_s();
  began = Steady::now();
  const auto go_on = [&] {
    return bench.late().size() < static_cast<std::size_t>(tickets) && seconds_since(began) < 120;
  };
  // 10,000 facts a second, 50 a request.
  post_paced(bench, std::move(load), std::chrono::microseconds(5000), go_on);
  std::printf(
      "%zu of %d due at one instant%s: late %s; %.1f us of CPU each (deciding alone: %.1f us); "
      "meanwhile %zu requests "
      "of 50 facts, acknowledged %s; resident %.0f MB\n",
      bench.late().size(), tickets, cold ? ", after a start" : "", bench.late().text().c_str(),
      (cpu_s() - cpu) / tickets * 1e6, alone_us, bench.acknowledged().size(),
      bench.acknowledged().text().c_str(), resident_mb());
  began = Steady::now();
  bench.quiet();
  std::printf("views written %.1f s later\n", seconds_since(began));
}

void spread(Bench& bench) {
  constexpr int kDue = 20'000, kFacts = 50'000, kSeconds = 5, kEach = 100;
  const Instant time = bench.clock().now();
  post(bench, bodies(std::size_t{kDue} * kSeconds, kBatch, [&](std::size_t i) {
         return opened(
             "spread-", static_cast<int>(i),
             time + milliseconds(static_cast<std::int64_t>(i) * 1000 / kDue) - seconds(kSeconds),
             true);
       }));
  bench.clock().move(minutes(11));
  bench.quiet();
  Bodies load = meanwhile(bench, "in-", std::size_t{kFacts} * (kSeconds + 1), kEach);
  bench.acknowledged().clear();
  bench.late().clear();
  bench.clock().move(time + milliseconds(kAnswerMs) - seconds(kSeconds + 1) - bench.clock().now());
  const auto began = Steady::now();
  const bool kept_up =
      post_paced(bench, std::move(load), std::chrono::microseconds(1'000'000 / (kFacts / kEach)),
                 [] { return true; });
  while (bench.late().size() < std::size_t{kDue} * kSeconds && seconds_since(began) < 60)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::printf("%d due a second for %d s, %d facts a second in (%s): late %s; acknowledged %s\n",
              kDue, kSeconds, kFacts, kept_up ? "kept up with" : "not kept up with",
              bench.late().text().c_str(), bench.acknowledged().text().c_str());
}

void restart(Bench& bench) {
  open_tickets(bench, "overdue-", 1, bench.clock().now() - milliseconds(kAnswerMs - 2000), true);
  bench.close();
  bench.late().clear();
  bench.clock().move(seconds(3));
  const auto began = Steady::now();
  bench.open();
  const double ready = seconds_since(began);
  while (bench.late().size() == 0) std::this_thread::yield();
  std::printf("restart: ready after %.3f s, first overdue alarm within %.3f s; resident %.0f MB\n",
              ready, seconds_since(began), resident_mb());
}

void scale(int tickets, int due) {
  Bench bench;
  const auto began = Steady::now();
  const double cpu = cpu_s(), empty = resident_mb();
  open_tickets(bench, "open-", tickets, bench.clock().now(), false);
  const double took = seconds_since(began);
  bench.quiet();
  std::printf(
      "%d tickets, %d open clocks: %.0f facts/s, %.1f us of CPU a fact; resident %.0f MB, "
      "%.0f bytes an open clock\n",
      tickets, 2 * tickets, tickets / took, (cpu_s() - cpu) / tickets * 1e6, resident_mb(),
      (resident_mb() - empty) * 1e6 / (2.0 * tickets));
  many_at_once(bench, due, false);
  spread(bench);
  restart(bench);
}

}  // namespace

int main(int argc, char** argv) {
  keep_memory();
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string_view what = argc > 1 ? argv[1] : "ingest";
  const int n = argc > 2 ? std::atoi(argv[2]) : 20'000;
  if (what == "due") {
    Bench bench;
    many_at_once(bench, n, argc > 3 && std::string_view(argv[3]) == "cold");
  } else if (what == "restart") {
    Bench bench;
    open_tickets(bench, "open-", n, bench.clock().now(), false);
    restart(bench);
  } else if (what == "scale") {
    scale(n, argc > 3 ? std::atoi(argv[3]) : 100'000);
  } else {
    const auto number = [&](int i, std::size_t otherwise) {
      return argc > i ? std::strtoul(argv[i], nullptr, 10) : otherwise;
    };
    ingest(n, number(3, kOutstanding), std::clamp<std::size_t>(number(4, kBatch), 1, kBatch),
           number(5, 0));
  }
}
