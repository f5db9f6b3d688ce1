// A policy's text that stands alone: its calendars written out in it.
//
// Pure; any thread.
#pragma once

#include "engine/policy/compile/parse.h"

namespace tocsin {

// The same policy with the content of each file that it names under `calendars:` in the place of
// the file's name. A name whose file is not there stays, so that the compiler says so.
PolicyText written_out(const PolicyText& text);

}  // namespace tocsin
