// `tocsin adapter …` and `tocsin import csv`.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tocsin {

// Adds the commands; each sets `status` when it has run.
void add_adapter_commands(CLI::App& app, CLI::App& imports, int& status);

}  // namespace tocsin
