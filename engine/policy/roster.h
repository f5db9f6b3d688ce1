// Who is there: people with their channels, who plays a role when, who stands in, who is away.
//
// A roster takes force by a record in the log, like a policy, together with the zones that it
// names; what was added since (overrides by hand) are records too. It is made by `compile_roster`
// (engine/policy/compile/roster.h). A person is known by id, name or alias; here persons are ids
// wherever the roster knows them, and stay as they were written where it does not.
//
// Promises
//  1. Every question has the instant it is asked for; the answer depends on nothing else.
//  2. A rotation's turns follow each other without a gap: turn k begins at the k-th hand-over,
//     counted from the one whose local date is `from`, or the last before it. A hand-over in a DST
//     gap is at the gap's end; one that occurs twice, at its first occurrence.
//  3. Whoever is away is passed over: in a rotation for the next of it, in a fallback for the next
//     of the list. Of `last_resort` all who are there are told, and all when nobody is.
//
// Example: people [wang, zheng], every week, hand-over Mon 09:00, from 2026-03-02 in Shanghai: wang
// until Monday 2026-03-09 01:00Z, zheng from then on; is zheng away, wang stays.
//
// Immutable once made; any thread. Answers are views of the roster or of what was asked. Cost: a
// few microseconds, linear in the layers and overrides of the role.
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/calendar/calendar.h"
#include "engine/calendar/zone.h"
#include "events/time.h"

namespace tocsin {

// One way to reach a person; tried in the order of the list.
struct PersonChannel {
  std::string via;                // name of a channel of the configuration
  std::string to, mention;        // what that channel needs: a number, an address, a user id
  std::optional<Duration> after;  // how long the one before has time; empty: the default
  bool is_private = false;        // nobody else reads it, though its type is a group's
};

struct Person {
  std::string id, name;
  std::vector<std::string> aliases;
  std::string language = "en";  // zh, en
  std::vector<PersonChannel> channels;
  std::optional<Duration> digest;    // local time of day for what is not urgent; empty: at once
  std::shared_ptr<const Zone> zone;  // their own; null: see Roster::readers_zone
  int line = 0;                      // in the file
};

// One layer of a rotation.
struct Rotation {
  using Week = std::array<std::vector<LocalInterval>, 7>;
  std::vector<std::string> people;
  int every_days = 7;         // 1, or a multiple of 7
  int hand_over_weekday = 0;  // 0 = Monday; with every_days of 1: any
  Duration hand_over_time;    // since local midnight
  LocalDate from;             // nobody before its first instant
  std::optional<Week> hours;  // empty: always
  int line = 0;
};

struct RosterRole {
  std::string name;
  std::vector<std::string> together;  // short form: all of them are on call, always
  std::vector<Rotation> layers;       // the later wins where it is in force
  std::vector<std::string> fallback;
  int line = 0;
};

// From `from` until before `until`.
struct RosterOverride {
  std::string id;  // empty: of the file
  std::string role, person;
  Instant from{kAlways}, until{kNever};
  std::string by;
};

struct RosterAway {
  std::string person;
  Instant from{kAlways}, until{kNever};
};

// What reads badly in the file and yet counts: a person that `people` does not hold, one who is
// named twice.
struct RosterDoubt {
  int line = 0;
  std::string reason;
};

class Roster {
 public:
  using Persons = boost::container::small_vector<std::string_view, 3>;

  std::string hash;  // of the file's text, hexadecimal
  // Of its dates, hand-overs and hours: UTC where it names none.
  std::shared_ptr<const Zone> zone = std::make_shared<const Zone>();
  bool names_zone = false;
  std::map<std::string, Person, std::less<>> people;  // by id
  std::map<std::string, RosterRole, std::less<>> roles;
  std::vector<RosterOverride> overrides;  // the later wins
  std::vector<RosterAway> away;
  std::vector<std::string> last_resort;
  // By name, alias and id; made with the people.
  std::map<std::string, std::string, std::less<>> ids;
  std::vector<RosterDoubt> doubts;

  // ---- persons
  // The id of whom the roster knows by this id, name or alias; else the word itself.
  std::string_view id_of(std::string_view word) const;
  const Person* person(std::string_view word) const;  // null: unknown
  // Each word for whom this word means, itself first.
  std::vector<std::string> words_for(std::string_view word) const;
  bool is_away(std::string_view word, Instant at) const;
  // In which zone a person reads times: their own, else the roster's; null: nothing says so.
  std::shared_ptr<const Zone> readers_zone(const Person* person) const;

  // ---- roles; persons are appended to `out`, nobody is appended twice
  // By the overrides and the rotation; empty when nobody is.
  void on_call(std::string_view role, Instant at, Persons& out) const;
  // The first of the fallback who is there.
  void fallback(std::string_view role, Instant at, Persons& out) const;
  void everybodys_last_resort(Instant at, Persons& out) const;
  // Of `persons` (who plays the role for the account) those who are there; else who is on call;
  // else the fallback; else nobody.
  void resolve(std::string_view role, const std::vector<std::string>& persons, Instant at,
               Persons& out) const;

  // The next instant after `at` at which the answer of on_call may change; kNever: none.
  Instant next_change(std::string_view role, Instant at) const;

  // The same with these overrides after those of the file.
  std::shared_ptr<const Roster> with(const std::vector<RosterOverride>& added) const;
};

// Whom a layer names at `at`, the one whose turn it is first, then the next of the rotation; empty
// where the layer is not in force.
void turn_of(const Rotation& layer, const Zone& zone, Instant at, Roster::Persons& out);

}  // namespace tocsin
