// Reading a fact's data as its policy describes it: the fields that decisions need, or what is bad.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/policy/policy.h"
#include "events/fact.h"

namespace tocsin {

struct ReadData {
  std::string bad;                      // `bad_data:priority`, or empty
  std::string detail;                   // of `bad`, for people: what was met, what is allowed
  EntityFact fact;                      // everything but words and stamps
  std::string text, more, title, link;  // its words
  std::vector<std::string> persons;     // of a `persons` field
};

// Reads `fact.data` by the verb's fields, in their order; the first bad one is the reason. A date
// is the end of that day in the policy's working calendar. A due outside 1970 to 2099 is bad.
// Requires data as the codec leaves it: compact, right JSON.
// Pure.
void read_data(const Policy& policy, const VerbSpec& verb, const Fact& fact, ReadData& out);

}  // namespace tocsin
