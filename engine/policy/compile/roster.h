// Reading a roster file: from YAML text to the Roster, or to every mistake in it.
//
//   zone: Asia/Shanghai
//   people:
//     wang.fang: {name: 王芳, aliases: [Wang Fang], language: zh, zone: Europe/Berlin,
//                 channels: [{via: desk, mention: wangfang}, {via: call, to: "+8613800000000"}],
//                 low: {digest: "09:00"}}
//   roles:
//     service_director:
//       rotation: {people: [wang.fang, zheng.kai], every: week, hand_over: "Mon 09:00",
//                  from: 2026-03-02, hours: {mon-fri: ["09:00-18:00"]}}   # or a list: layers
//       fallback: [zheng.kai]
//   overrides: [{role: service_director, person: zheng.kai, from: 2026-03-07T09:00+08:00,
//                until: 2026-03-08T09:00+08:00}]
//   away: [{person: li.wei, from: 2026-10-01, until: 2026-10-08}]
//   last_resort: [zheng.kai]
//
// and the short form: `on_call` and `fallback` ({role: person or list}), `away: [person]`. A date
// as `from` is its first instant, as `until` its end, in the roster's zone (UTC when it names
// none). Pure; zones come from `zones`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/policy/compile/parse.h"
#include "engine/policy/policy.h"
#include "engine/policy/roster.h"

namespace tocsin {

// `file` is how messages name it. An empty text is an empty roster.
std::variant<std::shared_ptr<const Roster>, std::vector<PolicyError>> compile_roster(
    const std::string& file, const std::string& text, const ZoneSource& zones);

// The same with what could be read of a text that has mistakes.
struct RosterReading {
  std::shared_ptr<const Roster> roster;
  std::vector<PolicyError> errors;  // by line
};
RosterReading read_roster(const std::string& file, const std::string& text,
                          const ZoneSource& zones);

// An instant of a roster: RFC 3339 with an offset (seconds may be left out), or a date: its first
// instant, or with `end` its last.
std::optional<Instant> roster_instant(std::string_view text, const Zone& zone, bool end);

// What a sound roster leaves open, for a policy and the 28 days from `now`.
struct RosterFindings {
  std::vector<PolicyError> mistakes;  // a role that the policy does not know, no last_resort
  std::vector<PolicyError> empty;     // a role of the policy that nobody plays at some time
  std::vector<PolicyError> notes;     // gaps, overlaps, people without a channel
};
// `channels` are the configuration's; nullptr: unknown, any name will do.
RosterFindings check_roster(const Roster& roster, const Policy& policy, Instant now,
                            const std::string& file,
                            const std::vector<std::string>* channels = nullptr);

}  // namespace tocsin
