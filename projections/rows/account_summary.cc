#include "projections/rows/account_summary.h"

#include <algorithm>

#include "events/bytes.h"

namespace tocsin {

bool AccountSummary::plays(std::string_view person, std::string_view role) const {
  return std::any_of(team.begin(), team.end(), [&](const auto& entry) {
    const auto& [of, persons] = entry;
    return (role.empty() || of == role) &&
           std::find(persons.begin(), persons.end(), person) != persons.end();
  });
}

bool AccountSummary::has_role(std::string_view role) const {
  return std::any_of(team.begin(), team.end(), [&](const auto& entry) {
    return entry.first == role && !entry.second.empty();
  });
}

std::string encode(const AccountSummary& s) {
  std::string out;
  put_text(out, s.name);
  put_text(out, s.tier);
  put_unsigned(out, s.team.size());
  for (const auto& [role, persons] : s.team) {
    put_text(out, role);
    put_unsigned(out, persons.size());
    for (const std::string& p : persons) put_text(out, p);
  }
  return out;
}

AccountSummary decode_account_summary(std::string_view bytes) {
  ByteReader in(bytes);
  AccountSummary s;
  s.name = in.text();
  s.tier = in.text();
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    std::vector<std::string>& persons = s.team[in.text()];
    for (std::uint64_t m = in.unsigned_int(); m > 0; --m) persons.push_back(in.text());
  }
  return s;
}

}  // namespace tocsin
