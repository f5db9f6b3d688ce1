#include "app/roster_calendar.h"

#include <algorithm>

#include "events/hash.h"

namespace tocsin {

namespace {

constexpr std::size_t kOctetsMax = 75;  // of a line

// `20260302T010000Z`.
std::string stamp_of(Instant at) {
  std::string out;
  for (const char c : format_rfc3339(at).substr(0, 19)) {
    if (c != '-' && c != ':') out += c;
  }
  return out + "Z";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == ';' || c == ',') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

// Folded between characters.
void add_line(std::string& out, const std::string& line) {
  std::size_t at = 0, room = kOctetsMax;
  while (line.size() - at > room) {
    std::size_t end = at + room;
    while (end > at + 1 && (static_cast<unsigned char>(line[end]) & 0xc0U) == 0x80U) --end;
    out += line.substr(at, end - at) + "\r\n ";
    at = end;
    room = kOctetsMax - 1;
  }
  out += line.substr(at) + "\r\n";
}

}  // namespace

std::vector<OnCallStretch> on_call_stretches(const Roster& roster,
                                             const std::vector<std::string>& roles,
                                             const std::string& person, Instant from,
                                             Instant until) {
  std::vector<OnCallStretch> out;
  const std::string_view wanted = person.empty() ? person : roster.id_of(person);
  for (const std::string& role : roles) {
    for (Instant at = from; at < until && out.size() < kStretchesMax;) {
      const Instant next = std::min(until, roster.next_change(role, at));
      Roster::Persons persons;
      roster.on_call(role, at, persons);
      const bool theirs =
          wanted.empty() || std::find(persons.begin(), persons.end(), wanted) != persons.end();
      if (!persons.empty() && theirs) {
        const std::vector<std::string> names(persons.begin(), persons.end());
        const bool goes_on = !out.empty() && out.back().role == role && out.back().until == at &&
                             out.back().persons == names;
        if (goes_on) {
          out.back().until = next;
        } else {
          out.push_back({role, names, at, next});
        }
      }
      at = next;
    }
  }
  return out;
}

std::string oncall_calendar(const std::vector<OnCallStretch>& stretches, const Roster& roster,
                            Instant now) {
  std::string out;
  for (const char* const line : {"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tocsin//On-call//EN",
                                 "CALSCALE:GREGORIAN", "X-WR-CALNAME:On-call"})
    add_line(out, line);
  for (const OnCallStretch& one : stretches) {
    std::string names, key = one.role + '\n' + std::to_string(one.from.ms);
    for (const std::string& id : one.persons) {
      const Person* person = roster.person(id);
      names += (names.empty() ? "" : ", ") +
               (person != nullptr && !person->name.empty() ? person->name : id);
      key += '\n' + id;
    }
    add_line(out, "BEGIN:VEVENT");
    add_line(out, "UID:" + hex(hash128(key)) + "@tocsin");
    add_line(out, "DTSTAMP:" + stamp_of(now));
    add_line(out, "DTSTART:" + stamp_of(one.from));
    add_line(out, "DTEND:" + stamp_of(one.until));
    add_line(out, "SUMMARY:" + escaped(one.role + ": " + names));
    add_line(out, "TRANSP:TRANSPARENT");
    add_line(out, "END:VEVENT");
  }
  add_line(out, "END:VCALENDAR");
  return out;
}

}  // namespace tocsin
