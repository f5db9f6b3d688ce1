// What the configuration says under `notify`.
#pragma once

#include <string>
#include <vector>

#include "connectors/notify/channel.h"

namespace tocsin::notify {

struct Settings {
  std::string public_url;  // without `/` at its end; empty: messages hold no links of ours
  std::string
      secret;  // of acknowledge links; empty: made at the first start, in the data directory
  bool many_nodes =
      false;  // on Kafka: what browsers gave is in the log, Web Push's keys come of `secret`
  bool dry_run = false;
  std::string heartbeat;                 // URL
  Duration failing_after = minutes(10);  // without a delivery, though it was tried, a channel fails
  std::string templates;                 // directory
  std::vector<std::string> allow_hosts;
  std::vector<ChannelSettings> channels;

  bool on() const { return !channels.empty(); }
};

}  // namespace tocsin::notify
