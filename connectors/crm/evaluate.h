// Running an adapter over one payload: from what a CRM sent to facts, or to the reason why not.
//
// A payload is one run, or with `each` one run an element. A run gives all its facts or none; its
// reason is the first in the order subject, account, time, state, events, no_rule (adapters.md).
// The facts' own faults (`bad_data:…`) are found by connectors/crm/fact_check.h.
//
// Promises
//  1. The same adapter, payload, headers, arrival and answers of the SubjectPort give the same
//     runs, byte for byte.
//  2. Any JSON and any headers give facts or one named reason; nothing throws but std::bad_alloc.
//
// Cost: some 10 µs for a ticket of 2 KB; at most kEachMax runs a payload.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/crm/adapter.h"
#include "connectors/crm/payload.h"
#include "events/codec.h"
#include "events/time.h"

namespace tocsin {

inline constexpr std::size_t kEachMax = 10'000;     // `each` sequences have four digits
inline constexpr std::size_t kReasonTextMax = 256;  // of a value named in a reason

struct AdapterFact {
  std::string verb, id, sequence;
  Instant time;
  std::string data;    // compact JSON; empty: none
  bool nested = true;  // whether `data` may hold lists or objects
};

struct AdapterRun {
  enum class Outcome : std::uint8_t {
    kFacts,    // perhaps none: a rule applied and had nothing to say
    kIgnored,  // by `ignore`, and what is not ours: gives nothing
    kNotOurs,
    kRejected,
  } outcome = Outcome::kFacts;
  std::string reason;  // of kRejected: `missing:account`, without `adapter:<name>:`
  std::string subject, account;
  Instant time;          // of the payload
  std::string sequence;  // what stands before the two digits: `0003.`
  std::vector<AdapterFact> facts;
};

// Which account a subject of a source was seen under last.
class SubjectPort {
 public:
  virtual ~SubjectPort() = default;
  virtual std::optional<std::string> account_of(const Adapter& adapter,
                                                const std::string& subject) = 0;
};

struct AdapterInput {
  std::string_view body;                // JSON
  std::span<const HeaderView> headers;  // names in any case
  Instant arrival;
};

class Evaluator {
 public:
  // Calls `each(run)` for each run in order; it may look at what it was given only.
  // Returns empty, or the reason for which the payload as a whole is rejected: `malformed`,
  // `too_large`, `missing:each`.
  std::string run(const Adapter& adapter, const AdapterInput& input, SubjectPort& subjects,
                  const std::function<void(AdapterRun&&)>& each);
  // The same over a payload that was read, from `root` in it.
  std::string run(const Adapter& adapter, const Payload& payload, const JsonNode& root,
                  const AdapterInput& input, SubjectPort& subjects,
                  const std::function<void(AdapterRun&&)>& each);

 private:
  Payload payload_;
};

// `20001`, `cancelled`, …: the first 20 hex digits of SHA-256 over [subject, fact, time, data].
// `data`: compact, names sorted; empty: none.
std::string fact_hash_id(std::string_view subject, std::string_view fact, Instant time,
                         std::string_view data);

}  // namespace tocsin
