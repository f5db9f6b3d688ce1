// How many in-order facts a second the engine decides about on one core: decode, judge, accept,
// decide, and write the derived events, all in memory.
//
//   bench_simulate [TICKETS] [replay|memory]     default 200,000 tickets of five facts
//
// Prints facts a second for decoding alone (the floor), for deciding, and the ratio, each the
// median of five passes. `replay`
// instead: records a second that a new owner reads back from the log of the same run. `memory`:
// heap bytes an open ticket with three running clocks, and what storing and showing one takes.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/calendar/zone_load.h"
#include "engine/entity/entity_codec.h"
#include "engine/partition.h"
#include "engine/policy/compile/parse.h"
#include "engine/said/derived.h"

namespace {

using namespace tocsin;

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::shared_ptr<const Policy> default_policy() {
  const std::string root = TOCSIN_SOURCE_DIR;
  PolicyText text;
  text.name = "key-account.yaml";
  text.text = read(root + "/policy/key-account.yaml");
  for (const std::string& name : policy_includes(text.text))
    text.files[name] = read(root + "/policy/" + name);
  auto compiled = compile_policy(text, load_zone);
  if (auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
    std::fprintf(stderr, "%s\n", errors->front().reason.c_str());
    std::exit(1);
  }
  return std::get<std::shared_ptr<const Policy>>(compiled);
}

// Tickets open every 200 ms and overlap: opened, assigned, responded, progressed, resolved.
std::vector<std::string> facts_of(int tickets) {
  struct Line {
    std::int64_t time;
    std::string text;
  };
  static constexpr const char* kPriorities[] = {"P1", "P2", "P3", "P4"};
  std::vector<Line> lines;
  lines.reserve(static_cast<std::size_t>(tickets) * 5);
  const std::int64_t begin = 1'772'413'200'000;  // 2026-03-02T09:00 Shanghai
  for (int i = 0; i < tickets; ++i) {
    const std::string account = "ACC-" + std::to_string(i % 1000),
                      subject = "T-" + std::to_string(i);
    const std::int64_t at = begin + i * 200;
    const auto line = [&](std::int64_t time, const char* verb, const std::string& data) {
      std::string text = "{\"specversion\":\"1.0\",\"id\":\"" + subject + verb +
                         "\",\"source\":\"/crm/east\",\"type\":\"tocsin.ticket." + verb +
                         "\",\"time\":\"" + format_rfc3339({time}) + "\",\"subject\":\"" + subject +
                         "\",\"partitionkey\":\"" + account +
                         "\",\"datacontenttype\":\"application/json\",\"data\":" + data + "}";
      lines.push_back({time, std::move(text)});
    };
    line(at, "opened",
         std::string("{\"priority\":\"") + kPriorities[i % 4] +
             "\",\"tier\":\"A\",\"title\":\"Printing is slow in hall 7\",\"module\":\"print\"}");
    line(at + 60'000, "assigned", "{\"person\":\"Li Wei\"}");
    line(at + 300'000, "responded", "{\"by\":\"Li Wei\",\"channel\":\"phone\"}");
    line(at + 900'000, "progressed", "{\"note\":\"Cause found\"}");
    line(at + 2'400'000, "resolved", "{\"cause\":\"Queue\",\"solution\":\"Restarted\"}");
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.time < b.time; });
  std::vector<std::string> out;
  out.reserve(lines.size());
  for (Line& line : lines) out.push_back(std::move(line.text));
  return out;
}

double seconds(const std::chrono::steady_clock::time_point& since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

constexpr int kPasses = 5;               // each with a new Partition; medians are printed
constexpr std::size_t kBlock = 1 << 16;  // of derived events, then written over

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Every fact, judged and decided about as `simulate` does; `taken` hears of each that is accepted.
template <class Taken>
void decide(Partition& partition, const std::vector<std::string>& facts, const DerivedSink& sink,
            Taken&& taken) {
  Decoder decoder(RecordedTime::kRead);
  Decoded decoded;
  Judged judged;
  Instant now{kAlways};
  for (const std::string& fact : facts) {
    decoder.structured(fact, {}, decoded);
    const Instant arrival = simulated_arrival(decoded, now);
    if (arrival > now) {
      if (now != kAlways) partition.decide(now, now, sink);
      for (Instant due = partition.next_due(); due < arrival; due = partition.next_due())
        partition.fire(due, due, sink);
      now = arrival;
    }
    partition.check(decoded, arrival, false, judged);
    if (judged.outcome != Outcome::kAccepted) continue;
    partition.take(decoded, judged);
    taken(decoded.fact, judged);
  }
  partition.decide(now, now, sink);
}

void measure_deciding(const std::shared_ptr<const Policy>& policy, int tickets) {
  const std::vector<std::string> facts = facts_of(tickets);
  const auto count = static_cast<double>(facts.size());
  std::size_t events = 0;
  std::vector<double> decoding, deciding;
  for (int pass = 0; pass < kPasses; ++pass) {
    Decoder decoder(RecordedTime::kRead);
    Decoded decoded;
    std::size_t bad = 0;
    auto began = std::chrono::steady_clock::now();
    for (const std::string& fact : facts) {
      decoder.structured(fact, {}, decoded);
      bad += decoded.form_error.empty() ? 0 : 1;
    }
    decoding.push_back(count / seconds(began));
    if (bad > 0) std::abort();

    Partition partition(policy);
    std::string out;
    events = 0;
    const DerivedSink sink = [&](const Entity& entity, const Derived& event, Instant recorded) {
      encode(out, entity, *entity.policy, event, recorded, false);
      out += '\n';
      ++events;
      if (out.size() > kBlock) out.clear();
    };
    began = std::chrono::steady_clock::now();
    decide(partition, facts, sink, [](const Fact&, const Judged&) {});
    deciding.push_back(count / seconds(began));
  }
  std::printf("%zu facts, %zu derived events\n", facts.size(), events);
  std::printf("decoding alone        %10.0f facts/s\n", median(decoding));
  std::printf("decoded and decided   %10.0f facts/s   %.2f of decoding alone\n", median(deciding),
              median(deciding) / median(decoding));
}

void measure_replay(const std::shared_ptr<const Policy>& policy, int tickets) {
  constexpr std::size_t kStretch = 10'000;  // records between two settlements
  std::vector<std::string> log;
  {
    Partition partition(policy);
    const DerivedSink sink = [&](const Entity& entity, const Derived& event, Instant recorded) {
      encode(log.emplace_back(), entity, *entity.policy, event, recorded, true);
    };
    decide(partition, facts_of(tickets), sink, [&](const Fact& fact, const Judged& judged) {
      append_fact_record(log.emplace_back(), fact, judged.stamps);
    });
  }
  std::vector<double> rates;
  for (int pass = 0; pass < kPasses; ++pass) {
    Partition partition(policy);
    LogEvent record;
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < log.size(); ++i) {
      if (!read_log_record(log[i], record)) std::abort();
      partition.evolve(record);
      if (i % kStretch == 0) partition.settle(record.recorded, false);
    }
    partition.settle(record.recorded, false);
    rates.push_back(static_cast<double>(log.size()) / seconds(began));
  }
  std::printf("replayed %10.0f records/s of %zu\n", median(rates), log.size());
}

// Two facts a ticket: opened, and a message of the customer. Response, resolution and reply run.
void measure_memory(const std::shared_ptr<const Policy>& policy, int tickets) {
  std::vector<std::string> facts;
  for (const std::string& fact : facts_of(tickets)) {
    if (fact.find("ticket.opened") == std::string::npos) continue;
    facts.push_back(fact);
    std::string message = fact;
    const auto replace = [&](std::string_view was, std::string_view is) {
      message.replace(message.find(was), was.size(), is);
    };
    replace("opened\",\"source", "messaged\",\"source");
    replace("ticket.opened", "ticket.messaged");
    message.replace(message.find("\"data\":"), std::string::npos,
                    "\"data\":{\"from\":\"customer\"}}");
    facts.push_back(std::move(message));
  }
  Partition partition(policy);
  const std::size_t before = mallinfo2().uordblks;
  decide(
      partition, facts, [](const Entity&, const Derived&, Instant) {},
      [](const Fact&, const Judged&) {});
  std::size_t clocks = 0;
  partition.each_entity([&](const Entity& e) {
    clocks += static_cast<std::size_t>(
        std::count_if(e.truth->cycles.begin(), e.truth->cycles.end(),
                      [](const Cycle& c) { return c.state == ClockState::kRunning; }));
  });
  const double all = static_cast<double>(tickets);
  std::printf("%.0f bytes a ticket with %.2f running clocks\n",
              static_cast<double>(mallinfo2().uordblks - before) / all,
              static_cast<double>(clocks) / all);
  std::size_t bytes = 0, rows = 0;
  auto began = std::chrono::steady_clock::now();
  partition.each_entity([&](const Entity& e) { bytes += encode_entity(e).size(); });
  const double encoding = seconds(began);
  began = std::chrono::steady_clock::now();
  partition.each_entity([&](Entity& e) { rows += partition.view(e).clocks.size(); });
  std::printf("stored as %.0f bytes in %.2f us, viewed as %.2f rows in %.2f us\n",
              static_cast<double>(bytes) / all, encoding / all * 1e6,
              static_cast<double>(rows) / all, seconds(began) / all * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const int tickets = argc > 1 ? std::atoi(argv[1]) : 200'000;
  const std::string_view what = argc > 2 ? argv[2] : "";
  const auto policy = default_policy();
  if (what == "replay") {
    measure_replay(policy, tickets);
  } else if (what == "memory") {
    measure_memory(policy, tickets);
  } else {
    measure_deciding(policy, tickets);
  }
}
