// Routing and what comes before every route.
#include "connectors/http/api.h"

#include <algorithm>
#include <chrono>

#include "connectors/http/api_call.h"
#include "connectors/http/manners.h"
#include "connectors/http/question.h"
#include "connectors/http/target.h"

namespace tocsin {
namespace {

// A body that is packed would be taken for what it is not.
std::optional<HttpResponse> refuse_packed_body(const HttpRequest& request) {
  const std::string_view coding = request.header("Content-Encoding");
  if (coding.empty() || equal_ignoring_case(coding, "identity")) return std::nullopt;
  return problem(415, "unsupported-media-type", "send the body as it is, without Content-Encoding")
      .header("Accept-Encoding", "identity")
      .response();
}

constexpr Role kIngest = Role::kIngest, kRead = Role::kRead, kAct = Role::kAct;

std::vector<std::string_view> split_pattern(std::string_view pattern) {
  std::vector<std::string_view> segments;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    if (pattern.empty()) break;
    segments.push_back(pattern.substr(0, pattern.find('/')));
    pattern.remove_prefix(segments.back().size());
  }
  return segments;
}

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string>& path) {
  return pattern.size() == path.size() && std::equal(pattern.begin(), pattern.end(), path.begin(),
                                                     [](std::string_view a, const std::string& b) {
                                                       return a.starts_with('{') || a == b;
                                                     });
}

// Links in messages and what other systems post: from anywhere, each with a proof of its own.
bool takes_any_origin(std::string_view path) {
  return path.starts_with("/a/") || path.starts_with("/v1/in/");
}

bool has_body(const HttpRequest& request) {
  const std::string_view length = request.header("Content-Length");
  return !request.header("Transfer-Encoding").empty() || !(length.empty() || length == "0");
}

}  // namespace

const std::vector<Api::Route>& Api::table() {
  static const std::vector<Route> routes = [] {
    std::vector<Route> list = {
        {"POST", "/v1/events", kIngest, &Api::post_events, {}},
        {"OPTIONS", "/v1/events", std::nullopt, &Api::options_events, {}},
        {"POST", "/v1/entities/{account}/{kind}/{id}/acknowledge", kAct, &Api::acknowledge, {}},
        {"GET", "/v1/stream", kRead, &Api::get_stream, {}, nullptr, nullptr, true},
        {"GET", "/metrics", kRead, &Api::get_metrics, {}},
        {"GET", "/healthz", std::nullopt, &Api::get_health, {}},
        {"GET", "/readyz", std::nullopt, &Api::get_ready, {}},
        {"GET", "/openapi.yaml", std::nullopt, &Api::get_openapi, {}},
    };
    for (const QuestionRoute& q : question_routes())
      list.push_back({"GET", q.pattern, kRead, nullptr, {}, nullptr, q.answer});
    for (Route& route : list) route.segments = split_pattern(route.pattern);
    return list;
  }();
  return routes;
}

std::vector<std::string> Api::routes() {
  std::vector<std::string> names;
  for (const Route& route : table())
    names.push_back(std::string(route.method) + " " + std::string(route.pattern));
  return names;
}

Api::Api(ApiOptions options, NodePort& node, ReadSide views, LogReader& log)
    : options_([&] {
        if (!options.now) {
          options.now = [] {
            return Instant{std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count()};
          };
        }
        if (!options.feed.views) options.feed.views = views.view;
        return std::move(options);
      }()),
      node_(node),
      views_(std::move(views)),
      guard_(options_.access),
      feed_(options_.feed, log),
      routes_([this] {
        std::vector<Route> all = table();
        for (const ModuleRoute& module : options_.modules)
          all.push_back({module.method, module.pattern, module.needed, nullptr,
                         split_pattern(module.pattern), &module, nullptr, module.obeys_scope});
        return all;
      }()),
      figures_(std::make_unique<RouteFigures[]>(routes_.size())),
      pool_(options_.query_threads) {}

Api::~Api() { stop(); }

void Api::stop() {
  feed_.stop();
  pool_.stop();
}

void Api::watch(const HttpServer& server) { server_ = &server; }

Api::Match Api::match(const HttpRequest& request) const {
  Match match;
  auto path = path_segments(request.path);
  if (!path) return match;
  std::string_view method = request.method;
  if (method == "HEAD") method = "GET";
  for (const Route& route : routes_) {
    if (!fits(route.segments, *path)) continue;
    if (route.method == method) {
      match.route = &route;
      for (std::size_t i = 0; i < path->size(); ++i) {
        if (route.segments[i].starts_with('{')) match.parameters.push_back(std::move((*path)[i]));
      }
      return match;
    }
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method;
    if (route.method == "GET") match.allowed += ", HEAD";
  }
  return match;
}

std::optional<HttpResponse> Api::admit(HttpRequest& request) {
  const Match found = match(request);
  if (found.route == nullptr) {
    if (found.allowed.empty())
      return problem(404, "not-found", "there is no such route; /openapi.yaml lists all")
          .response();
    return problem(405, "method-not-allowed", "this route takes " + found.allowed)
        .header("Allow", found.allowed)
        .response();
  }
  if (guard_.open() && !takes_any_origin(request.path)) {
    if (auto refusal = refuse_foreign(request, options_.hosts)) return refusal;
  }
  if (auto refusal = guard_.check(request, found.route->needed)) return refusal;
  if (auto refusal = keep_inside(request, found)) return refusal;
  if (auto refusal = refuse_packed_body(request)) return refusal;
  if (found.route->handler == &Api::post_events) return check_event_content(request);
  const bool acts = found.route->needed && request.method != "GET" && request.method != "HEAD";
  return acts && has_body(request) ? refuse_unasked_body(request) : std::nullopt;
}

void Api::handle(HttpRequest request, Reply reply) {
  Match found = match(request);
  if (found.route == nullptr) {  // admit() has refused it
    return reply(problem(404, "not-found", "there is no such route").response());
  }
  const Route& route = *found.route;
  const auto begin = std::chrono::steady_clock::now();
  Reply counted = [this, &route, begin, reply = std::move(reply)](HttpResponse response) {
    const auto passed = std::chrono::steady_clock::now() - begin;
    count(route, response.status,
          std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
    reply(std::move(response));
  };
  if (route.module != nullptr) {
    try {
      if (route.module->query) refuse_unknown(request, *route.module->query);
    } catch (const BadParameter& error) {
      return counted(bad_parameter(error));
    }
    return route.module->handle(
        {std::move(request), std::move(found.parameters), std::move(counted)});
  }
  if (route.question != nullptr)
    return ask(route, {std::move(request), std::move(found.parameters), std::move(counted)});
  (this->*route.handler)({std::move(request), std::move(found.parameters), std::move(counted)});
}

}  // namespace tocsin
