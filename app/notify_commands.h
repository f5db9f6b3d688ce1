// `tocsin notify preview` and `tocsin notify test`: messages without a node.
#pragma once

#include <string>

#include "app/config.h"

namespace tocsin {

// Prints what the channel would send, without secrets. 2 where there is no such channel.
int command_notify_preview(const Config& config, const std::string& channel,
                           const std::string& language);

// Sends a test message to each of the person's channels and prints what came of it, a line each.
// 1 when one failed, 2 where the roster does not know the person.
int command_notify_test(const Config& config, const std::string& person);

}  // namespace tocsin
