// The board: one page with its script and style, compiled in, and the few questions that only it asks.
//
// The page's files are made by build.mjs and committed in dist/ (docs/board.md); the binary serves them with an
// ETag, the hashed ones for good, and compressed to whoever takes that. The page is the same at each of its
// addresses, so that a message can link to any of them.
//
// GET /v1/me says who asks. POST /v1/pair gives whoever is signed in a code (kPairingGood, one use,
// kept by this node alone); POST /v1/pair/claim gives the phone that brings it a token of its own.
//
// Threads: the routes are called from io threads and do not block.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "connectors/http/module_route.h"
#include "events/time.h"

namespace tocsin {

// A token for a person's phone, of the configured token of that name; empty: there is none.
using PhoneTokens = std::function<std::string(const std::string& name, const std::string& person)>;

std::vector<ModuleRoute> board_routes(PhoneTokens phone_tokens, std::function<Instant()> now);

}  // namespace tocsin
