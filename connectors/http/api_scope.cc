// What a token's scope means for a route: before it is called, and for the events that it sends.
#include <algorithm>

#include "connectors/http/api_call.h"
#include "connectors/http/question.h"

namespace tocsin {

// What is about one account or kind by its path is 404 outside; questions leave out what lies
// outside, and so do modules that say so. All else is refused to a token that has a scope.
std::optional<HttpResponse> Api::keep_inside(HttpRequest& request, const Match& found) {
  if (!request.scope) return std::nullopt;
  const Scope& scope = *request.scope;
  const Route& route = *found.route;
  bool about_account = false, about_kind = false;
  std::size_t parameter = 0;
  for (const std::string_view segment : route.segments) {
    if (!segment.starts_with('{')) continue;
    const std::string& value = found.parameters[parameter++];
    about_account |= segment == "{account}";
    about_kind |= segment == "{kind}";
    if ((segment == "{account}" && !scope.has_account(value)) ||
        (segment == "{kind}" && !scope.has_kind(value)))
      return problem(404, "not-found", "nothing is known of it").response();
  }
  const bool obeys = !route.needed || route.needed == Role::kIngest || route.obeys_scope ||
                     route.question != nullptr || (about_account && about_kind);
  if (obeys) return std::nullopt;
  return guard_.forbid(request, "this needs a token without a scope");
}

std::string_view refusal_of(const Fact& fact, const Sender& sender) {
  static constexpr std::pair<std::string_view, std::string_view> kActs[] = {
      {"acknowledged", "forbidden:acknowledged"},
      {"excused", "forbidden:excused"},
      {"escalated", "forbidden:escalated"}};
  if (!sender.roles.has(Role::kAct)) {
    for (const auto& [verb, reason] : kActs) {
      if (fact.verb == verb) return reason;
    }
  }
  if (!sender.scope) return {};
  if (!sender.scope->has_account(fact.account)) return "forbidden:account";
  if (!sender.scope->has_source(fact.source)) return "forbidden:source";
  return sender.scope->has_kind(fact.kind) ? std::string_view{} : "forbidden:kind";
}

}  // namespace tocsin
