// What a sender of events is told: the answers of contract §8, from the outcomes of its events.
//
//   one event   202 {"accepted":1,"duplicates":0,"rejected":[]}, with "conflicts":[0] where it is
//   one;
//               400 (413 too_large) problem+json with reason and field, and the same members
//   a batch     202
//   {"accepted":2,"duplicates":1,"rejected":[{"index":1,"reason":"…"}],"conflicts":[]};
//               400 with the same members when every event was rejected
//
// A conflict counts as a duplicate too: it is dropped. `duplicates` is null where the node cannot
// know. `details`: what the codec
// said of each event, where it is malformed; empty when none is.
//
// Threads: pure.
#pragma once

#include <span>
#include <string_view>

#include "connectors/http/message.h"
#include "connectors/http/ports.h"

namespace tocsin {

HttpResponse events_answer(std::span<const std::string_view> details, const SubmitResult& result,
                           bool batch, bool knows_duplicates);

}  // namespace tocsin
