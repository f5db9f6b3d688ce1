#include "connectors/crm/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "connectors/crm/lenient_time.h"

namespace tocsin {
namespace {

std::string lower_hex(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
  }
  return text;
}

// What the sender signed; false when a header of it is missing.
bool signed_text(const VerifyRule& rule, const SignedRequest& request, std::string& out) {
  using Kind = VerifyRule::Part::Kind;
  for (const VerifyRule::Part& part : rule.over) {
    switch (part.kind) {
      case Kind::kBody:
        out += request.body;
        break;
      case Kind::kMethod:
        out += request.method;
        break;
      case Kind::kUri:
        out += request.uri;
        break;
      case Kind::kText:
        out += part.text;
        break;
      case Kind::kHeader: {
        const std::string* header = find_header(request.headers, part.text);
        if (header == nullptr) return false;
        out += *header;
        break;
      }
    }
  }
  return true;
}

std::string_view check_hmac(const VerifyRule& rule, const std::vector<AdapterSecret>& secrets,
                            const SignedRequest& request, Instant now) {
  const std::string* given = find_header(request.headers, rule.header);
  std::string text;
  if (given == nullptr || !signed_text(rule, request, text)) return kMissingSignature;
  Instant at;
  if (!rule.timestamp_header.empty()) {
    const std::string* timestamp = find_header(request.headers, rule.timestamp_header);
    if (timestamp == nullptr) return kMissingSignature;
    const LenientTime read = read_lenient_time(*timestamp, nullptr, false);
    if (read.outcome != LenientTime::Outcome::kRead) return kBadTimestamp;
    at = read.time;
  }
  if (!given->starts_with(rule.prefix)) return kBadSignature;
  const std::string signature = given->substr(rule.prefix.size());
  bool good = false;
  for (const AdapterSecret& secret : secrets) {
    const std::string expected = hmac(rule.algorithm, secret.value, text);
    good |= rule.base64 ? equal_secretly(to_base64(expected), signature)
                        : equal_secretly(to_hex_text(expected), lower_hex(signature));
  }
  if (!good) return kBadSignature;
  if (!rule.timestamp_header.empty() && now - at > rule.window) return kStale;
  return {};
}

std::string_view check_token(const VerifyRule& rule, const std::vector<AdapterSecret>& secrets,
                             const SignedRequest& request) {
  const std::string* given = rule.query.empty() ? find_header(request.headers, rule.header)
                                                : find_query(request.query, rule.query);
  if (given == nullptr) return kMissingSignature;
  if (!given->starts_with(rule.prefix)) return kBadSignature;
  const std::string_view token = std::string_view(*given).substr(rule.prefix.size());
  bool good = false;
  for (const AdapterSecret& secret : secrets)
    good |= !secret.value.empty() && equal_secretly(secret.value, token);
  return good ? std::string_view() : kBadSignature;
}

std::string_view check_basic(const std::vector<AdapterSecret>& secrets,
                             const SignedRequest& request) {
  constexpr std::string_view kBasic = "basic ";
  const std::string* given = find_header(request.headers, "authorization");
  if (given == nullptr) return kMissingSignature;
  if (given->size() < kBasic.size() ||
      !equal_ignoring_case(std::string_view(*given).substr(0, kBasic.size()), kBasic))
    return kBadSignature;
  std::string_view credentials = std::string_view(*given).substr(kBasic.size());
  while (credentials.starts_with(' ')) credentials.remove_prefix(1);
  const std::string user_and_password = from_base64(credentials);
  bool good = false;
  for (const AdapterSecret& secret : secrets)
    good |= !secret.value.empty() && equal_secretly(secret.value, user_and_password);
  return good ? std::string_view() : kBadSignature;
}

const EVP_MD* digest_of(const std::string& algorithm) {
  return algorithm == "sha1" ? EVP_sha1() : algorithm == "sha512" ? EVP_sha512() : EVP_sha256();
}

}  // namespace

std::string_view check_signature(const VerifyRule& rule, const std::vector<AdapterSecret>& secrets,
                                 const SignedRequest& request, Instant now) {
  using Scheme = VerifyRule::Scheme;
  switch (rule.scheme) {
    case Scheme::kNone:
      return {};
    case Scheme::kHmac:
      return check_hmac(rule, secrets, request, now);
    case Scheme::kToken:
      return check_token(rule, secrets, request);
    case Scheme::kBasic:
      return check_basic(secrets, request);
    default:
      return kBadSignature;  // the chat schemes have answers of their own: chat_callback.h
  }
}

const std::string* find_header(const HttpFields& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& header) {
    return equal_ignoring_case(header.first, name);
  });
  return found == headers.end() ? nullptr : &found->second;
}

const std::string* find_query(const HttpFields& query, std::string_view name) {
  const auto found =
      std::find_if(query.begin(), query.end(), [&](const auto& q) { return q.first == name; });
  return found == query.end() ? nullptr : &found->second;
}

bool equal_secretly(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hmac(const std::string& algorithm, std::string_view key, std::string_view message) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(digest_of(algorithm), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

std::string to_hex_text(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > (64u << 20)) return {};
  std::string out(text.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return {};
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

}  // namespace tocsin
