// What a sender of events is told: the answers of contract §8, from the outcomes of its events.
//
//   one event   202 {"accepted":1,"duplicates":0,"rejected":[]}, with "conflicts":[0] where it is
//               one;
//               400 (413 too_large, 403 forbidden) problem+json with reason and field, and the same
//               members
//   a batch     202
//               {"accepted":2,"duplicates":1,"rejected":[{"index":1,"reason":"…"}],"conflicts":[]};
//               400 with the same members when every event was rejected
//
// Events that were accepted and have no effect stand in `ignored`, where there are some:
// [{"index":1,"type":"tocsin.ticket.open","did_you_mean":"tocsin.ticket.opened"}].
//
// A conflict counts as a duplicate too: it is dropped. `duplicates` is null where the node cannot
// know.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/message.h"
#include "connectors/http/ports.h"

namespace tocsin {

struct IgnoredEvent {
  std::size_t index = 0;
  std::string type;
  std::string meant;  // the nearest type that the policy knows; empty: none is near
};

// What an answer needs of the events that were sent.
struct AnswerNeeds {
  bool batch = false;
  std::string_view malformed;         // what the codec said of the first event; empty: nothing
  std::vector<IgnoredEvent> unknown;  // by index; shown are those that were accepted
};

HttpResponse events_answer(const AnswerNeeds& needs, const SubmitResult& result,
                           bool knows_duplicates);

}  // namespace tocsin
