// A way to reach people: how a message becomes a request, and what the far end's answer means.
//
// A channel is pure: it makes requests and judges answers; transport.h moves bytes. Each kind stands
// in a file of its own (channels/<type>.cc) and is made by its type's name. Success is what the
// vendor calls so (docs/channels.md): several answer 200 with an error inside.
//
// Threads: immutable once made; any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/notify/message.h"
#include "connectors/notify/texts.h"
#include "events/time.h"

namespace tocsin::notify {

// A channel of the configuration. Secrets have been read already; nothing prints a value.
struct ChannelSettings {
  std::string name, type;
  std::map<std::string, std::string> values;  // `url`, `secret`, `headers.X-Key`, `success.path`
  const std::string& operator[](const std::string& key) const;
  std::string or_default(const std::string& key, const char* value) const;
};

// What transport sends: an HTTP request, a mail, or a line on standard output.
struct Outgoing {
  enum class By : std::uint8_t { kHttp, kMail, kConsole } by = By::kHttp;
  std::string method = "POST", url, body;
  std::vector<std::pair<std::string, std::string>> headers;
  // kMail; `url` is smtp://host:port or smtps://host:port
  std::string from, to, user, password;
  bool must_tls = false;
  bool public_only = false;  // no address inside a private network (of what users gave us)
};

struct Answer {
  int status = 0;         // HTTP's or SMTP's; 0: none came
  std::string error;      // transport's words where none came; no secret in them
  bool hopeless = false;  // of an error: trying again cannot help (an address that cannot be)
  std::string body;       // its beginning
  std::string retry_after;
};

struct Verdict {
  enum class Kind : std::uint8_t { kDelivered, kTryAgain, kNever } kind = Kind::kTryAgain;
  std::string error;  // short, no secret
  std::optional<Duration> retry_after;
  bool gone = false;     // a subscription that is no more (webpush)
  int attempts_max = 0;  // 0: as many as for any channel
};

// A token bucket: `burst` at once, then `per_minute`. 0: no limit.
struct Limit {
  double burst = 0, per_minute = 0;
};

class Channel {
 public:
  explicit Channel(ChannelSettings settings) : settings_(std::move(settings)) {}
  virtual ~Channel() = default;

  const std::string& name() const { return settings_.name; }
  const std::string& type() const { return settings_.type; }

  // Requests to send one after the other; the message is delivered when all are. Throws
  // std::runtime_error in words where it cannot be sent this way (no address).
  virtual std::vector<Outgoing> requests(const Message& message, const Words& words,
                                         Instant now) const = 0;
  virtual Verdict judge(const Answer& answer, Instant now) const;
  virtual Limit limit() const { return {}; }
  // Whether several people read it, so that a link in it names nobody.
  virtual bool shared() const { return false; }
  // Whether those it reached are told that it is over.
  virtual bool tells_all_clear() const { return true; }
  // Also who took it: what stands open there is to be closed.
  virtual bool tells_taker() const { return false; }

 protected:
  const ChannelSettings& settings() const { return settings_; }
  Outgoing post_json(const std::string& url, std::string body) const;

 private:
  ChannelSettings settings_;
};

// The types: smtp, webhook, …
const std::vector<std::string>& channel_types();
// Every mistake of the settings, in words that name the key; none: it can be made.
std::vector<std::string> check_channel(const ChannelSettings& settings);
std::unique_ptr<Channel> make_channel(ChannelSettings settings);

// HTTP's usual verdict: 2xx delivered; 408, 429 and 5xx and nothing: again; else never.
Verdict judge_http(const Answer& answer, Instant now);
// Seconds or an HTTP date; at most an hour.
std::optional<Duration> read_retry_after(const std::string& text, Instant now);
// For logs and errors: without query, user and last path segment.
std::string redacted(const std::string& url);
// At most `most` bytes, cut between characters, `…` at the end where something was cut.
std::string cut(std::string text, std::size_t most);

}  // namespace tocsin::notify
