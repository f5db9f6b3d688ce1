#include "connectors/notify/push_crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <stdexcept>

#include "connectors/notify/crypto.h"

namespace tocsin::notify {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;

void need(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("web push: ") + what);
}

const unsigned char* in(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* out(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// `private_key` empty: the public half alone.
Key key_of(std::string_view private_key, std::string_view public_key) {
  need(public_key.size() == 65 && public_key[0] == 4, "a public key has 65 bytes");
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, public_key.data(),
                                   public_key.size());
  Number number;
  if (!private_key.empty()) {
    number.reset(BN_bin2bn(in(private_key), static_cast<int>(private_key.size()), nullptr));
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get());
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  need(context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
           EVP_PKEY_fromdata(context.get(), &key,
                             private_key.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR,
                             params.get()) == 1,
       "this is no key of P-256");
  return Key(key);
}

std::string shared_secret(EVP_PKEY* ours, EVP_PKEY* theirs) {
  const KeyContext context(EVP_PKEY_CTX_new(ours, nullptr));
  std::size_t size = 32;
  std::string secret(size, '\0');
  need(EVP_PKEY_derive_init(context.get()) == 1 &&
           EVP_PKEY_derive_set_peer(context.get(), theirs) == 1 &&
           EVP_PKEY_derive(context.get(), out(secret), &size) == 1 && size == 32,
       "no shared secret");
  return secret;
}

std::string sealed(std::string_view plain, std::string_view key, std::string_view nonce) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string text(plain.size() + 16, '\0');
  int size = 0, last = 0;
  need(EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, in(key), in(nonce)) == 1 &&
           EVP_EncryptUpdate(cipher.get(), out(text), &size, in(plain),
                             static_cast<int>(plain.size())) == 1 &&
           EVP_EncryptFinal_ex(cipher.get(), out(text) + size, &last) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, 16, out(text) + plain.size()) ==
               1,
       "cannot encrypt");
  return text;
}

// A member of HKDF's expansion: one block is all that is asked for.
std::string expanded(std::string_view key, std::string info, std::size_t size) {
  return crypto::hmac_sha256(key, info + '\x01').substr(0, size);
}

std::string with_zero(const char* text) { return std::string(text) + '\0'; }

}  // namespace

PushKeys make_push_keys() {
  const Key key(EVP_EC_gen("P-256"));
  need(key != nullptr, "cannot make a key");
  PushKeys keys;
  keys.public_key.resize(65);
  std::size_t size = 0;
  BIGNUM* number = nullptr;
  need(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, out(keys.public_key),
                                       keys.public_key.size(), &size) == 1 &&
           size == 65 && EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1,
       "cannot read a key");
  const Number owned(number);
  keys.private_key.resize(32);
  need(BN_bn2binpad(number, out(keys.private_key), 32) == 32, "cannot read a key");
  return keys;
}

// The private number is the secret's hash, below the order of the curve; the public point follows.
PushKeys push_keys_of(std::string_view secret) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  need(group != nullptr, "no curve");
  PushKeys keys;
  const Number number(BN_new());
  for (std::string seed(secret); BN_is_zero(number.get());) {
    seed = crypto::hmac_sha256("tocsin web push", seed);
    BN_bin2bn(in(seed), 32, number.get());
    if (BN_cmp(number.get(), EC_GROUP_get0_order(group.get())) >= 0) BN_zero(number.get());
  }
  const Point point(EC_POINT_new(group.get()));
  keys.public_key.resize(65);
  need(EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr) == 1 &&
           EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                              out(keys.public_key), 65, nullptr) == 65,
       "cannot make a key");
  keys.private_key.resize(32);
  need(BN_bn2binpad(number.get(), out(keys.private_key), 32) == 32, "cannot make a key");
  return keys;
}

std::string seal_push(std::string_view plain, std::string_view their_public, std::string_view auth,
                      const PushKeys& ours, std::string_view salt) {
  constexpr std::uint32_t kRecord = 4096;
  need(auth.size() == 16 && salt.size() == 16, "auth and salt have 16 bytes");
  need(plain.size() + 17 + 86 <= kRecord, "the message is too long");
  const Key theirs = key_of({}, their_public);
  const Key own = key_of(ours.private_key, ours.public_key);
  const std::string of_subscription =
      crypto::hmac_sha256(auth, shared_secret(own.get(), theirs.get()));
  const std::string material =
      expanded(of_subscription,
               with_zero("WebPush: info") + std::string(their_public) + ours.public_key, 32);
  const std::string key = crypto::hmac_sha256(salt, material);
  std::string body(salt);
  for (int shift = 24; shift >= 0; shift -= 8) body += static_cast<char>(kRecord >> shift & 0xffU);
  body += static_cast<char>(65);
  body += ours.public_key;
  return body + sealed(std::string(plain) + '\x02',
                       expanded(key, with_zero("Content-Encoding: aes128gcm"), 16),
                       expanded(key, with_zero("Content-Encoding: nonce"), 12));
}

std::string vapid_authorization(const PushKeys& keys, const std::string& endpoint,
                                const std::string& subject, Instant now) {
  const std::size_t scheme = endpoint.find("://");
  need(scheme != std::string::npos, "an endpoint is a URL");
  const std::string audience = endpoint.substr(0, endpoint.find('/', scheme + 3));
  const std::string claims = "{\"aud\":\"" + audience +
                             "\",\"exp\":" + std::to_string(now.ms / 1000 + 12 * 3600) +
                             ",\"sub\":\"" + subject + "\"}";
  const std::string text =
      crypto::base64url(R"({"typ":"JWT","alg":"ES256"})") + "." + crypto::base64url(claims);
  const Key key = key_of(keys.private_key, keys.public_key);
  const Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  need(EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestSign(digest.get(), nullptr, &size, in(text), text.size()) == 1,
       "cannot sign");
  std::string der(size, '\0');
  need(EVP_DigestSign(digest.get(), out(der), &size, in(text), text.size()) == 1, "cannot sign");
  const unsigned char* at = in(der);
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  need(signature != nullptr, "cannot sign");
  std::string raw(64, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out(raw), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out(raw) + 32, 32);
  return "vapid t=" + text + "." + crypto::base64url(raw) +
         ", k=" + crypto::base64url(keys.public_key);
}

}  // namespace tocsin::notify
