// `tocsin run`: the whole product in one process.
#pragma once

#include "app/config.h"

namespace tocsin {

struct RunOptions {
  Config config;
  bool demo = false;  // a shipped story in fast motion, on a scratch directory
};

// Runs until SIGTERM or SIGINT, then drains. Returns the exit status: 0; 1 when it could not start.
int run(const RunOptions& options);

}  // namespace tocsin
