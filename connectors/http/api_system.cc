// Routes about the node itself: health, metrics, the description, the board page.
#include <prometheus/text_serializer.h>

#include <algorithm>

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
  if (readiness.ready) {
    std::string body;
    JsonObject answer(body);
    answer.text("status", "ready");
    if (!readiness.note.empty()) answer.text("note", readiness.note);
    answer.close();
    return call.reply(json_response(body));
  }
  call.reply(problem(503, "not-ready", readiness.detail).retry_after(1).response());
}

void Api::get_metrics(Call call) {
  const auto answer = [this, reply = call.reply] {
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    try {
      response.body = node_.metrics() + prometheus::TextSerializer().Serialize(collect());
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

}  // namespace tocsin
