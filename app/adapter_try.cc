#include "app/adapter_try.h"

#include <chrono>
#include <ostream>
#include <sstream>

#include "app/simulate.h"
#include "connectors/crm/lenient_time.h"
#include "events/writer.h"

namespace tocsin {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return "[" + out + "]";
}

// The clock's state and verdict in its last cycle among lines of `simulate --emit verdicts`.
struct ClockWords {
  std::string state, verdict = "pending";
};
std::optional<ClockWords> words_of(const std::string& verdicts, const std::string& clock) {
  std::optional<ClockWords> out;
  std::istringstream lines(verdicts);
  Payload payload;
  for (std::string line; std::getline(lines, line);) {
    if (!payload.read(line).empty()) continue;
    const JsonNode* name = payload.member(payload.root(), "clock");
    if (name == nullptr || name->text != clock) continue;
    ClockWords words;
    words.state = payload.member(payload.root(), "state")->text;
    const JsonNode* thresholds = payload.member(payload.root(), "thresholds");
    bool breached = false, met = true;
    for (const JsonNode* t = payload.child(*thresholds); t != nullptr; t = payload.next(*t)) {
      const std::string_view verdict = payload.member(*t, "verdict")->text;
      breached |= verdict == "breached";
      met &= verdict == "met";
    }
    words.verdict = breached ? "breached" : met ? "met" : "pending";
    out = words;
  }
  return out;
}

}  // namespace

AdapterTrial::AdapterTrial(std::shared_ptr<const Adapter> adapter,
                           std::shared_ptr<const Policy> policy,
                           std::function<void(TriedFact)> fact,
                           std::function<void(std::string)> rejected)
    : adapter_(std::move(adapter)),
      fact_(std::move(fact)),
      rejected_(std::move(rejected)),
      check_(std::move(policy)) {}

void AdapterTrial::reject(const std::string& reason) {
  rejected_("adapter:" + adapter_->name + ":" + reason);
}

std::string AdapterTrial::file(const std::string& text, const HeaderList& headers, Instant now) {
  if (const std::string_view why = payload_.read(text); !why.empty()) {
    reject(std::string(why));
    return {};
  }
  const JsonNode& root = payload_.root();
  HeaderList all;
  Instant arrival = now;
  const JsonNode* body = payload_.member(root, "body");
  if (root.is_object()) {
    for (const JsonNode* m = payload_.child(root); m != nullptr; m = payload_.next(*m)) {
      if (m->name != "body" && m->name != "headers" && m->name != "arrival") body = nullptr;
    }
  }
  if (body == nullptr) {
    payload(payload_, root, headers, arrival);
    return {};
  }
  if (const JsonNode* own = payload_.member(root, "headers"); own != nullptr) {
    for (const JsonNode* h = payload_.child(*own); h != nullptr; h = payload_.next(*h))
      all.emplace_back(h->name, h->text);
  }
  if (const JsonNode* at = payload_.member(root, "arrival"); at != nullptr && !at->empty()) {
    const LenientTime read = read_lenient_time(at->text, nullptr, false);
    if (read.outcome != LenientTime::Outcome::kRead)
      return "arrival: `" + std::string(at->text) + "` is no time with an offset";
    arrival = read.time;
  }
  all.insert(all.end(), headers.begin(), headers.end());
  payload(payload_, *body, all, arrival);
  return {};
}

void AdapterTrial::body(const std::string& json, const HeaderList& headers, Instant arrival) {
  if (const std::string_view why = payload_.read(json); !why.empty())
    return reject(std::string(why));
  payload(payload_, payload_.root(), headers, arrival);
}

void AdapterTrial::payload(const Payload& payload, const JsonNode& root, const HeaderList& headers,
                           Instant arrival) {
  std::vector<HeaderView> views;
  for (const auto& [name, value] : headers) views.push_back({name, value});
  const AdapterInput input{{}, views, arrival};
  const std::string why = evaluator_.run(*adapter_, payload, root, input, memory_,
                                         [&](AdapterRun&& run) { take(std::move(run), arrival); });
  if (!why.empty()) reject(why);
}

void AdapterTrial::take(AdapterRun&& run, Instant arrival) {
  if (run.outcome == AdapterRun::Outcome::kRejected) return reject(run.reason);
  if (run.outcome != AdapterRun::Outcome::kFacts) return;
  std::vector<TriedFact> lines;
  for (const GivenFact& given : given_facts(run, memory_.history(run.subject))) {
    TriedFact& fact = lines.emplace_back();
    fact.verb = given.fact.verb;
    append_given(fact.line, *adapter_, given);
    // A run gives all its facts or none.
    if (const std::string why = check_.check(fact.line, *adapter_, given, arrival, decoded_);
        !why.empty())
      return reject(why);
  }
  memory_.give(run);
  for (TriedFact& fact : lines) fact_(std::move(fact));
}

int run_adapter_tests(const std::shared_ptr<const Adapter>& adapter,
                      const std::shared_ptr<const Policy>& policy, const std::string& file,
                      const std::function<std::optional<std::string>(const std::string&)>& read,
                      std::ostream& out) {
  int failed = 0;
  for (const AdapterTest& test : adapter->tests) {
    std::string lines, wrong;
    std::vector<std::string> verbs, rejected;
    AdapterTrial trial(
        adapter, policy,
        [&](TriedFact fact) {
          verbs.push_back(fact.verb);
          lines += fact.line + "\n";
        },
        [&](std::string reason) { rejected.push_back(std::move(reason)); });
    const Instant now{std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count()};
    for (const std::string& payload : test.payloads) {
      const auto text = read(payload);
      if (!text) {
        wrong = "cannot read the payload " + payload;
        break;
      }
      if (wrong = trial.file(*text, {}, now); !wrong.empty()) break;
    }
    const std::string prefix = "adapter:" + adapter->name + ":";
    const std::string reason = test.rejected.empty() || test.rejected.starts_with("adapter:")
                                   ? test.rejected
                                   : prefix + test.rejected;
    if (!wrong.empty()) {
    } else if (!reason.empty() && (rejected.empty() || rejected.front() != reason)) {
      wrong = "expected rejected " + reason + ", got " +
              (rejected.empty() ? "facts " + join(verbs) : rejected.front());
    } else if (reason.empty() && (verbs != test.facts || !rejected.empty())) {
      wrong = "expected facts " + join(test.facts) + ", got " + join(verbs) +
              (rejected.empty() ? "" : " and rejected " + join(rejected));
    }
    if (wrong.empty() && !test.verdicts.empty()) {
      std::istringstream facts(lines);
      std::ostringstream verdicts, errors;
      SimulateOptions options;
      options.policy = policy;
      options.emit = Emit::kVerdicts;
      simulate(facts, verdicts, errors, options);
      for (const auto& [clock, word] : test.verdicts) {
        const auto words = words_of(verdicts.str(), clock);
        if (words && (words->state == word || words->verdict == word)) continue;
        wrong = "expected " + clock + " " + word + ", it is " +
                (words ? words->state + ", " + words->verdict : "not there");
        break;
      }
    }
    if (wrong.empty()) continue;
    ++failed;
    out << file << ":" << test.line << ": " << join(test.payloads) << ": " << wrong << "\n";
  }
  return failed;
}

}  // namespace tocsin
