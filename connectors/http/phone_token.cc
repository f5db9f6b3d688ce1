#include "connectors/http/phone_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>

#include "connectors/http/guard.h"
#include "events/base64.h"

namespace tocsin {
namespace {

constexpr std::string_view kPrefix = "tocsin-phone.";
constexpr std::size_t kBytesMax = 2048;
// Two nodes' clocks may differ so far.
constexpr Duration kAhead = minutes(5);

std::string mac(const AccessToken& pairing, std::string_view said) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), pairing.hash.data(), static_cast<int>(pairing.hash.size()),
       reinterpret_cast<const unsigned char*>(said.data()), said.size(), out.data(), &size);
  return base64url({reinterpret_cast<const char*>(out.data()), size});
}

std::string said_of(const PhoneToken& token) {
  return std::string(kPrefix) + base64url(token.name) + "." + base64url(token.person) + "." +
         std::to_string(token.issued.ms);
}

}  // namespace

std::string write_phone_token(const AccessToken& pairing, const PhoneToken& token) {
  const std::string said = said_of(token);
  return said + "." + mac(pairing, said);
}

std::optional<PhoneToken> read_phone_token(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() > kBytesMax) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, dot);
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  PhoneToken token;
  if (!decode_base64url(parts[0], token.name) || !decode_base64url(parts[1], token.person))
    return std::nullopt;
  const char* const end = parts[2].data() + parts[2].size();
  const auto read = std::from_chars(parts[2].data(), end, token.issued.ms);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return token;
}

bool is_good_phone_token(std::string_view text, const AccessToken& pairing, Instant now) {
  const auto token = read_phone_token(text);
  if (!token) return false;
  const std::string right = write_phone_token(pairing, *token);
  const bool same =
      right.size() == text.size() && CRYPTO_memcmp(right.data(), text.data(), text.size()) == 0;
  // `issued` is proven now: sums with it do not overflow.
  return same && token->issued <= now + kAhead && now < token->issued + kPhoneTokenGood;
}

}  // namespace tocsin
