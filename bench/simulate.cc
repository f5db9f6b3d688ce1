// How many in-order facts a second the engine decides about on one core: decode, judge, accept,
// decide, and write the derived events, all in memory.
//
//   bench_simulate [TICKETS]     default 200,000 tickets of five facts
//
// Prints facts a second for decoding alone (the floor), for deciding, and the ratio.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/derived.h"
#include "engine/partition.h"
#include "engine/policy_parse.h"
#include "engine/zone_load.h"

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

}  // namespace

int main(int argc, char** argv) {
  const int tickets = argc > 1 ? std::atoi(argv[1]) : 200'000;
  const auto policy = default_policy();
  const std::vector<std::string> facts = facts_of(tickets);
  Decoder decoder(RecordedTime::kRead);
  Decoded decoded;
  std::size_t good = 0;
  auto began = std::chrono::steady_clock::now();
  for (const std::string& fact : facts) {
    decoder.structured(fact, {}, decoded);
    good += decoded.form_error.empty() ? 1 : 0;
  }
  const double decoding = static_cast<double>(good) / seconds(began);

  Partition partition(policy);
  std::string out;
  std::size_t events = 0;
  const DerivedSink sink = [&](const Entity& entity, const Derived& event, Instant recorded) {
    encode(out, entity, *entity.policy, event, recorded, false);
    out += '\n';
    ++events;
    if (out.size() > (1 << 20)) out.clear();
  };
  Judged judged;
  Instant now{kAlways};
  began = std::chrono::steady_clock::now();
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
    if (judged.outcome == Outcome::kAccepted) partition.take(decoded, judged);
  }
  partition.decide(now, now, sink);
  const double deciding = static_cast<double>(facts.size()) / seconds(began);
  std::printf("%zu facts, %zu derived events\n", facts.size(), events);
  std::printf("decoding alone        %10.0f facts/s\n", decoding);
  std::printf("decoded and decided   %10.0f facts/s   %.2f of decoding alone\n", deciding,
              deciding / decoding);
}
