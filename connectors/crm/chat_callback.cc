#include "connectors/crm/chat_callback.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <memory>

#include "connectors/crm/payload.h"
#include "events/writer.h"

namespace tocsin {
namespace {

using Outcome = ChatCallback::Outcome;
using Scheme = VerifyRule::Scheme;

constexpr std::size_t kKeyBytes = 32, kBlock = 16, kBoxHead = 20, kBoxBlock = 32;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};

// AES-256-CBC without the library's padding; empty when the size does not fit.
std::string aes(std::string_view key, std::string_view iv, std::string_view in, bool encrypt) {
  if (key.size() != kKeyBytes || iv.size() != kBlock || in.empty() || in.size() % kBlock != 0)
    return {};
  const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> cipher(EVP_CIPHER_CTX_new());
  const auto bytes = [](std::string_view s) {
    return reinterpret_cast<const unsigned char*>(s.data());
  };
  std::string out(in.size() + kBlock, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  int first = 0, rest = 0;
  if (EVP_CipherInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, bytes(key), bytes(iv),
                        encrypt ? 1 : 0) != 1)
    return {};
  EVP_CIPHER_CTX_set_padding(cipher.get(), 0);
  if (EVP_CipherUpdate(cipher.get(), to, &first, bytes(in), static_cast<int>(in.size())) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), to + first, &rest) != 1)
    return {};
  out.resize(static_cast<std::size_t>(first + rest));
  return out;
}

// PKCS#7 with blocks of `most` bytes; false when it is none.
bool unpad(std::string& text, std::size_t most) {
  if (text.empty()) return false;
  const auto n = static_cast<unsigned char>(text.back());
  if (n == 0 || n > most || n > text.size()) return false;
  text.resize(text.size() - n);
  return true;
}

std::string box_key(std::string_view key) { return from_base64(std::string(key) + "="); }

HttpResponse text_answer(std::string body, std::string type = "text/plain; charset=utf-8") {
  HttpResponse response;
  response.status = 200;
  response.content_type = std::move(type);
  response.body = std::move(body);
  return response;
}

HttpResponse json_answer(std::string body) {
  return text_answer(std::move(body), "application/json");
}

ChatCallback refused(std::string_view why) {
  ChatCallback out;
  out.why = why;
  return out;
}

std::string query_text(const SignedRequest& request, std::string_view name,
                       std::string_view other = {}) {
  const std::string* found = find_query(request.query, name);
  if (found == nullptr && !other.empty()) found = find_query(request.query, other);
  return found == nullptr ? std::string() : *found;
}

// A member's text of a JSON object.
std::string member_text(std::string_view json, std::string_view name) {
  Payload payload;
  if (!payload.read(json).empty()) return {};
  const JsonNode* member = payload.member(payload.root(), name);
  return member == nullptr ? std::string() : std::string(member->text);
}

// DingTalk waits for a box with the word `success`.
HttpResponse dingtalk_success(const AdapterSecret& secret, Instant now) {
  std::array<char, 16> random{};
  std::array<char, 8> nonce_bytes{};
  RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), random.size());
  RAND_bytes(reinterpret_cast<unsigned char*>(nonce_bytes.data()), nonce_bytes.size());
  const std::string encrypted =
      make_box({"success", secret.receiver}, secret.aes_key, {random.data(), random.size()});
  const std::string timestamp = std::to_string(now.ms);
  const std::string nonce = to_hex_text({nonce_bytes.data(), nonce_bytes.size()});
  std::string body;
  JsonObject(body)
      .text("msg_signature", box_signature(secret.token, timestamp, nonce, encrypted))
      .text("timeStamp", timestamp)
      .text("nonce", nonce)
      .text("encrypt", encrypted)
      .close();
  return json_answer(std::move(body));
}

// WeCom and DingTalk: the secret that signed it opens the box, which must be for our receiver.
ChatCallback open_boxed(Scheme scheme, const std::vector<AdapterSecret>& secrets,
                        const SignedRequest& request, Instant now) {
  const std::string given = query_text(request, "msg_signature", "signature");
  const std::string timestamp = query_text(request, "timestamp", "timeStamp");
  const std::string nonce = query_text(request, "nonce");
  const bool check = request.method == "GET" || request.method == "HEAD";
  std::string encrypted;
  if (check) {
    encrypted = query_text(request, "echostr");
  } else if (scheme == Scheme::kWecom) {
    encrypted = member_text(xml_to_json(request.body), "Encrypt");
  } else {
    encrypted = member_text(request.body, "encrypt");
  }
  if (given.empty() || encrypted.empty()) return refused(kMissingSignature);
  for (const AdapterSecret& secret : secrets) {
    if (!equal_secretly(box_signature(secret.token, timestamp, nonce, encrypted), given)) continue;
    auto box = open_box(encrypted, secret.aes_key);
    if (!box || !equal_secretly(box->receiver, secret.receiver)) continue;
    ChatCallback out;
    out.outcome = check ? Outcome::kAnswer : Outcome::kEvent;
    if (check) {
      out.answer = text_answer(std::move(box->message));
      return out;
    }
    if (scheme == Scheme::kWecom) {
      out.event = xml_to_json(box->message);
      if (out.event.empty()) out.event = std::move(box->message);
      out.answer = text_answer("success");
      return out;
    }
    out.answer = dingtalk_success(secret, now);
    if (member_text(box->message, "EventType") == "check_url") out.outcome = Outcome::kAnswer;
    out.event = std::move(box->message);
    return out;
  }
  return refused(kBadSignature);
}

std::string sha256_hex(std::string_view text) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  return to_hex_text({reinterpret_cast<const char*>(hash), sizeof hash});
}

// The check of the address comes unsigned; what proves it is our token.
std::optional<HttpResponse> feishu_check(std::string_view plain, const AdapterSecret& secret) {
  if (member_text(plain, "type") != "url_verification") return std::nullopt;
  if (!equal_secretly(member_text(plain, "token"), secret.token)) return std::nullopt;
  std::string body;
  JsonObject(body).text("challenge", member_text(plain, "challenge")).close();
  return json_answer(std::move(body));
}

std::string feishu_token(std::string_view plain) {
  Payload payload;
  if (!payload.read(plain).empty()) return {};
  const JsonNode* header = payload.member(payload.root(), "header");
  const JsonNode* token = payload.member(header == nullptr ? payload.root() : *header, "token");
  return token == nullptr ? std::string() : std::string(token->text);
}

ChatCallback open_feishu_event(const std::vector<AdapterSecret>& secrets,
                               const SignedRequest& request) {
  const std::string encrypted = member_text(request.body, "encrypt");
  const auto header = [&](std::string_view name) {
    const std::string* found = find_header(request.headers, name);
    return found == nullptr ? std::string() : *found;
  };
  const std::string given = header("x-lark-signature");
  for (const AdapterSecret& secret : secrets) {
    std::string plain(request.body);
    if (!secret.encrypt_key.empty()) {
      const auto opened = open_feishu(encrypted, secret.encrypt_key);
      if (!opened) continue;
      plain = *opened;
    }
    ChatCallback out;
    if (auto answer = feishu_check(plain, secret)) {
      out.outcome = Outcome::kAnswer;
      out.answer = std::move(*answer);
      return out;
    }
    if (!secret.encrypt_key.empty()) {
      const std::string expected =
          sha256_hex(header("x-lark-request-timestamp") + header("x-lark-request-nonce") +
                     secret.encrypt_key + std::string(request.body));
      if (!equal_secretly(expected, given)) continue;
    }
    if (!equal_secretly(feishu_token(plain), secret.token)) continue;
    out.outcome = Outcome::kEvent;
    out.event = std::move(plain);
    out.answer = json_answer("{}");
    return out;
  }
  return refused(given.empty() ? kMissingSignature : kBadSignature);
}

}  // namespace

ChatCallback open_callback(Scheme scheme, const std::vector<AdapterSecret>& secrets,
                           const SignedRequest& request, Instant now) {
  return scheme == Scheme::kFeishu ? open_feishu_event(secrets, request)
                                   : open_boxed(scheme, secrets, request, now);
}

std::optional<ChatBox> open_box(std::string_view encrypted, std::string_view key) {
  const std::string bytes = box_key(key);
  if (bytes.size() != kKeyBytes) return std::nullopt;
  std::string plain =
      aes(bytes, std::string_view(bytes).substr(0, kBlock), from_base64(encrypted), false);
  if (!unpad(plain, kBoxBlock) || plain.size() < kBoxHead) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = kBlock; i < kBoxHead; ++i)
    length = length << 8 | static_cast<unsigned char>(plain[i]);
  if (length > plain.size() - kBoxHead) return std::nullopt;
  return ChatBox{plain.substr(kBoxHead, length), plain.substr(kBoxHead + length)};
}

std::string make_box(const ChatBox& box, std::string_view key, std::string_view random16) {
  const std::string bytes = box_key(key);
  std::string plain(random16);
  for (int shift = 24; shift >= 0; shift -= 8)
    plain += static_cast<char>(box.message.size() >> shift & 0xff);
  plain += box.message + box.receiver;
  const std::size_t padding = kBoxBlock - plain.size() % kBoxBlock;
  plain.append(padding, static_cast<char>(padding));
  return to_base64(
      aes(bytes, std::string_view(bytes).substr(0, std::min(kBlock, bytes.size())), plain, true));
}

std::string box_signature(std::string_view token, std::string_view timestamp,
                          std::string_view nonce, std::string_view encrypted) {
  std::array<std::string_view, 4> texts = {token, timestamp, nonce, encrypted};
  std::sort(texts.begin(), texts.end());
  std::string joined;
  for (const std::string_view text : texts) joined += text;
  unsigned char hash[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(joined.data()), joined.size(), hash);
  return to_hex_text({reinterpret_cast<const char*>(hash), sizeof hash});
}

std::optional<std::string> open_feishu(std::string_view encrypted, std::string_view encrypt_key) {
  unsigned char key[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(encrypt_key.data()), encrypt_key.size(), key);
  const std::string bytes = from_base64(encrypted);
  if (bytes.size() < 2 * kBlock) return std::nullopt;
  std::string plain =
      aes({reinterpret_cast<const char*>(key), sizeof key},
          std::string_view(bytes).substr(0, kBlock), std::string_view(bytes).substr(kBlock), false);
  if (!unpad(plain, kBlock)) return std::nullopt;
  return plain;
}

}  // namespace tocsin
