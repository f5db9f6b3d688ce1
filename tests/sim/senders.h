// What the senders of a world say. Some have clocks that run a little ahead of the node's.
#pragma once

#include <map>
#include <string>

#include "tests/engine/property_facts.h"
#include "tests/sim/random.h"

namespace tocsin::sim {

class Senders {
 public:
  explicit Senders(Random& random) : random_(random) {}

  // A fact as it is sent at `now`, which a clock that was set back is not behind; the same each time it
  // is sent.
  const Given& say(const Given& given, Instant now) {
    const auto [at, first] = said_.try_emplace(given.id, given);
    if (first) at->second.time = std::min(at->second.time, now);
    if (first && random_.chance(10)) at->second.time = now + milliseconds(random_.between(0, 5));
    return at->second;
  }

 private:
  Random& random_;
  std::map<std::string, Given> said_;
};

}  // namespace tocsin::sim
