// The HTTP API, version 1: routes to the node and to the views. docs/openapi.yaml describes every route for those who
// call it, and is served as /openapi.yaml; a test holds the two together.
//
// A request goes: route (404, 405) → without tokens, whose page asks (403) → token, role and rate
// (401, 403, 429) → the token's scope (404, 403) → content type (415) before the body is read; then
// the route's own checks (400), and the ports.
//
// Order of life: make the Api, start an HttpServer with it, then `feed().begin(…)` and publish. To
// stop: the server first (it waits for answers, so the ports must still give them), then stop().
//
// Threads: admit and handle from io threads; queries run on query_threads of our own.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/event_feed.h"
#include "connectors/http/events_answer.h"
#include "connectors/http/guard.h"
#include "connectors/http/message.h"
#include "connectors/http/module_route.h"
#include "connectors/http/ports.h"
#include "connectors/http/query_pool.h"
#include "connectors/http/question.h"
#include "connectors/http/server.h"

namespace tocsin {

inline constexpr std::size_t kBatchEventsMax = 10'000;

struct ApiOptions {
  GuardOptions access;
  FeedOptions feed;
  int query_threads = 1;
  // Bodies handed to the node and not yet answered; beyond it 503.
  std::size_t pending_bytes_max = 256 << 20;
  Duration min_offset_wait = seconds(5);
  std::function<Instant()> now;  // empty: the system's clock
  // Good names in `Host` besides the loopback's, where there are no tokens: of public_url.
  std::vector<std::string> hosts;
  std::vector<ModuleRoute> modules;
};

class Api : public HttpService {
 public:
  // Node, views and log must outlive the Api's stop() and every answer.
  Api(ApiOptions options, NodePort& node, ReadSide views, LogReader& log);
  ~Api() override;

  std::optional<HttpResponse> admit(HttpRequest& request) override;
  bool is_vital(const HttpRequest& request) const override {
    return request.path == "/healthz" || request.path == "/readyz";
  }
  void handle(HttpRequest request, Reply reply) override;

  EventFeed& feed() { return feed_; }
  // From now on these are the tokens; from any thread.
  void replace_tokens(std::vector<AccessToken> tokens) { guard_.replace(std::move(tokens)); }
  // Guard::phone_token.
  std::string phone_token(const std::string& name, const std::string& person) const {
    return guard_.phone_token(name, person);
  }
  void watch(const HttpServer& server);  // its figures go into /metrics
  void stop();

  // `GET /v1/clocks`, for tests that hold the description to the code.
  static std::vector<std::string> routes();

 private:
  struct Route;
  struct Call;  // a request on its way: its path parameters, its reply
  using Handler = void (Api::*)(Call);
  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> parameters;
    std::string allowed;  // methods of the path when none fits
  };
  static const std::vector<Route>& table();
  Match match(const HttpRequest& request) const;
  std::optional<HttpResponse> check_event_content(const HttpRequest& request) const;
  // api_scope.cc
  std::optional<HttpResponse> keep_inside(HttpRequest& request, const Match& found);

  // api_events.cc
  void post_events(Call call);
  void options_events(Call call);
  void acknowledge(Call call);
  struct Events;  // a submission and what its answer needs of it
  void submit(Events events, Reply reply);
  std::vector<IgnoredEvent> unknown_types(const Submission& submission);
  void count(const SubmitResult& result);

  // api_queries.cc
  void ask(const Route& route, Call call);
  void get_stream(Call call);

  // api_system.cc
  void get_health(Call call);
  void get_ready(Call call);
  void get_metrics(Call call);
  void get_openapi(Call call);
  // api_metrics.cc: read at each scrape from what is counted anyway.
  std::vector<prometheus::MetricFamily> collect() const;
  void count(const Route& route, int status, std::int64_t micros);

  const ApiOptions options_;
  NodePort& node_;
  const ReadSide views_;
  Guard guard_;
  EventFeed feed_;
  std::atomic<std::size_t> pending_bytes_{0};
  std::atomic<std::int64_t> events_received_{0}, events_accepted_{0}, events_rejected_{0},
      events_duplicate_{0}, events_conflict_{0}, overloaded_{0};
  const std::vector<Route> routes_;  // the table, then the modules'
  struct RouteFigures;
  std::unique_ptr<RouteFigures[]> figures_;
  std::atomic<const HttpServer*> server_{nullptr};
  QueryPool pool_;  // last: its threads use all of the above
};

}  // namespace tocsin
