// The door's routes: `/v1/in/{name}` by POST and GET, and its figures as text.
#include <utility>

#include "connectors/crm/chat_callback.h"
#include "connectors/crm/inbound_parts.h"
#include "connectors/http/problem.h"
#include "events/writer.h"

namespace tocsin {
namespace {

using Scheme = VerifyRule::Scheme;

bool is_chat(Scheme scheme) {
  return scheme == Scheme::kWecom || scheme == Scheme::kDingtalk || scheme == Scheme::kFeishu;
}

// The public address that the sender called: a proxy in front has changed what we see of it.
std::string public_uri(const std::string& public_url, const HttpRequest& request) {
  // A target may be whole, with a host: what counts begins at its path.
  const std::string target = request.target.substr(request.target.find(request.path));
  if (public_url.empty()) return "http://" + std::string(request.header("Host")) + target;
  return (public_url.ends_with('/') ? public_url.substr(0, public_url.size() - 1) : public_url) +
         target;
}

HttpResponse answer_of(const InboundResult& result) {
  if (!result.kept)
    return problem(503, "unavailable",
                   result.detail.empty() ? "nothing was kept; try again" : result.detail)
        .retry_after(result.retry_after_seconds)
        .response();
  HttpResponse response;
  response.status = 202;
  response.content_type = "application/json";
  std::string rejected = "[";
  for (const std::string& reason : result.rejected) {
    if (rejected.size() > 1) rejected += ',';
    append_json_string(rejected, valid_utf8(reason));
  }
  JsonObject(response.body)
      .number("accepted", static_cast<std::int64_t>(result.accepted))
      .number("duplicates", static_cast<std::int64_t>(result.duplicates))
      .number("ignored", static_cast<std::int64_t>(result.ignored))
      .raw("rejected", rejected + "]")
      .close();
  return response;
}

void append_series(std::string& out, std::string_view name, const std::string& labels,
                   std::int64_t value) {
  out.append(name).append("{").append(labels).append("} ");
  append_int(out, value);
  out += '\n';
}

std::string label(std::string_view name, std::string_view value) {
  std::string out(name);
  out += "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

}  // namespace

std::vector<ModuleRoute> Inbound::routes() {
  const auto handler = [this](ModuleCall call) { handle(std::move(call)); };
  return {{"POST", "/v1/in/{name}", std::nullopt, handler},
          {"GET", "/v1/in/{name}", std::nullopt, handler}};
}

void Inbound::refuse(const ModuleCall& call, const std::string& name, std::string_view why) {
  figures_.at(name)->unauthorized(why);
  call.reply(problem(401, "unauthorized", "the signature does not fit")
                 .reason(why)
                 .header("WWW-Authenticate", "Signature")
                 .response());
}

void Inbound::handle(ModuleCall call) {
  const std::string& name = call.parameters.at(0);
  const InboundAdapter* in = find(name);
  if (in == nullptr)
    return call.reply(
        problem(404, "not-found", "no adapter of that name is configured").response());
  HttpRequest& request = call.request;
  if (request.body.size() > kPayloadBytesMax)
    return call.reply(problem(413, "too-large", "a payload has at most 8 MiB").response());
  const VerifyRule& rule = in->adapter->verify;
  const Instant now = options_.now();
  const std::string uri = public_uri(options_.public_url, request);
  const SignedRequest proof{request.method, uri, request.body, request.headers, request.query};
  InboundPayload payload;
  HttpResponse answer;  // of a chat vendor; status 0: ours
  answer.status = 0;
  if (is_chat(rule.scheme)) {
    ChatCallback opened = open_callback(rule.scheme, in->secrets, proof, now);
    if (opened.outcome == ChatCallback::Outcome::kRefused) return refuse(call, name, opened.why);
    if (opened.outcome == ChatCallback::Outcome::kAnswer)
      return call.reply(std::move(opened.answer));
    payload.body = std::move(opened.event);
    answer = std::move(opened.answer);
    if (options_.on_chat_event) options_.on_chat_event(name, payload.body);
  } else {
    if (request.method != "POST")
      return call.reply(problem(405, "method-not-allowed", "this adapter takes POST")
                            .header("Allow", "POST")
                            .response());
    if (rule.scheme == Scheme::kNone && !options_.loopback)
      return refuse(call, name, "verify_none_on_loopback_only");
    if (const auto why = check_signature(rule, in->secrets, proof, now); !why.empty())
      return refuse(call, name, why);
    payload.body = std::move(request.body);
  }
  payload.name = name;
  payload.headers = std::move(request.headers);
  payload.source = "http " + request.remote + " /v1/in/" + name;
  payload.arrival = now;
  take(std::move(payload),
       [reply = std::move(call.reply), answer = std::move(answer)](InboundResult result) mutable {
         reply(result.kept && answer.status != 0 ? std::move(answer) : answer_of(result));
       });
}

std::string Inbound::metrics() const {
  std::string taken, given, rejected, refused, last;
  for (const auto& [name, figures] : figures_) {
    const AdapterFigures::Values v = figures->values();
    const std::string adapter = label("adapter", name);
    append_series(taken, "tocsin_adapter_payloads_total", adapter, v.payloads);
    const auto outcome = [&](std::string_view word, std::int64_t value) {
      append_series(given, "tocsin_adapter_results_total", adapter + "," + label("result", word),
                    value);
    };
    outcome("fact", v.accepted);
    outcome("duplicate", v.duplicates);
    outcome("ignored", v.ignored);
    outcome("not_ours", v.not_ours);
    for (const auto& [reason, count] : v.rejected)
      append_series(rejected, "tocsin_adapter_rejected_total",
                    adapter + "," + label("reason", reason), count);
    for (const auto& [why, count] : v.unauthorized)
      append_series(refused, "tocsin_adapter_unauthorized_total", adapter + "," + label("why", why),
                    count);
    if (v.payloads > 0)
      append_series(last, "tocsin_adapter_last_payload_timestamp_seconds", adapter,
                    v.last.ms / 1000);
  }
  std::string out;
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help,
                          const std::string& series) {
    if (series.empty()) return;
    out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    out.append(name).append(" ").append(type).append("\n").append(series);
  };
  family("tocsin_adapter_payloads_total", "counter", "Payloads that adapters took.", taken);
  family("tocsin_adapter_results_total", "counter", "What payloads came to.", given);
  family("tocsin_adapter_rejected_total", "counter", "Runs that adapters rejected.", rejected);
  family("tocsin_adapter_unauthorized_total", "counter", "Requests whose signature did not fit.",
         refused);
  family("tocsin_adapter_last_payload_timestamp_seconds", "gauge",
         "When an adapter took its last payload.", last);
  return out;
}

}  // namespace tocsin
