// Who sent a record that the HTTP door wrote into intake: the name of its token, for `tocsinby`.
//
// Anybody who may write the topic could write a header, so the name stands with a proof: an HMAC over
// name and value under the SHA-256 of the name's token, which nodes know by their configuration and
// others do not. A record whose proof does not fit counts as one without a name.
//
// Example: tocsin-by: crm, tocsin-by-proof: 5f2c… (64 hex digits).
//
// Threads: any. Cost: an HMAC-SHA256 over the value, about 1 µs.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "connectors/kafka/record.h"
#include "events/mutex.h"

namespace tocsin {

inline constexpr std::string_view kSenderHeader = "tocsin-by";
inline constexpr std::string_view kSenderProofHeader = "tocsin-by-proof";

class SenderMarks {
 public:
  // By name the 32 bytes of its token's hash.
  using Keys = std::map<std::string, std::string>;

  void replace(Keys keys);

  // Appends both headers; nothing for a name that is not known.
  void mark(const std::string& name, std::string_view value, Headers& headers) const;
  // The name whose proof fits, or empty.
  std::string sender_of(const IntakeRecord& record) const;

 private:
  std::string proof(const std::string& name, std::string_view value) const;  // empty: not known

  mutable Mutex mutex_;
  Keys keys_ GUARDED_BY(mutex_);
};

}  // namespace tocsin
