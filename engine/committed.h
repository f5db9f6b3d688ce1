// What was committed, as one value made once: what views, streams, figures, the console and notifiers
// are told of a record of the log. Nobody reads JSON again that this process wrote a moment ago.
//
// Promises
//  1. Nobody is told of a record before it is committed, nor twice by one process; those of a partition
//     come in its order.
//  2. `replayed` marks what was in the log before this process started: it is told so that listeners
//     can know it, never so that somebody is rung, a line printed or a figure counted once more.
//  3. `owned`: this node decides about the partition. Only an owner acts for what it is told.
//
// A value whose views live until the listener returns. Told by the thread that commits or follows the
// partition; a listener must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "engine/log_port.h"
#include "engine/policy/policy.h"
#include "engine/said/derived.h"
#include "events/time.h"

namespace tocsin {

enum class RecordKind : std::uint8_t {
  kFact,
  kDerived,
  kEngine,    // `tocsin.engine.…`: policies, rosters, marks
  kRejected,  // not in the log: beside it
};

struct Committed {
  PartitionId partition = 0;
  Offset offset = -1;  // −1 of what was rejected
  bool owned = false, replayed = false;
  RecordKind kind = RecordKind::kFact;
  std::string_view type;  // CloudEvents type; of what was rejected the reason
  Instant time;           // when it is true; of what was rejected its arrival
  std::string_view account;
  std::string_view entity_kind, entity_id;  // empty: about no entity
  std::string_view bytes;                   // the record; of what was rejected the original
  // Of a derived event: what it says, in codes of `policy`, its entity's. Null for all others, and
  // for an event that its entity's policy cannot name.
  const Derived* derived = nullptr;
  const Policy* policy = nullptr;
  const KindSpec* spec = nullptr;
};

using CommittedListener = std::function<void(const Committed&)>;

}  // namespace tocsin
