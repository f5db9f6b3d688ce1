// Any bytes at all as an adapter's file and a payload: what stands before a line `#payload` is the
// file, what stands behind it the payload.
//
// What must hold: nothing crashes; a file gives an adapter or mistakes, each with a reason; a payload
// gives facts or one named reason a run, and the same again.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>

#include "connectors/crm/adapter_read.h"
#include "connectors/crm/given_facts.h"
#include "engine/calendar/zone_load.h"

namespace {

using namespace tocsin;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Kinds and verbs enough to read adapters by; the shipped policies have tests of their own.
std::shared_ptr<const Policy> small_policy() {
  auto policy = std::make_shared<Policy>();
  policy->priorities = {"P1", "P2"};
  KindSpec& kind = policy->kinds.emplace_back();
  kind.name = "ticket";
  for (const char* verb : {"opened", "closed", "responded", "messaged"}) {
    policy->types["ticket." + std::string(verb)] = {KindCode(0), VerbCode(kind.verbs.size()),
                                                    false};
    kind.verbs.emplace_back().name = verb;
  }
  return policy;
}

std::string run(const Adapter& adapter, const std::string& payload) {
  std::string out;
  SubjectMemory memory;
  Evaluator evaluator;
  const HeaderView headers[] = {{"X-A", "a"}};
  out += evaluator.run(
      adapter, {payload, headers, {1'772'413'200'000}}, memory, [&](AdapterRun&& one) {
        const bool rejected = one.outcome == AdapterRun::Outcome::kRejected;
        require(rejected == !one.reason.empty(), "a rejected run has a reason, others have none");
        require(!rejected || one.facts.empty(), "a run gives all its facts or none");
        out += one.reason + "\n";
        for (const GivenFact& given : memory.give(one)) append_given(out, adapter, given);
      });
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const std::shared_ptr<const Policy> policy = small_policy();
  std::string text(reinterpret_cast<const char*>(bytes), size), payload = "{}";
  if (const std::size_t at = text.find("\n#payload\n"); at != std::string::npos) {
    payload = text.substr(at + 10);
    text.resize(at + 1);
  }
  const AdapterReading reading =
      read_adapter("a.yaml", text, *policy, [](std::string_view name) { return load_zone(name); });
  require((reading.adapter == nullptr) == !reading.mistakes.empty(), "an adapter, or mistakes");
  for (const PolicyError& mistake : reading.mistakes)
    require(!mistake.reason.empty(), "a mistake has a reason");
  if (reading.adapter != nullptr)
    require(run(*reading.adapter, payload) == run(*reading.adapter, payload), "the same again");
  return 0;
}
