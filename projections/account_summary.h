// What is known of an account beyond its entities: name, tier, team, contacts. Folded from its
// facts.
//
// Each piece is that of the last fact that says it, by (time, source, sequence, id), so the order
// in which facts are folded makes no difference.
//
// A value; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "events/log_record.h"
#include "events/time.h"

namespace tocsin {

// Which of two statements holds.
struct Stamp {
  Instant time{kAlways};
  std::string order;  // source NUL sequence NUL id
  friend auto operator<=>(const Stamp&, const Stamp&) = default;
};
Stamp stamp_of(const LogEvent& event);

struct AccountSummary {
  struct Holder {
    Stamp stamp;
    std::vector<std::string> persons;
  };
  Stamp tiered, named, closed;
  std::string tier, name;
  std::map<std::string, Holder> team;       // by role
  std::map<std::string, Instant> contacts;  // by kind of contact: the last

  // Tiered, and not closed since.
  bool is_key_account() const { return tiered.time != kAlways && closed < tiered; }
  bool plays(std::string_view person, std::string_view role) const;  // empty role: any

  // Takes in a fact `tocsin.account.<verb>`. True when something changed.
  bool fold(std::string_view verb, const LogEvent& event);
};

std::string encode(const AccountSummary& summary);
AccountSummary decode_account_summary(std::string_view bytes);

}  // namespace tocsin
