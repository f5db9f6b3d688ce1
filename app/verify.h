// `tocsin verify` and `tocsin rebuild`: the store against the log that it was made from.
#pragma once

#include "app/config.h"

namespace tocsin {

// Makes the store anew from the log in a scratch directory. `replace`: puts it in the place of the
// present one; else compares the two, family by family. 0: the same, or replaced; 1: different, or
// it could not be done (a node is running). On Kafka the log is read from the
// topic, up to where the present store stands.
int run_verify(const Config& config, bool replace);

}  // namespace tocsin
