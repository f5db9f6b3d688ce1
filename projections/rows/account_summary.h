// What is known of an account beyond its entities: its name, tier and team, as the engine has them.
//
// A value; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

struct AccountSummary {
  std::string name, tier;                                // empty: unknown, none
  std::map<std::string, std::vector<std::string>> team;  // persons by role

  bool plays(std::string_view person, std::string_view role) const;  // empty role: any
  bool has_role(std::string_view role) const;                        // somebody plays it
};

std::string encode(const AccountSummary& summary);
AccountSummary decode_account_summary(std::string_view bytes);

}  // namespace tocsin
