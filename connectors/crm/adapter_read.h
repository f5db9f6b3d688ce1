// Reading an adapter's file: from YAML text to the Adapter, or to every mistake in it with its
// line.
//
// Pure but for the zone, which is looked up through `zones`. Any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/crm/adapter.h"
#include "engine/policy/compile/parse.h"

namespace tocsin {

struct AdapterReading {
  std::shared_ptr<const Adapter> adapter;  // null when there is any mistake
  std::vector<PolicyError> mistakes;       // by line
  std::vector<PolicyError> warnings;       // right, but likely not what was meant
};

// `file` is what messages call it. Facts, priorities and words are those of `policy`.
AdapterReading read_adapter(const std::string& file, const std::string& text, const Policy& policy,
                            const ZoneSource& zones);

}  // namespace tocsin
