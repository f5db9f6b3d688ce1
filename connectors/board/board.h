// The board: one page with its script and style, compiled in, and the few questions that only it asks.
//
// The page's files are made by build.mjs and committed in dist/ (docs/board.md); the binary serves them with an
// ETag, the hashed ones for good, and compressed to whoever takes that. The page is the same at each of its
// addresses, so that a message can link to any of them.
//
// Threads: the routes are called from io threads and do not block.
#pragma once

#include <vector>

#include "connectors/http/module_route.h"

namespace tocsin {

std::vector<ModuleRoute> board_routes();

}  // namespace tocsin
