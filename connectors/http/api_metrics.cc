// The API's own figures for Prometheus. Labels are routes and classes of status, which are few.
#include <string>
#include <utility>

#include "connectors/http/api_call.h"

namespace tocsin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double number(std::int64_t n) { return static_cast<double>(n); }
double in_seconds(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

class Families {
 public:
  MetricFamily& add(std::string name, std::string help, MetricType type) {
    return families_.emplace_back(MetricFamily{std::move(name), std::move(help), type, {}});
  }
  void counter(std::string name, std::string help, std::int64_t value) {
    ClientMetric metric;
    metric.counter.value = number(value);
    add(std::move(name), std::move(help), MetricType::Counter).metric.push_back(std::move(metric));
  }
  void gauge(std::string name, std::string help, std::int64_t value) {
    ClientMetric metric;
    metric.gauge.value = number(value);
    add(std::move(name), std::move(help), MetricType::Gauge).metric.push_back(std::move(metric));
  }
  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void add_server(Families& to, const HttpServerStats& stats) {
  to.gauge("tocsin_http_connections", "Open connections.", stats.connections_open);
  to.counter("tocsin_http_connections_total", "Connections accepted.", stats.connections_total);
  to.counter("tocsin_http_connections_refused_total", "Connections beyond the limit.",
             stats.connections_refused);
  to.gauge("tocsin_http_body_bytes",
           "Bodies that are being read or whose requests are not answered yet.",
           stats.body_bytes_held);
  to.counter("tocsin_http_timeouts_total", "Connections closed because they were slow.",
             stats.timeouts);
  to.counter("tocsin_http_bad_requests_total", "Bytes that were no HTTP request.",
             stats.parse_errors);
  to.counter("tocsin_http_read_bytes_total", "Bytes read.", stats.bytes_read);
  to.counter("tocsin_http_written_bytes_total", "Bytes written.", stats.bytes_written);
}

}  // namespace

std::vector<MetricFamily> Api::collect() const {
  Families all;
  MetricFamily requests{"tocsin_http_requests_total",
                        "Requests answered, by route and class of status.",
                        MetricType::Counter,
                        {}};
  MetricFamily seconds{"tocsin_http_request_seconds",
                       "From the whole request to its answer.",
                       MetricType::Histogram,
                       {}};
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const RouteFigures& figures = figures_[i];
    ClientMetric of_route;
    of_route.label = {{"method", std::string(routes_[i].method)},
                      {"route", std::string(routes_[i].pattern)}};
    for (std::size_t c = 2; c < figures.by_class.size(); ++c) {
      if (figures.by_class[c] == 0 && c != 2) continue;  // each route is there from the start
      ClientMetric& metric = requests.metric.emplace_back(of_route);
      metric.label.push_back({"class", std::to_string(c) + "xx"});
      metric.counter.value = number(figures.by_class[c]);
    }
    std::uint64_t sum = 0;
    for (std::size_t b = 0; b < figures.by_micros.size(); ++b) {
      sum += static_cast<std::uint64_t>(figures.by_micros[b]);
      if (b < RouteFigures::kMicrosMax.size())
        of_route.histogram.bucket.push_back({sum, in_seconds(RouteFigures::kMicrosMax[b])});
    }
    if (sum == 0) continue;
    of_route.histogram.sample_count = sum;
    of_route.histogram.sample_sum = in_seconds(figures.micros_sum);
    seconds.metric.push_back(std::move(of_route));
  }
  for (MetricFamily* family : {&requests, &seconds}) {
    if (!family->metric.empty())
      all.add(family->name, family->help, family->type).metric = std::move(family->metric);
  }
  all.counter("tocsin_http_events_received_total", "Events in requests that were read.",
              events_received_);
  all.counter("tocsin_http_events_accepted_total", "Events that were accepted.", events_accepted_);
  all.counter("tocsin_http_events_rejected_total", "Events that were rejected.", events_rejected_);
  all.counter("tocsin_http_events_duplicate_total", "Events that had been accepted before.",
              events_duplicate_);
  all.counter("tocsin_http_events_conflict_total", "Duplicates whose content differed.",
              events_conflict_);
  all.counter("tocsin_http_overload_total", "Requests of events refused with 503.", overloaded_);
  all.gauge("tocsin_http_pending_bytes", "Bodies that wait for their batch to be durable.",
            static_cast<std::int64_t>(pending_bytes_.load()));
  all.counter("tocsin_http_unauthorized_total", "Requests without a known token.",
              guard_.unauthorized());
  all.counter("tocsin_http_forbidden_total", "Requests that their token does not allow.",
              guard_.forbidden());
  all.counter("tocsin_http_rate_limited_total", "Requests refused with 429.", guard_.limited());
  const EventFeed::Stats feed = feed_.stats();
  all.gauge("tocsin_http_stream_clients", "Clients of /v1/stream.", feed.clients);
  all.counter("tocsin_http_stream_dropped_total", "Clients of /v1/stream that were too slow.",
              feed.dropped);
  if (const HttpServer* server = server_.load()) add_server(all, server->stats());
  return all.take();
}

}  // namespace tocsin
