#include "connectors/http/manners.h"

#include <algorithm>

#include "connectors/http/problem.h"

namespace tocsin {
namespace {

bool is_loopback(std::string_view host) {
  return equal_ignoring_case(host, "localhost") || host == "[::1]" ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

HttpResponse forbidden(std::string_view name, const std::string& detail) {
  return problem(403, name, detail).response();
}

// `application/json; charset=utf-8` → `application/json`.
std::string_view media_type(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const std::size_t last = type.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view{} : type.substr(0, last + 1);
}

}  // namespace

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

std::optional<HttpResponse> refuse_foreign(const HttpRequest& request,
                                           std::span<const std::string> hosts) {
  const std::string_view authority = request.header("Host"), host = host_of(authority);
  const bool ours = authority.empty() || is_loopback(host) ||
                    std::any_of(hosts.begin(), hosts.end(), [&](const std::string& known) {
                      return equal_ignoring_case(known, host);
                    });
  if (!ours) {
    return forbidden("foreign-host",
                     "without tokens this server answers to the loopback's name only; "
                     "configure http.tokens, or notify.public_url");
  }
  std::string_view origin = request.header("Origin");
  if (origin.empty()) return std::nullopt;
  const std::size_t scheme = origin.find("://");
  origin = scheme == std::string_view::npos ? std::string_view{} : origin.substr(scheme + 3);
  if (!authority.empty() && equal_ignoring_case(origin, authority)) return std::nullopt;
  return forbidden("foreign-origin",
                   "without tokens no page of another origin may ask this server");
}

std::optional<HttpResponse> refuse_unasked_body(const HttpRequest& request) {
  const std::string_view type = media_type(request.header("Content-Type"));
  const bool unasked = type.empty() || equal_ignoring_case(type, "text/plain") ||
                       equal_ignoring_case(type, "application/x-www-form-urlencoded") ||
                       equal_ignoring_case(type, "multipart/form-data");
  if (!unasked) return std::nullopt;
  return problem(415, "unsupported-media-type", "send application/json")
      .header("Accept", "application/json")
      .response();
}

}  // namespace tocsin
