// Web Push's cryptography: aes128gcm for one subscription (RFC 8188, 8291), VAPID (RFC 8292).
//
// Threads: pure but for random numbers. Throws std::runtime_error where a key is none.
#pragma once

#include <string>
#include <string_view>

#include "events/time.h"

namespace tocsin::notify {

// A P-256 key pair as bytes: the private number (32) and the public point (65, uncompressed).
struct PushKeys {
  std::string private_key, public_key;
};
PushKeys make_push_keys();
// The same for the same secret.
PushKeys push_keys_of(std::string_view secret);

// `plain` for who holds `their_public` (65 bytes) and `auth` (16), with our fresh `ours` and `salt`
// (16 bytes).
std::string seal_push(std::string_view plain, std::string_view their_public, std::string_view auth,
                      const PushKeys& ours, std::string_view salt);

// The value of `Authorization`: `vapid t=…, k=…`, good for twelve hours.
std::string vapid_authorization(const PushKeys& keys, const std::string& endpoint,
                                const std::string& subject, Instant now);

}  // namespace tocsin::notify
