#include "projections/account_summary.h"

#include <simdjson.h>

#include <algorithm>

#include "events/bytes.h"

namespace tocsin {
namespace {

void put_stamp(std::string& out, const Stamp& stamp) {
  put_signed(out, stamp.time.ms);
  put_text(out, stamp.order);
}

Stamp take_stamp(ByteReader& in) {
  Stamp stamp;
  stamp.time = in.instant();
  stamp.order = in.text();
  return stamp;
}

std::string text_of(const simdjson::dom::element& data, std::string_view member) {
  std::string_view text;
  if (data[member].get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

std::vector<std::string> persons_of(const simdjson::dom::element& data) {
  std::vector<std::string> persons;
  simdjson::dom::array list;
  if (data["person"].get(list) == simdjson::SUCCESS) {
    for (const auto element : list) {
      std::string_view person;
      if (element.get(person) == simdjson::SUCCESS) persons.emplace_back(person);
    }
  } else if (std::string person = text_of(data, "person"); !person.empty()) {
    persons.push_back(std::move(person));
  }
  return persons;
}

}  // namespace

Stamp stamp_of(const LogEvent& event) {
  Stamp stamp{event.time, {}};
  stamp.order.reserve(event.source.size() + event.sequence.size() + event.id.size() + 2);
  stamp.order.append(event.source).push_back('\0');
  stamp.order.append(event.sequence).push_back('\0');
  stamp.order.append(event.id);
  return stamp;
}

bool AccountSummary::plays(std::string_view person, std::string_view role) const {
  return std::any_of(team.begin(), team.end(), [&](const auto& entry) {
    const auto& persons = entry.second.persons;
    return (role.empty() || entry.first == role) &&
           std::find(persons.begin(), persons.end(), person) != persons.end();
  });
}

bool AccountSummary::fold(std::string_view verb, const LogEvent& event) {
  const Stamp stamp = stamp_of(event);
  if (verb == "closed") {
    if (stamp <= closed) return false;
    closed = stamp;
    return true;
  }
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element data;
  if (parser.parse(event.data.data(), event.data.size()).get(data) != simdjson::SUCCESS) {
    return false;
  }
  if (verb == "tiered") {
    bool changed = false;
    if (stamp > tiered) {
      tiered = stamp;
      tier = text_of(data, "tier");
      changed = true;
    }
    if (std::string given = text_of(data, "name"); !given.empty() && stamp > named) {
      named = stamp;
      name = std::move(given);
      changed = true;
    }
    return changed;
  }
  if (verb == "assigned") {
    Holder& holder = team[text_of(data, "role")];
    if (stamp <= holder.stamp) return false;
    holder = {stamp, persons_of(data)};
    return true;
  }
  if (verb == "contacted") {
    const auto [entry, fresh] = contacts.try_emplace(text_of(data, "kind"), event.time);
    if (!fresh && event.time <= entry->second) return false;
    entry->second = event.time;
    return true;
  }
  return false;
}

std::string encode(const AccountSummary& s) {
  std::string out;
  put_stamp(out, s.tiered);
  put_stamp(out, s.named);
  put_stamp(out, s.closed);
  put_text(out, s.tier);
  put_text(out, s.name);
  put_unsigned(out, s.team.size());
  for (const auto& [role, holder] : s.team) {
    put_text(out, role);
    put_stamp(out, holder.stamp);
    put_unsigned(out, holder.persons.size());
    for (const std::string& p : holder.persons) put_text(out, p);
  }
  put_unsigned(out, s.contacts.size());
  for (const auto& [kind, time] : s.contacts) {
    put_text(out, kind);
    put_signed(out, time.ms);
  }
  return out;
}

AccountSummary decode_account_summary(std::string_view bytes) {
  ByteReader in(bytes);
  AccountSummary s;
  s.tiered = take_stamp(in);
  s.named = take_stamp(in);
  s.closed = take_stamp(in);
  s.tier = in.text();
  s.name = in.text();
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    AccountSummary::Holder& holder = s.team[in.text()];
    holder.stamp = take_stamp(in);
    for (std::uint64_t m = in.unsigned_int(); m > 0; --m) holder.persons.push_back(in.text());
  }
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    std::string kind = in.text();
    s.contacts[std::move(kind)] = in.instant();
  }
  return s;
}

}  // namespace tocsin
