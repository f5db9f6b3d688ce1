// `tocsin simulate`: the engine on a file of facts, in virtual time, with nothing kept (contract
// §8).
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "engine/policy/policy.h"
#include "engine/policy/roster.h"
#include "events/time.h"

namespace tocsin {

enum class Emit { kEvents, kVerdicts, kSummary };

struct SimulateOptions {
  std::shared_ptr<const Policy> policy;
  std::shared_ptr<const Roster> roster;  // null: persons as the facts say
  std::optional<Instant> until;          // default: the last arrival
  Emit emit = Emit::kEvents;
  bool progress = false;  // on `errors`, for people
};

// Reads facts as JSON lines in order of arrival. Returns 0, or 3 when a line was rejected; the
// rejected lines go to `errors` as {line, reason}, and a {warning} for each year of dues whose
// holidays are not known yet.
int simulate(std::istream& facts, std::ostream& out, std::ostream& errors,
             const SimulateOptions& options);

}  // namespace tocsin
