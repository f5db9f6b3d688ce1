// Routes about the node itself: health, metrics, the description, the board page.
#include <algorithm>
#include <cstdio>

#include "connectors/http/api_call.h"
#include "connectors/http/openapi_document.h"
#include "events/writer.h"

namespace tocsin {

void Api::get_health(Call call) {
  const std::string sick = node_.sick();
  if (!sick.empty()) return call.reply(problem(503, "sick", sick).response());
  call.reply(json_response("{\"status\":\"ok\"}"));
}

void Api::get_ready(Call call) {
  const Readiness readiness = node_.ready();
  if (readiness.ready) return call.reply(json_response("{\"status\":\"ready\"}"));
  call.reply(problem(503, "not-ready", readiness.detail).retry_after(1).response());
}

void Api::get_metrics(Call call) {
  const auto answer = [this, reply = call.reply] {
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    try {
      response.body = node_.metrics() + own_metrics();
    } catch (const std::exception& error) {
      return reply(problem(500, "failed", error.what()).response());
    }
    reply(std::move(response));
  };
  if (!pool_.submit(answer))
    call.reply(problem(503, "overloaded", "too many queries wait").retry_after(1).response());
}

void Api::get_openapi(Call call) {
  HttpResponse response;
  response.content_type = "application/yaml";
  response.body = kOpenApiDocument;
  call.reply(std::move(response));
}


void Api::count(const Route& route, int status, std::int64_t micros) {
  RouteFigures& figures = figures_[static_cast<std::size_t>(&route - routes_.data())];
  figures.by_class[static_cast<std::size_t>(std::clamp(status / 100, 0, 5))].fetch_add(
      1, std::memory_order_relaxed);
  std::size_t bucket = 0;
  while (bucket < RouteFigures::kMicrosMax.size() && micros > RouteFigures::kMicrosMax[bucket])
    ++bucket;
  figures.by_micros[bucket].fetch_add(1, std::memory_order_relaxed);
  figures.micros_sum.fetch_add(micros, std::memory_order_relaxed);
}

std::string Api::own_metrics() const {
  std::string requests, seconds;
  const auto labels = [](const Route& route) {
    return "method=\"" + std::string(route.method) + "\",route=\"" + std::string(route.pattern) +
           "\"";
  };
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    const RouteFigures& figures = figures_[i];
    for (std::size_t c = 2; c < figures.by_class.size(); ++c) {
      if (const std::int64_t n = figures.by_class[c]; n > 0) {
        requests += "tocsin_http_requests_total{" + labels(route) + ",class=\"" +
                    std::to_string(c) + "xx\"} " + std::to_string(n) + "\n";
      }
    }
    std::int64_t sum = 0;
    std::string buckets;
    for (std::size_t b = 0; b < figures.by_micros.size(); ++b) {
      sum += figures.by_micros[b];
      std::string bound = "+Inf";
      if (b < RouteFigures::kMicrosMax.size()) {
        char text[32];
        std::snprintf(text, sizeof text, "%g",
                      static_cast<double>(RouteFigures::kMicrosMax[b]) / 1e6);
        bound = text;
      }
      buckets += "tocsin_http_request_seconds_bucket{" + labels(route) + ",le=\"" + bound + "\"} " +
                 std::to_string(sum) + "\n";
    }
    if (sum == 0) continue;
    char total[40];
    std::snprintf(total, sizeof total, "%.6f", static_cast<double>(figures.micros_sum) / 1e6);
    seconds += buckets + "tocsin_http_request_seconds_sum{" + labels(route) + "} " + total + "\n" +
               "tocsin_http_request_seconds_count{" + labels(route) + "} " + std::to_string(sum) +
               "\n";
  }
  std::string out =
      "# HELP tocsin_http_requests_total Requests answered, by route and class of status.\n"
      "# TYPE tocsin_http_requests_total counter\n" +
      requests +
      "# HELP tocsin_http_request_seconds From the whole request to its answer.\n"
      "# TYPE tocsin_http_request_seconds histogram\n" +
      seconds;
  const auto one = [&out](std::string_view name, std::string_view type, std::string_view help,
                          std::int64_t value) {
    out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
    out.append(" ").append(type).append("\n").append(name).append(" ");
    out.append(std::to_string(value)).append("\n");
  };
  one("tocsin_http_events_received_total", "counter", "Events in requests that were read.",
      events_received_);
  one("tocsin_http_events_accepted_total", "counter", "Events that were accepted.",
      events_accepted_);
  one("tocsin_http_events_rejected_total", "counter", "Events that were rejected.",
      events_rejected_);
  one("tocsin_http_events_duplicate_total", "counter", "Events that had been accepted before.",
      events_duplicate_);
  one("tocsin_http_events_conflict_total", "counter", "Duplicates whose content differed.",
      events_conflict_);
  one("tocsin_http_overload_total", "counter", "Requests of events refused with 503.", overloaded_);
  one("tocsin_http_pending_bytes", "gauge", "Bodies that wait for their batch to be durable.",
      static_cast<std::int64_t>(pending_bytes_.load()));
  one("tocsin_http_unauthorized_total", "counter", "Requests without a known token.",
      guard_.unauthorized());
  one("tocsin_http_forbidden_total", "counter", "Requests that their token does not allow.",
      guard_.forbidden());
  one("tocsin_http_rate_limited_total", "counter", "Requests refused with 429.", guard_.limited());
  const EventFeed::Stats feed = feed_.stats();
  one("tocsin_http_stream_clients", "gauge", "Clients of /v1/stream.", feed.clients);
  one("tocsin_http_stream_dropped_total", "counter", "Clients of /v1/stream that were too slow.",
      feed.dropped);
  if (const HttpServer* server = server_.load()) {
    const HttpServerStats stats = server->stats();
    one("tocsin_http_connections", "gauge", "Open connections.", stats.connections_open);
    one("tocsin_http_connections_total", "counter", "Connections accepted.",
        stats.connections_total);
    one("tocsin_http_connections_refused_total", "counter", "Connections beyond the limit.",
        stats.connections_refused);
    one("tocsin_http_body_bytes", "gauge",
        "Bodies that are being read or whose requests are not answered yet.",
        stats.body_bytes_held);
    one("tocsin_http_timeouts_total", "counter", "Connections closed because they were slow.",
        stats.timeouts);
    one("tocsin_http_bad_requests_total", "counter", "Bytes that were no HTTP request.",
        stats.parse_errors);
    one("tocsin_http_read_bytes_total", "counter", "Bytes read.", stats.bytes_read);
    one("tocsin_http_written_bytes_total", "counter", "Bytes written.", stats.bytes_written);
  }
  return out;
}

}  // namespace tocsin
