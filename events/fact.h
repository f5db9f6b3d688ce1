// A fact: something that happened, told to us by a CRM or a person (contract: CloudEvents 1.0).
//
// A Fact is what the codec makes of a record that passed every check that needs no policy: all
// attributes are present and well formed and `time` is not in the future. It is immutable from here
// on.
#pragma once

#include <string>
#include <string_view>

#include "events/time.h"

namespace tocsin {

struct Fact {
  std::string account;   // partitionkey; never empty
  std::string subject;   // entity id; never empty
  std::string type;      // as received
  std::string kind;      // `ticket` of `tocsin.ticket.opened`; `event` for a type of another form
  std::string verb;      // `opened`; the whole type for a type of another form
  std::string source;    // CloudEvents source; never empty
  std::string id;        // CloudEvents id; never empty; unique per (account, source)
  std::string sequence;  // orders facts of one source with the same time, by bytes; empty = absent
  Instant time;          // event time: when it happened; never after `recorded`
  Instant recorded;      // arrival time: when we learned it
  Instant claimed;  // `time` as received: later than `time` only where that was cut to `recorded`
  std::string
      data;  // the JSON text of `data`, compact, names of its members unique; empty = absent
  std::string
      extensions;  // other attributes as they came, JSON members without braces; empty = none
};

// One attribute more, a text, which must not be there yet; nothing for an empty text.
void add_extension(Fact& fact, std::string_view name, std::string_view text);

}  // namespace tocsin
