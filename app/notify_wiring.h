// The notifier of a node: its ports made of the node's.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "app/journal.h"
#include "app/node.h"
#include "connectors/http/module_route.h"
#include "connectors/notify/notifier.h"

namespace tocsin {

// Null where no channel is configured. Everything given must outlive it.
std::unique_ptr<notify::Notifier> make_notifier(const Config& config, const std::string& data,
                                                Node& node, Journal& journal);

// What answers in place of the notifier's list where none is configured: that, and why.
ModuleRoute no_deliveries_route();

}  // namespace tocsin
