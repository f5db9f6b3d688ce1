// `tocsin send FILE --url URL`: posts a file of events to a node, batch by batch, until each is
// durable there.
//
// Lines are events, or {position, event} as `tocsin log` prints them (event_line.h). A batch that was
// not kept (503, 429, no connection) is sent again, as long as kPatience; a batch that came through
// although its answer was lost counts as duplicates when it is sent again.
//
// Threads: one.
#pragma once

#include <iosfwd>
#include <string>

namespace tocsin {

struct SendOptions {
  std::string url;    // `http://127.0.0.1:8080`; `/v1/events` is appended unless it stands there
  std::string token;  // empty: none
  bool progress = false;
};

// Refused lines go to `errors` as {line, reason}, the counts to `out`. 0; 1 where the node was not
// reached or refused a request; 3 where some events were rejected and the rest was taken.
int send_events(std::istream& events, std::ostream& out, std::ostream& errors,
                const SendOptions& options);

}  // namespace tocsin
