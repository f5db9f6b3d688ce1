// Whether a request is from who it says: `verify` of adapters, over the raw bytes.
//
// Secrets are compared in constant time and stand in no message. Every scheme takes a list of
// secrets, any of which may fit, so that they can be changed one side at a time.
//
// Pure but for the secrets' files and variables, which are read once. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/crm/adapter.h"
#include "connectors/http/message.h"
#include "events/time.h"

namespace tocsin {

// One secret; which members are used depends on the scheme.
struct AdapterSecret {
  std::string value;                                  // hmac, token, basic
  std::string token, aes_key, receiver, encrypt_key;  // wecom, dingtalk; feishu
};

struct SignedRequest {
  std::string_view method;
  std::string_view uri;  // the public address that the sender called, with its query
  std::string_view body;
  const HttpFields& headers;
  const HttpFields& query;
};

inline constexpr std::string_view kMissingSignature = "missing_signature";
inline constexpr std::string_view kBadSignature = "bad_signature";
inline constexpr std::string_view kBadTimestamp = "bad_timestamp";
inline constexpr std::string_view kStale = "stale";

// Of the schemes none, hmac, token and basic: empty, or why it is refused.
std::string_view check_signature(const VerifyRule& rule, const std::vector<AdapterSecret>& secrets,
                                 const SignedRequest& request, Instant now);

// The first header of that name in any case; null when there is none.
const std::string* find_header(const HttpFields& headers, std::string_view name);
const std::string* find_query(const HttpFields& query, std::string_view name);

// In a time that does not depend on where they differ.
bool equal_secretly(std::string_view a, std::string_view b);

std::string hmac(const std::string& algorithm, std::string_view key, std::string_view message);
std::string to_hex_text(std::string_view bytes);
std::string to_base64(std::string_view bytes);
// Strict; empty where it is none.
std::string from_base64(std::string_view text);

}  // namespace tocsin
