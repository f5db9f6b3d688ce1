// What a sound roster leaves open, seen with a policy.
#include <algorithm>

#include "engine/policy/compile/reader.h"
#include "engine/policy/compile/roster.h"
#include "engine/policy/translate.h"

namespace tocsin {

namespace {

constexpr Duration kAhead = days(28);
constexpr std::size_t kChangesMax = 20'000;  // looked at, of a role
constexpr std::size_t kNamedMax = 20;        // people listed in one line

std::string minute(Instant at) { return format_rfc3339(at).substr(0, 16) + "Z"; }

// Stretches of [now, now + 28 days) in which `holds` of those who are on call does.
template <typename Holds>
std::vector<std::pair<Instant, Instant>> stretches(const Roster& roster, const std::string& role,
                                                   Instant now, Holds holds) {
  std::vector<std::pair<Instant, Instant>> out;
  const Instant end = now + kAhead;
  std::size_t looked = 0;
  for (Instant at = now; at < end && looked < kChangesMax; ++looked) {
    const Instant next = std::min(end, roster.next_change(role, at));
    if (holds(at)) {
      if (!out.empty() && out.back().second == at) {
        out.back().second = next;
      } else {
        out.emplace_back(at, next);
      }
    }
    at = next;
  }
  return out;
}

std::string times(const std::vector<std::pair<Instant, Instant>>& list) {
  std::string out = "from " + minute(list.front().first) + " to " + minute(list.front().second);
  if (list.size() > 1) out += ", and " + std::to_string(list.size() - 1) + " times more";
  return out;
}

}  // namespace

RosterFindings check_roster(const Roster& roster, const Policy& policy, Instant now,
                            const std::string& file, const std::vector<std::string>* channels) {
  RosterFindings found;
  const auto mistake = [&](int line, std::string reason) {
    found.mistakes.push_back({file, line, std::move(reason)});
  };
  for (const RosterDoubt& doubt : roster.doubts) mistake(doubt.line, doubt.reason);
  if (roster.last_resort.empty())
    mistake(0, "`last_resort` is missing: who is told when nobody else is found");
  for (const auto& [name, role] : roster.roles) {
    const RoleCode known = place_of(name, policy.roles);
    if (known == kNone) {
      mistake(role.line,
              "unknown role `" + name + "` (" + nearest_words(name, policy.roles.list()) + ")");
    } else if (known == policy.assignee_role || known == policy.owner_role) {
      mistake(role.line, "`" + name + "` is of a ticket or milestone, nobody plays it by a roster");
    }
  }
  for (const RoleCode code : policy.roles.codes()) {
    if (code == policy.assignee_role || code == policy.owner_role) continue;
    const std::string& name = policy.roles[code];
    const auto listed = roster.roles.find(name);
    const int line = listed == roster.roles.end() ? 0 : listed->second.line;
    const auto empty = stretches(roster, name, now, [&](Instant at) {
      Roster::Persons persons;
      roster.on_call(name, at, persons);
      if (persons.empty()) roster.fallback(name, at, persons);
      return persons.empty();
    });
    if (!empty.empty()) {
      found.empty.push_back({file, line,
                             "nobody plays `" + name + "` " + times(empty) +
                                 "; where the account has nobody either, last_resort is told"});
    }
    if (listed == roster.roles.end() || listed->second.layers.empty()) continue;
    const auto gaps = stretches(roster, name, now, [&](Instant at) {
      Roster::Persons persons;
      roster.on_call(name, at, persons);
      return persons.empty();
    });
    if (!gaps.empty() && empty.empty())
      found.notes.push_back({file, line, "a gap in the rotation of `" + name + "` " + times(gaps)});
    const auto overlaps = stretches(roster, name, now, [&](Instant at) {
      int in_force = 0;  // but for the first, which holds where no other is
      for (std::size_t layer = 1; layer < listed->second.layers.size(); ++layer) {
        Roster::Persons persons;
        turn_of(listed->second.layers[layer], *roster.zone, at, persons);
        in_force += persons.empty() ? 0 : 1;
      }
      return in_force > 1;
    });
    if (!overlaps.empty()) {
      found.notes.push_back(
          {file, line,
           "layers of `" + name + "` overlap " + times(overlaps) + "; the later one wins"});
    }
  }
  std::size_t silent = 0;
  for (const auto& [id, person] : roster.people) {
    if (person.channels.empty() && ++silent <= kNamedMax)
      found.notes.push_back({file, person.line, "`" + id + "` has no channel and cannot be told"});
    if (channels == nullptr) continue;
    for (const PersonChannel& channel : person.channels) {
      if (std::find(channels->begin(), channels->end(), channel.via) == channels->end())
        mistake(person.line, "people " + id + ": no channel `" + channel.via +
                                 "` in the configuration (" +
                                 nearest_words(channel.via, *channels) + ")");
    }
  }
  if (silent > kNamedMax)
    found.notes.push_back({file, 0, std::to_string(silent - kNamedMax) + " more have no channel"});
  return found;
}

}  // namespace tocsin
