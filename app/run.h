// `tocsin run`: the whole product in one process.
#pragma once

#include <functional>

#include "app/config.h"

namespace tocsin {

struct RunOptions {
  Config config;
  // The config as its sources say now, for SIGHUP; may throw. Empty: there are none.
  std::function<Config()> read_config;
  bool demo = false;         // a shipped story in fast motion, on a scratch directory
  bool accept_loss = false;  // go on with a log that has lost what was acknowledged
};

// Runs until SIGTERM or SIGINT, then drains. SIGHUP reads the roster, tokens and TLS files
// anew and ends nothing. Returns the exit status: 0; 1 when it could not start.
int run(RunOptions options);

}  // namespace tocsin
