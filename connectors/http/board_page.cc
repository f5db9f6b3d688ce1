#include "connectors/http/board_page.h"

#include <openssl/evp.h>

#include "connectors/http/board_document.h"
#include "connectors/http/guard.h"

namespace tocsin {
namespace {

// The source expression that allows exactly what stands between the tags.
std::string hash_of(std::string_view open, std::string_view close) {
  const std::size_t begin = kBoardDocument.find(open) + open.size();
  const Sha256 hash = sha256(kBoardDocument.substr(begin, kBoardDocument.find(close) - begin));
  unsigned char text[64];
  const int length = EVP_EncodeBlock(text, hash.data(), static_cast<int>(hash.size()));
  return "'sha256-" + std::string(reinterpret_cast<char*>(text), static_cast<std::size_t>(length)) +
         "'";
}

}  // namespace

const HttpResponse& board_page() {
  static const HttpResponse page = [] {
    HttpResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.body = kBoardDocument;
    response.headers = {
        {"Content-Security-Policy",
         "default-src 'none'; connect-src 'self'; style-src " + hash_of("<style>", "</style>") +
             "; script-src " + hash_of("<script>", "</script>") +
             "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-cache"}};
    return response;
  }();
  return page;
}

}  // namespace tocsin
