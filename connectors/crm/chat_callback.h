// Callbacks of WeCom (企业微信), DingTalk (钉钉) and Feishu (飞书): verified, decrypted, and the
// answers that they wait for.
//
// The three encrypt what they send with AES-256-CBC; WeCom and DingTalk put it into one box and sign
// it with SHA-1 over four sorted texts, Feishu signs the raw body with SHA-256. docs/crm/ has a page
// for each. Pure but for the random bytes of an answer's box; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/crm/adapter.h"
#include "connectors/crm/signature.h"
#include "connectors/http/message.h"
#include "events/time.h"

namespace tocsin {

struct ChatCallback {
  enum class Outcome : std::uint8_t {
    kRefused,  // 401: `why`
    kAnswer,   // a check of the address: `answer` is all there is to do
    kEvent,    // `event` is what came, as JSON; `answer` is given once it is durable
  } outcome = Outcome::kRefused;
  std::string_view why;
  HttpResponse answer;
  std::string event;
};

ChatCallback open_callback(VerifyRule::Scheme scheme, const std::vector<AdapterSecret>& secrets,
                           const SignedRequest& request, Instant now);

// ---- the parts, for tests and for who calls these vendors

// `key`: 43 characters, as the vendors give it. A box that does not open: nullopt.
struct ChatBox {
  std::string message, receiver;
};
std::optional<ChatBox> open_box(std::string_view encrypted, std::string_view key);
std::string make_box(const ChatBox& box, std::string_view key, std::string_view random16);
// Lower-case hex SHA-1 over the four texts, sorted and joined.
std::string box_signature(std::string_view token, std::string_view timestamp,
                          std::string_view nonce, std::string_view encrypted);
std::optional<std::string> open_feishu(std::string_view encrypted, std::string_view encrypt_key);

// A small XML document, as WeCom sends it, as JSON: elements are members, texts texts, elements of
// the same name a list. Empty when it is no such document. At most kXmlDepthMax deep; no entities
// but the five of XML and numbers.
inline constexpr int kXmlDepthMax = 16;
std::string xml_to_json(std::string_view xml);

}  // namespace tocsin
