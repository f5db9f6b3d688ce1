// From a run to the facts that are given: moves between accounts, their JSON, and their own faults.
//
// A subject that was seen under another account has moved (adapters.md): there it is cancelled,
// here the facts that its source gave so far come again, then those of this payload.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/crm/evaluate.h"
#include "engine/entity/data_read.h"
#include "engine/policy/policy.h"
#include "events/codec.h"

namespace tocsin {

struct GivenFact {
  std::string account, subject;
  AdapterFact fact;
};

// What is known of a subject: where it was seen last, and the facts that its source gave of it.
struct SubjectHistory {
  std::string account;
  std::vector<AdapterFact> facts;  // each once, without the `cancelled` of its moves
};

// The `cancelled` that tells the old account of a move.
bool is_move(std::string_view verb, std::string_view data);

// Calls `each(account, fact)` for the facts of a run, behind those of a move where `history` says
// that there is one, until it returns false.
using GivenVisit = std::function<bool(const std::string& account, const AdapterFact& fact)>;
void visit_given(const AdapterRun& run, const SubjectHistory* history, const GivenVisit& each);

// The same as a list.
std::vector<GivenFact> given_facts(const AdapterRun& run, const SubjectHistory* history);

// One structured CloudEvent, compact; with the attribute `tocsinadapter`.
void append_given(std::string& out, const Adapter& adapter, std::string_view account,
                  std::string_view subject, const AdapterFact& fact);
inline void append_given(std::string& out, const Adapter& adapter, const GivenFact& given) {
  append_given(out, adapter, given.account, given.subject, given.fact);
}

// Judges facts as the node would, by the codec's rules and the policy's fields.
// Threads: one at a time.
class FactCheck {
 public:
  explicit FactCheck(std::shared_ptr<const Policy> policy) : policy_(std::move(policy)) {}

  // `text`: the structured event that append_given made of these. The reason why it is not taken,
  // or empty; `out` is what a node reads from it, judged by its arrival.
  std::string check(std::string_view text, const Adapter& adapter, std::string_view account,
                    std::string_view subject, const AdapterFact& fact, Instant arrival,
                    Decoded& out);
  std::string check(std::string_view text, const Adapter& adapter, const GivenFact& given,
                    Instant arrival, Decoded& out) {
    return check(text, adapter, given.account, given.subject, given.fact, arrival, out);
  }

 private:
  std::shared_ptr<const Policy> policy_;
  std::string type_;
  Decoder decoder_;
  ReadData data_;
};

// The subjects of one stream of payloads, in memory: for `adapter try`, tests and files.
class SubjectMemory final : public SubjectPort {
 public:
  std::optional<std::string> account_of(const Adapter& adapter,
                                        const std::string& subject) override;
  // The run's facts, which count as given from now on.
  std::vector<GivenFact> give(const AdapterRun& run);
  const SubjectHistory* history(const std::string& subject) const;

 private:
  struct Seen {
    SubjectHistory history;
    std::set<std::string> ids;
  };
  std::map<std::string, Seen> subjects_;
};

}  // namespace tocsin
