// Who is there: people who are away, and who stands in for a role.
//
// A roster takes force by a record in the log, like a policy. Immutable; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

struct Roster {
  std::map<std::string, std::vector<std::string>> on_call;   // by role, when the account has nobody
  std::map<std::string, std::vector<std::string>> fallback;  // by role, when nobody is on call
  std::set<std::string> away;

  // Those of `persons` who are there; else who is on call for the role and there; else the
  // fallback, there or not; else nobody. Appended to `out`, as views of
  // the roster and of `persons`.
  void resolve(const std::string& role, const std::vector<std::string>& persons,
               std::vector<std::string_view>& out) const {
    const std::size_t before = out.size();
    const auto take = [&](const std::vector<std::string>& from) {
      for (const std::string& person : from) {
        if (away.count(person) == 0) out.push_back(person);
      }
      return out.size() > before;
    };
    if (take(persons)) return;
    const auto called = on_call.find(role);
    if (called != on_call.end() && take(called->second)) return;
    const auto last = fallback.find(role);
    if (last != fallback.end()) out.insert(out.end(), last->second.begin(), last->second.end());
  }
};

}  // namespace tocsin
