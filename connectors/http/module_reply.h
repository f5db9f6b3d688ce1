// What the routes of modules share: answers in JSON, and the parameters of a query.
//
// Pure; any thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "connectors/http/message.h"

namespace tocsin {

HttpResponse json_response(int status, const boost::json::value& body);

// The query's first parameter of that name; empty when there is none.
std::string query_parameter(const HttpRequest& request, std::string_view name);

}  // namespace tocsin
