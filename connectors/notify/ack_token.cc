#include "connectors/notify/ack_token.h"

#include <boost/json.hpp>

#include "connectors/notify/crypto.h"

namespace tocsin::notify {

namespace json = boost::json;

std::string AckTokens::make(const AckClaim& claim) const {
  const json::array values{claim.group, claim.account, claim.entity_kind, claim.entity_id,
                           claim.step,  claim.person,  claim.language,    claim.until.ms};
  const std::string text = crypto::base64url(json::serialize(values));
  return text + "." + crypto::base64url(crypto::hmac_sha256(secret_, text));
}

std::optional<AckClaim> AckTokens::read(std::string_view token, Instant now) const {
  const std::size_t dot = token.find('.');
  if (token.size() > kTokenMax || dot == std::string_view::npos) return std::nullopt;
  const std::string_view text = token.substr(0, dot);
  if (!crypto::equal(token.substr(dot + 1), crypto::base64url(crypto::hmac_sha256(secret_, text))))
    return std::nullopt;
  boost::system::error_code failed;
  const json::value values = json::parse(crypto::from_base64(text), failed);
  if (failed || !values.is_array() || values.get_array().size() != 8) return std::nullopt;
  const json::array& v = values.get_array();  // signed: it is as `make` wrote it
  AckClaim claim;
  claim.group = v[0].as_string();
  claim.account = v[1].as_string();
  claim.entity_kind = v[2].as_string();
  claim.entity_id = v[3].as_string();
  claim.step = static_cast<int>(v[4].to_number<std::int64_t>());
  claim.person = v[5].as_string();
  claim.language = v[6].as_string();
  claim.until = Instant{v[7].to_number<std::int64_t>()};
  if (now >= claim.until) return std::nullopt;
  return claim;
}

}  // namespace tocsin::notify
