// Adapters written in tests, and what payloads come to with them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "connectors/crm/adapter_read.h"
#include "connectors/crm/given_facts.h"
#include "engine/calendar/zone_load.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin::test {

inline constexpr Instant kArrival{1'772'414'100'000};  // 2026-03-02T01:15:00Z

inline std::shared_ptr<const Adapter> adapter(const std::string& yaml) {
  AdapterReading reading = read_adapter("a.yaml", yaml, *default_policy(),
                                        [](std::string_view name) { return load_zone(name); });
  for (const PolicyError& m : reading.mistakes)
    ADD_FAILURE() << "a.yaml:" << m.line << ": " << m.reason;
  return reading.adapter;
}

// The mistakes of a file, a line each: `3: unknown key …`.
inline std::string mistakes(const std::string& yaml) {
  const AdapterReading reading = read_adapter(
      "a.yaml", yaml, *default_policy(), [](std::string_view name) { return load_zone(name); });
  std::string out;
  for (const PolicyError& m : reading.mistakes)
    out += std::to_string(m.line) + ": " + m.reason + "\n";
  return out;
}

// One stream of payloads: a line a fact (`verb account time sequence data`) or `rejected: …`.
class Stream {
 public:
  explicit Stream(const std::string& yaml) : adapter_(adapter(yaml)), check_(default_policy()) {}

  std::string take(const std::string& body, std::vector<HeaderView> headers = {}) {
    std::string out;
    const std::string why =
        evaluator_.run(*adapter_, {body, headers, kArrival}, memory_, [&](AdapterRun&& run) {
          if (run.outcome == AdapterRun::Outcome::kRejected)
            out += "rejected: " + run.reason + "\n";
          if (run.outcome == AdapterRun::Outcome::kNotOurs) out += "not ours\n";
          if (run.outcome != AdapterRun::Outcome::kFacts) return;
          for (const GivenFact& given : memory_.give(run)) out += line(given);
        });
    return why.empty() ? out : out + "rejected: " + why + "\n";
  }

  std::vector<std::string> ids;

 private:
  std::string line(const GivenFact& given) {
    ids.push_back(given.fact.id);
    std::string text;
    append_given(text, *adapter_, given);
    EXPECT_EQ(check_.check(text, *adapter_, given, kArrival, decoded_), "") << text;
    std::string time = format_rfc3339(given.fact.time);
    return given.fact.verb + " " + given.account + "/" + given.subject + " " + time.substr(11, 8) +
           " " + given.fact.sequence + (given.fact.data.empty() ? "" : " " + given.fact.data) +
           "\n";
  }

  std::shared_ptr<const Adapter> adapter_;
  SubjectMemory memory_;
  Evaluator evaluator_;
  FactCheck check_;
  Decoded decoded_;
};

// An adapter with what every one needs, and `rest`.
inline std::string small(const std::string& rest) {
  return "adapter: small\nsource: /small\nsubject: id\naccount: account\ntime: at\n" + rest;
}

}  // namespace tocsin::test
