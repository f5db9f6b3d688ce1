// A route that another part of the product brings along: policies, the roster, adapters, the board.
//
// The API matches it after its own routes and treats it the same: token, role, rate, figures. What
// is written here is called from io threads and must not block; long work goes to a thread of the
// module's own, which may answer much later.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/message.h"

namespace tocsin {

struct ModuleCall {
  HttpRequest request;
  std::vector<std::string> parameters;  // of the path, decoded, in order
  Reply reply;
};

struct ModuleRoute {
  std::string method;          // `POST`
  std::string pattern;         // `/v1/in/{name}`: `{…}` takes any one segment
  std::optional<Role> needed;  // empty: anybody, without a token too
  std::function<void(ModuleCall)> handle;
  // Its answers obey request.scope. Where they do not, a token that has one is refused; what lies
  // outside of it by the parameters {account} and {kind} is 404 before `handle`.
  bool obeys_scope = false;
  // The parameters that its query may have; any other, and one given twice, is a 400 before
  // `handle`. Without a list the module looks itself.
  std::optional<std::vector<std::string_view>> query{};
};

}  // namespace tocsin
