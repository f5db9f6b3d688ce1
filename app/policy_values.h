// What a policy says of one thing, as a difference shows it: in English words, and as JSON in the
// policy's own language (`15m`, `2wd before`, `messaged from=staff`), for pages that have words of
// their own. Two values are the same when their words are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/policy/policy.h"

namespace tocsin {

struct PolicyValue {
  std::string words, json;
};

PolicyValue value_of(const std::string& text);
PolicyValue value_of(std::int64_t number);
PolicyValue value_of(bool yes);
PolicyValue share_value(double share);  // `95 %`; 0.95
PolicyValue duration_value(std::int64_t ms);
PolicyValue allowance_value(const Allowance& allowance);
PolicyValue warnings_value(const std::vector<Warning>& warnings);
// `opened, closed`; `nobody_word` stands for none at all.
PolicyValue list_value(const std::vector<std::string>& words, const std::string& none);
PolicyValue triggers_value(const KindSpec& kind, const std::vector<Trigger>& triggers);
PolicyValue verbs_value(const KindSpec& kind, VerbMask verbs);
// The hours that a calendar's code of this policy means.
PolicyValue hours_value(const Policy& policy, CalendarCode code);
// Whom a row tells: [{tier?, priority?, also?, steps: [{after?, hours?, tell}]}].
PolicyValue ladder_value(const Policy& policy, const LadderRow& row);
PolicyValue nobody_value();
// How long an acknowledgement holds.
PolicyValue ack_timeout_value(const Policy& policy, const LadderRow& row);

}  // namespace tocsin
