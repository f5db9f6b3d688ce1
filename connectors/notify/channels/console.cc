// Lines on standard output: for trying out.
#include "connectors/notify/channels/types.h"

namespace tocsin::notify {

namespace {

class Console final : public Channel {
 public:
  explicit Console(ChannelSettings settings) : Channel(std::move(settings)) {}

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    Outgoing out;
    out.by = Outgoing::By::kConsole;
    out.body = format_rfc3339(now) + " " + message.person + ": " + words.subject;
    if (!message.acknowledge_url.empty()) out.body += " " + message.acknowledge_url;
    return {std::move(out)};
  }
};

}  // namespace

std::unique_ptr<Channel> make_console(ChannelSettings settings) {
  return std::make_unique<Console>(std::move(settings));
}

}  // namespace tocsin::notify
