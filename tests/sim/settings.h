// What all worlds share: how many there are, and the policies that replace each other in them.
//
//   TOCSIN_SIM_SEED=7      this world alone, with what happens in it on standard error
//   TOCSIN_SIM_WORLDS=500  so many of them, from TOCSIN_SIM_FIRST (default 1)
#pragma once

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/configured_policy.h"

namespace tocsin::sim {

inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Seeds {
  std::uint64_t first = 1, end = 1;
  bool loud = false;
};

inline Seeds seeds(std::uint64_t worlds) {
  const std::uint64_t one = setting("TOCSIN_SIM_SEED", 0);
  if (one > 0) return {one, one + 1, true};
  const std::uint64_t first = setting("TOCSIN_SIM_FIRST", 1);
  return {first, first + setting("TOCSIN_SIM_WORLDS", worlds), false};
}

// `text` with `what` replaced, which must be there.
inline std::string changed(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) throw std::logic_error("the policy has no " + what);
  return text.replace(at, what.size(), by);
}

// Without the lines that name `what`.
inline std::string without_lines(std::string text, const std::string& what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what)) {
    const std::size_t begin = text.rfind('\n', at) + 1;
    text.erase(begin, text.find('\n', at) + 1 - begin);
  }
  return text;
}

// The shipped policy, and it with other allowances, with a clock before all others, without one of its
// clocks, and with a fact more that stops one.
inline const std::vector<ConfiguredPolicy>& policies() {
  static const std::vector<ConfiguredPolicy> all = [] {
    const PolicyText shipped = std::get<PolicyText>(read_policy(""));
    const std::string& text = shipped.text;
    const std::size_t reply = text.find("  ticket.reply:\n"),
                      report = text.find("  ticket.report:\n");
    const std::string texts[] = {
        text,
        changed(text, "P1: {target: 15m}, P2: {target: 30m}, P3: {target: 2h}",
                "P1: {target: 5m}, P2: {target: 45m}, P3: {target: 1h}"),
        changed(text, "\nclocks:\n",
                "\nclocks:\n  ticket.first:\n    start: [opened]\n    stop: [closed]\n    hours: "
                "24x7\n    allow: {target: 45m}\n    warn: 1/2\n    breach: {steps: [{tell: "
                "[service_director]}]}\n\n"),
        without_lines(text.substr(0, reply) + text.substr(report), "ticket.reply"),
        changed(
            changed(text, "      responded: {data:", "      poked: {}\n      responded: {data:"),
            "    stop: [responded, progressed,", "    stop: [responded, poked, progressed,"),
    };
    std::vector<ConfiguredPolicy> found;
    for (const std::string& one : texts) {
      PolicyText variant = shipped;
      variant.text = one;
      found.emplace_back(std::move(variant));
    }
    return found;
  }();
  return all;
}

}  // namespace tocsin::sim
