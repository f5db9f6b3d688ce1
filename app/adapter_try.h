// `tocsin adapter try` and `test`: an adapter over payload files, one stream of them, in memory.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/crm/adapter.h"
#include "connectors/crm/given_facts.h"
#include "engine/policy/policy.h"

namespace tocsin {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// What came of a stream of payloads.
struct TriedFact {
  std::string verb, line;  // one structured event
};

// Payloads go in in order; facts and reasons come out by the functions given.
// Threads: one.
class AdapterTrial {
 public:
  AdapterTrial(std::shared_ptr<const Adapter> adapter, std::shared_ptr<const Policy> policy,
               std::function<void(TriedFact)> fact, std::function<void(std::string)> rejected);

  // A payload file's text: {"headers", "arrival", "body"}, or the bare body. `headers` stand behind
  // the file's own. An error for people, or empty.
  std::string file(const std::string& text, const HeaderList& headers, Instant now);
  // A body alone.
  void body(const std::string& json, const HeaderList& headers, Instant arrival);
  // One body that was read, from `root` in it.
  void payload(const Payload& payload, const JsonNode& root, const HeaderList& headers,
               Instant arrival);

 private:
  void take(AdapterRun&& run, Instant arrival);
  void reject(const std::string& reason);

  std::shared_ptr<const Adapter> adapter_;
  std::function<void(TriedFact)> fact_;
  std::function<void(std::string)> rejected_;
  FactCheck check_;
  SubjectMemory memory_;
  Evaluator evaluator_;
  Payload payload_;
  Decoded decoded_;
};

// Runs the adapter's own tests; payloads are found by `read` (empty optional: there is none). Says
// on `out` what differs. The number of tests that failed.
int run_adapter_tests(const std::shared_ptr<const Adapter>& adapter,
                      const std::shared_ptr<const Policy>& policy, const std::string& file,
                      const std::function<std::optional<std::string>(const std::string&)>& read,
                      std::ostream& out);

}  // namespace tocsin
