// What a web page of somebody else's may not do through the browser of somebody who may.
//
// A browser sends what a page asks for to any address that it reaches, the node on loopback too, in
// two ways: as another site (`Origin` says so), or, by a name of its own that leads to 127.0.0.1
// (DNS rebinding), as if it were the same one (`Host` says so). Where no tokens are configured both
// are refused. And without asking a browser posts only forms and plain text: what acts takes
// neither.
//
// Threads: pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "connectors/http/message.h"

namespace tocsin {

// Without its port: `127.0.0.1:8080` → `127.0.0.1`, `[::1]:8080` → `[::1]`.
std::string_view host_of(std::string_view authority);

// 403 where `Host` is neither the loopback's name nor one of `hosts`, or where `Origin` is another
// than `Host`. A request without them is no browser's.
std::optional<HttpResponse> refuse_foreign(const HttpRequest& request,
                                           std::span<const std::string> hosts);

// 415 where the body's content type is one that a form of any page may send, or none.
std::optional<HttpResponse> refuse_unasked_body(const HttpRequest& request);

}  // namespace tocsin
