// What signatures and tokens are made of: HMAC, hashes, base64. Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::crypto {

std::string hmac_sha256(std::string_view key, std::string_view text);  // 32 bytes
std::string sha256(std::string_view text);                             // 32 bytes
std::string hex(std::string_view bytes);
std::string base64(std::string_view bytes);
std::string base64url(std::string_view bytes);  // without padding
// Either alphabet, padding or not; empty where it is none.
std::string from_base64(std::string_view text);
// Takes as long whatever differs.
bool equal(std::string_view a, std::string_view b);
std::string random_bytes(std::size_t count);

}  // namespace tocsin::crypto
