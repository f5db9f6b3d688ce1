// What every world has: its seed, its time, who sends, and the first thing that was found wrong.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "events/time.h"
#include "tests/sim/random.h"
#include "tests/sim/senders.h"
#include "tests/sim/sim_node.h"

namespace tocsin::sim {

class TroubledWorld {
 public:
  TroubledWorld(const TroubledWorld&) = delete;
  // What was found wrong; empty: nothing.
  const std::string& found_wrong() const { return wrong_; }

 protected:
  TroubledWorld(std::uint64_t seed, bool loud) : seed_(seed), random_(seed), loud_(loud) {}

  void say(const std::string& what) const {
    if (loud_) std::fprintf(stderr, "%s %s\n", format_rfc3339({time_.truth}).c_str(), what.c_str());
  }
  void wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = "seed " + std::to_string(seed_) + ": " + what;
  }
  void pass(std::int64_t ms) {
    time_.truth += ms;
    time_.since_boot += ms;
  }

  const std::uint64_t seed_;
  Random random_;
  SimTime time_;
  Senders senders_{random_};
  std::string wrong_;
  const bool loud_;
};

}  // namespace tocsin::sim
