// What a token's scope means for a route: before it is called, and for the events that it sends.
#include <algorithm>

#include "connectors/http/api_call.h"
#include "connectors/http/question.h"
#include "events/writer.h"

namespace tocsin {
namespace {

// Lists that are asked about one account or one kind by their parameters. What is not here and
// does not obey the scope itself is refused to a token that has one.
struct Filters {
  std::string_view pattern;
  bool account, kind;
};
constexpr Filters kFilters[] = {
    {"/v1/clocks", true, true},
    {"/v1/board", true, true},
    {"/v1/inbox", true, true},
    {"/v1/figures", true, false},
    {"/v1/figures/{name}/entities", true, false},
    {"/v1/kpis", true, false},
    {"/v1/faults", true, false},
};

// Narrows one parameter to the words of a scope. False: which of them is meant is not said.
bool narrow(HttpRequest& request, std::string_view name, const std::vector<std::string>& words) {
  if (words.empty()) return true;
  for (auto& [key, value] : request.query) {
    if (key != name || value.empty()) continue;
    if (std::find(words.begin(), words.end(), value) == words.end()) value = "\x01";  // nobody's
    return true;
  }
  if (words.size() != 1) return false;
  request.query.emplace_back(name, words.front());
  return true;
}

}  // namespace

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
  const bool obeys = !route.needed || route.needed == Role::kIngest || route.obeys_scope;
  if (obeys || (about_account && (about_kind || scope.kinds.empty()))) return std::nullopt;
  if (scope.accounts.empty() && scope.kinds.empty() && route.module == nullptr &&
      route.pattern != "/metrics")
    return std::nullopt;  // a scope of sources is about facts
  for (const Filters& filters : kFilters) {
    if (filters.pattern != route.pattern) continue;
    if ((!filters.account && !scope.accounts.empty()) || (!filters.kind && !scope.kinds.empty()))
      break;
    if (!narrow(request, "account", scope.accounts))
      return bad_parameter(BadParameter("account", "this token sees some accounts: name one"));
    if (!narrow(request, "kind", scope.kinds))
      return bad_parameter(BadParameter("kind", "this token sees some kinds: name one"));
    return std::nullopt;
  }
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

void stamp_sender(Fact& fact, const std::string& name) {
  if (name.empty()) return;
  if (!fact.extensions.empty()) fact.extensions += ',';
  fact.extensions += "\"tocsinby\":";
  append_json_string(fact.extensions, name);
}

}  // namespace tocsin
