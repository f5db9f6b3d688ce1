#include "engine/policy/roster.h"

#include <algorithm>

namespace tocsin {

namespace {

void add(std::string_view person, Roster::Persons& out) {
  if (std::find(out.begin(), out.end(), person) == out.end()) out.push_back(person);
}

// The hand-over that the local date `date` belongs to: the last whose date is not after it.
LocalDate anchor(const Rotation& layer, LocalDate date) {
  if (layer.every_days == 1) return date;
  return date - (weekday(date) - layer.hand_over_weekday + 7) % 7;
}

Instant hand_over(const Rotation& layer, const Zone& zone, std::int64_t turn) {
  const LocalDate first = anchor(layer, layer.from);
  const auto day = static_cast<std::int32_t>(turn * layer.every_days);
  return zone.to_utc(local_time(first + day, layer.hand_over_time), Edge::kOpening);
}

// The number of the turn at `at`, which is not before `from`.
std::int64_t turn_at(const Rotation& layer, const Zone& zone, Instant at) {
  const LocalDate first = anchor(layer, layer.from);
  const std::int64_t days = zone.local_date(at).day - first.day;
  std::int64_t turn = std::max<std::int64_t>(0, days / layer.every_days - 1);
  while (hand_over(layer, zone, turn + 1) <= at) ++turn;  // at most thrice
  return turn;
}

// The next edge of an interval of the week after `at`.
Instant next_edge(const Rotation::Week& week, const Zone& zone, Instant at) {
  Instant next = kNever;
  const LocalDate date = zone.local_date(at);
  for (std::int32_t d = -1; d <= 7; ++d) {
    for (const LocalInterval& hours : week[static_cast<std::size_t>(weekday(date + d))]) {
      for (const Instant edge : {zone.to_utc(local_time(date + d, hours.open), Edge::kOpening),
                                 zone.to_utc(local_time(date + d, hours.close), Edge::kClosing)}) {
        if (edge > at) next = std::min(next, edge);
      }
    }
  }
  return next;
}

bool open_at(const Rotation::Week& week, const Zone& zone, Instant at) {
  const LocalDate date = zone.local_date(at);
  for (std::int32_t d = -1; d <= 1; ++d) {
    for (const LocalInterval& hours : week[static_cast<std::size_t>(weekday(date + d))]) {
      if (zone.to_utc(local_time(date + d, hours.open), Edge::kOpening) <= at &&
          at < zone.to_utc(local_time(date + d, hours.close), Edge::kClosing)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void turn_of(const Rotation& layer, const Zone& zone, Instant at, Roster::Persons& out) {
  if (layer.people.empty() || at < zone.start_of(layer.from)) return;
  if (layer.hours && !open_at(*layer.hours, zone, at)) return;
  const auto size = static_cast<std::int64_t>(layer.people.size());
  const std::int64_t turn = turn_at(layer, zone, at);
  for (std::int64_t i = 0; i < size; ++i) {
    add(layer.people[static_cast<std::size_t>((turn + i) % size)], out);
  }
}

std::string_view Roster::id_of(std::string_view word) const {
  const auto it = ids.find(word);
  return it == ids.end() ? word : std::string_view(it->second);
}

const Person* Roster::person(std::string_view word) const {
  const auto it = people.find(id_of(word));
  return it == people.end() ? nullptr : &it->second;
}

std::vector<std::string> Roster::words_for(std::string_view word) const {
  std::vector<std::string> words{std::string(word)};
  const Person* known = person(word);
  if (known == nullptr) return words;
  const auto add = [&](const std::string& other) {
    if (!other.empty() && std::find(words.begin(), words.end(), other) == words.end())
      words.push_back(other);
  };
  add(known->id);
  add(known->name);
  for (const std::string& alias : known->aliases) add(alias);
  return words;
}

bool Roster::is_away(std::string_view word, Instant at) const {
  const std::string_view id = id_of(word);
  return std::any_of(away.begin(), away.end(), [&](const RosterAway& one) {
    return one.person == id && one.from <= at && at < one.until;
  });
}

std::shared_ptr<const Zone> Roster::readers_zone(const Person* person) const {
  if (person != nullptr && person->zone) return person->zone;
  return names_zone ? zone : nullptr;
}

void Roster::on_call(std::string_view role, Instant at, Persons& out) const {
  for (auto it = overrides.rbegin(); it != overrides.rend(); ++it) {
    if (it->role != role || at < it->from || at >= it->until || is_away(it->person, at)) continue;
    return add(it->person, out);
  }
  const auto known = roles.find(role);
  if (known == roles.end()) return;
  const std::vector<Rotation>& layers = known->second.layers;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    Persons turn;
    turn_of(*layer, *zone, at, turn);
    for (const std::string_view person : turn) {
      if (!is_away(person, at)) return add(person, out);
    }
  }
  for (const std::string& person : known->second.together) {
    if (!is_away(person, at)) add(person, out);
  }
}

void Roster::fallback(std::string_view role, Instant at, Persons& out) const {
  const auto known = roles.find(role);
  if (known == roles.end()) return;
  for (const std::string& person : known->second.fallback) {
    if (!is_away(person, at)) return add(person, out);
  }
}

void Roster::everybodys_last_resort(Instant at, Persons& out) const {
  const bool all = std::all_of(last_resort.begin(), last_resort.end(),
                               [&](const std::string& person) { return is_away(person, at); });
  for (const std::string& person : last_resort) {
    if (all || !is_away(person, at)) add(person, out);
  }
}

void Roster::resolve(std::string_view role, const std::vector<std::string>& persons, Instant at,
                     Persons& out) const {
  Persons found;
  for (const std::string& person : persons) {
    if (!is_away(person, at)) add(id_of(person), found);
  }
  if (found.empty()) on_call(role, at, found);
  if (found.empty()) fallback(role, at, found);
  for (const std::string_view person : found) add(person, out);
}

Instant Roster::next_change(std::string_view role, Instant at) const {
  Instant next = kNever;
  const auto candidate = [&](Instant t) {
    if (t > at) next = std::min(next, t);
  };
  for (const RosterAway& one : away) {
    candidate(one.from);
    candidate(one.until);
  }
  for (const RosterOverride& one : overrides) {
    if (one.role != role) continue;
    candidate(one.from);
    candidate(one.until);
  }
  const auto known = roles.find(role);
  if (known == roles.end()) return next;
  for (const Rotation& layer : known->second.layers) {
    const Instant begin = zone->start_of(layer.from);
    candidate(begin);
    const Instant from = std::max(at, begin);
    candidate(hand_over(layer, *zone, turn_at(layer, *zone, from) + 1));
    if (layer.hours) candidate(next_edge(*layer.hours, *zone, from));
  }
  return next;
}

std::shared_ptr<const Roster> Roster::with(const std::vector<RosterOverride>& added) const {
  auto roster = std::make_shared<Roster>(*this);
  for (RosterOverride one : added) {
    one.person = id_of(one.person);
    roster->overrides.push_back(std::move(one));
  }
  return roster;
}

}  // namespace tocsin
