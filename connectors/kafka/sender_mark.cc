#include "connectors/kafka/sender_mark.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utility>

namespace tocsin {

void SenderMarks::replace(Keys keys) {
  const MutexLock lock(mutex_);
  keys_ = std::move(keys);
}

std::string SenderMarks::proof(const std::string& name, std::string_view value) const {
  std::string key;
  {
    const MutexLock lock(mutex_);
    const auto found = keys_.find(name);
    if (found == keys_.end()) return {};
    key = found->second;
  }
  std::string text = name;
  text += '\0';
  text += value;
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kDigits[mac[i] >> 4];
    out += kDigits[mac[i] & 15];
  }
  return out;
}

void SenderMarks::mark(const std::string& name, std::string_view value, Headers& headers) const {
  if (name.empty()) return;
  std::string made = proof(name, value);
  if (made.empty()) return;
  headers.emplace_back(kSenderHeader, name);
  headers.emplace_back(kSenderProofHeader, std::move(made));
}

std::string SenderMarks::sender_of(const IntakeRecord& record) const {
  const auto name = record.header(kSenderHeader), given = record.header(kSenderProofHeader);
  if (!name || !given) return {};
  const std::string wanted = proof(std::string(*name), record.value);
  const bool good = !wanted.empty() && wanted.size() == given->size() &&
                    CRYPTO_memcmp(wanted.data(), given->data(), wanted.size()) == 0;
  return good ? std::string(*name) : std::string();
}

}  // namespace tocsin
