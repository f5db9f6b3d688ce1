// The token of a paired phone: made from a configured token, kept nowhere.
//
//   tocsin-phone.<name>.<person>.<issued, ms>.<MAC>      (name, person and MAC in base64url)
//
// The MAC is HMAC-SHA256 over what stands before it, keyed by the hash of the pairing token: the
// phone's token is void as soon as that token is another, has expired or is not there any more, and
// every node with the same configuration knows it. Good for kPhoneTokenGood.
//
// Threads: pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "events/time.h"

namespace tocsin {

struct AccessToken;

inline constexpr Duration kPhoneTokenGood = days(90);

struct PhoneToken {
  std::string name;    // of the pairing token
  std::string person;  // whom the phone stands for
  Instant issued;
};

std::string write_phone_token(const AccessToken& pairing, const PhoneToken& token);

// What a token says of itself, which is not proven by it; nullopt: it is no phone's.
std::optional<PhoneToken> read_phone_token(std::string_view text);
// Whether it was made from `pairing` and is good at `now`. In constant time for a MAC that is wrong.
bool is_good_phone_token(std::string_view text, const AccessToken& pairing, Instant now);

}  // namespace tocsin
