#include "engine/policy/compile/roster.h"

#include <algorithm>
#include <tuple>

#include "engine/policy/compile/reader.h"
#include "events/hash.h"

namespace tocsin {

namespace {

constexpr std::size_t kPeopleMax = 5'000;
constexpr std::size_t kRolesMax = 200;
constexpr std::size_t kLayersMax = 16;
constexpr std::size_t kSpansMax = 10'000;  // overrides, away, each
constexpr std::size_t kChannelsMax = 16;   // of a person
constexpr std::int64_t kWeeksMax = 104;

class RosterReader {
 public:
  RosterReader(PolicyReader& reader, const ZoneSource& zones) : reader_(reader), zones_(zones) {}

  std::shared_ptr<Roster> read(const Yaml& root) {
    reader_.map(
        root, "the roster",
        {"zone", "people", "roles", "overrides", "away", "last_resort", "on_call", "fallback"});
    if (auto zone = read_zone(root["zone"], "zone")) {
      roster_->zone = std::move(zone);
      roster_->names_zone = true;
    }
    read_people(root["people"]);
    read_roles(root["roles"]);
    read_short(root["on_call"], "on_call", &RosterRole::together);
    read_short(root["fallback"], "fallback", &RosterRole::fallback);
    for (const Yaml& one : spans(root["overrides"], "overrides")) read_override(one);
    read_away(root["away"]);
    roster_->last_resort = persons(root["last_resort"], "last_resort");
    return std::move(roster_);
  }

 private:
  std::shared_ptr<const Zone> read_zone(const Yaml& node, const std::string& where) {
    const std::string name = reader_.text(node, where);
    if (name.empty()) return nullptr;
    auto zone = zones_(name);
    if (const auto* why = std::get_if<std::string>(&zone)) {
      reader_.error(node, where + ": " + *why);
      return nullptr;
    }
    return std::make_shared<const Zone>(std::move(std::get<Zone>(zone)));
  }

  // ---- people
  void read_people(const Yaml& node) {
    if (node.kind == Yaml::Kind::kNull || !reader_.map(node, "people")) return;
    if (node.values.size() > kPeopleMax)
      return reader_.error(node, "people: more than " + std::to_string(kPeopleMax));
    for (const Yaml& member : node.values) read_person(member);
    for (const Yaml& member : node.values) {  // an id is stronger than another's alias
      const auto it = roster_->people.find(member.key);
      if (it == roster_->people.end()) continue;
      known_as(it->second.name, it->second, member.key_line);
      for (const std::string& alias : it->second.aliases)
        known_as(alias, it->second, member.key_line);
    }
  }

  void known_as(const std::string& word, const Person& person, int line) {
    if (word.empty()) return;
    const auto [it, added] = roster_->ids.emplace(word, person.id);
    if (!added && it->second != person.id) {
      reader_.error(line, "people " + person.id + ": `" + word + "` also means " + it->second +
                              "; a name or alias means one person");
    }
  }

  void read_person(const Yaml& member) {
    const std::string where = "people " + member.key;
    Person person;
    person.id = member.key;
    person.line = member.key_line;
    if (member.key.empty() || member.key.size() > 512)
      reader_.error(member.key_line, "people: an id has 1 to 512 bytes");
    if (member.kind != Yaml::Kind::kNull &&
        reader_.map(member, where, {"name", "aliases", "language", "zone", "channels", "low"})) {
      person.name = reader_.text(member["name"], where + " name");
      for (Word& word : reader_.list(member["aliases"], where + " aliases"))
        person.aliases.push_back(std::move(word.text));
      if (const Yaml& language = member["language"]; !language.absent()) {
        person.language = reader_.text(language, where + " language");
        if (person.language != "zh" && person.language != "en")
          reader_.wrong(language, where + " language", "zh or en");
      }
      person.zone = read_zone(member["zone"], where + " zone");
      read_channels(member["channels"], where + " channels", person);
      read_low(member["low"], where + " low", person);
    }
    roster_->ids.emplace(person.id, person.id);
    roster_->people.emplace(person.id, std::move(person));
  }

  void read_channels(const Yaml& node, const std::string& where, Person& person) {
    if (node.absent() || node.kind == Yaml::Kind::kNull) return;
    if (!node.is_list())
      return reader_.wrong(node, where, "a list, like [{via: mail, to: a@example.com}]");
    if (node.values.size() > kChannelsMax)
      return reader_.error(node, where + ": more than " + std::to_string(kChannelsMax));
    for (const Yaml& item : node.values) {
      PersonChannel channel;
      if (!item.is_map()) {
        channel.via = reader_.text(item, where);
      } else {
        reader_.map(item, where, {"via", "to", "mention", "after", "private"});
        channel.via = reader_.text(reader_.required(item, "via", where), where + " via");
        channel.to = reader_.text(item["to"], where + " to");
        channel.mention = reader_.text(item["mention"], where + " mention");
        channel.is_private = reader_.flag(item["private"], where + " private");
        if (const Yaml& after = item["after"]; !after.absent()) {
          const auto read = after.is_text() ? read_allowance(after.text) : std::nullopt;
          if (after.text == "0" || after.text == "0s") {
            channel.after = Duration{0};
          } else if (read && read->kind == Allowance::Kind::kOpenTime) {
            channel.after = Duration{read->amount};
          } else {
            reader_.wrong(after, where + " after", "a duration like 90s or 2m");
          }
        }
      }
      if (channel.via.empty()) continue;
      const bool twice =
          std::any_of(person.channels.begin(), person.channels.end(),
                      [&](const PersonChannel& other) { return other.via == channel.via; });
      if (twice) {
        reader_.error(item, where + ": `" + channel.via + "` is there twice");
      } else {
        person.channels.push_back(std::move(channel));
      }
    }
  }

  void read_low(const Yaml& node, const std::string& where, Person& person) {
    if (node.absent() || !reader_.map(node, where, {"digest"})) return;
    const Yaml& digest = reader_.required(node, "digest", where);
    if (digest.absent()) return;
    person.digest = digest.is_text() ? read_clock_time(digest.text) : std::nullopt;
    if (!person.digest || person.digest->ms >= kMsPerDay)
      reader_.wrong(digest, where + " digest", "a time of day like 09:00");
  }

  // Ids of persons. Whom `people` does not hold is a doubt, where there are people.
  std::vector<std::string> persons(const Yaml& node, const std::string& where) {
    std::vector<std::string> out;
    if (node.kind == Yaml::Kind::kNull) return out;
    for (const Word& word : reader_.list(node, where)) {
      std::string id = person(word, where);
      if (std::find(out.begin(), out.end(), id) != out.end()) {
        roster_->doubts.push_back({word.line, where + ": `" + word.text + "` is there twice"});
      } else {
        out.push_back(std::move(id));
      }
    }
    return out;
  }

  std::string person(const Word& word, const std::string& where) {
    if (!roster_->people.empty() && roster_->person(word.text) == nullptr) {
      std::vector<std::string> known;
      for (const auto& [id, one] : roster_->people) known.push_back(id);
      roster_->doubts.push_back({word.line, where + ": `" + word.text +
                                                "` is not among `people` (" +
                                                nearest_words(word.text, known) + ")"});
    }
    return std::string(roster_->id_of(word.text));
  }

  // ---- roles
  RosterRole& role(const std::string& name, int line) {
    RosterRole& role = roster_->roles[name];
    role.name = name;
    if (role.line == 0) role.line = line;
    return role;
  }

  void read_short(const Yaml& node, const std::string& key,
                  std::vector<std::string> RosterRole::*member) {
    if (node.kind == Yaml::Kind::kNull || !reader_.map(node, key)) return;
    for (const Yaml& of_role : node.values) {
      auto& list = role(of_role.key, of_role.key_line).*member;
      if (!list.empty())
        reader_.error(of_role.key_line, key + " " + of_role.key + ": `roles` has it already");
      list = persons(of_role, key + " " + of_role.key);
    }
  }

  void read_roles(const Yaml& node) {
    if (node.kind == Yaml::Kind::kNull || !reader_.map(node, "roles")) return;
    if (node.values.size() > kRolesMax)
      return reader_.error(node, "roles: more than " + std::to_string(kRolesMax));
    for (const Yaml& member : node.values) {
      const std::string where = "roles " + member.key;
      RosterRole& role = this->role(member.key, member.key_line);
      if (!reader_.map(member, where, {"rotation", "on_call", "fallback"})) continue;
      role.together = persons(member["on_call"], where + " on_call");
      role.fallback = persons(member["fallback"], where + " fallback");
      const Yaml& rotation = member["rotation"];
      if (rotation.is_list()) {
        if (rotation.values.size() > kLayersMax)
          reader_.error(rotation, where + ": more than " + std::to_string(kLayersMax) + " layers");
        for (const Yaml& layer : rotation.values) read_layer(layer, where + " rotation", role);
      } else if (!rotation.absent()) {
        read_layer(rotation, where + " rotation", role);
      }
    }
  }

  void read_layer(const Yaml& node, const std::string& where, RosterRole& role) {
    if (!reader_.map(node, where, {"people", "every", "hand_over", "from", "hours"})) return;
    Rotation layer;
    layer.line = node.line;
    layer.people = persons(reader_.required(node, "people", where), where + " people");
    if (layer.people.empty() && !node["people"].absent())
      reader_.error(node["people"], where + " people: the list is empty");
    read_every(node, where, layer);
    read_hand_over(node["hand_over"], where + " hand_over", layer);
    const Yaml& from = reader_.required(node, "from", where);
    const auto date = from.is_text() ? parse_date(from.text) : std::nullopt;
    if (date) {
      layer.from = *date;
    } else if (!from.absent()) {
      reader_.wrong(from, where + " from", "a date like 2026-03-02");
    }
    if (const Yaml& hours = node["hours"]; !hours.absent()) {
      if (hours.is_map()) {
        layer.hours = read_hours_of_week(reader_, hours, where);
      } else {  // a list: each day
        layer.hours.emplace().fill(read_intervals(reader_, hours, where + " hours"));
      }
    }
    role.layers.push_back(std::move(layer));
  }

  // day, week, 2 weeks …
  void read_every(const Yaml& node, const std::string& where, Rotation& layer) {
    const Yaml& every = node["every"];
    if (every.absent()) return;  // a week
    const std::string text = every.is_text() ? every.text : std::string();
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string unit = space < text.size() ? text.substr(space + 1) : text;
    const auto n = space < text.size()
                       ? whole_number(std::string_view(text).substr(0, space), kWeeksMax)
                       : std::optional<std::int64_t>(1);
    if (n && *n > 0 && (unit == "week" || unit == "weeks")) {
      layer.every_days = static_cast<int>(*n) * 7;
    } else if (n && *n == 1 && (unit == "day" || unit == "days")) {
      layer.every_days = 1;
    } else {
      reader_.wrong(every, where + " every",
                    "day, week or 2 weeks … " + std::to_string(kWeeksMax) + " weeks");
    }
  }

  // `Mon 09:00`, `09:00`, `Mon`.
  void read_hand_over(const Yaml& node, const std::string& where, Rotation& layer) {
    if (node.absent()) return;
    const std::string text = node.is_text() ? node.text : std::string();
    const std::size_t space = text.find(' ');
    std::string day = text.substr(0, space), time;
    if (space != std::string::npos) time = text.substr(space + 1);
    if (space == std::string::npos && day.find(':') != std::string::npos) std::swap(day, time);
    const int code = weekday_code(day.substr(0, 3));
    const auto at = time.empty() ? std::optional<Duration>(Duration{0}) : read_clock_time(time);
    if ((!day.empty() && code < 0) || !at || at->ms >= kMsPerDay || text.empty()) {
      reader_.wrong(
          node, where,
          std::string("like \"Mon 09:00\"") + (layer.every_days == 1 ? " or \"09:00\"" : ""));
    } else if (day.empty() && layer.every_days != 1) {
      reader_.error(node, where + ": a weekday is missing, like \"Mon " + time + "\"");
    } else if (!day.empty() && layer.every_days == 1) {
      reader_.error(node, where + ": each day has a hand-over; only a time, like \"09:00\"");
    } else {
      layer.hand_over_weekday = std::max(0, code);
      layer.hand_over_time = *at;
    }
  }

  // ---- overrides and away
  const std::vector<Yaml>& spans(const Yaml& node, const std::string& where) {
    static const std::vector<Yaml> none;
    if (node.absent() || node.kind == Yaml::Kind::kNull) return none;
    if (node.is_list() && node.values.size() <= kSpansMax) return node.values;
    if (node.is_list()) {
      reader_.error(node, where + ": more than " + std::to_string(kSpansMax));
    } else {
      reader_.wrong(node, where, "a list");
    }
    return none;
  }

  template <typename Span>
  void read_span(const Yaml& node, const std::string& where, Span& span) {
    const auto read = [&](const Yaml& at, const std::string& what, bool end, Instant& to) {
      if (at.absent()) return;
      const auto instant =
          at.is_text() ? roster_instant(at.text, *roster_->zone, end) : std::nullopt;
      if (instant) {
        to = *instant;
      } else {
        reader_.wrong(at, what, "a date like 2026-10-01 or an instant like 2026-10-01T09:00+08:00");
      }
    };
    const std::size_t before = reader_.errors().size();
    read(node["from"], where + " from", false, span.from);
    read(node["until"], where + " until", true, span.until);
    if (reader_.errors().size() == before && span.until <= span.from)
      reader_.error(node, where + ": `until` is not after `from`");
    const Yaml& person = reader_.required(node, "person", where);
    const std::string word = reader_.text(person, where + " person");
    if (!word.empty()) span.person = this->person({word, person.line}, where + " person");
  }

  void read_override(const Yaml& node) {
    if (!reader_.map(node, "overrides", {"role", "person", "from", "until"})) return;
    RosterOverride one;
    one.role = reader_.text(reader_.required(node, "role", "overrides"), "overrides role");
    reader_.required(node, "from", "overrides");
    reader_.required(node, "until", "overrides");
    read_span(node, "overrides", one);
    if (!one.role.empty()) role(one.role, node.line);
    roster_->overrides.push_back(std::move(one));
  }

  void read_away(const Yaml& node) {
    if (node.is_text()) {  // one name
      roster_->away.push_back({person({node.text, node.line}, "away"), kAlways, kNever});
      return;
    }
    for (const Yaml& item : spans(node, "away")) {
      RosterAway one;
      if (item.is_text()) {
        const std::string word = reader_.text(item, "away");
        if (word.empty()) continue;
        one.person = person({word, item.line}, "away");
      } else {
        if (!reader_.map(item, "away", {"person", "from", "until"})) continue;
        read_span(item, "away", one);
      }
      roster_->away.push_back(std::move(one));
    }
  }

  PolicyReader& reader_;
  const ZoneSource& zones_;
  std::shared_ptr<Roster> roster_ = std::make_shared<Roster>();
};

}  // namespace

std::optional<Instant> roster_instant(std::string_view text, const Zone& zone, bool end) {
  if (const auto date = parse_date(text)) return zone.start_of(end ? *date + 1 : *date);
  if (const auto at = parse_rfc3339(text)) return at;
  // Without seconds: `2026-03-07T09:00+08:00`.
  if (text.size() < 17) return std::nullopt;
  return parse_rfc3339(std::string(text.substr(0, 16)) + ":00" + std::string(text.substr(16)));
}

RosterReading read_roster(const std::string& file, const std::string& text,
                          const ZoneSource& zones) {
  std::vector<PolicyError> errors;
  std::vector<YamlFault> faults;
  PolicyReader reader(file, errors);
  const Yaml root = read_yaml(text, faults);
  for (const YamlFault& fault : faults) reader.error(fault.line, fault.reason);
  auto roster = std::make_shared<Roster>();
  if (root.is_map()) {
    roster = RosterReader(reader, zones).read(root);
  } else if (!root.absent() && root.kind != Yaml::Kind::kNull) {
    reader.error(root, "a roster is a map of keys, like `last_resort: [Wang Fang]`");
  }
  roster->hash = hex(hash128(text));
  std::stable_sort(errors.begin(), errors.end(),
                   [](const PolicyError& a, const PolicyError& b) { return a.line < b.line; });
  return {std::move(roster), std::move(errors)};
}

std::variant<std::shared_ptr<const Roster>, std::vector<PolicyError>> compile_roster(
    const std::string& file, const std::string& text, const ZoneSource& zones) {
  RosterReading read = read_roster(file, text, zones);
  if (read.errors.empty()) return std::move(read.roster);
  return std::move(read.errors);
}

}  // namespace tocsin
