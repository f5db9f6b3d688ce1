// The tokens of acknowledge links: who may take which alarm until when, signed.
//
// A token is base64url(values).base64url(HMAC-SHA256 over them). It is good for 24 hours, holds no
// secret and is compared in constant time. One whose `person` is empty was sent to a channel that
// several people read: whoever uses it says who takes it.
//
// Threads: immutable; any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/notify/message.h"
#include "events/time.h"

namespace tocsin::notify {

struct AckClaim {
  std::string group, account, entity_kind, entity_id;
  int step = 0;
  std::string person;  // empty: not said
  std::string language = "en";
  Instant until;
};

class AckTokens {
 public:
  static constexpr Duration kGood = hours(24);
  static constexpr std::size_t kTokenMax = 8192;

  explicit AckTokens(std::string secret) : secret_(std::move(secret)) {}
  std::string make(const AckClaim& claim) const;
  // nullopt: not ours, damaged, or over.
  std::optional<AckClaim> read(std::string_view token, Instant now) const;

 private:
  std::string secret_;
};

}  // namespace tocsin::notify
