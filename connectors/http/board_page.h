// The board: one page for people, without anything from elsewhere (board.html). It holds no data;
// its script asks the API with the token that the reader gives it.
#pragma once

#include "connectors/http/message.h"

namespace tocsin {

// With a Content-Security-Policy under which only the page's own script and style run.
const HttpResponse& board_page();

}  // namespace tocsin
