#include "connectors/board/board.h"

#include <zlib.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "connectors/board/files.h"
#include "connectors/board/pairing.h"
#include "connectors/http/guard.h"
#include "connectors/http/problem.h"

namespace tocsin {
namespace {

// Everything comes from this node, nothing is written into the page as text, and nobody frames it.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

// The addresses of the page's screens.
constexpr std::string_view kScreens[] = {"/",
                                         "/q",
                                         "/clocks",
                                         "/e/{account}/{kind}/{id}",
                                         "/accounts",
                                         "/accounts/{account}",
                                         "/director",
                                         "/figures",
                                         "/figures/{name}",
                                         "/roster",
                                         "/deliveries",
                                         "/rejected",
                                         "/policy",
                                         "/g/{account}/{kind}/{id}",
                                         "/pair",
                                         "/pair/claim"};

struct Served {
  std::string_view plain;
  std::string gzip;
  std::string etag;
  std::string type;
  bool hashed = false;  // its name changes with its bytes: it may be kept for good
};

std::string compressed(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib cannot be used");
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string type_of(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/manifest+json";
}

const std::map<std::string_view, Served>& served() {
  static const std::map<std::string_view, Served> all = [] {
    std::map<std::string_view, Served> made;
    for (const BoardFile& file : board_files()) {
      Served& one = made[file.name];
      one.plain = file.bytes;
      one.gzip = compressed(file.bytes);
      one.etag = "\"" + to_hex(sha256(file.bytes)).substr(0, 16) + "\"";
      one.type = type_of(file.name);
      one.hashed = file.name.starts_with("board-");
    }
    return made;
  }();
  return all;
}

void answer(const ModuleCall& call, std::string_view name) {
  const auto found = served().find(name);
  if (found == served().end())
    return call.reply(problem(404, "not-found", "the board has no such file").response());
  const Served& file = found->second;
  HttpResponse response;
  response.headers = {
      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"ETag", file.etag},
      {"Vary", "Accept-Encoding"},
      {"Cache-Control", file.hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (call.request.header("If-None-Match") == file.etag) {
    response.status = 304;
    return call.reply(std::move(response));
  }
  response.content_type = file.type;
  if (call.request.header("Accept-Encoding").find("gzip") != std::string_view::npos) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = file.gzip;
  } else {
    response.body = file.plain;
  }
  call.reply(std::move(response));
}

ModuleRoute file_route(std::string pattern, std::string name) {
  return {"GET", std::move(pattern), std::nullopt,
          [name = std::move(name)](ModuleCall call) { answer(call, name); }};
}

}  // namespace

std::vector<ModuleRoute> board_routes(PhoneTokens phone_tokens, std::function<Instant()> now) {
  std::vector<ModuleRoute> routes = pairing_routes(std::move(phone_tokens), std::move(now));
  for (const std::string_view screen : kScreens)
    routes.push_back(file_route(std::string(screen), "index.html"));
  for (const char* name : {"sw.js", "icon.svg", "manifest.webmanifest"})
    routes.push_back(file_route("/" + std::string(name), name));
  routes.push_back({"GET", "/assets/{file}", std::nullopt,
                    [](ModuleCall call) { answer(call, call.parameters[0]); }});
  return routes;
}

}  // namespace tocsin
