// `tocsin log` and `tocsin rejected`: the log as JSON lines, while a node runs and when none does.
#pragma once

#include <string>

#include "app/config.h"

namespace tocsin {

struct LogCommand {
  bool rejected = false;
  std::string after;  // a position: what comes behind it; empty: from the beginning
  bool follow = false;
};

// Returns the process's exit status: 0; 1 when the log cannot be read; 2 for a bad position.
int run_log_command(const Config& config, const LogCommand& command);

}  // namespace tocsin
